"""Clusterers for segments, and labels whose numbers mean something."""

from segmentlearn.cluster.inductive import InductiveClusterer
from segmentlearn.cluster.label_order import canonical_labels, match_labels

__all__ = ["InductiveClusterer", "canonical_labels", "match_labels"]
