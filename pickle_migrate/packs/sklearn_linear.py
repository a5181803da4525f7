"""Linear models, support vector machines, partial least squares of scikit-learn.

Sources: sklearn/linear_model/_logistic.py, _glm/glm.py and _ridge.py, sklearn/svm/_base.py,
sklearn/cross_decomposition/_pls.py of 0.19 to 1.9.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

from pickle_migrate.foreign.view import View
from pickle_migrate.packs import arrays
from pickle_migrate.packs.rules import GONE, missing, renamed
from pickle_migrate.packs.sklearn_estimators import RULES, SGD, of

_LOSS: Final = "sklearn._loss.loss"
_LOGISTIC: Final = of("linear_model._logistic", "LogisticRegression LogisticRegressionCV")
_TOLERANCE: Final = 1e-12

# --- support vectors ------------------------------------------------------------------------------

_MACHINES: Final = of("svm._classes", "SVC NuSVC SVR NuSVR OneClassSVM")
RULES.of(*_MACHINES)(
    renamed(
        _n_support="n_support_",
        _probA="probA_",
        _probB="probB_",
        _effective_probability="probability",
    )
)


@RULES.of(*of("svm._classes", "SVR NuSVR OneClassSVM"))
def _supports(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Without classes, releases before 0.22 left these numbers to chance."""
    support = arrays.array_of(state.get("support_"))
    kept = arrays.array_of(state.get("_n_support"))
    if support is None or kept is None:
        return
    count = support.shape[0]
    if (kept.numbers() or [0])[0] != count:
        yield "_n_support", arrays.numbers_array(view, "i4", [count, count])


RULES.of(*_MACHINES)(missing({"_effective_probability": False, "_num_iter": 0}))

# --- stochastic gradient descent, ridges ----------------------------------------------------------

RULES.of(*SGD)(renamed(_loss_function_="loss_function_"))


