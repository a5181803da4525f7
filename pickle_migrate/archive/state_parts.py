"""What one object holds: as a builtin type, by its reducer, and in its fields.

Fields are read from ``__dict__`` and slots, past any ``__getattr__`` and property. Builtin contents
are read by the builtin type's own methods, past what a subclass overrides. A reducer is asked only
where nothing else tells: by types of C, and by objects without a single field.
"""

from __future__ import annotations

import copyreg
import datetime
import enum
import sys
import types
import warnings
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable
from typing import Any, Final

from pickle_migrate.archive import state_words as words
from pickle_migrate.archive.state_content import Content
from pickle_migrate.shapes import MARK

#: Reducers give lists rather than bytes in the order of this machine.
_PROTOCOL: Final = 2


_NOTHING: Final = Content()
_OPAQUE: Final = Content(opaque=True)


def fields_of(obj: Any, kind: type) -> dict[str, Any]:
    """The fields by name: ``__dict__``, and slots that are set."""
    found: dict[str, Any] = {}
    try:
        own = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        own = None
    if isinstance(own, dict):
        found.update((name, value) for name, value in own.items() if type(name) is str)
    for cls in kind.__mro__:
        if "__slots__" not in vars(cls):
            continue
        for name, member in vars(cls).items():
            if type(member) is types.MemberDescriptorType and name not in found:
                try:
                    found[name] = member.__get__(obj, kind)
                except AttributeError:  # not set
                    continue
    return found


_WITH_CONTENT: Final = (
    *(BaseException, int, str, float, complex, bytes, bytearray, dict, set, frozenset, list, tuple),
    *(deque, enum.Enum, type, datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo),
    *words.TEXTS,
)
_LIBRARIES: Final = frozenset(["numpy", "pandas", "packaging", "zoneinfo", "typing"])


def is_plain_instance(kind: type) -> bool:
    """Whether instances that have fields are described by their class and ``__dict__`` alone."""
    if issubclass(kind, _WITH_CONTENT) or kind.__dictoffset__ == 0:
        return False
    for cls in kind.__mro__[:-1]:
        members = vars(cls).values()
        own = type(vars(cls).get("__dict__"))
        if str(cls.__module__).partition(".")[0] in _LIBRARIES:
            return False
        if own not in (type(None), types.GetSetDescriptorType):
            return False
        if any(type(member) is types.MemberDescriptorType for member in members):
            return False
    return hasattr(kind, MARK) or (kind not in copyreg.dispatch_table and _is_python(kind))


def content_of(obj: Any, kind: type) -> Content:
    """What an object holds besides its fields. May run a reducer, whose errors pass."""
    found = _builtin(obj, kind)
    if found is None:
        found = _of_library(obj, kind)
    return _reduced(obj, kind) if found is None else found


def _builtin(obj: Any, kind: type) -> Content | None:
    if isinstance(obj, BaseException):
        return Content(sequences=(("args", obj.args),))
    if isinstance(obj, int | str | float | complex | bytes | bytearray):
        return _value(obj)
    if isinstance(obj, datetime.date | datetime.time | datetime.timedelta | datetime.tzinfo):
        return _of_datetime(obj, kind)
    if isinstance(obj, OrderedDict):
        return Content(ordered=OrderedDict.items(obj))
    if isinstance(obj, dict):
        more = (("default_factory", obj.default_factory),) if isinstance(obj, defaultdict) else ()
        return Content(mapping=obj, values=more)
    if isinstance(obj, set | frozenset):
        base: Any = set if isinstance(obj, set) else frozenset
        return Content(unordered=(base.__name__, base.copy(obj)))
    if isinstance(obj, deque):
        ends = {} if obj.maxlen is None else {"maxlen": obj.maxlen}
        return Content(ends, (("list", deque.__iter__(obj)),))
    for base in (list, tuple):
        if isinstance(obj, base):
            return Content(sequences=((base.__name__, base.__iter__(obj)),))
    if isinstance(obj, words.TEXTS):
        return Content({"text": str(obj)})
    if isinstance(obj, types.MappingProxyType):
        return Content(mapping=dict(obj))
    return None


def _value(obj: Any) -> Content:
    if isinstance(obj, int):
        return Content({"value": int.__int__(obj)})
    if isinstance(obj, str):
        return Content({"value": str.__str__(obj)})
    if isinstance(obj, float):
        return Content({"value": float.__float__(obj)})
    if isinstance(obj, complex):
        exact = complex.__complex__(obj)
        return Content({"complex": [exact.real, exact.imag]})
    return Content(words.of_bytes(memoryview(obj)))


