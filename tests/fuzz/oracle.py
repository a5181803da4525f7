"""What the C unpickler does with a pickle, without doing it; and what a scan says to that.

The oracle is CPython's own C unpickler with a ``find_class`` that imports nothing. What it hands
out takes whatever a pickle does to it and notes it, so that as many pickles as possible are read to
their end. ``disagreements`` holds a scan against it: the C unpickler is right.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import sys
import types
import warnings
from collections.abc import Callable, Iterable

import attrs

from pickle_migrate.errors import LimitError, PickleFormatError
from pickle_migrate.limits import Limits
from pickle_migrate.scanner import Scan, scan

warnings.simplefilter("ignore")  # STRING's odd escapes

#: The text that computed names come to in the oracle; no input spells it.
COMPUTED = "computed-by-the-oracle"
CODES = (1, 2, 0x77, 255, 256, 65_535)
CODE_MODULE = "oracle_extension"
# What a scan reads through: its result has the name of the first argument, or another name.
_PASSES_ON = frozenset(("_reconstructor", "__newobj__", "__newobj_ex__", "getattr", "text_only"))
#: Names whose calls give a text, as those of ``str`` do.
_GIVE_TEXT = frozenset(("str", "chr", "give", "decode", "join"))
#: A pickle that asks for more is not shown to C: one within these limits must not hurt it.
LIMITS = Limits(depth=None, digits=None, hashed_expansion=300_000, hashed_depth=500)

#: What a scan refuses and C reads: from memory in one way, and from a file in another.
STRICTER = "goes beyond the end of its frame"

Ref = tuple[str, str]


class Notes:
    """What one reading did, by the refs that it did it to."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget it."""
        self.asked: set[tuple[str, str, bool]] = set()
        self.done: set[tuple[str, Ref]] = set()
        self.persistent = 0
        self.buffers = 0


NOTES = Notes()


class _Meta(type):
    def __call__(cls, *args, **keywords):
        NOTES.done.add(("made", cls.ref))
        return cls.gives

    def __setitem__(cls, key, value):
        NOTES.done.add(("set_item", cls.ref))


class _Inert(metaclass=_Meta):
    """Stands for a global, for what a call of it gives, and for an instance of it, all in one."""

    ref: Ref = ("", "")
    gives: object = None

    def __new__(cls, *args, **keywords):
        NOTES.done.add(("made", cls.ref))
        return cls.gives

    @classmethod
    def __setstate__(cls, *args):
        NOTES.done.add(("build", cls.ref))

    @classmethod
    def append(cls, *args):
        NOTES.done.add(("append", cls.ref))

    @classmethod
    def extend(cls, *args):
        NOTES.done.add(("append", cls.ref))

    @classmethod
    def add(cls, *args):
        NOTES.done.add(("add", cls.ref))


_inert: dict[Ref, type] = {}


def _stand_in(ref: Ref) -> type:
    found = _inert.get(ref)
    if found is None:
        if len(_inert) > 5_000:
            _inert.clear()
        found = _Meta("Inert", (_Inert,), {"ref": ref})
        found.gives = COMPUTED if ref[1] in _GIVE_TEXT else found
        _inert[ref] = found
    return found


def register_codes() -> None:
    """Give names to extension codes, and a module to the name that Python 2 had for ``copyreg``."""
    for code in CODES:
        copyreg.add_extension(CODE_MODULE, f"code{code}", code)
    old = types.ModuleType("copy_reg")
    old.dispatch_table = old
    sys.modules["copy_reg"] = old


def _buffers() -> Iterable[object]:
    while True:
        NOTES.buffers += 1
        yield bytearray(b"buffer")
        NOTES.buffers += 1
        yield COMPUTED


class Oracle(pickle.Unpickler):
    """The C unpickler, which imports nothing and notes what it is asked for."""

    def find_class(self, module, name):
        maps = super().find_class("copy_reg", "dispatch_table") is copyreg.dispatch_table
        NOTES.asked.add((module, name, maps))
        return _stand_in((module, name))

    def persistent_load(self, pid):
        NOTES.persistent += 1
        return COMPUTED if pid == "id" else _stand_in(("", "persistent"))


@attrs.frozen
class Reading:
    """What came of one reading by the C unpickler. ``end`` is where it stopped, if it accepted."""

    accepted: bool
    end: int = 0
    keys: int = 0
    highest: int = -1
    error: str = ""


