"""What pickles of scikit-learn may name when they are upgraded. Data only.

Classes are made without their ``__init__``, functions are only held as values; see ``names`` of
``values.Pack``. From the inventory of release 1.9: nothing that loads, fetches, plots or tests. A
line is a module below ``sklearn`` and its names.
"""

from __future__ import annotations

from typing import Final

from pickle_migrate.packs.values import ALL, EMPTY, FUNCTION, VALUE, Names

_CLASSES: Final = """
_loss._loss CyAbsoluteError CyExponentialLoss CyHalfBinomialLoss CyHalfGammaLoss
   CyHalfMultinomialLoss CyHalfPoissonLoss CyHalfSquaredError CyHalfTweedieLoss
   CyHalfTweedieLossIdentity CyHuberLoss CyLossFunction CyPinballLoss
_loss.link BaseLink HalfLogitLink IdentityLink Interval LogLink LogitLink MultinomialLogit
_loss.loss AbsoluteError ArrayAPILossMixin BaseLoss ExponentialLoss HalfBinomialLoss
   HalfBinomialLossArrayAPI HalfGammaLoss HalfMultinomialLoss HalfMultinomialLossArrayAPI
   HalfPoissonLoss HalfPoissonLossArrayAPI HalfSquaredError HalfTweedieLoss
   HalfTweedieLossIdentity HuberLoss PinballLoss
base BaseEstimator BiclusterMixin ClassNamePrefixFeaturesOutMixin ClassifierMixin ClusterMixin
   DensityMixin MetaEstimatorMixin MultiOutputMixin OneToOneFeatureMixin OutlierMixin
   RegressorMixin TransformerMixin _UnstableArchMixin
calibration CalibratedClassifierCV CalibrationDisplay _CalibratedClassifier _SigmoidCalibration
   _TemperatureScaling
callback._base AutoPropagatedCallback FitCallback _BaseCallback
callback._callback_context CallbackContext
callback._callback_support CallbackSupportMixin
callback._progressbar ProgressBar RichProgressMonitor RichTask
callback._scoring_monitor ScoringMonitor ScoringMonitorLog
callback._transport ListenerHandle
cluster._affinity_propagation AffinityPropagation
cluster._agglomerative AgglomerativeClustering FeatureAgglomeration
cluster._bicluster BaseSpectral SpectralBiclustering SpectralCoclustering
cluster._birch Birch _CFNode _CFSubcluster
cluster._bisect_k_means BisectingKMeans _BisectingTree
cluster._dbscan DBSCAN
cluster._feature_agglomeration AgglomerationTransform
cluster._hdbscan._tree TreeUnionFind
cluster._hdbscan.hdbscan HDBSCAN
cluster._hierarchical_fast UnionFind WeightedEdge
cluster._kmeans KMeans MiniBatchKMeans _BaseKMeans
cluster._mean_shift MeanShift
cluster._optics OPTICS
cluster._spectral SpectralClustering
compose._column_transformer ColumnTransformer make_column_selector
compose._target TransformedTargetRegressor
covariance._elliptic_envelope EllipticEnvelope
covariance._empirical_covariance EmpiricalCovariance
covariance._graph_lasso BaseGraphicalLasso GraphicalLasso GraphicalLassoCV
covariance._robust_covariance MinCovDet
covariance._shrunk_covariance LedoitWolf OAS ShrunkCovariance
cross_decomposition._pls CCA PLSCanonical PLSRegression PLSSVD
decomposition._base _BasePCA
decomposition._dict_learning DictionaryLearning MiniBatchDictionaryLearning SparseCoder
   _BaseSparseCoding
decomposition._factor_analysis FactorAnalysis
decomposition._fastica FastICA
decomposition._incremental_pca IncrementalPCA
decomposition._kernel_pca KernelPCA
decomposition._lda LatentDirichletAllocation
decomposition._nmf MiniBatchNMF NMF _BaseNMF
decomposition._pca PCA
decomposition._sparse_pca MiniBatchSparsePCA SparsePCA _BaseSparsePCA
decomposition._truncated_svd TruncatedSVD
discriminant_analysis DiscriminantAnalysisPredictionMixin LinearDiscriminantAnalysis
   QuadraticDiscriminantAnalysis
dummy DummyClassifier DummyRegressor
ensemble._bagging BaggingClassifier BaggingRegressor BaseBagging
ensemble._base BaseEnsemble _BaseHeterogeneousEnsemble
ensemble._forest BaseForest ExtraTreesClassifier ExtraTreesRegressor ForestClassifier
   ForestRegressor RandomForestClassifier RandomForestRegressor RandomTreesEmbedding
ensemble._gb BaseGradientBoosting GradientBoostingClassifier GradientBoostingRegressor
   VerboseReporter
ensemble._hist_gradient_boosting.binning _BinMapper
ensemble._hist_gradient_boosting.common MonotonicConstraint
ensemble._hist_gradient_boosting.gradient_boosting BaseHistGradientBoosting
   HistGradientBoostingClassifier HistGradientBoostingRegressor
ensemble._hist_gradient_boosting.grower TreeGrower TreeNode
ensemble._hist_gradient_boosting.histogram HistogramBuilder
ensemble._hist_gradient_boosting.predictor TreePredictor
ensemble._hist_gradient_boosting.splitting SplitInfo Splitter
ensemble._iforest IsolationForest
ensemble._stacking StackingClassifier StackingRegressor _BaseStacking
ensemble._voting VotingClassifier VotingRegressor _BaseVoting
ensemble._weight_boosting AdaBoostClassifier AdaBoostRegressor BaseWeightBoosting
exceptions ConvergenceWarning DataConversionWarning DataDimensionalityWarning EfficiencyWarning
   EstimatorCheckFailedWarning FitFailedWarning InconsistentVersionWarning NotFittedError
   PositiveSpectrumWarning SkipTestWarning UndefinedMetricWarning UnsetMetadataPassedError
feature_extraction._dict_vectorizer DictVectorizer
feature_extraction._hash FeatureHasher
feature_extraction.image PatchExtractor
feature_extraction.text CountVectorizer HashingVectorizer TfidfTransformer TfidfVectorizer
   _VectorizerMixin
feature_selection._base SelectorMixin
feature_selection._from_model SelectFromModel
feature_selection._rfe RFE RFECV
feature_selection._sequential SequentialFeatureSelector
feature_selection._univariate_selection GenericUnivariateSelect SelectFdr SelectFpr SelectFwe
   SelectKBest SelectPercentile _BaseFilter
feature_selection._variance_threshold VarianceThreshold
frozen._frozen FrozenEstimator
gaussian_process._gpc GaussianProcessClassifier _BinaryGaussianProcessClassifierLaplace
gaussian_process._gpr GaussianProcessRegressor
gaussian_process.kernels CompoundKernel ConstantKernel DotProduct ExpSineSquared Exponentiation
   GenericKernelMixin Hyperparameter Kernel KernelOperator Matern NormalizedKernelMixin
   PairwiseKernel Product RBF RationalQuadratic StationaryKernelMixin Sum WhiteKernel
impute._base MissingIndicator SimpleImputer _BaseImputer
impute._iterative IterativeImputer _ImputerTriplet
impute._knn KNNImputer
isotonic IsotonicRegression
kernel_approximation AdditiveChi2Sampler Nystroem PolynomialCountSketch RBFSampler
   SkewedChi2Sampler
kernel_ridge KernelRidge
linear_model._base LinearClassifierMixin LinearModel LinearRegression MultiOutputLinearModel
   SparseCoefMixin
linear_model._bayes ARDRegression BayesianRidge
linear_model._coordinate_descent ElasticNet ElasticNetCV Lasso LassoCV LinearModelCV
   MultiTaskElasticNet MultiTaskElasticNetCV MultiTaskLasso MultiTaskLassoCV
linear_model._glm._newton_solver NewtonCholeskySolver NewtonSolver
linear_model._glm.glm GammaRegressor PoissonRegressor TweedieRegressor _GeneralizedLinearRegressor
linear_model._huber HuberRegressor
linear_model._least_angle Lars LarsCV LassoLars LassoLarsCV LassoLarsIC
linear_model._linear_loss LinearModelLoss
linear_model._logistic LogisticRegression LogisticRegressionCV _LbfgsCallbackBridge
linear_model._omp OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV
linear_model._passive_aggressive PassiveAggressiveClassifier PassiveAggressiveRegressor
linear_model._perceptron Perceptron
linear_model._quantile QuantileRegressor
linear_model._ransac RANSACRegressor
linear_model._ridge Ridge RidgeCV RidgeClassifier RidgeClassifierCV _BaseRidge _BaseRidgeCV
   _IdentityClassifier _IdentityRegressor _RidgeClassifierMixin _RidgeGCV _XT_CenterStackOp
   _X_CenterStackOp
linear_model._sgd_fast Classification EpsilonInsensitive Hinge ModifiedHuber Regression
   SquaredEpsilonInsensitive SquaredHinge
linear_model._stochastic_gradient BaseSGD BaseSGDClassifier BaseSGDRegressor SGDClassifier
   SGDOneClassSVM SGDRegressor _ValidationScoreCallback
linear_model._theil_sen TheilSenRegressor
manifold._classical_mds ClassicalMDS
manifold._isomap Isomap
manifold._locally_linear LocallyLinearEmbedding
manifold._mds MDS
manifold._spectral_embedding SpectralEmbedding
manifold._t_sne TSNE
metrics._dist_metrics BrayCurtisDistance32 BrayCurtisDistance64 CanberraDistance32
   CanberraDistance64 ChebyshevDistance32 ChebyshevDistance64 DiceDistance32 DiceDistance64
   DistanceMetric DistanceMetric32 DistanceMetric64 EuclideanDistance32 EuclideanDistance64
   HammingDistance32 HammingDistance64 HaversineDistance32 HaversineDistance64 JaccardDistance32
   JaccardDistance64 KulsinskiDistance32 KulsinskiDistance64 MahalanobisDistance32
   MahalanobisDistance64 ManhattanDistance32 ManhattanDistance64 MatchingDistance32
   MatchingDistance64 MinkowskiDistance32 MinkowskiDistance64 PyFuncDistance32 PyFuncDistance64
   RogersTanimotoDistance32 RogersTanimotoDistance64 RussellRaoDistance32 RussellRaoDistance64
   SEuclideanDistance32 SEuclideanDistance64 SokalMichenerDistance32 SokalMichenerDistance64
   SokalSneathDistance32 SokalSneathDistance64
metrics._pairwise_distances_reduction._argkmin ArgKmin32 ArgKmin64 EuclideanArgKmin32
   EuclideanArgKmin64
metrics._pairwise_distances_reduction._argkmin_classmode ArgKminClassMode32 ArgKminClassMode64
metrics._pairwise_distances_reduction._base BaseDistancesReduction32 BaseDistancesReduction64
metrics._pairwise_distances_reduction._datasets_pair DatasetsPair32 DatasetsPair64
   DenseDenseDatasetsPair32 DenseDenseDatasetsPair64 DenseSparseDatasetsPair32
   DenseSparseDatasetsPair64 SparseDenseDatasetsPair32 SparseDenseDatasetsPair64
   SparseSparseDatasetsPair32 SparseSparseDatasetsPair64
metrics._pairwise_distances_reduction._dispatcher ArgKmin ArgKminClassMode
   BaseDistancesReductionDispatcher RadiusNeighbors RadiusNeighborsClassMode
metrics._pairwise_distances_reduction._middle_term_computer DenseDenseMiddleTermComputer32
   DenseDenseMiddleTermComputer64 MiddleTermComputer32 MiddleTermComputer64
   SparseDenseMiddleTermComputer32 SparseDenseMiddleTermComputer64
   SparseSparseMiddleTermComputer32 SparseSparseMiddleTermComputer64
metrics._pairwise_distances_reduction._radius_neighbors EuclideanRadiusNeighbors32
   EuclideanRadiusNeighbors64 RadiusNeighbors32 RadiusNeighbors64
metrics._pairwise_distances_reduction._radius_neighbors_classmode RadiusNeighborsClassMode32
   RadiusNeighborsClassMode64
metrics._scorer _BaseScorer _CurveScorer _MultimetricScorer _PassthroughScorer _Scorer
mixture._base BaseMixture
mixture._bayesian_mixture BayesianGaussianMixture
mixture._gaussian_mixture GaussianMixture
model_selection._classification_threshold BaseThresholdClassifier FixedThresholdClassifier
   TunedThresholdClassifierCV
model_selection._search BaseSearchCV GridSearchCV ParameterGrid ParameterSampler
   RandomizedSearchCV
model_selection._search_successive_halving BaseSuccessiveHalving HalvingGridSearchCV
   HalvingRandomSearchCV _SubsampleMetaSplitter
model_selection._split BaseCrossValidator BaseShuffleSplit GroupKFold GroupShuffleSplit
   GroupsConsumerMixin KFold LeaveOneGroupOut LeaveOneOut LeavePGroupsOut LeavePOut
   PredefinedSplit RepeatedKFold RepeatedStratifiedKFold ShuffleSplit StratifiedGroupKFold
   StratifiedKFold StratifiedShuffleSplit TimeSeriesSplit _BaseKFold _CVIterableWrapper
   _RepeatedSplits _UnsupportedGroupCVMixin
multiclass OneVsOneClassifier OneVsRestClassifier OutputCodeClassifier _ConstantPredictor
multioutput ClassifierChain MultiOutputClassifier MultiOutputRegressor RegressorChain _BaseChain
   _MultiOutputEstimator
naive_bayes BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB _BaseDiscreteNB
   _BaseNB
neighbors._ball_tree BallTree BallTree32 BallTree64 BinaryTree32 BinaryTree64 NeighborsHeap32
   NeighborsHeap64 NodeHeap
neighbors._base KNeighborsMixin NeighborsBase RadiusNeighborsMixin
neighbors._classification KNeighborsClassifier RadiusNeighborsClassifier
neighbors._graph KNeighborsTransformer RadiusNeighborsTransformer
neighbors._kd_tree BinaryTree32 BinaryTree64 KDTree KDTree32 KDTree64 NeighborsHeap32
   NeighborsHeap64 NodeHeap
neighbors._kde KernelDensity
neighbors._lof LocalOutlierFactor
neighbors._nca NeighborhoodComponentsAnalysis
neighbors._nearest_centroid NearestCentroid
neighbors._quad_tree _QuadTree
neighbors._regression KNeighborsRegressor RadiusNeighborsRegressor
neighbors._unsupervised NearestNeighbors
neural_network._multilayer_perceptron BaseMultilayerPerceptron MLPClassifier MLPRegressor
neural_network._rbm BernoulliRBM
neural_network._stochastic_optimizers AdamOptimizer BaseOptimizer SGDOptimizer
pipeline FeatureUnion Pipeline
preprocessing._data Binarizer KernelCenterer MaxAbsScaler MinMaxScaler Normalizer PowerTransformer
   QuantileTransformer RobustScaler StandardScaler
preprocessing._discretization KBinsDiscretizer
preprocessing._encoders OneHotEncoder OrdinalEncoder _BaseEncoder
preprocessing._function_transformer FunctionTransformer
preprocessing._label LabelBinarizer LabelEncoder MultiLabelBinarizer
preprocessing._polynomial PolynomialFeatures SplineTransformer
preprocessing._target_encoder TargetEncoder
random_projection BaseRandomProjection GaussianRandomProjection SparseRandomProjection
semi_supervised._label_propagation BaseLabelPropagation LabelPropagation LabelSpreading
semi_supervised._self_training SelfTrainingClassifier
svm._base BaseLibSVM BaseSVC
svm._classes LinearSVC LinearSVR NuSVC NuSVR OneClassSVM SVC SVR
tree._classes BaseDecisionTree DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier
   ExtraTreeRegressor
tree._criterion ClassificationCriterion Criterion Entropy Gini Poisson RegressionCriterion
tree._export Sentinel _BaseTreeExporter _DOTTreeExporter _MPLTreeExporter
tree._partitioner DensePartitioner SparsePartitioner
tree._reingold_tilford DrawTree Tree
tree._splitter BestSparseSplitter BestSplitter RandomSparseSplitter RandomSplitter Splitter
tree._tree BestFirstTreeBuilder DepthFirstTreeBuilder Tree TreeBuilder _AlphaPruner
   _CCPPruneController _PathFinder
tree._utils PytestWeightedFenwickTree WeightedFenwickTree
utils._array_api NamespaceAndDevice
utils._available_if _AvailableIfDescriptor
utils._bunch Bunch
utils._encode MissingValues _NaNCounter
utils._fast_dict IntFloatDict
utils._isfinite FiniteStatus
utils._metadata_requests MetadataRequest MetadataRouter MethodMapping MethodMetadataRequest
   MethodPair RequestMethod RouterMappingPair _MetadataRequester _RoutingNotSupportedMixin
utils._param_validation HasMethods Hidden Interval InvalidParameterError MissingValues Options
   RealNotInt StrOptions _ArrayLikes _Booleans _CVObjects _Callables _Constraint _InstancesOf
   _IterablesNotString _NanConstraint _NoneConstraint _PandasNAConstraint _RandomStates
   _SparseMatrices _VerboseHelper
utils._pprint KeyValTuple KeyValTupleParam _EstimatorPrettyPrinter
utils._repr_html.base ReprHTMLMixin _HTMLDocumentationLinkMixin _IDCounter
utils._repr_html.estimator _VisualBlock
utils._repr_html.fitted_attributes AttrsDict
utils._repr_html.params ParamsDict
utils._seq_dataset ArrayDataset32 ArrayDataset64 CSRDataset32 CSRDataset64 SequentialDataset32
   SequentialDataset64
utils._set_output ContainerAdapterProtocol ContainerAdaptersManager PandasAdapter PolarsAdapter
   _SetOutputMixin
utils._tags ClassifierTags InputTags RegressorTags Tags TargetTags TransformerTags
utils._vector_sentinel StdVectorSentinel StdVectorSentinelFloat64 StdVectorSentinelInt32
   StdVectorSentinelInt64 StdVectorSentinelIntP
utils._weight_vector WeightVector32 WeightVector64
utils.metaestimators _BaseComposition
utils.optimize _LineSearchError
utils.parallel Parallel _FuncWrapper
"""

