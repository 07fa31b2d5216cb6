"""Relation of each column to the target, the strongest first."""

import dataclasses
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from segmentlearn._formatting import count_text, share_text, with_minus
from segmentlearn.inspection import associations
from segmentlearn.metrics import wilson_interval
from segmentlearn.plotting._base import _canvas, _panels
from segmentlearn.plotting._base._canvas import BLUE, GREY, SMALL, Axes
from segmentlearn.plotting._base._panels import ONLY_TABLE, PanelDisplay
from segmentlearn.plotting._tables._distributions import (
    holds_numbers,
    level_titles,
    pool_levels,
)
from segmentlearn.preprocessing import check_target

_IN_A_ROW = 3
_WIDTH, _HEIGHT = 3.2, 2.5
_MOST_LEVELS = 6
_BINS = 10
_Z = stats.norm.ppf(0.975)
_MISSING = "missing"


@dataclasses.dataclass(frozen=True, eq=False)
class NumbersByClass:
    """A column of numbers in each class.

    Attributes
    ----------
    name : str
        The column.
    kind : {"number", "datetime", "timedelta"}
        What it holds.
    boxes : ndarray of float of shape (n_classes, 5)
        Of `five_numbers`.
    n_outside : int
        Values beyond the ends of their boxes.
    share_missing : float
        Of the cells.
    """

    name: str
    kind: str
    boxes: np.ndarray
    n_outside: int
    share_missing: float

    @classmethod
    def of_column(cls, column: Any, codes: np.ndarray, n_classes: int) -> Self:
        """Describe a column in each class."""
        finite, boxes, n_outside = np.isfinite(column.numbers), [], 0
        for at in range(n_classes):
            values = column.numbers[finite & (codes == at)]
            boxes.append(_panels.five_numbers(values))
            low, *_, high = boxes[-1]
            n_outside += int(np.count_nonzero((values < low) | (values > high)))
        share_missing = float(column.missing.mean())
        return cls(column.name, column.kind, np.array(boxes), n_outside, share_missing)


@dataclasses.dataclass(frozen=True, eq=False)
class ClassesByLevel:
    """The classes at each level of a category.

    Attributes
    ----------
    name : str
        The column.
    levels : list of str
        The most frequent ones, "n others" for the rest, and "missing" where cells are.
    counts : ndarray of int of shape (n_levels, n_classes)
        Rows of each.
    """

    name: str
    levels: list[str]
    counts: np.ndarray

    @classmethod
    def of_column(cls, column: Any, codes: np.ndarray, n_classes: int) -> Self:
        """Count the classes at each level."""
        levels, places = _levels(column)
        counts = np.zeros((len(levels), n_classes), dtype=np.intp)
        np.add.at(counts, (places, codes), 1)
        return cls(column.name, levels, counts)

    @property
    def shares(self) -> np.ndarray:
        """Share of each class in the rows of a level."""
        return self.counts / self.counts.sum(axis=1, keepdims=True)

    def rates(self, of_class: int) -> tuple[np.ndarray, ...]:
        """Return the share of a class at each level, and its Wilson interval."""
        return wilson_interval(self.counts[:, of_class], self.counts.sum(axis=1), _Z)


