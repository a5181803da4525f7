"""Transformers, neighbours, clusters and wrappers of scikit-learn: what fitting leaves today.

Sources: the modules of scikit-learn that each rule names, of 0.19 to 1.9.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, Final

from pickle_migrate.foreign.view import View
from pickle_migrate.packs import arrays
from pickle_migrate.packs.rules import missing, renamed, revalued
from pickle_migrate.packs.sklearn_estimators import RULES, of
from pickle_migrate.shims_classes import Shim
from pickle_migrate.shims_types import ShimType

# --- encoders -------------------------------------------------------------------------------------

_ONE_HOT: Final = of("preprocessing._encoders", "OneHotEncoder")
_ORDINAL: Final = of("preprocessing._encoders", "OrdinalEncoder")
RULES.of(*_ONE_HOT, *_ORDINAL)(missing({"_infrequent_enabled": False}))
RULES.of(*_ORDINAL)(missing({"_missing_indices": {}}))


@RULES.of(*_ONE_HOT)
def _categories(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Until 0.19 only numbers were encoded: those of a feature that were met are its categories."""
    starts = arrays.array_of(state.get("feature_indices_"))
    active = arrays.array_of(state.get("active_features_"))
    if "categories_" in state or starts is None or active is None:
        return
    places, met = starts.numbers() or [], active.numbers() or []
    yield (
        "categories_",
        [
            arrays.numbers_array(view, "i8", [n - low for n in met if low <= n < high])
            for low, high in itertools.pairwise(places)
        ],
    )


