"""Words for values without identity: bytes, dates, numbers of other kinds, and what has a name."""

from __future__ import annotations

import datetime
import decimal
import fractions
import hashlib
import ipaddress
import pathlib
import types
import typing
import uuid
from collections.abc import Callable
from typing import Any, Final

State = Any
#: Describes a part of an object; the text is the step to it, as in ``.start``.
Walk = Callable[[Any, str], State]
#: Bytes of more than this many are told by their length and digest.
LONG_BYTES: Final = 1_024
_LONG_SHOWN: Final = 60


def ref(cls: Any) -> str:
    """``module:qualname`` of a class. Runs no code of its metaclass' ``__repr__``."""
    module = getattr(cls, "__module__", None)
    return f"{module if type(module) is str else 'builtins'}:{cls.__qualname__}"


def of_bytes(data: Any) -> dict[str, State]:
    """Bytes as hexadecimal digits, or their number and digest."""
    raw = bytes(data)
    if len(raw) <= LONG_BYTES:
        return {"bytes": raw.hex()}
    return {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}


def long_text(text: str) -> dict[str, State]:
    """A long text: how it begins, its number of characters, its digest as UTF-8."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return {"text": text[:_LONG_SHOWN], "length": len(text), "sha256": digest}


def _date(value: datetime.date, walk: Walk) -> State:
    return {"date": value.isoformat()}


def _datetime(value: datetime.datetime, walk: Walk) -> State:
    return {"datetime": value.isoformat()} | clock(value, walk)


def _time(value: datetime.time, walk: Walk) -> State:
    return {"time": value.isoformat()} | clock(value, walk)


def clock(value: Any, walk: Walk) -> dict[str, State]:
    """What a date with time has besides its text: a fold, and a zone that is no plain offset."""
    found: dict[str, State] = {"fold": 1} if value.fold else {}
    zone = value.tzinfo
    if zone is not None and not is_plain_offset(zone):
        found["tz"] = walk(zone, ".tz")
    return found


def is_plain_offset(zone: Any) -> bool:
    """Whether a zone is said in full by the offset in the text of a datetime."""
    return type(zone) is datetime.timezone and len(zone.__getinitargs__()) == 1  # type: ignore[attr-defined]


def _timedelta(value: datetime.timedelta, walk: Walk) -> State:
    return {"timedelta": [value.days, value.seconds, value.microseconds]}


def _timezone(value: datetime.timezone, walk: Walk) -> State:
    arguments = value.__getinitargs__()  # type: ignore[attr-defined]
    offset = arguments[0]
    found = {"timezone": [offset.days, offset.seconds, offset.microseconds]}
    return found | ({"name": arguments[1]} if len(arguments) > 1 else {})


def _complex(value: complex, walk: Walk) -> State:
    return {"complex": [value.real, value.imag]}


def _range(value: range, walk: Walk) -> State:
    return {"range": [value.start, value.stop, value.step]}


def _slice(value: slice, walk: Walk) -> State:
    parts = ("start", "stop", "step")
    return {"slice": [walk(getattr(value, part), f".{part}") for part in parts]}


def _text(value: Any, walk: Walk) -> State:
    return {"class": ref(type(value)), "text": str(value)}


def _named_singleton(name: str) -> Callable[[Any, Walk], State]:
    return lambda value, walk: {"name": f"builtins:{name}"}


#: What is told by its text alone: the text says all that two of them can differ in.
TEXTS: Final = (
    decimal.Decimal,
    fractions.Fraction,
    uuid.UUID,
    pathlib.PurePosixPath,
    pathlib.PureWindowsPath,
    pathlib.PosixPath,
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
    ipaddress.IPv4Interface,
    ipaddress.IPv6Interface,
)

BY_TYPE: Final[dict[type, Callable[[Any, Walk], State]]] = {
    datetime.date: _date,
    datetime.datetime: _datetime,
    datetime.time: _time,
    datetime.timedelta: _timedelta,
    datetime.timezone: _timezone,
    complex: _complex,
    range: _range,
    slice: _slice,
    type(Ellipsis): _named_singleton("Ellipsis"),
    type(NotImplemented): _named_singleton("NotImplemented"),
    **dict.fromkeys(TEXTS, _text),
}

_FUNCTIONS: Final = (types.FunctionType, types.BuiltinFunctionType)
_DESCRIPTORS: Final = (types.MethodDescriptorType, types.WrapperDescriptorType)


def named(obj: Any, walk: Walk) -> State | None:
    """A class, a generic type, a function, a method or a module by its name; None for others."""
    if isinstance(obj, type):
        return {"type": ref(obj)}
    if typing.get_origin(obj) is not None:
        arguments = [walk(argument, "") for argument in typing.get_args(obj)]
        return {"type": _origin(typing.get_origin(obj)), "of": arguments}
    kind = type(obj)
    if kind is types.MethodType:
        return {"method": obj.__func__.__qualname__, "of": walk(obj.__self__, ".self")}
    if kind is types.BuiltinFunctionType and not isinstance(
        obj.__self__, types.ModuleType | type(None)
    ):
        return {"method": obj.__qualname__, "of": walk(obj.__self__, ".self")}
    if kind in _FUNCTIONS:
        return {"function": ref(obj)}
    if kind in _DESCRIPTORS:
        return {"function": f"{ref(obj.__objclass__)}.{obj.__name__}"}
    if kind is types.ModuleType:
        return {"module": obj.__name__}
    return None


def _origin(origin: Any) -> str:
    return ref(origin) if isinstance(origin, type) else str(origin).replace(".", ":", 1)
