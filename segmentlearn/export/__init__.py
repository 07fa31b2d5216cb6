"""Models for other programs: rules in SQL, Python and JSON."""

from segmentlearn.export._fitting import segment_rules
from segmentlearn.export._segment_rules import SegmentRules
from segmentlearn.export._sql import DIALECTS

__all__ = ["SegmentRules", "segment_rules"]
