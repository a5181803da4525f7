"""Presets: names that pickles of common data types hold, each checked to be harmless.

A name stands here when nothing that a pickle can do with it runs code of others, opens or starts
anything, or takes memory or time beyond what the pickle's own size accounts for; where arguments
could do that, ``policy_checks`` looks at them. No preset imports anything to answer.

What stands here was read from pickles which those libraries wrote, and from their ``__reduce__``
methods: CPython 2.7 and 3.8 to 3.14, numpy 1.16 to 2.4, pandas 1.0 to 3.0.

Left out on purpose: iterators, ``functools.partial``, ``operator``, ``re`` (a pattern may take for
ever to compile), ``random``, ``zoneinfo`` and ``pytz`` (they open files; preset ``zones``).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

CALLED, INSTANTIATED, NAMED = "called", "instantiated", "named"
#: What may be done with a name: be called, be made an instance of, stand as a value, and have items
#: put into what it made.
_ALL = frozenset([CALLED, INSTANTIATED, NAMED])
#: For types that NEWOBJ could give a length; picklers call them, or write opcodes of their own.
_DATA = frozenset([CALLED, NAMED])
_FUNCTION = frozenset([CALLED])
_VALUE = frozenset([NAMED])
FILLED = "filled"
_CONTAINER = _ALL | {FILLED}
#: Picklers make it empty and give it a state; called, it would copy or open what arguments name.
_EMPTY = frozenset([INSTANTIATED, NAMED])

#: Every preset. "registered" has no table: the registry answers for it.
NAMES = ("standard", "numpy", "pandas", "zones", "registered")

Roles = frozenset[str]
_Table = dict[str, dict[str, Roles]]

_STANDARD: _Table = {
    "builtins": {
        "object": _ALL,
        "bool int float complex str bytes tuple frozenset slice range type": _DATA,
        "list dict set bytearray": _DATA | {FILLED},
        "Ellipsis NotImplemented": _VALUE,
    },
    "copyreg": {"_reconstructor __newobj__ __newobj_ex__": _FUNCTION},
    "_codecs": {"encode": _FUNCTION},
    "collections": {
        "OrderedDict defaultdict deque Counter": _CONTAINER,
        "ChainMap UserDict UserList UserString": _ALL,
    },
    "datetime": {"date time datetime timedelta timezone": _ALL},
    "decimal": {"Decimal": _DATA},
    "fractions": {"Fraction": _DATA},
    "uuid": {"UUID SafeUUID": _ALL},
    "ipaddress": {
        "IPv4Address IPv6Address IPv4Network IPv6Network IPv4Interface IPv6Interface": _ALL,
    },
    "pathlib": {"PurePath PurePosixPath PureWindowsPath PosixPath WindowsPath Path": _ALL},
    "pathlib._local": {"PurePath PurePosixPath PureWindowsPath PosixPath WindowsPath Path": _ALL},
    "array": {"array": _DATA | {FILLED}, "_array_reconstructor": _FUNCTION},
    "time": {"struct_time": _ALL},
    "types": {"SimpleNamespace": _ALL, "GenericAlias": _DATA},
    # Generic aliases of typing are pickled as Class[int] is written.
    "_operator": {"getitem": _FUNCTION},
    "typing": {
        "Any Union Optional Callable Literal List Dict Set FrozenSet Tuple Type Iterable Iterator "
        "Sequence MutableSequence Mapping MutableMapping Collection Deque DefaultDict OrderedDict "
        "Counter Hashable Sized": _VALUE,
    },
    # From the first pickle of a class with versions on: what this package itself puts into pickles.
    "pickle_migrate.stamps": {"text_only": _FUNCTION},
}

_SCALARS = (
    "bool_ bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 intc uintc int_ uint longlong "
    "ulonglong float16 float32 float64 longdouble float128 complex64 complex128 clongdouble "
    "complex256 datetime64 timedelta64 str_ bytes_ void object_ record"
)

_NUMPY: _Table = {
    "numpy": {
        "ndarray recarray matrix": _VALUE,
        "dtype": _DATA,
        _SCALARS: _VALUE,
    },
    "numpy.rec": {"recarray record": _VALUE},
    "numpy.matrixlib.defmatrix": {"matrix": _VALUE},
    "numpy.ma.core": {"_mareconstruct": _FUNCTION, "MaskedArray": _VALUE},
    "numpy.ma": {"MaskedArray": _VALUE},
}
for _core in ("numpy.core", "numpy._core"):
    _NUMPY |= {
        f"{_core}.multiarray": {"_reconstruct scalar": _FUNCTION, "ndarray": _VALUE},
        f"{_core}.numeric": {"_frombuffer": _FUNCTION},
        f"{_core}.records": {"recarray record": _VALUE},
    }

_INDEXES = (
    "Index RangeIndex MultiIndex DatetimeIndex TimedeltaIndex PeriodIndex IntervalIndex "
    "CategoricalIndex"
)
_PANDAS_OFFSETS = (
    "Day Hour Minute Second Milli Micro Nano BusinessDay BusinessHour MonthBegin MonthEnd "
    "BusinessMonthBegin BusinessMonthEnd SemiMonthBegin SemiMonthEnd QuarterBegin QuarterEnd "
    "BQuarterBegin BQuarterEnd YearBegin YearEnd BYearBegin BYearEnd Week WeekOfMonth "
    "LastWeekOfMonth FY5253 FY5253Quarter Easter DateOffset CustomBusinessDay "
    "CustomBusinessHour CustomBusinessMonthBegin CustomBusinessMonthEnd"
)
_PANDAS: _Table = {
    # pandas 3 names its classes where users find them.
    "pandas": {
        # An index is made by _new_Index, whose arguments are checked.
        _INDEXES: _VALUE,
        "DataFrame Series Categorical CategoricalDtype DatetimeTZDtype IntervalDtype "
        "SparseDtype": _EMPTY,
        "PeriodDtype StringDtype BooleanDtype Float32Dtype Float64Dtype Int8Dtype Int16Dtype "
        "Int32Dtype Int64Dtype UInt8Dtype UInt16Dtype UInt32Dtype UInt64Dtype": _ALL,
        "Interval Period Timestamp Timedelta": _DATA,
        "DateOffset": _ALL,
        "NA NaT": _VALUE,
    },
    "pandas.arrays": {
        "BooleanArray DatetimeArray TimedeltaArray PeriodArray IntervalArray SparseArray "
        "StringArray FloatingArray IntegerArray NumpyExtensionArray": _EMPTY,
    },
    "pandas.core.frame": {"DataFrame": _EMPTY},
    "pandas.core.series": {"Series": _EMPTY},
    "pandas.core.internals.managers": {"BlockManager SingleBlockManager": _ALL},
    "pandas.core.internals": {"BlockManager SingleBlockManager": _ALL},
    "pandas.core.internals.blocks": {"new_block": _FUNCTION},
    "pandas._libs.internals": {"_unpickle_block": _FUNCTION, "BlockPlacement": _ALL},
    "pandas._libs.arrays": {"__pyx_unpickle_NDArrayBacked": _FUNCTION},
    "pandas._libs.interval": {"Interval": _DATA, "__pyx_unpickle_IntervalMixin": _FUNCTION},
    "pandas._libs.missing": {"NA": _VALUE, "NAType C_NAType": _ALL},
    "pandas._libs.sparse": {"IntIndex BlockIndex": _ALL},
    "pandas._libs.tslibs.nattype": {"__nat_unpickle _nat_unpickle": _FUNCTION},
    "pandas._libs.tslibs.timestamps": {"_unpickle_timestamp": _FUNCTION, "Timestamp": _DATA},
    "pandas._libs.tslibs.timedeltas": {"_timedelta_unpickle": _FUNCTION, "Timedelta": _DATA},
    "pandas._libs.tslibs.period": {"Period": _DATA, "__pyx_unpickle_PeriodMixin": _FUNCTION},
    "pandas._libs.tslibs.offsets": {
        _PANDAS_OFFSETS: _ALL,
    },
    "dateutil.relativedelta": {"relativedelta": _ALL},  # what DateOffset is made of
    "pandas.core.indexes.base": {"Index": _VALUE, "_new_Index": _FUNCTION},
    "pandas.core.indexes.range": {"RangeIndex": _VALUE},
    "pandas.core.indexes.multi": {"MultiIndex": _VALUE},
    "pandas.core.indexes.numeric": {"Int64Index UInt64Index Float64Index NumericIndex": _VALUE},
    "pandas.core.indexes.category": {"CategoricalIndex": _VALUE},
    "pandas.core.indexes.datetimes": {"DatetimeIndex": _VALUE, "_new_DatetimeIndex": _FUNCTION},
    "pandas.core.indexes.timedeltas": {"TimedeltaIndex": _VALUE, "_new_TimedeltaIndex": _FUNCTION},
    "pandas.core.indexes.period": {"PeriodIndex": _VALUE, "_new_PeriodIndex": _FUNCTION},
    "pandas.core.indexes.interval": {"IntervalIndex": _VALUE, "_new_IntervalIndex": _FUNCTION},
    "pandas.core.indexes.frozen": {"FrozenList": _CONTAINER},
    "pandas.api.typing": {"FrozenList": _CONTAINER},
    "pandas.core.arrays.numpy_": {"PandasDtype PandasArray NumpyExtensionArray": _EMPTY},
    "pandas.core.arrays.boolean": {"BooleanArray": _EMPTY, "BooleanDtype": _ALL},
    "pandas.core.arrays.categorical": {"Categorical": _EMPTY},
    "pandas.core.arrays.datetimes": {"DatetimeArray": _EMPTY},
    "pandas.core.arrays.timedeltas": {"TimedeltaArray": _EMPTY},
    "pandas.core.arrays.period": {"PeriodArray": _EMPTY},
    "pandas.core.arrays.interval": {"IntervalArray": _EMPTY},
    "pandas.core.arrays.sparse.array": {"SparseArray": _EMPTY},
    "pandas.core.arrays.sparse.dtype": {"SparseDtype": _EMPTY},
    "pandas.core.arrays.string_": {"StringArray": _EMPTY, "StringDtype": _ALL},
    "pandas.core.arrays.floating": {"FloatingArray Float32Dtype Float64Dtype": _ALL},
    "pandas.core.arrays.integer": {
        "IntegerArray Int8Dtype Int16Dtype Int32Dtype Int64Dtype UInt8Dtype UInt16Dtype "
        "UInt32Dtype UInt64Dtype": _ALL,
    },
    "pandas.core.dtypes.dtypes": {
        "CategoricalDtype DatetimeTZDtype IntervalDtype SparseDtype PandasDtype "
        "NumpyEADtype": _EMPTY,
        "PeriodDtype": _ALL,
    },
    "pytz": {"_UTC": _FUNCTION},
}

_ZONES: _Table = {
    "zoneinfo": {"ZoneInfo ZoneInfo._unpickle": _ALL},
    "zoneinfo._zoneinfo": {"ZoneInfo ZoneInfo._unpickle": _ALL},
    "pytz": {"_UTC _p": _FUNCTION},
    "pytz.tzinfo": {"_FixedOffset": _ALL},
    "dateutil.tz.tz": {"tzutc tzoffset tzlocal tzfile": _ALL},
    "dateutil.tz": {"tzutc tzoffset tzlocal tzfile": _ALL},
}


@functools.cache
def table(name: str) -> Mapping[tuple[str, str], Roles]:
    """What a preset allows: module and qualified name, each with its roles. Imports none of them.

    Raises KeyError for a preset that there is not.
    """
    modules = {
        "standard": _STANDARD | {"builtins": _STANDARD["builtins"] | _exceptions()},
        "numpy": _NUMPY,
        "pandas": _PANDAS,
        "zones": _ZONES,
        "registered": {},
    }[name]
    return {
        (module, qualname): roles
        for module, groups in modules.items()
        for names, roles in groups.items()
        for qualname in names.split()
    }


def _exceptions() -> dict[str, Roles]:
    import builtins

    found = [v for v in vars(builtins).values() if isinstance(v, type)]
    # A group is made of what it is called with.
    groups = {v.__name__ for v in found if issubclass(v, BaseExceptionGroup)}
    plain = {v.__name__ for v in found if issubclass(v, BaseException)} - groups
    aliases = {n for n, v in vars(builtins).items() if v is OSError}
    return {" ".join(sorted(plain | aliases)): _ALL, " ".join(sorted(groups)): _DATA}


#: Classes above whose ``__hash__`` walks what a state gave them.
HASH_THEIR_STATE = frozenset(
    [
        ("uuid", "UUID"),
        ("collections", "UserString"),
        ("dateutil.relativedelta", "relativedelta"),
        ("pandas", "DateOffset"),
        *(("pandas._libs.tslibs.offsets", n) for n in _PANDAS_OFFSETS.split()),
    ]
)
