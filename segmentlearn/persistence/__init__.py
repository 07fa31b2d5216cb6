"""Fitted estimators as ``.seg`` archives: no pickle, all checked before it is built."""

from segmentlearn._atomic import (
    atomic_file,
    atomic_folder,
    check_writable,
    write_atomically,
)
from segmentlearn.persistence._archive import inspect, load, save
from segmentlearn.persistence._info import ArchiveInfo

__all__ = ["ArchiveInfo", "inspect", "load", "save"]
