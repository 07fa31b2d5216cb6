"""Clusterers for segments, and labels whose numbers mean something."""

from segmentlearn.cluster._assignments import (  # archives name them by this path
    ClassifierAssignment,
    LabelledRows,
    NearestRowAssignment,
    NeighborsAssignment,
    PredictAssignment,
)
from segmentlearn.cluster._autoencoder_clusterer import AutoencoderClusterer
from segmentlearn.cluster._candidates import choose_mixture, simple_clusterer, way_of
from segmentlearn.cluster._consensus import ConsensusClusterer
from segmentlearn.cluster._inductive import InductiveClusterer
from segmentlearn.cluster._label_order import canonical_labels, match_labels
from segmentlearn.cluster._latent_classes import LatentClassMixture
from segmentlearn.cluster._passport import (
    SURVIVAL,
    SegmentIdentity,
    continues,
    labels_within_reach,
)
from segmentlearn.cluster._starts import better_start
from segmentlearn.cluster._streamed import (
    SegmentSums,
    has_centers,
    move_centers,
    set_measured,
)

__all__ = [
    "AutoencoderClusterer",
    "ConsensusClusterer",
    "InductiveClusterer",
    "LatentClassMixture",
    "canonical_labels",
    "match_labels",
]
