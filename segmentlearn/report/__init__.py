"""A report on a model and its customers for readers who do not program."""

from segmentlearn.report._migration import write_migration
from segmentlearn.report._writing import write_report

__all__ = ["write_migration", "write_report"]