def read(data: bytes) -> Reading:
    """Read with the C unpickler. What it did stands in ``NOTES``."""
    NOTES.clear()
    copyreg._extension_cache.clear()
    # A file that can be peeked into is read ahead: C then reads as it does from memory.
    file = io.BufferedReader(io.BytesIO(data))
    oracle = Oracle(file, encoding="latin1", buffers=_buffers())
    try:
        oracle.load()
    except Exception as error:  # every kind means that the pickle is refused
        return Reading(False, error=f"{type(error).__name__}: {error}")
    keys = oracle.memo.copy()
    return Reading(True, file.tell(), len(keys), max(keys, default=-1))


@attrs.frozen
class Verdict:
    """What came of one input. ``problems`` are phrases; without any, both agree."""

    problems: tuple[str, ...]
    scanned: bool
    accepted: bool
    heavy: bool = False


def _scan(data: bytes) -> Scan:
    return scan(data, limits=LIMITS)


def judge(data: bytes, scanner: Callable[[bytes], Scan] = _scan) -> Verdict:
    """Scan one input, read it with the C unpickler, and compare."""
    try:
        found = scanner(data)
    except LimitError:
        return Verdict((), True, False, heavy=True)
    except PickleFormatError as error:
        if not 0 <= error.offset <= len(data):
            return Verdict((f"the error's offset is {error.offset}",), False, False)
        if STRICTER in str(error):
            return Verdict((), False, False)
        reading = read(data)
        refused = (f"the scan refuses what C accepts: {error}",) if reading.accepted else ()
        return Verdict(refused, False, reading.accepted)
    except Exception as error:  # any other exception is a defect, whatever it is
        return Verdict((f"the scan raised {type(error).__name__}: {error}",), False, False)
    reading = read(data)
    problems = [*_names(found), *_deeds(found)]
    if reading.accepted:
        problems += _counts(found, reading)
    return Verdict(tuple(problems), True, reading.accepted)


def _names(found: Scan) -> Iterable[str]:
    """Names that C asked for and the scan does not list, or lists under the wrong protocol."""
    listed = {(g.ref.module, g.ref.qualname, g.protocol < 3) for g in found.globals}
    codes = {f"code{e.code}" for e in found.extensions}
    for module, name, maps in NOTES.asked:
        if module == CODE_MODULE:
            if name not in codes:
                yield f"C asked for the extension {name}, which the scan does not list"
        elif (module, name, maps) not in listed and not _is_unknowable(found, module, name):
            mapping = "with" if maps else "without"
            yield f"C asked for {module}:{name} {mapping} mapping, which the scan does not list"


def _is_unknowable(found: Scan, module: str, name: str) -> bool:
    # Computed, or 8-bit text beyond ASCII, which the reader's encoding decides.
    text = module + name
    return bool(found.unresolvable) and (COMPUTED in text or not text.isascii())


_SAID_BY = {
    "build": ("build", "build_global", "build_unknown", "build_again"),
    "append": ("append", "build_global", "build_again"),
    "set_item": ("set_item", "build_global", "build_again"),
    "add": ("add", "build_global", "build_again"),
}


def _deeds(found: Scan) -> Iterable[str]:
    """What C did with a global and the scan does not tell."""
    if not NOTES.done:
        return
    used = {(g.ref.module, g.ref.qualname) for g in found.globals if g.use != "named"}
    used |= {(CODE_MODULE, f"code{e.code}") for e in found.extensions if e.uses != ("named",)}
    told = {(e.kind, e.ref and (e.ref.module, e.ref.qualname)) for e in found.effects}
    calls_unknown = ("call", None) in told
    for deed, ref in NOTES.done:
        if deed == "made":
            if ref not in used and not calls_unknown:
                yield f"C called {ref}, which the scan lists as named"
        elif not _is_told(told, deed, ref):
            yield f"C did {deed} to {ref}, which the scan does not tell"


def _is_told(told: set[tuple[str, Ref | None]], deed: str, ref: Ref) -> bool:
    kinds = _SAID_BY[deed]
    passed_on = ref[1] in _PASSES_ON or ref[0] in ("", CODE_MODULE)
    return any(kind in kinds and (passed_on or by in (None, ref)) for kind, by in told)


def _counts(found: Scan, reading: Reading) -> Iterable[str]:
    """Where a reading to the end and the scan disagree in numbers."""
    pairs = {
        "end": (found.end, reading.end),
        "memo keys": (found.memo, reading.keys),
        "highest key": (found.highest_key, reading.highest),
        "persistent ids": (found.persistent_ids, NOTES.persistent),
        "buffers": (found.buffers, NOTES.buffers),
    }
    for what, (ours, theirs) in pairs.items():
        if ours != theirs:
            yield f"{what}: the scan says {ours}, C says {theirs}"
