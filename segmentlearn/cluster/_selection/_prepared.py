"""From a customer table to columns whose distances are fair to each of them."""

import numpy as np
from sklearn.base import clone

from segmentlearn._compat import validate_data
from segmentlearn.neural_network import as_matrix, check_finite, is_frame, is_ready
from segmentlearn.preprocessing import DistancePreprocessor


class PreparedInput:
    """Mixin for clusterers with a `preprocessor` parameter.

    Stands left of ``BaseEstimator``.
    """

    def _fit_prepared(self, X):
        """Fit the preprocessor where one is needed; return the prepared columns."""
        self.preprocessor_ = self.preprocessor
        if self.preprocessor == "auto":
            raw = is_frame(X) or not is_ready(X)
            self.preprocessor_ = DistancePreprocessor() if raw else None
        if self.preprocessor_ is None:
            return self._as_it_comes(X, reset=True)
        self.preprocessor_ = clone(self.preprocessor_)
        prepared = as_matrix(self.preprocessor_.fit_transform(X))
        validate_data(self, X, skip_check_array=True)
        return prepared

    def _read_prepared(self, X):
        """Return the prepared columns of new rows."""
        if self.preprocessor_ is None:
            return self._as_it_comes(X, reset=False)
        return as_matrix(self.preprocessor_.transform(X))

    def _blocks(self, n_features):
        """Return the prepared features that make up each column of the table."""
        groups = getattr(self.preprocessor_, "output_groups_", {})
        # a category of one level is a block too, though it is constant
        blocks = [tuple(group) for group in groups.values() if len(group)]
        in_blocks = {place for block in blocks for place in block}
        numbers = [(p,) for p in range(n_features) if p not in in_blocks]
        return [*numbers, *blocks]

    def _as_it_comes(self, X, reset):
        """Return the numbers of a table that needs no preprocessor."""
        matrix = validate_data(
            self,
            X,
            reset=reset,
            dtype=[np.float32, np.float64],
            ensure_all_finite=False,
        )
        check_finite(matrix, getattr(self, "feature_names_in_", None))
        return matrix

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        takes_raw = self.preprocessor is not None
        tags.input_tags.allow_nan = takes_raw
        tags.input_tags.string = takes_raw
        tags.input_tags.categorical = takes_raw
        return tags
