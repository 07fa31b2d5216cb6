"""Where cells are missing: by row, by column, and whether gaps come together."""

import numpy as np
import pandas as pd

from segmentlearn._formatting import count_text, share_text
from segmentlearn.plotting._base._canvas import require_pyplot
from segmentlearn.plotting._base._named_tables import (
    ONLY_TABLE,
    check_max_columns,
    read_named_tables,
    union_of_columns,
)
from segmentlearn.plotting._base._panels import (
    check_axes,
    column_title,
    finish,
    open_panels,
    write_alone,
)
from segmentlearn.plotting._tables._association import AssociationDisplay
from segmentlearn.plotting._tables._missing_counts import (
    MOST_BANDS,
    correlate_gaps,
    count_gaps,
)
from segmentlearn.plotting._tables._missing_panels import (
    add_shades,
    draw_gap_bars,
    draw_gap_matrix,
)

_KINDS = ("matrix", "bar", "correlation")
_MOST_IN_A_ROW = 3
_ROW = 0.22  # inches of a line of a name


class MissingValuesDisplay:
    """Missing cells of one table or several, before and after imputation.

    Made by `from_frames`.

    Parameters
    ----------
    before : dict of str to TableGaps
        Missing cells of each table.
    after : dict of str to TableGaps
        The same after imputation; empty where it is not known.
    columns : list of str
        The columns that are drawn.
    n_left_out : int
        Columns beyond `max_columns`, those with the fewest gaps.
    correlations : dict of tuple to DataFrame
        For each table's name and "before" or "after" the correlation of the gaps of
        the columns drawn.
    kind : {"matrix", "bar", "correlation"}, default="matrix"
        What `plot` draws where it is not told.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        The panels: each table, followed by the same after imputation.
    figure_ : matplotlib Figure
        The figure of the panels.

    See Also
    --------
    segmentlearn.auditing.audit : Whether gaps depend on the target.
    segmentlearn.preprocessing.MixedImputer : Fills them.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from segmentlearn.plotting import MissingValuesDisplay
    >>> X = pd.DataFrame({"age": [31, np.nan, 58], "job": ["Nurse", None, None]})
    >>> display = MissingValuesDisplay.from_frames(X, kind="bar")
    >>> display.to_frame()[["column", "n_missing"]]
      column  n_missing
    0    age          1
    1    job          2
    """

    def __init__(
        self, *, before, after, columns, n_left_out, correlations, kind="matrix"
    ):
        self.before = before
        self.after = after
        self.columns = columns
        self.n_left_out = n_left_out
        self.correlations = correlations
        self.kind = kind

    @classmethod
    def from_frames(
        cls, frames, *, after=None, kind="matrix", max_columns=40, axes=None
    ):
        """Count the missing cells of tables and draw them.

        Parameters
        ----------
        frames : frame or array-like, or dict of str to such
            A table of shape (n_rows, n_columns), or several by name, such as
            ``{"train": X, "new": X_new}``.
        after : as `frames`, or None, default=None
            The same after imputation; of a dict some names are enough. Columns of an
            array are called as those of the table that was imputed.
        kind : {"matrix", "bar", "correlation"}, default="matrix"
            As in `plot`.
        max_columns : int, default=40
            Columns to draw at most, those with the most gaps, in the order of the
            table.
        axes : array-like of matplotlib Axes or None, default=None
            As in `plot`.

        Returns
        -------
        display : MissingValuesDisplay
            Drawn.

        Raises
        ------
        ValueError
            If `kind` or `max_columns` is none such, a table is empty, or `after` is
            not of the tables in `frames`.
        """
        require_pyplot()  # before the work
        _check_kind(kind)
        check_max_columns(max_columns)
        tables = {"before": read_named_tables(frames, "frames"), "after": {}}
        if after is not None:
            imputed = read_named_tables(after, "after")
            tables["after"] = _with_names(imputed, after, tables["before"])
        gaps = {
            stage: {name: count_gaps(columns) for name, columns in read.items()}
            for stage, read in tables.items()
        }
        columns = union_of_columns(tables["before"].values())
        shown = _with_most_gaps(columns, gaps, max_columns)
        correlations = {
            (name, stage): correlate_gaps(
                {column: read[column] for column in shown if column in read}
            )
            for stage, by_name in tables.items()
            for name, read in by_name.items()
        }
        return cls(
            before=gaps["before"],
            after=gaps["after"],
            columns=shown,
            n_left_out=len(columns) - len(shown),
            correlations=correlations,
            kind=kind,
        ).plot(axes=axes)

    def to_frame(self):
        """Return counts and shares of missing cells.

        Returns
        -------
        frame : DataFrame
            One row for each table, stage ("before" or "after" imputation) and column,
            all columns of all tables among them: "n_rows", "n_missing",
            "share_missing", and "status": "present", "dropped" by imputation, "added"
            by it, or "absent" from this table. What is not there has no counts.
        """
        rows = []
        for name, stage, gaps in self._panels():
            of_table = self.before[name].columns
            everywhere = union_of_columns(
                [dict.fromkeys(one.columns) for one in self.before.values()]
            )
            added = [column for column in gaps.columns if column not in everywhere]
            for column in [*everywhere, *added]:
                count = gaps.count(column)
                status = "present" if column in of_table else "added"
                if count is None:
                    status = "dropped" if column in of_table else "absent"
                rows.append(
                    {
                        "table": name,
                        "stage": stage,
                        "column": column,
                        "n_rows": gaps.n_rows,
                        "n_missing": count,
                        "share_missing": (
                            np.nan if count is None else count / gaps.n_rows
                        ),
                        "status": status,
                    }
                )
        return pd.DataFrame(rows).astype({"n_missing": "Int64"})

    def plot(self, kind=None, axes=None):
        """Draw the tables, each beside itself after imputation.

        Parameters
        ----------
        kind : {"matrix", "bar", "correlation"} or None, default=None
            "matrix": a line a column, whose shade is the share of cells that are
            missing in successive rows. "bar": the share of each column that has gaps,
            and how many cells that is. "correlation": whether the gaps of two columns
            come together. None takes the kind of the display.
        axes : array-like of matplotlib Axes or None, default=None
            An axes for each panel, tables in their order, each followed by the same
            after imputation; None makes a figure of a fitting size.

        Returns
        -------
        self : MissingValuesDisplay
            With ``axes_`` and ``figure_``.

        Raises
        ------
        ImportError
            If Matplotlib is not installed.
        ValueError
            If there is no such kind, or another number of axes than of panels.
        """
        kind = self.kind if kind is None else kind
        _check_kind(kind)
        columns = self._columns_of(kind)
        is_new = axes is None
        axes = self._open(kind, columns) if is_new else np.ravel(np.array(axes))
        panels = self._panels()
        check_axes(axes, len(panels))
        draw = getattr(self, f"_draw_{kind}")
        for at, (ax, (name, stage, gaps)) in enumerate(zip(axes, panels, strict=True)):
            draw(ax, columns, name, stage, gaps)
            ax.set_title(self._title(name, stage, gaps), fontsize=9)
            at_side = stage == "after" if self.after else at % _MOST_IN_A_ROW
            if is_new and at_side and kind != "correlation":
                ax.set_yticklabels([])  # as those of the panel at the left
        if kind == "matrix":
            add_shades(axes, any(gaps.n_rows > MOST_BANDS for *_, gaps in panels))
        finish(axes, self._note(kind, columns), is_new)
        self.axes_, self.figure_ = axes, axes[0].figure
        return self

    def _panels(self):
        """Return name, stage and gaps of each panel."""
        return [
            (name, stage, of_stage[name])
            for name in self.before
            for stage, of_stage in (("before", self.before), ("after", self.after))
            if name in of_stage
        ]

    def _columns_of(self, kind):
        """Return what is drawn: for bars only columns that have something to show."""
        if kind != "bar":
            return self.columns
        return [
            column
            for column in self.columns
            if any(gaps.count(column) != 0 for _, _, gaps in self._panels())
        ]

    def _open(self, kind, columns):
        """Return new axes in a figure that fits them."""
        if kind == "correlation":
            n = max([2, *(len(one) for one in self.correlations.values())])
            width, height, extra = 2.9 + 0.46 * n, max(2.6, 1.9 + 0.44 * n), 0.0
        else:
            lines = sum(1 + column_title(name).count("\n") for name in columns)
            width, height, extra = 3.0, 1.2 + _ROW * max(lines, 2), 1.8
        size = {"width": width, "height": height, "extra": extra}
        if not self.after:
            return open_panels(len(self.before), _MOST_IN_A_ROW, **size)
        axes = open_panels(2 * len(self.before), 2, **size).reshape(-1, 2)
        for ax, name in zip(axes[:, 1], self.before, strict=True):
            if name not in self.after:
                ax.remove()
        return np.array([ax for ax in axes.ravel() if ax.figure is not None])

    def _title(self, name, stage, gaps):
        """Say which table it is and how much of it is missing."""
        words = [] if list(self.before) == [ONLY_TABLE] else [name]
        if self.after:
            words.append(f"{stage} imputation")
        share = share_text(gaps.share_of_cells)
        n_with = np.count_nonzero(gaps.counts)
        total = (
            f"{share} of cells missing, in {n_with} of {len(gaps.columns)} columns"
            if n_with
            else "no cell missing"
        )
        return "\n".join([", ".join(words), total]).strip()

    def _note(self, kind, columns):
        """Say which columns are not drawn."""
        notes = []
        if self.n_left_out:
            n_all = len(self.columns) + self.n_left_out
            notes.append(
                f"The {len(self.columns)} of {n_all} columns with the most gaps; "
                f"{self.n_left_out} left out"
            )
        n_whole = len(self.columns) - len(columns)
        if kind == "bar" and n_whole and columns:
            notes.append(f"not shown: {count_text(n_whole, 'column')} without gaps")
        n_added = max(
            (
                len(set(gaps.columns) - set(self.before[name].columns))
                for name, gaps in self.after.items()
            ),
            default=0,
        )
        if n_added:
            notes.append(f"imputation added {count_text(n_added, 'column')}")
        return "; ".join(notes)

    def _absent(self, columns, name, gaps):
        """Say for each column that is not in a table why it is not."""
        of_table = self.before[name].columns
        return {
            column: "dropped by imputation"
            if column in of_table
            else "not in this table"
            for column in columns
            if gaps.count(column) is None
        }

    def _draw_matrix(self, ax, columns, name, stage, gaps):
        draw_gap_matrix(ax, gaps, columns, self._absent(columns, name, gaps))

    def _draw_bar(self, ax, columns, name, stage, gaps):
        if not columns:
            write_alone(
                ax, f"None of {count_text(len(self.columns), 'column')} has a gap."
            )
            return
        widest = max(
            (one.count(column) or 0) / one.n_rows
            for _, _, one in self._panels()
            for column in columns
        )
        absent = self._absent(columns, name, gaps)
        draw_gap_bars(ax, gaps, columns, absent, widest)

    def _draw_correlation(self, ax, columns, name, stage, gaps):
        """Draw half a matrix, or say in words why there is none."""
        phi = self.correlations[name, stage]
        if len(phi) < 2:
            n = "No column has" if not len(phi) else "A single column has"
            write_alone(
                ax, f"{n} both gaps and values:\nthere is no pair to correlate."
            )
            return
        AssociationDisplay(
            names=list(phi.columns),
            matrix=phi.to_numpy(),
            kinds=np.full(phi.shape, "missingness"),
            target=None,
        ).plot(ax=ax, max_columns=len(phi))


