"""The content of objects that extend a builtin type, read past whatever the class overrides.

Each reader is given an object and fills in a ``Parts``. It calls the builtin's own method, never
the object's. Reads only; runs no user code.
"""

from __future__ import annotations

import array
import collections
import enum
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any, Final

from pickle_migrate.graph_atoms import class_names, is_found, member_key, mro


class Parts:
    """An object taken apart.

    value: what of it is builtin data: an atom, or a tuple of str, int, bytes and such tuples
    fields: attributes by name
    elements, steps: objects by position, and what each is called in a path; None: its index
    pairs, ordered: keys with values, and whether their order counts
    members: objects without order
    by_identity: whether two references to one object differ from references to two equal ones
    """

    __slots__ = (
        "by_identity",
        "elements",
        "fields",
        "members",
        "ordered",
        "pairs",
        "steps",
        "value",
    )

    def __init__(self, value: object = None, *, by_identity: bool = True) -> None:
        self.value = value
        self.fields: dict[str, Any] = {}
        self.elements: Sequence[Any] = ()
        self.steps: Sequence[str] | None = None
        self.pairs: Sequence[tuple[Any, Any]] = ()
        self.ordered = False
        self.members: Sequence[Any] = ()
        self.by_identity = by_identity


PayloadReader = Callable[[Any, Parts], None]

_TYPECODE: Final = vars(array.array)["typecode"].__get__
_MAXLEN: Final = vars(collections.deque)["maxlen"].__get__
_DEFAULT_FACTORY: Final = vars(collections.defaultdict)["default_factory"].__get__


def _read_int(obj: Any, parts: Parts) -> None:
    parts.value = int.__int__(obj)


def _read_float(obj: Any, parts: Parts) -> None:
    parts.value = float.__float__(obj)


def _read_complex(obj: Any, parts: Parts) -> None:
    parts.value = complex.__pos__(obj)


def _read_str(obj: Any, parts: Parts) -> None:
    parts.value = str.__str__(obj)


def _read_bytes(obj: Any, parts: Parts) -> None:
    parts.value = bytes.__bytes__(obj)


def _read_bytearray(obj: Any, parts: Parts) -> None:
    parts.value = bytes(memoryview(obj))


def _read_memoryview(obj: Any, parts: Parts) -> None:
    parts.value = obj.format, obj.shape, obj.tobytes()


def _read_array(obj: Any, parts: Parts) -> None:
    parts.value = _TYPECODE(obj), array.array.tobytes(obj)


def _read_tuple(obj: Any, parts: Parts) -> None:
    parts.elements = tuple(tuple.__iter__(obj))


def _read_list(obj: Any, parts: Parts) -> None:
    parts.elements = tuple(list.__iter__(obj))


def _read_deque(obj: Any, parts: Parts) -> None:
    parts.value = _MAXLEN(obj)
    parts.elements = tuple(collections.deque.__iter__(obj))


def _read_dict(obj: Any, parts: Parts) -> None:
    parts.pairs = tuple(dict.items(obj))


def _read_ordered_dict(obj: Any, parts: Parts) -> None:
    parts.pairs = tuple(collections.OrderedDict.items(obj))
    parts.ordered = True


def _read_defaultdict(obj: Any, parts: Parts) -> None:
    parts.pairs = tuple(dict.items(obj))
    parts.fields["default_factory"] = _DEFAULT_FACTORY(obj)


def _read_set(obj: Any, parts: Parts) -> None:
    parts.members = tuple(set.__iter__(obj))


def _read_frozenset(obj: Any, parts: Parts) -> None:
    parts.members = tuple(frozenset.__iter__(obj))


def _read_class(obj: Any, parts: Parts) -> None:
    # Two that are both not found are copies of one, see graph_atoms.same_class.
    names = class_names(obj)
    parts.value = *names, is_found(obj, *names)


def _read_module(obj: Any, parts: Parts) -> None:
    parts.value = str(vars(types.ModuleType)["__dict__"].__get__(obj).get("__name__"))


def _read_member(obj: Any, parts: Parts) -> None:
    parts.value = member_key(obj)


