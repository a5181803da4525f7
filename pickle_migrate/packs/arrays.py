"""NumPy arrays in graphs of stand-ins: what a pickle says of one, and new ones.

Sources: numpy/_core/src/multiarray/methods.c (``array_reduce``: version, shape, dtype, order, bytes
or list), descriptor.c (``arraydescr_reduce``), and numpy/_core/numeric.py (``_frombuffer``, of
protocol 5). The names of modules are those of NumPy 1 or 2, as the pickle spells them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from typing import Any, Final

import attrs

from pickle_migrate.foreign.arrays import bytes_of
from pickle_migrate.foreign.view import View
from pickle_migrate.shims_classes import Shim

_MAKERS: Final = ("_reconstruct", "_frombuffer")
_CODES: Final = {
    **dict(zip(("i1", "i2", "i4", "i8"), "bhiq", strict=True)),
    **dict(zip(("u1", "u2", "u4", "u8"), "BHIQ", strict=True)),
    **dict(zip(("f2", "f4", "f8", "b1"), "efd?", strict=True)),
}


@attrs.frozen
class Dtype:
    """``text``: as "f8", "O8", "V64". ``order``: "<", ">", "|". ``fields``: name, dtype, offset."""

    text: str
    order: str
    size: int
    fields: tuple[tuple[str, Dtype, int], ...] = ()

    @property
    def code(self) -> str | None:
        """Its items for ``struct``; None for what is no number."""
        letter = _CODES.get(self.text)
        return None if letter is None else (">" if self.order == ">" else "<") + letter

    @property
    def has_objects(self) -> bool:
        """Whether its items are objects, so that an array of it holds a list."""
        return self.text.startswith("O")


@attrs.frozen
class Array:
    """An array: ``data`` is its bytes, or the list of its objects."""

    dtype: Dtype
    shape: tuple[int, ...]
    data: bytes | list[Any]
    fortran: bool = False

    def numbers(self) -> list[Any] | None:
        """Its numbers, in the order of its bytes; None if they are none."""
        code = self.dtype.code
        if code is None or not isinstance(self.data, bytes):
            return None
        return [item for (item,) in struct.iter_unpack(code, self.data)]

    def rows(self, *names: str) -> list[tuple[Any, ...]] | None:
        """Some fields of each item of a structured array; None if it is none, or lacks one."""
        known = {name: (dtype, at) for name, dtype, at in self.dtype.fields}
        if not isinstance(self.data, bytes) or not all(name in known for name in names):
            return None
        columns = []
        for name in names:
            dtype, at = known[name]
            if dtype.code is None:
                return None
            unpack = struct.Struct(dtype.code).unpack_from
            size = self.dtype.size
            columns.append([unpack(self.data, n + at)[0] for n in range(0, len(self.data), size)])
        return list(zip(*columns, strict=True))


# --- reading --------------------------------------------------------------------------------------


def raw(value: Any) -> bytes | None:
    """Bytes as a pickle has them: as they are, as a text of Python 2 that was read as Latin-1, or
    as the calls by which protocols below 3 write them.
    """
    if isinstance(value, str):
        return value.encode("latin-1")
    return bytes_of(value)


def text(value: Any) -> Any:
    """A text that may be an 8-bit string of Python 2."""
    return value.decode("latin-1") if isinstance(value, bytes) else value


def is_array(value: Any) -> bool:
    """Whether a value is the stand-in of an array."""
    return isinstance(value, Shim) and value.ref.qualname in _MAKERS


def array_of(value: Any) -> Array | None:
    """What a stand-in says of its array; None for anything else, and for what is not understood."""
    if not is_array(value):
        return None
    if value.ref.qualname == "_frombuffer":
        return _from_buffer(value)
    state = value.state
    if type(state) is not tuple or len(state) != 5:
        return None
    dtype = dtype_of(state[2])
    data = state[4] if type(state[4]) is list else raw(state[4])
    if dtype is None or data is None:
        return None
    return Array(dtype, tuple(state[1]), data, bool(state[3]))


def _from_buffer(value: Shim) -> Array | None:
    if len(value.args) != 4:
        return None
    buffer, described, shape, order = value.args
    dtype, data = dtype_of(described), raw(buffer)
    if dtype is None or data is None:
        return None
    shape = shape if isinstance(shape, tuple) else (shape,)
    return Array(dtype, shape, data, order == "F")


def dtype_of(value: Any) -> Dtype | None:
    """What a stand-in says of its dtype; None for anything else."""
    if not isinstance(value, Shim) or value.ref.qualname != "dtype" or not value.args:
        return None
    name, state = text(value.args[0]), value.state
    if not isinstance(name, str):
        return None
    if name[:1] in "<>|=":
        name = name[1:]
    if type(state) is not tuple or len(state) < 7:
        return Dtype(name, "|", _size(name))
    order = text(state[1])
    if state[3] is None or state[4] is None:
        return Dtype(name, order, state[5] if state[5] >= 0 else _size(name))
    fields = {text(key): given for key, given in _items(state[4])}
    found = []
    for field in map(text, state[3]):
        inner = dtype_of(fields[field][0])
        if inner is None:
            return None
        found.append((field, inner, fields[field][1]))
    return Dtype(name, order, state[5], tuple(found))


def _items(fields: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(fields, Shim):  # a mappingproxy, by way of a call
        return fields.pairs
    found: Iterable[tuple[Any, Any]] = fields.items()
    return found


def _size(name: str) -> int:
    digits = name[1:]
    size = int(digits) if digits.isdigit() else 1
    return 4 * size if name[:1] == "U" else size


# --- writing --------------------------------------------------------------------------------------


def new_dtype(view: View, name: str) -> Any:
    """A stand-in for the dtype of numbers or objects: ``f8``, ``i8``, ``u1``, ``O8``."""
    order = "|" if name in ("u1", "i1", "b1", "O8") else "<"
    flags = 63 if name == "O8" else 0
    state = (3, order, None, None, None, -1, -1, flags)
    return view.make("numpy:dtype", name, False, True, state=state)


def new_record_dtype(view: View, fields: Sequence[tuple[str, str, int]], size: int) -> Any:
    """A stand-in for a structured dtype, of name, dtype and offset of each field."""
    known = {name: new_dtype(view, name) for name in {code for _, code, _ in fields}}
    state = (
        *(3, "|", None, tuple(name for name, _, _ in fields)),
        {name: (known[code], at) for name, code, at in fields},
        *(size, 1, 16),
    )
    return view.make("numpy:dtype", f"V{size}", False, True, state=state)


def new_array(
    view: View, dtype: Any, shape: tuple[int, ...], data: bytes | list[Any], fortran: bool = False
) -> Any:
    """A stand-in for an array, under the names that NumPy 1 and 2 both know."""
    ndarray = view.name("numpy:ndarray")
    made = view.make("numpy.core.multiarray:_reconstruct", ndarray, (0,), b"b")
    made.state = (1, shape, dtype, fortran, data)
    return made


def numbers_array(view: View, name: str, numbers: Sequence[Any], shape: Any = None) -> Any:
    """An array of numbers, in C order."""
    data = struct.pack(f"<{len(numbers)}{_CODES[name]}", *numbers)
    return new_array(view, new_dtype(view, name), shape or (len(numbers),), data)


def scalar_of(value: Any) -> Any:
    """The number that a NumPy scalar's stand-in stands for; plain numbers as they are."""
    if not isinstance(value, Shim):
        return value
    if value.ref.qualname != "scalar" or len(value.args) != 2:
        array = array_of(value)
        numbers = None if array is None else array.numbers()
        return numbers[0] if numbers is not None and len(numbers) == 1 else None
    dtype, data = dtype_of(value.args[0]), raw(value.args[1])
    if dtype is None or dtype.code is None or data is None:
        return None
    return struct.unpack(dtype.code, data)[0]


def count(shape: Iterable[int]) -> int:
    """How many items an array of a shape has."""
    return math.prod(shape)


def as_text(view: View, array: Array) -> Any:
    """An array of bytes as one of texts, each byte a character of Latin-1."""
    width = max(array.dtype.size, 1)
    data = array.data if isinstance(array.data, bytes) else b""
    name = f"U{width}"
    dtype = view.make("numpy:dtype", name, False, True)
    dtype.state = (3, "<", None, None, None, 4 * width, 4, 8)
    return new_array(view, dtype, array.shape, data.decode("latin-1").encode("utf-32-le"))


def dtype_in(value: Any) -> Any:
    """The stand-in of an array's dtype; None where it is not told."""
    if value.ref.qualname == "_frombuffer":
        return value.args[1]
    return value.state[2] if type(value.state) is tuple and len(value.state) > 2 else None
