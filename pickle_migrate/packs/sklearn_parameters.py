"""Parameters that estimators of scikit-learn got after release 0.19, with what they meant before.

Estimators keep their parameters in their state, and look at them also when they only predict. A
line is a parameter, the first release that had it, its value, and the classes (below ``sklearn``).
The values are today's defaults; where a default is new in what it computes, what was computed
before. From the same inventory as ``sklearn_names``.
"""

from __future__ import annotations

import ast
from typing import Any, Final

_NEW: Final = """
add_indicator 0.21 False impute._base:SimpleImputer
algorithm 0.20 'auto' neighbors._base:NeighborsBase
alpha_H 1.0 'same' decomposition._nmf:NMF
alpha_W 1.0 0.0 decomposition._nmf:NMF
alpha_init 0.22 None linear_model._bayes:BayesianRidge
alpha_per_target 0.24 False linear_model._ridge:RidgeCV
break_ties 0.22 False svm._classes:NuSVC svm._classes:SVC
callback 1.2 None decomposition._dict_learning:MiniBatchDictionaryLearning
callback 1.3 None decomposition._dict_learning:DictionaryLearning
categorical_features 0.24 None
   ensemble._hist_gradient_boosting.gradient_boosting:HistGradientBoostingClassifier
   ensemble._hist_gradient_boosting.gradient_boosting:HistGradientBoostingRegressor
categories 0.20 'auto' preprocessing._encoders:OneHotEncoder
ccp_alpha 0.22 0.0 ensemble._forest:ExtraTreesClassifier ensemble._forest:ExtraTreesRegressor
   ensemble._forest:RandomForestClassifier ensemble._forest:RandomForestRegressor
   ensemble._gb:GradientBoostingClassifier ensemble._gb:GradientBoostingRegressor
   tree._classes:DecisionTreeClassifier tree._classes:DecisionTreeRegressor
   tree._classes:ExtraTreeClassifier tree._classes:ExtraTreeRegressor
chain_method 1.5 'predict' multioutput:ClassifierChain
check_X_params 0.24 None utils._mocking:CheckingClassifier
check_inverse 0.20 True preprocessing._function_transformer:FunctionTransformer
check_y_params 0.24 None utils._mocking:CheckingClassifier
class_weight 1.2 None
   ensemble._hist_gradient_boosting.gradient_boosting:HistGradientBoostingClassifier
clip 0.24 False preprocessing._data:MinMaxScaler
clip 1.9 False preprocessing._data:MaxAbsScaler
compute_distances 0.24 False cluster._agglomerative:AgglomerativeClustering
   cluster._agglomerative:FeatureAgglomeration
compute_inverse_components 1.2 False random_projection:GaussianRandomProjection
   random_projection:SparseRandomProjection
covariance 1.3 None covariance._graph_lasso:GraphicalLasso
covariance_estimator 0.24 None discriminant_analysis:LinearDiscriminantAnalysis
covariance_estimator 1.9 None discriminant_analysis:QuadraticDiscriminantAnalysis
distance_threshold 0.21 None cluster._agglomerative:AgglomerativeClustering
   cluster._agglomerative:FeatureAgglomeration
drop 0.21 None preprocessing._encoders:OneHotEncoder
dtype 0.24 None preprocessing._discretization:KBinsDiscretizer
early_stopping 0.20 False linear_model._passive_aggressive:PassiveAggressiveClassifier
   linear_model._passive_aggressive:PassiveAggressiveRegressor linear_model._perceptron:Perceptron
   linear_model._stochastic_gradient:SGDClassifier linear_model._stochastic_gradient:SGDRegressor
early_stopping 0.24 'auto'
   ensemble._hist_gradient_boosting.gradient_boosting:HistGradientBoostingClassifier
   ensemble._hist_gradient_boosting.gradient_boosting:HistGradientBoostingRegressor
eigen_tol 1.2 'auto' manifold._spectral_embedding:SpectralEmbedding
encoded_missing_value 1.2 nan preprocessing._encoders:OrdinalEncoder
ensemble 0.24 'auto' calibration:CalibratedClassifierCV
eps 1.3 2.220446049250313e-16 covariance._graph_lasso:GraphicalLasso
   covariance._graph_lasso:GraphicalLassoCV
estimator 1.2 None calibration:CalibratedClassifierCV ensemble._bagging:BaggingClassifier
   ensemble._bagging:BaggingRegressor ensemble._weight_boosting:AdaBoostClassifier
   ensemble._weight_boosting:AdaBoostRegressor linear_model._ransac:RANSACRegressor
estimator 1.9 None semi_supervised._self_training:SelfTrainingClassifier
expected_sample_weight 1.2 None utils._mocking:CheckingClassifier
feature_name_combiner 1.3 'concat' preprocessing._encoders:OneHotEncoder
feature_names_out 1.2 None preprocessing._function_transformer:FunctionTransformer
fill_value 1.3 None impute._iterative:IterativeImputer
force_alpha 1.2 False naive_bayes:BernoulliNB naive_bayes:CategoricalNB naive_bayes:ComplementNB
   naive_bayes:MultinomialNB
handle_missing 1.9 'error' preprocessing._polynomial:SplineTransformer
handle_unknown 0.24 'error' preprocessing._encoders:OrdinalEncoder
importance_getter 0.24 'auto' feature_selection._from_model:SelectFromModel
   feature_selection._rfe:RFE feature_selection._rfe:RFECV
init 1.9 'warn' manifold._mds:MDS
interaction_cst 1.2 None
   ensemble._hist_gradient_boosting.gradient_boosting:HistGradientBoostingClassifier
   ensemble._hist_gradient_boosting.gradient_boosting:HistGradientBoostingRegressor
iterated_power 1.0 'auto' decomposition._kernel_pca:KernelPCA
jitter 0.24 None linear_model._least_angle:Lars linear_model._least_angle:LassoLars
keep_empty_features 1.2 False impute._base:SimpleImputer impute._iterative:IterativeImputer
   impute._knn:KNNImputer
l1_ratio 0.21 0.0 linear_model._logistic:LogisticRegression
l1_ratio 0.24 0.15 linear_model._perceptron:Perceptron
l1_ratios 0.21 None linear_model._logistic:LogisticRegressionCV
lambda_init 0.22 None linear_model._bayes:BayesianRidge
leaf_size 0.20 30 neighbors._base:NeighborsBase
loss 1.9 'squared_error' neural_network._multilayer_perceptron:MLPRegressor
max_categories 1.2 None preprocessing._encoders:OneHotEncoder
max_categories 1.3 None preprocessing._encoders:OrdinalEncoder
max_features 0.20 None feature_selection._from_model:SelectFromModel
max_features 1.5 1.0
   ensemble._hist_gradient_boosting.gradient_boosting:HistGradientBoostingClassifier
   ensemble._hist_gradient_boosting.gradient_boosting:HistGradientBoostingRegressor
max_fun 0.22 15000 neural_network._multilayer_perceptron:MLPClassifier
   neural_network._multilayer_perceptron:MLPRegressor
max_iter 0.22 300 cluster._mean_shift:MeanShift
max_iter 1.2 1000 decomposition._dict_learning:MiniBatchDictionaryLearning
   decomposition._sparse_pca:MiniBatchSparsePCA
max_iter 1.3 300 linear_model._bayes:ARDRegression linear_model._bayes:BayesianRidge
max_iter 1.5 1000 manifold._t_sne:TSNE
max_no_improvement 1.2 10 decomposition._dict_learning:MiniBatchDictionaryLearning
   decomposition._sparse_pca:MiniBatchSparsePCA
max_samples 0.22 None ensemble._forest:ExtraTreesClassifier ensemble._forest:ExtraTreesRegressor
   ensemble._forest:RandomForestClassifier ensemble._forest:RandomForestRegressor
memory 1.0 None cluster._optics:OPTICS
methods_to_check 0.24 'all' utils._mocking:CheckingClassifier
metric 0.20 'minkowski' neighbors._base:NeighborsBase
metric 0.22 'minkowski' manifold._isomap:Isomap
metric 1.2 'euclidean' cluster._agglomerative:AgglomerativeClustering
   cluster._agglomerative:FeatureAgglomeration
metric_mds 1.9 True manifold._mds:MDS
metric_params 0.20 None neighbors._base:NeighborsBase
metric_params 0.22 None manifold._isomap:Isomap
metric_params 1.2 None manifold._t_sne:TSNE
metric_params 1.9 None manifold._mds:MDS
min_categories 0.24 None naive_bayes:CategoricalNB
min_features_to_select 0.20 1 feature_selection._rfe:RFECV
min_frequency 1.2 None preprocessing._encoders:OneHotEncoder
min_frequency 1.3 None preprocessing._encoders:OrdinalEncoder
monotonic_cst 0.24 None
   ensemble._hist_gradient_boosting.gradient_boosting:HistGradientBoostingClassifier
   ensemble._hist_gradient_boosting.gradient_boosting:HistGradientBoostingRegressor
monotonic_cst 1.5 None ensemble._forest:ExtraTreesClassifier ensemble._forest:ExtraTreesRegressor
   ensemble._forest:RandomForestClassifier ensemble._forest:RandomForestRegressor
   tree._classes:DecisionTreeClassifier tree._classes:DecisionTreeRegressor
   tree._classes:ExtraTreeClassifier tree._classes:ExtraTreeRegressor
n_components 0.22 None cluster._spectral:SpectralClustering
n_iter_no_change 0.20 10 neural_network._multilayer_perceptron:MLPClassifier
   neural_network._multilayer_perceptron:MLPRegressor
n_iter_no_change 0.20 5 linear_model._passive_aggressive:PassiveAggressiveClassifier
   linear_model._passive_aggressive:PassiveAggressiveRegressor linear_model._perceptron:Perceptron
   linear_model._stochastic_gradient:SGDClassifier linear_model._stochastic_gradient:SGDRegressor
n_iter_no_change 0.20 None ensemble._gb:GradientBoostingClassifier
   ensemble._gb:GradientBoostingRegressor
n_jobs 0.20 None neighbors._base:NeighborsBase neighbors._classification:RadiusNeighborsClassifier
   neighbors._regression:RadiusNeighborsRegressor
n_jobs 0.22 None manifold._t_sne:TSNE
n_jobs 0.24 None calibration:CalibratedClassifierCV kernel_approximation:Nystroem
n_neighbors 0.20 None neighbors._base:NeighborsBase
n_oversamples 1.2 10 decomposition._pca:PCA decomposition._truncated_svd:TruncatedSVD
n_targets 1.3 None gaussian_process._gpr:GaussianProcessRegressor
noise_variance 1.0 None linear_model._least_angle:LassoLarsIC
normalized_stress 1.2 'auto' manifold._mds:MDS
novelty 0.20 False neighbors._lof:LocalOutlierFactor
order 0.21 'C' preprocessing._polynomial:PolynomialFeatures
p 0.20 2 neighbors._base:NeighborsBase
p 0.22 2 manifold._isomap:Isomap
positive 0.24 False linear_model._base:LinearRegression
positive 1.0 False linear_model._ridge:Ridge linear_model._ridge:RidgeClassifier
positive_code 0.20 False decomposition._dict_learning:DictionaryLearning
   decomposition._dict_learning:MiniBatchDictionaryLearning
   decomposition._dict_learning:SparseCoder
positive_dict 0.20 False decomposition._dict_learning:DictionaryLearning
   decomposition._dict_learning:MiniBatchDictionaryLearning
power_iteration_normalizer 1.2 'auto' decomposition._pca:PCA
   decomposition._truncated_svd:TruncatedSVD
priors 1.9 'uniform' neighbors._nearest_centroid:NearestCentroid
quantile 1.2 None ensemble._hist_gradient_boosting.gradient_boosting:HistGradientBoostingRegressor
quantile_method 1.9 'averaged_inverted_cdf' preprocessing._discretization:KBinsDiscretizer
radius 0.20 None neighbors._base:NeighborsBase
radius 1.2 None manifold._isomap:Isomap
random_state 0.24 None cluster._affinity_propagation:AffinityPropagation
   linear_model._least_angle:Lars linear_model._least_angle:LassoLars
random_state 1.2 None preprocessing._discretization:KBinsDiscretizer
random_state 1.5 None utils._mocking:CheckingClassifier
rotation 0.24 None decomposition._factor_analysis:FactorAnalysis
shrinkage 1.9 None discriminant_analysis:QuadraticDiscriminantAnalysis
skip_complete 0.22 False impute._iterative:IterativeImputer
solver 1.2 'lbfgs' linear_model._glm.glm:GammaRegressor linear_model._glm.glm:PoissonRegressor
   linear_model._glm.glm:TweedieRegressor
solver 1.9 'svd' discriminant_analysis:QuadraticDiscriminantAnalysis
sparse_output 1.2 True preprocessing._encoders:OneHotEncoder
sparse_output 1.3 False preprocessing._polynomial:SplineTransformer
store_cv_results 1.5 False linear_model._ridge:RidgeCV linear_model._ridge:RidgeClassifierCV
subsample 1.2 200000 preprocessing._discretization:KBinsDiscretizer
tol 0.20 0.0001 ensemble._gb:GradientBoostingClassifier ensemble._gb:GradientBoostingRegressor
tol 1.2 0.001 decomposition._dict_learning:MiniBatchDictionaryLearning
   decomposition._sparse_pca:MiniBatchSparsePCA
tol 1.2 None feature_selection._sequential:SequentialFeatureSelector
tol 1.9 1e-06 linear_model._base:LinearRegression
transform_input 1.9 None pipeline:Pipeline
transform_max_iter 0.22 1000 decomposition._dict_learning:DictionaryLearning
   decomposition._dict_learning:MiniBatchDictionaryLearning
   decomposition._dict_learning:SparseCoder
unit_variance 0.24 False preprocessing._data:RobustScaler
unknown_value 0.24 None preprocessing._encoders:OrdinalEncoder
use_legacy_attributes 1.9 'warn' linear_model._logistic:LogisticRegressionCV
validation_fraction 0.20 0.1 ensemble._gb:GradientBoostingClassifier
   ensemble._gb:GradientBoostingRegressor
   linear_model._passive_aggressive:PassiveAggressiveClassifier
   linear_model._passive_aggressive:PassiveAggressiveRegressor linear_model._perceptron:Perceptron
   linear_model._stochastic_gradient:SGDClassifier linear_model._stochastic_gradient:SGDRegressor
var_smoothing 0.20 1e-09 naive_bayes:GaussianNB
verbose 0.21 False compose._column_transformer:ColumnTransformer pipeline:FeatureUnion
   pipeline:Pipeline
verbose 0.24 False cluster._spectral:SpectralClustering ensemble._voting:VotingClassifier
   ensemble._voting:VotingRegressor
verbose 1.2 0 multiclass:OneVsRestClassifier
verbose 1.2 False multioutput:ClassifierChain multioutput:RegressorChain
verbose_feature_names_out 1.0 True compose._column_transformer:ColumnTransformer
verbose_feature_names_out 1.5 True pipeline:FeatureUnion
warm_start 0.21 False ensemble._iforest:IsolationForest
warm_start 0.22 False
   ensemble._hist_gradient_boosting.gradient_boosting:HistGradientBoostingClassifier
   ensemble._hist_gradient_boosting.gradient_boosting:HistGradientBoostingRegressor
whiten_solver 1.2 'svd' decomposition._fastica:FastICA
"""


def parameters() -> dict[str, dict[str, Any]]:
    """The parameters that may be missing, by class (``module:qualname``), with their values."""
    found: dict[str, dict[str, Any]] = {}
    for line in _NEW.replace("\n   ", " ").strip().split("\n"):
        name, _since, value, *classes = line.split()
        for cls in classes:
            mine = found.setdefault(f"sklearn.{cls}", {})
            mine[name] = float(value) if value == "nan" else ast.literal_eval(value)
    return found
