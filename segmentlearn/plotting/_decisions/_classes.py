"""Confusion matrix and precision-recall curve in the style of the other displays."""

from typing import Any, Self

import numpy as np
import sklearn.metrics

from segmentlearn._formatting import percent
from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import COLORS, GREY, Axes

_NAME_WIDTH = 16
_LETTER = 5.6  # points of a letter, about
_CURVE = "precision-recall curve"  # marks lines, to count those of a picture


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


class PrecisionRecallDisplay(sklearn.metrics.PrecisionRecallDisplay):
    """Precision-recall curve of scikit-learn with the level of random choice.

    It is made as in scikit-learn, by `from_estimator` or `from_predictions`; further
    classifiers are drawn into the same picture with ``ax=display.ax_``.

    Parameters
    ----------
    precision, recall : ndarray of shape (n_thresholds,)
        The curve.
    **of_the_curve
        Further parameters of scikit-learn's class, such as `average_precision`.

    Attributes
    ----------
    line_ : matplotlib Line2D
        The curve.
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    Examples
    --------
    >>> from segmentlearn.plotting import PrecisionRecallDisplay
    >>> display = PrecisionRecallDisplay.from_predictions(
    ...     [1, 0, 1, 0], [0.9, 0.6, 0.4, 0.1], name="net"
    ... )
    >>> display.ax_.get_xlabel()
    'Recall'
    """

    def __init__(
        self, precision: np.ndarray, recall: np.ndarray, **of_the_curve: Any
    ) -> None:
        super().__init__(precision, recall, **of_the_curve)

    def plot(
        self,
        ax: Axes = None,
        *,
        name: str | None = None,
        plot_chance_level: bool | None = None,
        **how: Any,
    ) -> Self:
        """Draw the curve.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        name : str or None, default=None
            Name of the curve.
        plot_chance_level : bool or None, default=None
            Whether to draw the precision of random choice, which is the share of the
            positive class; None draws it where that is known and not drawn yet.
        **how
            Passed to scikit-learn's `plot`.

        Returns
        -------
        self : PrecisionRecallDisplay
        """
        first = ax is None or not ax.lines
        ax = _canvas.open_axes(ax, width=6.0, height=4.6)
        known = getattr(self, "prevalence_pos_label", None) is not None
        level = bool(plot_chance_level) or (known and first)
        n_drawn = sum(line.get_gid() == _CURVE for line in ax.lines)
        super().plot(ax=ax, name=name, plot_chance_level=level, **how)
        self.line_.set_gid(_CURVE)
        self.line_.set(color=COLORS[n_drawn % len(COLORS)], linewidth=2)
        if self.chance_level_ is not None:
            self.chance_level_.set(color=GREY, label="random")
        ax.set(aspect="auto", xlim=(0, 1), ylim=(0, 1.02))
        ax.set(xlabel="Recall", ylabel="Precision")
        _canvas.tidy(ax, grid="both")
        ax.legend(loc="best", frameon=False)
        return self
