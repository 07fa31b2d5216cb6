"""Confusion matrix with counts and shares of each true class."""

from typing import Any, Self

import numpy as np
import sklearn.metrics

from segmentlearn._formatting import percent
from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import Axes

_NAME_WIDTH = 16
_LETTER = 5.6  # points of a letter, about


class ConfusionMatrixDisplay(sklearn.metrics.ConfusionMatrixDisplay):
    """Confusion matrix of scikit-learn with shares of each true class as colours.

    Cells show the count and its share of the row. So a rare class is as visible as a
    frequent one. It is made as in scikit-learn, by `from_estimator` or
    `from_predictions`.

    Parameters
    ----------
    confusion_matrix : ndarray of shape (n_classes, n_classes)
        Counts, with true classes in the rows.
    display_labels : ndarray of shape (n_classes,), default=None
        What to call the classes.

    Attributes
    ----------
    im_ : matplotlib AxesImage
        The colours.
    text_ : ndarray of shape (n_classes, n_classes), dtype=matplotlib Text, or None
        The cells' text.
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Examples
    --------
    >>> from segmentlearn.plotting import ConfusionMatrixDisplay
    >>> display = ConfusionMatrixDisplay.from_predictions(
    ...     ["no", "no", "yes", "yes"], ["no", "no", "yes", "no"], colorbar=False
    ... )
    >>> print(display.text_[1, 0].get_text())
    1
    50%
    """

    confusion_matrix: np.ndarray

    def plot(
        self,
        *,
        include_values: bool = True,
        cmap: Any = "Blues",
        xticks_rotation: str = "horizontal",
        values_format: str | None = None,
        ax: Axes = None,
        colorbar: bool = False,
        im_kw: dict | None = None,
        text_kw: dict | None = None,
    ) -> Self:
        """Draw the matrix.

        Parameters
        ----------
        include_values : bool, default=True
            Whether to write the counts and shares.
        cmap : str or matplotlib Colormap, default="Blues"
            Colours; scikit-learn's "viridis" is taken for "Blues".
        xticks_rotation : {"vertical", "horizontal"} or float, default="horizontal"
            Rotation of the names of the decisions.
        values_format : str, default=None
            Format of the counts; None is with thousands separators.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        colorbar : bool, default=False
            Whether to draw a legend of the colours.
        im_kw : dict, default=None
            Passed to `imshow`.
        text_kw : dict, default=None
            Passed to `text`.

        Returns
        -------
        self : ConfusionMatrixDisplay
        """
        counts = self.confusion_matrix
        side = 1.6 + 0.9 * len(counts)
        labels = self.display_labels
        names = list(map(str, range(len(counts)) if labels is None else labels))
        beside = [_canvas.wrap_name(name, _NAME_WIDTH) for name in names]
        extra = max(0.6, 0.2 + _LETTER / 72 * _longest_line(beside))
        ax = _canvas.open_axes(ax, width=max(4.0, side + extra), height=max(3.4, side))
        totals = counts.sum(axis=1, keepdims=True)
        shares = counts / totals.clip(min=1e-300)
        self.confusion_matrix = shares
        try:
            super().plot(
                include_values=include_values,
                cmap="Blues" if cmap == "viridis" else cmap,
                xticks_rotation=xticks_rotation,
                ax=ax,
                colorbar=colorbar,
                im_kw={"vmin": 0.0, "vmax": 1.0, **(im_kw or {})},
                text_kw=text_kw,
            )
        finally:
            self.confusion_matrix = counts
        if self.text_ is not None:
            whole = counts.dtype.kind in "iu"
            form = values_format or (",d" if whole else ",.2f")
            for place, text in np.ndenumerate(self.text_):
                text.set_color("white" if shares[place] > 0.5 else "black")
                text.set_text(f"{counts[place]:{form}}\n{percent(shares[place])}")
        if self.im_.colorbar is not None:
            self.im_.colorbar.ax.yaxis.set_major_formatter("{x:.0%}")
            self.im_.colorbar.set_label("Share of the true class")
            self.im_.colorbar.outline.set_visible(False)
        ax.set(xlabel="Decision", ylabel="True class")
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
        ax.set_yticks(range(len(names)), beside, parse_math=False)
        self._name_decisions(ax, names, xticks_rotation)
        return self

    @staticmethod
    def _name_decisions(ax: Axes, names: Any, rotation: Any) -> None:
        """Write the names below the columns, turned where there is no room for them."""
        room = max(1, int(_canvas.laid_out_width(ax)[0] / len(names) / _LETTER) - 1)
        below = [_canvas.wrap_name(name, room) for name in names]
        if rotation != "horizontal":
            ax.set_xticks(range(len(names)), names, rotation=rotation, parse_math=False)
        elif _longest_line(below) <= room:
            _canvas.name_columns(ax, below, parse_math=False)
        else:
            below = [_canvas.wrap_name(name, _NAME_WIDTH) for name in names]
            _canvas.name_columns(ax, below, 40, parse_math=False)


def _longest_line(names: Any) -> int:
    return max(len(line) for name in names for line in name.split("\n"))
