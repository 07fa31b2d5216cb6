"""How the columns of a table are distributed, beside those of other tables."""

import dataclasses
from typing import Any, Self

import numpy as np

from segmentlearn._formatting import count_text, share_text, short_number_text
from segmentlearn.plotting._base._boxes import draw_box
from segmentlearn.plotting._base._canvas import COLORS, Axes, require_pyplot, tidy
from segmentlearn.plotting._base._named_tables import (
    check_max_columns,
    choose_columns,
    read_named_tables,
    union_of_columns,
)
from segmentlearn.plotting._base._panels import (
    SMALL,
    STEPS,
    add_legend,
    check_axes,
    finish,
    open_panels,
    row_titles,
    write_alone,
    write_around,
    write_numbers,
)
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
class DistributionDisplay:
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
    >>> [one.name for one in display.distributions][:2]
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
        require_pyplot()  # before the work
        check_max_columns(max_columns)
        tables = read_named_tables(X, "X")
        chosen = choose_columns(union_of_columns(tables.values()), columns)
        shown = chosen[:max_columns]
        return cls(
            names=list(tables),
            distributions=[
                distribute(
                    name, [table.get(name) for table in tables.values()], _MOST_LEVELS
                )
                for name in shown
            ],
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
            most = max(len(getattr(one, "levels", ())) for one in self.distributions)
            height = max(_HEIGHT, 1.35 + 0.12 * most * len(self.names))
            axes = open_panels(n_panels, _IN_A_ROW, width=_WIDTH, height=height)
        axes = np.ravel(np.array(axes))
        check_axes(axes, n_panels)
        notes = [""] * n_panels
        for at, (ax, one) in enumerate(zip(axes, self.distributions, strict=True)):
            if isinstance(one, NoDistribution):
                write_alone(ax, one.words)
                continue
            is_levels = isinstance(one, LevelDistribution)
            (self._draw_levels if is_levels else self._draw_numbers)(ax, one)
            words = self._absent(one) + self._outside(one) + self._missing(one)
            notes[at] = "\n".join(words)
        write_around(axes, [(one.name,) for one in self.distributions], notes)
        if len(self.names) > 1:
            add_legend(axes, self.names, COLORS * len(self.names), is_new)
        if self.n_left_out:
            n_all = n_panels + self.n_left_out
            note = (
                f"The first {n_panels} of {count_text(n_all, 'column')}; "
                f"{self.n_left_out:,} left out"
            )
            finish(axes, note, is_new)
        self.axes_, self.figure_ = axes, axes[0].figure
        return self

    def _draw_numbers(self, ax: Axes, one: Any) -> None:
        """Draw histograms, and a box of each table above them."""
        alone = len(self.names) == 1
        top = one.shares.max() / (0.96 - _STRIP * len(self.names))
        for at, shares in enumerate(one.shares):
            if not one.n_values[at]:
                continue
            color = COLORS[at % len(COLORS)]
            how = {"color": color, "zorder": 2}
            ax.stairs(shares, one.edges, fill=True, alpha=0.75 if alone else 0.3, **how)
            if not alone:
                ax.stairs(shares, one.edges, linewidth=1.5, **how)
            place = 1 - _STRIP * (at + 0.6)
            inside = np.clip(one.boxes[at], one.edges[0], one.edges[-1])
            transform = ax.get_xaxis_transform()
            draw_box(ax, inside, place, 0.65 * _STRIP, color, transform)
        margin = 0.02 * (one.edges[-1] - one.edges[0])
        ax.set_xlim(one.edges[0] - margin, one.edges[-1] + margin)
        write_numbers(ax.xaxis, one.kind)
        _write_shares(ax.yaxis, one.shares.max())
        ax.set_ylim(0, top)
        tidy(ax)

    def _draw_levels(self, ax: Axes, one: Any) -> None:
        """Draw a bar for each level and table, with its share."""
        n_tables, n_levels = one.counts.shape
        height = 0.8 / n_tables
        for at, shares in enumerate(one.shares):
            if not one.n_values[at]:
                continue
            places = np.arange(n_levels) - 0.4 + height * (at + 0.5)
            color = COLORS[at % len(COLORS)]
            ax.barh(places, shares, height=0.9 * height, color=color)
            for place, share in zip(places, shares, strict=True):
                ax.text(
                    *(share, place, f" {share_text(share)}"),
                    va="center",
                    fontsize=SMALL if n_tables * n_levels <= 8 else SMALL - 1.5,
                )
        ax.set_xlim(0, 1.3 * one.shares.max())
        titles = row_titles(one.levels)
        ax.set_yticks(range(n_levels), titles, fontsize=SMALL, linespacing=0.95)
        room = max(0, 3 - n_levels) / 2  # bars of few levels are no blocks
        ax.set_ylim(n_levels - 0.5 + room, -0.5 - room)
        ax.set_xticks([])
        tidy(ax, grid="x")
        ax.spines["bottom"].set_visible(False)
        ax.tick_params(axis="y", length=0)

    def _absent(self, one: Any) -> list[str]:
        """Return which tables lack a column."""
        lack = [name for name, n in zip(self.names, one.n_rows, strict=True) if not n]
        return [f"not in {', '.join(lack)}"] if lack else []

    def _outside(self, one: Any) -> list[str]:
        """Return how many values are outside the axes."""
        if isinstance(one, LevelDistribution):
            return []
        ends = (
            (one.n_below, "below", one.edges[0]),
            (one.n_above, "above", one.edges[-1]),
        )
        return [
            f"{word} {short_number_text(end, one.kind)}: "
            f"{self._each(counts, one, '{:,}'.format)}"
            for counts, word, end in ends
            if counts.any()
        ]

    def _missing(self, one: Any) -> list[str]:
        """Return which share of the cells is missing."""
        n_missing = one.n_rows - one.n_values
        if not n_missing.any():
            return []
        shares = n_missing / np.maximum(one.n_rows, 1)
        return [f"missing: {self._each(shares, one, share_text)}"]

    def _each(self, numbers: Any, one: Any, write: Any) -> str:
        """Write a number for each table that has the column."""
        if len(self.names) == 1:
            return write(numbers[0])
        return ", ".join(
            f"{name} {write(number)}"
            for name, number, n in zip(self.names, numbers, one.n_rows, strict=True)
            if n
        )


def _write_shares(axis: Any, largest: float) -> None:
    """Write few shares along an axis, up to the largest one."""
    from matplotlib import ticker

    ticks = ticker.MaxNLocator(3, steps=STEPS).tick_values(0, largest)
    axis.set_ticks([tick for tick in ticks if 0 <= tick <= 1.02 * largest])
    axis.set_major_formatter(lambda share, _: f"{100 * share:.3g}%")
    axis.set_tick_params(labelsize=SMALL)
