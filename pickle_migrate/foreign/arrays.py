"""NumPy's arrays as stand-ins: read and made without NumPy.

Sources: numpy/core/src/multiarray/methods.c (``array_reduce``, ``array_setstate``),
numpy/core/src/multiarray/descriptor.c (``arraydescr_reduce``), numpy/_core/numeric.py
(``_frombuffer``), releases 1.6 to 2.4.
"""

from __future__ import annotations

import codecs
from typing import Any, Final

import attrs

from pickle_migrate.shims_classes import Shim
from pickle_migrate.shims_types import ShimType
from pickle_migrate.shims_world import World

_MODULES: Final = frozenset(["numpy.core", "numpy._core"])
_PLAIN: Final = frozenset(["ndarray", "matrix"])
# NPY_ITEM_HASOBJECT is NPY_ITEM_REFCOUNT, bit 0 of a dtype's flags.
_HAS_OBJECT: Final = 1


@attrs.frozen(eq=False)
class Array:
    """An array of a pickle. ``subclass`` and ``dtype`` are stand-ins. ``data`` are its bytes, in
    Fortran's order with ``is_fortran``; None for an array of objects, whose ``objects`` they are.
    """

    subclass: Any
    dtype: Any
    shape: tuple[int, ...]
    data: bytes | None = attrs.field(repr=False)
    objects: list[Any] | None = attrs.field(default=None, repr=False)
    is_fortran: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it is NumPy's own array or matrix, rather than of a subclass."""
        cls = self.subclass
        if not isinstance(cls, ShimType):
            return False
        return cls.ref.module.partition(".")[0] == "numpy" and cls.ref.qualname in _PLAIN


def made(
    world: World,
    subclass: Any,
    dtype: Any,
    shape: tuple[int, ...],
    data: bytes,
    *,
    is_fortran: bool = False,
) -> Any:
    """The stand-in of an array, as NumPy pickles it below protocol 5."""
    reconstruct = world.find("numpy.core.multiarray", "_reconstruct")
    array: Shim = Shim.__new__(reconstruct, subclass, (0,), b"b")
    array._how = reconstruct
    array.state = (1, shape, dtype, is_fortran, data)
    return array


def read(shim: Shim) -> Array | None:
    """The array that a stand-in stands for; None if it is none, or made in another way."""
    ref = shim.ref
    package, _, module = ref.module.rpartition(".")
    if package not in _MODULES:
        return None
    if module == "multiarray" and ref.qualname == "_reconstruct":
        return _reconstructed(shim)
    if module == "numeric" and ref.qualname == "_frombuffer":
        return _from_buffer(shim)
    return None


def _reconstructed(shim: Shim) -> Array | None:
    state = shim.state
    if len(shim.args) != 3 or type(state) is not tuple or len(state) != 5:
        return None
    _, shape, dtype, is_fortran, data = state
    if type(data) is list:
        return Array(shim.args[0], dtype, shape, None, data, bool(is_fortran))
    raw = bytes_of(data)
    if raw is None or has_objects(dtype):
        return None
    return Array(shim.args[0], dtype, shape, raw, None, bool(is_fortran))


def _from_buffer(shim: Shim) -> Array | None:
    if len(shim.args) != 4:
        return None
    data, dtype, shape, order = shim.args
    raw = bytes_of(data)
    if raw is None:
        return None
    return Array(type(shim)._world.find("numpy", "ndarray"), dtype, shape, raw, None, order == "F")  # type: ignore[attr-defined]


def bytes_of(data: Any) -> bytes | None:
    """Bytes of a pickle: themselves, or as they are written below protocol 3."""
    if isinstance(data, bytes | bytearray):
        return bytes(data)
    if not isinstance(data, Shim):
        return None
    if str(data.ref) == "_codecs:encode" and len(data.args) == 2 and type(data.args[0]) is str:
        encoding = data.args[1]
        name = encoding.decode() if type(encoding) is bytes else str(encoding)
        if codecs.lookup(name).name == "iso8859-1":
            return data.args[0].encode("latin1")
    if data.ref.qualname in ("bytes", "bytearray") and not data.args:
        return b""
    return None


def has_objects(dtype: Any) -> bool:
    """Whether items of a dtype, given as a stand-in, are or hold Python objects."""
    if not isinstance(dtype, Shim):
        return True
    code = dtype.args[0] if dtype.args else ""
    text = code.decode() if type(code) is bytes else str(code)
    if text.lstrip("<>|=")[:1] == "O":
        return True
    state = dtype.state
    flags = state[7] if type(state) is tuple and len(state) > 7 else 0
    return type(flags) is int and bool(flags & _HAS_OBJECT)
