"""Trees of neighbours and metrics of scikit-learn.

Sources: sklearn/neighbors/_binary_tree.pxi of 0.19 to 1.2 and .pxi.tp of 1.9;
sklearn/metrics/_dist_metrics.pyx.tp of 1.9.
"""

from __future__ import annotations

from typing import Any, Final

from pickle_migrate.foreign.view import View
from pickle_migrate.packs.sklearn_estimators import RULES
from pickle_migrate.shims_types import ShimType

_METRICS: Final = "sklearn.metrics._dist_metrics"
_NAMES: Final = (
    *("Euclidean", "SEuclidean", "Manhattan", "Chebyshev", "Minkowski", "Mahalanobis", "Hamming"),
    *("Canberra", "BrayCurtis", "Jaccard", "Matching", "Dice", "Kulsinski", "RogersTanimoto"),
    *("RussellRao", "SokalMichener", "SokalSneath", "Haversine", "PyFunc"),
)
_TREE_STATE: Final = 13

#: The names of today's classes say how many bits their numbers have.
METRIC_RENAMES: Final = {
    f"{_METRICS}:{name}Distance": f"{_METRICS}:{name}Distance64" for name in _NAMES
}
#: Until 0.21 the class of both trees was called the same.
TREE_RENAMES: Final = {
    "sklearn.neighbors._kd_tree:BinaryTree": "sklearn.neighbors._kd_tree:KDTree",
    "sklearn.neighbors._ball_tree:BinaryTree": "sklearn.neighbors._ball_tree:BallTree",
}
_WEIGHTED: Final = "WMinkowski"
_PLAIN: Final = "MinkowskiDistance"


def _is_short(view: View) -> bool:
    """Whether it is a tree whose state has no place for the weights of samples."""
    return type(view.state) is tuple and len(view.state) == _TREE_STATE - 1


def _with_weights(view: View) -> None:
    view.state = (*view.state, None)


def _is_weighted(view: View) -> bool:
    cls = view.args[0] if view.args else None
    return isinstance(cls, ShimType) and cls.ref.qualname.startswith(_WEIGHTED)


def _has_no_weights(view: View) -> bool:
    """Whether it is a metric of a release before 1.1, when this one had no weights; where they are
    today it kept a zero, and reading on after it today's release would find anything.
    """
    from pickle_migrate.packs import arrays

    cls = view.args[0] if view.args else None
    if not isinstance(cls, ShimType) or not cls.ref.qualname.startswith(_PLAIN):
        return False
    array = arrays.array_of(view.state[1]) if type(view.state) is tuple else None
    return array is not None and array.numbers() == [0.0]


def _is_other_metric(view: View) -> bool:
    return _is_weighted(view) or _has_no_weights(view)


def _as_today(view: View) -> Any:
    if _is_weighted(view):
        return _as_minkowski(view)
    from pickle_migrate.packs import arrays

    p, _, *rest = view.state
    view.state = (p, arrays.numbers_array(view, "f8", []), *rest)
    return None


def _as_minkowski(view: View) -> Any:
    """``wminkowski`` multiplied differences by its weights; ``minkowski`` raises them to p."""
    p, weights, *rest = view.state
    new = view.name(f"{_METRICS}:MinkowskiDistance64")
    return view.make(f"{_METRICS}:newObj", new, state=(p, _raised(view, weights, p), *rest))


def _raised(view: View, weights: Any, p: float) -> Any:
    from pickle_migrate.packs import arrays

    array = arrays.array_of(weights)
    numbers = None if array is None else array.numbers()
    return weights if numbers is None else arrays.numbers_array(view, "f8", [n**p for n in numbers])


_TREES: Final = ("sklearn.neighbors._kd_tree", "sklearn.neighbors._ball_tree")
RULES.anew(_with_weights, *(f"{tree}:newObj" for tree in _TREES), needed=_is_short)
RULES.anew(_as_today, f"{_METRICS}:newObj", needed=_is_other_metric)
