"""Models for other programs: ONNX graphs, and rules in SQL, Python and JSON."""

from segmentlearn.export._fitting import segment_rules
from segmentlearn.export._model_sql import SqlSize, model_to_sql, sql_size
from segmentlearn.export._scoring import export, to_onnx
from segmentlearn.export._segment_rules import SegmentRules
from segmentlearn.export._sql import DIALECTS

__all__ = [
    "SegmentRules",
    "SqlSize",
    "export",
    "model_to_sql",
    "segment_rules",
    "sql_size",
    "to_onnx",
]
