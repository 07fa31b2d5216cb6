"""Effect sizes of segments as a heatmap, or their means as a snake plot."""

import dataclasses
from typing import Any, Self

import numpy as np

from segmentlearn._formatting import effect_text, level_text, percent, with_minus
from segmentlearn._parameters import check_option
from segmentlearn.inspection import OTHER_LEVELS, NumberContrast, segment_profile
from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import SMALL, Axes, Display

_STRONGEST = 2.0  # effects beyond have the same colour
_DARK = 1.2  # effects beyond need light text
_LEVEL_WIDTH = 14
_CAPTION_WIDTH = 17
_SHORTEST_CAPTION = 9  # letters; words would be torn apart in narrower ones
_FEW_SEGMENTS = 4  # have room for names above a small picture
_LETTER = 0.56  # of the height of letters, about
_WIDE = 430  # points that leave room for a legend beside the picture


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class SegmentProfileDisplay(Display):
    """Effect sizes of segments and columns, or one line a segment of their means.

    Made by `from_estimator` or `from_result`.

    Parameters
    ----------
    labels : list of int or str
        The segments.
    names : list of str
        Their names.
    shares : ndarray of float of shape (n_segments,)
        Their shares of the customers.
    effect_columns : list of str
        What is compared: columns of numbers, "column: level" for columns of two levels,
        columns of categories.
    effects : ndarray of float of shape (n_segments, n_effect_columns)
        Segment against all other customers: Cohen's d of numbers, Cohen's h of the
        share of a level, or of the level that differs most.
    levels : list of list of str
        For each segment and effect column the level that differs most, "" elsewhere.
    mean_columns : list of str
        Columns of numbers.
    means : ndarray of float of shape (n_segments, n_mean_columns)
        Mean of the segment minus mean of all customers, in standard deviations of all.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of `ax_`.

    See Also
    --------
    segmentlearn.inspection.segment_profile : The numbers that are drawn.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from segmentlearn import make_customers
    >>> from segmentlearn.plotting import SegmentProfileDisplay
    >>> X, _ = make_customers("mall", 200, random_state=0)
    >>> X = X[["Age", "Annual Income (k$)", "Spending Score (1-100)"]]
    >>> clusterer = KMeans(3, n_init=3, random_state=0).fit(X)
    >>> display = SegmentProfileDisplay.from_estimator(clusterer, X)
    >>> display.effects.shape
    (3, 3)
    """

    labels: list
    names: list[str]
    shares: np.ndarray
    effect_columns: list[str]
    effects: np.ndarray
    levels: list
    mean_columns: list[str]
    means: np.ndarray

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        kind: str = "heatmap",
        ax: Axes = None,
        **parameters: Any,
    ) -> Self:
        """Describe the segments of an estimator and draw them.

        Parameters
        ----------
        estimator : estimator instance
            Fitted, with ``predict`` or ``labels_``.
        X : frame or array-like of shape (n_samples, n_features)
            Customers.
        kind : {"heatmap", "snake"}, default="heatmap"
            As in `plot`.
        ax : matplotlib Axes or None, default=None
            As in `plot`.
        **parameters
            Further parameters of :func:`segment_profile`.

        Returns
        -------
        display : SegmentProfileDisplay
            Drawn.
        """
        _canvas.require_pyplot()  # before the work
        without_rules = {"rule_depth": None, "n_exemplars": 0, **parameters}
        profile = segment_profile(estimator, X, **without_rules)
        return cls.from_result(profile).plot(kind=kind, ax=ax)

    @classmethod
    def from_result(cls, profile: Any) -> Self:
        """Take the numbers of a profile.

        Parameters
        ----------
        profile : SegmentProfile
            Of :func:`segment_profile`.

        Returns
        -------
        display : SegmentProfileDisplay
            Not drawn; call `plot`.
        """
        compared = [_compare(contrast) for contrast in profile.contrasts]
        n_segments = len(profile.labels)
        means = {
            found.name: (found.mean[0] - found.overall_mean)
            / (found.overall_sd or np.nan)
            for found in profile.contrasts
            if isinstance(found, NumberContrast)
        }
        return cls(
            labels=profile.labels,
            names=list(profile.names.values()),
            shares=profile.shares,
            effect_columns=[title for title, _, _ in compared],
            effects=np.column_stack([effect for _, effect, _ in compared]),
            levels=[*map(list, zip(*(levels for *_, levels in compared), strict=True))],
            mean_columns=list(means),
            means=np.reshape(list(means.values()), (len(means), n_segments)).T,
        )

    def plot(
        self, kind: str = "heatmap", *, ax: Axes = None, max_columns: int = 20
    ) -> Self:
        """Draw the profile.

        Parameters
        ----------
        kind : {"heatmap", "snake"}, default="heatmap"
            "heatmap": a cell for each segment and column, red above and blue below the
            other customers. "snake": a line for each segment over the columns of
            numbers.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure of a fitting size.
        max_columns : int, default=20
            Columns to show at most, those that set segments apart most.

        Returns
        -------
        self : SegmentProfileDisplay
            With ``ax_`` and ``figure_``.

        Raises
        ------
        ImportError
            If Matplotlib is not installed.
        ValueError
            If there is no such kind, or no column of numbers for a snake plot.
        """
        check_option("kind", kind, ("heatmap", "snake"))
        if kind == "snake" and not self.mean_columns:
            raise ValueError(
                "A snake plot needs columns of numbers, and none is described; draw "
                "kind='heatmap'."
            )
        draw = self._draw_heatmap if kind == "heatmap" else self._draw_snake
        return self._drawn_on(draw(ax, max_columns))

    def _draw_heatmap(self, ax: Axes, max_columns: int) -> Axes:
        """Draw columns as rows, since their names are long."""
        order = _strongest(self.effects, max_columns)
        effects = self.effects[:, order].T
        n_columns, n_segments = effects.shape
        has_levels = any(levels[at] for levels in self.levels for at in order)
        height = 0.5 if has_levels else 0.42
        is_wide = ax is None or _canvas.laid_out_width(ax)[0] >= _WIDE
        size = 10 if is_wide else SMALL
        size_of: dict = {"width": 3.2 + 1.3 * n_segments}
        ax = _canvas.open_axes(ax, height=1.6 + height * n_columns, **size_of)
        norm = {"vmin": -_STRONGEST, "vmax": _STRONGEST}
        image = ax.imshow(effects, cmap="RdBu_r", aspect="auto", **norm)
        width = 26 if is_wide else 18
        titles = [_canvas.wrap_name(self.effect_columns[at], width) for at in order]
        ax.set_yticks(range(n_columns), titles, fontsize=size)
        label = "against all others\n(Cohen's d; h of shares)"
        placing: dict = {"extend": "both", "shrink": 0.8, "aspect": 30}
        bar = _canvas.add_colorbar(ax, image, label, size=size, **placing)
        # only now is it known what room is left in and above the columns
        width = _canvas.lasting_width(ax, bar.ax) / n_segments
        room = int(width / (_LETTER * SMALL)) - 1
        style = {"fontsize": SMALL if room >= 4 else SMALL - 2, "linespacing": 1.2}
        for (row, segment), effect in np.ndenumerate(effects):
            text = _cell_text(effect, self.levels[segment][order[row]], room)
            is_dark = abs(effect) > _DARK
            _canvas.write_cell(ax, (row, segment), text, is_dark=is_dark, **style)
        segments = zip(self.labels, self.names, self.shares, strict=True)
        captions = [_caption(*segment, room) for segment in segments]
        ax.xaxis.tick_top()
        _canvas.name_columns(ax, captions, fontsize=SMALL)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set_xticks(np.arange(1, n_segments) - 0.5, minor=True)
        ax.set_yticks(np.arange(1, n_columns) - 0.5, minor=True)
        ax.grid(which="minor", color="white", linewidth=2)
        ax.tick_params(which="minor", length=0)
        return ax

    def _draw_snake(self, ax: Axes, max_columns: int) -> Axes:
        """Draw one line a segment over the columns of numbers."""
        order = _strongest(self.means, max_columns)
        is_wide = ax is None or _canvas.laid_out_width(ax)[0] >= _WIDE
        n_segments, n_columns = self.means[:, order].shape
        width, height = max(8.0, 4.6 + 0.8 * n_columns), max(4.6, 0.55 * n_segments)
        ax = _canvas.open_axes(ax, width=width, height=height)
        is_laid_out = ax.figure.get_layout_engine() is not None
        has_room = is_wide or (n_segments <= _FEW_SEGMENTS and is_laid_out)
        names = self.names if has_room else map(str, self.labels)
        segments = zip(self.labels, names, self.shares, strict=True)
        ax.axhline(0, color="#444444", linewidth=1)
        style: dict = {"markersize": 7, "linewidth": 2, "markeredgecolor": "white"}
        colors, marks = _canvas.segment_colors(self.labels)
        for at, segment in enumerate(segments):
            style |= {"color": colors[at], "marker": marks[at]}
            caption = _canvas.segment_caption(*segment, 34, 3)
            ax.plot(range(n_columns), self.means[at, order], label=caption, **style)
        ax.margins(x=0.06)
        ax.set_ylabel("mean, in standard deviations\nfrom that of all customers")
        _canvas.tidy(ax)
        _add_legend(ax, is_wide)
        self._name_columns(ax, order, 10 if is_wide else SMALL)
        return ax

    def _name_columns(self, ax: Axes, order: np.ndarray, size: float) -> None:
        """Write names below the lines, turned where there is no room for them."""
        room = int(_canvas.lasting_width(ax) / len(order) / (_LETTER * size)) - 1
        names = [self.mean_columns[at] for at in order]
        titles = [_canvas.wrap_name(name, min(14, room)) for name in names]
        widest = max(len(line) for title in titles for line in title.split("\n"))
        slanted = widest > min(15, room)
        if slanted:
            titles = [_canvas.wrap_name(name, 24) for name in names]
        _canvas.name_columns(ax, titles, 35 if slanted else 0, fontsize=size)


