"""associations: pairwise associations of columns, and with the target."""

import dataclasses
import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length

from segmentlearn._formatting import cell_text, escape_markdown, markdown_table
from segmentlearn._parameters import check_option, validate_parameters
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.metrics import AssociationColumn, associate
from segmentlearn.preprocessing import (
    association_column,
    association_target,
    univariate_score,
)
from segmentlearn.tables import (
    Column,
    as_table,
    draw_rows,
    expected_kinds,
    free_name,
    resolve_roles,
)

_NUMBERS = ("association", "measure", "p_value", "n_rows")  # of each pair
_MEASURES = {
    "spearman": "Spearman's correlation of two columns of numbers",
    "pearson": "Pearson's correlation of two columns of numbers",
    "correlation_ratio": "the correlation ratio of a column of numbers and a category",
    "cramers_v": "Cramér's V of two categories",
}


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Associations:
    """Which columns go together, and with the target.

    Made by :func:`associations`.

    Attributes
    ----------
    matrix : DataFrame of shape (n_columns, n_columns)
        Association of each pair: from -1 to 1 for two columns of numbers, else from 0
        to 1; NaN where it is not defined, such as for a column of a single value. The
        target, where there is one, is last.
    kinds : DataFrame of shape (n_columns, n_columns)
        What each value is: "spearman", "pearson", "correlation_ratio" or "cramers_v".
    p_values : DataFrame of shape (n_columns, n_columns)
        Of the hypothesis that two columns have nothing to do with each other, not
        corrected for their number.
    n_pairs : DataFrame of shape (n_columns, n_columns)
        Rows that hold both.
    target : str or None
        Name of the target in these frames.
    with_target : DataFrame or None
        One row a column, strongest first: "association" with the target, "measure",
        "p_value", "n_rows", and how well the column alone predicts the target of
        held-out rows: "auc" for classes (0.5 is chance, the mean of one class against
        all others), "r2" for amounts (0 for a column without information, negative for
        one that misleads).
    n_rows : int
        Rows of the table.
    n_sampled : int
        Rows that were looked at.

    See Also
    --------
    segmentlearn.plotting.AssociationDisplay : The matrix as a picture.
    """

    matrix: pd.DataFrame
    kinds: pd.DataFrame
    p_values: pd.DataFrame
    n_pairs: pd.DataFrame
    target: str | None
    with_target: pd.DataFrame | None
    n_rows: int
    n_sampled: int

    def to_frame(self, kind: str = "pairs") -> pd.DataFrame:
        """Return the numbers as a frame.

        Parameters
        ----------
        kind : {"pairs", "matrix", "target"}, default="pairs"
            "pairs": one row a pair of columns, strongest first. "matrix": the
            attribute. "target": ``with_target``.

        Returns
        -------
        frame : DataFrame
            A new one.

        Raises
        ------
        ValueError
            If there is no such kind, or no target.
        """
        check_option("kind", kind, ("pairs", "matrix", "target"))
        if kind == "matrix":
            return self.matrix.copy()
        if kind == "target":
            if self.with_target is None:
                raise ValueError(
                    "kind='target' needs a target; pass y to associations."
                )
            return self.with_target.copy()
        first, second = np.triu_indices(len(self.matrix), 1)
        names = self.matrix.columns
        frame = pd.DataFrame({"first": names[first], "second": names[second]})
        matrices = (self.matrix, self.kinds, self.p_values, self.n_pairs)
        for name, matrix in zip(_NUMBERS, matrices, strict=True):
            frame[name] = matrix.to_numpy()[first, second]
        return _strongest_first(frame).reset_index(drop=True)

    def to_markdown(self, *, max_rows: int = 20) -> str:
        """Return a report for a document.

        Parameters
        ----------
        max_rows : int, default=20
            Rows of each table at most, the strongest.

        Returns
        -------
        text : str
            The columns with the target, where there is one, then the strongest pairs.
        """
        parts, pairs = ["# Associations", f"{self._rows_text()}."], self.to_frame()
        if self.with_target is not None:
            parts.append(f"## With {escape_markdown(str(self.target))}")
            parts.append(_table(self.with_target.reset_index().head(max_rows)))
            pairs = pairs[pairs["second"] != self.target]
        if len(pairs):
            parts += ["## With each other", _table(pairs.head(max_rows))]
        used = set(np.unique(self.kinds.to_numpy().astype(str)))
        notes = [f"- {key}: {text}." for key, text in _MEASURES.items() if key in used]
        notes.append("- Association shows what goes together, not what causes what.")
        parts += ["## How to read this", "\n".join(notes)]
        return "\n\n".join(parts) + "\n"

    def __repr__(self) -> str:
        target = "" if self.target is None else f", target {self.target!r}"
        return f"Associations({len(self.matrix)} columns{target}, {self._rows_text()})"

    def _rows_text(self) -> str:
        """Return how many rows there are, and how many were looked at."""
        if self.n_sampled == self.n_rows:
            return f"{self.n_rows:,} rows"
        return f"{self.n_sampled:,} rows drawn from {self.n_rows:,}"


