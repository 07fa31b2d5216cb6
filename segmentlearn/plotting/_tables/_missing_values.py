"""Missing cells by row, by column and together, before and after imputation."""

import dataclasses
from typing import Any, Self

import numpy as np
import pandas as pd

from segmentlearn._formatting import count_text, share_text
from segmentlearn._parameters import check_option
from segmentlearn.plotting._base import _canvas, _panels
from segmentlearn.plotting._base._canvas import BLUE, SMALL, Axes
from segmentlearn.plotting._base._panels import ONLY_TABLE, PanelDisplay
from segmentlearn.plotting._tables._association import AssociationDisplay

_PRESENT, _MISSING, _PALE, _GREY = "#EDEDED", "#00304D", "#F7F7F7", "#666666"
_KINDS = ("matrix", "bar", "correlation")
_MOST_BANDS = 200
_MOST_IN_A_ROW = 3
_ROW = 0.22  # inches of a line of a name


def draw_missing_matrix(
    ax: Axes, cells: Any, columns: list[str], why: dict[str, str]
) -> None:
    """Draw a line a column, from the first row of the table to the last."""
    from matplotlib import colors, ticker

    n_rows, shares = cells.n_rows, cells.shares
    for at, column in enumerate(columns):
        if column in why:
            _write_why(ax, at, why[column], n_rows / 2, "center")
            continue
        style = {"fontsize": SMALL, "color": "black" if shares[column] else _GREY}
        place = (1.015, at, share_text(shares[column]))
        ax.text(*place, va="center", transform=ax.get_yaxis_transform(), **style)
    steps = [_PRESENT, BLUE, _MISSING]
    shades = colors.LinearSegmentedColormap.from_list("missing", steps)
    ax.imshow(
        np.ma.masked_invalid(cells.bands.reindex(columns=columns).to_numpy().T),
        aspect="auto",
        interpolation="nearest",  # what is blended would run into other columns
        extent=(0, n_rows, len(columns) - 0.5, -0.5),
        cmap=shades,
        norm=colors.PowerNorm(0.5, 0, 1),  # few missing cells are seen too
    )
    lines = np.arange(1, len(columns)) - 0.5
    ax.hlines(lines, 0, n_rows, color="white", linewidth=2)
    ax.spines[:].set_visible(False)
    ax.xaxis.set_major_locator(ticker.MaxNLocator(4, integer=True))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlim(0, n_rows)
    ax.set_xlabel("row", fontsize=SMALL)
    _label(ax, columns)


def add_shades(axes: np.ndarray, condensed: bool) -> None:
    """Add the scale of shades below panels of rows."""
    width, height = axes[0].figure.get_size_inches()
    placing: dict = {"location": "bottom", "shrink": min(1.0, 3.0 / width)}
    placing |= {"fraction": 0.08 / height, "pad": 0.1 / height, "aspect": 25}
    bands = "share missing, in bands of successive rows"
    label = bands if condensed else "missing"
    bar = _canvas.add_colorbar(list(axes), axes[0].images[0], label, **placing)
    bar.set_ticks([0, 0.05, 0.25, 1] if condensed else [0, 1])
    bar.ax.xaxis.set_major_formatter("{x:.0%}")


def draw_missing_bars(
    ax: Axes, cells: Any, columns: list[str], why: dict[str, str], widest: float
) -> None:
    """Draw the share of each column that is missing, and write how many cells it is."""
    from matplotlib import ticker

    for at, column in enumerate(columns):
        if column in why:
            _write_why(ax, at, why[column], 0, "left")
            continue
        count, share = cells.counts[column], cells.shares[column]
        text = f" {count:,} ({share_text(share)})" if count else " 0"
        ax.barh(at, share, color=BLUE, height=0.7)
        ax.text(share, at, text, va="center", fontsize=SMALL)
    _canvas.tidy(ax, grid="x")
    reach = float(widest) or 1.0
    ax.set_xlim(0, reach * 1.75)
    ticks = ticker.MaxNLocator(4).tick_values(0, reach)
    ax.set_xticks([tick for tick in ticks if 0 <= tick <= min(1, reach * 1.3)])
    ax.xaxis.set_major_formatter(ticker.PercentFormatter(1.0, 0 if reach > 0.04 else 2))
    ax.set_xlabel("share of the cells that are missing", fontsize=SMALL)
    _label(ax, columns)


