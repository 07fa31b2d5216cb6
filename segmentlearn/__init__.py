"""Customer segmentation with deep learning behind scikit-learn's interface.

Names are resolved at first use (PEP 562), so that ``import segmentlearn`` stays light:
TensorFlow is loaded by the first ``fit`` or ``predict``, not before.
"""

import importlib

from segmentlearn import _forks as _forks

__version__ = "0.2.0.dev0"

# public name -> the subpackage that defines it
_NAMES = {
    "AssociationSelector": "segmentlearn.preprocessing",
    "AutoSMOTE": "segmentlearn.sampling",
    "AuditReport": "segmentlearn.auditing",
    "Autoencoder": "segmentlearn.neural_network",
    "AutoencoderClusterer": "segmentlearn.cluster",
    "BatchedGridSearchCV": "segmentlearn.model_selection",
    "BlendedClassifier": "segmentlearn.ensemble",
    "BoostedTreesClassifier": "segmentlearn.ensemble",
    "CategoryEncoder": "segmentlearn.preprocessing",
    "DistancePreprocessor": "segmentlearn.preprocessing",
    "InductiveClusterer": "segmentlearn.cluster",
    "KerasClassifier": "segmentlearn.neural_network",
    "KerasRegressor": "segmentlearn.neural_network",
    "KerasTunerSearchCV": "segmentlearn.model_selection",
    "LatentClassMixture": "segmentlearn.cluster",
    "MixedImputer": "segmentlearn.preprocessing",
    "NoveltyDetector": "segmentlearn.monitoring",
    "SegmentClassifier": "segmentlearn.neural_network",
    "SegmentMonitor": "segmentlearn.monitoring",
    "SegmentProfile": "segmentlearn.inspection",
    "SegmentRules": "segmentlearn.export",
    "SoftRobustScaler": "segmentlearn.preprocessing",
    "TabularPreprocessor": "segmentlearn.preprocessing",
    "associations": "segmentlearn.inspection",
    "audit": "segmentlearn.auditing",
    "cluster_stability": "segmentlearn.model_selection",
    "compare_models": "segmentlearn.model_selection",
    "explain": "segmentlearn.inspection",
    "fit_scan": "segmentlearn.out_of_core",
    "inspect": "segmentlearn.persistence",
    "load": "segmentlearn.persistence",
    "load_automobile": "segmentlearn.datasets",
    "load_bank": "segmentlearn.datasets",
    "load_mall": "segmentlearn.datasets",
    "make_customer_panel": "segmentlearn.datasets",
    "make_customers": "segmentlearn.datasets",
    "match_segments": "segmentlearn.monitoring",
    "model_to_sql": "segmentlearn.export",
    "save": "segmentlearn.persistence",
    "read_table": "segmentlearn.tables",
    "scan_table": "segmentlearn.tables",
    "search_space": "segmentlearn.model_selection",
    "segment_migration": "segmentlearn.monitoring",
    "segment_playbook": "segmentlearn.inspection",
    "segment_profile": "segmentlearn.inspection",
    "segment_rules": "segmentlearn.export",
    "select_n_clusters": "segmentlearn.model_selection",
    "to_onnx": "segmentlearn.export",
    "tune_threshold": "segmentlearn.model_selection",
}
_SUBPACKAGES = (
    "auditing",
    "cluster",
    "datasets",
    "distributed",
    "engine",
    "ensemble",
    "exceptions",
    "export",
    "inspection",
    "metrics",
    "mlflow",
    "model_selection",
    "monitoring",
    "networks",
    "neural_network",
    "out_of_core",
    "persistence",
    "plotting",
    "preprocessing",
    "report",
    "sampling",
    "tables",
)

__all__ = sorted([*_NAMES, *_SUBPACKAGES, "__version__"])


def __dir__():
    return __all__


def __getattr__(name):
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    if name in _SUBPACKAGES:
        return importlib.import_module(f"segmentlearn.{name}")
    raise AttributeError(f"module 'segmentlearn' has no attribute {name!r}")
