"""Precision, recall, F1 and queue rate by decision threshold."""

import dataclasses
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from segmentlearn.metrics import rank_customers
from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import BLUE, GREY, ORANGE, VERMILLION, Axes
from segmentlearn.plotting._base._predictions import (
    PredictionsDisplay,
    read_all,
    thinned,
)


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class ThresholdDisplay(PredictionsDisplay):
    """Precision, recall, F1 and queue rate at each threshold.

    Made by `from_estimator` or `from_predictions`. The queue rate is the share of the
    customers from the threshold on: the work that it makes.

    Parameters
    ----------
    thresholds : ndarray of shape (n_thresholds,)
        Rising.
    precision, recall, f1, queue_rate : ndarray of shape (n_thresholds,)
        Where customers of a probability of at least the threshold are contacted.
    threshold : float or None, default=None
        The threshold to mark.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    See Also
    --------
    segmentlearn.model_selection.tune_threshold : Chooses a threshold.

    Examples
    --------
    >>> from segmentlearn.plotting import ThresholdDisplay
    >>> display = ThresholdDisplay.from_predictions(
    ...     [1, 0, 1, 0], [0.9, 0.6, 0.4, 0.1], threshold=0.3
    ... )
    >>> display.ax_.get_xlabel()
    'Threshold'
    """

    thresholds: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    queue_rate: np.ndarray
    threshold: float | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        threshold: float | None = None,
        pos_label: Any = None,
        ax: Axes = None,
        **how: Any,
    ) -> Self:
        """Draw the curves of a fitted classifier.

        Parameters
        ----------
        estimator : classifier
            Fitted, with two classes.
        X : frame or array of shape (n_samples, n_features)
            Customers that it was not fitted to.
        y : array-like of shape (n_samples,)
            Their labels.
        threshold : float or None, default=None
            The threshold to mark; None takes that of a classifier that has one, as
            FixedThresholdClassifier and TunedThresholdClassifierCV do.
        pos_label : int, float, bool or str, default=None
            The positive class; None is the classifier's own, or the second of
            `classes_`.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to `plot`.

        Returns
        -------
        display : ThresholdDisplay
        """
        if pos_label is None:
            pos_label = getattr(estimator, "pos_label", None)
        if threshold is None:
            own = getattr(estimator, "threshold", None)
            threshold = getattr(estimator, "best_threshold_", own)
            threshold = None if isinstance(threshold, str) else threshold
        how = {"threshold": threshold, "pos_label": pos_label, "ax": ax, **how}
        return super().from_estimator(estimator, X, y, **how)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        proba: ArrayLike,
        *,
        threshold: float | None = None,
        pos_label: Any = None,
        ax: Axes = None,
        **how: Any,
    ) -> Self:
        """Draw the curves of probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Labels of two classes.
        proba : array-like of shape (n_samples,) or (n_samples, 2)
            Probability of the positive class for each customer.
        threshold : float or None, default=None
            The threshold to mark.
        pos_label : int, float, bool or str, default=None
            The positive class.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to `plot`.

        Returns
        -------
        display : ThresholdDisplay
        """
        [(positive, scores)] = read_all(y_true, proba, pos_label).values()
        ranking = rank_customers(scores)
        reached = ranking.reached[1:]
        hits = ranking.totals(positive)[1:]
        n_positive = max(int(positive.sum()), 1)
        return cls(
            thresholds=ranking.thresholds[::-1],
            precision=(hits / reached)[::-1],
            recall=(hits / n_positive)[::-1],
            f1=(2 * hits / (reached + n_positive))[::-1],
            queue_rate=(reached / len(scores))[::-1],
            threshold=threshold,
        ).plot(ax=ax, **how)

    def plot(self, *, ax: Axes = None) -> Self:
        """Draw the curves and the marked threshold.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : ThresholdDisplay
        """
        ax = _canvas.open_axes(ax, width=7.6, height=4.4)
        for name, values, color in (
            ("precision", self.precision, BLUE),
            ("recall", self.recall, ORANGE),
            ("F1", self.f1, VERMILLION),
            ("queue rate", self.queue_rate, GREY),
        ):
            label = name
            if self.threshold is not None:
                # customers from the threshold on, of whom there may be none
                at = np.searchsorted(self.thresholds, self.threshold)
                label = f"{name} ({np.append(values, 0.0)[at]:.0%})"
            style = "--" if name == "queue rate" else "-"
            curve = thinned(self.thresholds, values)
            ax.plot(*curve, style, color=color, linewidth=2, label=label)
        if self.threshold is not None:
            label = f"threshold {self.threshold:.3f}"
            ax.axvline(self.threshold, color="black", linestyle=":", label=label)
        ax.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="Threshold")
        ax.yaxis.set_major_formatter("{x:.0%}")
        _canvas.tidy(ax, grid="both")
        # beside the picture: the curves leave no corner free
        ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
        return self._drawn_on(ax)
