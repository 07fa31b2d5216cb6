"""What is in each segment of customers."""

from segmentlearn.inspection.profile import segment_profile
from segmentlearn.inspection.result import SegmentProfile

__all__ = ["SegmentProfile", "segment_profile"]
