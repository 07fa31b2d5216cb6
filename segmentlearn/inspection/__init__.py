"""What is in each segment of customers, and which columns go together."""

from segmentlearn.inspection.column_pairs import Associations, associations
from segmentlearn.inspection.profile import segment_profile
from segmentlearn.inspection.result import SegmentProfile

__all__ = ["Associations", "SegmentProfile", "associations", "segment_profile"]
