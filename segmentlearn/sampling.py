"""AutoSMOTE: more rows of rare classes, made from raw customer tables.

The only file that imports imbalanced-learn. Its pipeline, which resamples in `fit` and
never in `predict`, is exported from here too.
"""

import warnings
from numbers import Integral
from typing import Any, Self

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.pipeline import Pipeline, make_pipeline
from imblearn.utils import check_sampling_strategy, check_target_type
from scipy import sparse
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.multiclass import check_classification_targets

from segmentlearn._compat import Interval, StrOptions, fit_context, safe_indexing
from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.preprocessing import InterpolatedColumn, is_interpolable
from segmentlearn.tables import (
    CATEGORY,
    NUMBER,
    NUMERIC,
    Table,
    check_row_order,
    check_table,
    resolve_roles,
)

__all__ = ["AutoSMOTE", "Pipeline", "make_pipeline"]

# rows of a class among which neighbours are sought at once; SMOTEN holds all pairs
_MOST_ROWS = {"smote": 20_000, "smotenc": 20_000, "smoten": 5_000}
_MOST_NUMBERS = 25_000_000  # of the neighbours of new rows at once: 200 MB
_MOST_DENSE_COLUMNS = 500


class AutoSMOTE(BaseOverSampler):
    """Oversample rare classes with the SMOTE that suits the columns.

    SMOTE [1]_ makes a new row of a rare class from one of its rows and one of that
    row's nearest neighbours in the class: a number is drawn between theirs, a category
    is the most frequent one among the neighbours. Which of imbalanced-learn's samplers
    does that follows from the columns: SMOTE for numbers, SMOTEN for categories,
    SMOTENC for both.

    Text, categories and truth values are categories; numbers, nullable numbers, dates
    and durations are numeric. The result has the dtypes, the levels and their order,
    and the column names of the table that went in; the rows that went in come first,
    unchanged.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes get how many rows, as in imbalanced-learn. "auto": every class
        gets as many as the largest has. A float is the ratio of the rare class to the
        other one; a dict gives the number of rows of each class afterwards. Others are
        "minority", "not minority", "not majority" and "all".
    k_neighbors : int, default=5
        Neighbours that a new row may be made from. A class of fewer rows has fewer
        neighbours, which a warning reports.
    categorical_features : "auto" or array-like of str, int or bool, default="auto"
        Columns, by name, position or mask, that hold categories whatever their dtype,
        such as codes written as numbers. Other columns are what their dtype says.
    random_state : int, RandomState instance or None, default=None
        Draws rows, neighbours and the place between them.

    Attributes
    ----------
    sampler_ : SMOTE, SMOTENC or SMOTEN
        imbalanced-learn's sampler, fitted to scaled numbers and coded categories.
    kind_ : {"smote", "smotenc", "smoten"}
        Which of the three it is.
    sampling_strategy_ : dict
        Number of new rows of each class that is oversampled.
    categorical_features_ : ndarray of int of shape (n_categorical,)
        Positions of the columns taken for categories.
    n_features_in_ : int
        Number of columns seen in `fit_resample`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns. Defined only where all of them are strings.

    See Also
    --------
    MixedImputer : Fills missing cells; goes before this sampler.
    SegmentClassifier : Its ``class_weight="balanced"`` needs no new rows.

    Notes
    -----
    New rows must never get among the rows a model is evaluated on. So the sampler
    belongs into imbalanced-learn's pipeline, and the pipeline into cross-validation:
    ``make_pipeline(MixedImputer(), AutoSMOTE(), ...)``, the one of this module.
    Probabilities of a model fitted to balanced rows are those of a balanced world; they
    are too high for the rare class.

    *Numbers.* Neighbours are sought among standardised numbers, so that none counts for
    more because of its unit. For SMOTENC the difference of two categories then counts
    as one standard deviation of the median column. A column whose numbers are all whole
    gets whole numbers, whatever its dtype. In 0/1 columns, which are not scaled,
    rounding takes the value of the nearer of the two rows, in all such columns of the
    same one: where no column is categorical, one-hot columns of an encoder
    stay one-hot. Sampling the raw table is still better: there a category is
    one column and has the neighbours' most frequent level. Ordinal codes and target
    means of an encoder are interpolated as the numbers that they are.

    *Many rows.* SMOTE and SMOTENC compare all rows of a class, SMOTEN keeps all their
    distances. A class of more than 20,000 rows (SMOTEN: 5,000) is therefore oversampled
    in rounds, in each of which neighbours are sought in another random sample of that
    many rows; so are more new rows than fit into some 200 MB. `sampler_` is then that
    of the last round.

    Row labels of a frame are numbered anew, as imbalanced-learn does.

    References
    ----------
    .. [1] N. V. Chawla, K. W. Bowyer, L. O. Hall and W. P. Kegelmeyer, "SMOTE:
       synthetic minority over-sampling technique", Journal of Artificial Intelligence
       Research 16, 2002.

    Examples
    --------
    >>> import pandas as pd
    >>> from segmentlearn.sampling import AutoSMOTE
    >>> X = pd.DataFrame(
    ...     {"age": [20, 30, 40, 50, 60, 30], "job": ["Artist", "Judge"] * 3}
    ... )
    >>> y = ["no"] * 4 + ["yes"] * 2
    >>> sampler = AutoSMOTE(k_neighbors=1, random_state=0)
    >>> X_more, y_more = sampler.fit_resample(X, y)
    >>> sampler.kind_, sampler.sampling_strategy_
    ('smotenc', {'yes': 2})
    >>> len(X_more), X_more["age"].dtype, y_more.count("yes")
    (8, dtype('int64'), 4)
    """

    _parameter_constraints: dict = {
        "sampling_strategy": BaseOverSampler._parameter_constraints[
            "sampling_strategy"
        ],
        "k_neighbors": [Interval(Integral, 1, None, closed="left")],
        "categorical_features": [StrOptions({"auto"}), "array-like", None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        sampling_strategy: Any = "auto",
        *,
        k_neighbors: int = 5,
        categorical_features: Any = "auto",
        random_state: Any = None,
    ) -> None:
        self.sampling_strategy = sampling_strategy
        self.k_neighbors = k_neighbors
        self.categorical_features = categorical_features
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> Self:
        """Check the table and count the new rows, without making them.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table, without missing cells.
        y : array-like of shape (n_samples,)
            Class labels.

        Returns
        -------
        self : AutoSMOTE
            With `sampling_strategy_` and `kind_`, but without `sampler_`.

        Raises
        ------
        SchemaError
            If a column holds missing or infinite values.
        ValueError
            If y is continuous or has one class only.
        """
        self._read(X, y)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return the table with new rows of the rare classes at its end.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table, without missing cells.
        y : array-like of shape (n_samples,)
            Class labels, or their one-hot form.

        Returns
        -------
        X_resampled : DataFrame, ndarray or list of shape (n_samples_new, n_features)
            What X is, with its dtypes.
        y_resampled : Series, DataFrame, ndarray or list of shape (n_samples_new,)
            What y is, with its dtype.

        Raises
        ------
        SchemaError
            If a column holds missing or infinite values.
        ValueError
            If y is continuous, has one class only, or a class that is to be oversampled
            has one row.
        """
        return self._fit_resample(X, y)

    def _fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Resample; the name is imbalanced-learn's, the table comes as it is."""
        table, labels = self._read(X, y)
        classes, first_rows, y_encoded = np.unique(
            labels, return_index=True, return_inverse=True
        )
        wanted = {
            int(np.searchsorted(classes, label)): int(n_new)
            for label, n_new in self.sampling_strategy_.items()
            if n_new > 0
        }
        self._check_rows(classes, np.bincount(y_encoded), wanted)
        columns = _Columns(table, self.categorical_features_.tolist())
        new, new_labels = self._make_rows(columns, labels, y_encoded, wanted)
        sources = first_rows[np.searchsorted(classes, new_labels)]
        rows = np.concatenate([np.arange(len(y_encoded)), sources])
        return _append(X, table, columns.cells(new)), _take(y, rows)

    def _read(self, X: Any, y: Any) -> tuple[Table, np.ndarray]:
        """Check table and labels; set the attributes that follow from them."""
        check_row_order(X, y)
        check_classification_targets(y)
        labels, _ = check_target_type(y, indicate_one_vs_all=True)
        labels = np.asarray(labels)
        if sparse.issparse(X):
            raise TypeError(
                "X is a sparse matrix, and AutoSMOTE takes dense tables; put it before "
                "the step that makes X sparse, or pass X.toarray()."
            )
        table = check_table(self, X, reset=True)
        if table.container == "polars":
            raise TypeError(
                "X is a polars DataFrame, and AutoSMOTE takes pandas ones; pass "
                "X.to_pandas()."
            )
        check_consistent_length(X, labels)
        _refuse_missing(table)
        can_interpolate = [is_interpolable(column.cells) for column in table.columns]
        kinds = [NUMBER if can else CATEGORY for can in can_interpolate]
        roles, _ = resolve_roles(table.names, kinds, self.categorical_features)
        self.categorical_features_ = np.flatnonzero(np.array(roles) != NUMERIC)
        kinds_of_smote = {0: "smote", len(roles): "smoten"}
        self.kind_ = kinds_of_smote.get(len(self.categorical_features_), "smotenc")
        self.sampling_strategy_ = {
            label.item() if isinstance(label, np.generic) else label: int(n_new)
            for label, n_new in check_sampling_strategy(
                self.sampling_strategy, labels, self._sampling_type
            ).items()
        }
        return table, labels

    def _check_rows(
        self, classes: np.ndarray, n_rows: np.ndarray, wanted: dict[int, int]
    ) -> None:
        """Refuse classes without a neighbour, and warn about those with few."""
        single = [classes[encoded] for encoded in wanted if n_rows[encoded] == 1]
        if single:
            raise ValueError(
                f"SMOTE makes a row from two of the same class, and class(es) "
                f"{_listed(single)} have one; merge them with another class, or leave "
                "them out by a dict in sampling_strategy."
            )
        small = [
            f"{_listed([classes[encoded]])} ({n_rows[encoded]} rows)"
            for encoded in wanted
            if n_rows[encoded] <= self.k_neighbors
        ]
        if small:
            warnings.warn(
                f"k_neighbors={self.k_neighbors} needs {self.k_neighbors + 1} rows of "
                "a class; all other rows of the class are neighbours in: "
                f"{', '.join(small)}.",
                SegmentLearnWarning,
                stacklevel=5,
            )

    def _make_rows(
        self,
        columns: "_Columns",
        labels: np.ndarray,
        y_encoded: np.ndarray,
        wanted: dict[int, int],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the new rows as floats, and their labels."""
        rng = check_random_state(self.random_state)
        n_rounds = self._n_rounds(columns, np.bincount(y_encoded), wanted)
        made, made_labels = [], []
        for number in range(n_rounds):
            rows = self._rows_of_round(y_encoded, wanted, rng)
            counts = np.bincount(y_encoded[rows])
            by_label = {}
            for encoded, n_new in wanted.items():
                n_of_round = n_new // n_rounds + (number < n_new % n_rounds)
                if n_of_round:
                    label = labels[y_encoded == encoded][0]
                    by_label[label] = int(counts[encoded]) + n_of_round
            settings = {
                "sampling_strategy": by_label,
                "k_neighbors": _CappedNeighbors(n_neighbors=self.k_neighbors + 1),
                "random_state": rng,
            }
            kinds = {"smote": SMOTE, "smoten": SMOTEN, "smotenc": SMOTENC}
            if self.kind_ == "smotenc":
                settings["categorical_features"] = columns.categorical
            self.sampler_ = kinds[self.kind_](**settings)
            X, y = self.sampler_.fit_resample(columns.numbers[rows], labels[rows])
            made.append(np.asarray(X, dtype=np.float64)[len(rows) :])
            made_labels.append(y[len(rows) :])
        return np.concatenate(made), np.concatenate(made_labels)

    def _n_rounds(
        self, columns: "_Columns", n_rows: np.ndarray, wanted: dict[int, int]
    ) -> int:
        """Return the number of rounds in which rows are made, see Notes."""
        most_rows = _MOST_ROWS[self.kind_]
        width = columns.n_levels if self.kind_ == "smotenc" else len(columns.columns)
        neighbours = 1 if self.kind_ == "smote" else self.k_neighbors + 1
        most_new = max(1, _MOST_NUMBERS // (neighbours * width))
        n_rounds = [1, *(-(-n_new // most_new) for n_new in wanted.values())]
        n_rounds += [-(-min(n_rows[at], n) // most_rows) for at, n in wanted.items()]
        return int(max(n_rounds))

    def _rows_of_round(
        self, y_encoded: np.ndarray, wanted: dict[int, int], rng: np.random.RandomState
    ) -> np.ndarray:
        """Return the rows that a round needs, in the order of the table.

        SMOTE and SMOTENC need only the classes that grow, and a single row of each
        other. The distances of SMOTEN come from all classes.
        """
        most_rows = _MOST_ROWS[self.kind_]
        chosen = []
        for encoded in range(y_encoded.max() + 1):
            rows = np.flatnonzero(y_encoded == encoded)
            if encoded not in wanted:
                rows = rows if self.kind_ == "smoten" else rows[:1]
            elif len(rows) > most_rows:
                rows = rng.choice(rows, most_rows, replace=False)
            chosen.append(rows)
        return np.sort(np.concatenate(chosen))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


class _CappedNeighbors(NearestNeighbors):
    """Nearest neighbours that are fewer where there are fewer rows."""

    def fit(self, X: Any, y: Any = None) -> Self:
        # rows of one-hot columns are compared many times as fast when they are dense
        if sparse.issparse(X) and X.shape[1] <= _MOST_DENSE_COLUMNS:
            X = X.toarray()
        return super().fit(X, y)

    def kneighbors(
        self,
        X: Any = None,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> Any:
        n_neighbors = min(n_neighbors or self.n_neighbors, self.n_samples_fit_)
        if X is not None and sparse.issparse(X) and not sparse.issparse(self._fit_X):
            X = X.toarray()
        return super().kneighbors(X, n_neighbors, return_distance)


class _Columns:
    """A table as scaled numbers and codes of categories, which can be inverted."""

    def __init__(self, table: Table, categorical: list[int]) -> None:
        width = len(table.columns)
        self.categorical, self.n_levels = categorical, 0
        self.numbers = np.empty((table.n_rows, width))
        self.center, self.scale = np.zeros(width), np.ones(width)
        self.columns: list = []  # InterpolatedColumn, or distinct cells of a category
        for at, column in enumerate(table.columns):
            if at in categorical:
                _, first, self.numbers[:, at] = np.unique(
                    column.factor.codes, return_index=True, return_inverse=True
                )
                self.columns.append(column.cells.take(first))
                self.n_levels += len(first)
                continue
            interpolated = InterpolatedColumn(column.cells, column.name)
            self.columns.append(interpolated)
            self.numbers[:, at] = numbers = interpolated.numbers
            self.n_levels += 1
            if (deviation := numbers.std()) > 0 and not interpolated.is_flag:
                self.center[at], self.scale[at] = numbers.mean(), deviation
        self.numbers -= self.center
        self.numbers /= self.scale

    def cells(self, new: np.ndarray) -> list:
        """Return new rows as columns of the table's own cells."""
        unscaled = new * self.scale + self.center
        return [
            column.cells(numbers)
            if isinstance(column, InterpolatedColumn)
            else column.take(codes.astype(int))
            for column, numbers, codes in zip(
                self.columns, unscaled.T, new.T, strict=True
            )
        ]


def _refuse_missing(table: Table) -> None:
    """Raise if a cell is missing or infinite, so that it cannot be interpolated."""
    missing = [column.name for column in table.columns if column.missing.any()]
    if missing:
        raise SchemaError(
            f"Input X contains NaN or other missing values, in column(s) {missing}, "
            f"and AutoSMOTE imputes nothing; put segmentlearn.MixedImputer before it: "
            f"make_pipeline(MixedImputer(), AutoSMOTE(), ...), the make_pipeline of "
            f"segmentlearn.sampling."
        )
    floats = [column for column in table.columns if column.cells.dtype.kind == "f"]
    infinite = [c.name for c in floats if np.isinf(np.asarray(c.cells)).any()]
    if infinite:
        raise SchemaError(
            f"Input X contains infinity, in column(s) {infinite}; replace it by "
            f"missing values and put segmentlearn.MixedImputer before AutoSMOTE."
        )


def _append(X: Any, table: Table, cells: list) -> Any:
    """Return X with new rows in what X came in."""
    if table.container == "pandas":
        frame = X if isinstance(X, pd.DataFrame) else X.to_pandas()
        new = pd.DataFrame(dict(enumerate(cells)))
        new.columns = frame.columns
        return pd.concat([frame, new], ignore_index=True)
    old = np.column_stack([column.cells for column in table.columns])
    new = np.empty((len(cells[0]), len(cells)), dtype=old.dtype)
    for at, column in enumerate(cells):
        new[:, at] = column
    return [*X, *new.tolist()] if isinstance(X, list | tuple) else np.vstack([old, new])


def _take(y: Any, rows: np.ndarray) -> Any:
    """Return these rows of the labels, numbered anew where they have an index."""
    if isinstance(y, tuple):
        y = list(y)
    taken = safe_indexing(y, rows)
    return taken.reset_index(drop=True) if hasattr(taken, "reset_index") else taken


def _listed(labels: Any) -> str:
    """Write labels as they look in Python, without numpy's types."""
    return ", ".join(map(repr, np.asarray(labels).tolist()))
