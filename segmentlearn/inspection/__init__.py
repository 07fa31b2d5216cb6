"""What is in each segment of customers, and which columns go together."""

from segmentlearn.inspection.column_pairs import Associations, associations
"""What is wrong with a table, and what is in each segment of customers."""

from segmentlearn.inspection.audit_report import AuditReport, Finding
from segmentlearn.inspection.profile import segment_profile
from segmentlearn.inspection.result import SegmentProfile
from segmentlearn.inspection.table_audit import audit

__all__ = ["Associations", "SegmentProfile", "associations", "segment_profile"]
__all__ = ["AuditReport", "Finding", "SegmentProfile", "audit", "segment_profile"]
