"""Scatter plot of customers, coloured by segment."""

import dataclasses
import itertools
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.decomposition import PCA
from sklearn.utils import check_random_state

from segmentlearn._compat import num_samples
from segmentlearn._formatting import percent
from segmentlearn._parameters import check_option
from segmentlearn.inspection import (
    Described,
    NumberContrast,
    find_membership,
    is_noise,
    segment_profile,
)
from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import Axes, Display
from segmentlearn.preprocessing import TabularPreprocessor
from segmentlearn.tables import draw_sample

_MOST_CANDIDATES = 8
_LABEL_INCHES = 0.33
_FEWEST_TO_JITTER = 500
_MOST_VALUES_TO_JITTER = 25


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class SegmentMapDisplay(Display):
    """Customers in two columns, or two components, coloured by segment.

    Made by `from_estimator` or `from_predictions`.

    Parameters
    ----------
    points : ndarray of float of shape (n_points, 2)
        Where the customers lie; a sample of large tables.
    codes : ndarray of int of shape (n_points,)
        Position in `labels` of each customer's segment.
    labels : list of int or str
        The segments.
    names : list of str
        Their names.
    shares : ndarray of float of shape (n_segments,)
        Their shares of all customers.
    centres : ndarray of float of shape (n_segments, 2)
        Mean of the points of each segment.
    axis_names : list of str
        What the two axes show.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    See Also
    --------
    SegmentProfileDisplay : What sets the segments apart.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from segmentlearn import make_customers
    >>> from segmentlearn.plotting import SegmentMapDisplay
    >>> X, _ = make_customers("mall", 200, random_state=0)
    >>> X = X[["Age", "Annual Income (k$)", "Spending Score (1-100)"]]
    >>> clusterer = KMeans(5, n_init=3, random_state=0).fit(X)
    >>> display = SegmentMapDisplay.from_estimator(clusterer, X)
    >>> display.axis_names
    ['Annual Income (k$)', 'Spending Score (1-100)']
    """

    points: np.ndarray
    codes: np.ndarray
    labels: list
    names: list[str]
    shares: np.ndarray
    centres: np.ndarray
    axis_names: list[str]

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        x: str | None = None,
        y: str | None = None,
        space: str = "columns",
        max_points: int = 10000,
        names: dict | None = None,
        random_state: Any = 0,
        ax: Axes = None,
    ) -> Self:
        """Draw the customers by the segments of an estimator.

        Parameters
        ----------
        estimator : estimator instance
            Fitted, with ``predict`` or ``labels_``.
        X : frame or array-like of shape (n_samples, n_features)
            Customers.
        x, y : str or None, default=None
            Columns of numbers for the axes, with ``space="columns"``; None takes those
            that separate the segments best.
        space : {"columns", "pca", "latent"}, default="columns"
            Two columns; the first two principal components of the prepared columns, by
            the estimator's ``prepare(X)`` or else by :class:`TabularPreprocessor`; or
            those of the estimator's ``transform(X)``, which is drawn as it is where it
            has two columns.
        max_points : int, default=10000
            Customers to draw at most, about; a stratified sample of larger tables.
        names : dict of label to str or None, default=None
            Names of the segments; None takes those of :func:`segment_profile`.
        random_state : int, RandomState instance or None, default=0
            Draws the sample and the order of the points.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : SegmentMapDisplay
            Drawn.

        Raises
        ------
        ValueError
            If X has fewer than two columns of numbers, or the estimator has no
            ``transform`` for ``space="latent"``.
        """
        check_option("space", space, ("columns", "pca", "latent"))
        if space != "columns" and (x is not None or y is not None):
            raise ValueError(
                f"x and y name columns; with space={space!r} leave them out."
            )
        # labels may be a Series, which transforms, too
        can_transform = hasattr(estimator, "fit") and hasattr(estimator, "transform")
        if space == "latent" and not can_transform:
            raise ValueError(
                "space='latent' needs an estimator with transform; choose 'columns' "
                "or 'pca'."
            )
        _canvas.require_pyplot()  # before the work
        random_state = check_random_state(random_state)
        membership = find_membership(estimator, X, num_samples(X))
        labels = pd.Categorical.from_codes(membership.codes, membership.labels, True)
        profile = segment_profile(labels, X, rule_depth=None, n_exemplars=0)
        names = {**profile.names, **membership.known_names, **(names or {})}
        rows, _ = draw_sample(membership.codes, profile.sizes, random_state, max_points)
        rows = random_state.permutation(rows)  # so that no segment is drawn on top
        codes = membership.codes[rows]
        if space == "columns":
            axis_names, points = _choose_columns(profile, X, x, y, rows, codes)
        else:
            points, axis_names = _components(space, X, rows, estimator)
        return cls(
            points=points,
            codes=codes,
            labels=profile.labels,
            names=[names[label] for label in profile.labels],
            shares=profile.shares,
            centres=_centres(points, codes, len(profile.labels)),
            axis_names=axis_names,
        ).plot(ax=ax)

    @classmethod
    def from_predictions(
        cls, X: Any, labels: ArrayLike, *, ax: Axes = None, **how: Any
    ) -> Self:
        """Draw the customers by labels.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)
            Customers.
        labels : array-like of shape (n_samples,)
            Segment of each customer; -1 is noise.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to `from_estimator`: `x`, `y`, `space` ("columns" or "pca"),
            `max_points`, `names` and `random_state`.

        Returns
        -------
        display : SegmentMapDisplay
            Drawn.
        """
        return cls.from_estimator(labels, X, ax=ax, **how)

    def plot(self, *, ax: Axes = None, show_centres: bool = True) -> Self:
        """Draw the points.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        show_centres : bool, default=True
            Whether to mark the mean of each segment with its label.

        Returns
        -------
        self : SegmentMapDisplay
            With ``ax_`` and ``figure_``.

        Raises
        ------
        ImportError
            If Matplotlib is not installed.
        """
        ax = _canvas.open_axes(ax, width=9.0, height=max(5.2, 0.55 * len(self.labels)))
        colors, marks = _canvas.segment_colors(self.labels)
        size = float(np.clip(20_000 / max(1, len(self.points)), 6, 36))
        points = jitter(self.points)
        style: dict = {"edgecolors": "white", "rasterized": len(points) > 2_000}
        style["alpha"] = 0.85 if len(points) <= 1_000 else 0.5
        for at, label in enumerate(self.labels):
            noise = is_noise(label)  # its marks are small and pale already
            facts = (label, self.names[at], self.shares[at])
            ax.scatter(
                *points[self.codes == at].T,
                s=2 * size if noise else size,
                c=colors[at],
                marker=marks[at],
                linewidths=0.4 if size > 12 and not noise else 0,
                label=_canvas.segment_caption(*facts, 34, 3),
                **style,
            )
        notes = leave_out_far_points(ax, self.points, self.centres)
        ax.set_xlabel(self.axis_names[0] + notes[0])
        ax.set_ylabel(self.axis_names[1] + notes[1])
        if show_centres:
            self._mark_centres(ax, colors)
        _canvas.tidy(ax, grid="both")
        legend = ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
        for handle in legend.legend_handles:
            handle.set(alpha=1, sizes=[60])
        return self._drawn_on(ax)

    def _mark_centres(self, ax: Axes, colors: list[str]) -> None:
        """Write the labels of the segments at their centres; noise has none."""
        from matplotlib.patheffects import withStroke

        is_known = np.isfinite(self.centres).all(axis=1)
        labels = enumerate(self.labels)
        marked = [at for at, label in labels if is_known[at] and not is_noise(label)]
        _canvas.laid_out_width(ax)  # the layout decides where labels collide
        places = ax.transData.transform(self.centres[marked])
        places = push_apart(places, _LABEL_INCHES * ax.figure.dpi)
        places = ax.transData.inverted().transform(places)
        style: dict = {"ha": "center", "va": "center", "color": "black", "zorder": 5}
        style |= {"fontsize": 11, "fontweight": "bold"}
        style["path_effects"] = [withStroke(linewidth=3, foreground="white")]
        for at, place in zip(marked, places, strict=True):
            text = str(self.labels[at])
            shape = "circle,pad=0.3" if len(text) <= 3 else "round,pad=0.3"
            box = {"boxstyle": shape, "facecolor": "white", "edgecolor": colors[at]}
            arrow = {"arrowstyle": "-", "color": colors[at], "linewidth": 2.5}
            ax.annotate(
                *(text, self.centres[at], place),
                arrowprops=arrow,
                bbox={**box, "linewidth": 2.5, "alpha": 0.9},
                **style,
            )


