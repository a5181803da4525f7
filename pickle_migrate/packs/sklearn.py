"""scikit-learn's fitted estimators, of releases 0.19 to 1.7, for readers with 1.6 to 1.9.

An estimator's ``_sklearn_version`` is left as it is: it says which release fitted the model, and no
rule here changes that. So scikit-learn still says, by a warning, that the model was fitted by
another release than the one at hand.
"""

from __future__ import annotations

from typing import Final

from pickle_migrate.packs import (
    numpy,
    numpy_allowed,
    sklearn_allowed,
    sklearn_columns,
    sklearn_ensembles,
    sklearn_estimators,
    sklearn_linear,
    sklearn_losses,
    sklearn_names,
    sklearn_neighbours,
    sklearn_others,
    sklearn_parameters,
    sklearn_trees,
)
from pickle_migrate.packs.values import Pack, Rule

_RENAMES: Final = dict(sklearn_names.renames())
#: The modules whose rules are declared with ``sklearn_estimators.RULES``.
_MODULES: Final = (
    sklearn_columns,
    sklearn_ensembles,
    sklearn_linear,
    sklearn_losses,
    sklearn_neighbours,
    sklearn_others,
    sklearn_trees,
)
_LOSSES: Final = "sklearn.ensemble._gb_losses"

PACK: Final = Pack(
    "sklearn",
    "fitted estimators of scikit-learn",
    needs=("scipy",),
    names={
        **sklearn_allowed.names(),
        **numpy_allowed.RANDOM,
        **numpy_allowed.MASKED,
        **numpy_allowed.UFUNCS,
        **numpy_allowed.FUNCTIONS,
    },
    rules=(
        Rule(
            "modules have an underscore before their names; some classes moved",
            "scikit-learn before 0.22; some up to 1.5",
            "scikit-learn 0.24 and later",
            refs=tuple(_RENAMES),
            renames=_RENAMES,
        ),
        Rule(
            "fields that all estimators of a class have today: new parameters with the value that "
            "does what was done without them, parameters and fitted fields with another name, "
            "values with another name",
            "scikit-learn before 1.6, each from the release that is told in sklearn_parameters.py",
            "the release that brought the field, and later",
            refs=tuple(sklearn_parameters.parameters()),
            declare=sklearn_estimators.RULES.declare,
        ),
        Rule(
            "nodes of trees tell where missing values go; values of classifiers are shares",
            "scikit-learn before 1.3 (nodes) and 1.4 (values)",
            "scikit-learn 1.3 and later; 1.4 and later predict other probabilities, silently",
            refs=("sklearn.tree._tree:Tree",),
        ),
        Rule(
            "gradient boosting: losses are those of sklearn._loss, what predicts first is a dummy",
            "scikit-learn before 1.4 (losses), 0.21 (first predictions)",
            "scikit-learn 1.4 and later",
            refs=tuple(f"{_LOSSES}:{name}" for name in sklearn_losses.OF_BOOSTING),
        ),
        Rule(
            "gradient boosting on histograms: losses, nodes, bins and first prediction",
            "scikit-learn before 1.4",
            "scikit-learn 1.1 and later (losses), 0.24 (nodes)",
            refs=("sklearn.ensemble._hist_gradient_boosting.predictor:TreePredictor",),
        ),
        Rule(
            "Cython's losses are made by their classes",
            "scikit-learn 1.1 to 1.5; 1.4 and 1.5 left out the package",
            "scikit-learn 1.6 and later",
            refs=tuple(sklearn_losses.CYTHON_RENAMES),
            renames=sklearn_losses.CYTHON_RENAMES,
        ),
        Rule(
            "metrics say how many bits their numbers have; those without weights have none; trees "
            "of neighbours have weights",
            "scikit-learn before 1.3 (metrics), 0.20 (weights), 0.21 (names of trees)",
            "scikit-learn 1.3 and later; 1.1 and later compute other distances of the metric "
            "minkowski, silently",
            refs=tuple(sklearn_neighbours.METRIC_RENAMES),
            renames={**sklearn_neighbours.METRIC_RENAMES, **sklearn_neighbours.TREE_RENAMES},
        ),
        Rule(
            "logistic regression of two classes by multi_class='multinomial' has twice the "
            "coefficients, for the same probabilities; its decisions are twice as large",
            "scikit-learn 0.20 to 1.7",
            "scikit-learn 1.8 and later compute other probabilities, silently",
            refs=(
                "sklearn.linear_model._logistic:LogisticRegression",
                "sklearn.linear_model._logistic:LogisticRegressionCV",
            ),
        ),
        Rule(
            "logistic regression with a model for each of more than two classes is a "
            "OneVsRestClassifier, which has all its fields",
            "scikit-learn before 1.8: multi_class='ovr', the solver liblinear, and by default "
            "before 0.22",
            "scikit-learn 1.8 and later compute other probabilities, silently",
            refs=("sklearn.linear_model._logistic:LogisticRegression",),
        ),
        Rule(
            "partial least squares: coefficients for inputs that are not scaled",
            "scikit-learn before 1.5",
            "scikit-learn 1.3 and later predict other values, silently",
            refs=("sklearn.cross_decomposition._pls:PLSRegression",),
        ),
        Rule(
            "AdaBoost with the algorithm SAMME.R is refused: no release has it any more",
            "scikit-learn before 1.6",
            "scikit-learn 1.6 and later predict other classes, silently",
            refs=("sklearn.ensemble._weight_boosting:AdaBoostClassifier",),
        ),
        Rule(
            "ufuncs are named, not got by a call",
            "scikit-learn with NumPy before 1.20",
            "NumPy 2.0 and later",
            refs=("numpy.core:_ufunc_reconstruct",),
            declare=numpy.UFUNCS.declare,
        ),
        Rule(
            "scorers of one class; what passes through columns is a transformer",
            "scikit-learn before 1.4",
            "scikit-learn 1.3 and later",
            refs=("sklearn.metrics._scorer:_PredictScorer",),
        ),
    ),
)
