"""Models for other programs: ONNX graphs, and rules in SQL, Python and JSON."""

from segmentlearn.export._fitting import segment_rules
from segmentlearn.export._scoring import export, to_onnx
from segmentlearn.export._segment_rules import SegmentRules
from segmentlearn.export._sql import DIALECTS

__all__ = ["SegmentRules", "export", "segment_rules", "to_onnx"]
