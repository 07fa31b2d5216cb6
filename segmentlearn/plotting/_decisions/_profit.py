"""Profit of a campaign against the share of customers contacted."""

import dataclasses
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from segmentlearn.metrics import customer_profits, rank_customers
from segmentlearn.plotting._base._canvas import COLORS, Axes, open_axes, tidy
from segmentlearn.plotting._base._predictions import PredictionsDisplay, read_all

_POINTS = 201  # of a curve


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
            ranking = rank_customers(scores)
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
        ax = open_axes(ax, width=6.4, height=4.4)
        ax.axhline(0.0, color="black", linewidth=0.8)
        for at, (name, curve) in enumerate(self.curves.items()):
            (contacted, profit, low, high), color = curve, COLORS[at % len(COLORS)]
            share, best = self.best_[name]
            label = "" if name is None else f"{name}: "
            label += f"best {best:,.0f} at {share:.0%}"
            ax.fill_between(contacted, low, high, color=color, alpha=0.15, linewidth=0)
            ax.plot(contacted, profit, color=color, linewidth=2, label=label)
            ax.plot([share], [best], marker="o", color=color, markersize=7)
        ax.set(xlim=(0, 1), xlabel="Customers contacted")
        ax.set_ylabel(f"Profit ({unit})" if unit else "Profit")
        ax.xaxis.set_major_formatter("{x:.0%}")
        ax.yaxis.set_major_formatter("{x:,.0f}")
        tidy(ax, grid="both")
        ax.legend(loc="best", frameon=False)
        return self._drawn_on(ax)
