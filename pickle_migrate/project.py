"""Settings: ``[tool.pickle_migrate]`` of pyproject.toml, and ``pickle_migrate.toml``.

Looked for in the working directory and above it; the nearest folder that has settings wins, and
within it ``pickle_migrate.toml`` wins over pyproject.toml, key by key. The environment variable
``PICKLE_MIGRATE_SETTINGS`` names a file instead; empty, it turns settings off.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from pickle_migrate.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "PICKLE_MIGRATE_SETTINGS"
_OWN_FILE = "pickle_migrate.toml"


@attrs.frozen
class Settings:
    """What a project says once for all loads and commands.

    ``migrations``: modules to import when the first old pickle turns up. ``renames``: old name to
    new, classes as ``module:qualname`` or whole packages. ``path``: folders, absolute, that
    commands put in front of ``sys.path``. ``encoding``: how commands read the 8-bit strings of
    Python 2, as pickle's own argument of that name. ``source``: the file they come from, or empty.
    """

    migrations: tuple[str, ...] = ()
    renames: Mapping[str, str] = attrs.field(factory=dict)
    path: tuple[str, ...] = ()
    encoding: str = "ASCII"
    source: str = ""


def find_settings(start: Path | None = None) -> Settings:
    """Read the settings that hold for a folder (the working directory). Raises SettingsError.

    Reads files, imports nothing that they name, writes nothing.
    """
    from pathlib import Path  # looked for only when a name needs more than the pickle says

    named = os.environ.get(VARIABLE)
    if named is not None:
        return read_settings(Path(named)) if named else Settings()
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        table: dict[str, Any] = {}
        source = None
        for name in ("pyproject.toml", _OWN_FILE):
            path = folder / name
            found = _table_of(path) if path.is_file() else None
            if found is not None:
                table, source = {**table, **found}, path
        if source is not None:
            return _settings(table, source)
    return Settings()


def read_settings(path: Path) -> Settings:
    """Read one settings file. Raises SettingsError, also when it has no settings."""
    table = _table_of(path)
    if table is None:
        raise SettingsError(str(path), "there is no [tool.pickle_migrate] table")
    return _settings(table, path)


def _table_of(path: Path) -> dict[str, Any] | None:
    import tomllib

    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(str(path), f"cannot be read: {error}") from error
    if path.name != "pyproject.toml":
        return document
    table: dict[str, Any] | None = document.get("tool", {}).get("pickle_migrate")
    return table


def _settings(table: dict[str, Any], path: Path) -> Settings:
    known = {"encoding", "migrations", "path", "renames"}
    unknown = sorted(set(table) - known)
    if unknown:
        keys = ", ".join(sorted(known))
        raise SettingsError(str(path), f"unknown key {unknown[0]!r}; the keys are {keys}")
    return Settings(
        migrations=_texts(table, "migrations", path),
        renames=_renames(table.get("renames", {}), path),
        path=tuple(str((path.parent / p).resolve()) for p in _texts(table, "path", path)),
        encoding=_encoding(table.get("encoding", "ASCII"), path),
        source=str(path),
    )


def _encoding(value: Any, path: Path) -> str:
    if value != "bytes":
        try:
            codecs.lookup(value)
        except (LookupError, TypeError) as error:
            raise SettingsError(str(path), f"encoding {value!r} is not known: {error}") from error
    return str(value)


def _texts(table: dict[str, Any], key: str, path: Path) -> tuple[str, ...]:
    value = table.get(key, [])
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
        raise SettingsError(str(path), f"{key} must be a list of texts, not {value!r}")
    return tuple(value)


def _renames(value: Any, path: Path) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(v, str) and v for v in value.values()):
        raise SettingsError(str(path), "renames must be a table of old name = new name")
    return dict(value)
