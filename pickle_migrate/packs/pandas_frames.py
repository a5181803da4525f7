"""Frames and series of pandas: how their blocks are kept; and the classes that are gone.

Sources: pandas/core/internals/managers.py of 1.0 to 3.1, pandas/core/internals.py of 0.13,
pandas/_libs/internals.pyx (``_unpickle_block``), pandas/core/sparse/ of 0.20 to 0.25 and
pandas/core/panel.py of 0.13 to 0.24.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pickle_migrate.errors import ForeignError
from pickle_migrate.foreign.view import View
from pickle_migrate.packs import arrays
from pickle_migrate.packs.pandas_offsets import RULES
from pickle_migrate.packs.pandas_values import by_new, is_reconstructed
from pickle_migrate.shims_classes import Shim
from pickle_migrate.shims_types import ShimType

_MANAGERS: Final = "pandas.core.internals.managers"
_BLOCK: Final = "pandas._libs.internals:_unpickle_block"
_FORMAT: Final = "0.14.1"
_FRAME: Final = "pandas.core.frame:DataFrame"
_SERIES: Final = "pandas.core.series:Series"
_STATE: Final = 3

# --- blocks ---------------------------------------------------------------------------------------


def _has_partial(view: View) -> bool:
    """Whether its blocks are made by a partial call, as 1.3 does."""
    given: Any = view.args[0] if view.args else None
    blocks = given if type(given) in (tuple, list) else (given,)
    return any(_ndim_of(block) is not None for block in blocks)


def _ndim_of(block: Any) -> int | None:
    partial = block.callee if isinstance(block, Shim) else None
    if not isinstance(partial, Shim) or type(partial.state) is not tuple:
        return None
    function, _, given, *_rest = partial.state
    if isinstance(function, ShimType) and function.ref.qualname == "new_block":
        return int(given.get("ndim", 2))
    return None


def _without_partial(view: View) -> Any:
    blocks, *rest = view.args
    if type(blocks) in (tuple, list):
        new: Any = type(blocks)(_block(view, one) for one in blocks)
    else:
        new = _block(view, blocks)
    return view.make(str(view.written), new, *rest)


def _block(view: View, block: Any) -> Any:
    ndim = _ndim_of(block)
    return block if ndim is None else view.make(_BLOCK, *block.args[:2], ndim)


def _is_before_0141(view: View) -> bool:
    """Whether its state has no part that later releases read."""
    state = view.state
    return (
        type(state) is tuple
        and len(state) >= _STATE
        and not (len(state) > _STATE and type(state[3]) is dict and _FORMAT in state[3])
    )


def _with_places(view: View) -> None:
    """The blocks with their places among the items, instead of the items that they are of."""
    axes, values, items = view.state[:_STATE]
    names = _labels(view, axes[0])
    blocks, taken = [], set[int]()
    for value, own in zip(values, items, strict=True):
        places = _places(names, _labels(view, own), taken)
        taken.update(places)
        blocks.append({"values": value, "mgr_locs": arrays.numbers_array(view, "i8", places)})
    view.state = (*view.state[:_STATE], {_FORMAT: {"axes": axes, "blocks": blocks}})


def _places(names: list[Any], own: list[Any], taken: set[int]) -> list[int]:
    found: list[int] = []
    for label in own:
        known = taken.union(found)
        found.append(next(at for at, one in enumerate(names) if one == label and at not in known))
    return found


def _labels(view: View, index: Any) -> list[Any]:
    """The labels of an index, as far as they can be told without making it."""
    described = index.args[1] if isinstance(index, Shim) and len(index.args) == 2 else None
    if type(described) is dict:
        if "levels" in described:
            codes = [arrays.array_of(one) for one in described["codes"]]
            return list(zip(*(one.numbers() or [] for one in codes if one), strict=True))
        if "start" in described:
            return list(range(described["start"], described["stop"], described.get("step", 1)))
        array = arrays.array_of(described.get("data"))
        found = array.data if array and isinstance(array.data, list) else None
        numbers = array.numbers() if array and found is None else found
        if numbers is None and array and array.dtype.text[:1] in "Mm" and array.data:
            numbers = [array.data[at : at + 8] for at in range(0, len(array.data), 8)]
        if numbers is not None:
            return [arrays.scalar_of(one) if isinstance(one, Shim) else one for one in numbers]
    raise ForeignError(
        str(view.written),
        "its blocks are told by labels which cannot be read without loading them",
        "Load it with pandas 0.25, and pickle it again there.",
    )


def _manager(view: View) -> Any:
    if _has_partial(view):
        return _without_partial(view)
    if _is_before_0141(view):
        _with_places(view)
    return by_new(view) if is_reconstructed(view) else None


RULES.anew(
    _manager,
    f"{_MANAGERS}:BlockManager",
    f"{_MANAGERS}:SingleBlockManager",
    needed=lambda view: _has_partial(view) or _is_before_0141(view) or is_reconstructed(view),
)


def _with_field(view: View) -> None:
    """Until 0.13 the blocks were the state itself."""
    view.state = {"_data": view.state, "_typ": "dataframe", "_metadata": []}


@RULES.of(_FRAME, _SERIES)
def _kind(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """What it is, in a word, since 0.14."""
    if "_typ" not in state and ("_data" in state or "_mgr" in state):
        yield "_typ", "series" if view.ref.qualname == "Series" else "dataframe"


RULES.anew(_with_field, _FRAME, needed=lambda view: isinstance(view.state, Shim))

# --- series that were arrays ----------------------------------------------------------------------


def new_series(view: View, values: Any, index: Any, name: Any) -> Any:
    """A series of one block."""
    places = view.make("builtins:slice", 0, _length(values), 1)
    described = {"axes": [index], "blocks": [{"values": values, "mgr_locs": places}]}
    state = ([index], [values], [index], {_FORMAT: described})
    manager = view.make(f"{_MANAGERS}:SingleBlockManager", state=state, new=True)
    fields = {"_data": manager, "_typ": "series", "_metadata": ["name"], "name": name}
    return view.make(_SERIES, state=fields, new=True)


def _length(values: Any) -> int:
    array = arrays.array_of(values)
    if array is not None:
        return array.shape[0]
    place = values.fields.get("_sparse_index") if isinstance(values, Shim) else None
    return int(place.args[0]) if isinstance(place, Shim) else 0


def old_series(view: View, data: Any, own: Any) -> Any:
    """A series from before 0.13: its index, and its name, beside its values."""
    return new_series(view, data, own[0], own[1] if len(own) > 1 else None)


# --- sparse ---------------------------------------------------------------------------------------


def sparse_array(view: View, values: Any, own: Any) -> Any:
    """A sparse array from before 0.24, which was an array of the values that are there."""
    fill, places = own[:2]
    dtype = arrays.dtype_in(values)
    state: dict[str, Any] = {
        "_sparse_index": places,
        "_sparse_values": values,
        "_dtype": view.make(
            "pandas.core.dtypes.dtypes:SparseDtype",
            state={"_dtype": dtype, "_fill_value": fill},
            new=True,
        ),
    }
    return view.make("pandas.core.arrays.sparse.array:SparseArray", state=state, new=True)


_SPARSE_MODULES: Final = ("pandas.core.sparse", "pandas.sparse")


def _dense_class(ref: str) -> Any:
    def make(view: View) -> Any:
        """The class for all columns and series, of which some are sparse."""
        state = dict(view.fields)
        if "series" in state:
            return _frame_of_series(view, state)
        keep = {name: state[name] for name in ("_data", "_mgr", "name", "_name") if name in state}
        kind = "series" if ref == _SERIES else "dataframe"
        metadata = ["name"] if ref == _SERIES else []
        return view.make(ref, state={**keep, "_typ": kind, "_metadata": metadata}, new=True)

    return make


def _frame_of_series(view: View, state: dict[Any, Any]) -> Any:
    """A sparse frame from before 0.13.1: a dict of its columns."""
    columns, index = state["columns"], state.get("index")
    pairs = state["series"]
    blocks, names = [], _labels(view, columns)
    for at, name in enumerate(names):
        values = pairs[name]
        if isinstance(values, Shim) and "_data" in values.fields:
            values = values.fields["_data"].state[1][0]
        places = view.make("builtins:slice", at, at + 1, 1)
        blocks.append({"values": values, "mgr_locs": places})
    return new_frame(view, columns, index, blocks)


def new_frame(view: View, columns: Any, index: Any, blocks: list[dict[str, Any]]) -> Any:
    """A frame of blocks."""
    axes = [columns, index]
    described = {"axes": axes, "blocks": blocks}
    values = [one["values"] for one in blocks]
    state = (axes, values, list[Any](), {_FORMAT: described})
    manager = view.make(f"{_MANAGERS}:BlockManager", state=state, new=True)
    fields = {"_data": manager, "_typ": "dataframe", "_metadata": []}
    return view.make(_FRAME, state=fields, new=True)


for _module in _SPARSE_MODULES:
    RULES.anew(_dense_class(_SERIES), f"{_module}.series:SparseSeries")
    RULES.anew(_dense_class(_SERIES), f"{_module}.series:SparseTimeSeries")
    RULES.anew(_dense_class(_FRAME), f"{_module}.frame:SparseDataFrame")

# --- panels ---------------------------------------------------------------------------------------


def _manager_of(view: View) -> Any:
    """Its blocks: in a field, or, until 0.13, its state itself."""
    state = view.fields.get("_data", view.state)
    return state if isinstance(state, Shim) and type(state.state) is tuple else None


def _frames_of_panel(view: View) -> Any:
    """A dict of frames, item by item, as ``dict(panel)`` gave them."""
    manager = _manager_of(view)
    described = manager.state[3][_FORMAT]
    items, major, minor = described["axes"]
    names = _labels(view, items)
    parts: dict[int, list[dict[str, Any]]] = {}
    for block in described["blocks"]:
        places = _span(block["mgr_locs"])
        for at, values in zip(places, _slices(view, block["values"]), strict=True):
            parts.setdefault(at, []).append(values)
    return {
        arrays.text(name): new_frame(view, minor, major, parts[at]) for at, name in enumerate(names)
    }


def _span(places: Any) -> list[int]:
    array = arrays.array_of(places)
    if array is not None:
        return list(array.numbers() or [])
    return list(range(*(int(arrays.scalar_of(one)) for one in places.args)))


def _slices(view: View, values: Any) -> list[dict[str, Any]]:
    """Each item's values, as the columns of its frame: the same bytes, in the other order."""
    array = arrays.array_of(values)
    if array is None or len(array.shape) != 3 or array.fortran:
        raise ForeignError(str(view.written), "a panel with values of another kind")
    count, high, wide = array.shape
    dtype = arrays.dtype_in(values)
    size = high * wide * (1 if isinstance(array.data, list) else array.dtype.size)
    found = []
    for at in range(count):
        data = array.data[at * size : (at + 1) * size]
        part = arrays.new_array(view, dtype, (wide, high), data, fortran=True)
        places = view.make("builtins:slice", 0, wide, 1)
        found.append({"values": part, "mgr_locs": places})
    return found


for _name in ("Panel", "WidePanel", "LongPanel"):
    RULES.anew(
        _frames_of_panel,
        f"pandas.core.panel:{_name}",
        needed=lambda view: _manager_of(view) is not None,
    )
