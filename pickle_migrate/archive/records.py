"""The record beside each archived pickle: read and written as text.

A record is YAML with these keys, in this order; a part that says nothing is left out:

    pickle: order.pickle            its name, in the same folder
    sha256: "..."                   of the whole file
    written by:                     release, python, protocol, libraries, writer
    classes: [...]                  versioned classes in it, as shop.models:Order@2
    encoding: latin1                for the 8-bit strings of Python 2
    expected: [...]                 the state of each pickle of the file
    expected in: [...]              or where it stands, as file#key below the archive

What this module writes, it reads by one regular expression, for an archive has thousands of
records. Any other form of the same YAML is read by PyYAML. Nothing here loads a pickle.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pickle_migrate.archive import yaml_text
from pickle_migrate.archive.values import Place, Provenance, Record
from pickle_migrate.errors import ArchiveError, ContentError

#: The keys of a record, and those of ``written by``.
KEYS: Final = ("pickle", "sha256", "written by", "classes", "encoding", "expected", "expected in")
PROVENANCE_KEYS: Final = ("release", "python", "protocol", "libraries", "writer")

_CANONICAL: Final = re.compile(
    r'pickle: (?P<pickle>[^\n]+)\nsha256: "?(?P<sha256>[0-9a-f]{64})"?\n'
    r"(?P<provenance>written by:(?:\n +[^\n]*)+\n)?"
    r"(?P<classes>classes:(?:\n +- [^\n]*)+\n)?"
    r"(?:encoding: (?P<encoding>[A-Za-z][A-Za-z0-9-]*)\n)?"
    r"expected:(?=\n  *-)"
)
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_REMEDY: Final = "Correct the record, or delete it and archive the pickle again."


# --- writing ----------------------------------------------------------------------------------


def record_text(record: Record) -> str:
    """The text of a record's file. Ends with a newline."""
    head = {"pickle": record.path.name, "sha256": record.sha256, **_provenance_data(record)}
    if record.classes:
        head["classes"] = list(record.classes)
    if record.encoding != "ASCII":
        head["encoding"] = record.encoding
    text = yaml_text.write(head)
    if record.expected_in:
        places = [one if isinstance(one, str) else dict(one) for one in record.expected_in]
        return text + yaml_text.write({"expected in": places})
    return f"{text}expected:{record.expected_text}\n"


def states_text(states: Sequence[Any]) -> str:
    """The text of expected states, as it follows ``expected:`` in a record."""
    return yaml_text.items(states, "  ") if states else " []"


def _provenance_data(record: Record) -> dict[str, Any]:
    said = record.provenance
    parts: dict[str, Any] = {
        "release": said.release,
        "python": said.python,
        "protocol": said.protocol,
        "libraries": dict(sorted(said.libraries.items())),
        "writer": said.writer,
    }
    parts = {key: value for key, value in parts.items() if value not in ("", None, {})}
    return {"written by": parts} if parts else {}


# --- reading ----------------------------------------------------------------------------------


def parse(text: str, file: str, root: Path) -> Record:
    """The record that a file's text holds. ``file`` is its pickle, ``root`` the archive. Raises
    ArchiveError, which names the file, the key and what to do.
    """
    found = _CANONICAL.match(text)
    if found is None or text[-1] != "\n":
        return _parse_any(text, Path(file), root)
    name, digest, provenance, classes, encoding = found.groups()
    if name.strip('"') != file[file.rfind("/") + 1 :]:
        _require_name(_scalar(name), Path(file))
    try:
        said = _NOBODY if provenance is None else _provenance_of(provenance)
        named = () if classes is None else _classes_of(classes)
    except ArchiveError:
        return _parse_any(text, Path(file), root)  # which says whose record it is
    expected = text[found.end() : -1]
    return Record(file, digest, said, named, encoding or "ASCII", expected, (), root)


_NOBODY: Final = Provenance()


def _scalar(text: str) -> Any:
    try:
        return yaml_text.read(text)
    except ContentError:
        return text


# Most records of an archive say the same here.
@lru_cache(maxsize=1024)
def _provenance_of(text: str) -> Provenance:
    return _provenance(_read(text, Path())["written by"], Path())


