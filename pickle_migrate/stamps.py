"""How a version stands in a pickle: the stamp.

A registered class pickles as ``(stamp, args, state)``. The stamp is a global of this module whose
name carries the class, its version and its fingerprint, and the same for each registered base:

    shop/models:Order@3~1f0c77ab
    shop/models:Gift@2+shop/models:Order@3~1f0c77ab!

Slashes stand for dots, because protocols 4 and 5 split a global's name at dots (PEP 3154) and older
ones refuse them. Version 0 says that the class was not registered and a base was. A ``!`` at the
end says that the pickled state is a pair of stamp and state, a ``=`` that the whole value stands in
the arguments, as a mapping (enums and namedtuples).

Python's own unpickler finds a stamp as it finds any global: it imports this module and asks for the
name, which ``__getattr__`` answers (PEP 562). So plain ``pickle.load`` migrates.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from typing import Any

import attrs

from pickle_migrate.errors import PickleMigrateError, StampError, UnknownClassError
from pickle_migrate.refs import GlobalRef

MODULE = __name__

_ENTRY = re.compile(
    r"(?P<module>[^:@~+!]+):(?P<qualname>[^:@~+!]+)@(?P<version>\d+)(?:~(?P<fingerprint>[0-9a-f]+))?"
)
_UNQUOTED = re.compile(r"[^A-Za-z0-9_<>.]")
_QUOTED = re.compile(r"(?:%[0-9A-F]{2})+")


@attrs.frozen
class StampedClass:
    """One class in a stamp: its ref, its version when written (0: not registered), and its
    fingerprint, or None when its fields were not declared.
    """

    ref: GlobalRef
    version: int
    fingerprint: str | None = None


@attrs.frozen
class StampText:
    """A stamp as data: the class itself, then its registered bases in MRO order.

    ``wrapped``: the state is a pair of stamp and state. ``whole``: there is none, the value stands
    in the arguments. One of them at most.
    """

    classes: tuple[StampedClass, ...]
    wrapped: bool = False
    whole: bool = False

    @property
    def head(self) -> StampedClass:
        """The class of the objects that were written."""
        return self.classes[0]

    def encode(self) -> str:
        """The name of the global. ASCII, without dots, spaces and line ends."""
        mark = "!" if self.wrapped else "=" if self.whole else ""
        return "+".join(_encode_class(c) for c in self.classes) + mark

    @classmethod
    def decode(cls, text: str) -> StampText:
        """Read a global's name. Raises StampError. Imports nothing."""
        mark = text[-1:] if text[-1:] in ("!", "=") else ""
        body = text.removesuffix(mark)
        classes = tuple(_decode_class(part, text) for part in body.split("+"))
        found = cls(classes, wrapped=mark == "!", whole=mark == "=")
        if found.encode() != text:
            raise StampError(text, f"it would be written {found.encode()!r}")
        return found


def looks_like_stamp(name: str) -> bool:
    """Whether a global's name has the form of a stamp, well-formed or not."""
    return ":" in name and "@" in name


def _encode_class(c: StampedClass) -> str:
    mark = f"~{c.fingerprint}" if c.fingerprint else ""
    return f"{_quote(c.ref.module)}:{_quote(c.ref.qualname)}@{c.version}{mark}"


def _decode_class(part: str, text: str) -> StampedClass:
    found = _ENTRY.fullmatch(part)
    if found is None:
        raise StampError(text, f"{part!r} is not of the form module:qualname@version~fingerprint")
    if len(found["version"]) > 9:
        raise StampError(text, "the version has more than nine digits")
    ref = GlobalRef(_unquote(found["module"], text), _unquote(found["qualname"], text))
    return StampedClass(ref, int(found["version"]), found["fingerprint"])


def _quote(name: str) -> str:
    quoted = _UNQUOTED.sub(_percent, name)
    return quoted.replace(".", "/")


def _percent(found: re.Match[str]) -> str:
    # No class has a lone surrogate in its name, but a hostile stamp may.
    return "".join(f"%{b:02X}" for b in found[0].encode("utf-8", "surrogatepass"))


def _unquote(name: str, text: str) -> str:
    try:
        plain = name.replace("/", ".")
        return _QUOTED.sub(lambda m: bytes.fromhex(m[0].replace("%", "")).decode(), plain)
    except UnicodeDecodeError:
        raise StampError(text, f"{name!r} is not quoted as UTF-8") from None


class Stamp(functools.partial[Any]):
    """The callable that makes a newborn object when a pickle is loaded.

    It is a ``functools.partial`` so that the C unpickler makes objects of the current version
    without entering Python. It pickles by name, as a global of this module.
    """

    text: str
    written: StampText
    _by_value: bool

    @classmethod
    def make(
        cls, written: StampText, newborn: Callable[..., Any], *args: Any, by_value: bool = False
    ) -> Stamp:
        """A stamp that calls ``newborn(*args, ...)`` when a pickle asks for an object.

        ``by_value``: it pickles as its text, for classes that cannot be found by name elsewhere.
        """
        stamp = cls(newborn, *args)
        stamp.written = written
        stamp.text = written.encode()
        stamp._by_value = by_value
        return stamp

    def __reduce_ex__(self, protocol: Any) -> Any:
        return (text_only, (self.text,)) if self._by_value else self.text

    def __copy__(self) -> Stamp:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Stamp:
        return self

    def __repr__(self) -> str:
        return f"<stamp {self.text}>"


def text_only(text: str) -> Stamp:
    """A stamp that says a version and makes no object; the pickle itself brings the class."""
    written = StampText.decode(text)
    if _prepare is None:
        _bring_the_resolver()
    assert _prepare is not None
    _prepare(written)
    return version_only(written)


def version_only(written: StampText) -> Stamp:
    """The stamp that ``text_only`` gives, once the class is ready for it."""
    return Stamp.make(written, _no_newborn, by_value=True)


def is_text_only(stamp: Stamp) -> bool:
    """Whether a stamp only says a version, beside a class that the pickle names itself."""
    return stamp.func is _no_newborn


def _no_newborn() -> None:
    raise StampError("", "it carries a version and stands where a class should")


_find: Callable[[str], Callable[..., Any]] | None = None
_prepare: Callable[[StampText], None] | None = None


def find_with(
    find: Callable[[str], Callable[..., Any]], prepare: Callable[[StampText], None]
) -> None:
    """Say who resolves stamps, and who makes a class ready for states that name it by text only.
    The resolver does, when the package is imported.
    """
    global _find, _prepare
    _find, _prepare = find, prepare


_written: dict[str, Stamp] = {}


def write_as(stamp: Stamp) -> None:
    """Let this module give a stamp of an older version under its name, where nobody else finds it:
    pickle writes a global only if it is found. Renames of a registry other than the default one are
    not known to plain pickle.
    """
    _written[stamp.text] = stamp


def _bring_the_resolver() -> None:
    # The package imports its own modules when it is first asked for a name. A pickle may be what
    # imports it, and then it asks for nothing but a stamp.
    assert callable(sys.modules["pickle_migrate"].loads)


def __getattr__(name: str) -> Any:
    if not looks_like_stamp(name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _find is None:
        _bring_the_resolver()
    assert _find is not None
    try:
        return _find(name)
    except PickleMigrateError:
        if name in _written:
            return _written[name]
        raise
    except AttributeError as error:
        # Pickle takes an AttributeError for "no such global" and drops it; this one is a failure
        # of the code that was imported.
        head = StampText.decode(name).head
        reason = f"the code that it needs fails with AttributeError: {error}"
        raise UnknownClassError(str(head.ref), head.version, reason) from error
