"""Data quality audit of a table."""

from segmentlearn.auditing._audit import audit
from segmentlearn.auditing._audit_report import AuditReport, Finding, make_finding
from segmentlearn.auditing._drift import Shift, chance_of_unseen, compare_counts
from segmentlearn.auditing._overview import TableOverview, overview

__all__ = ["AuditReport", "Finding", "TableOverview", "audit", "overview"]
