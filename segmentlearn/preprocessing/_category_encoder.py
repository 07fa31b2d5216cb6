"""CategoryEncoder: category levels as numbers a net can learn from."""

import warnings
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from segmentlearn._compat import Interval, StrOptions, fit_context
from segmentlearn.exceptions import CountWarning
from segmentlearn.preprocessing._target_encoding import (
    cross_fitted_means,
    is_encodable,
    means_of_counts,
    read_target,
    smoothed_means,
)
from segmentlearn.tables import (
    Factor,
    check_input_features,
    check_table,
    level_counts,
    level_order,
    raw_table_tags,
    row_chunks,
    unique_names,
)

_RARE_ROWS = 5
_RARE_SHARE = 0.01
_MOST_MERGED = 0.05
_ABOVE_ZERO = Interval(Real, 0, None, closed="neither")


class CategoryEncoder(TransformerMixin, BaseEstimator):
    """Encode categories one-hot, as ordinals, or by target means.

    Every column given is taken for a category, whatever its dtype. Levels seen in few
    rows are merged into the level "other"; a level that `fit` has not seen counts as
    "other" too, and `transform` reports it in a warning. Missing cells are a level of
    their own where training rows had any.

    Parameters
    ----------
    encoding : {"auto", "onehot", "ordinal", "target"}, default="auto"
        How a column becomes numbers:

        - "onehot": one 0/1 column a level.
        - "ordinal": one column of whole numbers, 0 for the first level; the number
          after the last level stands for "other".
        - "target": the mean of y within the level, smoothed; one column, or one a class
          where y has more than two. `fit_transform` encodes each training row from
          folds that don't hold it, so its own y never leaks into it.
        - "auto": "target" for a column with more than `max_levels` levels where y is
          given, unless all but `max_levels` of them are rare and make up less than 5 %
          of the rows; else "onehot". Without y the `max_levels` most frequent levels
          keep their columns and the rest are merged.
    min_frequency : float, "auto" or None, default="auto"
        Levels with fewer rows are merged into "other". From 1 on it counts rows, below
        it is a share of the rows. "auto": fewer than 5 rows, in tables
        under 500 rows fewer than 1 % of them, and no merging before target means, which
        are smoothed instead. None: no level is merged.
    max_levels : int, default=30
        Most levels that "auto" encodes one-hot.
    target_type : {"auto", "classes", "continuous"}, default="auto"
        How y is read for target means. "auto" takes text, truth values and up to 30
        distinct whole numbers for classes.
    random_state : int, RandomState instance or None, default=None
        Draws the folds of the target means. Pass an int for repeatable results.

    Attributes
    ----------
    levels_ : dict of str to list
        The levels of each column that have a code of their own, in the order of the
        codes, as plain str, int, float or bool; None stands for missing cells.
    merged_levels_ : dict of str to list
        The levels of each column that were merged into "other".
    column_encodings_ : dict of str to str
        "onehot", "ordinal" or "target" for each column.
    tables_ : dict of str to ndarray of shape (n_levels + 1, n_outputs)
        The numbers that encode each level; the last row encodes "other".
    output_groups_ : dict of str to list of int
        Positions of the output columns that come from each column.
    target_classes_ : list or None
        Classes of y where target means of classes were taken, else None.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in `fit`. Defined only where all of them are strings.

    See Also
    --------
    TabularPreprocessor : Imputes, scales and encodes a raw table in one step.
    sklearn.preprocessing.OneHotEncoder : One-hot encoding alone.
    sklearn.preprocessing.TargetEncoder : Target means with another smoothing.

    Notes
    -----
    One-hot, "other" has a column only where training rows fell into it. Where none did,
    a constant column would give the net a weight that nothing has trained; an unseen
    level is then the row of zeros, which no known level has.

    Target means are smoothed by a random-effects model: the mean of a level with few
    rows is drawn to the overall mean, the more so the less the levels differ.

    Levels of an ordered categorical dtype keep its order; others are sorted.

    Regularised target means are the best general encoding of many levels, one-hot
    that of few [1]_.

    References
    ----------
    .. [1] F. Pargent, F. Pfisterer, J. Thomas, B. Bischl: "Regularized target encoding
       outperforms traditional methods in supervised machine learning with high
       cardinality features", Computational Statistics 37, 2022.

    Examples
    --------
    >>> import pandas as pd
    >>> from segmentlearn.preprocessing import CategoryEncoder
    >>> professions = ["Artist", "Artist", "Doctor", "Doctor", "Judge"]
    >>> X = pd.DataFrame({"Profession": professions})
    >>> encoder = CategoryEncoder(min_frequency=2).set_output(transform="pandas")
    >>> encoder.fit_transform(X)
       Profession_Artist  Profession_Doctor  Profession_other
    0                1.0                0.0               0.0
    1                1.0                0.0               0.0
    2                0.0                1.0               0.0
    3                0.0                1.0               0.0
    4                0.0                0.0               1.0
    """

    _parameter_constraints: dict = {
        "encoding": [StrOptions({"auto", "onehot", "ordinal", "target"})],
        "min_frequency": [_ABOVE_ZERO, StrOptions({"auto"}), None],
        "max_levels": [Interval(Integral, 1, None, closed="left")],
        "target_type": [StrOptions({"auto", "classes", "continuous"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        encoding: str = "auto",
        *,
        min_frequency: float | str | None = "auto",
        max_levels: int = 30,
        target_type: str = "auto",
        random_state: Any = None,
    ) -> None:
        self.encoding = encoding
        self.min_frequency = min_frequency
        self.max_levels = max_levels
        self.target_type = target_type
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the levels of every column and their numbers.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Categories of any dtype; missing cells are allowed.
        y : array-like of shape (n_samples,), default=None
            Labels or numbers; used by target means only.

        Returns
        -------
        self : CategoryEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            If ``encoding="target"`` and y is None or has several columns.
        """
        table = check_table(self, X, reset=True)
        self._fit_factors({c.name: c.factor for c in table.columns}, y)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Fit and encode the training rows; target means are cross-fitted.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Categories of any dtype; missing cells are allowed.
        y : array-like of shape (n_samples,), default=None
            Labels or numbers; used by target means only.

        Returns
        -------
        X_encoded : ndarray of float32 or DataFrame of shape (n_samples, n_outputs)
            Differs from ``fit(X, y).transform(X)`` in columns of target means.
        """
        table = check_table(self, X, reset=True)
        factors = {column.name: column.factor for column in table.columns}
        cross_fitted = self._fit_factors(factors, y)
        return self._encode(list(factors.values()), cross_fitted)

    def transform(self, X: Any) -> Any:
        """Encode rows by the levels learnt in `fit`.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The columns seen in `fit`.

        Returns
        -------
        X_encoded : ndarray of float32 or DataFrame of shape (n_samples, n_outputs)
            The encoded columns. Levels not seen in `fit` count as "other" and are
            reported in one `CountWarning`.

        Raises
        ------
        SchemaError
            If the columns of a frame are not those seen in `fit`.
        """
        check_is_fitted(self)
        table = check_table(self, X, reset=False)
        return self._encode([column.factor for column in table.columns])

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> np.ndarray:
        """Return the names of the output columns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the input columns; None takes those seen in `fit`.

        Returns
        -------
        names : ndarray of str objects of shape (n_outputs,)
            ``Profession_Artist``, ``Profession_other``, ``Profession_missing`` one-hot,
            ``Profession_target_A`` for target means, ``Profession`` for ordinals.
        """
        check_is_fitted(self)
        names = check_input_features(self, input_features)
        return np.array(self._output_names(names), dtype=object)

    def _fit_factors(
        self, factors: dict[str, Factor], y: Any, classes: list | None = None
    ) -> dict[str, np.ndarray]:
        """Learn everything; return the cross-fitted means of the training rows.

        Of rows drawn from a larger table, whose counts the factors hold, `classes` are
        its classes; the means are those of levels then, by fold.
        """
        self.levels_: dict[str, list] = {}
        self.merged_levels_: dict[str, list] = {}
        self.column_encodings_: dict[str, str] = {}
        self.tables_: dict[str, np.ndarray] = {}
        self.output_groups_: dict[str, list[int]] = {}
        self.target_classes_ = None
        if y is not None:
            check_consistent_length(next(iter(factors.values())).codes, y)
        elif self.encoding == "target":
            raise ValueError(
                "CategoryEncoder(encoding='target') requires y to be passed, but the "
                "target y is None."
            )
        target, cross_fitted, start = None, {}, 0
        for name, factor in factors.items():
            self._fit_levels(name, factor, is_encodable(y))
            n_codes = len(self.levels_[name]) + 1
            encoding = self.column_encodings_[name]
            if encoding == "ordinal":
                table = np.arange(n_codes, dtype=np.float32)[:, np.newaxis]
            elif encoding == "onehot":
                has_other = bool(self.merged_levels_[name])
                table = np.eye(n_codes, n_codes - 1 + has_other, dtype=np.float32)
            elif factor.whole is not None:
                self.target_classes_ = classes
                counts = np.zeros((n_codes, *factor.whole.shape[1:]), np.int64)
                np.add.at(counts, self._codes_of_levels(name, factor), factor.whole)
                whole = counts.sum(axis=1)
                table = means_of_counts(whole).astype(np.float32)
                others = whole[:, np.newaxis] - counts
                cross_fitted[name] = np.stack(
                    [means_of_counts(rows) for rows in others.swapaxes(0, 1)]
                )
            else:
                if target is None:
                    target, self.target_classes_ = read_target(y, self.target_type)
                codes, _ = self._recode(name, factor)
                table = smoothed_means(codes, n_codes, target).astype(np.float32)
                cross_fitted[name] = cross_fitted_means(
                    codes, n_codes, target, self.target_classes_, self.random_state
                )
            self.tables_[name] = table
            self.output_groups_[name] = list(range(start, start + table.shape[1]))
            start += table.shape[1]
        return cross_fitted

    def _fit_levels(self, name: str, factor: Factor, has_target: bool) -> None:
        """Choose the levels of a column that keep a code, and its encoding."""
        counts = level_counts(factor)
        order = list(counts) if factor.ordered else sorted(counts, key=level_order)
        n_rows = sum(counts.values())
        fewest = self._fewest_rows(n_rows)
        kept = [level for level in order if counts[level] >= fewest]
        encoding = self.encoding
        if encoding == "auto":
            n_merged = n_rows - sum(counts[level] for level in kept)
            many_rare = n_merged > _MOST_MERGED * n_rows
            many = len(counts if many_rare else kept) > self.max_levels
            encoding = "target" if many and has_target else "onehot"
            if many and not has_target:
                ranked = sorted(kept, key=lambda level: -counts[level])
                frequent = set(ranked[: self.max_levels])
                kept = [level for level in kept if level in frequent]
        if encoding == "target" and self.min_frequency == "auto":
            kept = order
        keeps = set(kept)
        self.levels_[name] = kept
        self.merged_levels_[name] = [level for level in order if level not in keeps]
        self.column_encodings_[name] = encoding

    def _fewest_rows(self, n_rows: int) -> float:
        """Return how many rows a level needs to keep a code of its own."""
        if self.min_frequency is None:
            return 0
        if isinstance(self.min_frequency, str):
            return min(_RARE_ROWS, _RARE_SHARE * n_rows)
        counts_rows = self.min_frequency >= 1
        return self.min_frequency if counts_rows else self.min_frequency * n_rows

    def _recode(self, name: str, factor: Factor) -> tuple[np.ndarray, dict[Any, int]]:
        """Return the learnt codes of a column and the counts of unseen levels."""
        codes = self._codes_of_levels(name, factor)
        known = {*self.levels_[name], *self.merged_levels_[name]}
        is_missing = None not in known and (factor.codes < 0).any()
        has_new = is_missing or not known.issuperset(factor.levels)
        counts = level_counts(factor) if has_new else {}
        unseen = {level: n for level, n in counts.items() if level not in known}
        return codes[factor.codes], unseen

    def _codes_of_levels(self, name: str, factor: Factor) -> np.ndarray:
        """Return the learnt code of each level; a missing cell is the last one."""
        code_of = {level: code for code, level in enumerate(self.levels_[name])}
        levels = [*factor.levels, None]
        return np.array([code_of.get(level, len(code_of)) for level in levels])

    def _encode(
        self,
        factors: list[Factor],
        cross_fitted: dict[str, np.ndarray] | None = None,
        out: np.ndarray | None = None,
    ) -> np.ndarray:
        """Encode columns, into ``out`` where it is given, and report unseen levels."""
        if out is None:
            width = sum(table.shape[1] for table in self.tables_.values())
            out = np.empty((len(factors[0].codes), width), dtype=np.float32)
        recoded, unseen = {}, {}
        for name, factor in zip(self.tables_, factors, strict=True):
            recoded[name], unseen[name] = self._recode(name, factor)
        for rows in row_chunks(len(out)):
            for name, codes in recoded.items():
                group = self.output_groups_[name]
                if cross_fitted and name in cross_fitted:
                    encoded = cross_fitted[name][rows]
                else:
                    encoded = self.tables_[name][codes[rows]]
                out[rows, group[0] : group[-1] + 1] = encoded
        _report_unseen(unseen)
        return out

    def _output_names(self, names: list[str]) -> list[str]:
        """Name the output columns after the input columns' names."""
        wanted: list[str] = []
        classes = self.target_classes_ or []
        of_target = [f"_target_{label}" for label in classes if len(classes) > 2]
        for name, learnt in zip(names, self.tables_, strict=True):
            encoding = self.column_encodings_[learnt]
            if encoding == "ordinal":
                endings = [""]
            elif encoding == "target":
                endings = of_target or ["_target"]
            else:
                levels = self.levels_[learnt]
                endings = [f"_{'missing' if x is None else x}" for x in levels]
                endings += ["_other"] * bool(self.merged_levels_[learnt])
            wanted += [name + ending for ending in endings]
        return unique_names(wanted)

    def __sklearn_tags__(self) -> Any:
        tags = raw_table_tags(super().__sklearn_tags__())
        tags.target_tags.required = self.encoding == "target"
        return tags


def _report_unseen(unseen: dict[str, dict[Any, int]]) -> None:
    """Warn once about levels that fit has not seen, with their counts."""
    counts = {
        name: {
            "missing" if level is None else repr(level): n_rows
            for level, n_rows in found.items()
        }
        for name, found in unseen.items()
        if found
    }
    if counts:
        warnings.warn(
            CountWarning(
                "Levels that were not in the training rows are encoded as 'other'.",
                counts,
            ),
            stacklevel=4,
        )
