"""The precision-recall curve in the style of the other displays."""

from typing import Any, Self

import numpy as np
import sklearn.metrics

from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import COLORS, GREY, Axes

_CURVE = "precision-recall curve"  # marks lines, to count those of a picture


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
