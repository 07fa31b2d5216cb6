"""Learning curves: loss and metrics by epoch, and whether the net overfits."""

import dataclasses
import textwrap
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from segmentlearn.metrics import generalization_gap, median_history
from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import (
    BLUE,
    COLORS,
    GREY,
    VERMILLION,
    Axes,
    Display,
)
from segmentlearn.plotting._base._predictions import named

_NO_CURVES = ("learning_rate", "lr")
_MOST_PANELS = 3
_TITLE_WIDTH = 84


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class TrainingHistoryDisplay(Display):
    """Curves of a training on training rows and on held-out rows.

    Made by `from_estimator` or `from_history`. One panel a measure. Of one net the
    colours distinguish training from held-out rows; of several each has its own, and
    training is dashed. Where there is a history for each fold, thin lines are
    the folds and a strong one their median. The title reports whether the net overfits.

    Parameters
    ----------
    histories : dict of str or None to dict or list of dict
        Measures by name, or a list of such dicts, one a fold; by the nets' names.
    best_epochs : dict of str or None to list of int, default=None
        Epochs (from 1) whose weights were kept, by the nets' names; those of several
        folds may be several.

    Attributes
    ----------
    gaps_ : dict of str or None to GeneralizationGap
        Whether the nets overfit, by their names.
    axes_ : ndarray of matplotlib Axes
        Where it was drawn, one for each measure.
    ax_ : matplotlib Axes
        The first of `axes_`.
    figure_ : matplotlib Figure
        Their figure.
    measures_ : list of str
        What is drawn in each of `axes_`.

    See Also
    --------
    segmentlearn.metrics.generalization_gap : The words of the title, and their numbers.

    Notes
    -----
    Training loss is measured during an epoch and with dropout on, held-out loss after
    it and with dropout off: a training curve above the held-out one is no sign of
    underfitting.

    Of a :class:`~segmentlearn.SegmentClassifier` over inner folds each net is a fold;
    one that has stopped keeps its last value in the median.

    Examples
    --------
    >>> from segmentlearn.plotting import TrainingHistoryDisplay
    >>> history = {"loss": [1.0, 0.6, 0.4, 0.2], "val_loss": [1.1, 0.7, 0.9, 1.0]}
    >>> display = TrainingHistoryDisplay.from_history(history)
    >>> display.gaps_[None].state
    'overfits'
    """

    histories: dict
    best_epochs: dict | None = None

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Axes = None, **how: Any) -> Self:
        """Draw the training of a fitted net, or of several to compare.

        Parameters
        ----------
        estimator : estimator instance or dict of str to estimator
            Fitted, with ``history_``, or a pipeline that ends in one:
            :class:`~segmentlearn.SegmentClassifier`,
            :class:`~segmentlearn.Autoencoder`,
            :class:`~segmentlearn.KerasClassifier`,
            :class:`~segmentlearn.KerasRegressor`. A list in place of an estimator is
            one net in several folds, as ``cross_validate(return_estimator=True)`` gives
            it.
        ax : matplotlib Axes, array of Axes or None, default=None
            As in `plot`.
        **how
            Passed to `plot`.

        Returns
        -------
        display : TrainingHistoryDisplay

        Raises
        ------
        ValueError
            If an estimator keeps no history.
        """
        _canvas.require_pyplot()
        histories: dict = {}
        best_epochs: dict = {}
        for name, value in named(estimator).items():
            folds = value if isinstance(value, list | tuple) else [value]
            histories[name], best_epochs[name] = [], []
            for net in map(_net, folds):
                own = getattr(net, "fold_histories_", None) or [net.history_]
                epochs: Any = getattr(net, "best_epoch_", None)
                histories[name] += own
                best_epochs[name] += [kept for kept in np.atleast_1d(epochs) if kept]
        return cls(histories=histories, best_epochs=best_epochs).plot(ax=ax, **how)

    @classmethod
    def from_history(cls, history: dict, *, ax: Axes = None, **how: Any) -> Self:
        """Draw a history, or several to compare.

        Parameters
        ----------
        history : dict, list of dict, or dict of str to them
            Measures by name, a value an epoch; ``"val_"`` is before those of held-out
            rows. A list is one net in several folds, a dict of histories several nets.
        ax : matplotlib Axes, array of Axes or None, default=None
            As in `plot`.
        **how
            Passed to `plot`.

        Returns
        -------
        display : TrainingHistoryDisplay
        """
        histories = named(history) if _is_several(history) else {None: history}
        return cls(histories=histories).plot(ax=ax, **how)

    def plot(self, *, measures: list[str] | None = None, ax: Axes = None) -> Self:
        """Draw the curves.

        Parameters
        ----------
        measures : list of str or None, default=None
            What to draw, without ``"val_"``. None is the loss of the verdict and the
            measures that are no loss, at most three, or the loss alone on a single
            `ax`.
        ax : matplotlib Axes, array of Axes or None, default=None
            Where to draw, one for each measure; None makes a figure.

        Returns
        -------
        self : TrainingHistoryDisplay

        Raises
        ------
        ImportError
            If Matplotlib is not installed.
        ValueError
            If no net has a measure, or there are not as many axes as measures.
        """
        plt = _canvas.require_pyplot()
        nets = self.histories.items()
        self.gaps_ = {name: generalization_gap(history) for name, history in nets}
        curves = {name: median_history(history) for name, history in nets}
        self.measures_ = self._measures(measures, curves, ax)
        n_panels = len(self.measures_)
        if ax is None:
            size = (6.4, 1.0 + 2.5 * n_panels)
            figure = plt.figure(figsize=size, layout="constrained")
            ax = figure.subplots(n_panels, sharex=True)
        self.axes_ = np.ravel(ax)
        if len(self.axes_) != n_panels:
            raise ValueError(
                f"ax has {len(self.axes_)} axes for {n_panels} measures, "
                f"{self.measures_!r}; pass one for each."
            )
        for axes, measure in zip(self.axes_, self.measures_, strict=True):
            self._draw(axes, measure, curves)
        self.axes_[-1].set_xlabel("Epoch")
        self.axes_[0].set_title(self._title(), loc="left", fontsize=9)
        self.axes_[0].legend(frameon=False, fontsize=9)
        return self._drawn_on(self.axes_[0])

    def _measures(self, asked: list[str] | None, curves: dict, ax: Axes) -> list[str]:
        """Return what to draw."""
        names = [name for medians in curves.values() for name in medians]
        names = [name for name in names if name not in _NO_CURVES]
        there = list(dict.fromkeys(name.removeprefix("val_") for name in names))
        if asked is not None:
            for name in asked:
                if name not in there:
                    raise ValueError(
                        f"measures has {name!r}; the histories have {there!r}."
                    )
            return list(asked)
        losses = list(dict.fromkeys(gap.measure for gap in self.gaps_.values()))
        if ax is not None and np.size(ax) == 1:
            return losses[:1]
        no_losses = [name for name in there if name not in ("loss", "log_loss")]
        return [*losses, *no_losses][:_MOST_PANELS]

    def _draw(self, ax: Axes, measure: str, curves: dict) -> None:
        """Draw one measure of every net."""
        is_one = len(self.histories) == 1
        for at, (name, history) in enumerate(self.histories.items()):
            folds = [history] if isinstance(history, Mapping) else history
            own = COLORS[at % len(COLORS)]
            for part, prefix, color, line in (
                ("training", "", BLUE if is_one else own, "-" if is_one else "--"),
                ("held out", "val_", VERMILLION if is_one else own, "-"),
            ):
                median = curves[name].get(prefix + measure)
                if median is None or np.isnan(median).all():
                    continue
                style: dict = {"color": color, "linestyle": line}
                label = part if is_one else f"{name}, {part}"
                if len(folds) > 1:
                    label += ", median"
                    for fold in folds:
                        points = _points(fold.get(prefix + measure, ()))
                        ax.plot(*points, linewidth=0.7, alpha=0.45, **style)
                mark = "o" if len(median) == 1 else None
                style |= {"linewidth": 2.2, "marker": mark, "label": label}
                ax.plot(*_points(median), **style)
            self._mark_best(ax, measure, name, curves, GREY if is_one else own)
        _canvas.tidy(ax)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.margins(x=0.02)
        words = measure.replace("_", " ")
        ax.set_ylabel(words[:1].upper() + words[1:])

    def _mark_best(
        self, ax: Axes, measure: str, name: str, curves: dict, color: str
    ) -> None:
        """Mark the epoch of the lowest held-out loss, and those that were kept."""
        best = self.gaps_[name].best_epoch
        held_out = curves[name].get("val_" + measure)
        if best is None or held_out is None:
            return
        ax.axvline(best, color=color, linewidth=1.0, linestyle=":", zorder=1)
        is_one = len(self.histories) == 1
        label = f"lowest held-out loss, epoch {best}" if is_one else None
        style: dict = {"markersize": 8, "markeredgecolor": "white", "label": label}
        style["color"] = VERMILLION if is_one else color
        ax.plot(best, held_out[best - 1], "o", zorder=4, **style)
        kept = (self.best_epochs or {}).get(name) or []
        if len(kept) > 1 and measure == self.measures_[0]:
            label = f"kept epochs of {len(kept)} nets" if is_one else None
            # carets that point up at the axis
            style = {"marker": 6, "markersize": 6, "linestyle": "none", "label": label}
            style |= {"color": color, "clip_on": False}
            at_axis = {"transform": ax.get_xaxis_transform()}
            ax.plot(kept, np.zeros(len(kept)), **style, **at_axis)

    def _title(self) -> str:
        """Return the verdict, of several nets the short ones with their names."""
        if len(self.gaps_) == 1:
            return textwrap.fill(str(next(iter(self.gaps_.values()))), _TITLE_WIDTH)
        lines = [
            textwrap.fill(f"{name}: {gap.verdict.split(':')[0]}", _TITLE_WIDTH)
            for name, gap in self.gaps_.items()
        ]
        return "\n".join(lines)


def _is_several(history: Any) -> bool:
    """Whether histories are there by name, not measures."""
    if not isinstance(history, Mapping):
        return False
    return all(
        isinstance(value, Mapping)
        or (isinstance(value, list) and value and isinstance(value[0], Mapping))
        for value in history.values()
    )


def _net(estimator: Any) -> Any:
    """Return what was trained: the last step of a pipeline."""
    check_is_fitted(estimator)
    net = estimator[-1] if hasattr(estimator, "steps") else estimator
    if not hasattr(net, "history_"):
        raise ValueError(
            f"{type(net).__name__} keeps no history_; pass a fitted SegmentClassifier, "
            "Autoencoder, KerasClassifier or KerasRegressor, or from_history the "
            "history of Keras' fit."
        )
    return net


def _points(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return epochs from one on, and the values."""
    return np.arange(1, len(values) + 1), np.asarray(values, dtype=float)
