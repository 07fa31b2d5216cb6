"""What is wrong with a table, what goes together, what is in each segment."""

from segmentlearn.inspection.audit_report import AuditReport, Finding
from segmentlearn.inspection.column_pairs import Associations, associations
from segmentlearn.inspection.playbook import segment_playbook
from segmentlearn.inspection.profile import segment_profile
from segmentlearn.inspection.result import SegmentProfile
from segmentlearn.inspection.table_audit import audit

__all__ = [
    "Associations",
    "AuditReport",
    "Finding",
    "SegmentProfile",
    "associations",
    "audit",
    "segment_playbook",
    "segment_profile",
]
