"""Gain and lift charts: what contacting the most probable customers first brings."""

import dataclasses
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from segmentlearn.metrics import cumulative_gain_curve, lift_curve
from segmentlearn.plotting._base._canvas import (
    COLORS,
    GREY,
    Axes,
    open_axes,
    require_pyplot,
    tidy,
)
from segmentlearn.plotting._base._predictions import named, predicted, read_all, thinned


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class GainDisplay:
    """Share of the responders among the most probable customers.

    Made by `from_estimator` or `from_predictions`.

    Parameters
    ----------
    curves : dict of str or None to tuple of ndarrays
        Shares of the customers contacted and what is drawn over them, by name.
    response_rate : float or None, default=None
        Share of responders among all customers; with it the best possible curve is
        drawn too.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of `ax_`.
    lines_ : list of matplotlib Line2D
        The curves, in the order of `curves`.

    See Also
    --------
    segmentlearn.metrics.cumulative_gain_curve : The numbers that are drawn.
    LiftDisplay : The same in relation to random choice.

    Examples
    --------
    >>> from segmentlearn.plotting import GainDisplay
    >>> display = GainDisplay.from_predictions([1, 0, 1, 0], [0.9, 0.6, 0.4, 0.1])
    >>> display.ax_.get_ylabel()
    'Responders reached'
    """

    curves: dict
    response_rate: float | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        pos_label: Any = None,
        ax: Axes = None,
        **how: Any,
    ) -> Self:
        """Draw the curve of a fitted classifier, or of several to compare.

        Parameters
        ----------
        estimator : classifier or dict of str to classifier
            Fitted, with two classes.
        X : frame or array of shape (n_samples, n_features)
            Customers that it was not fitted to.
        y : array-like of shape (n_samples,)
            Their labels.
        pos_label : int, float, bool or str, default=None
            The class of the responders; None is the second of `classes_`.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to `plot`.

        Returns
        -------
        display : GainDisplay or LiftDisplay
        """
        require_pyplot()  # before the work
        proba, pos_label = predicted(named(estimator), X, pos_label)
        return cls.from_predictions(y, proba, pos_label=pos_label, ax=ax, **how)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        proba: Any,
        *,
        pos_label: Any = None,
        name: str | None = None,
        ax: Axes = None,
        **how: Any,
    ) -> Self:
        """Draw the curve of probabilities, or of several to compare.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Labels of two classes.
        proba : array-like or dict of str to array-like
            Probability of the responders' class for each customer.
        pos_label : int, float, bool or str, default=None
            The class of the responders.
        name : str or None, default=None
            Name of a single curve.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to `plot`.

        Returns
        -------
        display : GainDisplay or LiftDisplay
        """
        read = read_all(y_true, proba, pos_label, name)
        curves = {
            one: cls._curve(positive, scores)[:2]
            for one, (positive, scores) in read.items()
        }
        positive = next(iter(read.values()))[0]
        display = cls(curves=curves, response_rate=float(positive.mean()))
        return display.plot(ax=ax, **how)

    def plot(self, *, ax: Axes = None) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : GainDisplay or LiftDisplay
        """
        ax = open_axes(ax, width=6.0, height=4.6)
        self._draw_references(ax)
        self.lines_ = []
        for at, (name, (contacted, values)) in enumerate(self.curves.items()):
            x, y = thinned(contacted, values)
            label = name if name is not None else "classifier"
            color = COLORS[at % len(COLORS)]
            self.lines_ += ax.plot(x, y, color=color, linewidth=2, label=label)
        ax.set_xlim(0, 1)
        ax.xaxis.set_major_formatter("{x:.0%}")
        ax.set_xlabel("Customers contacted")
        tidy(ax, grid="both")
        self._finish(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @staticmethod
    def _curve(positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, ...]:
        return cumulative_gain_curve(positive, scores, pos_label=True)

    def _draw_references(self, ax: Axes) -> None:
        """Draw the gain of random choice and of knowing the responders."""
        ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="random")
        if self.response_rate is not None:
            ax.plot(
                [0, self.response_rate, 1],
                [0, 1, 1],
                color=GREY,
                linestyle=":",
                label="best possible",
            )

    def _finish(self, ax: Axes) -> None:
        ax.set_ylim(0, 1.02)
        ax.yaxis.set_major_formatter("{x:.0%}")
        ax.set_ylabel("Responders reached")
        ax.legend(loc="lower right", frameon=False)


class LiftDisplay(GainDisplay):
    """How many times more responders there are than in a random draw.

    Made by `from_estimator` or `from_predictions`, as :class:`GainDisplay`.

    Parameters
    ----------
    curves : dict of str or None to tuple of ndarrays
        Shares of the customers contacted and the lift there, by name.
    response_rate : float or None, default=None
        Share of responders among all customers; with it the best possible curve is
        drawn too, as far as the picture reaches.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of `ax_`.
    lines_ : list of matplotlib Line2D
        The curves, in the order of `curves`.

    See Also
    --------
    segmentlearn.metrics.lift_curve : The numbers that are drawn.

    Examples
    --------
    >>> from segmentlearn.plotting import LiftDisplay
    >>> display = LiftDisplay.from_predictions([1, 0, 1, 0], [0.9, 0.6, 0.4, 0.1])
    >>> display.ax_.get_ylabel()
    'Lift'
    """

    @staticmethod
    def _curve(positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, ...]:
        contacted, lift, thresholds = lift_curve(positive, scores, pos_label=True)
        kept = contacted >= min(0.01, contacted[-1])  # of a few rows the lift is noise
        return contacted[kept], lift[kept], thresholds[kept]

    def _draw_references(self, ax: Axes) -> None:
        """Draw the lift of random choice and of knowing the responders."""
        ax.axhline(1.0, color=GREY, linestyle="--", label="random")
        if self.response_rate:
            shares = [at / 200 for at in range(1, 201)]
            best = [1 / max(share, self.response_rate) for share in shares]
            ax.plot(shares, best, color=GREY, linestyle=":", label="best possible")

    def _finish(self, ax: Axes) -> None:
        highest = max(values.max() for _, values in self.curves.values())
        ax.set_ylim(0, max(1.5, 1.15 * highest))
        ax.set_ylabel("Lift")
        ax.legend(loc="upper right", frameon=False)