@lru_cache(maxsize=1024)
def _classes_of(text: str) -> tuple[str, ...]:
    return _texts(_read(text, Path())["classes"], "classes", Path())


def _read(text: str, path: Path) -> Any:
    try:
        return yaml_text.read(text)
    except ContentError as error:
        raise _wrong(path, error.problem, error.remedy) from error


def _wrong(path: Path, problem: str, remedy: str = _REMEDY) -> ArchiveError:
    return ArchiveError(f"{path}.yaml", problem.rstrip("."), remedy)


def _parse_any(text: str, path: Path, root: Path) -> Record:
    data = _read(text, path)
    if not isinstance(data, dict):
        raise _wrong(path, f"it holds no record but {_kind(data)}")
    for key in data:
        if key not in KEYS:
            raise _wrong(path, f"the key {key!r} is none of {', '.join(KEYS)}")
    for key in ("pickle", "sha256"):
        if key not in data:
            raise _wrong(path, f"the key {key!r} is missing")
    _require_name(data["pickle"], path)
    digest = data["sha256"]
    if not isinstance(digest, str) or not _HEX.fullmatch(digest):
        raise _wrong(path, f"sha256 is 64 hexadecimal digits in quotes, not {digest!r}")
    encoding = data.get("encoding", "ASCII")
    if not isinstance(encoding, str) or not encoding:
        raise _wrong(path, f"encoding is a text such as latin1, not {encoding!r}")
    expected, places = _expectation(data, path)
    return Record(
        str(path),
        digest,
        _provenance(data.get("written by", {}), path),
        _texts(data.get("classes", []), "classes", path),
        encoding,
        expected,
        places,
        root,
        _line_of(text, "expected"),
    )


def _line_of(text: str, key: str) -> int:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith(key):
            return number
    return 1


def _require_name(name: Any, path: Path) -> None:
    if name != path.name:
        raise _wrong(path, f"it is the record of {name!r}, and lies beside {path.name!r}")


def _expectation(data: dict[str, Any], path: Path) -> tuple[str, tuple[Place, ...]]:
    given = [key for key in ("expected", "expected in") if key in data]
    if len(given) != 1:
        problem = "one of the keys 'expected' and 'expected in' says what a load must give"
        raise _wrong(path, f"{problem}; {'both are' if given else 'none is'} there")
    value = data[given[0]]
    if not isinstance(value, list) or not value:
        raise _wrong(path, f"{given[0]} is a list, with one item for each pickle of the file")
    if given == ["expected"]:
        return states_text(value), ()
    return "", tuple(_place(one, path) for one in value)


def _place(value: Any, path: Path) -> Place:
    texts = list(value.values()) if isinstance(value, dict) else [value]
    for text in texts:
        if not isinstance(text, str) or not all(text.partition("#")[::2]):
            raise _wrong(path, f"expected in: file#key, or such a one for each key; not {text!r}")
    if not texts:
        raise _wrong(path, "expected in: a mapping of keys is empty")
    return value if isinstance(value, str) else dict(value)


def _provenance(data: Any, path: Path) -> Provenance:
    if not isinstance(data, dict):
        raise _wrong(path, f"'written by' is a mapping, not {_kind(data)}")
    for key, value in data.items():
        if key not in PROVENANCE_KEYS:
            raise _wrong(path, f"written by: {key!r} is none of {', '.join(PROVENANCE_KEYS)}")
        wanted: type = {"protocol": int, "libraries": dict}.get(key, str)
        if type(value) is not wanted:
            raise _wrong(path, f"written by: {key} is {_NAMES[wanted]}, not {value!r}")
    libraries = data.get("libraries", {})
    _texts(list(libraries.values()), "libraries", path)
    return Provenance(**data)


_NAMES: Final = {int: "a number", dict: "a mapping of name to version", str: "a text in quotes"}


def _texts(value: Any, key: str, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(path, f"{key}: texts are expected, in quotes, not {value!r}")
    return tuple(value)


def _kind(data: Any) -> str:
    if isinstance(data, Mapping):
        return "a mapping"
    return "nothing" if data is None else f"a {type(data).__name__}"