def _compare(contrast: Any) -> tuple[str, np.ndarray, list[str]]:
    """Return a title, the effect of each segment and the levels they are of."""
    n_segments = contrast.n.shape[1]
    if isinstance(contrast, NumberContrast):
        return contrast.name, contrast.effect.estimate, [""] * n_segments
    h = contrast.h
    if len(contrast.levels) == 2:
        at = _level_to_show(contrast)
        level = level_text(contrast.levels[at], contrast.name)
        return f"{contrast.name}: {level}", h[:, at], [""] * n_segments
    named = [at for at, level in enumerate(contrast.levels) if level != OTHER_LEVELS]
    sizes = np.nan_to_num(np.abs(h[:, named]))
    most = np.array(named)[np.argmax(sizes, axis=1)]
    levels = [level_text(contrast.levels[at], contrast.name) for at in most]
    return contrast.name, h[np.arange(n_segments), most], levels


def _level_to_show(contrast: Any) -> int:
    """Return the level of two to show: yes, or the rarer one."""
    texts = [level_text(level, contrast.name).lower() for level in contrast.levels]
    for at, text in enumerate(texts):
        if text in ("yes", "true"):
            return at
    return int(np.argmin(contrast.counts.sum(axis=(0, 1))))


def _strongest(effects: np.ndarray, most: int) -> np.ndarray:
    """Return the columns of the largest effects, strongest first."""
    largest = np.nan_to_num(np.abs(effects), posinf=np.inf).max(axis=0)
    return np.argsort(-largest, kind="stable")[:most]


