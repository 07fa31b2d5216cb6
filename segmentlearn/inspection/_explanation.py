"""explain: the columns that moved the segment of a customer most."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_regressor
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from segmentlearn._formatting import number_text
from segmentlearn._parameters import validate_parameters
from segmentlearn.exceptions import SchemaError
from segmentlearn.inspection._membership import used_columns
from segmentlearn.inspection._shapley import (
    MixedRows,
    draw_permutations,
    shapley_values,
)
from segmentlearn.tables import Column, Table, as_table

_FEWEST_ROWS = 20  # of X, for a background
_LEAST = 0.005  # a reason that is shown changes a probability in its second digit


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """How much each column moved the segment of each customer.

    Made by :func:`explain`.

    Attributes
    ----------
    values : ndarray of shape (n_samples, n_columns)
        Change of the probability of the segment by each column of the customer, beside
        other customers: its Shapley value. It is 0 for columns that the model does not
        use.
    standard_errors : ndarray of shape (n_samples, n_columns)
        Of the values, which come from a sample of orders and backgrounds.
    base_values : ndarray of shape (n_samples,)
        Mean probability of the segment over the background.
    probabilities : ndarray of shape (n_samples,)
        Probability of the segment: the base value and the values of all columns.
    segments : ndarray of shape (n_samples,)
        The segment that is explained, by default the one that the model predicts.
    cells : DataFrame of shape (n_samples, n_columns)
        The customers.
    """

    values: np.ndarray
    standard_errors: np.ndarray
    base_values: np.ndarray
    probabilities: np.ndarray
    segments: np.ndarray
    cells: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the values.

        Returns
        -------
        frame : DataFrame of shape (n_samples, n_columns)
            With the index and the columns of the customers.
        """
        return pd.DataFrame(self.values, self.cells.index, self.cells.columns)

    def reasons(self, n_reasons: int = 3) -> pd.DataFrame:
        """Return the columns that moved the segment most, in words.

        Parameters
        ----------
        n_reasons : int, default=3
            How many for each customer.

        Returns
        -------
        reasons : DataFrame of shape (n_samples, n_reasons)
            "reason_1", "reason_2", …: such as "Age = 23 (+0.31)" where a customer's age
            raised the probability of the segment by 0.31; those that lowered it have a
            minus. Missing where no further column moved it by 0.005.

        Raises
        ------
        ValueError
            If `n_reasons` is less than 1.
        """
        if n_reasons < 1:
            raise ValueError(f"n_reasons={n_reasons} must be 1 or more.")
        n_rows, n_columns = self.values.shape
        texts = [_cell_texts(name, self.cells.iloc[:, at]) for at, name in self._names]
        order = np.argsort(-np.abs(self.values), axis=1, kind="stable")
        found = {}
        for nth in range(n_reasons):
            column = np.full(n_rows, None, dtype=object)
            for row in range(n_rows if nth < n_columns else 0):
                at = order[row, nth]
                value = self.values[row, at]
                if abs(value) >= _LEAST:
                    column[row] = f"{texts[at][row]} ({value:+.2f})"
            found[f"reason_{nth + 1}"] = column
        return pd.DataFrame(found, index=self.cells.index)

    def by_segment(self) -> pd.DataFrame:
        """Return the mean values of the customers of each segment.

        Returns
        -------
        means : DataFrame of shape (n_segments, n_columns)
            What brings customers into their segment, on average.
        """
        frame = self.to_frame()
        return frame.groupby(
            pd.Series(self.segments, frame.index, name="segment")
        ).mean()

    def __repr__(self) -> str:
        n_rows, n_columns = self.values.shape
        return f"Explanation({n_rows:,} customers, {n_columns} columns)"

    @property
    def _names(self) -> list[tuple[int, str]]:
        return list(enumerate(map(str, self.cells.columns)))


