"""Displays: pictures of results, in scikit-learn's convention."""

from segmentlearn.plotting.association import AssociationDisplay
from segmentlearn.plotting.calibration import CalibrationDisplay
from segmentlearn.plotting.cluster_stability import ClusterStabilityDisplay
from segmentlearn.plotting.confusion_matrix import ConfusionMatrixDisplay
from segmentlearn.plotting.distributions import DistributionDisplay
from segmentlearn.plotting.gain import GainDisplay, LiftDisplay
from segmentlearn.plotting.missing_values import MissingValuesDisplay
from segmentlearn.plotting.model_comparison import ModelComparisonDisplay
from segmentlearn.plotting.network import NetworkDisplay
from segmentlearn.plotting.number_of_clusters import NumberOfClustersDisplay
from segmentlearn.plotting.precision_recall import PrecisionRecallDisplay
from segmentlearn.plotting.profit import ProfitDisplay
from segmentlearn.plotting.segment_map import SegmentMapDisplay
from segmentlearn.plotting.segment_profile import SegmentProfileDisplay
from segmentlearn.plotting.segment_sizes import SegmentSizesDisplay
from segmentlearn.plotting.silhouette import SilhouetteDisplay
from segmentlearn.plotting.target_relation import TargetRelationDisplay
from segmentlearn.plotting.threshold import ThresholdDisplay
from segmentlearn.plotting.training_history import TrainingHistoryDisplay

__all__ = [
    "AssociationDisplay",
    "CalibrationDisplay",
    "ClusterStabilityDisplay",
    "ConfusionMatrixDisplay",
    "DistributionDisplay",
    "GainDisplay",
    "LiftDisplay",
    "MissingValuesDisplay",
    "ModelComparisonDisplay",
    "NetworkDisplay",
    "NumberOfClustersDisplay",
    "PrecisionRecallDisplay",
    "ProfitDisplay",
    "SegmentMapDisplay",
    "SegmentProfileDisplay",
    "SegmentSizesDisplay",
    "SilhouetteDisplay",
    "TargetRelationDisplay",
    "ThresholdDisplay",
    "TrainingHistoryDisplay",
]
