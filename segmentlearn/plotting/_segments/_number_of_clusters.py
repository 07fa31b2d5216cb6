"""Criteria for the number of clusters, one panel each."""

import dataclasses
from typing import Any, Self

import numpy as np
import pandas as pd

from segmentlearn.model_selection import select_n_clusters
from segmentlearn.plotting._base import _canvas, _panels
from segmentlearn.plotting._base._canvas import BLUE, GREY, VERMILLION, Axes, Display

_TITLES = {
    "elbow": "Within-cluster sum of squares",
    "silhouette": "Silhouette (high)",
    "silhouette_gain": "Silhouette gain (high)",
    "calinski_harabasz": "Calinski-Harabasz (high)",
    "davies_bouldin": "Davies-Bouldin (low)",
    "gap": "Gap ± standard error",
    "bic": "BIC (low)",
    "prediction_strength": "Prediction strength",
    "stability": "Bootstrap stability (high)",
}
_STRONG = 0.8
_PANEL_WIDTH, _PANEL_HEIGHT = 2.9, 2.3


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class NumberOfClustersDisplay(Display):
    """Criteria over the number of segments, with their choices and the recommendation.

    Made by `from_estimator` or `from_result`. A ring marks what a criterion would
    choose by itself, the dashed line the recommended number.

    Parameters
    ----------
    table : DataFrame
        A row for each number of segments, as `NumberOfClusters.table`.
    choices : dict of str to int or None
        What each criterion chooses.
    recommended : int
        The recommended number; 1 stands for no segments.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        The panels, in the order of `choices`.
    ax_ : matplotlib Axes
        The first panel.
    figure_ : matplotlib Figure
        The figure of the panels.

    See Also
    --------
    segmentlearn.model_selection.select_n_clusters : The numbers that are drawn.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.datasets import make_blobs
    >>> from segmentlearn.plotting import NumberOfClustersDisplay
    >>> X, _ = make_blobs(90, centers=3, random_state=0)
    >>> display = NumberOfClustersDisplay.from_estimator(
    ...     KMeans(n_init=3), X, criteria=["elbow", "silhouette"], random_state=0
    ... )
    >>> len(display.axes_)
    2
    """

    table: pd.DataFrame
    choices: dict
    recommended: int

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, ax: Axes = None, **parameters: Any
    ) -> Self:
        """Compare numbers of clusters and draw the result.

        Parameters
        ----------
        estimator : estimator
            A clusterer, or a pipeline that ends in one.
        X : frame or array of shape (n_samples, n_features)
            Customers, as the estimator takes them.
        ax : matplotlib Axes or None, default=None
            Whose place the panels take; None makes a figure.
        **parameters
            Passed to `select_n_clusters`.

        Returns
        -------
        display : NumberOfClustersDisplay
        """
        _canvas.require_pyplot()  # before the work
        result = select_n_clusters(estimator, X, **parameters)
        return cls.from_result(result).plot(ax=ax)

    @classmethod
    def from_result(cls, result: Any) -> Self:
        """Take what `select_n_clusters` returned.

        Parameters
        ----------
        result : NumberOfClusters
            The result.

        Returns
        -------
        display : NumberOfClustersDisplay
            Not drawn yet.
        """
        names = ("table", "choices", "recommended")
        return cls(**{name: getattr(result, name) for name in names})

    def plot(self, *, ax: Axes = None) -> Self:
        """Draw the panels.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Whose place the panels take; None makes a figure.

        Returns
        -------
        self : NumberOfClustersDisplay
        """
        n_columns = min(len(self.choices), 3)
        n_rows = -(-len(self.choices) // n_columns)
        width = max(2, n_columns) * _PANEL_WIDTH
        ax = _canvas.open_axes(ax, width=width, height=0.5 + n_rows * _PANEL_HEIGHT)
        ax.set_axis_off()
        grid = _divide(ax, n_rows, n_columns)
        heading = ax.figure.add_subplot(grid[0, :])
        heading.set_axis_off()
        heading.text(0.5, 0.5, self._title(), ha="center", va="center")
        panels = [
            ax.figure.add_subplot(grid[1 + place // n_columns, place % n_columns])
            for place in range(len(self.choices))
        ]
        for panel, criterion in zip(panels, self.choices, strict=True):
            self._draw_panel(panel, criterion)
        for panel in panels[-n_columns:]:
            panel.set_xlabel("Number of segments", fontsize="small")
        self.axes_ = np.array(panels)
        return self._drawn_on(panels[0])

    def _title(self) -> str:
        found = f"{self.recommended} segments (dashed line)"
        if self.recommended == 1:
            found = "no segments (dashed line at 1)"
        return f"Recommended: {found}\nRings: what each criterion chooses by itself"

    def _draw_panel(self, panel: Axes, criterion: str) -> None:
        values = self.table["inertia" if criterion == "elbow" else criterion].dropna()
        n_clusters = values.index.to_numpy()
        style: dict = {"color": BLUE, "marker": "o", "markersize": 4}
        error = self.table.get(f"{criterion}_se")
        if error is None:
            panel.plot(n_clusters, values, **style)
        else:
            reach = error.reindex(n_clusters)
            panel.errorbar(n_clusters, values, yerr=reach, capsize=2, **style)
        if criterion == "prediction_strength":
            panel.axhline(_STRONG, color=GREY, linestyle=":")
        chosen = self.choices[criterion]
        if chosen in values.index:
            ring: dict = {"markersize": 11, "markeredgewidth": 1.8, "fillstyle": "none"}
            ring |= {"color": VERMILLION, "clip_on": False, "zorder": 3}
            panel.plot(chosen, values[chosen], "o", **ring)
        panel.axvline(self.recommended, color="black", linestyle="--", linewidth=1)
        panel.set_xlim(self.table.index.min() - 0.5, self.table.index.max() + 0.5)
        panel.set_xticks(self.table.index[:: 2 if len(self.table) > 12 else 1])
        panel.margins(y=0.12)
        panel.set_title(_TITLES[criterion], fontsize="small")
        _panels.write_numbers(panel.yaxis, n_ticks=6)
        panel.tick_params(labelsize="x-small")
        _canvas.tidy(panel)


def _divide(ax: Axes, n_rows: int, n_columns: int) -> Any:
    """Return a grid in the place of axes, with a row for the heading on top."""
    figure, place = ax.figure, ax.get_subplotspec()
    spaces: dict = {"height_ratios": [0.25, *[1.0] * n_rows]}
    if figure.get_layout_engine() is None:  # nobody else makes room for labels
        spaces |= {"hspace": 0.6, "wspace": 0.45}
    if place is not None:
        return place.subgridspec(n_rows + 1, n_columns, **spaces)
    box = ax.get_position()
    spaces |= {"left": box.x0, "right": box.x1, "bottom": box.y0, "top": box.y1}
    return figure.add_gridspec(n_rows + 1, n_columns, **spaces)