@validate_parameters()
def associations(
    X: Any,
    y: ArrayLike | None = None,
    *,
    method: str = "spearman",
    categorical_features: Any = "auto",
    target_type: str = "auto",
    identifiers: str = "drop",
    max_rows: int | None = 200000,
    random_state: Any = 0,
) -> Associations:
    """Measure which columns go together, and which go with the target.

    Each pair is measured by what suits it: two columns of numbers are correlated, two
    categories have Cramér's V with Bergsma's correction, and one of each has the
    correlation ratio, corrected as an adjusted R² is.

    Parameters
    ----------
    X : frame or array-like of shape (n_samples, n_features)
        Raw columns: numbers, text, categories, truth values, dates, missing cells. A
        pair is measured over the rows that hold both.
    y : array-like of shape (n_samples,) or None, default=None
        Labels or numbers, one for each row of X.
    method : {"spearman", "pearson"}, default="spearman"
        "spearman" looks at the ranks of numbers, beside categories too; "pearson" at
        the numbers themselves.
    categorical_features : "auto", list of str or int, or None, default="auto"
        Columns that hold categories whatever their dtype, by name or position.
    target_type : {"auto", "classes", "continuous"}, default="auto"
        How y is read. "auto" takes text, truth values and up to 30 distinct whole
        numbers for classes.
    identifiers : {"drop", "keep"}, default="drop"
        Whether columns of frames with nearly one value a row are left out, with a
        warning.
    max_rows : int or None, default=200000
        Rows to look at, at most; of a larger table a sample is drawn. With 200,000 rows
        the standard error of a correlation is 0.002.
    random_state : int, RandomState instance or None, default=0
        Draws the sample and the folds of "auc" and "r2".

    Returns
    -------
    associations : Associations
        The matrix, and the columns in the order of their association with y.

    Raises
    ------
    ValueError
        If y has missing values or another length than X.
    SchemaError
        If a column holds infinite values, or all look like identifiers.

    Warns
    -----
    SegmentLearnWarning
        If identifiers are left out.

    See Also
    --------
    segmentlearn.preprocessing.AssociationSelector : Keep columns by it.
    segmentlearn.metrics.association : One pair.

    Notes
    -----
    "auc" and "r2" are measured on five held-out folds, from the smoothed mean target of
    each level of the column, or of each twentieth of its numbers; missing cells are a
    level of their own. So they see what is not monotone and what missing cells
    reveal, and unlike an accuracy they are not raised by a large class.

    Examples
    --------
    >>> from segmentlearn import make_customers
    >>> from segmentlearn.inspection import associations
    >>> X, segments = make_customers("mall", 300, random_state=0)
    >>> found = associations(X, segments)
    >>> found.with_target["auc"].idxmin()
    'Gender'
    >>> found.kinds.loc["Gender", "Age"]
    'correlation_ratio'
    """
    table = as_table(X, "associations")
    roles, chosen = resolve_roles(table.names, table.kinds, categorical_features)
    n_sampled = min(table.n_rows, max_rows or table.n_rows)
    rows: Any = slice(None)
    if n_sampled < table.n_rows:
        rows = draw_rows(table.n_rows, n_sampled, check_random_state(random_state))
    if y is not None:
        check_consistent_length(table.columns[0], y)
    columns, prepared, left_out = {}, {}, []
    keeps_all = identifiers == "keep" or table.container == "array"
    kinds = expected_kinds(roles, table.kinds)
    for column, kind in zip(table.columns, kinds, strict=True):
        name, column = column.name, Column(column.name, column.cells[rows], kind)
        if column.identifies and not keeps_all and name not in chosen:
            left_out.append(name)
        else:
            columns[name] = column
            prepared[name] = association_column("associations", column, method)
    if left_out:
        warnings.warn(
            f"The column(s) {left_out} look like identifiers (nearly one value a row) "
            f"and are left out; pass identifiers='keep' to have them too.",
            SegmentLearnWarning,
            stacklevel=3,
        )
    target, labels = None, None
    if y is not None:
        target = free_name(str(getattr(y, "name", None) or "target"), columns)
        labels = np.asarray(y)[rows]
        prepared[target] = association_target(labels, target_type, method)
    pairs = _all_pairs(prepared)
    with_target = None
    if target is not None and labels is not None:
        found = [matrix[target].rename(None) for matrix in pairs]
        with_target = pd.concat(found, axis=1, keys=_NUMBERS).drop(index=target)
        score = "r2" if prepared[target].is_numeric else "auc"
        with_target[score] = [
            univariate_score(columns[name], labels, score == "auc", random_state)
            for name in with_target.index
        ]
        with_target = _strongest_first(with_target.rename_axis("column"))
    facts: tuple = (target, with_target, table.n_rows, n_sampled)
    return Associations(*pairs, *facts)


def _all_pairs(columns: dict[str, AssociationColumn]) -> list[pd.DataFrame]:
    """Return value, measure, p-value and rows of every pair."""
    names = list(columns)
    cells = np.empty((4, len(names), len(names)), dtype=object)
    for at, name in enumerate(names):
        for other_at, other in enumerate(names[: at + 1]):
            pair = associate(columns[name], columns[other])
            found = (pair.value, pair.measure, pair.p_value, pair.n_rows)
            cells[:, at, other_at] = cells[:, other_at, at] = found
    frames = [pd.DataFrame(values, index=names, columns=names) for values in cells]
    return [frame.infer_objects() for frame in frames]


def _strongest_first(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort by the size of the association, NaN last."""
    return frame.sort_values(
        "association", key=np.abs, ascending=False, kind="stable", na_position="last"
    )


def _table(frame: pd.DataFrame) -> str:
    p_values = ["<0.001" if p < 0.001 else cell_text(p) for p in frame["p_value"]]
    return markdown_table(frame.assign(p_value=p_values))
