"""Who moved between segments: a matrix, and flows from left to right."""

import dataclasses
from typing import Any, Self

import numpy as np

from segmentlearn._formatting import percent
from segmentlearn.inspection import NOISE, NOISE_NAME
from segmentlearn.monitoring import ENTERED, LEFT, FlowPicture, SegmentMigration
from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import Axes
from segmentlearn.plotting._base._panels import PanelDisplay, open_panels

_WIDTH, _LETTERS, _SHORT = 5.6, 24, 6
_DARK = 0.55  # from this share on a cell is written white
_SHOWN = 0.0005  # smaller shares are no number but a dot
_GAP = 0.02  # of the height, between two bars
_BAR = 0.06  # of the width
_STAYED, _MOVED = 0.25, 0.65  # how opaque flows are
_OUTSIDE = "#BBBBBB"


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class SegmentMigrationDisplay(PanelDisplay):
    """Customers by their segments before and now: a matrix and a picture of the flows.

    Made by `from_result`. A row of the matrix has the shares of those who were in a
    segment; a frame marks moves that neither another model nor label noise explains,
    where that is known.
    The flows have the width of the customers in them; those who stayed are pale.

    Parameters
    ----------
    migration : SegmentMigration
        Who moved.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (2,)
        The matrix and the flows.
    figure_ : matplotlib Figure
        Their figure.

    See Also
    --------
    segmentlearn.segment_migration : The numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> from segmentlearn import segment_migration
    >>> from segmentlearn.plotting import SegmentMigrationDisplay
    >>> customers = pd.DataFrame({"customer": ["a", "b", "c", "d"]})
    >>> before, now = [0, 0, 1, 1], [0, 1, 1, 1]
    >>> moved = segment_migration(before, now, customers, customers, key="customer")
    >>> display = SegmentMigrationDisplay.from_result(moved)
    >>> len(display.axes_)
    2
    """

    migration: SegmentMigration

    @classmethod
    def from_result(
        cls, migration: SegmentMigration, *, axes: Any = None, **how: Any
    ) -> Self:
        """Draw who moved.

        Parameters
        ----------
        migration : SegmentMigration
            As `segment_migration` returns it.
        axes : sequence of two matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to `plot`.

        Returns
        -------
        display : SegmentMigrationDisplay
        """
        return cls(migration=migration).plot(axes=axes, **how)

    def plot(
        self, *, axes: Any = None, weighted: bool = False, hidden: Any = None
    ) -> Self:
        """Draw the matrix and the flows.

        Parameters
        ----------
        axes : sequence of two matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        weighted : bool, default=False
            Whether customers count by their value, where the migration has one.
        hidden : array-like of bool, shape of the counts, or None, default=None
            Cells that are left out, such as small ones: a dot in the matrix, no flow.

        Returns
        -------
        self : SegmentMigrationDisplay

        Raises
        ------
        ImportError
            If Matplotlib is not installed.
        ValueError
            If `weighted` and the migration has no values.
        """
        _canvas.require_pyplot()
        found = self.migration
        if weighted and found.values is None:
            raise ValueError(
                "weighted=True needs values; name their column to segment_migration "
                "with value=."
            )
        frame = found.values if weighted else found.counts
        assert frame is not None
        counts = frame.to_numpy(dtype=np.float64)
        if hidden is None:
            hidden = np.zeros(counts.shape, dtype=bool)
        hidden = np.asarray(hidden)
        if axes is None:
            height = max(3.4, 1.2 + 0.55 * len(counts))
            axes = open_panels(2, 2, width=_WIDTH, height=height)
        matrix, flows = self._take_axes(axes, 2)
        titles = [
            NOISE_NAME if s == NOISE else found.title(s).replace("$", r"\$")
            for s in found.segments
        ]
        self._draw_matrix(matrix, counts, hidden, titles, weighted)
        self._draw_flows(flows, np.where(hidden, 0.0, counts), titles)
        return self

    def _draw_matrix(
        self,
        ax: Axes,
        counts: np.ndarray,
        hidden: np.ndarray,
        titles: list[str],
        weighted: bool,
    ) -> None:
        totals = counts.sum(axis=1, keepdims=True)
        shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
        shares[hidden] = 0.0
        ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for place, share in np.ndenumerate(shares):
            text = percent(share) if share >= _SHOWN else "·"
            style = {"is_dark": share > _DARK, "fontsize": _canvas.SMALL}
            _canvas.write_cell(ax, place, text, **style)
        for row, column in self._real_moves():
            if hidden[row, column]:
                continue
            frame = {"fill": False, "edgecolor": _canvas.VERMILLION, "linewidth": 1.6}
            corner = (column - 0.46, row - 0.46)
            rectangle = _canvas.require_pyplot().Rectangle
            ax.add_patch(rectangle(corner, 0.92, 0.92, **frame))
        n_segments = len(titles)
        for line in (ax.axhline, ax.axvline):
            line(n_segments - 0.5, color="white", linewidth=3)
        style = {"fontsize": _canvas.SMALL}
        beside = [_canvas.cut(title, _LETTERS) for title in titles]
        _canvas.name_rows(ax, [*beside, ENTERED], **style)
        below = [_canvas.cut(title, _LETTERS // 2) for title in titles]
        rotation = 30 if max(map(len, below)) > _SHORT else 0
        _canvas.name_columns(ax, [*below, LEFT], rotation, **style)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        of_what = "value" if weighted else "customers"
        before, now = self.migration.periods
        ax.set(xlabel=now, ylabel=before)
        ax.set_title(f"Share of each row's {of_what}", fontsize=_canvas.SMALL + 1)

    def _real_moves(self) -> list[tuple[int, int]]:
        """Return the cells whose moves label noise does not explain."""
        frame = self.migration.to_frame()
        if "is_real" not in frame:
            return []
        place = {segment: at for at, segment in enumerate(self.migration.segments)}
        real = frame[frame["is_real"]]
        pairs = zip(real["old"], real["new"], strict=True)
        return [(place[old], place[new]) for old, new in pairs]

    def _draw_flows(self, ax: Axes, counts: np.ndarray, titles: list[str]) -> None:
        n_rows = len(counts)
        picture = FlowPicture.of(counts, _GAP)
        colors, _ = _canvas.segment_colors(self.migration.segments)
        colors.append(_OUTSIDE)
        titles = [_canvas.cut(title, _LETTERS) for title in titles]
        names = ([*titles, ENTERED], [*titles, LEFT])
        for (starts, heights), side, labels in zip(
            picture.bars, (0, 1), names, strict=True
        ):
            x = 0.0 if side == 0 else 1.0 - _BAR
            how: dict = {"align": "edge", "color": colors}
            ax.bar(np.full(n_rows, x), heights, _BAR, starts, **how)
            style = {"va": "center", "fontsize": _canvas.SMALL}
            style["ha"] = "right" if side == 0 else "left"
            edge = -0.02 if side == 0 else 1.02
            for start, height, label in zip(starts, heights, labels, strict=True):
                if height > 0:
                    ax.text(edge, start + height / 2, label, **style)
        along = _BAR + (1 - 2 * _BAR) * picture.steps
        for old, new, upper, lower in picture.flows:
            color = colors[old] if old < n_rows - 1 else colors[new]
            alpha = _STAYED if old == new else _MOVED
            style = {"color": color, "alpha": alpha, "linewidth": 0}
            ax.fill_between(along, upper, lower, **style)
        ax.set_xlim(-0.5, 1.5)
        ax.set_ylim(1.0 + _GAP * n_rows, -0.02)
        ax.set_axis_off()
        before, now = self.migration.periods
        title = f"{before} (left) and {now} (right)".replace("$", r"\$")
        ax.set_title(title, fontsize=_canvas.SMALL + 1)