@RULES.of(*of("linear_model._ridge", "RidgeClassifier RidgeClassifierCV"))
def _ridge_classes(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    binarizer = view.view(state.get("_label_binarizer"))
    if "classes_" not in state and binarizer is not None and "classes_" in binarizer.fields:
        yield "classes_", binarizer.fields["classes_"]


# --- generalized linear models --------------------------------------------------------------------

_GLM: Final = "linear_model._glm.glm"


@RULES.of(*of(_GLM, "PoissonRegressor GammaRegressor TweedieRegressor"))
def _glm_loss(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Until 1.0 they kept a distribution and a link, of classes that are gone."""
    if "_base_loss" not in state and "coef_" in state:
        yield "_base_loss", _base_loss(view, state)
    for name in ("_family_instance", "_link_instance"):
        if name in state:
            yield name, GONE


def _base_loss(view: View, state: dict[Any, Any]) -> Any:
    kind = view.ref.qualname
    if kind != "TweedieRegressor":
        return view.make(f"{_LOSS}:Half{kind.removesuffix('Regressor')}Loss")
    power, link = state.get("power", 0), state.get("link", "auto")
    identity = link == "identity" or (link == "auto" and power <= 0)
    return view.make(f"{_LOSS}:HalfTweedieLoss{'Identity' if identity else ''}", None, power)


# --- logistic regression --------------------------------------------------------------------------

_OVR_WORDS: Final = ("ovr", "warn")
#: By default, since 0.22 and since 1.5.
_AUTO: Final = ("auto", "deprecated")
_TWO: Final = 2
#: The releases that took the probabilities of two classes as today's do, by mistake.
_AS_TODAY: Final = ("0.18.", "0.19.")


@RULES.of(*_LOGISTIC)
def _two_of_many(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """A model of many classes for only two: they had opposite decisions, so one was as far from the
    other as twice its decision. Today there is one decision, and its distance from zero.
    """
    classes, coefs = (arrays.array_of(state.get(name)) for name in ("classes_", "coef_"))
    if state.get("multi_class") != "multinomial" or classes is None or coefs is None:
        return
    if arrays.count(classes.shape) != _TWO or len(coefs.shape) != 2 or coefs.shape[0] != 1:
        return
    yield "multi_class", "auto"
    if str(state.get("_sklearn_version", "")).startswith(_AS_TODAY):
        return
    for name in ("coef_", "intercept_"):
        array = arrays.array_of(state.get(name))
        if array is not None:
            twice = [2 * number for number in array.numbers() or []]
            yield name, arrays.numbers_array(view, array.dtype.text, twice, array.shape)


def _is_one_against_rest(view: View) -> bool:
    """Whether it tells more than two classes apart by a model for each, which has had a class of
    its own since 1.8: today's LogisticRegression would give other probabilities.
    """
    state = view.fields
    classes = arrays.array_of(state.get("classes_"))
    if classes is None or arrays.count(classes.shape) <= 2 or "coef_" not in state:
        return False
    word = state.get("multi_class")
    return word in _OVR_WORDS or (word in _AUTO and state.get("solver") == "liblinear")


def _one_against_rest(view: View) -> Any:
    """The same models, in the class that computes the same from them. All fields of the old object
    are there too.
    """
    state = view.fields
    coefs, intercepts = arrays.array_of(state["coef_"]), arrays.array_of(state.get("intercept_"))
    rows = _rows(coefs)
    heights = [] if intercepts is None else intercepts.numbers() or []
    if len(heights) != len(rows):
        heights = [0.0] * len(rows)
    known = {
        name: value for name, value in state.items() if not name.endswith("_") and name[0] != "_"
    }
    models = [_binary(view, known, row, height) for row, height in zip(rows, heights, strict=True)]
    new = {
        **state,
        "estimator": view.make(str(view.written), state=dict(known), new=True),
        "n_jobs": None,
        "verbose": 0,
        "estimators_": models,
        "label_binarizer_": _binarizer(view, state["classes_"]),
    }
    return view.make("sklearn.multiclass:OneVsRestClassifier", state=new, new=True)


def _binary(view: View, known: dict[str, Any], row: list[float], height: float) -> Any:
    state = {
        **known,
        "multi_class": "auto",
        "classes_": arrays.numbers_array(view, "i8", [0, 1]),
        "coef_": arrays.numbers_array(view, "f8", row, (1, len(row))),
        "intercept_": arrays.numbers_array(view, "f8", [height]),
    }
    return view.make(str(view.written), state=state, new=True)


def _binarizer(view: View, classes: Any) -> Any:
    state = {
        "neg_label": 0,
        "pos_label": 1,
        "sparse_output": True,
        "y_type_": "multiclass",
        "sparse_input_": False,
        "classes_": classes,
    }
    return view.make("sklearn.preprocessing._label:LabelBinarizer", state=state, new=True)


def _rows(array: Any) -> list[list[float]]:
    """The rows of a matrix, in whatever order it is kept."""
    numbers = [] if array is None else array.numbers() or []
    height, width = array.shape if array is not None and len(array.shape) == 2 else (0, 0)
    if array is not None and array.fortran:
        return [numbers[start::height] for start in range(height)]
    return [numbers[start * width : (start + 1) * width] for start in range(height)]


RULES.anew(_one_against_rest, *_LOGISTIC, needed=_is_one_against_rest)

# --- partial least squares ------------------------------------------------------------------------

_PLS: Final = of("cross_decomposition._pls", "PLSRegression PLSCanonical CCA")
RULES.of(*_PLS, *of("cross_decomposition._pls", "PLSSVD"))(
    renamed(_x_mean="x_mean_", _x_std="x_std_", _y_mean="y_mean_", _y_std="y_std_")
)


@RULES.of(*_PLS)
def _coefficients(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Coefficients for inputs that are centred, not scaled: those of 1.5. They follow from the
    rotations and loadings, which all releases keep.
    """
    names = ("x_rotations_", "y_loadings_", "_x_std", "_y_std")
    found = [arrays.array_of(state.get(name)) for name in names]
    if any(one is None for one in found):
        return
    rotations, loadings = (_rows(one) for one in found[:2])
    x_std, y_std = (one.numbers() or [] for one in found[2:] if one is not None)
    wanted = [
        [_dot(turn, load) * y / x for turn, x in zip(rotations, x_std, strict=True)]
        for load, y in zip(loadings, y_std, strict=True)
    ]
    if not _same(wanted, _rows(arrays.array_of(state.get("coef_")))):
        flat = [number for row in wanted for number in row]
        yield "coef_", arrays.numbers_array(view, "f8", flat, (len(wanted), len(x_std)))
    if "intercept_" not in state and "_y_mean" in state:
        yield "intercept_", state["_y_mean"]


def _dot(one: list[float], other: list[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


RULES.of(*_PLS)(missing({"_predict_1d": False}))


def _same(one: list[list[float]], other: list[list[float]]) -> bool:
    if [len(row) for row in one] != [len(row) for row in other]:
        return False
    pairs = ((a, b) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True))
    return all(math.isclose(a, b, rel_tol=1e-9, abs_tol=_TOLERANCE) for a, b in pairs)
