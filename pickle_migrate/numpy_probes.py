"""Stand-ins for what numpy's pickles call, which look at shapes, dtypes and data and make nothing.

numpy gives an array its shape, dtype and data as a state, after the array was made. Two things can
go wrong there: an array of objects is allocated by its shape before its items are counted, and a
dtype takes its flags and offsets as they come, so that bytes pass for pointers. So the state has to
be consistent in itself. What numpy 1.16 to 2.4 write is (numpy/core/src/multiarray/descriptor.c
and methods.c, arraydescr_setstate and array_setstate).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from pickle_migrate.policy_checks import Refused

_TYPE: Final = re.compile(r"[|<>=]?([?biufcSUVOMm])(\d{0,10})")
# Flags of a dtype that make its bytes pointers to objects (NPY_ITEM_REFCOUNT, NPY_LIST_PICKLE,
# NPY_ITEM_IS_POINTER).
_POINTERS: Final = 0x07
_FROM_FIELDS: Final = 0x03
_LARGEST_ITEM: Final = 1 << 30
_MOST_DIMENSIONS: Final = 64


def _require_size(size: int) -> None:
    if size > _LARGEST_ITEM:
        raise Refused("is a dtype whose items are larger than any data")


class Dtype:
    """Stands for a dtype: how large an item is, and whether it holds objects."""

    def __init__(self, text: Any = None, *_: Any) -> None:
        # A record dtype names the class of its items instead.
        found = _TYPE.fullmatch(text) if isinstance(text, str) else None
        if found is None and not isinstance(text, type):
            raise Refused("is called with something that is no dtype")
        self.kind = found[1] if found else "V"
        self.size = int(found[2] or 1) if found else 0
        if self.kind == "U":
            self.size *= 4
        _require_size(self.size)
        self.objects = self.kind == "O"

    def __setstate__(self, state: Any) -> None:
        if type(state) is not tuple or len(state) not in (8, 9) or state[0] not in (3, 4):
            raise Refused("is a dtype with a state that numpy does not write")
        _, _, base, names, fields, size, _, flags = state[:8]
        if not isinstance(size, int) or not isinstance(flags, int):
            raise Refused("is a dtype with a size or flags that are no numbers")
        if self.kind in "SUV" and size >= 0:
            self.size = size
            _require_size(size)
        if base is not None:
            self._take_base(base)
        if fields is not None or names is not None:
            self._take_fields(fields, names)
        has = flags & _POINTERS
        if fields and has and not self.objects:
            # A selection of fields keeps the flags of what it was selected from.
            self.objects = has & _FROM_FIELDS == _FROM_FIELDS
        if bool(has) is not self.objects or (self.objects and has & _FROM_FIELDS != _FROM_FIELDS):
            raise Refused("is a dtype whose flags say something else than its type on objects")

    def _take_base(self, base: Any) -> None:
        if type(base) is not tuple or len(base) != 2 or not isinstance(base[0], Dtype):
            raise Refused("is a dtype made of something that is no dtype")
        shape = base[1] if type(base[1]) is tuple else (base[1],)
        if self.kind != "V" or count_of(shape) * base[0].size != self.size:
            raise Refused("is a dtype whose parts do not add up to its size")
        self.objects = base[0].objects

    def _take_fields(self, fields: Any, names: Any) -> None:
        if type(fields) is not dict or type(names) is not tuple or self.kind != "V":
            raise Refused("is a dtype with fields that numpy does not write")
        for field in fields.values():
            is_pair = type(field) is tuple and len(field) in (2, 3)
            if not is_pair or not isinstance(field[0], Dtype) or not isinstance(field[1], int):
                raise Refused("is a dtype with a field that is no dtype and offset")
            if field[1] < 0 or field[1] + field[0].size > self.size:
                raise Refused("is a dtype with a field outside of its items")
            self.objects = self.objects or field[0].objects


def count_of(shape: Any) -> int:
    """How many items a shape has. Raises Refused for what is no shape."""
    if type(shape) is not tuple or len(shape) > _MOST_DIMENSIONS:
        raise Refused("has a shape that is none")
    count = 1
    for size in shape:
        if type(size) is not int or not 0 <= size < 1 << 63:
            raise Refused("has a shape that is none")
        count *= size
    return count


def _require_data(shape: Any, dtype: Any, data: Any) -> None:
    if not isinstance(dtype, Dtype):
        raise Refused("has a dtype that is none")
    count = count_of(shape)
    if type(data) is list:
        if not dtype.objects or len(data) != count:
            raise Refused(f"has {len(data)} objects where its shape says {count}")
    elif not isinstance(data, bytes | bytearray | str):
        raise Refused("has data that are no bytes")
    elif dtype.objects or len(data) != count * dtype.size:
        raise Refused(f"has {len(data)} bytes of data where its shape says {count * dtype.size}")


class Array:
    """Stands for an array that waits for its state."""

    _at = 1

    def __setstate__(self, state: Any) -> None:
        if type(state) is not tuple or len(state) < 4:
            raise Refused("is an array with a state that numpy does not write")
        at = self._at if len(state) > 4 else 0
        shape, dtype, _, data = state[at : at + 4]
        _require_data(shape, dtype, data)


def _reconstruct(*args: Any) -> Array:
    if len(args) != 3 or args[1] != (0,):
        raise Refused("is called with another shape than the empty one")
    return Array()


def _mareconstruct(*args: Any) -> Array:
    if len(args) != 4 or args[2] != (0,):
        raise Refused("is called with another shape than the empty one")
    return Array()


def _scalar(*args: Any) -> object:
    if len(args) != 2 or not isinstance(args[0], Dtype):
        raise Refused("is called with something else than a dtype and its bytes")
    if args[0].kind == "V" and isinstance(args[1], Array):
        return object()  # items with objects stand in an array of one
    _require_data((), args[0], args[1])
    return object()


def _frombuffer(*args: Any) -> object:
    if len(args) < 3 or not isinstance(args[1], Dtype) or args[1].objects:
        raise Refused("is called with something else than bytes, a dtype and a shape")
    shape = args[2] if type(args[2]) is tuple else (args[2],)
    if count_of(shape) * args[1].size > memoryview(args[0]).nbytes:
        raise Refused("is called with a shape that is larger than its data")
    return object()


#: The probes by module and qualified name.
PROBES: Final[Mapping[tuple[str, str], Callable[..., Any]]] = {
    ("numpy", "dtype"): Dtype,
    ("numpy.ma.core", "_mareconstruct"): _mareconstruct,
    **{
        (f"{core}.{module}", name): probe
        for core in ("numpy.core", "numpy._core")
        for module, name, probe in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _frombuffer),
        )
    },
}