def _read_function(obj: Any, parts: Parts) -> None:
    """By its name; if that does not lead to it, as with cloudpickle's, by what it does."""
    found = is_found(obj, obj.__module__, obj.__qualname__)
    parts.value = str(obj.__module__), obj.__qualname__, found
    if found:
        return
    cells = [cell.cell_contents for cell in obj.__closure__ or () if _is_filled(cell)]
    parts.elements = (obj.__code__, obj.__defaults__, obj.__kwdefaults__, *cells)
    parts.steps = (".__code__", ".__defaults__", ".__kwdefaults__", *(["(closure)"] * len(cells)))


def _is_filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - raises if there are none
    except ValueError:
        return False
    return True


def _read_method(obj: Any, parts: Parts) -> None:
    parts.elements, parts.steps = (obj.__func__, obj.__self__), (".__func__", ".__self__")


def _read_builtin_function(obj: Any, parts: Parts) -> None:
    parts.value = str(obj.__qualname__)
    if not isinstance(obj.__self__, types.ModuleType):
        parts.elements, parts.steps = (obj.__self__,), (".__self__",)


def _read_ndarray(obj: Any, parts: Parts) -> None:
    array_type = sys.modules["numpy"].ndarray
    dtype, shape = (vars(array_type)[name].__get__(obj) for name in ("dtype", "shape"))
    layout = dtype.str, str(dtype), shape
    if dtype.hasobject or dtype.kind in "OT":
        parts.value = layout
        flat = array_type.ravel(obj).view(array_type)
        parts.elements = tuple(array_type.tolist(flat))
    else:
        parts.value = *layout, array_type.tobytes(obj)


def _read_masked(obj: Any, parts: Parts) -> None:
    """A masked array has no fill value until it was read from a pickle, and the same one then."""
    masked = sys.modules["numpy.ma"]
    parts.elements = masked.getdata(obj), masked.getmaskarray(obj), obj.fill_value
    parts.steps = ".data", ".mask", ".fill_value"


_PAYLOADS: Final[dict[int, PayloadReader]] = {
    id(kind): reader
    for kind, reader in (
        (int, _read_int),
        (float, _read_float),
        (complex, _read_complex),
        (str, _read_str),
        (bytes, _read_bytes),
        (bytearray, _read_bytearray),
        (memoryview, _read_memoryview),
        (array.array, _read_array),
        (tuple, _read_tuple),
        (list, _read_list),
        (collections.deque, _read_deque),
        (collections.OrderedDict, _read_ordered_dict),
        (collections.defaultdict, _read_defaultdict),
        (dict, _read_dict),
        (set, _read_set),
        (frozenset, _read_frozenset),
        (type, _read_class),
        (types.ModuleType, _read_module),
        (types.FunctionType, _read_function),
        (types.MethodType, _read_method),
        (types.BuiltinFunctionType, _read_builtin_function),
    )
}


def payload_reader(kind: type) -> PayloadReader | None:
    """What reads the builtin content of a type's instances; None if it extends no builtin.

    Knows numpy's arrays if numpy is imported, and does not import it.
    """
    if issubclass(kind, enum.Enum):
        return _read_member
    numpy, masked = sys.modules.get("numpy"), sys.modules.get("numpy.ma")
    for cls in mro(kind):
        reader = _PAYLOADS.get(id(cls))
        if reader is not None:
            return reader
        if masked is not None and cls is getattr(masked, "MaskedArray", None):
            return _read_masked
        if numpy is not None and cls is getattr(numpy, "ndarray", None):
            return _read_ndarray
    return None


#: Readers of what a pickle names and does not hold.
NAMED: Final = frozenset({_read_class, _read_module, _read_member})
#: Readers of immutable content: nobody can tell whether such an object is shared, unless it has
#: attributes beside it.
IMMUTABLE: Final = frozenset(
    {_read_int, _read_float, _read_complex, _read_str, _read_bytes, _read_tuple, _read_frozenset}
)
#: Readers of objects that are made anew at each access, so that nobody keeps them apart.
FLEETING: Final = frozenset({_read_method, _read_builtin_function, _read_memoryview})
#: Readers whose parts are objects made for the purpose.
MAKES_PARTS: Final = frozenset({_read_ndarray, _read_masked})
#: Readers that know better than the class's own reducers.
PREFERRED: Final = frozenset({_read_masked})
