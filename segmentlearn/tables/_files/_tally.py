"""What several readers of one table have counted, added up as if one had read it."""

import dataclasses

from segmentlearn.tables._files._scan import TableScan
from segmentlearn.tables._unreadable import UnreadableCells


@dataclasses.dataclass(frozen=True)
class ScanTally:
    """What was counted while a part of a table was read.

    Parameters
    ----------
    n_rows : int
        Rows read.
    cells : dict of str to UnreadableCells
        Cells of each column, and those that hold something else.
    notes : list of str
        What was lost or doubtful, a sentence each.
    """

    n_rows: int
    cells: dict[str, UnreadableCells]
    notes: list[str]


def tally_of(scan: TableScan) -> ScanTally:
    """Return what was counted by a scan that has read its part of a table."""
    return ScanTally(scan.n_rows, scan._tally, scan._notes)


def add_tally(scan: TableScan, tally: ScanTally, fraction: float) -> None:
    """Add to the scan of a table what others have read, a share of its bytes."""
    scan.n_rows += tally.n_rows
    scan._finished += fraction
    scan._notes += tally.notes
    for name, cells in tally.cells.items():
        known = scan._tally.get(name)
        scan._tally[name] = cells if known is None else known + cells