_FUNCTIONS: Final = """
cluster._kmeans _kmeans_single_elkan _kmeans_single_lloyd
feature_selection._mutual_info mutual_info_classif mutual_info_regression
feature_selection._univariate_selection chi2 f_classif f_oneway f_regression r_regression
metrics._classification accuracy_score balanced_accuracy_score brier_score_loss
   class_likelihood_ratios classification_report cohen_kappa_score confusion_matrix d2_brier_score
   d2_log_loss_score f1_score fbeta_score hamming_loss hinge_loss jaccard_score log_loss
   matthews_corrcoef multilabel_confusion_matrix precision_recall_fscore_support precision_score
   recall_score zero_one_loss
metrics._dist_metrics get_valid_metric_ids
metrics._pairwise_distances_reduction._dispatcher sqeuclidean_row_norms
metrics._ranking auc average_precision_score confusion_matrix_at_thresholds coverage_error
   dcg_score det_curve label_ranking_average_precision_score label_ranking_loss
   metric_at_thresholds ndcg_score precision_recall_curve roc_auc_score roc_curve
   top_k_accuracy_score
metrics._regression d2_absolute_error_score d2_pinball_score d2_tweedie_score
   explained_variance_score max_error mean_absolute_error mean_absolute_percentage_error
   mean_gamma_deviance mean_pinball_loss mean_poisson_deviance mean_squared_error
   mean_squared_log_error mean_tweedie_deviance median_absolute_error r2_score
   root_mean_squared_error root_mean_squared_log_error
metrics._scorer get_scorer get_scorer_names make_scorer negative_likelihood_ratio
   positive_likelihood_ratio
metrics.cluster._bicluster consensus_score
metrics.cluster._expected_mutual_info_fast expected_mutual_information
metrics.cluster._supervised adjusted_mutual_info_score adjusted_rand_score completeness_score
   contingency_matrix entropy fowlkes_mallows_score homogeneity_completeness_v_measure
   homogeneity_score mutual_info_score normalized_mutual_info_score pair_confusion_matrix
   rand_score v_measure_score
metrics.cluster._unsupervised calinski_harabasz_score davies_bouldin_score silhouette_samples
   silhouette_score
metrics.pairwise additive_chi2_kernel chi2_kernel cosine_distances cosine_similarity
   distance_metrics euclidean_distances haversine_distances kernel_metrics laplacian_kernel
   linear_kernel manhattan_distances nan_euclidean_distances paired_cosine_distances
   paired_distances paired_euclidean_distances paired_manhattan_distances pairwise_distances
   pairwise_distances_argmin pairwise_distances_argmin_min pairwise_distances_chunked
   pairwise_kernels polynomial_kernel rbf_kernel sigmoid_kernel
utils.validation check_array
"""
# Made by a call, with numbers and arrays as arguments.
_CALLED: Final = {
    "sklearn.tree._tree": {"Tree": ALL},
    "sklearn.neighbors._kd_tree": {"newObj": FUNCTION},
    "sklearn.neighbors._ball_tree": {"newObj": FUNCTION},
    "sklearn.metrics._dist_metrics": {"newObj": FUNCTION},
}
_MADE_BY_CALL: Final = ("_loss.loss", "_loss._loss", "linear_model._sgd_fast")


def names() -> Names:
    """The names for ``Pack.names``."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    for table, uses in ((_CLASSES, EMPTY), (_FUNCTIONS, VALUE)):
        for line in table.strip().replace("\n   ", " ").split("\n"):
            module, *given = line.split()
            mine = ALL if module in _MADE_BY_CALL else uses
            found.setdefault(f"sklearn.{module}", {})[" ".join(given)] = mine
    for name, parts in _CALLED.items():
        found.setdefault(name, {}).update(parts)
    losses = found["sklearn._loss._loss"]
    losses["__pyx_unpickle_CyHalfMultinomialLoss"] = FUNCTION
    return found
