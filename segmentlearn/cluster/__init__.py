"""Clusterers for segments, and labels whose numbers mean something."""

from segmentlearn.cluster.autoencoder_clusterer import AutoencoderClusterer
from segmentlearn.cluster.consensus import ConsensusClusterer
from segmentlearn.cluster.inductive import InductiveClusterer
from segmentlearn.cluster.label_order import canonical_labels, match_labels
from segmentlearn.cluster.latent_classes import LatentClassMixture

__all__ = [
    "AutoencoderClusterer",
    "ConsensusClusterer",
    "InductiveClusterer",
    "LatentClassMixture",
    "canonical_labels",
    "match_labels",
]
