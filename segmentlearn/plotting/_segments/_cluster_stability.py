"""Bootstrap stability of each segment, with the bounds that Hennig proposed."""

import dataclasses
from typing import Any, Self

import numpy as np

from segmentlearn.model_selection import cluster_stability
from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import BLUE, Axes, Display

_BANDS = (
    (0.0, 0.60, "unstable", "#F4D9CC"),
    (0.60, 0.75, "doubtful", "#FBEBC8"),
    (0.75, 0.85, "stable", "#DCEBF5"),
    (0.85, 1.0, "highly\nstable", "#B9D7EA"),
)


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
