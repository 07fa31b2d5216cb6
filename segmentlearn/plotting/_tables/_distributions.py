"""Distributions of the columns of one table or several."""

import dataclasses
from itertools import cycle, islice
from typing import Any, Self

import numpy as np
import pandas as pd

from segmentlearn._formatting import count_text, share_text, short_number_text
from segmentlearn.inspection import OTHER_LEVELS, fewer_levels, is_flag
from segmentlearn.plotting._base import _canvas, _panels
from segmentlearn.plotting._base._canvas import COLORS, SMALL, Axes
from segmentlearn.plotting._base._panels import STEPS, PanelDisplay
from segmentlearn.tables import EMPTY, Factor

_FAR = 3.0  # interquartile ranges from the box
_TAIL = 0.01  # of values that are never far
_MOST_WHOLE = 40  # whole numbers with a bin each
_FEWEST_BINS, _MOST_BINS = 8, 30
_IN_A_ROW = 3
_WIDTH, _HEIGHT = 3.0, 2.3
_MOST_LEVELS = 6
_STRIP = 0.1  # of a panel's height, for each table's box


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class _Distribution:
    """What distributions of all kinds have in common."""

    name: str
    n_values: np.ndarray
    n_rows: np.ndarray
    counts: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """Share of each table's values in each bin, or at each level."""
        return self.counts / np.maximum(self.n_values, 1)[:, np.newaxis]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class NumberDistribution(_Distribution):
    """A column of numbers, dates (days since 1970-01-01) or durations (days).

    Attributes
    ----------
    name : str
        The column.
    kind : {"number", "datetime", "timedelta"}
        What it holds.
    edges : ndarray of float of shape (n_bins + 1,)
        Of the bins, which are as wide as each other.
    counts : ndarray of int of shape (n_tables, n_bins)
        Values in each.
    boxes : ndarray of float of shape (n_tables, 5)
        Of `five_numbers`.
    n_below, n_above : ndarray of int of shape (n_tables,)
        Values outside the bins.
    n_values, n_rows : ndarray of int of shape (n_tables,)
        Cells that are there, and all; no rows where a table lacks the column.
    """

    kind: str
    edges: np.ndarray
    boxes: np.ndarray
    n_below: np.ndarray
    n_above: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class LevelDistribution(_Distribution):
    """A column of categories.

    Attributes
    ----------
    name : str
        The column.
    levels : list of str
        The most frequent ones, and "n others" for the rest.
    counts : ndarray of int of shape (n_tables, n_levels)
        Values of each.
    n_values, n_rows : ndarray of int of shape (n_tables,)
        Cells that are there, and all; no rows where a table lacks the column.
    """

    levels: list


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class NoDistribution:
    """A column of which there is nothing to draw.

    Attributes
    ----------
    name : str
        The column.
    words : str
        Why.
    n_values, n_rows : ndarray of int of shape (n_tables,)
        Cells that are there, and all; no rows where a table lacks the column.
    """

    name: str
    words: str
    n_values: np.ndarray
    n_rows: np.ndarray


def distribute(
    name: str, columns: list, n_levels: int
) -> NumberDistribution | LevelDistribution | NoDistribution:
    """Count the values of a column."""
    there = [column for column in columns if column is not None]
    missing = [np.ones(0, bool) if c is None else c.missing for c in columns]
    n_values = np.array([np.count_nonzero(~mask) for mask in missing])
    n_rows = np.array([len(mask) for mask in missing])
    sizes: dict = {"name": name, "n_values": n_values, "n_rows": n_rows}
    words = _nothing_to_draw(there, n_values.sum(), n_rows.sum())
    if words:
        return NoDistribution(words=words, **sizes)
    if holds_numbers(there):
        return _distribute_numbers(columns, sizes)
    factor = pool_levels(there, n_levels)
    # rows of a table that lacks the column are none
    by_table = np.split(factor.codes, np.cumsum(n_rows)[:-1])
    counts = np.array([factor._replace(codes=own).counts()[:-1] for own in by_table])
    levels = level_titles(there, factor, name)
    return LevelDistribution(levels=levels, counts=counts, **sizes)


def holds_numbers(columns: list) -> bool:
    """Return whether a column is one of numbers, and not of 0 and 1 alone."""
    filled = [column for column in columns if column.kind != EMPTY]
    if not all(column.is_numeric for column in filled):
        return False
    return not all(of.kind == "number" and is_flag(of.numbers) for of in filled)