@validate_parameters(background=[object], segment=[object])
def explain(
    model: Any,
    X: Any,
    *,
    background: Any = None,
    segment: Any = None,
    n_permutations: int = 100,
    random_state: Any = 0,
) -> Explanation:
    """Explain the segment of each customer by the columns that moved it most.

    A column's value says how much the customer's cell there changed the probability of
    the segment, beside the cells of other customers, the background. The values of all
    columns add up to what the probability differs from the mean of the background.

    Parameters
    ----------
    model : classifier or clusterer
        Fitted, with ``predict``: of this library or scikit-learn, or a `Pipeline`.
        Without ``predict_proba``, the probability of a segment is 1 or 0.
    X : frame or array of shape (n_samples, n_features)
        Customers to explain, as the model takes them.
    background : frame or array of shape (n_background, n_features), default=None
        Customers to compare with, such as some of those that the model was fitted to,
        or what :meth:`SegmentMonitor.background` draws. None takes X itself.
    segment : label or None, default=None
        The segment to explain for every customer, such as the responders of a campaign;
        None explains the one that the model predicts.
    n_permutations : int, default=100
        Orders of the columns to look at for each customer, and customers of the
        background at most. The standard error falls with its square root, and the time
        grows in proportion.
    random_state : int, RandomState instance or None, default=0
        Draws them.

    Returns
    -------
    explanation : Explanation
        Values of all columns for each customer, with their standard errors; its
        ``reasons(3)`` are the three largest in words.

    Raises
    ------
    TypeError
        If the model has no ``predict``.
    SchemaError
        If X has no column that the model uses, or the background lacks one of these.
    ValueError
        If there is no background and X has fewer than 20 rows, or the model has no
        such segment.

    See Also
    --------
    segment_profile : What is in each segment, whatever the model.
    sklearn.inspection.permutation_importance : What a column is worth to a model.

    Notes
    -----
    The Shapley values of a column are its mean contribution over all orders in which
    the cells of a background customer can be replaced by those of the explained one
    [1]_, as shap's KernelExplainer estimates them from coalitions. Here orders are
    drawn, each with its reverse [2]_, and every customer of the background is used
    equally often. Rows that come up again, as where two customers have the same cell,
    are scored once.

    A value is about the model, not about the world: it does not say what would happen
    if the customer changed. Of two columns that say the same, each gets a part.

    References
    ----------
    .. [1] E. Štrumbelj and I. Kononenko, "Explaining prediction models and individual
       predictions with feature contributions", Knowledge and Information Systems 41,
       2014.
    .. [2] R. Mitchell, J. Cooper, E. Frank and G. Holmes, "Sampling permutations for
       Shapley value estimation", Journal of Machine Learning Research 23, 2022.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from segmentlearn import explain, make_customers
    >>> X, y = make_customers("automobile", 1_000, random_state=0)
    >>> X = X[["Age", "Work_Experience", "Family_Size"]].fillna(0)
    >>> model = LogisticRegression(max_iter=500).fit(X, y)
    >>> explanation = explain(model, X[:2], background=X)
    >>> explanation.reasons(1)["reason_1"].tolist()
    ['Family_Size = 1 (+0.09)', 'Age = 24 (+0.19)']
    """
    if not hasattr(model, "predict") or is_regressor(model):
        raise TypeError(
            f"model must be a fitted classifier or clusterer with predict; got "
            f"{type(model).__name__}."
        )
    check_is_fitted(model)
    table = as_table(X, "explain")
    labels: Any = X.columns if isinstance(X, pd.DataFrame) else table.names
    known = set(used_columns(model, table.names))
    if table.container == "array":
        labels = None
    elif hasattr(model, "feature_names_in_"):
        known &= set(map(str, model.feature_names_in_))
    columns = [name for name in table.names if name in known]
    if not columns:
        raise SchemaError(
            f"X has no column that the model uses; it has {', '.join(table.names)}."
        )
    others = _read_background(table, background, columns)
    score, segments, targets = _outputs(model, X, segment)
    rng = check_random_state(random_state)
    drawn = draw_permutations(others.n_rows, len(columns), n_permutations, rng)
    rows = MixedRows(table, others, columns, labels)
    values, errors = np.zeros((2, table.n_rows, len(table.columns)))
    base = np.empty(table.n_rows)
    used = np.flatnonzero(np.isin(table.names, columns))
    for which, found in shapley_values(score, rows, targets, *drawn):
        means = found.mean(axis=1)
        base[which], values[which, used] = means[:, 0], means[:, 1:]
        errors[which, used] = _standard_errors(found[:, :, 1:])
    frame = pd.DataFrame({column.name: column.cells for column in table.columns})
    frame.index = pd.RangeIndex(table.n_rows) if table.index is None else table.index
    total = base + values.sum(axis=1)
    return Explanation(values, errors, base, total, segments, frame)


