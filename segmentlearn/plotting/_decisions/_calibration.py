"""Reliability diagram: observed shares against predicted probabilities."""

import dataclasses
from typing import Any, Self

from numpy.typing import ArrayLike

from segmentlearn.metrics import (
    expected_calibration_error,
    read_classes,
    read_labels,
    reliability_curve,
)
from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import COLORS, GREY, Axes
from segmentlearn.plotting._base._predictions import PredictionsDisplay, read_all

_MOST_SHOWN = 10  # curves in one picture


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class CalibrationDisplay(PredictionsDisplay):
    """Share of responders over their probability, with intervals and bin counts.

    Made by `from_estimator` or `from_predictions`. Calibrated probabilities are on the
    diagonal, as far as the intervals of their bins allow. Of more than two classes each
    is drawn against the rest.

    Parameters
    ----------
    curves : dict of str or None to ReliabilityCurve
        The bins, by name.
    errors : dict of str or None to float
        Expected calibration error of each.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the curves were drawn.
    counts_ax_ : matplotlib Axes
        Where the customers of each bin were drawn, below.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    See Also
    --------
    segmentlearn.metrics.reliability_curve : The numbers that are drawn.
    segmentlearn.metrics.expected_calibration_error : The number in the legend.

    Examples
    --------
    >>> from segmentlearn.plotting import CalibrationDisplay
    >>> display = CalibrationDisplay.from_predictions(
    ...     [0, 0, 1, 1], [0.1, 0.3, 0.6, 0.8], n_bins=2
    ... )
    >>> display.ax_.get_ylabel()
    'Share that is of the class'
    """

    curves: dict
    errors: dict
    _shows_all_classes = True

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        proba: Any,
        *,
        n_bins: int = 10,
        strategy: str = "quantile",
        labels: ArrayLike | None = None,
        pos_label: Any = None,
        name: str | None = None,
        ax: Axes = None,
        **how: Any,
    ) -> Self:
        """Draw the calibration of probabilities, or of several to compare.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Labels.
        proba : array-like or dict of str to array-like
            Probability of the positive class, or of more than two classes in the
            order of `labels`.
        n_bins : int, default=10
            Bins.
        strategy : {"quantile", "uniform"}, default="quantile"
            Bins of equally many customers, or of equal width.
        labels : array-like of shape (n_classes,), default=None
            The classes, where there are more than two; None takes those of `y_true`,
            sorted.
        pos_label : int, float, bool or str, default=None
            The positive class, where there are two.
        name : str or None, default=None
            Name of a single curve.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to `plot`.

        Returns
        -------
        display : CalibrationDisplay

        Raises
        ------
        ValueError
            If there are more than ten curves to draw.
        """
        shape: tuple = () if isinstance(proba, dict) else getattr(proba, "shape", ())
        if len(shape) == 2 and shape[1] > 2:
            codes, columns, classes = read_classes(y_true, proba, labels)
            read: dict = {
                str(label): (codes == at, columns[:, at])
                for at, label in enumerate(classes)
            }
        else:
            read = read_all(read_labels(y_true), proba, pos_label, name)
        if len(read) > _MOST_SHOWN:
            raise ValueError(
                f"{len(read)} curves are more than a picture of {_MOST_SHOWN} shows; "
                "draw them one by one, with y == segment and its probability."
            )
        bins = {"n_bins": n_bins, "strategy": strategy, "pos_label": True}
        curves, errors = (
            {key: measure(*pair, **bins) for key, pair in read.items()}
            for measure in (reliability_curve, expected_calibration_error)
        )
        return cls(curves=curves, errors=errors).plot(ax=ax, **how)

    def plot(self, *, ax: Axes = None) -> Self:
        """Draw the curves and the bins' customers below.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; its place is divided. None makes a figure.

        Returns
        -------
        self : CalibrationDisplay
        """
        plt = _canvas.require_pyplot()
        if ax is None:
            figure = plt.figure(figsize=(5.6, 6.0), layout="constrained")
            ax, below = figure.subplots(2, height_ratios=(4, 1), sharex=True)
        else:
            below = _axes_below(ax)
        reach = [(curve.high, curve.mean_predicted) for curve in self.curves.values()]
        limit = min(1.0, 1.08 * max(values.max() for pair in reach for values in pair))
        ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="calibrated")
        for at, (name, curve) in enumerate(self.curves.items()):
            self._draw_curve(ax, below, at, name, curve)
        ends = -0.02 * limit, 1.02 * limit  # bins at 0 and 1 are whole dots
        ax.set(xlim=ends, ylim=ends, ylabel="Share that is of the class")
        below.set(xlabel="Mean probability in the bin", ylabel="Customers")
        below.set_ylim(bottom=0)
        below.margins(y=0.15)
        for axes in (ax, below):
            _canvas.tidy(axes, grid="both")
        ax.legend(loc="upper left", frameon=False)
        ax.tick_params(axis="x", labelbottom=False)
        self.counts_ax_ = below
        return self._drawn_on(ax)

    def _draw_curve(
        self, ax: Axes, below: Axes, at: int, name: str, curve: Any
    ) -> None:
        """Draw the bins of one name."""
        color = COLORS[at % len(COLORS)]
        label = f"ECE {self.errors[name]:.3f}"
        label = label if name is None else f"{name} ({label})"
        x, y = curve.mean_predicted, curve.fraction_positive
        style = {"markersize": 5, "linewidth": 1.5, "elinewidth": 1, "capsize": 2}
        reach = (y - curve.low, curve.high - y)
        ax.errorbar(x, y, reach, color=color, marker="o", label=label, **style)
        below.vlines(x, 0, curve.counts, color=color, linewidth=1.2)
        below.plot(x, curve.counts, "o", color=color, markersize=4)


def _axes_below(ax: Axes) -> Axes:
    """Give a fifth of the caller's axes to others below them, and return those."""
    spec = ax.get_subplotspec()
    if spec is None:
        left, bottom, width, height = ax.get_position().bounds
        ax.set_position((left, bottom + 0.28 * height, width, 0.72 * height))
        return ax.figure.add_axes((left, bottom, width, 0.2 * height), sharex=ax)
    inner = spec.subgridspec(2, 1, height_ratios=(4, 1))
    ax.set_subplotspec(inner[0])
    return ax.figure.add_subplot(inner[1], sharex=ax)
