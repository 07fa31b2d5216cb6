"""Number of segments by several criteria, their silhouettes and their stability."""

import dataclasses
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from segmentlearn._formatting import with_minus
from segmentlearn.metrics import silhouette_sampled
from segmentlearn.model_selection import (
    cluster_stability,
    clustering_task,
    fit_clusterer,
    select_n_clusters,
)
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
_GAP = 0.015  # of the height, between two segments
_BANDS = (
    (0.0, 0.60, "unstable", "#F4D9CC"),
    (0.60, 0.75, "doubtful", "#FBEBC8"),
    (0.75, 0.85, "stable", "#DCEBF5"),
    (0.85, 1.0, "highly\nstable", "#B9D7EA"),
)


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
        words = f"{self.recommended} segments (dashed line)"
        if self.recommended == 1:
            words = "no segments (dashed line at 1)"
        words = f"Recommended: {words}\nRings: what each criterion chooses by itself"
        heading.text(0.5, 0.5, words, ha="center", va="center")
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


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class SilhouetteDisplay(Display):
    """Silhouettes of the customers as bars, segment by segment, with their mean.

    Made by `from_estimator` or `from_predictions`. A segment whose bars reach below
    0 holds customers that are closer to another one.

    Parameters
    ----------
    values : ndarray of shape (n_sampled,)
        Silhouettes of customers.
    labels : ndarray of shape (n_sampled,)
        Their segments.
    weights : ndarray of shape (n_sampled,)
        How many customers each of them represents: the heights of the bars.
    mean : float
        Mean silhouette of the table.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    See Also
    --------
    segmentlearn.metrics.silhouette_sampled : The numbers that are drawn.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.datasets import make_blobs
    >>> from segmentlearn.plotting import SilhouetteDisplay
    >>> X, _ = make_blobs(90, centers=3, random_state=0)
    >>> display = SilhouetteDisplay.from_estimator(KMeans(3, random_state=0), X)
    >>> display.ax_.get_xlabel()
    'Silhouette'
    """

    values: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    mean: float

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        n_rows: int | None = 2000,
        random_state: Any = None,
        ax: Axes = None,
        **how: Any,
    ) -> Self:
        """Cluster customers and draw their silhouettes.

        Parameters
        ----------
        estimator : estimator
            A clusterer, or a pipeline that ends in one. A copy of it is fitted.
        X : frame or array of shape (n_samples, n_features)
            Customers, as the estimator takes them.
        n_rows : int or None, default=2000
            Customers to sample; None takes all.
        random_state : int, RandomState instance or None, default=None
            Decides the sample, and the fit where the estimator's own is None.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to `plot`.

        Returns
        -------
        display : SilhouetteDisplay
        """
        _canvas.require_pyplot()  # before the work
        task = clustering_task(estimator, X)
        seed = random_state if isinstance(random_state, int) else 0
        _, labels = fit_clusterer(task.clusterer, task.features, seed=seed)
        how = {"n_rows": n_rows, "random_state": random_state, "ax": ax, **how}
        return cls.from_predictions(task.space, labels, **how)

    @classmethod
    def from_predictions(
        cls,
        X: ArrayLike,
        labels: ArrayLike,
        *,
        n_rows: int | None = 2000,
        random_state: Any = None,
        ax: Axes = None,
        **how: Any,
    ) -> Self:
        """Draw the silhouettes of customers in known segments.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Customers, as the numbers between which distances are meant.
        labels : array-like of shape (n_samples,)
            Segments. Rows of -1 are noise and left out.
        n_rows : int or None, default=2000
            Customers to sample; None takes all.
        random_state : int, RandomState instance or None, default=None
            Decides the sample.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to `plot`.

        Returns
        -------
        display : SilhouetteDisplay
        """
        sample = silhouette_sampled(X, labels, n_rows=n_rows, random_state=random_state)
        return cls.from_result(sample).plot(ax=ax, **how)

    @classmethod
    def from_result(cls, result: Any) -> Self:
        """Take silhouettes that were computed before.

        Parameters
        ----------
        result : SilhouetteSample
            From `silhouette_sampled`.

        Returns
        -------
        display : SilhouetteDisplay
            Not drawn yet.
        """
        names = ("values", "labels", "weights", "mean")
        return cls(**{name: getattr(result, name) for name in names})

    def plot(self, *, ax: Axes = None, names: dict | None = None) -> Self:
        """Draw the silhouettes.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        names : dict or None, default=None
            What to call segments: their labels to text.

        Returns
        -------
        self : SilhouetteDisplay
        """
        segments = np.unique(self.labels).tolist()
        width = 9.0 if names else 6.4
        ax = _canvas.open_axes(ax, width=width, height=max(4.4, 0.6 * len(segments)))
        colors, _ = _canvas.segment_colors(segments)
        total = self.weights.sum() or 1.0
        bottom, middles, ticks = 0.0, [], []
        for label, color in zip(segments, colors, strict=True):
            own = self.labels == label
            order = np.argsort(self.values[own])
            heights = np.cumsum(self.weights[own][order]) / total
            edges = bottom + np.concatenate([[0.0], heights])
            share, mean = heights[-1], self.values[own].mean()
            name = str((names or {}).get(label, label))
            style = {"orientation": "horizontal", "fill": True, "color": color}
            caption = _canvas.segment_caption(label, name, share, 30, 3)
            ax.stairs(self.values[own][order], edges, label=caption, **style)
            middles.append(bottom + heights[-1] / 2)
            ticks.append(f"{label}  ({share:.0%}, mean {_written(mean)})")
            bottom = edges[-1] + _GAP
        ax.axvline(0.0, color="black", linewidth=0.8)
        if np.isfinite(self.mean):
            ax.axvline(self.mean, color="black", linestyle="--", linewidth=1.2)
            ax.set_title(f"Mean silhouette {_written(self.mean)} (dashed line)")
        else:
            ax.set_title("Fewer than two segments: no silhouette")
        ax.set_yticks(middles, ticks)
        ax.set_ylim(bottom, -_GAP)  # the first segment on top
        ax.set_xlim(min(-0.1, np.nanmin(self.values, initial=0.0) - 0.02), 1.0)
        ax.set(xlabel="Silhouette", ylabel="Segment")
        _canvas.tidy(ax, grid="x")
        if names:  # beside the picture: bars of small segments have no room for them
            ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
        ax.tick_params(axis="y", length=0)
        return self._drawn_on(ax)


