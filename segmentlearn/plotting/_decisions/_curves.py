"""Gain, lift and profit of the most probable customers; measures by threshold."""

import dataclasses
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from segmentlearn.metrics import (
    Ranking,
    cumulative_gain_curve,
    customer_profits,
    lift_curve,
)
from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import (
    BLUE,
    COLORS,
    GREY,
    ORANGE,
    VERMILLION,
    Axes,
)
from segmentlearn.plotting._base._predictions import (
    PredictionsDisplay,
    read_all,
    thinned,
)

_POINTS = 201  # of a curve


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class GainDisplay(PredictionsDisplay):
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
        curves = {key: cls._curve(*pair)[:2] for key, pair in read.items()}
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
        ax = _canvas.open_axes(ax, width=6.0, height=4.6)
        self._draw_references(ax)
        self.lines_ = []
        for at, (name, (contacted, values)) in enumerate(self.curves.items()):
            x, y = thinned(contacted, values)
            style = {"color": COLORS[at % len(COLORS)], "linewidth": 2}
            self.lines_ += ax.plot(x, y, label=name or "classifier", **style)
        ax.set(xlim=(0, 1), xlabel="Customers contacted")
        ax.xaxis.set_major_formatter("{x:.0%}")
        _canvas.tidy(ax, grid="both")
        self._finish(ax)
        return self._drawn_on(ax)

    @staticmethod
    def _curve(positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, ...]:
        return cumulative_gain_curve(positive, scores, pos_label=True)

    def _draw_references(self, ax: Axes) -> None:
        """Draw the gain of random choice and of knowing the responders."""
        ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="random")
        if self.response_rate is not None:
            x, y = [0, self.response_rate, 1], [0, 1, 1]
            ax.plot(x, y, color=GREY, linestyle=":", label="best possible")

    def _finish(self, ax: Axes) -> None:
        ax.set(ylim=(0, 1.02), ylabel="Responders reached")
        ax.yaxis.set_major_formatter("{x:.0%}")
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
        ax.set(ylim=(0, max(1.5, 1.15 * highest)), ylabel="Lift")
        ax.legend(loc="upper right", frameon=False)


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class ProfitDisplay(PredictionsDisplay):
    """Profit of contacting the most probable customers, with its bootstrap band.

    Made by `from_estimator` or `from_predictions`. The best budget is marked. It is the
    best for these customers: where the band is wide, so is the choice.

    Parameters
    ----------
    curves : dict of str or None to tuple of four ndarrays
        Shares of the customers contacted, the profit there, and both ends of its
        interval, by name.
    marked : dict of str or None to tuple of two floats, or None, default=None
        Share of the customers and profit to mark on a curve, such as those of
        ``ResponseSummary.break_even``; None marks the highest profit.

    Attributes
    ----------
    best_ : dict of str or None to tuple of two floats
        Share of the customers and profit where it is highest.
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    See Also
    --------
    segmentlearn.metrics.profit_at_budget : The profit and its interval at one budget.

    Examples
    --------
    >>> from segmentlearn.plotting import ProfitDisplay
    >>> display = ProfitDisplay.from_predictions(
    ...     [1, 0, 1, 0], [0.9, 0.6, 0.4, 0.1], benefit=10, cost=2, random_state=0
    ... )
    >>> display.best_
    {None: (0.75, 14.0)}
    """

    curves: dict
    marked: dict | None = None

    def __post_init__(self) -> None:
        self.best_ = {}
        for name, (contacted, profit, _, _) in self.curves.items():
            at = int(np.argmax(profit))
            self.best_[name] = float(contacted[at]), float(profit[at])

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        proba: Any,
        *,
        benefit: Any,
        cost: Any,
        pos_label: Any = None,
        n_bootstrap: int = 200,
        confidence_level: float = 0.95,
        random_state: Any = None,
        name: str | None = None,
        ax: Axes = None,
        **how: Any,
    ) -> Self:
        """Draw the profit from probabilities, or from several to compare.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Labels of two classes.
        proba : array-like or dict of str to array-like
            Probability of the responders' class for each customer.
        benefit : float or array-like of shape (n_samples,)
            What a responder who is contacted brings, before the cost of the contact.
        cost : float or array-like of shape (n_samples,)
            What a contact costs.
        pos_label : int, float, bool or str, default=None
            The class of the responders.
        n_bootstrap : int, default=200
            Bootstrap samples for the band; 0 draws none.
        confidence_level : float, default=0.95
            Coverage of the band, at each share apart.
        random_state : int, RandomState instance or None, default=None
            Decides the samples.
        name : str or None, default=None
            Name of a single curve.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to `plot`.

        Returns
        -------
        display : ProfitDisplay
        """
        curves = {}
        levels = [(1 - confidence_level) / 2, (1 + confidence_level) / 2]
        for key, (positive, scores) in read_all(y_true, proba, pos_label, name).items():
            ranking = Ranking(scores)
            profits = customer_profits(positive, benefit, cost)
            reached = ranking.reached
            if len(reached) > _POINTS:
                reached = np.linspace(0, len(scores), _POINTS)
            profit = np.interp(reached, ranking.reached, ranking.totals(profits))
            low = high = profit
            if n_bootstrap:
                samples = ranking.resampled(profits, reached, n_bootstrap, random_state)
                low, high = np.quantile(samples, levels, axis=0)
            curves[key] = reached / len(scores), profit, low, high
        return cls(curves=curves).plot(ax=ax, **how)

    def plot(self, *, ax: Axes = None, unit: str = "") -> Self:
        """Draw the curves, their bands and the best budgets.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        unit : str, default=""
            Unit of the profit, such as "€", for the axis.

        Returns
        -------
        self : ProfitDisplay
        """
        ax = _canvas.open_axes(ax, width=6.4, height=4.4)
        ax.axhline(0.0, color="black", linewidth=0.8)
        for at, (name, curve) in enumerate(self.curves.items()):
            (contacted, profit, low, high), color = curve, COLORS[at % len(COLORS)]
            label = name or "profit"
            ax.fill_between(contacted, low, high, color=color, alpha=0.15, linewidth=0)
            points = self.best_ if self.marked is None else self.marked
            if name in points:
                share, there = points[name]
                word = "best" if self.marked is None else "contacts that pay:"
                label = "" if name is None else f"{name}: "
                label += f"{word} {there:,.0f} at {share:.0%}"
            ax.plot(contacted, profit, color=color, linewidth=2, label=label)
            if name in points:
                ax.plot([share], [there], marker="o", color=color, markersize=7)
        ax.set(xlim=(0, 1), xlabel="Customers contacted")
        ax.set_ylabel(f"Profit ({unit})" if unit else "Profit")
        ax.xaxis.set_major_formatter("{x:.0%}")
        ax.yaxis.set_major_formatter("{x:,.0f}")
        _canvas.tidy(ax, grid="both")
        ax.legend(loc="best", frameon=False)
        return self._drawn_on(ax)


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
        ranking = Ranking(scores)
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