def pool_levels(columns: list, n_levels: int) -> Factor:
    """Put the levels of a column in several tables together."""
    places: dict = {}
    codes = []
    for column in columns:
        own, levels, *_ = column.factor
        of_table = [places.setdefault(name, len(places)) for name in levels]
        codes.append(np.append(of_table, -1).astype(np.intp)[own])
    ordered = all(column.factor.ordered for column in columns)
    factor = Factor(np.concatenate(codes), list(places), ordered)
    # a single further level is shown itself, not as "1 others"
    n_there = len(_levels_there(columns))
    return fewer_levels(factor, n_levels if n_there > n_levels + 1 else n_there)


def level_titles(columns: list, factor: Factor, name: str) -> list[str]:
    """Return what levels are called in a picture."""
    rest = f"{len(_levels_there(columns)) - len(factor.levels) + 1:,} others"
    return [
        rest if level == OTHER_LEVELS else _panels.level_title(_whole(level), name)
        for level in factor.levels
    ]


def _levels_there(columns: list) -> set:
    """Return the levels that have a row in some table."""
    return {
        level
        for column in columns
        for level, n in zip(column.factor.levels, column.level_counts, strict=True)
        if n
    }


def _robust_range(tables: Any) -> tuple[float, float]:
    """Return where nearly all values lie."""
    tables = [values for values in tables if len(values)]
    lowest = min(values.min() for values in tables)
    highest = max(values.max() for values in tables)
    low, high = np.inf, -np.inf
    for values in tables:
        tail, lower, upper, head = np.quantile(values, [_TAIL, 0.25, 0.75, 1 - _TAIL])
        reach = _FAR * (upper - lower)
        low, high = min(low, tail, lower - reach), max(high, head, upper + reach)
    low, high = max(low, lowest), min(high, highest)
    if low == high or 1.5 * (high - low) >= highest - lowest:
        return lowest, highest
    return low, high


def _distribute_numbers(columns: list, sizes: dict) -> NumberDistribution:
    """Count numbers in bins, the same of all tables."""
    filled = [None if c is None or c.kind == EMPTY else c for c in columns]
    numbers = [np.empty(0) if c is None else c.numbers for c in filled]
    finite = [values[np.isfinite(values)] for values in numbers]
    edges = _bins(finite)
    return NumberDistribution(
        kind=next(column.kind for column in filled if column is not None),
        edges=edges,
        counts=np.array([np.histogram(values, edges)[0] for values in finite]),
        boxes=np.array([_panels.five_numbers(values) for values in finite]),
        n_below=np.array([np.count_nonzero(own < edges[0]) for own in numbers]),
        n_above=np.array([np.count_nonzero(own > edges[-1]) for own in numbers]),
        **sizes,
    )


def _bins(tables: Any) -> np.ndarray:
    """Return the edges of bins that suit numbers; of whole ones whole bins."""
    low, high = _robust_range(tables)
    if all((values == np.round(values)).all() for values in tables):
        low, high = np.floor(low), np.ceil(high)
        width = 1 if high - low <= _MOST_WHOLE else np.ceil((high - low) / _MOST_BINS)
        return low - 0.5 + width * np.arange(np.ceil((high - low + 1) / width) + 1)
    most = max(len(values) for values in tables)
    n_bins = int(np.clip(np.ceil(2 * most ** (1 / 3)), _FEWEST_BINS, _MOST_BINS))
    return np.linspace(low, high, n_bins + 1)


def _nothing_to_draw(columns: list, n_values: int, n_rows: int) -> str:
    """Return why there is nothing to draw; "" where there is."""
    if not n_values:
        return f"all {count_text(int(n_rows), 'cell')} missing"
    if holds_numbers(columns):
        values = pd.unique(np.concatenate([column.numbers for column in columns]))
        values = values[~np.isnan(values)]
        if not np.isfinite(values).any():
            return "no finite number"
        if len(values) == 1:
            kind = next(column.kind for column in columns if column.kind != EMPTY)
            return f"always {short_number_text(values[0], kind)}"
    elif len(levels := _levels_there(columns)) == 1:
        return f"always {str(_whole(levels.pop()))[:40]}"
    if any(column.identifies for column in columns):
        n_distinct = max(column.n_distinct for column in columns)
        return f"an identifier:\n{n_distinct:,} distinct values"
    return ""


