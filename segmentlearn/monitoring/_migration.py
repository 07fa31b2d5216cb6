"""segment_migration: who moved between segments, beside what would seem to move."""

import os
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.stats import norm, poisson
from sklearn.utils import check_random_state

from segmentlearn import engine
from segmentlearn._compat import Interval, validate_params
from segmentlearn._formatting import markdown_table
from segmentlearn.cluster import continues
from segmentlearn.exceptions import SchemaError
from segmentlearn.inspection import last_step
from segmentlearn.metrics import wilson_interval
from segmentlearn.monitoring._history import choose_periods
from segmentlearn.monitoring._matching import SegmentMatch, match_segments
from segmentlearn.monitoring._matching_evidence import shared_rows
from segmentlearn.monitoring._migration_counts import (
    ENTERED,
    LEFT,
    customer_values,
    expected_counts,
    migration_tables,
    moved_customers,
    sentences_of,
    share_changes,
    take_segments,
)
from segmentlearn.monitoring._migration_noise import expected_moves, label_noise
from segmentlearn.monitoring._segmentation import Segmentation

_LEVEL = 0.05  # at which moves are more than label noise, corrected for all pairs
# columns of a history that are not the key of a customer
_PERIOD, _SEGMENT, _NAME = "period", "segment", "segment_name"
_OTHER = ("probability", "model", "scored")


