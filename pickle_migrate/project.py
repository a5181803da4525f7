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

from pickle_migrate.errors import RefError, RuleError, SettingsError
from pickle_migrate.refs import GlobalRef

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "PICKLE_MIGRATE_SETTINGS"
#: What a check may ask for, with the meaning that Confluent's schema registry gives these words.
MODES = (
    "backward",
    "backward-transitive",
    "forward",
    "forward-transitive",
    "full",
    "full-transitive",
)
_OWN_FILE = "pickle_migrate.toml"


@attrs.frozen
class Settings:
    """What a project says once for all loads and commands.

    ``migrations``: modules to import when the first old pickle turns up. ``renames``: old name to
    new, classes as ``module:qualname`` or whole packages. ``path``: folders, absolute, that
    commands put in front of ``sys.path``. ``encoding``: how commands read the 8-bit strings of
    Python 2, as pickle's own argument of that name. ``allow`` and ``deny``: rules of the policy of
    commands, besides the presets; ``presets``: other ones than the commands have by themselves.

    ``modules``: those that register versioned classes, which the commands for CI import. ``lock``,
    ``archive``: the file of schemas and the folder of old pickles, absolute. ``mode``: what the
    check asks for, by itself. ``packs``: the packs of rules for libraries that loads and commands
    use. ``write``: ref to version, for what an earlier release has to read. ``source``: the file
    they come from, or empty.
    """

    migrations: tuple[str, ...] = ()
    renames: Mapping[str, str] = attrs.field(factory=dict)
    path: tuple[str, ...] = ()
    encoding: str = "ASCII"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    presets: tuple[str, ...] | None = None
    modules: tuple[str, ...] = ()
    lock: str = ""
    archive: str = ""
    mode: str = ""
    packs: tuple[str, ...] = ()
    write: Mapping[str, int] = attrs.field(factory=dict)
    source: str = ""


def find_settings(start: Path | None = None) -> Settings:
    """Read the settings that hold for a folder (the working directory). Raises SettingsError.

    Reads files, imports nothing that they name, writes nothing.
    """
    from pathlib import Path  # looked for only when a name needs more than the pickle says

    named = os.environ.get(VARIABLE)
    if named is not None:
        return read_settings(Path(named)) if named else Settings()
    try:
        here = (start or Path.cwd()).resolve()
    except FileNotFoundError:  # a working directory that was deleted holds no settings
        return Settings()
    for folder in (here, *here.parents):
        paths = [folder / name for name in ("pyproject.toml", _OWN_FILE)]
        parts = [part for path in paths if _is_file(path) and (part := _part_of(path)) is not None]
        if parts:
            return Settings(**{key: value for part in parts for key, value in part.items()})
    return Settings()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder that this process may not look into has no settings for it
        return False


def read_settings(path: Path) -> Settings:
    """Read one settings file. Raises SettingsError, also when it has no settings."""
    part = _part_of(path)
    if part is None:
        raise SettingsError(str(path), "there is no [tool.pickle_migrate] table")
    return Settings(**part)


def _part_of(path: Path) -> dict[str, Any] | None:
    """The settings that one file gives, by name, or None if it has no place for them."""
    import tomllib

    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(str(path), f"cannot be read: {error}") from error
    if path.name != "pyproject.toml":
        return _checked(document, path)
    tool = document.get("tool", {})
    table = tool.get("pickle_migrate") if isinstance(tool, dict) else tool
    if table is not None and not isinstance(table, dict):
        raise SettingsError(str(path), f"tool.pickle_migrate is a table, not {table!r}")
    return None if table is None else _checked(table, path)


def _checked(table: dict[str, Any], path: Path) -> dict[str, Any]:
    checks = {
        "allow": _rules,
        "archive": _place,
        "deny": _rules,
        "encoding": _encoding,
        "lock": _place,
        "migrations": _texts,
        "mode": _mode,
        "modules": _texts,
        "packs": _texts,
        "path": _folders,
        "presets": _presets,
        "renames": _renames,
        "write": _versions,
    }
    for key in table:
        if key not in checks:
            keys = ", ".join(checks)
            raise SettingsError(str(path), f"unknown key {key!r}; the keys are {keys}")
    found: dict[str, Any] = {key: checks[key](key, value, path) for key, value in table.items()}
    return {**found, "source": str(path)}


def _encoding(key: str, value: Any, path: Path) -> str:
    if value != "bytes":
        try:
            # As bytes.decode asks it: "hex" is a codec, and no encoding of text.
            known = getattr(codecs.lookup(value), "_is_text_encoding", True)
        except (LookupError, TypeError, ValueError):
            known = False
        if not known:
            raise SettingsError(str(path), f"{key} {value!r} is not one that Python knows")
    return str(value)


def _texts(key: str, value: Any, path: Path) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
        raise SettingsError(str(path), f"{key} must be a list of texts, not {value!r}")
    return tuple(value)


def _folders(key: str, value: Any, path: Path) -> tuple[str, ...]:
    return tuple(str((path.parent / folder).resolve()) for folder in _texts(key, value, path))


def _place(key: str, value: Any, path: Path) -> str:
    if not isinstance(value, str) or not value:
        raise SettingsError(
            str(path), f"{key} must be a path, relative to this file, not {value!r}"
        )
    return str((path.parent / value).resolve())


def _mode(key: str, value: Any, path: Path) -> str:
    if value not in MODES:
        raise SettingsError(str(path), f"{key} {value!r} is none of {', '.join(MODES)}")
    return str(value)


def _versions(key: str, value: Any, path: Path) -> dict[str, int]:
    if not isinstance(value, dict):
        raise SettingsError(str(path), f"{key} must be a table of class = version")
    for ref, version in value.items():
        if type(version) is not int or version < 0:
            problem = f"{key}: the version of {ref!r} is a whole number from 0, not {version!r}"
            raise SettingsError(str(path), problem)
        try:
            GlobalRef.parse(ref)
        except RefError as error:
            raise SettingsError(str(path), f"{key}: {str(error).rstrip('.')}") from error
    return dict(value)


def _rules(key: str, value: Any, path: Path) -> tuple[str, ...]:
    from pickle_migrate.policy_rules import Rules

    texts = _texts(key, value, path)
    try:
        Rules.of(texts)
    except RuleError as error:
        raise SettingsError(str(path), f"{key}: {str(error).rstrip('.')}") from error
    return texts


def _presets(key: str, value: Any, path: Path) -> tuple[str, ...]:
    from pickle_migrate.policy_presets import NAMES

    texts = _texts(key, value, path)
    for text in texts:
        if text not in NAMES:
            raise SettingsError(str(path), f"{key} {text!r} is none of {', '.join(NAMES)}")
    return texts


def _renames(key: str, value: Any, path: Path) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(v, str) and v for v in value.values()):
        raise SettingsError(str(path), f"{key} must be a table of old name = new name")
    return dict(value)
