"""Modules and classes of scikit-learn that have other names today. Data only.

Release 0.22 put an underscore before nearly every module, and later ones moved a few more. The
table comes from an inventory of releases 0.19 to 1.9 (``fixtures/packs/sklearn/inventory.py``).
A line is a name in old pickles and the name today, both below ``sklearn``; ``/`` stands before a
name that is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_MODULES: Final = """
cluster._hierarchical cluster._agglomerative
cluster._k_means_fast cluster._k_means_common
cluster.affinity_propagation_ cluster._affinity_propagation
cluster.bicluster cluster._bicluster
cluster.birch cluster._birch
cluster.dbscan_ cluster._dbscan
cluster.hierarchical cluster._agglomerative
cluster.k_means_ cluster._kmeans
cluster.mean_shift_ cluster._mean_shift
cluster.optics_ cluster._optics
cluster.spectral cluster._spectral
covariance.elliptic_envelope covariance._elliptic_envelope
covariance.empirical_covariance_ covariance._empirical_covariance
covariance.graph_lasso_ covariance._graph_lasso
covariance.outlier_detection covariance._elliptic_envelope
covariance.robust_covariance covariance._robust_covariance
covariance.shrunk_covariance_ covariance._shrunk_covariance
cross_decomposition._cca cross_decomposition._pls
cross_decomposition.cca_ cross_decomposition._pls
cross_decomposition.pls_ cross_decomposition._pls
decomposition._online_lda decomposition._online_lda_fast
decomposition.base decomposition._base
decomposition.cdnmf_fast decomposition._cdnmf_fast
decomposition.dict_learning decomposition._dict_learning
decomposition.factor_analysis decomposition._factor_analysis
decomposition.fastica_ decomposition._fastica
decomposition.incremental_pca decomposition._incremental_pca
decomposition.kernel_pca decomposition._kernel_pca
decomposition.nmf decomposition._nmf
decomposition.online_lda decomposition._lda
decomposition.online_lda_fast decomposition._online_lda_fast
decomposition.pca decomposition._pca
decomposition.sparse_pca decomposition._sparse_pca
decomposition.truncated_svd decomposition._truncated_svd
ensemble.bagging ensemble._bagging
ensemble.base ensemble._base
ensemble.forest ensemble._forest
ensemble.gradient_boosting ensemble._gb
ensemble.iforest ensemble._iforest
ensemble.voting ensemble._voting
ensemble.voting_classifier ensemble._voting
ensemble.weight_boosting ensemble._weight_boosting
externals.joblib /joblib
feature_extraction._hashing feature_extraction._hashing_fast
feature_extraction.dict_vectorizer feature_extraction._dict_vectorizer
feature_extraction.hashing feature_extraction._hash
feature_extraction.stop_words feature_extraction._stop_words
feature_selection.base feature_selection._base
feature_selection.from_model feature_selection._from_model
feature_selection.mutual_info_ feature_selection._mutual_info
feature_selection.rfe feature_selection._rfe
feature_selection.univariate_selection feature_selection._univariate_selection
feature_selection.variance_threshold feature_selection._variance_threshold
gaussian_process.gpc gaussian_process._gpc
gaussian_process.gpr gaussian_process._gpr
grid_search model_selection._search
inspection.partial_dependence inspection._partial_dependence
linear_model._glm.link _loss.link
linear_model.base linear_model._base
linear_model.bayes linear_model._bayes
linear_model.cd_fast linear_model._cd_fast
linear_model.coordinate_descent linear_model._coordinate_descent
linear_model.huber linear_model._huber
linear_model.least_angle linear_model._least_angle
linear_model.logistic linear_model._logistic
linear_model.omp linear_model._omp
linear_model.passive_aggressive linear_model._passive_aggressive
linear_model.perceptron linear_model._perceptron
linear_model.ransac linear_model._ransac
linear_model.ridge linear_model._ridge
linear_model.sag linear_model._sag
linear_model.sag_fast linear_model._sag_fast
linear_model.sgd_fast linear_model._sgd_fast
linear_model.stochastic_gradient linear_model._stochastic_gradient
linear_model.theil_sen linear_model._theil_sen
manifold.isomap manifold._isomap
manifold.locally_linear manifold._locally_linear
manifold.mds manifold._mds
manifold.spectral_embedding_ manifold._spectral_embedding
manifold.t_sne manifold._t_sne
metrics.base metrics._base
metrics.classification metrics._classification
metrics.cluster.bicluster metrics.cluster._bicluster
metrics.cluster.expected_mutual_info_fast metrics.cluster._expected_mutual_info_fast
metrics.cluster.supervised metrics.cluster._supervised
metrics.cluster.unsupervised metrics.cluster._unsupervised
metrics.pairwise_fast metrics._pairwise_fast
metrics.ranking metrics._ranking
metrics.regression metrics._regression
metrics.scorer metrics._scorer
mixture.base mixture._base
mixture.bayesian_mixture mixture._bayesian_mixture
mixture.gaussian_mixture mixture._gaussian_mixture
neighbors._dist_metrics metrics._dist_metrics
neighbors._distance_metric metrics._dist_metrics
neighbors.ball_tree neighbors._ball_tree
neighbors.base neighbors._base
neighbors.classification neighbors._classification
neighbors.dist_metrics metrics._dist_metrics
neighbors.graph neighbors._graph
neighbors.kd_tree neighbors._kd_tree
neighbors.kde neighbors._kde
neighbors.lof neighbors._lof
neighbors.nca neighbors._nca
neighbors.nearest_centroid neighbors._nearest_centroid
neighbors.quad_tree neighbors._quad_tree
neighbors.regression neighbors._regression
neighbors.unsupervised neighbors._unsupervised
neural_network.multilayer_perceptron neural_network._multilayer_perceptron
neural_network.rbm neural_network._rbm
preprocessing.data preprocessing._data
preprocessing.label preprocessing._label
semi_supervised.label_propagation semi_supervised._label_propagation
svm.base svm._base
svm.bounds svm._bounds
svm.classes svm._classes
svm.liblinear svm._liblinear
svm.libsvm svm._libsvm
svm.libsvm_sparse svm._libsvm_sparse
tree.export tree._export
tree.tree tree._classes
utils.fast_dict utils._fast_dict
utils.mocking utils._mocking
utils.seq_dataset utils._seq_dataset
utils.testing utils._testing
utils.weight_vector utils._weight_vector
"""

_CLASSES: Final = """
preprocessing._data:PolynomialFeatures preprocessing._polynomial:PolynomialFeatures
preprocessing.data:OneHotEncoder preprocessing._encoders:OneHotEncoder
preprocessing.data:PolynomialFeatures preprocessing._polynomial:PolynomialFeatures
impute:MissingIndicator impute._base:MissingIndicator
impute:SimpleImputer impute._base:SimpleImputer
preprocessing.imputation:Imputer impute._base:SimpleImputer
utils:Bunch utils._bunch:Bunch
utils:Parallel utils.parallel:Parallel
"""


def renames() -> Iterator[tuple[str, str]]:
    """Old name and new name, for ``Registry.rename``: modules first, then classes."""
    for line in (_MODULES + _CLASSES).split("\n"):
        if line:
            old, new = line.split()
            yield _full(old), _full(new)


def _full(name: str) -> str:
    return name[1:] if name.startswith("/") else f"sklearn.{name}"
