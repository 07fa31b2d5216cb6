"""Displays: pictures of results, in scikit-learn's convention."""

from segmentlearn.plotting._base._canvas import (
    BLUE,
    ORANGE,
    cut,
    name_columns,
    open_axes,
    require_pyplot,
    tidy,
    wrap_name,
    write_cell,
)
from segmentlearn.plotting._decisions._calibration import CalibrationDisplay
from segmentlearn.plotting._decisions._classes import (
    ConfusionMatrixDisplay,
    PrecisionRecallDisplay,
)
from segmentlearn.plotting._decisions._curves import (
    GainDisplay,
    LiftDisplay,
    ProfitDisplay,
    ThresholdDisplay,
)
from segmentlearn.plotting._decisions._model_comparison import ModelComparisonDisplay
from segmentlearn.plotting._networks._network import NetworkDisplay
from segmentlearn.plotting._networks._training_history import TrainingHistoryDisplay
from segmentlearn.plotting._segments._clustering import (
    ClusterStabilityDisplay,
    NumberOfClustersDisplay,
    SilhouetteDisplay,
)
from segmentlearn.plotting._segments._migration import SegmentMigrationDisplay
from segmentlearn.plotting._segments._segment_map import SegmentMapDisplay
from segmentlearn.plotting._segments._segment_profile import SegmentProfileDisplay
from segmentlearn.plotting._segments._segment_sizes import SegmentSizesDisplay
from segmentlearn.plotting._tables._association import AssociationDisplay
from segmentlearn.plotting._tables._distributions import DistributionDisplay
from segmentlearn.plotting._tables._missing_values import MissingValuesDisplay
from segmentlearn.plotting._tables._target_relation import TargetRelationDisplay

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
    "SegmentMigrationDisplay",
    "SegmentProfileDisplay",
    "SegmentSizesDisplay",
    "SilhouetteDisplay",
    "TargetRelationDisplay",
    "ThresholdDisplay",
    "TrainingHistoryDisplay",
]
