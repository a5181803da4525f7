"""What the arguments of allowed callables have to be, so that they take no more than the pickle
itself accounts for.

Some harmless names do harm by their arguments: ``bytearray(2**33)`` allocates by number,
``set(items)`` copies, again and again, a list that stands in the pickle once, and
``Fraction("1e9999999")`` computes for ever. A check looks at the arguments before the call is made.
It raises ``Refused`` with a phrase that says what is wrong.

Copies are charged to a budget, which is the size of the pickle and some: whatever an honest pickle
hands over to such a call is written in it once, and takes a byte or more for each item.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

_FREE: Final = 1 << 16
_ENDLESS: Final = 1 << 56
_LONGEST_NUMBER: Final = 1 << 17
_FRACTION: Final = re.compile(r"\s*[-+]?\d{1,4300}(/\d{1,4300})?\s*")
_SINGLETONS: Final = (None, NotImplemented, Ellipsis)
_ENCODINGS: Final = ("latin1", "latin-1", "ascii", "utf-8", "utf8")
_ON_ERROR: Final = tuple((e,) for e in ("strict", "ignore", "replace", "surrogatepass"))
#: As ``int`` has it; a number is read in the square of its digits.
_LONGEST_TEXT: Final = 4_300
_FLAT: Final = (str, bytes, bytearray)


class Refused(Exception):  # noqa: N818 - a verdict on arguments, which the caller names
    """Arguments that an allowed callable must not be called with. Holds a phrase."""


@attrs.define
class Budget:
    """How many items and bytes the calls of one load may still copy."""

    left: int

    @classmethod
    def of(cls, size: int) -> Budget:
        """The budget of a pickle of so many bytes."""
        return cls(size + _FREE)

    def charge(self, count: int) -> None:
        """Count items or bytes that a call copies. Raises Refused."""
        self.left -= count
        if self.left < 0:
            raise Refused("is called with more than the whole pickle holds")


Check = Callable[[tuple[Any, ...], Budget], None]


def _size_of(value: Any) -> int:
    try:
        return len(value)
    except (TypeError, OverflowError):  # nothing to iterate, or it does not say how far it goes
        return 1 if _is_no_source(value) else _ENDLESS


def _is_no_source(value: Any) -> bool:
    """Whether nothing is copied out of a value. An IP network without a length may have 2**128."""
    if isinstance(value, type) or _is_alias(value):
        return True
    return not hasattr(type(value), "__iter__")


def _is_alias(value: Any) -> bool:
    return isinstance(value, types.GenericAlias) or type(value).__module__ == "typing"


def _copies(args: tuple[Any, ...], budget: Budget) -> None:
    for arg in args:
        budget.charge(_size_of(arg))


def _hashes(args: tuple[Any, ...], budget: Budget) -> None:
    """Copies whose items are hashed, which walks nested tuples as often as they are shared."""
    _copies(args, budget)
    for arg in args[:1]:
        if type(arg) in (list, tuple, set, frozenset):
            for item in arg:
                if type(item) in (tuple, frozenset):
                    _walk(item, budget)


def _hashed_in(value: Any) -> tuple[Any, ...] | frozenset[Any] | None:
    """What the hash of a value walks, as far as that may be shared again and again."""
    if type(value) in (tuple, frozenset):
        return value  # type: ignore[no-any-return]
    args = getattr(value, "__args__", None) if _is_alias(value) else None
    return args if type(args) is tuple else None


def _walk(value: Any, budget: Budget) -> None:
    waiting, depth = [iter(value)], 0
    while waiting:
        for item in waiting[-1]:
            budget.charge(1)
            inner = _hashed_in(item)
            if inner is not None:
                waiting.append(iter(inner))
                depth = max(depth, len(waiting))
                if depth > 1_000:
                    raise Refused("is called with members that nest too deep to be hashed")
                break
        else:
            waiting.pop()


def _no_numbers(args: tuple[Any, ...], budget: Budget) -> None:
    """For bytes and bytearray, where a number is a length."""
    require_no_number(args)
    _require_encoding(args[1:])
    _copies(args[:1], budget)


def require_no_number(args: tuple[Any, ...]) -> None:
    """Raise Refused for a first argument that ``bytes`` and ``bytearray`` take for a length."""
    if args and not isinstance(args[0], str | bytes | bytearray | memoryview | list | tuple):
        raise Refused(f"is called with {type(args[0]).__name__}, which may stand for a length")


def _require_encoding(args: tuple[Any, ...]) -> None:
    # Any other name makes Python look for a module of that name.
    if args and args[0] not in _ENCODINGS:
        raise Refused("is called with an encoding other than latin1, ascii and utf-8")
    if args[1:] and args[1:] not in _ON_ERROR:
        raise Refused("is called with something that is no way to treat errors")


def _texts(args: tuple[Any, ...], budget: Budget) -> None:
    """For str, which asks any other value to describe itself."""
    if args and not isinstance(args[0], _FLAT):
        raise Refused(f"is called with {type(args[0]).__name__}, which is no text")
    _require_encoding(args[1:])
    _copies(args[:1], budget)


def _numbers(args: tuple[Any, ...], budget: Budget) -> None:
    """For int, float, complex and bool: numbers and texts, which are read in linear time."""
    for arg in args:
        if not isinstance(arg, int | float | complex | str | bytes) and arg is not None:
            raise Refused(f"is called with {type(arg).__name__}, which is no number")
        if isinstance(arg, str | bytes):
            if len(arg) > _LONGEST_TEXT:
                raise Refused("is called with a number of too many digits")
            budget.charge(len(arg))


def _fraction(args: tuple[Any, ...], budget: Budget) -> None:
    for arg in args:
        if isinstance(arg, str) and not _FRACTION.fullmatch(arg):
            raise Refused("is called with a text that is no plain fraction")
        if isinstance(arg, int) and arg.bit_length() > _LONGEST_NUMBER:
            raise Refused("is called with a number of too many digits")
        if not isinstance(arg, str | int):
            raise Refused(f"is called with {type(arg).__name__}, which is no whole number")


def _decimal(args: tuple[Any, ...], budget: Budget) -> None:
    for arg in args:
        if not isinstance(arg, str | int | tuple | list):
            raise Refused(f"is called with {type(arg).__name__}, which is no number")
        if isinstance(arg, int) and arg.bit_length() > _LONGEST_NUMBER:
            raise Refused("is called with a number of too many digits")
        budget.charge(_size_of(arg))


def _type(args: tuple[Any, ...], budget: Budget) -> None:
    if len(args) != 1 or not any(args[0] is one for one in _SINGLETONS):
        raise Refused("is called with something else than None, NotImplemented or Ellipsis")


def _latin1(args: tuple[Any, ...], budget: Budget) -> None:
    if len(args) != 2 or type(args[0]) is not str or args[1] not in ("latin1", "latin-1"):
        raise Refused("is called with another encoding than latin1")
    budget.charge(len(args[0]))


def _reconstructor(args: tuple[Any, ...], budget: Budget) -> None:
    """``copyreg._reconstructor(cls, base, state)`` calls ``base.__new__(cls, state)``."""
    if len(args) != 3 or not all(isinstance(arg, type) for arg in args[:2]):
        raise Refused("is called with something else than a class, its base and a state")
    base, state = args[1:]
    if base is object:
        return
    check = _BASES.get(base)
    if check is None:
        raise Refused("is called with a base that is no built-in type of data")
    check((state,), budget)


def _getitem(args: tuple[Any, ...], budget: Budget) -> None:
    """``Class[int]``, as generic aliases are pickled."""
    if len(args) != 2 or not (isinstance(args[0], type) or type(args[0]).__module__ == "typing"):
        raise Refused("is called with something that is no generic class")
    params = args[1] if type(args[1]) is tuple else (args[1],)
    # typing compiles a text, which stands for a class of that name; in Literal it is a value.
    if str(args[0]) != "typing.Literal" and any(isinstance(p, str) for p in params):
        raise Refused("is called with a text, which would be compiled")
    _walk(params, budget)


def _alias(args: tuple[Any, ...], budget: Budget) -> None:
    """Aliases are hashed through all of their arguments, as tuples are."""
    _walk(args, budget)


def _timestamp(args: tuple[Any, ...], budget: Budget) -> None:
    """pandas' ``Timestamp(value, freq, tz)``; the name of a zone would open a file."""
    if len(args) > 3 or any(isinstance(arg, str) for arg in args[2:]):
        raise Refused("is called with something else than a value, a frequency and a time zone")


