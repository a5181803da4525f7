"""Loss functions of scikit-learn, which were other classes before.

A loss keeps nothing of the data: its class and a number or two say all. So each is made by a call
of today's class, whatever its state looked like. Sources: sklearn/ensemble/_gb_losses.py of 0.22
and 1.3; sklearn/ensemble/_hist_gradient_boosting/loss.py of 0.21 to 1.0;
sklearn/_loss/loss.py of 1.9; sklearn/linear_model/_sgd_fast.pyx of 0.19 to 1.9.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pickle_migrate.foreign.view import View
from pickle_migrate.packs import arrays
from pickle_migrate.packs.sklearn_estimators import RULES
from pickle_migrate.shims_types import ShimType

_LOSS: Final = "sklearn._loss.loss"
_CYTHON: Final = "sklearn._loss._loss"
_BOOSTING: Final = ("sklearn.ensemble._gb_losses", "sklearn.ensemble._gb")
_HISTOGRAMS: Final = "sklearn.ensemble._hist_gradient_boosting.loss"
_SGD: Final = "sklearn.linear_model._sgd_fast"
_MEDIAN: Final = 0.5


def _plain(name: str) -> Callable[[View], Any]:
    return lambda view: view.make(f"{_LOSS}:{name}")


def _field(view: View, *names: str, default: Any) -> Any:
    fields = view.fields
    found = next((fields[name] for name in names if fields.get(name) is not None), default)
    value = arrays.scalar_of(found)
    return default if value is None else value


def _multinomial(view: View) -> Any:
    classes = int(_field(view, "K", "n_classes", "n_trees_per_iteration", default=3))
    return view.make(f"{_LOSS}:HalfMultinomialLoss", None, classes)


def _pinball(view: View) -> Any:
    return view.make(f"{_LOSS}:PinballLoss", None, float(_field(view, "alpha", default=_MEDIAN)))


def _huber(view: View) -> Any:
    quantile = float(_field(view, "alpha", default=0.9))
    return view.make(f"{_LOSS}:HuberLoss", None, quantile, float(_field(view, "gamma", default=1)))


OF_BOOSTING: Final = {
    "LeastSquaresError": _plain("HalfSquaredError"),
    "LeastAbsoluteError": _plain("AbsoluteError"),
    "HuberLossFunction": _huber,
    "QuantileLossFunction": _pinball,
    "BinomialDeviance": _plain("HalfBinomialLoss"),
    "MultinomialDeviance": _multinomial,
    "ExponentialLoss": _plain("ExponentialLoss"),
}
_OF_HISTOGRAMS: Final = {
    "LeastSquares": _plain("HalfSquaredError"),
    "LeastAbsoluteDeviation": _plain("AbsoluteError"),
    "Poisson": _plain("HalfPoissonLoss"),
    "BinaryCrossEntropy": _plain("HalfBinomialLoss"),
    "CategoricalCrossEntropy": _multinomial,
}


for _module in _BOOSTING:
    for _name, _make in OF_BOOSTING.items():
        RULES.anew(_make, f"{_module}:{_name}")
for _name, _make in _OF_HISTOGRAMS.items():
    RULES.anew(_make, f"{_HISTOGRAMS}:{_name}")

# --- Cython's part of today's losses --------------------------------------------------------------

_CY: Final = (
    *("CyHalfSquaredError", "CyAbsoluteError", "CyPinballLoss", "CyHuberLoss"),
    *("CyHalfPoissonLoss", "CyHalfGammaLoss", "CyHalfTweedieLoss", "CyHalfTweedieLossIdentity"),
    *("CyHalfBinomialLoss", "CyHalfMultinomialLoss", "CyExponentialLoss"),
)


#: What checks the fields of this one in today's release too.
_CHECKSUM: Final = 238750788


def _by_class(view: View) -> Any:
    """Releases 1.1 to 1.5 made them by a function that checks fields; the class itself does too."""
    cls = view.args[0]
    return view.make(f"{_CYTHON}:{cls.ref.qualname}", *_numbers(view))


def _numbers(view: View) -> tuple[Any, ...]:
    given = view.args[2] if len(view.args) > 2 else None
    state = given if type(given) is tuple and given else view.state
    return state if type(state) is tuple and all(type(one) is float for one in state) else ()


def _is_by_function(view: View) -> bool:
    return len(view.args) == 3 and isinstance(view.args[0], ShimType)


def _is_multinomial_old(view: View) -> bool:
    return _is_by_function(view) and view.args[1] != _CHECKSUM


for _name in _CY:
    RULES.anew(
        _by_class,
        f"{_CYTHON}:__pyx_unpickle_{_name}",
        needed=_is_multinomial_old if _name == "CyHalfMultinomialLoss" else _is_by_function,
    )

#: Release 1.4 and 1.5 left out the package.
CYTHON_RENAMES: Final = {
    f"_loss:{prefix}{name}": f"{_CYTHON}:{prefix}{name}"
    for name in _CY
    for prefix in ("", "__pyx_unpickle_")
}


# --- stochastic gradient descent ------------------------------------------------------------------


def _half(name: str) -> Callable[[View], Any]:
    return lambda view: view.make(f"{_CYTHON}:{name}")


def _sgd_huber(view: View) -> Any:
    delta = view.args[0] if view.args and type(view.args[0]) is float else 1.0
    return view.make(f"{_CYTHON}:CyHuberLoss", delta)


# Since 1.6 they are those of ``_loss``. Only fitting needs them.
RULES.anew(_half("CyHalfBinomialLoss"), f"{_SGD}:Log")
RULES.anew(_half("CyHalfSquaredError"), f"{_SGD}:SquaredLoss")
RULES.anew(_sgd_huber, f"{_SGD}:Huber")
