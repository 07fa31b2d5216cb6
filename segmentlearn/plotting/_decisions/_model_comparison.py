"""Differences between a classifier and baselines, with intervals."""

import dataclasses
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from segmentlearn.model_selection import MEASURE_NAMES, compare_models
from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import BLUE, GREY, VERMILLION, Axes, Display

_COLORS = {"better": BLUE, "worse": VERMILLION, "undecided": GREY}
# how a baseline stands, not the classifier
_STANDINGS = {"better": "beaten", "worse": "ahead", "undecided": "undecided"}


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class ModelComparisonDisplay(Display):
    """Differences of a classifier to baselines on the same folds.

    Made by `from_estimator` or `from_result`. A dot to the right of zero is a baseline
    that the classifier beats; where a bar crosses zero, the comparison is undecided.

    Parameters
    ----------
    name : str
        The classifier's.
    measure : str
        What differs.
    baselines : list of str
        Names of the baselines.
    differences : ndarray of shape (n_baselines,)
        Positive where the classifier is better.
    intervals : ndarray of shape (n_baselines, 2)
        Their ends.
    verdicts : list of str
        "better", "worse" or "undecided".
    confidence_level : float
        Of all intervals together.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    See Also
    --------
    segmentlearn.model_selection.compare_models : The numbers that are drawn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from segmentlearn.plotting import ModelComparisonDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> display = ModelComparisonDisplay.from_estimator(
    ...     GaussianNB(),
    ...     X,
    ...     y,
    ...     baselines={"majority": DummyClassifier()},
    ...     random_state=0,
    ... )
    >>> display.verdicts
    ['better']
    """

    name: str
    measure: str
    baselines: list[str]
    differences: np.ndarray
    intervals: np.ndarray
    verdicts: list[str]
    confidence_level: float

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: ArrayLike, *, ax: Axes = None, **parameters: Any
    ) -> Self:
        """Compare a classifier and draw the result.

        Parameters
        ----------
        estimator : classifier
            Not changed.
        X : frame or array of shape (n_samples, n_features)
            Customers.
        y : array-like of shape (n_samples,)
            Segment of each.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **parameters
            Passed to `compare_models`.

        Returns
        -------
        display : ModelComparisonDisplay
        """
        _canvas.require_pyplot()  # before the work
        result = compare_models(estimator, X, y, **parameters)
        return cls.from_result(result).plot(ax=ax)

    @classmethod
    def from_result(cls, result: Any, measure: str | None = None) -> Self:
        """Take what `compare_models` returned.

        Parameters
        ----------
        result : ModelComparison
            The result.
        measure : str or None, default=None
            What to draw; None is what the verdict is about.

        Returns
        -------
        display : ModelComparisonDisplay
            Not drawn yet.

        Raises
        ------
        ValueError
            If that was not measured.
        """
        measure = result.scoring if measure is None else measure
        rows = result.differences[result.differences["measure"] == measure]
        if rows.empty:
            known = result.differences["measure"].unique().tolist()
            raise ValueError(
                f"measure={measure!r} was not measured; choose one of {known}."
            )
        return cls(
            name=result.name,
            measure=measure,
            baselines=rows["baseline"].tolist(),
            differences=rows["difference"].to_numpy(),
            intervals=rows[["low", "high"]].to_numpy(),
            verdicts=rows["verdict"].tolist(),
            confidence_level=result.confidence_level,
        )

    def plot(self, *, ax: Axes = None) -> Self:
        """Draw the baselines, the first on top.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : ModelComparisonDisplay
        """
        ax = _canvas.open_axes(ax, width=7.0, height=1.6 + 0.45 * len(self.baselines))
        for place, verdict in enumerate(self.verdicts):
            color = _COLORS[verdict]
            low, high = self.intervals[place]
            if np.isfinite(low):
                ax.plot([low, high], [place, place], color=color, linewidth=2.5)
            ax.plot(self.differences[place], place, "o", color=color, markersize=8)
        ax.axvline(0.0, color="#4D4D4D", linewidth=1.2, zorder=1)
        ticks = [
            f"{baseline}\n({_STANDINGS[verdict]})"
            for baseline, verdict in zip(self.baselines, self.verdicts, strict=True)
        ]
        _canvas.name_rows(ax, ticks)
        words = MEASURE_NAMES.get(self.measure, self.measure)
        ax.set_title(f"{self.name} compared with baselines, {words}")
        ax.set_xlabel(f"Lead, with joint {self.confidence_level:.0%} intervals")
        _canvas.tidy(ax, grid="x")
        return self._drawn_on(ax)