def _newobj(args: tuple[Any, ...], budget: Budget) -> None:
    if not args or not isinstance(args[0], type):
        raise Refused("is called with something that is no class")
    for base, check in _BASES.items():
        if issubclass(args[0], base):
            check(args[1:], budget)


def _newobj_ex(args: tuple[Any, ...], budget: Budget) -> None:
    if len(args) != 3 or type(args[1]) is not tuple or type(args[2]) is not dict:
        raise Refused("is called with something else than a class and its arguments")
    _newobj((args[0], *args[1]), budget)
    if args[2] and issubclass(args[0], tuple(_BASES)):
        raise Refused("is called with keywords for a built-in type")


def _new_index(args: tuple[Any, ...], budget: Budget) -> None:
    """pandas' ``_new_Index`` calls ``cls.__new__(cls, **d)``; a range counts as its rows."""
    if len(args) != 2 or not isinstance(args[0], type) or type(args[1]) is not dict:
        raise Refused("is called with something else than an index and its parts")
    if issubclass(args[0], tuple(_BASES)):
        raise Refused("is called with a class that is no index")
    texts = [name for name in ("dtype", "tz") if isinstance(args[1].get(name), str)]
    if texts:  # the name of a zone in it would open a file
        raise Refused(f"is called with a text as {texts[0]}")
    budget.charge(_size_of(args[1].get("data")))
    start, stop, step = (args[1].get(name) for name in ("start", "stop", "step"))
    if isinstance(start, int) and isinstance(stop, int) and isinstance(step, int):
        budget.charge(_size_of(range(start, stop, step or 1)))


