"""Errors in what CI looks at: the lock, the archive, the packs of rules for libraries."""

from __future__ import annotations

from pickle_migrate.errors.base import PickleMigrateError


class LockError(PickleMigrateError):
    """The lock, the file of all schemas, was not read or not written."""

    path: str
    problem: str
    remedy: str = ""

    def what(self) -> str:
        return f"The lock {self.path}: {self.problem}."

    def advice(self) -> str:
        return self.remedy


class ArchiveError(PickleMigrateError):
    """The archive, or one record of it, was not read or not written. Archived pickles are as they
    were.
    """

    path: str
    problem: str
    remedy: str = ""

    def what(self) -> str:
        return f"The archive, {self.path}: {self.problem}."

    def advice(self) -> str:
        return self.remedy


class PackError(PickleMigrateError):
    """There is no such pack of rules, or one of its rules cannot be applied. ``ref`` is the class
    that the rule is for, empty where it is the whole pack.
    """

    pack: str
    ref: str
    problem: str
    remedy: str = ""

    def what(self) -> str:
        rule = f", rule for {self.ref}" if self.ref else ""
        return f"Pack {self.pack!r}{rule}: {self.problem}."

    def advice(self) -> str:
        return self.remedy
