"""Distributions of the columns of one table or several."""

import dataclasses
from itertools import cycle, islice
from typing import Any, Self

import numpy as np

from segmentlearn._formatting import count_text, share_text, short_number_text
from segmentlearn.plotting._base import _canvas, _panels
from segmentlearn.plotting._base._canvas import COLORS, SMALL, Axes
from segmentlearn.plotting._base._panels import STEPS, PanelDisplay
from segmentlearn.plotting._tables._column_distributions import (
    LevelDistribution,
    NoDistribution,
    distribute,
)

_IN_A_ROW = 3
_WIDTH, _HEIGHT = 3.0, 2.3
_MOST_LEVELS = 6
_STRIP = 0.1  # of a panel's height, for each table's box


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