def _written(mean: float) -> str:
    return with_minus(f"{mean:z.2f}")


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class ClusterStabilityDisplay(Display):
    """Mean overlap of each segment with its best match in bootstrap samples.

    Made by `from_estimator` or `from_result`. Small dots are the samples, large ones
    their mean, and the bands are Hennig's words for it.

    Parameters
    ----------
    segments : ndarray of shape (n_segments,)
        Labels of the segments.
    shares : ndarray of shape (n_segments,)
        Shares of the customers in them.
    jaccard : ndarray of shape (n_bootstraps, n_segments)
        Overlap in each sample; NaN where it is not known.
    means : ndarray of shape (n_segments,)
        Mean overlap.
    ari_mean : float
        Mean adjusted Rand index of pairs of samples.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    See Also
    --------
    segmentlearn.model_selection.cluster_stability : The numbers that are drawn.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.datasets import make_blobs
    >>> from segmentlearn.plotting import ClusterStabilityDisplay
    >>> X, _ = make_blobs(90, centers=3, random_state=0)
    >>> display = ClusterStabilityDisplay.from_estimator(
    ...     KMeans(3, n_init=3), X, n_bootstraps=4, random_state=0
    ... )
    >>> [label.get_text()[:1] for label in display.ax_.get_yticklabels()]
    ['0', '1', '2']
    """

    segments: np.ndarray
    shares: np.ndarray
    jaccard: np.ndarray
    means: np.ndarray
    ari_mean: float

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, ax: Axes = None, **parameters: Any
    ) -> Self:
        """Measure the stability of an estimator's segments and draw it.

        Parameters
        ----------
        estimator : estimator
            A clusterer, or a pipeline that ends in one.
        X : frame or array of shape (n_samples, n_features)
            Customers, as the estimator takes them.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **parameters
            Passed to `cluster_stability`.

        Returns
        -------
        display : ClusterStabilityDisplay
        """
        _canvas.require_pyplot()  # before the work
        result = cluster_stability(estimator, X, **parameters)
        return cls.from_result(result).plot(ax=ax)

    @classmethod
    def from_result(cls, result: Any) -> Self:
        """Take what `cluster_stability` returned.

        Parameters
        ----------
        result : ClusterStability
            The result.

        Returns
        -------
        display : ClusterStabilityDisplay
            Not drawn yet.
        """
        return cls(
            segments=result.segments,
            shares=result.shares,
            jaccard=result.jaccard,
            means=result.to_frame()["jaccard"].to_numpy(),
            ari_mean=result.ari_mean,
        )

    def plot(self, *, ax: Axes = None, names: dict | None = None) -> Self:
        """Draw the segments, the first on top.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        names : dict or None, default=None
            What to call segments: their labels to text.

        Returns
        -------
        self : ClusterStabilityDisplay
        """
        n_segments = len(self.segments)
        width, step = (7.6, 0.7) if names else (6.4, 0.42)
        ax = _canvas.open_axes(ax, width=width, height=1.5 + step * n_segments)
        lowest = np.nanmin(self.jaccard, initial=0.6)
        left = max(0.0, np.floor(10 * (lowest - 0.1)) / 10)
        for low, high, words, color in _BANDS:
            ax.axvspan(low, high, color=color, linewidth=0, zorder=0)
            style = {"ha": "center", "va": "bottom", "fontsize": "small"}
            place = ((max(low, left) + high) / 2, 1.01, words)
            ax.text(*place, transform=ax.get_xaxis_transform(), **style)
        # samples side by side, so that equal ones stay visible
        shifts = np.linspace(-0.22, 0.22, len(self.jaccard))
        small = {"color": "#4D4D4D", "markersize": 3, "alpha": 0.6, "clip_on": False}
        for at in range(n_segments):
            ax.plot(self.jaccard[:, at], at + shifts, "o", **small)
        large: dict = {"color": BLUE, "markersize": 9, "markeredgecolor": "white"}
        ax.plot(self.means, range(n_segments), "o", clip_on=False, zorder=3, **large)
        ticks = [
            _canvas.segment_tick(label, names, f"{share:.0%}")
            for label, share in zip(self.segments.tolist(), self.shares, strict=True)
        ]
        _canvas.name_rows(ax, ticks)
        ax.set(xlim=(left, 1.0), ylabel="Segment")
        ax.set_xlabel("Overlap with the best match (Jaccard index), mean in blue")
        title = f"Stability of segments; adjusted Rand index {self.ari_mean:.2f}"
        ax.set_title(title, pad=30)
        ax.spines[["top", "right"]].set_visible(False)
        return self._drawn_on(ax)