def _check_kind(kind):
    if kind not in _KINDS:
        raise ValueError(f"kind={kind!r} is not one of {list(_KINDS)}.")


def _with_names(imputed, after, before):
    """Name the columns of imputed arrays, and check that their tables are there."""
    unknown = [name for name in imputed if name not in before]
    if unknown:
        raise ValueError(
            f"after holds {unknown} and frames {list(before)}; give each table after "
            f"imputation the name that it has before."
        )
    given = after if isinstance(after, dict) else {ONLY_TABLE: after}
    for name, table in given.items():
        if hasattr(table, "columns"):
            continue
        read, names = imputed[str(name)], list(before[str(name)])
        if len(read) != len(names):
            raise ValueError(
                f"after has {len(read)} columns without names and the table before "
                f"has {len(names)}; hand over a frame, so that they can be matched."
            )
        imputed[str(name)] = dict(zip(names, read.values(), strict=True))
    return imputed


def _with_most_gaps(columns, gaps, most):
    """Return the columns with the largest share of gaps in any table, in order."""
    largest = {
        column: max(
            (one.count(column) or 0) / one.n_rows
            for of_stage in gaps.values()
            for one in of_stage.values()
        )
        for column in columns
    }
    ranked = sorted(columns, key=lambda column: -largest[column])[:most]
    return [column for column in columns if column in set(ranked)]