@dataclasses.dataclass(frozen=True, eq=False)
class MeansByGroup:
    """Means of a target of numbers, at levels or in bins of a column.

    Attributes
    ----------
    name : str
        The column.
    kind : {"number", "datetime", "timedelta", "category"}
        What it holds.
    levels : list of str or None
        Of a category.
    centres : ndarray of float of shape (n_groups,) or None
        Mean of the column in each bin.
    means, errors : ndarray of float of shape (n_groups,)
        Mean of the target and its standard error, NaN in a group of one row.
    sizes : ndarray of int of shape (n_groups,)
        Rows of each group.
    """

    name: str
    kind: str
    levels: list[str] | None
    centres: np.ndarray | None
    means: np.ndarray
    errors: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of_column(cls, column: Any, target: np.ndarray) -> Self:
        """Take means of a target at the levels, or in ten bins, of a column."""
        if not holds_numbers([column]):
            levels, places = _levels(column)
            groups = pd.Series(target).groupby(places)
            kind, centres = "category", None
        else:
            known = np.isfinite(column.numbers)
            numbers = pd.Series(column.numbers[known])
            edges = np.quantile(numbers, np.linspace(0, 1, _BINS + 1)[1:-1])
            bins = np.searchsorted(np.unique(edges), numbers)
            groups = pd.Series(target[known]).groupby(bins)
            levels, kind = None, column.kind
            centres = numbers.groupby(bins).mean().to_numpy()
        numbers = (groups.mean(), groups.sem(), groups.size())
        return cls(column.name, kind, levels, centres, *map(np.asarray, numbers))


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class TargetRelationDisplay(PanelDisplay):
    """A panel for each column: its relation to the target, the strongest first.

    Made by `from_frame`. Of a target of classes, columns of numbers have a box for each
    class; categories have the rate of the rarer of two classes with Wilson intervals
    [1]_, or the shares of more classes, at each level. Of a target of numbers, its mean
    is drawn at each level or in each tenth of a column.

    Parameters
    ----------
    classes : list of str or None
        The classes; None for a target of numbers.
    class_counts : ndarray of int of shape (n_classes,) or None
        Rows of each class.
    relations : list of NumbersByClass, ClassesByLevel or MeansByGroup
        Of the columns drawn, the strongest first.
    strengths : DataFrame
        Association with the target and AUC or R² of each column drawn, as
        ``with_target`` of :func:`segmentlearn.inspection.associations`.
    target : str or None
        Name of the target, if it has one.
    n_left_out : int, default=0
        Columns not drawn: weaker ones, constant ones and identifiers.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        The panels, in the order of `relations`.
    figure_ : matplotlib Figure
        The figure of the panels.

    See Also
    --------
    segmentlearn.inspection.associations : The order and the strengths.
    AssociationDisplay : Which columns go together.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical
       inference", Journal of the American Statistical Association 22 (1927), 209-212.

    Examples
    --------
    >>> from segmentlearn import make_customers
    >>> from segmentlearn.plotting import TargetRelationDisplay
    >>> X, segments = make_customers("mall", 200, random_state=0)
    >>> display = TargetRelationDisplay.from_frame(X, segments)
    >>> display.relations[-1].name
    'Gender'
    """

    classes: list[str] | None
    class_counts: np.ndarray | None
    relations: list
    strengths: pd.DataFrame
    target: str | None
    n_left_out: int = 0

    @classmethod
    def from_frame(
        cls,
        X: Any,
        y: ArrayLike,
        *,
        columns: Any = None,
        max_columns: int = 9,
        axes: Any = None,
    ) -> Self:
        """Relate the columns of a table to a target and draw them.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)
            Raw columns.
        y : array-like of shape (n_samples,)
            Classes or numbers.
        columns : list of str, str or None, default=None
            What to draw; None takes all columns but identifiers. Those of arrays are
            called "x0", "x1" and so on.
        max_columns : int, default=9
            Columns to draw at most, the strongest.
        axes : array-like of matplotlib Axes or None, default=None
            As in `plot`.

        Returns
        -------
        display : TargetRelationDisplay
            Drawn.

        Raises
        ------
        ValueError
            If y has missing values or another length than X, a column is unknown, or
            none can be related to the target.
        SchemaError
            If a column holds infinite values.
        """
        read = _panels.read_tables({ONLY_TABLE: X}, "X", max_columns)[ONLY_TABLE]
        chosen = _panels.choose_columns(list(read), columns)
        values, target_type = check_target(y)
        named = pd.Series(values, name=getattr(y, "name", None))
        frame = pd.DataFrame({name: read[name].cells for name in chosen}, copy=False)
        identifiers = "drop" if columns is None else "keep"
        found = associations(frame, named, identifiers=identifiers)
        assert found.with_target is not None  # there is a target
        strengths = found.with_target.dropna(subset=["association"])
        if strengths.empty:
            raise ValueError(
                f"No column of {chosen} can be related to the target: each column and "
                f"y need two different values."
            )
        strengths = strengths.iloc[:max_columns]
        shown = [read[name] for name in strengths.index]
        classes = class_counts = None
        relations: list[NumbersByClass | ClassesByLevel | MeansByGroup]
        if target_type == "classes":
            labels, codes = np.unique(values, return_inverse=True)
            class_counts = np.bincount(codes)
            kinds = (ClassesByLevel, NumbersByClass)
            relations = [
                kinds[holds_numbers([column])].of_column(column, codes, len(labels))
                for column in shown
            ]
            classes = [_panels.level_title(label) for label in labels.tolist()]
        else:
            target = values.astype(np.float64)
            relations = [MeansByGroup.of_column(column, target) for column in shown]
        return cls(
            classes=classes,
            class_counts=class_counts,
            relations=relations,
            strengths=strengths,
            target=None if named.name in (None, "") else found.target,
            n_left_out=len(chosen) - len(strengths),
        ).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> Self:
        """Draw the columns.

        Parameters
        ----------
        axes : array-like of matplotlib Axes or None, default=None
            An axes for each column; None makes a figure of a fitting size.

        Returns
        -------
        self : TargetRelationDisplay
            With ``axes_`` and ``figure_``.

        Raises
        ------
        ImportError
            If Matplotlib is not installed.
        ValueError
            If there is another number of axes than of columns.
        """
        is_new = axes is None
        n_panels, n_classes = len(self.relations), len(self.classes or ())
        if is_new:
            height = max(_HEIGHT, 1.1 + 0.2 * max(3, n_classes))
            axes = _panels.open_panels(n_panels, _IN_A_ROW, width=_WIDTH, height=height)
        axes = self._take_axes(axes, n_panels)
        draw: dict[type, Any] = {
            NumbersByClass: self._draw_boxes,
            MeansByGroup: self._draw_means,
            ClassesByLevel: self._draw_rates if n_classes == 2 else self._draw_shares,
        }
        titles, notes = [], []
        for ax, relation in zip(axes, self.relations, strict=True):
            titles.append((relation.name, self._strength(relation.name)))
            notes.append(draw[type(relation)](ax, relation))
            ax.tick_params(labelsize=SMALL)
        _panels.write_around(axes, titles, notes)
        if n_classes > 2 and ClassesByLevel in map(type, self.relations):
            _panels.add_legend(axes, self.classes, self._colors(), is_new)
        is_named = self.target not in (None, "target")
        note = f"Target: {self.target}" if is_named else "Target"
        if self.n_left_out:
            note += f"; {count_text(self.n_left_out, 'column')} not shown"
        _panels.finish(axes, note, is_new)
        return self

    def _strength(self, column: str) -> str:
        """Return how well a column alone predicts the target."""
        row = self.strengths.loc[column]
        name, title = ("auc", "AUC") if "auc" in row else ("r2", "R²")
        return f"{title} alone {with_minus(f'{row[name]:z.2f}')}"

    def _colors(self) -> list[str]:
        return _canvas.segment_colors(self.classes or [])[0]

    def _draw_boxes(self, ax: Axes, relation: NumbersByClass) -> str:
        """Draw a box for each class, and return the note below."""
        boxes = zip(relation.boxes, self._colors(), strict=True)
        for at, (five, color) in enumerate(boxes):
            _panels.draw_box(ax, five, at, 0.6, color)
        _label_rows(ax, self.classes)
        _panels.write_numbers(ax.xaxis, relation.kind)
        outside = f"{count_text(relation.n_outside, 'value')} beyond the whiskers"
        missing = f"{share_text(relation.share_missing)} missing"
        words = [outside] if relation.n_outside else []
        return ", ".join([*words, missing] if relation.share_missing else words)

    def _draw_rates(self, ax: Axes, relation: ClassesByLevel) -> str:
        """Draw the rate of the rarer class at each level, with its interval."""
        counts = np.asarray(self.class_counts)
        rarer = 0 if counts[0] < counts[1] else 1  # the second of a tie
        rates, low, high = relation.rates(rarer)
        places = np.arange(len(rates))
        ax.hlines(places, low, high, color=BLUE, linewidth=2.5)
        ax.plot(rates, places, "o", color=BLUE, markersize=6, clip_on=False)
        overall = counts[rarer] / counts.sum()
        ax.axvline(overall, color=GREY, linestyle="--", linewidth=1.2, zorder=1)
        _label_rows(ax, relation.levels, relation.counts.sum(axis=1))
        end = min(1.0, 1.08 * high.max())
        ax.set_xlim(-0.04 * end, 1.04 * end)  # dots at 0 and 1 are round
        _panels.write_numbers(ax.xaxis, "share")
        return f"share of {(self.classes or [])[rarer]} (dashed: all rows)"

    def _draw_shares(self, ax: Axes, relation: ClassesByLevel) -> str:
        """Draw the shares of the classes at each level."""
        style = {"height": 0.75, "edgecolor": "white", "linewidth": 0.8}
        left = np.zeros(len(relation.levels))
        for shares, color in zip(relation.shares.T, self._colors(), strict=True):
            ax.barh(range(len(left)), shares, left=left, color=color, **style)
            left += shares
        _label_rows(ax, relation.levels, relation.counts.sum(axis=1))
        ax.set_xlim(0, 1)
        _panels.write_numbers(ax.xaxis, "share")
        return ""

    @staticmethod
    def _draw_means(ax: Axes, relation: MeansByGroup) -> str:
        """Draw means of the target, with intervals of twice the standard error."""
        reach = 1.96 * np.nan_to_num(relation.errors)
        style: dict = {"fmt": "o", "color": BLUE, "markersize": 5, "elinewidth": 2}
        if relation.levels is None:
            ax.errorbar(relation.centres, relation.means, yerr=reach, **style)
            _panels.write_numbers(ax.xaxis, relation.kind)
            _panels.write_numbers(ax.yaxis)
            _canvas.tidy(ax)
            ax.set_ylabel("mean of the target", fontsize=SMALL)
            return ""
        ax.errorbar(relation.means, range(len(relation.levels)), xerr=reach, **style)
        _label_rows(ax, relation.levels, relation.sizes)
        _panels.write_numbers(ax.xaxis)
        return "mean of the target"


def _levels(column: Any) -> tuple[list[str], np.ndarray]:
    """Return titles of levels, and the place of each row among them."""
    factor = pool_levels([column], _MOST_LEVELS)
    levels, is_missing = level_titles([column], factor, column.name), factor.codes < 0
    if not is_missing.any():
        return levels, factor.codes
    return [*levels, _MISSING], np.where(is_missing, len(levels), factor.codes)


def _label_rows(ax: Axes, titles: Any, sizes: np.ndarray | None = None) -> None:
    """Write what rows are at the left, with how many customers they have."""
    room, ticks = max(0, 3 - len(titles)) / 2, _panels.row_titles(titles, sizes)
    _canvas.name_rows(ax, ticks, room=room, linespacing=0.95)
    _canvas.tidy(ax, grid="x")
