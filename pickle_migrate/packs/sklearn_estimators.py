"""Fields of scikit-learn's estimators: what all have, and what some were called before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pickle_migrate.foreign.view import View
from pickle_migrate.packs import arrays
from pickle_migrate.packs.rules import Rules, missing, renamed, revalued
from pickle_migrate.packs.sklearn_parameters import parameters

#: Rules of all modules of this pack, one lineage for each class.
RULES: Final = Rules()

_PYTHON_2: Final = 2


def of(module: str, names: str) -> list[str]:
    """The refs of some classes of a module below ``sklearn``."""
    return [f"sklearn.{module}:{name}" for name in names.split()]


TREES: Final = of(
    "tree._classes",
    "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor",
)
FORESTS: Final = of(
    "ensemble._forest",
    "RandomForestClassifier RandomForestRegressor ExtraTreesClassifier ExtraTreesRegressor "
    "RandomTreesEmbedding",
)
BOOSTING: Final = of("ensemble._gb", "GradientBoostingClassifier GradientBoostingRegressor")
HISTOGRAMS: Final = of(
    "ensemble._hist_gradient_boosting.gradient_boosting",
    "HistGradientBoostingClassifier HistGradientBoostingRegressor",
)
BAGGING: Final = of("ensemble._bagging", "BaggingClassifier BaggingRegressor")
ADA: Final = of("ensemble._weight_boosting", "AdaBoostClassifier AdaBoostRegressor")
FOREST_OF_OUTLIERS: Final = of("ensemble._iforest", "IsolationForest")
SGD: Final = of(
    "linear_model._stochastic_gradient", "SGDClassifier SGDRegressor SGDOneClassSVM"
) + of("linear_model._perceptron", "Perceptron")
_WRAPPERS: Final = [
    *of("calibration", "CalibratedClassifierCV _CalibratedClassifier"),
    *of("linear_model._ransac", "RANSACRegressor"),
    *of("multioutput", "ClassifierChain RegressorChain"),
    *of("semi_supervised._self_training", "SelfTrainingClassifier"),
]

# --- parameters -----------------------------------------------------------------------------------

# ``base_estimator`` until 1.1; 1.2 and 1.3 had both, one of them a word that says so.
_WORDS: Final = ("deprecated", "warn")


@RULES.of(*BAGGING, *ADA, *FORESTS, *FOREST_OF_OUTLIERS, *_WRAPPERS)
def _estimator(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    for new, old in (("estimator", "base_estimator"), ("estimator_", "base_estimator_")):
        if new not in state and old in state and state[old] not in _WORDS:
            yield new, state[old]


for _refs, _rule in (
    (of("cluster._agglomerative", "AgglomerativeClustering FeatureAgglomeration"), "affinity"),
    (of("preprocessing._encoders", "OneHotEncoder"), "sparse"),
    (of("linear_model._bayes", "BayesianRidge ARDRegression"), "n_iter"),
    (of("linear_model._ridge", "RidgeCV RidgeClassifierCV"), "store_cv_values"),
    (of("manifold._t_sne", "TSNE"), "n_iter"),
):
    _new = {
        "affinity": "metric",
        "sparse": "sparse_output",
        "n_iter": "max_iter",
        "store_cv_values": "store_cv_results",
    }[_rule]
    RULES.of(*_refs)(renamed(**{_new: _rule}))

_CRITERION: Final = revalued("criterion", mse="squared_error", mae="absolute_error")
RULES.of(*TREES, *FORESTS, *BOOSTING)(_CRITERION)
# The two were always the same; 1.9 takes one for the other when it makes an estimator.
RULES.of(*(ref for ref in (*TREES, *FORESTS) if "Regressor" in ref))(
    revalued("criterion", friedman_mse="squared_error")
)
for _ref in (*TREES, *FORESTS, *BOOSTING):
    _auto = "sqrt" if "Classifier" in _ref else 1.0
    RULES.of(_ref)(revalued("max_features", auto=_auto))
RULES.of(*BOOSTING)(revalued("loss", ls="squared_error", lad="absolute_error", deviance="log_loss"))
RULES.of(*HISTOGRAMS)(
    revalued(
        "loss",
        least_squares="squared_error",
        least_absolute_deviation="absolute_error",
        auto="log_loss",
        binary_crossentropy="log_loss",
        categorical_crossentropy="log_loss",
    )
)
RULES.of(*SGD)(revalued("loss", log="log_loss", squared_loss="squared_error"))
RULES.of(*of("linear_model._ransac", "RANSACRegressor"))(
    revalued("loss", absolute_loss="absolute_error", squared_loss="squared_error")
)
for _ref, _values in parameters().items():
    RULES.of(_ref)(missing(_values))
RULES.of(*FORESTS, *of("multioutput", "ClassifierChain RegressorChain"))(
    missing({"estimator": None})
)

# --- what fitting leaves --------------------------------------------------------------------------


@RULES.of(*TREES, *FORESTS, *BOOSTING, *BAGGING, *FOREST_OF_OUTLIERS, *HISTOGRAMS)
def _features(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """How many features the model was fitted with: under this name since 0.24."""
    if "n_features_in_" not in state and "n_features_" in state:
        yield "n_features_in_", state["n_features_"]


_WITH_CLASSES: Final = [
    *(
        ref
        for ref in (*TREES, *FORESTS, *BOOSTING, *HISTOGRAMS, *BAGGING, *ADA)
        if "Classif" in ref
    ),
    *of("linear_model._logistic", "LogisticRegression LogisticRegressionCV"),
    *of("linear_model._ridge", "RidgeClassifier RidgeClassifierCV"),
    *of("linear_model._stochastic_gradient", "SGDClassifier"),
    *of("linear_model._perceptron", "Perceptron"),
    *of("linear_model._passive_aggressive", "PassiveAggressiveClassifier"),
    *of("svm._classes", "SVC NuSVC LinearSVC"),
    *of("neighbors._classification", "KNeighborsClassifier RadiusNeighborsClassifier"),
    *of("neighbors._nearest_centroid", "NearestCentroid"),
    *of("naive_bayes", "GaussianNB MultinomialNB BernoulliNB ComplementNB CategoricalNB"),
    *of("neural_network._multilayer_perceptron", "MLPClassifier"),
    *of("discriminant_analysis", "LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis"),
    *of(
        "gaussian_process._gpc", "GaussianProcessClassifier _BinaryGaussianProcessClassifierLaplace"
    ),
    *of("calibration", "CalibratedClassifierCV _CalibratedClassifier"),
    *of("preprocessing._label", "LabelEncoder LabelBinarizer MultiLabelBinarizer"),
    *of("semi_supervised._label_propagation", "LabelPropagation LabelSpreading"),
    *of("ensemble._voting", "VotingClassifier"),
    *of("ensemble._stacking", "StackingClassifier"),
    *of("multiclass", "OneVsRestClassifier OneVsOneClassifier OutputCodeClassifier"),
    *of("dummy", "DummyClassifier"),
]


@RULES.of(*_WITH_CLASSES)
def _text_labels(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Labels that were texts in Python 2, in arrays of bytes: they are texts, as in Python 3."""
    for name in ("classes_", "classes"):
        labels = state.get(name)
        array = arrays.array_of(labels)
        if array is None or array.dtype.text[:1] != "S" or not _is_of_python_2(view, labels):
            continue
        yield name, arrays.as_text(view, array)


def _is_of_python_2(view: View, labels: Any) -> bool:
    data = labels.state[4] if type(labels.state) is tuple else None
    return isinstance(data, str) or (isinstance(data, bytes) and view.pickle.protocol <= _PYTHON_2)
