"""What is wrong with a table before anything is learnt from it."""

from segmentlearn.auditing._audit import audit
from segmentlearn.auditing._audit_report import AuditReport, Finding

__all__ = ["AuditReport", "Finding", "audit"]