def _choose_columns(
    profile: Any, X: Any, x: Any, y: Any, rows: np.ndarray, codes: np.ndarray
) -> tuple[list[str], np.ndarray]:
    """Return two columns and their points: those given, or the best separating pair."""
    numbers = [c for c in profile.contrasts if isinstance(c, NumberContrast)]
    between = {contrast.name: _share_between(contrast) for contrast in numbers}
    given = [name for name in (x, y) if name is not None]
    candidates = sorted(between, key=between.__getitem__, reverse=True)
    candidates = [name for name in candidates if name not in given][:_MOST_CANDIDATES]
    if len(candidates) + len(given) < 2:
        raise ValueError(
            "There are fewer than two columns of numbers to draw; choose space='pca'."
        )
    described = Described(X, None, None, "auto", 20)
    pairs = []
    for chosen in itertools.combinations(candidates, 2 - len(given)):
        names = iter(sorted(chosen, key=list(between).index))
        pairs.append([next(names) if name is None else name for name in (x, y)])
    points = [
        np.column_stack([described.numbers_of(name, "x or y")[rows] for name in pair])
        for pair in pairs
    ]
    best = max(range(len(pairs)), key=lambda at: _separation(points[at], codes))
    return pairs[best], points[best]


def _share_between(contrast: Any) -> float:
    """Return the share of the variance of a column that lies between segments."""
    n, mean, sd = contrast.n[0], contrast.mean[0], contrast.sd[0]
    within = np.nansum(np.maximum(n - 1, 0) * np.nan_to_num(sd) ** 2)
    between = np.nansum(n * (mean - contrast.overall_mean) ** 2)
    return float(between / (within + between)) if within + between > 0 else 0.0