_BASES: Final[Mapping[type, Check]] = {
    bytes: _no_numbers,
    bytearray: _no_numbers,
    str: _texts,
    int: _numbers,
    float: _numbers,
    complex: _numbers,
    list: _copies,
    tuple: _copies,
    dict: _copies,
    set: _hashes,
    frozenset: _hashes,
}

#: The checks by module and qualified name, as the name is today.
CHECKS: Final[Mapping[tuple[str, str], Check]] = {
    ("builtins", "type"): _type,
    **{("builtins", base.__name__): check for base, check in _BASES.items()},
    ("builtins", "bool"): _numbers,
    ("copyreg", "_reconstructor"): _reconstructor,
    ("copyreg", "__newobj__"): _newobj,
    ("copyreg", "__newobj_ex__"): _newobj_ex,
    ("_codecs", "encode"): _latin1,
    ("_operator", "getitem"): _getitem,
    ("fractions", "Fraction"): _fraction,
    ("decimal", "Decimal"): _decimal,
    ("collections", "deque"): _copies,
    ("collections", "OrderedDict"): _hashes,
    ("collections", "defaultdict"): _copies,
    ("collections", "Counter"): _hashes,
    ("collections", "UserList"): _copies,
    ("collections", "UserString"): _texts,
    ("pandas.core.indexes.base", "_new_Index"): _new_index,
    ("pandas.core.indexes.datetimes", "_new_DatetimeIndex"): _new_index,
    ("pandas.core.indexes.timedeltas", "_new_TimedeltaIndex"): _new_index,
    ("pandas.core.indexes.period", "_new_PeriodIndex"): _new_index,
    ("pandas.core.indexes.interval", "_new_IntervalIndex"): _new_index,
    ("pandas._libs.tslibs.timestamps", "Timestamp"): _timestamp,
    ("pandas", "Timestamp"): _timestamp,
    ("pandas._libs.internals", "BlockPlacement"): _copies,
    ("types", "GenericAlias"): _alias,
    ("builtins", "BaseExceptionGroup"): _copies,
    ("builtins", "ExceptionGroup"): _copies,
    ("array", "array"): _copies,
    ("array", "_array_reconstructor"): _copies,
}


def checked(
    real: Callable[..., Any], check: Check, budget: Budget, fail: Callable[[str], Exception]
) -> Callable[..., Any]:
    """A stand-in for ``real`` that looks at its arguments first, and raises what ``fail`` makes."""

    def call(*args: Any) -> Any:
        try:
            check(args, budget)
        except Refused as refused:
            raise fail(str(refused)) from None
        return real(*args)

    return call
