"""The silhouette plot, segment by segment."""

import dataclasses
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from segmentlearn._formatting import with_minus
from segmentlearn.metrics import silhouette_sampled
from segmentlearn.model_selection import clustering_task, fit_clusterer
from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import Axes, Display

_GAP = 0.015  # of the height, between two segments


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
