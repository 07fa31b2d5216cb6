"""Displays: pictures of results, in scikit-learn's convention."""

from segmentlearn.plotting.segment_map import SegmentMapDisplay
from segmentlearn.plotting.segment_profile import SegmentProfileDisplay

__all__ = ["SegmentMapDisplay", "SegmentProfileDisplay"]
