"""Ensembles of scikit-learn: gradient boosting, isolation forests, stacking, AdaBoost.

Sources: sklearn/ensemble/_gb.py, _gb_losses.py, _iforest.py, _stacking.py, _weight_boosting.py and
_hist_gradient_boosting/ of 0.19 to 1.9.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

from pickle_migrate.errors import ForeignError
from pickle_migrate.foreign.view import View
from pickle_migrate.packs import arrays
from pickle_migrate.packs.rules import renamed
from pickle_migrate.packs.sklearn_estimators import (
    BOOSTING,
    FOREST_OF_OUTLIERS,
    HISTOGRAMS,
    RULES,
    of,
)

_MULTINOMIAL: Final = "sklearn._loss.loss:HalfMultinomialLoss"
_EULER: Final = 0.57721566490153286060
_LEAF: Final = -1
#: Releases for which what lies at the threshold is an outlier, and paths are counted otherwise.
_AT_THRESHOLD: Final = ("0.18.", "0.19.", "0.20.")
_TIE: Final = 1e-12

# --- gradient boosting ----------------------------------------------------------------------------

RULES.of(*BOOSTING, *HISTOGRAMS)(renamed(_loss="loss_", _scorer="scorer_"))
RULES.of(*HISTOGRAMS)(renamed(_bin_mapper="bin_mapper_", _n_features="n_features_"))


@RULES.of(*BOOSTING)
def _trees_per_iteration(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    estimators = arrays.array_of(state.get("estimators_"))
    if "n_trees_per_iteration_" not in state and estimators is not None:
        yield "n_trees_per_iteration_", estimators.shape[1]


@RULES.of(*BOOSTING, *HISTOGRAMS)
def _loss_of_classes(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Only the estimator knows of how many classes its loss is."""
    loss, classes = view.view(state.get("_loss")), state.get("n_trees_per_iteration_")
    if loss is None or not view.is_of(loss.shim, _MULTINOMIAL):
        return
    if loss.args[1:] and loss.args[1] != classes:
        yield "_loss", view.make(_MULTINOMIAL, None, classes)


_ESTIMATORS: Final = "sklearn.ensemble._gb"


def _dummy(view: View, kind: str, state: dict[str, Any]) -> Any:
    return view.make(f"sklearn.dummy:Dummy{kind}", state={"n_outputs_": 1, **state}, new=True)


def _constant(view: View, strategy: str, value: Any, quantile: Any) -> Any:
    constant = arrays.numbers_array(view, "f8", [float(arrays.scalar_of(value))], (1, 1))
    state = {"strategy": strategy, "constant": None, "quantile": quantile, "constant_": constant}
    return _dummy(view, "Regressor", state)


def _of_mean(view: View) -> Any:
    return _constant(view, "mean", view.fields["mean"], None)


def _of_quantile(view: View) -> Any:
    quantile = arrays.scalar_of(view.fields.get("alpha"))
    return _constant(view, "quantile", view.fields["quantile"], quantile)


def _of_priors(view: View, priors: list[float]) -> Any:
    state = {
        "strategy": "prior",
        "_strategy": "prior",
        "random_state": None,
        "constant": None,
        "classes_": arrays.numbers_array(view, "i8", list(range(len(priors)))),
        "class_prior_": arrays.numbers_array(view, "f8", priors),
        "n_classes_": len(priors),
        "sparse_output_": False,
    }
    return _dummy(view, "Classifier", state)


def _of_odds(scale: float) -> Any:
    def make(view: View) -> Any:
        """It kept the logarithm of the odds, or half of that."""
        odds = float(arrays.scalar_of(view.fields["prior"])) / scale
        share = 1.0 / (1.0 + math.exp(-odds))
        return _of_priors(view, [1.0 - share, share])

    return make


def _of_shares(view: View) -> Any:
    """Its first scores were the shares themselves, not their logarithms."""
    priors = arrays.array_of(view.fields["priors"])
    powers = [math.exp(one) for one in (priors.numbers() or [])] if priors is not None else []
    return _of_priors(view, [power / sum(powers) for power in powers])


# What predicted first, in gradient boosting of 0.19 and 0.20: dummies do that today.
for _name, _make in (
    ("MeanEstimator", _of_mean),
    ("QuantileEstimator", _of_quantile),
    ("LogOddsEstimator", _of_odds(1.0)),
    ("ScaledLogOddsEstimator", _of_odds(0.5)),
    ("PriorProbabilityEstimator", _of_shares),
    ("ZeroEstimator", lambda view: "zero"),
):
    RULES.anew(_make, f"{_ESTIMATORS}:{_name}")