@RULES.of(*_ONE_HOT)
def _dropped(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Which category of each feature is left out, and how many columns remain."""
    categories = state.get("categories_")
    if type(categories) is not list:
        return
    if state.get("categories") is None:
        yield "categories", "auto"
    drops = state.get("drop_idx_")
    known = arrays.array_of(drops)
    places = None if known is None else _places(known)
    if "drop_idx_" not in state:
        yield "drop_idx_", None
    if "_drop_idx_after_grouping" not in state:
        yield "_drop_idx_after_grouping", None if places is None else _objects(view, places)
    if "_n_features_outs" not in state:
        sizes = [_length(one) for one in categories]
        gone = places or [None] * len(sizes)
        yield "_n_features_outs", [n - (at is not None) for n, at in zip(sizes, gone, strict=True)]


def _places(array: arrays.Array) -> list[int | None]:
    if isinstance(array.data, list):
        return [arrays.scalar_of(one) for one in array.data]
    return list(array.numbers() or [])


def _objects(view: View, values: list[Any]) -> Any:
    return arrays.new_array(view, arrays.new_dtype(view, "O8"), (len(values),), values)


def _length(array: Any) -> int:
    found = arrays.array_of(array)
    return 0 if found is None else found.shape[0]


# --- imputers -------------------------------------------------------------------------------------

_SIMPLE: Final = of("impute._base", "SimpleImputer")
RULES.of(*_SIMPLE)(revalued("missing_values", NaN=math.nan))
RULES.of(*of("impute._base", "MissingIndicator"))(missing({"_precomputed": False}))


@RULES.of(*_SIMPLE)
def _dtype_of_fit(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    statistics = state.get("statistics_")
    if not arrays.is_array(statistics):
        return
    dtype = state.get("_fit_dtype", arrays.dtype_in(statistics))
    for name in ("_fit_dtype", "_fill_dtype"):
        if name not in state and dtype is not None:
            yield name, dtype


@RULES.of(*_SIMPLE, *of("impute._knn", "KNNImputer"), *of("impute._iterative", "IterativeImputer"))
def _indicator(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Since 0.23 an imputer gives its indicator what is missing, not the data."""
    indicator = view.view(state.get("indicator_"))
    if indicator is not None and indicator.fields.get("_precomputed") is not True:
        new = {**indicator.fields, "_precomputed": True}
        yield "indicator_", view.make(str(indicator.written), state=new, new=True)


@RULES.of(*of("impute._iterative", "IterativeImputer"))
def _empty_features(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """What had no value at all has no statistic in the first, simple imputer. Limits are those of
    each feature since 0.24.
    """
    first = view.view(state.get("initial_imputer_"))
    statistics = None if first is None else arrays.array_of(first.fields.get("statistics_"))
    numbers = None if statistics is None else statistics.numbers()
    if "_is_empty_feature" not in state and numbers is not None:
        yield "_is_empty_feature", arrays.numbers_array(view, "b1", list(map(math.isnan, numbers)))
    for name in ("_min_value", "_max_value"):
        limit = state.get(name)
        if numbers is not None and limit is not None and not arrays.is_array(limit):
            limits = [float(arrays.scalar_of(limit))] * len(numbers)
            yield name, arrays.numbers_array(view, "f8", limits)


@RULES.of(*of("impute._knn", "KNNImputer"))
def _columns_with_values(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    mask = arrays.array_of(state.get("_mask_fit_X"))
    numbers = None if mask is None else mask.numbers()
    if "_valid_mask" in state or mask is None or numbers is None:
        return
    height, width = mask.shape
    step = (lambda at: slice(at * height, (at + 1) * height)) if mask.fortran else None
    columns = [numbers[step(at) if step else slice(at, None, width)] for at in range(width)]
    yield "_valid_mask", arrays.numbers_array(view, "b1", [not all(one) for one in columns])


# --- other transformers ---------------------------------------------------------------------------

_POLYNOMIAL: Final = of("preprocessing._polynomial", "PolynomialFeatures")
RULES.of(*_POLYNOMIAL)(renamed(n_features_in_="n_input_features_"))


@RULES.of(*_POLYNOMIAL)
def _powers(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    count = arrays.scalar_of(state.get("n_features_in_"))
    if count is None or "degree" not in state:
        return
    degree = state["degree"]
    low, high = degree if isinstance(degree, tuple) else (0, degree)
    table = {
        "_min_degree": low,
        "_max_degree": high,
        "_n_out_full": _combinations(count, 0, high, state),
        "n_output_features_": _combinations(count, low, high, state),
    }
    for name, value in table.items():
        if name not in state:
            yield name, value


def _combinations(count: int, low: int, high: int, state: dict[Any, Any]) -> int:
    bias = bool(state.get("include_bias", True)) and low == 0
    degrees = range(max(1, low), high + 1)
    if state.get("interaction_only"):
        return bias + sum(math.comb(count, n) for n in degrees if n <= count)
    return bias + sum(math.comb(count + n - 1, n) for n in degrees)


@RULES.of(*of("feature_extraction.text", "TfidfTransformer"))
def _weights(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Until 1.3 they were the diagonal of a sparse matrix, whose only entries they are."""
    diagonal = view.view(state.get("_idf_diag"))
    data = None if diagonal is None else arrays.array_of(diagonal.fields.get("data"))
    if "idf_" not in state and data is not None:
        yield "idf_", arrays.numbers_array(view, data.dtype.text, data.numbers() or [])


@RULES.of(*of("feature_extraction.text", "TfidfVectorizer"))
def _parameters_of_weights(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Until 1.0 only the transformer inside had them. Without weights it seems not to be fitted
    today, unless it knows how many features there are.
    """
    inner = view.view(state.get("_tfidf"))
    if inner is None:
        return
    fields = inner.fields
    for name in ("norm", "use_idf", "smooth_idf", "sublinear_tf"):
        if name not in state and name in fields:
            yield name, fields[name]
    words = state.get("vocabulary_")
    if fields.get("use_idf") is False and "n_features_in_" not in fields and type(words) is dict:
        known = {**fields, "n_features_in_": len(words)}
        yield "_tfidf", view.make(str(inner.ref), state=known, new=True)


RULES.of(*of("preprocessing._label", "MultiLabelBinarizer"))(missing({"_cached_dict": None}))
RULES.of(*of("calibration", "_CalibratedClassifier"))(renamed(calibrators="calibrators_"))


@RULES.of(*of("calibration", "_CalibratedClassifier"))
def _calibrated_classes(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Around a model that was fitted before, releases before 0.24 were told no classes."""
    if state.get("classes") is None and "classes_" in state:
        yield "classes", state["classes_"]


RULES.of(*of("isotonic", "IsotonicRegression"))(
    renamed(X_thresholds_="_necessary_X_", y_thresholds_="_necessary_y_")
)
RULES.of(*of("isotonic", "IsotonicRegression"))(renamed(X_thresholds_="X_", y_thresholds_="y_"))

# --- neighbours, clusters -------------------------------------------------------------------------

_NEIGHBOURS: Final = [
    *of("neighbors._classification", "KNeighborsClassifier RadiusNeighborsClassifier"),
    *of("neighbors._regression", "KNeighborsRegressor RadiusNeighborsRegressor"),
    *of("neighbors._unsupervised", "NearestNeighbors"),
    *of("neighbors._lof", "LocalOutlierFactor"),
    *of("neighbors._graph", "KNeighborsTransformer RadiusNeighborsTransformer"),
]


@RULES.of(*_NEIGHBOURS)
def _samples(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """How many samples it was fitted with: as many as are kept, in an array or a sparse matrix."""
    if "n_samples_fit_" in state:
        return
    kept = state.get("_fit_X")
    array = arrays.array_of(kept)
    if array is not None:
        yield "n_samples_fit_", array.shape[0]
    elif isinstance(kept, Shim) and "_shape" in kept.fields:
        yield "n_samples_fit_", kept.fields["_shape"][0]


RULES.of(*of("neighbors._kde", "KernelDensity"))(renamed(bandwidth_="bandwidth"))
RULES.of(*of("cluster._kmeans", "KMeans MiniBatchKMeans BisectingKMeans"))(
    missing({"_n_threads": 1})
)
RULES.of(*of("neighbors._nearest_centroid", "NearestCentroid"))(missing({"priors": "uniform"}))


@RULES.of(*of("neighbors._nearest_centroid", "NearestCentroid"))
def _equal_priors(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Before 1.6 all classes were taken to be as likely."""
    classes = arrays.array_of(state.get("classes_"))
    if "class_prior_" not in state and classes is not None:
        count = arrays.count(classes.shape)
        yield "class_prior_", arrays.numbers_array(view, "f8", [1 / count] * count)


@RULES.of(*of("covariance._elliptic_envelope", "EllipticEnvelope"))
def _offset(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Until 0.19 a threshold for distances; since then for what is their opposite."""
    threshold = arrays.scalar_of(state.get("threshold_"))
    if "offset_" not in state and threshold is not None:
        yield "offset_", -float(threshold)


# --- decompositions, naive Bayes, Gaussian processes, dummies -------------------------------------

_KERNEL_PCA: Final = of("decomposition._kernel_pca", "KernelPCA")
RULES.of(*_KERNEL_PCA)(renamed(eigenvalues_="lambdas_", eigenvectors_="alphas_"))


@RULES.of(*_KERNEL_PCA)
def _gamma(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    fitted = arrays.array_of(state.get("X_fit_"))
    if "gamma_" not in state and fitted is not None and len(fitted.shape) == 2:
        gamma = state.get("gamma")
        yield "gamma_", 1 / fitted.shape[1] if gamma is None else gamma


RULES.of(*of("naive_bayes", "GaussianNB"))(renamed(var_="sigma_"))
RULES.of(*of("naive_bayes", "GaussianNB MultinomialNB BernoulliNB ComplementNB CategoricalNB"))(
    renamed(n_features_in_="n_features_")
)


@RULES.of(*of("naive_bayes", "CategoricalNB"))
def _category_features(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    counts = state.get("category_count_")
    if type(counts) is not list:
        return
    if "n_features_in_" not in state:
        yield "n_features_in_", len(counts)
    if "n_categories_" not in state:
        shapes = [arrays.array_of(one) for one in counts]
        sizes = [one.shape[1] for one in shapes if one is not None]
        yield "n_categories_", arrays.numbers_array(view, "i8", sizes)


RULES.of(*of("gaussian_process._gpr", "GaussianProcessRegressor"))(missing({"_y_train_std": 1.0}))
RULES.of(*of("dummy", "DummyClassifier"))(renamed(_strategy="strategy"))

# --- scorers --------------------------------------------------------------------------------------

_SCORERS: Final = "sklearn.metrics._scorer"
_METHODS: Final = {
    "_PredictScorer": "predict",
    "_ProbaScorer": "predict_proba",
    "_ThresholdScorer": ("decision_function", "predict_proba"),
}
_SEARCHES: Final = of("model_selection._search", "GridSearchCV RandomizedSearchCV") + of(
    "model_selection._search_successive_halving", "HalvingGridSearchCV HalvingRandomSearchCV"
)


@RULES.of(*_SEARCHES)
def _own_score(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Until 1.2 a function, since then an object, asks the estimator itself for its score."""
    scorer = state.get("scorer_")
    if isinstance(scorer, ShimType) and scorer.ref.qualname == "_passthrough_scorer":
        inner = {"_estimator": state.get("best_estimator_", state.get("estimator"))}
        yield "scorer_", view.make(f"{_SCORERS}:_PassthroughScorer", state=inner, new=True)
    if "multimetric_" not in state and "best_estimator_" in state:
        yield "multimetric_", False


def _scorer(view: View) -> Any:
    method = _METHODS[view.ref.qualname]
    return view.make(
        f"{_SCORERS}:_Scorer", state={**view.fields, "_response_method": method}, new=True
    )


def _plain_dict(view: View) -> Any:
    return dict(view.pairs)


def _is_old_check(view: View) -> bool:
    state = view.state
    return (
        type(state) is tuple
        and len(state) == 4
        and type(state[2]) is dict
        and "force_all_finite" in state[2]
        and isinstance(state[0], ShimType)
        and state[0].ref.module == "sklearn.utils.validation"
    )


def _new_check(view: View) -> None:
    function, args, given, fields = view.state
    new = {name.replace("force_all", "ensure_all"): value for name, value in given.items()}
    view.state = (function, args, new, fields)


RULES.anew(_plain_dict, "sklearn.utils.deprecation:DeprecationDict")
RULES.anew(_new_check, "functools:partial", needed=_is_old_check)
RULES.anew(_scorer, *(f"{_SCORERS}:{name}" for name in _METHODS))
