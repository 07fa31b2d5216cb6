"""write_migration: who moved between segments as one page for people to read."""

import os
from typing import Any

import pandas as pd

from segmentlearn.monitoring import ENTERED, LEFT, SegmentMigration
from segmentlearn.plotting import SegmentMigrationDisplay
from segmentlearn.report._page import require_packages, write_page
from segmentlearn.report._pictures import as_picture
from segmentlearn.report._suppression import THRESHOLD

_TEMPLATE = "migration.html.j2"


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
    Counts below ten customers are shown as "< 10", without totals from which they
    could be worked out.

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
    return {
        "sentences": str(migration).splitlines(),
        "matrix": _matrix(migration),
        "sizes": _sizes(migration.sizes),
        "knows_noise": migration.expected is not None,
        "picture": _picture(migration),
    }


def _matrix(migration: SegmentMigration) -> list[list[str]]:
    """Return the rows of the matrix as text, the heading first."""
    titles = [migration.title(segment) for segment in migration.segments]
    counts = migration.counts.to_numpy()
    rows = [["", *titles, LEFT]]
    for name, row in zip([*titles, ENTERED], counts.tolist(), strict=True):
        cells = ["" if not n else _count(n) for n in row]
        rows.append([name, *cells])
    return rows


def _count(number: int) -> str:
    return f"{number:,}" if number >= THRESHOLD else f"< {THRESHOLD}"


def _sizes(sizes: pd.DataFrame) -> list[list[str]]:
    names = ["old_share", "new_share", "change", "mix", "redefinition"]
    rows = []
    for row in sizes.to_dict("records"):
        title: Any = row["segment"]
        if row["name"]:
            title = f"{title}: {row['name']}"
        shares = [f"{row[name]:.0%}" for name in names[:2]]
        rows.append([str(title), *shares, *(_points(row[name]) for name in names[2:])])
    return rows


def _points(difference: float) -> str:
    """Return a difference of shares in whole percentage points.

    With a decimal, hidden counts could be worked out from sizes.
    """
    return "" if difference != difference else f"{100 * difference:+.0f}"


def _picture(migration: SegmentMigration) -> Any:
    display = SegmentMigrationDisplay.from_result(migration, min_count=THRESHOLD)
    words = "Shares of each segment's customers by their segment now, and their flows."
    return as_picture(display.figure_, words)
