"""Sizes of predicted segments, beside the actual ones where they are known."""

import collections
import dataclasses
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from segmentlearn._formatting import percent
from segmentlearn.inspection import is_noise
from segmentlearn.metrics import read_labels
from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import Axes, Display

_ACTUAL = "#D9D9D9"
_EDGE = "#7F7F7F"
_PREDICTED = "#4D4D4D"  # in the legend, as each segment has its own colour


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class SegmentSizesDisplay(Display):
    """Customers of each segment as bars, with their numbers and shares.

    Made by `from_estimator` or `from_predictions`. Where actual segments are given, a
    hatched grey bar beside shows how many customers really are in each. Equal bars are
    no proof of right predictions: errors may cancel out, which a
    :class:`ConfusionMatrixDisplay` shows.

    Parameters
    ----------
    labels : list of int or str
        The segments, in the order of the bars.
    predicted : ndarray of int of shape (n_segments,)
        Customers predicted in each.
    actual : ndarray of int of shape (n_segments,) or None, default=None
        Customers that are in each.
    names : dict of label to str or None, default=None
        What segments are called.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of `ax_`.
    bars_ : list of matplotlib BarContainer
        The predicted bars, then the actual ones where there are any.

    See Also
    --------
    ConfusionMatrixDisplay : Which segments are taken for which.
    SegmentProfileDisplay : What is in each segment.

    Examples
    --------
    >>> from segmentlearn.plotting import SegmentSizesDisplay
    >>> display = SegmentSizesDisplay.from_predictions(["A", "B", "A", "C"])
    >>> display.labels, display.predicted.tolist()
    (['A', 'B', 'C'], [2, 1, 1])
    """

    labels: list
    predicted: np.ndarray
    actual: np.ndarray | None = None
    names: dict | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike | None = None,
        *,
        names: dict | None = None,
        ax: Axes = None,
        **how: Any,
    ) -> Self:
        """Predict the segments of customers and draw their sizes.

        Parameters
        ----------
        estimator : estimator instance
            Fitted, with ``predict``; names that it keeps in ``segment_names_`` are
            used.
        X : frame or array of shape (n_samples, n_features)
            Customers.
        y : array-like of shape (n_samples,) or None, default=None
            Segments that they really are in.
        names : dict of label to str or None, default=None
            As in `from_predictions`.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to `plot`.

        Returns
        -------
        display : SegmentSizesDisplay

        Notes
        -----
        A segment that the estimator knows and predicts for nobody has an empty bar.
        """
        _canvas.require_pyplot()
        if names is None:
            names = getattr(estimator, "segment_names_", None)
        known = getattr(estimator, "classes_", ())
        return cls._of(estimator.predict(X), y, names, known).plot(ax=ax, **how)

    @classmethod
    def from_predictions(
        cls,
        y_pred: ArrayLike,
        *,
        y_true: ArrayLike | None = None,
        names: dict | None = None,
        ax: Axes = None,
        **how: Any,
    ) -> Self:
        """Draw the sizes of predicted segments.

        Parameters
        ----------
        y_pred : array-like of shape (n_samples,)
            Predicted segments; -1 is noise.
        y_true : array-like of shape (n_samples,) or None, default=None
            Segments that the same customers really are in.
        names : dict of label to str or None, default=None
            What segments are called.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to `plot`.

        Returns
        -------
        display : SegmentSizesDisplay

        Raises
        ------
        ValueError
            If there are no predictions, or not as many actual segments.
        """
        return cls._of(y_pred, y_true, names, ()).plot(ax=ax, **how)

    @classmethod
    def _of(cls, y_pred: Any, y_true: Any, names: Any, known: Any) -> Self:
        predicted = read_labels(y_pred).tolist()
        actual = None if y_true is None else read_labels(y_true).tolist()
        if not predicted:
            raise ValueError("y_pred is empty; pass the segment of each customer.")
        if actual is not None and len(actual) != len(predicted):
            raise ValueError(
                f"y_pred has {len(predicted)} customers and y_true {len(actual)}; pass "
                "the segments of the same customers."
            )
        labels = _sorted({*predicted, *(actual or ()), *np.asarray(known).tolist()})
        counts = None if actual is None else _count(actual, labels)
        sizes: dict = {"predicted": _count(predicted, labels), "actual": counts}
        return cls(labels=labels, names=names, **sizes)

    def plot(self, *, sort: bool = False, ax: Axes = None) -> Self:
        """Draw the bars.

        Parameters
        ----------
        sort : bool, default=False
            Whether the largest predicted segment comes first, not the first label.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure of a fitting size.

        Returns
        -------
        self : SegmentSizesDisplay

        Raises
        ------
        ImportError
            If Matplotlib is not installed.
        """
        plt = _canvas.require_pyplot()
        n_segments, actual = len(self.labels), self.actual
        both = actual is not None
        ax = _canvas.open_axes(ax, height=1.2 + (0.62 if both else 0.42) * n_segments)
        at = np.arange(n_segments)
        order = np.argsort(-self.predicted, kind="stable") if sort else at
        colors, _ = _canvas.segment_colors(self.labels)
        thickness, shift = (0.38, 0.19) if both else (0.68, 0.0)
        own = [colors[segment] for segment in order]
        self.bars_ = [ax.barh(at - shift, self.predicted[order], thickness, color=own)]
        if actual is not None:
            edge = {"edgecolor": _EDGE, "linewidth": 0.6, "hatch": "///"}
            bars = ax.barh(at + shift, actual[order], thickness, color=_ACTUAL, **edge)
            self.bars_.append(bars)
        for bars in self.bars_:
            sizes = [int(bar.get_width()) for bar in bars]
            texts = [f"{size:,} ({percent(size / sum(sizes))})" for size in sizes]
            ax.bar_label(bars, texts, padding=4, fontsize=8.5)
        labels = [self.labels[segment] for segment in order]
        ticks = [_canvas.segment_tick(label, self.names) for label in labels]
        ticks = ["noise" if is_noise(labels[k]) else t for k, t in enumerate(ticks)]
        ax.set_yticks(at, ticks)
        ax.invert_yaxis()
        longest = max(bar.get_width() for bars in self.bars_ for bar in bars)
        ax.set_xlim(0, 1.35 * longest)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.set(xlabel="Customers", ylabel="Segment")
        _canvas.tidy(ax, grid="x")
        if both:
            style = {"bbox_to_anchor": (1.0, 1.0), "ncols": 2, "frameon": False}
            patches = [plt.Rectangle((0, 0), 1, 1, color=_PREDICTED), self.bars_[1][0]]
            ax.legend(patches, ["predicted", "actual"], loc="lower right", **style)
        return self._drawn_on(ax)


def _sorted(labels: set) -> list:
    """Return labels in order, noise last; of mixed kinds in the order of their text."""
    try:
        ordered = sorted(labels)
    except TypeError:
        ordered = sorted(labels, key=str)
    return sorted(ordered, key=is_noise)


def _count(values: list, labels: list) -> np.ndarray:
    counts = collections.Counter(values)
    return np.array([counts[label] for label in labels])
