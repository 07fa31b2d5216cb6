"""Displays: pictures of results, in scikit-learn's convention."""

from segmentlearn.plotting.association import AssociationDisplay
from segmentlearn.plotting.cluster_stability import ClusterStabilityDisplay
from segmentlearn.plotting.number_of_clusters import NumberOfClustersDisplay
from segmentlearn.plotting.segment_map import SegmentMapDisplay
from segmentlearn.plotting.segment_profile import SegmentProfileDisplay
from segmentlearn.plotting.silhouette import SilhouetteDisplay

__all__ = [
    "AssociationDisplay",
    "ClusterStabilityDisplay",
    "NumberOfClustersDisplay",
    "SegmentMapDisplay",
    "SegmentProfileDisplay",
    "SilhouetteDisplay",
]
