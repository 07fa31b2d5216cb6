"""Fitted estimators as ``.seg`` archives: no pickle, all checked before it is built."""

from segmentlearn.persistence.archive import inspect, load, save
from segmentlearn.persistence.info import ArchiveInfo

__all__ = ["ArchiveInfo", "inspect", "load", "save"]
