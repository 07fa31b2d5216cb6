"""write_migration: who moved between segments as one page for people to read."""

import os
from typing import Any

import numpy as np

from segmentlearn.monitoring import ENTERED, LEFT, SegmentMigration
from segmentlearn.plotting import SegmentMigrationDisplay
from segmentlearn.report._page import require_packages, write_page
from segmentlearn.report._pictures import as_picture
from segmentlearn.report._suppression import (
    NOT_SHOWN,
    THRESHOLD,
    ShownCount,
    suppress_moves,
)

_TEMPLATE = "migration.html.j2"
_TOO_FEW = "Too few customers moved to show who did without telling of single ones."
# columns of changes in percentage points, which are left out where nothing is known
_CHANGES = {"change": "Change, points", "mix": "Mix", "redefinition": "Redefinition"}


def write_migration(
    migration: SegmentMigration,
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
) -> None:
    """Write an HTML page on who moved between segments.

    The matrix, a picture of the flows, what label noise explains, and what became of
    the sizes of the segments. It is one file, which loads nothing.

    Parameters
    ----------
    migration : SegmentMigration
        As `segment_migration` returns it.
    path : str or path-like
        File to write.
    title : str or None, default=None
        Heading; None is "Movement between segments".

    Raises
    ------
    ImportError
        If Jinja2 or Matplotlib is not installed.
    OSError
        If the file cannot be written.

    See Also
    --------
    segmentlearn.report.write_report : A page on a model and its customers.

    Notes
    -----
    Counts below ten customers are shown as "< 10", and some others are "not shown", so
    that the small ones cannot be worked out from totals, wherever these are known from.

    Examples
    --------
    >>> import pathlib
    >>> import tempfile
    >>> import pandas as pd
    >>> from segmentlearn import segment_migration
    >>> from segmentlearn.report import write_migration
    >>> customers = pd.DataFrame({"customer": range(40)})
    >>> before, now = [0] * 20 + [1] * 20, [0] * 10 + [1] * 30
    >>> moved = segment_migration(before, now, customers, customers, key="customer")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "migration.html"
    ...     write_migration(moved, path, title="April to May")
    ...     "April to May" in path.read_text(encoding="utf-8")
    True
    """
    require_packages()
    part = movement_part(migration)
    write_page(path, _TEMPLATE, title=title or "Movement between segments", it=part)


def movement_part(migration: SegmentMigration) -> dict[str, Any]:
    """Return what a page shows of who moved."""
    shown = suppress_moves(migration.counts.to_numpy())
    hidden = np.array([[not cell.is_shown for cell in row] for row in shown])
    texts = {str(cell) for row in shown for cell in row}
    are_all_hidden = NOT_SHOWN in texts and f"< {THRESHOLD}" not in texts
    return {
        "sentences": [_TOO_FEW] if are_all_hidden else migration.sentences(THRESHOLD),
        "matrix": _matrix(migration, shown),
        "hides_more": NOT_SHOWN in texts,
        "sizes": _sizes(migration),
        "knows_parts": bool(migration.sizes["mix"].notna().any()),
        "knows_noise": migration.expected is not None,
        "picture": _picture(migration, hidden),
    }


def _matrix(
    migration: SegmentMigration, shown: list[list[ShownCount]]
) -> list[list[str]]:
    """Return the rows of the matrix as text, the heading first."""
    titles = [migration.title(segment) for segment in migration.segments]
    rows = [["", *titles, LEFT]]
    for name, row in zip([*titles, ENTERED], shown, strict=True):
        rows.append([name, *("" if cell.count == 0 else str(cell) for cell in row)])
    return rows


def _sizes(migration: SegmentMigration) -> list[list[str]]:
    """Return the rows of the table of sizes as text, the heading first."""
    sizes, counts = migration.sizes, migration.counts.to_numpy()
    changes = [name for name in _CHANGES if sizes[name].notna().any()]
    customers = counts[:-1].sum(axis=1), counts[:, :-1].sum(axis=0)
    rows = [["Segment", "Before", "Now", *(_CHANGES[name] for name in changes)]]
    for at, row in enumerate(sizes.to_dict("records")):
        is_small = [0 < of_period[at] < THRESHOLD for of_period in customers]
        shares = [
            f"< {THRESHOLD} customers" if small else f"{row[name]:.0%}"
            for name, small in zip(("old_share", "new_share"), is_small, strict=True)
        ]
        points = ["" if any(is_small) else _points(row[name]) for name in changes]
        rows.append([migration.title(row["segment"]), *shares, *points])
    return rows


def _points(difference: float) -> str:
    """Return a difference of shares in whole percentage points.

    With a decimal, hidden counts could be worked out from sizes.
    """
    return "" if difference != difference else f"{100 * difference:+.0f}"


def _picture(migration: SegmentMigration, hidden: np.ndarray) -> Any:
    display = SegmentMigrationDisplay.from_result(migration, hidden=hidden)
    words = "Shares of each segment's customers by their segment now, and their flows."
    return as_picture(display.figure_, words)
