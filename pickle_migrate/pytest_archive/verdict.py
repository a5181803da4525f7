"""What the check says of one entry of the archive, with today's code."""

from __future__ import annotations

from pathlib import Path

import attrs

from pickle_migrate.archive.values import Archive, Record, Unread
from pickle_migrate.checks.material import Material, read_material
from pickle_migrate.checks.modes import DEFAULT_MODE, Mode
from pickle_migrate.checks.pickles import Pickles
from pickle_migrate.checks.run import unread_items
from pickle_migrate.checks.values import CheckFinding
from pickle_migrate.project import Settings

Entry = Record | Unread


@attrs.frozen
class Checker:
    """Checks entries of an archive one by one."""

    material: Material
    _pickles: Pickles

    @classmethod
    def of(cls, settings: Settings, folder: Path) -> Checker:
        """Import the code that the settings name, and read the archive. Raises ArgumentError."""
        material = read_material(attrs.evolve(settings, archive=str(folder)))
        return cls(material, Pickles(material, Mode.of(settings.mode or DEFAULT_MODE)))

    @property
    def problems(self) -> tuple[CheckFinding, ...]:
        """Why nothing can be checked: code that cannot be imported. Empty: all can."""
        return () if self.material.is_complete else self.material.problems

    def findings_of(self, entry: Entry) -> tuple[CheckFinding, ...]:
        """Load an archived pickle and compare; or say why nobody reads it. Writes nothing."""
        if isinstance(entry, Record):
            return self.problems or self._pickles.check_one(entry).findings
        items = unread_items(Archive(self.material.archive.root, (), (entry,)))
        return tuple(found for item in items for found in item.findings)