def _add_legend(ax: Axes, is_wide: bool) -> None:
    """Add the legend of the segments beside, above or among the lines."""
    if is_wide:
        ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
        return
    ax.yaxis.label.set_fontsize(SMALL)
    if ax.figure.get_layout_engine() is None:  # nobody makes room outside
        ax.legend(loc="best", fontsize=SMALL, ncols=2)
    else:
        above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.01), "frameon": False}
        n_wide = 1 if len(ax.lines) <= _FEW_SEGMENTS + 1 else 4
        ax.legend(fontsize=SMALL, ncols=n_wide, **above)


def _caption(label: Any, name: str, share: float, room: int) -> str:
    """Write a segment above its column: in narrow ones the label and the share."""
    if room < _SHORTEST_CAPTION:
        return f"{label}\n({percent(share)})" if room >= 6 else str(label)
    return _canvas.segment_caption(label, name, share, min(_CAPTION_WIDTH, room), 6)


def _cell_text(effect: float, level: Any, room: int) -> str:
    """Write an effect, and the level it is of."""
    if np.isnan(effect):
        return ""
    number = with_minus(effect_text(effect))
    width = min(_LEVEL_WIDTH, room)
    if not level or width < 4:
        return number
    return f"{_canvas.cut(level, width)}\n{number}"
