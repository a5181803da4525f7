"""Errors in bytes, files and what the commands do with them."""

from __future__ import annotations

import pickle

from pickle_migrate.errors.base import PickleMigrateError


class PickleFormatError(PickleMigrateError, pickle.UnpicklingError):
    """Bytes are not a pickle, or a damaged one. ``offset`` counts bytes from the start."""

    problem: str
    offset: int

    def what(self) -> str:
        return f"Not a complete pickle: {self.problem} at byte {self.offset}."

    def advice(self) -> str:
        return "Take the bytes from another copy; nothing was loaded from these."


class NoPickleError(PickleFormatError, EOFError):
    """There is no pickle left: the data end. Also an EOFError, which is what pickle raises then."""

    def what(self) -> str:
        return f"Ran out of input: {self.problem} at byte {self.offset}."

    def advice(self) -> str:
        return "There is no other pickle to be loaded."


class LimitError(PickleMigrateError, pickle.UnpicklingError):
    """A pickle goes beyond a limit; it was not loaded. ``limit`` is the name of the field of
    ``limits.Limits``, ``found`` what the pickle asks for, ``allowed`` the limit. ``offset`` counts
    bytes from the start of the data.
    """

    limit: str
    found: int
    allowed: int
    offset: int

    def what(self) -> str:
        return (
            f"The pickle goes beyond the limit {self.limit!r} at byte {self.offset}: {self.found} "
            f"where {self.allowed} are allowed."
        )

    def advice(self) -> str:
        return f"If you trust it, allow more: Limits({self.limit}={self.found})."


class PolicyError(PickleMigrateError, pickle.UnpicklingError):
    """A policy refuses something in a pickle; nothing was imported or loaded. ``ref`` is as the
    pickle spells it, empty where there is no name. ``offset`` counts bytes from the start of the
    data. ``rule`` names the rule that refuses it, ``remedy`` says how to allow it.
    """

    ref: str
    offset: int
    rule: str
    problem: str
    remedy: str = ""

    def what(self) -> str:
        named = f"{self.ref} " if self.ref else ""
        return f"Refused at byte {self.offset}: {named}{self.problem} (rule: {self.rule})."

    def advice(self) -> str:
        return self.remedy


class FileError(PickleMigrateError):
    """A file was not read or not written. The file is as it was."""

    path: str
    problem: str
    remedy: str = ""

    def what(self) -> str:
        return f"{self.path}: {self.problem}."

    def advice(self) -> str:
        return self.remedy


class CompressionError(PickleMigrateError):
    """Compressed bytes were not taken apart: damaged, cut short, followed by others, too large."""

    codec: str
    problem: str
    remedy: str = ""

    def what(self) -> str:
        return f"The {self.codec} data {self.problem}."

    def advice(self) -> str:
        return self.remedy


class ContentError(PickleMigrateError):
    """A file holds something else than pickles, or pickles that only their program can read."""

    problem: str
    remedy: str = ""

    def what(self) -> str:
        return f"The file {self.problem}."

    def advice(self) -> str:
        return self.remedy


class RequestError(PickleMigrateError):
    """A command was asked for something that it cannot begin. Nothing was changed."""

    problem: str
    remedy: str = ""

    def what(self) -> str:
        return f"{self.problem}."

    def advice(self) -> str:
        return self.remedy


class VerificationError(PickleMigrateError):
    """A new pickle was read back and is not what was to be written. It was not put in place.

    ``differences`` say where, the first few of them.
    """

    problem: str
    differences: tuple[str, ...] = ()

    def what(self) -> str:
        where = f": {'; '.join(self.differences)}" if self.differences else ""
        return f"The new pickle {self.problem}{where}."

    def advice(self) -> str:
        return "The file was left as it was."


class ShimError(PickleMigrateError, pickle.PicklingError):
    """A graph of stand-ins was not built, or not written."""

    problem: str
    remedy: str = ""

    def what(self) -> str:
        return f"Stand-ins: {self.problem}."

    def advice(self) -> str:
        return self.remedy


class StaticError(PickleMigrateError):
    """A pickle cannot be upgraded without loading it. ``ref`` is what stands against it, as the
    pickle spells it, empty where it is no single class; ``reason`` says why.
    """

    ref: str
    reason: str
    remedy: str = ""

    def what(self) -> str:
        named = f" {self.ref}" if self.ref else ""
        return f"Not without loading{named}: {self.reason}."

    def advice(self) -> str:
        return self.remedy or "If you trust the file, upgrade it without --static."


class TooDeepError(PickleMigrateError, pickle.PicklingError, RecursionError):
    """A graph is nested too deep to be written again. ``depth_limit`` is what was tried. Also a
    RecursionError, which is what pickle raises then.
    """

    depth_limit: int = 0

    def what(self) -> str:
        return "The objects are nested too deep to be pickled."

    def advice(self) -> str:
        return "Give the class a __getstate__ that flattens the chain, then load and dump again."