def _read_background(table: Table, background: Any, columns: list[str]) -> Table:
    """Return the customers to compare with, in the columns that are used."""
    if background is None:
        if table.n_rows < _FEWEST_ROWS:
            raise ValueError(
                f"X has {table.n_rows} row(s), too few to compare each with the "
                "others; pass background, such as the rows that the model was fitted "
                "to."
            )
        return table
    others = as_table(background, "explain")
    if "array" in (table.container, others.container):
        if len(others.columns) != len(table.columns):
            raise SchemaError(
                f"background has {len(others.columns)} column(s) and X has "
                f"{len(table.columns)}; pass the columns of X."
            )
        others.rename(table.names)
    lacking = [name for name in columns if name not in others.names]
    if lacking:
        raise SchemaError(
            f"background lacks the column(s) {lacking}, which the model uses; pass the "
            "columns of X."
        )
    return others


def _outputs(
    model: Any, X: Any, segment: Any
) -> tuple[Callable[[Any], np.ndarray], np.ndarray, np.ndarray]:
    """Return a function that scores rows, the segment of each customer, its output.

    Segments without a probability, such as noise, are 1 where they are predicted.
    """
    has_proba = hasattr(model, "predict_proba")
    n_outputs = model.predict_proba(X).shape[1] if has_proba else 0
    # clusterers number their segments from 0 and have no classes_
    known = np.asarray(getattr(model, "classes_", range(n_outputs)))
    segments = np.asarray(model.predict(X))
    if segment is not None:
        labels = np.unique([*known, *np.unique(segments)])
        if segment not in labels.tolist():
            raise ValueError(
                f"segment={segment!r} is none of the model's, {labels.tolist()}."
            )
        segments = np.full(len(segments), segment, dtype=labels.dtype)
    labels = pd.Index(known[:n_outputs])
    others = pd.Index(np.unique(segments)).difference(labels)
    labels = labels.append(others) if len(labels) else others
    further = labels[n_outputs:].to_numpy()

    def score(rows: Any) -> np.ndarray:
        found = np.empty((len(rows), len(labels)))
        if has_proba:
            found[:, :n_outputs] = model.predict_proba(rows)
        if len(further):
            predicted = np.asarray(model.predict(rows))
            found[:, n_outputs:] = predicted[:, None] == further
        return found

    return score, segments, labels.get_indexer(segments)


def _standard_errors(changes: np.ndarray) -> np.ndarray:
    """Return the standard errors of the means of permutations and their reverses."""
    n_pairs = changes.shape[1] // 2
    if n_pairs < 2:
        return np.full(changes[:, 0].shape, np.nan)
    pairs = (changes[:, : 2 * n_pairs : 2] + changes[:, 1 : 2 * n_pairs : 2]) / 2
    return pairs.std(axis=1, ddof=1) / np.sqrt(n_pairs)


def _cell_texts(name: str, cells: pd.Series) -> list[str]:
    """Return each cell of a column beside its name."""
    column = Column(name, cells.array)
    if column.is_numeric:
        values = [number_text(number, column.kind) for number in column.numbers]
    else:
        factor = column.factor
        texts = [*map(str, factor.levels), ""]
        values = [texts[code] for code in factor.codes]
    return [
        f"{name} is missing" if is_missing else f"{name} = {value}"
        for value, is_missing in zip(values, column.missing, strict=True)
    ]
