"""Small counts hidden so that they cannot be worked out from what is shown.

A count below the threshold is hidden first. Where the total of the counts is known, a
single hidden count is the total less the others; so further counts are hidden until
each small one may be any of several numbers (complementary suppression).
"""

import dataclasses
from collections.abc import Sequence

import pandas as pd

from segmentlearn.tables import NUMERIC_KINDS, kind_of

THRESHOLD = 10
_RARE = "rare values"
# a hidden count may be any of at least so many numbers, less one
_ROOM = 5


@dataclasses.dataclass(frozen=True)
class ShownCount:
    """A count as a report may show it.

    Attributes
    ----------
    count : int or None
        The count; None where it is hidden.
    is_small : bool, default=False
        Whether the count is reported as below the threshold.
    """

    count: int | None
    is_small: bool = False

    @property
    def is_shown(self) -> bool:
        """Whether the number itself may be shown."""
        return self.count is not None

    def __str__(self) -> str:
        if self.count is not None:
            return f"{self.count:,}"
        return f"< {THRESHOLD}" if self.is_small else "not shown"


def suppress(counts: Sequence[int]) -> list[ShownCount]:
    """Hide small counts whose total is known.

    Notes
    -----
    A total below the threshold is a small count itself: it must not be shown beside
    them. A reader is taken to know how counts are chosen for hiding: one that is "not
    shown" is no larger than those that are shown.
    """
    counts = [int(count) for count in counts]
    small = [at for at, count in enumerate(counts) if count < THRESHOLD]
    if not small:
        return [ShownCount(count) for count in counts]
    visible = sorted(set(range(len(counts))) - set(small), key=lambda at: counts[at])
    withheld: list[int] = []
    while visible and not _has_room(counts, small, withheld, visible):
        withheld.append(visible.pop(0))
    reports_small = sum(counts) < THRESHOLD or _has_room(
        counts, small, withheld, visible
    )
    reported = small if reports_small else []
    return [
        ShownCount(count if at in visible else None, is_small=at in reported)
        for at, count in enumerate(counts)
    ]


def can_be_shown(counts: Sequence[int]) -> bool:
    """Return whether counts can be suppressed beside their total.

    A single small group is its own total, and nothing can be hidden beside it.
    """
    return len(counts) == 0 or sum(counts) >= THRESHOLD


def may_show_share(count: int, n: int) -> bool:
    """Return whether neither a share nor its complement is a small count."""
    return THRESHOLD <= count <= n - THRESHOLD


def _has_room(
    counts: list[int], small: list[int], withheld: list[int], visible: list[int]
) -> bool:
    """Return whether a small count may be any of several numbers.

    All that a reader can work out is the sum of the hidden counts, and within which
    bounds each lies.
    """
    total = sum(counts[at] for at in (*small, *withheld))
    most = counts[visible[0]] if visible else total
    low = total - (len(small) - 1) * (THRESHOLD - 1) - len(withheld) * most
    high = total - len(withheld) * THRESHOLD
    return min(high, THRESHOLD - 1) - max(low, 0) >= _ROOM


def merge_rare_levels(X: pd.DataFrame) -> tuple[pd.DataFrame, set[str]]:
    """Replace the levels of categories that fewer than ten customers have.

    Rules and names are made from the result, so that no rare level can be in them.
    """
    columns, rare = {}, set()
    for name, column in X.items():
        if _holds_levels(column):
            cells = column.astype(object)
            texts = cells.map(str, na_action="ignore")
            counts = texts.value_counts()
            few = counts[counts < THRESHOLD]
            rare |= set(few.index)
            if len(few):
                merged = _RARE if few.sum() >= THRESHOLD else None
                column = cells.mask(texts.isin(few.index), merged)
        columns[name] = column
    return pd.DataFrame(columns, index=X.index), rare


def _holds_levels(column: pd.Series) -> bool:
    is_categorical = isinstance(column.dtype, pd.CategoricalDtype)
    if not is_categorical and pd.api.types.is_numeric_dtype(column.dtype):
        return False
    cells = column.astype(object).to_numpy() if is_categorical else column.array
    return kind_of(cells) not in NUMERIC_KINDS
