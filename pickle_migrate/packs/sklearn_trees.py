"""Trees of scikit-learn: nodes of another layout, and values that are shares, no longer counts.

Sources: sklearn/tree/_tree.pyx (``NODE_DTYPE``, ``__setstate__``) of 0.19, 1.2, 1.3 and 1.9;
sklearn/ensemble/_hist_gradient_boosting/common.pyx (``PREDICTOR_RECORD_DTYPE``) of 0.21 to 1.9.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any, Final

from pickle_migrate.foreign.view import View
from pickle_migrate.packs import arrays
from pickle_migrate.packs.arrays import Array
from pickle_migrate.packs.sklearn_estimators import RULES

#: Name, type, offset; 64 bytes, of which the last seven are padding.
_NODE: Final = (
    ("left_child", "i8", 0),
    ("right_child", "i8", 8),
    ("feature", "i8", 16),
    ("threshold", "f8", 24),
    ("impurity", "f8", 32),
    ("n_node_samples", "i8", 40),
    ("weighted_n_node_samples", "f8", 48),
    ("missing_go_to_left", "u1", 56),
)
_NODE_PACK: Final = struct.Struct("<qqqddqdB7x")
_HIST: Final = (
    ("value", "f8", 0),
    ("count", "u4", 8),
    ("feature_idx", "i8", 12),
    ("num_threshold", "f8", 20),
    ("missing_go_to_left", "u1", 28),
    ("left", "u4", 29),
    ("right", "u4", 33),
    ("gain", "f8", 37),
    ("depth", "u4", 45),
    ("is_leaf", "u1", 49),
    ("bin_threshold", "u1", 50),
    ("is_categorical", "u1", 51),
    ("bitset_idx", "u4", 52),
)
_HIST_PACK: Final = struct.Struct("<dIqdBIIdIBBBI")
_MISSING: Final = "missing_go_to_left"


# --- trees of decisions ---------------------------------------------------------------------------


@RULES.of("sklearn.tree._tree:Tree")
def _tree(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Nodes with the field of 1.3, which no tree from before needs: they knew no missing values.
    Values as the shares of 1.4.
    """
    nodes = arrays.array_of(state.get("nodes"))
    rows = None
    if nodes is not None and not _has(nodes, _MISSING):
        rows = nodes.rows(*(name for name, _, _ in _NODE[:-1]))
    if nodes is not None and rows is not None:
        data = b"".join(_NODE_PACK.pack(*row, 0) for row in rows)
        dtype = arrays.new_record_dtype(view, _NODE, _NODE_PACK.size)
        yield "nodes", arrays.new_array(view, dtype, nodes.shape, data)
    shares = _shares(view, arrays.array_of(state.get("values")))
    if shares is not None:
        yield "values", shares


def _shares(view: View, values: Array | None) -> Any:
    """The values of a classifier's tree as shares of each node; None if they are, and for a
    regressor's, which has one class for each output.
    """
    numbers = None if values is None else values.numbers()
    if values is None or numbers is None or len(values.shape) != 3 or values.shape[2] < 2:
        return None
    width = values.shape[2]
    nodes = [numbers[start : start + width] for start in range(0, len(numbers), width)]
    if all(math.isclose(sum(node), 1.0, rel_tol=1e-6) for node in nodes if any(node)):
        return None
    out = [share for node in nodes for share in _share(node)]
    return arrays.numbers_array(view, "f8", out, values.shape)


def _share(counts: list[float]) -> list[float]:
    total = sum(counts)
    return [count / total for count in counts] if total else counts


def _has(array: Array, field: str) -> bool:
    return any(name == field for name, _, _ in array.dtype.fields)


# --- trees of histograms --------------------------------------------------------------------------


@RULES.of("sklearn.ensemble._hist_gradient_boosting.predictor:TreePredictor")
def _predictor(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    nodes = arrays.array_of(state.get("nodes"))
    if nodes is not None and not _is_current(nodes):
        rows = _hist_rows(nodes)
        if rows is not None:
            dtype = arrays.new_record_dtype(view, _HIST, _HIST_PACK.size)
            data = b"".join(_HIST_PACK.pack(*row) for row in rows)
            yield "nodes", arrays.new_array(view, dtype, nodes.shape, data)
    for name in ("binned_left_cat_bitsets", "raw_left_cat_bitsets"):
        if name not in state:
            yield name, arrays.new_array(view, arrays.new_dtype(view, "u4"), (0, 8), b"")


def _is_current(nodes: Array) -> bool:
    known = [(name, dtype.text) for name, dtype, _ in nodes.dtype.fields]
    return known == [(name, text) for name, text, _ in _HIST]


def _hist_rows(nodes: Array) -> list[tuple[Any, ...]] | None:
    """Each node's fields in today's order. Before 0.24 there were no categories, and the threshold
    had a shorter name; before 0.22 no node knew where missing values go.
    """
    known = {name for name, _, _ in nodes.dtype.fields}
    columns = []
    for name, _, _ in _HIST:
        old = "threshold" if name == "num_threshold" and name not in known else name
        rows = nodes.rows(old) if old in known else None
        if rows is None and old in known:
            return None
        columns.append([0] * nodes.shape[0] if rows is None else [value for (value,) in rows])
    return list(zip(*columns, strict=True))
