"""The lock as text, and back: TOML in which each field is one line, complete in itself.

    "shop.models:Order".unstamped = 1
    "shop.models:Order".was."shop.orders:Order" = true
    "shop.models:Order".2.known = "declared"
    "shop.models:Order".2.state = "dict"
    "shop.models:Order".2.fingerprint = "1f0c77ab"
    "shop.models:Order".2.fields.currency = "str"

``known`` says where the fields are from: "declared" by the class, "seen" in pickles, or "unknown".
Their digest stands beside them (as the fingerprint, where pickles are stamped with it), so that two
branches that made the same version with other fields leave two lines that contradict each other,
however the file is merged.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final, NoReturn

import attrs

from pickle_migrate.errors import LockError, RefError
from pickle_migrate.lock import toml_lines
from pickle_migrate.lock.toml_lines import Path, line
from pickle_migrate.lock.values import Lock, LockedClass, LockedVersion
from pickle_migrate.refs import GlobalRef
from pickle_migrate.schema import Schema

FORMAT: Final = 1
_HEAD: Final = """\
# The fields of every versioned class, at every version that there ever was.
# Written by `pickle-migrate lock`. Keep it in the repository, and never edit it by hand.
"""
_DECLARED, _SEEN, _UNKNOWN = "declared", "seen", "unknown"
_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}")
_DIGEST: Final = re.compile(r"[0-9a-f]{1,64}")
_RESTORE: Final = (
    "The file is written by `pickle-migrate lock` alone: take the last committed one (git checkout "
    "-- FILE) and run that command again."
)
_MERGE: Final = (
    "If two branches made this version, `pickle-migrate merge` puts yours after theirs. Otherwise "
    "delete the wrong line and run `pickle-migrate lock`."
)
_MARKED: Final = (
    "Run `pickle-migrate merge`, which takes the lines of both branches and says where they "
    "contradict each other. So that git does that by itself, write `pickle_migrate.lock.toml "
    "merge=union` into .gitattributes."
)


# --- to text ----------------------------------------------------------------------------------


def to_text(lock: Lock) -> str:
    """The canonical text of a lock: the same for the same lock, ends with a line end. Raises
    LockError for a name that no text file can hold (half of a surrogate pair).
    """
    blocks = [_HEAD + line(("format",), FORMAT)]
    try:
        for locked in sorted(lock.classes, key=lambda one: one.ref):
            blocks.append("\n".join(_lines_of_class(locked)))
        text = "\n\n".join(blocks) + "\n"
        text.encode()
    except UnicodeEncodeError as error:
        bad = ascii(error.object[max(0, error.start - 40) : error.end])
        raise LockError("", f"{bad} holds a character that no file can hold") from None
    return text


def _lines_of_class(locked: LockedClass) -> Iterator[str]:
    ref = str(locked.ref)
    if locked.unstamped is not None:
        yield line((ref, "unstamped"), locked.unstamped)
    for name in sorted(locked.old_names):
        yield line((ref, "was", name), True)
    for version in sorted(locked.versions, key=lambda one: one.version):
        yield from _lines_of_version((ref, str(version.version)), version)


def _lines_of_version(at: Path, version: LockedVersion) -> Iterator[str]:
    yield line((*at, "known"), version.known)
    yield line((*at, "state"), version.state)
    if version.fingerprint is not None:
        yield line((*at, "fingerprint"), version.fingerprint)
    if version.order is not None:
        yield line((*at, "order"), version.order)
    if version.fill:
        yield line((*at, "fill"), True)
    if version.fields is not None:
        digest = Schema(version.fields).fingerprint()
        if digest != version.fingerprint:
            yield line((*at, "digest"), digest)
        for name, kind in sorted(version.fields):
            yield line((*at, "fields", name), kind)


# --- from text --------------------------------------------------------------------------------


def from_text(text: str, path: str) -> Lock:
    """Read the text of a lock. ``path`` is for messages only; no file is read. Raises LockError,
    which names the line, for whatever a lock cannot hold.
    """
    return _Reader(text.removeprefix("\ufeff"), path).lock()


@attrs.frozen
class _Reader:
    """One text while it is read. ``at`` is the key of the table that is looked at."""

    text: str
    path: str

    def lock(self) -> Lock:
        document = self._document()
        form = document.pop("format", None)
        if form is None:
            self._refuse((), 'the line "format = 1" is missing')
        if type(form) is not int or form != FORMAT:
            remedy = (
                f"This version of pickle_migrate reads format {FORMAT}; a newer one wrote the file."
            )
            self._refuse(("format",), f"format is {FORMAT}, not {form!r}", remedy)
        classes = [self._class(name, value) for name, value in document.items()]
        return Lock(tuple(sorted(classes, key=lambda one: one.ref)))

    def _document(self) -> dict[str, Any]:
        number = toml_lines.marker(self.text)
        if number is not None:
            problem = f"line {number} is a mark of a conflict that git left"
            raise LockError(self.path, problem, _MARKED)
        try:
            return tomllib.loads(self.text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            self._refuse_twice()
            raise LockError(self.path, f"it is no TOML: {error}", _RESTORE) from error

    def _refuse_twice(self) -> None:
        found = next(toml_lines.twice(self.text), None)
        if found is None:
            return
        one, other = found
        name = toml_lines.key(other.path)
        problem = f"lines {one.number} and {other.number} both say what {name} is"
        if one.path == other.path and one.value == other.value:
            raise LockError(self.path, problem, "They say the same: remove one of them.")
        raise LockError(self.path, problem, _MERGE)

    def _class(self, name: str, table: Any) -> LockedClass:
        try:
            ref = GlobalRef.parse(name)
        except RefError:
            self._refuse((name,), "a class is written module:qualname, in quotes")
        self._table((name,), table)
        unstamped = table.pop("unstamped", None)
        if unstamped is not None and (type(unstamped) is not int or unstamped < 1):
            self._refuse((name, "unstamped"), f"it is a version from 1, not {unstamped!r}")
        old_names = self._old_names(name, table.pop("was", {}))
        versions = [self._version((name, key), value) for key, value in table.items()]
        if not versions:
            self._refuse((name,), "it has no version")
        versions.sort(key=lambda one: one.version)
        if unstamped is not None and unstamped > versions[-1].version:
            newest = versions[-1].version
            self._refuse((name, "unstamped"), f"{unstamped} is above the newest version, {newest}")
        return LockedClass(ref, tuple(versions), unstamped, old_names)

    def _old_names(self, name: str, table: Any) -> tuple[str, ...]:
        self._table((name, "was"), table)
        for old, value in table.items():
            at = (name, "was", old)
            if value is not True:
                self._refuse(at, f"it is true, not {value!r}")
            try:
                GlobalRef.parse(old)
            except RefError:
                self._refuse(at, "a class is written module:qualname, in quotes")
        return tuple(sorted(table))

    def _version(self, at: Path, table: Any) -> LockedVersion:
        if _VERSION.fullmatch(at[-1]) is None:
            self._refuse(at, "it is a version (a whole number from 1), unstamped or was")
        self._table(at, table)
        known, state, fingerprint, digest = (
            self._text(at, name, table) for name in ("known", "state", "fingerprint", "digest")
        )
        if known not in (_DECLARED, _SEEN, _UNKNOWN):
            what = "it is missing" if known is None else f"it is not {known!r}"
            self._refuse((*at, "known"), f"{what}; it says declared, seen or unknown")
        if not state:
            self._refuse((*at, "state"), "it says how the state is shaped, and is missing or empty")
        for name, found in (("fingerprint", fingerprint), ("digest", digest)):
            if found is not None and _DIGEST.fullmatch(found) is None:
                self._refuse((*at, name), f"it is hexadecimal digits, not {found!r}")
        fields = self._fields((*at, "fields"), table.pop("fields", {}))
        order = self._order((*at, "order"), table.pop("order", None))
        fill = table.pop("fill", False)
        if type(fill) is not bool:
            self._refuse((*at, "fill"), f"it is true or false, not {fill!r}")
        for name in table:
            keys = "known, state, fingerprint, digest, order, fill and fields"
            self._refuse((*at, name), f"there is no such key; the keys are {keys}")
        if known == _UNKNOWN:
            if fields or digest is not None:
                self._refuse((*at, "fields"), "there are fields, and known says unknown")
            return LockedVersion(int(at[-1]), None, fingerprint, state, False, order, fill)
        self._same_digest(at, fields, digest or fingerprint)
        return LockedVersion(int(at[-1]), fields, fingerprint, state, known == _SEEN, order, fill)

    def _order(self, at: Path, value: Any) -> tuple[str, ...] | None:
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            self._refuse(at, f"it is a list of names, not {value!r}")
        if len(set(value)) != len(value):
            self._refuse(at, "it holds a name twice")
        return tuple(value)

    def _same_digest(
        self, at: Path, fields: tuple[tuple[str, str], ...], digest: str | None
    ) -> None:
        found = Schema(fields).fingerprint()
        if digest == found:
            return
        if digest is None:
            self._refuse((*at, "digest"), "the digest of the fields is missing")
        self._refuse(at, f"its fields have the digest {found}, not {digest} as the file says")

    def _fields(self, at: Path, table: Any) -> tuple[tuple[str, str], ...]:
        self._table(at, table)
        for name, kind in table.items():
            if not isinstance(kind, str):
                dotted = "a name that holds a dot stands in quotes"
                what = dotted if isinstance(kind, dict) else f"it is not {kind!r}"
                self._refuse((*at, name), f"the type of a field is a text; {what}")
        return tuple(sorted(table.items()))

    def _text(self, at: Path, name: str, table: dict[str, Any]) -> str | None:
        found = table.pop(name, None)
        if found is not None and not isinstance(found, str):
            self._refuse((*at, name), f"it is a text, not {found!r}")
        return found

    def _table(self, at: Path, value: Any) -> None:
        if not isinstance(value, dict):
            self._refuse(at, f"there are keys below it, it is not {value!r}")

    def _refuse(self, at: Path, problem: str, remedy: str = "") -> NoReturn:
        # Of what is missing, the lines beside it tell where it should be.
        above = (at[:size] for size in range(len(at), 0, -1))
        number = next(filter(None, (toml_lines.line_of(self.text, path) for path in above)), None)
        place = f"line {number}, " if number else ""
        what = f"{place}{toml_lines.key(at)}: {problem}" if at else problem
        raise LockError(self.path, what, remedy or _RESTORE)