def _write_why(ax: Axes, at: int, why: str, x: float, side: str) -> None:
    """Write in a column's place why it is not in a table."""
    ax.axhspan(at - 0.4, at + 0.4, color=_PALE, zorder=0)
    style: dict = {"fontsize": SMALL, "fontstyle": "italic", "color": _GREY}
    why = why if side == "center" else f" {why}"
    ax.text(x, at, why, ha=side, va="center", **style)


def _label(ax: Axes, columns: list[str]) -> None:
    """Write the names at the left."""
    titles = [_panels.column_title(name) for name in columns]
    _canvas.name_rows(ax, titles, linespacing=1.0)
    ax.tick_params(labelsize=SMALL)


@dataclasses.dataclass(frozen=True, eq=False)
class MissingCells:
    """Where the cells of one table are missing.

    Attributes
    ----------
    n_rows : int
        Rows of the table.
    counts : Series of int
        Missing cells of each column.
    bands : DataFrame
        Share of missing cells of each column in bands of successive rows; a band is a
        row where there are few of them.
    """

    n_rows: int
    counts: pd.Series
    bands: pd.DataFrame

    @classmethod
    def of_table(cls, columns: dict[str, Any]) -> Self:
        """Count the missing cells of a table."""
        n_rows = len(next(iter(columns.values())).missing)
        edges = np.linspace(0, n_rows, min(n_rows, _MOST_BANDS) + 1).astype(np.intp)
        # band by band, so that the masks of a large table are not held at once
        counts = {
            name: np.add.reduceat(column.missing, edges[:-1], dtype=np.intp)
            for name, column in columns.items()
        }
        in_bands = pd.DataFrame(counts)
        return cls(n_rows, in_bands.sum(), in_bands.div(np.diff(edges), axis=0))

    @property
    def shares(self) -> pd.Series:
        """Share of each column that is missing."""
        return self.counts / self.n_rows


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class MissingValuesDisplay(PanelDisplay):
    """Missing cells of one table or several, before and after imputation.

    Made by `from_frames`.

    Parameters
    ----------
    before : dict of str to MissingCells
        Missing cells of each table.
    after : dict of str to MissingCells
        The same after imputation; empty where it is not known.
    columns : list of str
        The columns that are drawn.
    n_left_out : int
        Columns beyond `max_columns`, those with the fewest missing values.
    correlations : dict of tuple to DataFrame
        For each table's name and "before" or "after" the correlation of missing
        values of the columns drawn.
    kind : {"matrix", "bar", "correlation"}, default="matrix"
        What `plot` draws by default.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        The panels: each table, followed by the same after imputation.
    figure_ : matplotlib Figure
        The figure of the panels.

    See Also
    --------
    segmentlearn.auditing.audit : Whether missing values depend on the target.
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

    before: dict
    after: dict
    columns: list[str]
    n_left_out: int
    correlations: dict
    kind: str = "matrix"

    @classmethod
    def from_frames(
        cls,
        frames: Any,
        *,
        after: Any = None,
        kind: str = "matrix",
        max_columns: int = 40,
        axes: Any = None,
    ) -> Self:
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
            Columns to draw at most, those with the most missing values, in the order of
            the table.
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
        check_option("kind", kind, _KINDS)
        before = _panels.read_tables(frames, "frames", max_columns)
        tables = {"before": before, "after": {}}
        if after is not None:
            tables["after"] = _panels.read_tables(after, "after")
            _name_columns(tables["after"], after, before)
        missing: dict = {
            stage: {name: MissingCells.of_table(table) for name, table in read.items()}
            for stage, read in tables.items()
        }
        columns = _panels.union_of_columns(tables["before"].values())
        shares = [cells.shares for of in missing.values() for cells in of.values()]
        largest = pd.concat(shares).groupby(level=0).max().reindex(columns)
        ranked = largest.sort_values(ascending=False, kind="stable").index[:max_columns]
        shown = [column for column in columns if column in ranked]
        correlations = {
            (name, stage): _correlate({key: read[key] for key in shown if key in read})
            for stage, by_name in tables.items()
            for name, read in by_name.items()
        }
        n_left_out = len(columns) - len(shown)
        chosen: dict = {"columns": shown, "n_left_out": n_left_out, "kind": kind}
        return cls(**missing, **chosen, correlations=correlations).plot(axes=axes)

    def to_frame(self) -> pd.DataFrame:
        """Return counts and shares of missing cells.

        Returns
        -------
        frame : DataFrame
            One row for each table, stage ("before" or "after" imputation) and column,
            all columns of all tables among them: "n_rows", "n_missing",
            "share_missing", and "status": "present", "dropped" by imputation, "added"
            by it, or "absent" from this table. What is not there has no counts.
        """
        tables = [cells.counts.index for cells in self.before.values()]
        everywhere = _panels.union_of_columns(tables)
        frames = []
        for name, stage, cells in self._panels():
            columns = list(dict.fromkeys([*everywhere, *cells.counts.index]))
            frame = pd.DataFrame({"table": name, "stage": stage, "column": columns})
            counts = cells.counts.reindex(columns).astype("Int64")
            frame["n_rows"], frame["n_missing"] = cells.n_rows, counts.array
            frame["share_missing"] = cells.shares.reindex(columns).array
            had = counts.index.isin(self.before[name].counts.index)
            absent = np.where(had, "dropped", "absent")
            present = np.where(had, "present", "added")
            frame["status"] = np.where(counts.isna(), absent, present)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def plot(self, kind: str | None = None, axes: Any = None) -> Self:
        """Draw the tables, each beside itself after imputation.

        Parameters
        ----------
        kind : {"matrix", "bar", "correlation"} or None, default=None
            "matrix": a line a column, whose shade is the share of cells that are
            missing in successive rows. "bar": the share of each column with missing
            values, and how many cells that is. "correlation": whether values of two
            columns are missing together. None takes the kind of the display.
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
        check_option("kind", kind, _KINDS)
        panels, columns = self._panels(), self.columns
        if kind == "bar":  # columns that have something to show
            counts = [cells.counts for *_, cells in panels]
            columns = [c for c in columns if any(own.get(c) != 0 for own in counts)]
        is_new = axes is None
        axes = self._open(kind, columns) if is_new else axes
        axes = self._take_axes(axes, len(panels))
        for at, (ax, panel) in enumerate(zip(axes, panels, strict=True)):
            if kind == "correlation":
                _draw_correlation(ax, self.correlations[panel[:2]])
            else:
                self._draw_columns(ax, kind, columns, panel)
            ax.set_title(self._title(*panel), fontsize=9)
            at_side = panel[1] == "after" if self.after else at % _MOST_IN_A_ROW
            if is_new and at_side and kind != "correlation":
                ax.set_yticklabels([])  # as those of the panel at the left
        if kind == "matrix":
            add_shades(axes, any(cells.n_rows > _MOST_BANDS for *_, cells in panels))
        _panels.finish(axes, self._note(kind, columns), is_new)
        return self

    def _panels(self) -> list[tuple[str, str, MissingCells]]:
        """Return name, stage and missing cells of each panel."""
        return [
            (name, stage, of_stage[name])
            for name in self.before
            for stage, of_stage in (("before", self.before), ("after", self.after))
            if name in of_stage
        ]

    def _open(self, kind: str, columns: list[str]) -> np.ndarray:
        """Return new axes in a figure that fits them."""
        if kind == "correlation":
            n = max([2, *(len(phi) for phi in self.correlations.values())])
            width, height, extra = 2.9 + 0.46 * n, max(2.6, 1.9 + 0.44 * n), 0.0
        else:
            lines = sum(1 + _panels.column_title(name).count("\n") for name in columns)
            width, height, extra = 3.0, 1.2 + _ROW * max(lines, 2), 1.8
        size: dict = {"width": width, "height": height, "extra": extra}
        if not self.after:
            return _panels.open_panels(len(self.before), _MOST_IN_A_ROW, **size)
        axes = _panels.open_panels(2 * len(self.before), 2, **size).reshape(-1, 2)
        for ax, name in zip(axes[:, 1], self.before, strict=True):
            if name not in self.after:
                ax.remove()
        return np.array([ax for ax in axes.ravel() if ax.figure is not None])

    def _title(self, name: str, stage: str, cells: MissingCells) -> str:
        """Return which table it is and how much of it is missing."""
        words = [] if list(self.before) == [ONLY_TABLE] else [name]
        if self.after:
            words.append(f"{stage} imputation")
        n_columns, n_with = len(cells.counts), np.count_nonzero(cells.counts)
        total = "no cell missing"
        if n_with:
            share = share_text(cells.shares.mean())
            total = f"{share} of cells missing, in {n_with} of {n_columns} columns"
        return f"{', '.join(words)}\n{total}".strip()

    def _note(self, kind: str, columns: list[str]) -> str:
        """Return which columns are not drawn."""
        notes, n_shown = [], len(self.columns)
        if self.n_left_out:
            which = f"The {n_shown} of {n_shown + self.n_left_out} columns"
            notes.append(f"{which} with the most missing values")
            notes.append(f"{self.n_left_out} left out")
        n_whole = len(self.columns) - len(columns)
        if kind == "bar" and n_whole and columns:
            notes.append(f"not shown: {count_text(n_whole, 'complete column')}")
        n_added = [
            len(cells.counts.index.difference(self.before[name].counts.index))
            for name, cells in self.after.items()
        ]
        if any(n_added):
            notes.append(f"imputation added {count_text(max(n_added), 'column')}")
        return "; ".join(notes)

    def _draw_columns(
        self, ax: Axes, kind: str, columns: list[str], panel: tuple
    ) -> None:
        """Draw a line or a bar for each column."""
        name, _, cells = panel
        if not columns:
            n_columns = count_text(len(self.columns), "column")
            _panels.write_alone(ax, f"No value is missing in {n_columns}.")
            return
        absent = set(columns).difference(cells.counts.index)
        why = dict.fromkeys(absent, "not in this table")
        dropped = absent.intersection(self.before[name].counts.index)
        why |= dict.fromkeys(dropped, "dropped by imputation")
        if kind == "matrix":
            draw_missing_matrix(ax, cells, columns, why)
            return
        shares = [cells.shares.reindex(columns).max() for *_, cells in self._panels()]
        draw_missing_bars(ax, cells, columns, why, np.nanmax(shares))


def _correlate(columns: dict[str, Any]) -> pd.DataFrame:
    """Correlate which cells are missing (phi), where some are and some are not."""
    masks = {name: cells.missing for name, cells in columns.items()}
    masks = {name: mask for name, mask in masks.items() if 0 < mask.sum() < len(mask)}
    return pd.DataFrame(masks).corr()


def _draw_correlation(ax: Axes, phi: pd.DataFrame) -> None:
    """Draw half a matrix, or write why there is none."""
    if len(phi) < 2:
        n = "No column has" if not len(phi) else "A single column has"
        words = f"{n} both missing and known\nvalues: there is no pair to correlate."
        _panels.write_alone(ax, words)
        return
    names, kinds = list(phi.columns), np.full(phi.shape, "missingness")
    pairs = {"names": names, "matrix": phi.to_numpy(), "kinds": kinds, "target": None}
    AssociationDisplay(**pairs).plot(ax=ax, max_columns=len(phi))


def _name_columns(
    imputed: dict[str, dict], after: Any, before: dict[str, dict]
) -> None:
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
                f"has {len(names)}; pass a frame, so that they can be matched."
            )
        imputed[str(name)] = dict(zip(names, read.values(), strict=True))
