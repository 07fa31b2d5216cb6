"""Heatmap of the associations of columns, the lower half of the matrix."""

import dataclasses
import textwrap
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from segmentlearn._formatting import with_minus
from segmentlearn.inspection import associations
from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import Axes, Display

_CELL = 0.44  # inches at least
_LINE = 0.115  # inches of a line of a name
_NAME_WIDTH = 26
_SIGNED = ("spearman", "pearson", "missingness")
_DARK = 0.6  # cells beyond need light text
_TITLES = {
    "spearman": "numbers: Spearman's correlation",
    "pearson": "numbers: Pearson's correlation",
    "missingness": "correlation of missing cells (phi)",
    "correlation_ratio": "correlation ratio",
    "cramers_v": "Cramér's V",
}


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class AssociationDisplay(Display):
    """Half a matrix of associations, a cell for each pair of columns.

    Two columns of numbers are red where they rise together and blue where one falls as
    the other rises; pairs with a category, which have no direction, are grey. The
    target, where there is one, is the framed row at the bottom.

    Made by `from_frame` or `from_result`.

    Parameters
    ----------
    names : list of str
        The columns.
    matrix : ndarray of float of shape (n_columns, n_columns)
        Associations, NaN where one is not defined.
    kinds : ndarray of str of shape (n_columns, n_columns)
        What each is: "spearman", "pearson", "correlation_ratio" or "cramers_v".
    target : str or None
        The column that is the target.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of `ax_`.
    shown_ : list of str
        The columns drawn, in their order.

    See Also
    --------
    segmentlearn.inspection.associations : The numbers that are drawn.

    Examples
    --------
    >>> from segmentlearn import make_customers
    >>> from segmentlearn.plotting import AssociationDisplay
    >>> X, segments = make_customers("mall", 200, random_state=0)
    >>> display = AssociationDisplay.from_frame(X, segments)
    >>> display.shown_[-1] == display.target
    True
    """

    names: list[str]
    matrix: np.ndarray
    kinds: np.ndarray
    target: str | None

    @classmethod
    def from_frame(
        cls,
        X: Any,
        y: ArrayLike | None = None,
        *,
        ax: Axes = None,
        max_columns: int = 30,
        **parameters: Any,
    ) -> Self:
        """Measure the associations of a table and draw them.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)
            Raw columns.
        y : array-like of shape (n_samples,) or None, default=None
            Labels or numbers.
        ax : matplotlib Axes or None, default=None
            As in `plot`.
        max_columns : int, default=30
            As in `plot`.
        **parameters
            Further parameters of :func:`segmentlearn.inspection.associations`.

        Returns
        -------
        display : AssociationDisplay
            Drawn.
        """
        _canvas.require_pyplot()  # before the work
        found = associations(X, y, **parameters)
        return cls.from_result(found).plot(ax=ax, max_columns=max_columns)

    @classmethod
    def from_result(cls, associations: Any) -> Self:
        """Take the numbers of associations.

        Parameters
        ----------
        associations : Associations
            Of :func:`segmentlearn.inspection.associations`.

        Returns
        -------
        display : AssociationDisplay
            Not drawn; call `plot`.
        """
        return cls(
            names=[str(name) for name in associations.matrix.columns],
            matrix=associations.matrix.to_numpy(dtype=np.float64),
            kinds=associations.kinds.to_numpy(dtype=str),
            target=associations.target,
        )

    def plot(
        self, *, ax: Axes = None, max_columns: int = 30, annotate: bool = True
    ) -> Self:
        """Draw the matrix.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure of a fitting size.
        max_columns : int, default=30
            Columns beside the target to show at most: those that have most to do with
            the target, without one with any other column.
        annotate : bool, default=True
            Whether to write the value into each cell.

        Returns
        -------
        self : AssociationDisplay
            With ``ax_``, ``figure_`` and ``shown_``.

        Raises
        ------
        ImportError
            If Matplotlib is not installed.
        ValueError
            If there are fewer than two columns.
        """
        if len(self.names) < 2:
            raise ValueError(
                f"A picture of pairs needs two columns; there is {self.names}."
            )
        order = self._order(max_columns)
        self.shown_ = [self.names[at] for at in order]
        n_sides = len(order) - 1
        titles = [_broken(name) for name in self.shown_]
        most_lines = 1 + max(title.count("\n") for title in titles)
        side = n_sides * max(_CELL, 0.04 + _LINE * most_lines)
        ax = _canvas.open_axes(ax, width=3.9 + side, height=max(3.2, 1.8 + side))
        pairs = np.ix_(order[1:], order[:-1])
        half = np.tril(np.ones((n_sides, n_sides), dtype=bool))
        values = np.where(half, self.matrix[pairs], np.nan)
        kinds = np.where(half, self.kinds[pairs], "")
        self._color(ax, values, kinds)
        for place in np.argwhere(kinds != "") if annotate else ():
            value = values[*place]
            is_dark = abs(value) > _DARK
            _canvas.write_cell(ax, place, _short(value), is_dark=is_dark, fontsize=7.5)
        self._label(ax, titles)
        return self._drawn_on(ax)

    def _order(self, max_columns: int) -> list[int]:
        """Return the columns to show, the strongest first and the target last."""
        sizes = np.nan_to_num(np.abs(self.matrix))
        np.fill_diagonal(sizes, 0)
        if self.target is None:
            ranked = np.argsort(-sizes.max(axis=1), kind="stable")[:max_columns]
            return sorted(ranked.tolist())  # as in the table
        target = self.names.index(self.target)
        ranked = np.argsort(-sizes[:, target], kind="stable")
        return [*ranked[ranked != target][:max_columns].tolist(), target]

    def _color(self, ax: Axes, values: np.ndarray, kinds: np.ndarray) -> None:
        """Draw the cells, numbers and pairs with a category in colours of their own."""
        is_signed = np.isin(kinds, _SIGNED)
        bars = []
        for chosen, cmap, low in ((is_signed, "RdBu_r", -1), (~is_signed, "Greys", 0)):
            cells = np.where(chosen, values, np.nan)
            if np.isnan(cells).all():
                continue
            image = ax.imshow(cells, cmap=cmap, vmin=low, vmax=1, aspect="auto")
            used = [name for name in _TITLES if (kinds[chosen] == name).any()]
            bars.append((image, ", ".join(_TITLES[name] for name in used)))
        shrink = min(0.8, 4.0 / ax.figure.get_figheight())
        for image, title in bars:
            _canvas.add_colorbar(ax, image, title, shrink=shrink, aspect=25, pad=0.015)

    def _label(self, ax: Axes, titles: list) -> None:
        """Write the names, draw the grid and frame the target's row."""
        n_sides = len(titles) - 1
        style: dict = {"fontsize": 7.5, "linespacing": 1.08}
        ax.set_yticks(range(n_sides), titles[1:], **style)
        ax.set_xticks(range(n_sides), titles[:-1], rotation=90, **style)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        for row in range(n_sides):  # lines around the cells of the lower half only
            ax.hlines(row + 0.5, -0.5, row + 0.5, color="white", linewidth=1.5)
            ax.vlines(row + 0.5, row - 0.5, n_sides - 0.5, color="white", linewidth=1.5)
        ax.set_xlim(-0.55, n_sides - 0.45)
        ax.set_ylim(n_sides - 0.45, -0.55)
        if self.target is not None:
            style = {"fill": False, "linewidth": 1.8, "zorder": 3}
            corner, plt = (-0.5, n_sides - 1.5), _canvas.require_pyplot()
            ax.add_patch(plt.Rectangle(corner, n_sides, 1, edgecolor="black", **style))
            ax.get_yticklabels()[-1].set_fontweight("bold")


def _short(value: Any) -> str:
    """Write two digits without the zero before them, a dash for none."""
    if np.isnan(value):
        return "\N{EN DASH}"
    text = with_minus(f"{value:z.2f}")
    return "0" if text == "0.00" else text.replace("0.", ".", 1)


def _broken(name: str) -> str:
    """Break a name into lines, long words too, so that nothing is cut."""
    lines = _canvas.wrap_name(name, _NAME_WIDTH).split("\n")
    return "\n".join(textwrap.fill(line, _NAME_WIDTH + 8) for line in lines)