def _whole(level: Any) -> Any:
    """Return a float that is a whole number as such, so that 1.0 is a flag."""
    if isinstance(level, float) and level.is_integer():
        return int(level)
    return level


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class DistributionDisplay(PanelDisplay):
    """A panel a column: a histogram below a box, or the shares of the levels.

    Made by `from_frame`. Several tables are drawn over each other, as shares of the
    values that each holds.

    Parameters
    ----------
    names : list of str
        The tables.
    distributions : list of NumberDistribution, LevelDistribution or NoDistribution
        Of the columns drawn.
    n_left_out : int, default=0
        Columns beyond `max_columns`.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        The panels, in the order of `distributions`.
    figure_ : matplotlib Figure
        The figure of the panels.

    See Also
    --------
    segmentlearn.metrics.population_stability_index : How far two tables differ.
    segmentlearn.plotting.TargetRelationDisplay : The same for each class.

    Examples
    --------
    >>> from segmentlearn import make_customers
    >>> from segmentlearn.plotting import DistributionDisplay
    >>> X, _ = make_customers("mall", 200, random_state=0)
    >>> display = DistributionDisplay.from_frame({"train": X[:150], "new": X[150:]})
    >>> [found.name for found in display.distributions][:2]
    ['Gender', 'Age']
    """

    names: list[str]
    distributions: list
    n_left_out: int = 0

    @classmethod
    def from_frame(
        cls, X: Any, *, columns: Any = None, max_columns: int = 12, axes: Any = None
    ) -> Self:
        """Count the values of a table, or of several, and draw them.

        Parameters
        ----------
        X : frame or array-like, or dict of str to such
            A table of shape (n_rows, n_columns), or several by name, such as
            ``{"train": X, "new": X_new}``.
        columns : list of str, str or None, default=None
            What to draw; None takes all columns, in their order. Those of arrays are
            called "x0", "x1" and so on.
        max_columns : int, default=12
            Columns to draw at most, the first.
        axes : array-like of matplotlib Axes or None, default=None
            As in `plot`.

        Returns
        -------
        display : DistributionDisplay
            Drawn.

        Raises
        ------
        ValueError
            If a table is empty, a column is unknown or `max_columns` is less than 1.
        """
        tables = _panels.read_tables(X, "X", max_columns)
        names = _panels.union_of_columns(tables.values())
        chosen = _panels.choose_columns(names, columns)
        shown = {
            name: [table.get(name) for table in tables.values()]
            for name in chosen[:max_columns]
        }
        return cls(
            names=list(tables),
            distributions=[distribute(*item, _MOST_LEVELS) for item in shown.items()],
            n_left_out=len(chosen) - len(shown),
        ).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> Self:
        """Draw the columns.

        Parameters
        ----------
        axes : array-like of matplotlib Axes or None, default=None
            An axes for each column; None makes a figure of a fitting size.

        Returns
        -------
        self : DistributionDisplay
            With ``axes_`` and ``figure_``.

        Raises
        ------
        ImportError
            If Matplotlib is not installed.
        ValueError
            If there is another number of axes than of columns.
        """
        is_new = axes is None
        n_panels = len(self.distributions)
        if is_new:
            most = max(len(getattr(of, "levels", ())) for of in self.distributions)
            height = max(_HEIGHT, 1.35 + 0.12 * most * len(self.names))
            axes = _panels.open_panels(n_panels, _IN_A_ROW, width=_WIDTH, height=height)
        axes = self._take_axes(axes, n_panels)
        notes = []
        for ax, found in zip(axes, self.distributions, strict=True):
            if isinstance(found, NoDistribution):
                _panels.write_alone(ax, found.words)
                notes.append("")
                continue
            is_levels = isinstance(found, LevelDistribution)
            (self._draw_levels if is_levels else self._draw_numbers)(ax, found)
            notes.append("\n".join(self._notes(found)))
        titles = [(found.name,) for found in self.distributions]
        _panels.write_around(axes, titles, notes)
        if len(self.names) > 1:
            _panels.add_legend(axes, self.names, COLORS * len(self.names), is_new)
        if self.n_left_out:
            n_all = n_panels + self.n_left_out
            note = f"The first {n_panels} of {count_text(n_all, 'column')}"
            _panels.finish(axes, f"{note}; {self.n_left_out:,} left out", is_new)
        return self

    def _draw_numbers(self, ax: Axes, found: Any) -> None:
        """Draw histograms, and a box of each table above them."""
        alone = len(self.names) == 1
        low, high = found.edges[[0, -1]]
        for at, color in self._tables_with(found):
            shape = (found.shares[at], found.edges)
            style = {"color": color, "zorder": 2}
            ax.stairs(*shape, fill=True, alpha=0.75 if alone else 0.3, **style)
            if not alone:
                ax.stairs(*shape, linewidth=1.5, **style)
            place, inside = 1 - _STRIP * (at + 0.6), np.clip(found.boxes[at], low, high)
            transform = ax.get_xaxis_transform()
            _panels.draw_box(ax, inside, place, 0.65 * _STRIP, color, transform)
        margin = 0.02 * (high - low)
        ax.set_xlim(low - margin, high + margin)
        _panels.write_numbers(ax.xaxis, found.kind)
        _write_shares(ax.yaxis, found.shares.max())
        ax.set_ylim(0, found.shares.max() / (0.96 - _STRIP * len(self.names)))
        _canvas.tidy(ax)

    def _draw_levels(self, ax: Axes, found: Any) -> None:
        """Draw a bar for each level and table, with its share."""
        n_tables, n_levels = found.counts.shape
        height = 0.8 / n_tables
        size = SMALL if n_tables * n_levels <= 8 else SMALL - 1.5
        for at, color in self._tables_with(found):
            places = np.arange(n_levels) - 0.4 + height * (at + 0.5)
            bars = ax.barh(places, found.shares[at], height=0.9 * height, color=color)
            texts = [f" {share_text(share)}" for share in found.shares[at]]
            ax.bar_label(bars, texts, fontsize=size)
        ax.set_xlim(0, 1.3 * found.shares.max())
        room = max(0, 3 - n_levels) / 2  # bars of few levels are no blocks
        style: dict = {"fontsize": SMALL, "linespacing": 0.95}
        _canvas.name_rows(ax, _panels.row_titles(found.levels), room=room, **style)
        ax.set_xticks([])
        _canvas.tidy(ax, grid="x")
        ax.spines["bottom"].set_visible(False)

    def _tables_with(self, found: Any) -> list[tuple[int, str]]:
        """Return position and colour of each table that has values of a column."""
        colors = enumerate(islice(cycle(COLORS), len(self.names)))
        return [(at, color) for at, color in colors if found.n_values[at]]

    def _notes(self, found: Any) -> list[str]:
        """Return which tables lack a column, and which values are not drawn."""
        lack = [name for name, n in zip(self.names, found.n_rows, strict=True) if not n]
        notes = [f"not in {', '.join(lack)}"] if lack else []
        if not isinstance(found, LevelDistribution):
            for word, counts, end in (
                ("below", found.n_below, found.edges[0]),
                ("above", found.n_above, found.edges[-1]),
            ):
                if counts.any():
                    text = f"{word} {short_number_text(end, found.kind)}"
                    notes.append(f"{text}: {self._each(counts, found, '{:,}'.format)}")
        n_missing = found.n_rows - found.n_values
        if n_missing.any():
            shares = n_missing / np.maximum(found.n_rows, 1)
            notes.append(f"missing: {self._each(shares, found, share_text)}")
        return notes

    def _each(self, numbers: Any, found: Any, write: Any) -> str:
        """Write a number for each table that has the column."""
        if len(self.names) == 1:
            return write(numbers[0])
        return ", ".join(
            f"{name} {write(number)}"
            for name, number, n in zip(self.names, numbers, found.n_rows, strict=True)
            if n
        )


def _write_shares(axis: Any, largest: float) -> None:
    """Write few shares along an axis, up to the largest one."""
    from matplotlib import ticker

    ticks = ticker.MaxNLocator(3, steps=STEPS).tick_values(0, largest)
    axis.set_ticks([tick for tick in ticks if 0 <= tick <= 1.02 * largest])
    axis.set_major_formatter(lambda share, _: f"{100 * share:.3g}%")
    axis.set_tick_params(labelsize=SMALL)