@dataclass(frozen=True, eq=False)
class SegmentMigration:
    """Customers by their segments in two periods, as :func:`segment_migration` returns.

    Attributes
    ----------
    counts : DataFrame
        Customers by the segment before (rows) and now (columns). The last row,
        "entered", has those who were not there before, and the last column, "left",
        those who are not there now.
    values : DataFrame or None
        The same, each customer counted by what they are worth.
    expected : DataFrame or None
        How many of the customers of both periods would have been in each pair of
        segments if nobody had changed: by redefinition and label noise. None where
        there are no models.
    sizes : DataFrame
        A row for each segment: `segment`, `name`, `old_share`, `new_share`, their
        difference `change`, and its parts: `mix`, which is what the old model says of
        the new customers, and `redefinition`, where the new model puts the same
        customers elsewhere. The parts are NaN without models.
    names : dict
        What segments are called.
    periods : tuple of two str
        The periods.
    n_redefined : int or None, default=None
        Customers of both periods whom the new model puts elsewhere by what they were
        before: they moved without having changed. None without models.
    value_name : str or None, default=None
        Column of what customers are worth.
    customers : DataFrame or None, default=None
        A row for each customer who moved, left or entered: the key, `from_period`,
        `to_period`, `from` and `to`, which is "entered" and "left" where he was in one
        period only, and his value where there is one.
    """

    counts: pd.DataFrame = field(repr=False)
    values: pd.DataFrame | None = field(repr=False)
    expected: pd.DataFrame | None = field(repr=False)
    sizes: pd.DataFrame = field(repr=False)
    names: dict
    periods: tuple[str, str]
    n_redefined: int | None = None
    value_name: str | None = None
    customers: pd.DataFrame | None = field(default=None, repr=False)

    @classmethod
    def from_history(
        cls,
        history: Any,
        *,
        key: str | None = None,
        value: str | None = None,
        old_period: str | None = None,
        new_period: str | None = None,
    ) -> Self:
        """Compare two periods of a history.

        Parameters
        ----------
        history : frame, str or path-like
            A row for each customer and period: columns `period`, `segment`, perhaps
            `segment_name`, and the key of the customer. A path is that of a Parquet
            file, or of a folder of them.
        key : str or None, default=None
            Column that names a customer; None takes all that a history does not need
            for itself.
        value : str or None, default=None
            Column of what a customer is worth, as in `segment_migration`.
        old_period, new_period : str or None, default=None
            The periods; None takes the last one, and the one before: in the order of
            their names, or where these do not begin with a year, as they were scored.

        Returns
        -------
        migration : SegmentMigration
            Without label noise, which only models can tell.

        Raises
        ------
        SchemaError
            If a column or a period is missing, or a customer is in a period twice.
        """
        if isinstance(history, str | os.PathLike):
            history = pd.read_parquet(history)
        missing = [name for name in (_PERIOD, _SEGMENT) if name not in history.columns]
        own = (_PERIOD, _SEGMENT, _NAME, *_OTHER, value)
        keys = [n for n in history if n not in own] if key is None else [key]
        if missing or not keys:
            raise SchemaError(
                f"history has the columns {list(history.columns)}; it needs "
                f"{_PERIOD!r}, {_SEGMENT!r} and the key of a customer."
            )
        old_period, new_period = choose_periods(history, old_period, new_period)
        parts = [
            history[history[_PERIOD] == period].reset_index(drop=True)
            for period in (old_period, new_period)
        ]
        if len(keys) > 1:
            parts = [
                part.assign(_key=list(zip(*(part[k] for k in keys), strict=True)))
                for part in parts
            ]
        key = keys[0] if len(keys) == 1 else "_key"
        names: dict = {}
        if _NAME in history.columns:
            for part in parts:
                named = part.dropna(subset=[_NAME]).drop_duplicates(_SEGMENT)
                names |= dict(zip(named[_SEGMENT], named[_NAME], strict=True))
        periods = str(old_period), str(new_period)
        rows = shared_rows(parts[0], parts[1], key, periods)
        segments = [part[_SEGMENT].to_numpy(dtype=object) for part in parts]
        values = customer_values(parts[0], parts[1], value)
        return cls(
            **migration_tables(segments, rows, values),
            customers=moved_customers(
                (parts[0], parts[1]), keys, segments, rows, periods, values, value
            ),
            expected=None,
            sizes=share_changes(segments, None, names),
            names=names,
            periods=periods,
            value_name=value,
        )

    @property
    def segments(self) -> list:
        """The segments of both periods."""
        return self.counts.columns[:-1].tolist()

    @property
    def n_shared(self) -> int:
        """Customers of both periods."""
        return int(self._inner().sum())

    @property
    def n_moved(self) -> int:
        """Customers of both periods who are in another segment."""
        inner = self._inner()
        return int(inner.sum() - np.trace(inner))

    @property
    def moved_share(self) -> float:
        """Share of the customers of both periods who are in another segment."""
        return self.n_moved / self.n_shared if self.n_shared else np.nan

    @property
    def redefined_share(self) -> float:
        """Share that the new model moves without a change of theirs; NaN if unknown."""
        if self.n_redefined is None or not self.n_shared:
            return np.nan
        return self.n_redefined / self.n_shared

    @property
    def noise_share(self) -> float:
        """Share that label noise alone would have moved; NaN if not known."""
        return self._expected_share() - self.redefined_share

    @property
    def real_share(self) -> float:
        """Share that moved beyond redefinition and label noise; NaN if not known."""
        expected = self._expected_share()
        return float(np.maximum(self.moved_share - expected, 0.0))

    @property
    def explained_by_noise(self) -> float:
        """Share of the moves that label noise explains; NaN if not known."""
        if np.isnan(self.noise_share):
            return np.nan
        return min(self.noise_share / self.moved_share, 1.0) if self.n_moved else 0.0

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each pair of segments that has customers.

        Returns
        -------
        frame : DataFrame
            Columns `old`, `new`, `customers`, `share` of those who were in the old
            segment with its Wilson interval, `low` and `high`, `value` where there is
            one, and where models tell it `expected` and `is_real`: whether there are
            more than that, at a level of 5 % over all pairs.
        """
        totals = self.counts.sum(axis=1)
        z = norm.isf(0.025)
        n_pairs = max(len(self.segments) * (len(self.segments) - 1), 1)
        rows = []
        for old in self.counts.index:
            for new in self.counts.columns:
                count = int(self.counts.loc[old, new])
                if not count:
                    continue
                share, low, high = wilson_interval(count, totals[old], z)
                row = {"old": old, "new": new, "customers": count}
                row |= {"share": share, "low": low.clip(0), "high": high.clip(None, 1)}
                if self.values is not None:
                    row["value"] = self.values.loc[old, new]
                if self.expected is not None:
                    moved = old not in (ENTERED, new) and new != LEFT
                    noise = self.expected.loc[old, new] if moved else np.nan
                    bound = poisson.isf(_LEVEL / n_pairs, noise) if moved else np.inf
                    row |= {"expected": noise, "is_real": bool(count > bound)}
                rows.append(row)
        frame = pd.DataFrame(rows)
        return frame.astype({"old": object, "new": object}) if rows else frame

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values that JSON can hold.

        Returns
        -------
        facts : dict
            The shares, and the rows of `to_frame` and of `sizes`.
        """
        shares = [
            *("moved_share", "redefined_share", "noise_share", "real_share"),
            "explained_by_noise",
        ]
        return {
            "periods": list(self.periods),
            "n_shared": self.n_shared,
            "n_moved": self.n_moved,
            **{name: _plain(getattr(self, name)) for name in shares},
            "names": [[_plain(s), name] for s, name in self.names.items()],
            "migration": _records(self.to_frame()),
            "sizes": _records(self.sizes),
        }

    def to_markdown(self) -> str:
        """Return sentences and tables in Markdown.

        Returns
        -------
        text : str
        """
        matrix = self.counts.copy()
        titles = {segment: self.title(segment) for segment in self.segments}
        matrix = matrix.rename(index=titles, columns=titles)
        matrix = matrix.rename_axis(index="from", columns=None).reset_index()
        sentences = "\n".join(f"- {sentence}" for sentence in self.sentences())
        parts = [sentences, "## Customers", markdown_table(matrix)]
        if self.values is not None:
            values = self.values.rename(index=titles, columns=titles)
            values = values.rename_axis(index="from", columns=None).reset_index()
            parts += ["## Value", markdown_table(values)]
        parts += ["## Sizes", markdown_table(self.sizes)]
        return "\n\n".join(parts)

    def title(self, segment: Any) -> str:
        """Return a segment with its name.

        Parameters
        ----------
        segment : int or str
            As in `counts`.

        Returns
        -------
        title : str
        """
        name = self.names.get(segment)
        return str(segment) if name in (None, segment) else f"{segment}: {name}"

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def sentences(self, min_count: int = 1) -> list[str]:
        """Return in words who moved, and how much of that is real.

        Parameters
        ----------
        min_count : int, default=1
            Customers of a count at least: fewer are "fewer than" that many. Where a
            pair of segments has fewer, all numbers are rounded to a multiple of it.

        Returns
        -------
        sentences : list of str
        """
        return sentences_of(self, min_count)

    def _expected_share(self) -> float:
        if self.expected is None or not self.n_shared:
            return np.nan
        moves = self.expected.to_numpy()
        return float((moves.sum() - np.trace(moves)) / self.n_shared)

    def _inner(self) -> np.ndarray:
        return self.counts.to_numpy()[:-1, :-1]