def _of_datetime(obj: Any, kind: type) -> Content | None:
    if isinstance(obj, datetime.datetime):
        iso = datetime.datetime.isoformat(obj)
        if kind.__module__.partition(".")[0] == "pandas":  # a Timestamp has nanoseconds
            iso = obj.isoformat()
        return Content({"datetime": iso}, values=_clock(obj))
    if isinstance(obj, datetime.date):
        return Content({"date": datetime.date.isoformat(obj)})
    if isinstance(obj, datetime.time):
        return Content({"time": datetime.time.isoformat(obj)}, values=_clock(obj))
    if isinstance(obj, datetime.timedelta):
        parts = [obj.days, obj.seconds, obj.microseconds]
        more = getattr(obj, "nanoseconds", 0)  # of a Timedelta of pandas
        return Content({"timedelta": [*parts, more] if more else parts})
    return None


def _clock(obj: Any) -> tuple[tuple[str, Any], ...]:
    fold = (("fold", 1),) if obj.fold else ()
    if obj.tzinfo is None or words.is_plain_offset(obj.tzinfo):
        return fold
    return (*fold, ("tz", obj.tzinfo))


def _of_library(obj: Any, kind: type) -> Content | None:
    """What objects of numpy, pandas and packaging hold, in words that are the same in all of their
    releases.
    """
    top = {str(cls.__module__).partition(".")[0] for cls in kind.__mro__}
    if kind.__module__ == "zoneinfo" and getattr(obj, "key", None):
        return Content({"text": obj.key}, whole=True)
    if "packaging" in top and kind.__module__.startswith("packaging."):
        return Content({"text": str(obj)}, whole=True)
    if "numpy" in top and "numpy" in sys.modules:
        from pickle_migrate.archive import state_numpy

        return state_numpy.content_of(obj)
    if "pandas" in top and "pandas" in sys.modules:
        from pickle_migrate.archive import state_pandas

        return state_pandas.content_of(obj)
    return None


# --- reducers ---------------------------------------------------------------------------------


def _reduced(obj: Any, kind: type) -> Content:
    if hasattr(kind, MARK):
        return _NOTHING
    reducer = copyreg.dispatch_table.get(kind)
    if reducer is None and _is_python(kind) and fields_of(obj, kind):
        return _NOTHING
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reduced: Any = reducer(obj) if reducer else obj.__reduce_ex__(_PROTOCOL)
    except TypeError:  # it cannot be pickled
        return _OPAQUE
    if isinstance(reduced, str):
        return Content({"name": f"{kind.__module__}:{reduced}"})
    return _of_reduced(obj, kind, *reduced)


def _is_python(kind: Any) -> bool:
    """Whether its reducer is Python's default or written in Python."""
    base: Any = object
    method, by_protocol = kind.__reduce__, kind.__reduce_ex__
    return (method is base.__reduce__ or type(method) is types.FunctionType) and (
        by_protocol is base.__reduce_ex__ or type(by_protocol) is types.FunctionType
    )


def _of_reduced(
    obj: Any,
    kind: type,
    function: Any,
    arguments: Any,
    state: Any = None,
    members: Any = None,
    pairs: Any = None,
    setter: Any = None,
) -> Content:
    values: list[tuple[str, Any]] = []
    arguments = list(arguments)
    if function in (copyreg.__newobj__, getattr(copyreg, "__newobj_ex__", None)):  # type: ignore[attr-defined]
        arguments = arguments[1:]
    elif function is not kind:
        values.append(("call", function))
    if state is not None and not _is_told(obj, kind, state):
        values.append(("state", state))
    sequences: list[tuple[str, Iterable[Any]]] = []
    if arguments:
        sequences.append(("args", [None if one is obj else one for one in arguments]))
    if members is not None:
        sequences.append(("list", list(members)))
    mapping = None if pairs is None else dict(pairs)
    return Content(sequences=tuple(sequences), mapping=mapping, values=tuple(values))


def _is_told(obj: Any, kind: type, state: Any) -> bool:
    """Whether a state says no more than the fields."""
    fields = fields_of(obj, kind)
    parts = state if type(state) is tuple and len(state) == 2 else (state,)
    return all(
        part is None
        or (isinstance(part, dict) and all(fields.get(n, fields) is v for n, v in part.items()))
        for part in parts
    )