def _separation(points: np.ndarray, codes: np.ndarray) -> float:
    """Return one minus Wilks' lambda: what segments explain of two columns at once."""
    known = ~np.isnan(points).any(axis=1)
    points, codes = points[known], codes[known]
    if len(points) < 3:
        return 0.0
    centres = _centres(points, codes, int(codes.max()) + 1)
    total = points - points.mean(axis=0)
    within = points - centres[codes]
    scatter = np.linalg.det(total.T @ total)
    return 1 - np.linalg.det(within.T @ within) / scatter if scatter > 0 else 0.0


def _components(
    space: str, X: Any, rows: np.ndarray, estimator: Any
) -> tuple[np.ndarray, list[str]]:
    """Return two components of the sampled rows, and what to call them."""
    table: Any = X if hasattr(X, "shape") else np.asarray(X, dtype=object)
    sample = table.iloc[rows] if hasattr(X, "iloc") else table[rows]
    names = {"latent": ("transform", "latent"), "pca": ("prepare", "principal")}
    method, word = names[space]
    transform = getattr(estimator, method, None)
    if transform is None:
        values = TabularPreprocessor().fit_transform(sample)
    else:
        values = np.asarray(transform(sample), dtype=np.float64)
    if space == "latent" and values.shape[1] == 2:
        return values, ["latent dimension 1", "latent dimension 2"]
    if values.shape[1] < 2:
        raise ValueError(
            f"space={space!r} has a single dimension, of which no map can be drawn."
        )
    solver = "full" if min(values.shape) < 500 else "auto"
    pca = PCA(2, svd_solver=solver, random_state=0)
    points = pca.fit_transform(values)
    return points, [
        f"{word} component {at + 1} ({share:.0%} of the variance)"
        for at, share in enumerate(pca.explained_variance_ratio_)
    ]


def _centres(points: np.ndarray, codes: np.ndarray, n_segments: int) -> np.ndarray:
    """Return the mean of the points of each segment, missing cells left out."""
    means = pd.DataFrame(points).groupby(codes).mean()
    return means.reindex(range(n_segments)).to_numpy()


def jitter(points: np.ndarray) -> np.ndarray:
    """Return points that do not hide each other where an axis has few values."""
    moved = np.array(points, dtype=np.float64)
    if len(moved) < _FEWEST_TO_JITTER:
        return moved
    rng = np.random.default_rng(0)
    for axis in moved.T:
        values = np.unique(axis[~np.isnan(axis)])
        if 1 < len(values) <= _MOST_VALUES_TO_JITTER:
            axis += rng.uniform(-0.35, 0.35, len(axis)) * np.diff(values).min()
    return moved


def leave_out_far_points(
    ax: Axes, points: np.ndarray, centres: np.ndarray
) -> list[str]:
    """End axes where nearly all points do, if some lie far from them."""
    notes = ["", ""]
    for at, set_limits in enumerate((ax.set_xlim, ax.set_ylim)):
        values = points[:, at][np.isfinite(points[:, at])]
        if len(values) < _FEWEST_TO_JITTER:
            continue
        low, high = np.quantile(values, [0.002, 0.998])
        low = min(low, np.nanmin(centres[:, at]))
        high = max(high, np.nanmax(centres[:, at]))
        if not 0 < (high - low) * 1.5 < np.ptp(values):
            continue
        low, high = (max(low, values.min()), min(high, values.max()))
        margin = 0.04 * (high - low)
        set_limits(low - margin, high + margin)
        outside = np.mean((values < low - margin) | (values > high + margin))
        notes[at] = f" ({percent(outside)} of the points lie outside)"
    return notes


def push_apart(places: np.ndarray, distance: float) -> np.ndarray:
    """Move places that are nearer to each other than some distance."""
    places = places.copy()
    for _ in range(100):
        apart = places[:, None] - places[None, :]
        near = np.hypot(*np.moveaxis(apart, 2, 0))
        np.fill_diagonal(near, np.inf)
        if (near >= distance).all():
            break
        first, second = np.unravel_index(np.argmin(near), near.shape)
        way = apart[first, second] if near[first, second] > 0 else np.array([1.0, 0.3])
        step = way / np.hypot(*way) * (distance - near[first, second] + 1) / 2
        places[first] += step
        places[second] -= step
    return places