@engine.pass_interrupts_on()
@validate_params(
    {
        "old": "no_validation",
        "new": "no_validation",
        "old_X": "no_validation",
        "new_X": "no_validation",
        "key": [str],
        "value": [str, None],
        "match": [SegmentMatch, None],
        "periods": [tuple],
        "n_bootstraps": [Interval(Integral, 0, None, closed="left")],
        "max_rows": [Interval(Integral, 2, None, closed="left"), None],
        "random_state": ["random_state"],
    }
)
def segment_migration(
    old: Any,
    new: Any,
    old_X: Any,
    new_X: Any,
    *,
    key: str,
    value: str | None = None,
    match: SegmentMatch | None = None,
    periods: tuple[str, str] = ("before", "now"),
    n_bootstraps: int = 20,
    max_rows: int | None = 5000,
    random_state: int | np.random.RandomState | None = None,
) -> SegmentMigration:
    """Count who moved between segments, and who would seem to if nobody had.

    Parameters
    ----------
    old, new : estimator or array-like of shape (n_samples,)
        The segmentations of both periods: fitted models with ``predict``, one model for
        both, or labels of the customers, which are taken to mean the same in both.
    old_X, new_X : DataFrame
        Customers of both periods, one row each, with their key.
    key : str
        Column that names a customer.
    value : str or None, default=None
        Column of what a customer is worth, by which moves are weighted: of those who
        left and stayed as it was before, of those who entered as it is now.
    match : SegmentMatch or None, default=None
        Which segment is which. None asks `match_segments` where both are clusterers,
        unless the new one was fitted with the old one as its baseline.
    periods : tuple of two str, default=("before", "now")
        What the periods are called.
    n_bootstraps : int, default=20
        Refits of each model to bootstrap samples, for label noise and matching.
    max_rows : int or None, default=5000
        Customers for the refits, drawn at random; None takes all.
    random_state : int, RandomState instance or None, default=None
        Controls the refits.

    Returns
    -------
    migration : SegmentMigration

    Raises
    ------
    SchemaError
        If `key` or `value` is not a column of both tables, a key is missing or not
        unique, or a value is no number.
    ValueError
        If labels do not fit the customers.

    See Also
    --------
    match_segments : What happened to the segments themselves.

    Notes
    -----
    Two models never draw the same borders, and a customer near one changes sides with
    the next purchase. So some would move although nobody changed. That number is
    estimated from the old segmentation: a customer of a segment has the values of any
    customer of that segment, and is labelled by a refit to any sample of customers. The
    chance of each label is `C` in matrix form, and of ``n`` customers of a segment
    ``n C[i, a] C[i, b]`` would be seen in segment a first and in b then. Others move
    because the new model puts them elsewhere by what they were before. What moved
    beyond both is called real.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical
       inference", Journal of the American Statistical Association 22, 1927.

    Examples
    --------
    >>> import pandas as pd
    >>> from segmentlearn import segment_migration
    >>> april = pd.DataFrame({"customer": ["a", "b", "c", "d"]})
    >>> may = pd.DataFrame({"customer": ["b", "c", "d", "e"]})
    >>> before, now = [0, 0, 1, 1], [0, 1, 1, 1]
    >>> segment_migration(before, now, april, may, key="customer").counts
             0  1  left
    0        1  0     1
    1        0  2     0
    entered  0  1     0
    """
    random_state = check_random_state(random_state)
    rows = shared_rows(old_X, new_X, key)
    before, after = Segmentation(old, old_X, "old"), Segmentation(new, new_X, "new")
    codes = before.codes(old_X, key=key), after.codes(new_X, key=key)
    both_models = before.model is not None and after.model is not None
    same = old is new or continues(last_step(old), last_step(new))
    has_ids = not hasattr(last_step(old), "classes_") and both_models
    if match is None and has_ids and not same:
        refits: dict = {"n_bootstraps": 0, "random_state": random_state}
        match = match_segments(old, new, old_X, new_X, key=key, **refits)
    ids = [match.ids[s] if match is not None else s for s in after.ids]
    segments = [take_segments(before.ids, codes[0]), take_segments(ids, codes[1])]
    names = {
        segment: after.names[own]
        for segment, own in zip(ids, after.ids, strict=True)
        if own in after.names
    }
    # a new name counts if it was given to what is known to be the same segment
    names = {**before.names, **names} if same else {**names, **before.names}
    scored = expected = n_redefined = None
    values = customer_values(old_X, new_X, value)
    tables = migration_tables(segments, rows, values)
    if both_models:
        scored = segments[1]
        if old is not new:
            scored = take_segments(before.ids, before.codes(new_X, key=key))
        stayed, anew = (
            segments[0][rows[0]],
            take_segments(ids, after.codes(old_X, key=key)),
        )
        anew = anew[rows[0]]
        n_redefined = int((anew != stayed).sum())
        shared = codes[0][rows[0]]
        noise = label_noise(before, old_X, key, n_bootstraps, max_rows, random_state)
        moves = expected_moves(before.sizes(shared), noise, noise)
        by_chance = pd.DataFrame(moves, before.ids, before.ids)
        known = tables["counts"].columns[:-1]
        expected = expected_counts(known, by_chance, stayed, anew)
    return SegmentMigration(
        **tables,
        expected=expected,
        sizes=share_changes(segments, scored, names),
        names=names,
        periods=periods,
        n_redefined=n_redefined,
        value_name=value,
        customers=moved_customers(
            (old_X, new_X), [key], segments, rows, periods, values, value
        ),
    )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {name: _plain(cell) for name, cell in row.items()}
        for row in frame.to_dict("records")
    ]


def _plain(cell: Any) -> Any:
    """Return a cell as JSON has it."""
    cell = cell.item() if isinstance(cell, np.generic) else cell
    return None if isinstance(cell, Real) and cell != cell else cell
