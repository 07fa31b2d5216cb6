"""What each column has to do with the target, the strongest first."""

import dataclasses

import numpy as np
import pandas as pd

from segmentlearn._formatting import count_text, share_text
from segmentlearn.inspection import associations
from segmentlearn.plotting._base._boxes import draw_box
from segmentlearn.plotting._base._canvas import BLUE, GREY, require_pyplot, tidy
from segmentlearn.plotting._base._named_tables import (
    ONLY_TABLE,
    check_max_columns,
    choose_columns,
    read_named_tables,
)
from segmentlearn.plotting._base._panels import (
    SMALL,
    STEPS,
    add_legend,
    check_axes,
    column_title,
    finish,
    level_title,
    open_panels,
    row_titles,
    write_around,
    write_numbers,
)
from segmentlearn.plotting._base._segment_style import segment_colors
from segmentlearn.plotting._tables._target_statistics import (
    ClassesByLevel,
    NumbersByClass,
    relate_to_classes,
    relate_to_numbers,
)
from segmentlearn.preprocessing import check_target

_IN_A_ROW = 3
_WIDTH, _HEIGHT = 3.2, 2.5


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class TargetRelationDisplay:
    """A panel a column: what it has to do with the target, the strongest first.

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
    def from_frame(cls, X, y, *, columns=None, max_columns=9, axes=None):
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
            none has anything to do with the target that could be told.
        SchemaError
            If a column holds infinite values.
        """
        require_pyplot()  # before the work
        check_max_columns(max_columns)
        read = read_named_tables({ONLY_TABLE: X}, "X")[ONLY_TABLE]
        chosen = choose_columns(list(read), columns)
        values, target_type = check_target(y)
        named = pd.Series(values, name=getattr(y, "name", None))
        found = associations(
            pd.DataFrame({name: read[name].cells for name in chosen}, copy=False),
            named,
            identifiers="drop" if columns is None else "keep",
        )
        strengths = found.with_target.dropna(subset=["association"])
        if strengths.empty:
            raise ValueError(
                f"no column of {chosen} has anything to do with the target that could "
                f"be told: each column and y need two different values."
            )
        strengths = strengths.iloc[:max_columns]
        classes = class_counts = None
        if target_type == "classes":
            classes, codes = np.unique(values, return_inverse=True)
            class_counts = np.bincount(codes)
            relations = [
                relate_to_classes(read[name], codes, len(classes))
                for name in strengths.index
            ]
            classes = [level_title(one) for one in classes.tolist()]
        else:
            target = values.astype(np.float64)
            relations = [
                relate_to_numbers(read[name], target) for name in strengths.index
            ]
        return cls(
            classes=classes,
            class_counts=class_counts,
            relations=relations,
            strengths=strengths,
            target=None if named.name in (None, "") else found.target,
            n_left_out=len(chosen) - len(strengths),
        ).plot(axes=axes)

    def plot(self, *, axes=None):
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
        n_panels = len(self.relations)
        if is_new:
            n_rows = max(3, len(self.classes or ()))
            height = max(_HEIGHT, 1.1 + 0.2 * n_rows)
            axes = open_panels(n_panels, _IN_A_ROW, width=_WIDTH, height=height)
        axes = np.ravel(np.array(axes))
        check_axes(axes, n_panels)
        notes = []
        for ax, one in zip(axes, self.relations, strict=True):
            if isinstance(one, NumbersByClass):
                notes.append(self._draw_boxes(ax, one))
            elif not isinstance(one, ClassesByLevel):
                notes.append(self._draw_means(ax, one))
            elif len(self.classes) == 2:
                notes.append(self._draw_rates(ax, one))
            else:
                notes.append(self._draw_shares(ax, one))
            ax.tick_params(labelsize=SMALL)
        titles = [(one.name, self._strength(one)) for one in self.relations]
        write_around(axes, titles, notes)
        stacked = any(isinstance(one, ClassesByLevel) for one in self.relations)
        if self.classes is not None and len(self.classes) > 2 and stacked:
            self._name_classes(axes, is_new)
        is_named = self.target not in (None, "target")
        note = f"Target: {self.target}" if is_named else "Target"
        if self.n_left_out:
            note += f"; {count_text(self.n_left_out, 'column')} not shown"
        finish(axes, note, is_new)
        self.axes_, self.figure_ = axes, axes[0].figure
        return self

    def _strength(self, one):
        """Write how well a column alone tells the target."""
        row = self.strengths.loc[one.name]
        name, title = ("auc", "AUC") if "auc" in row else ("r2", "R²")
        text = f"{row[name]:z.2f}".replace("-", "−")  # noqa: RUF001
        return f"{title} alone {text}"

    def _colors(self):
        return segment_colors(self.classes)[0]

    def _rarer(self):
        """Return the position of the rarer of two classes, the second of a tie."""
        return 0 if self.class_counts[0] < self.class_counts[1] else 1

    def _draw_boxes(self, ax, one):
        """Draw a box for each class, and return the note below."""
        for at, (five, color) in enumerate(zip(one.boxes, self._colors(), strict=True)):
            draw_box(ax, five, at, 0.6, color)
        _label_rows(ax, self.classes)
        write_numbers(ax.xaxis, one.kind)
        tidy(ax, grid="x")
        words = []
        if one.n_outside:
            words.append(f"{count_text(one.n_outside, 'value')} beyond the whiskers")
        if one.share_missing:
            words.append(f"{share_text(one.share_missing)} missing")
        return ", ".join(words)

    def _draw_rates(self, ax, one):
        """Draw the rate of the rarer class at each level, with its interval."""
        rarer = self._rarer()
        rates, low, high = one.rates(rarer)
        places = np.arange(len(rates))
        ax.hlines(places, low, high, color=BLUE, linewidth=2.5)
        ax.plot(rates, places, "o", color=BLUE, markersize=6, clip_on=False)
        overall = self.class_counts[rarer] / self.class_counts.sum()
        ax.axvline(overall, color=GREY, linestyle="--", linewidth=1.2, zorder=1)
        _label_rows(ax, one.levels, one.counts.sum(axis=1))
        end = min(1.0, 1.08 * high.max())
        ax.set_xlim(-0.04 * end, 1.04 * end)  # dots at 0 and 1 are round
        ax.xaxis.set_major_locator(_few_ticks())
        ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.3g}%")
        tidy(ax, grid="x")
        return f"share of {self.classes[rarer]} (dashed: all rows)"

    def _draw_shares(self, ax, one):
        """Draw the shares of the classes at each level."""
        left = np.zeros(len(one.levels))
        for shares, color in zip(one.shares.T, self._colors(), strict=True):
            ax.barh(
                range(len(left)),
                shares,
                left=left,
                height=0.75,
                color=color,
                edgecolor="white",
                linewidth=0.8,
            )
            left += shares
        _label_rows(ax, one.levels, one.counts.sum(axis=1))
        ax.set_xlim(0, 1)
        ax.xaxis.set_major_locator(_few_ticks())
        ax.xaxis.set_major_formatter("{x:.0%}")
        tidy(ax, grid="x")
        return ""

    def _draw_means(self, ax, one):
        """Draw means of the target, with intervals of twice the standard error."""
        reach = 1.96 * np.nan_to_num(one.errors)
        how = {"fmt": "o", "color": BLUE, "markersize": 5, "elinewidth": 2}
        if one.levels is None:
            ax.errorbar(one.centres, one.means, yerr=reach, **how)
            write_numbers(ax.xaxis, one.kind)
            write_numbers(ax.yaxis)
            tidy(ax)
            ax.set_ylabel("mean of the target", fontsize=SMALL)
            return ""
        ax.errorbar(one.means, range(len(one.levels)), xerr=reach, **how)
        _label_rows(ax, one.levels, one.sizes)
        write_numbers(ax.xaxis)
        tidy(ax, grid="x")
        return "mean of the target"

    def _name_classes(self, axes, is_new):
        """Add the legend of the classes."""
        from matplotlib.patches import Patch

        handles = [
            Patch(color=color, label=column_title(name, 20))
            for name, color in zip(self.classes, self._colors(), strict=True)
        ]
        add_legend(axes, handles, is_new)


def _label_rows(ax, titles, sizes=None):
    """Write what rows are at the left, with how many customers they have."""
    labels = row_titles(titles, sizes)
    ax.set_yticks(range(len(labels)), labels, linespacing=0.95)
    room = max(0, 3 - len(labels)) / 2
    ax.set_ylim(len(labels) - 0.5 + room, -0.5 - room)
    ax.tick_params(axis="y", length=0)


def _few_ticks():
    from matplotlib import ticker

    return ticker.MaxNLocator(5, steps=STEPS)