# --- gradient boosting on histograms --------------------------------------------------------------


@RULES.of(*HISTOGRAMS)
def _histograms(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Before 1.4 features were not put in another order, so nothing is done to them first."""
    for name in ("_preprocessor", "_is_categorical_remapped", "is_categorical_"):
        if name not in state:
            yield name, None
    trees = state.get("n_trees_per_iteration_", 1)
    baseline = state.get("_baseline_prediction")
    array = arrays.array_of(baseline)
    if array is not None and array.shape != (1, trees):
        yield (
            "_baseline_prediction",
            arrays.numbers_array(view, "f8", array.numbers() or [], (1, trees)),
        )
    elif array is None and baseline is not None:
        value = float(arrays.scalar_of(baseline))
        yield "_baseline_prediction", arrays.numbers_array(view, "f8", [value], (1, 1))


@RULES.of("sklearn.ensemble._hist_gradient_boosting.binning:_BinMapper")
def _bins(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    if "bin_thresholds_" not in state:
        return
    features = len(state["bin_thresholds_"])
    if "is_categorical_" not in state:
        yield "is_categorical_", arrays.numbers_array(view, "u1", [0] * features)
    bins = state.get("n_bins", state.get("max_bins", 255) + 1)
    table = {
        "n_bins": bins,
        "missing_values_bin_idx_": bins - 1,
        "is_categorical": None,
        "known_categories": None,
        "n_threads": None,
    }
    for name, value in table.items():
        if name not in state:
            yield name, value
    if "n_bins_non_missing_" not in state and "actual_n_bins_" in state:
        yield "n_bins_non_missing_", state["actual_n_bins_"]


# --- isolation forests ----------------------------------------------------------------------------


@RULES.of(*FOREST_OF_OUTLIERS)
def _path_lengths(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """What 1.3 keeps of each tree, computed from its nodes."""
    if "_decision_path_lengths" in state or "estimators_" not in state:
        return
    is_old = str(state.get("_sklearn_version", "")).startswith(_AT_THRESHOLD)
    depths, lengths = [], []
    for tree in state["estimators_"]:
        nodes = arrays.array_of(tree.fields["tree_"].fields["nodes"])
        rows = nodes.rows("left_child", "right_child", "n_node_samples") if nodes else None
        if rows is None:
            return
        depths.append(arrays.numbers_array(view, "i8", _depths(rows)))
        average = [_average_length(samples, is_old) for _, _, samples in rows]
        lengths.append(arrays.numbers_array(view, "f8", average))
    yield "_decision_path_lengths", tuple(depths)
    yield "_average_path_length_per_tree", tuple(lengths)


def _depths(rows: list[tuple[Any, ...]]) -> list[int]:
    found = [1] * len(rows)
    for place, (left, right, _) in enumerate(rows):
        if left != _LEAF:
            found[left] = found[right] = found[place] + 1
    return found


def _average_length(samples: int, is_old: bool) -> float:
    """Until 0.20 one sample counted as a path of one, and two were no case of their own."""
    if samples <= 1:
        return 1.0 if is_old else 0.0
    if samples == 2 and not is_old:
        return 1.0
    return 2.0 * (math.log(samples - 1.0) + _EULER) - 2.0 * (samples - 1.0) / samples


@RULES.of(*FOREST_OF_OUTLIERS)
def _offset(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """0.19 and, by default, 0.20 compared with a threshold of their own: what is an outlier stays
    one. What they call the decision was half a point higher.
    """
    threshold = arrays.scalar_of(state.get("threshold_", state.get("_threshold_")))
    is_old = state.get("behaviour", "new" if "offset_" in state else "old") == "old"
    if threshold is not None and is_old:
        offset = float(threshold) - 0.5
        if str(state.get("_sklearn_version", "")).startswith(_AT_THRESHOLD):
            offset += _TIE
        if arrays.scalar_of(state.get("offset_")) != offset:
            yield "offset_", offset


# --- stacking, AdaBoost ---------------------------------------------------------------------------

RULES.of(*of("ensemble._stacking", "StackingClassifier"))(renamed(_label_encoder="_le"))


@RULES.of(*of("ensemble._weight_boosting", "AdaBoostClassifier"))
def _algorithm(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """scikit-learn 1.6 computes SAMME alone, whatever a model was fitted for."""
    if state.get("algorithm") == "SAMME.R" and "estimators_" in state:
        raise ForeignError(
            str(view.written),
            "it was fitted for the algorithm SAMME.R, which scikit-learn 1.6 and later do not "
            "have: they would predict other classes from it, and say nothing",
            "Fit it again, or load it with scikit-learn 1.5.",
        )
    yield from ()
