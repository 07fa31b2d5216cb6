"""Small counts hidden so that they cannot be worked out from what is shown.

A count below the threshold is hidden first. Where the total of the counts is known, a
single hidden count is the total less the others; so further counts are hidden until
each small one may be any of several numbers (complementary suppression).
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from segmentlearn.tables import NUMERIC_KINDS, kind_of

THRESHOLD = 10
NOT_SHOWN = "not shown"
_RARE = "rare values"
# a hidden count may be any of at least so many numbers, less one
_ROOM, _LEAST_ROOM = 5, 2


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
        return f"< {THRESHOLD}" if self.is_small else NOT_SHOWN


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


def suppress_moves(counts: np.ndarray) -> list[list[ShownCount]]:
    """Hide small counts of a matrix of who moved, with those who entered and left.

    Sizes of segments may be known from elsewhere; how many moved, entered, left or were
    there in both periods is shown in round numbers, see `SegmentMigration.sentences`.

    Notes
    -----
    What a reader can work out is solved for, as a linear program: the least and the
    largest value of each small count that agree with all that is known. Further counts
    are hidden until none lies within narrow bounds. Where that cannot be reached, no
    count is shown, nor which are small, and no sum may be shown.
    """
    is_hidden = ((counts > 0) & (counts < THRESHOLD)).ravel()
    known = _known_sums(counts)
    exact = [line for line, low, high in known if low == high]
    flat, unsure = counts.ravel(), np.flatnonzero(is_hidden).tolist()
    reports_small = True
    while unsure:
        at = unsure[0]
        lines = [line for line in exact if is_hidden[line].sum() == 1]
        if not any(_hide_one(line, flat, is_hidden) for line in lines):
            low, high = _bounds(at, flat, is_hidden, known)
            lines = [line for line, _, _ in known if at in line]
            lines += [line for line in exact if is_hidden[line].any()]
            if high - low >= _ROOM:
                unsure.pop(0)  # hiding more only widens the bounds
            elif not any(_hide_one(line, flat, is_hidden) for line in lines):
                if high - low < _LEAST_ROOM:
                    is_hidden[:-1] = True
                    reports_small = False
                    break
                unsure.pop(0)
    cells = [
        ShownCount(None, is_small=bool(reports_small and n < THRESHOLD))
        if hides
        else ShownCount(int(n))
        for n, hides in zip(flat, is_hidden, strict=True)
    ]
    return [cells[at : at + len(counts)] for at in range(0, len(cells), len(counts))]


def _known_sums(counts: np.ndarray) -> list[tuple[np.ndarray, int, int]]:
    """Return sums of cells that a reader may know: the cells, and within what bounds.

    Those of a segment are known exactly if they are not small; others in tens.
    """
    place = np.arange(counts.size).reshape(counts.shape)
    inner = place[:-1, :-1]
    moved = inner[~np.eye(len(inner), dtype=bool)]
    rounded = [place[-1], place[:, -1], inner.ravel(), moved, inner.diagonal()]
    known = []
    for line in (*place[:-1], *place.T[:-1], *rounded):
        total, about = int(counts.flat[line].sum()), any(line is one for one in rounded)
        if 0 < total < THRESHOLD:
            known.append((line, 1, THRESHOLD - 1))
        elif about and total:
            middle = THRESHOLD * round(total / THRESHOLD)
            known.append((line, middle - THRESHOLD // 2, middle + THRESHOLD // 2))
        else:
            known.append((line, total, total))
    return known


def _hide_one(line: np.ndarray, counts: np.ndarray, is_hidden: np.ndarray) -> bool:
    """Hide the smallest count of a line that is shown, none at all as the last resort.

    Return whether there is one.
    """
    # the last cell is empty: nobody enters and leaves
    shown = line[~is_hidden[line] & (line < len(counts) - 1)]
    if not len(shown):
        return False
    order = np.where(counts[shown] > 0, counts[shown], np.inf)
    is_hidden[shown[order.argmin()]] = True
    return True


def _bounds(
    at: int,
    counts: np.ndarray,
    is_hidden: np.ndarray,
    known: list[tuple[np.ndarray, int, int]],
) -> tuple[float, float]:
    """Return within which bounds a hidden count can be worked out to lie."""
    cells = np.flatnonzero(is_hidden)
    sums = np.array([np.isin(cells, line) for line, _, _ in known], dtype=float)
    shown = np.where(is_hidden, 0, counts)
    rest = [(low - (n := shown[line].sum()), high - n) for line, low, high in known]
    least = min(1, int(counts[cells].min()))  # whether "< 10" may be nobody
    limits = [
        (least, THRESHOLD - 1) if n < THRESHOLD else (THRESHOLD, None)
        for n in counts[cells]
    ]
    low, high = np.array(rest, dtype=float).T
    found = [
        linprog(
            sign * (cells == at),
            A_ub=np.vstack([sums, -sums]),
            b_ub=np.concatenate([high, -low]),
            bounds=limits,
        ).fun
        for sign in (1, -1)
    ]
    return np.ceil(found[0] - 1e-6), np.floor(1e-6 - found[1])


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
