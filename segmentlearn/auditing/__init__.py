"""Data quality audit of a table."""

from segmentlearn.auditing._audit import audit
from segmentlearn.auditing._audit_report import AuditReport, Finding

__all__ = ["AuditReport", "Finding", "audit"]
