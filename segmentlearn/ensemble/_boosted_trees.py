"""BoostedTreesClassifier: gradient boosting of raw customer tables."""

import math
from collections.abc import Sequence
from functools import partial
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, has_fit_parameter
from threadpoolctl import threadpool_limits

from segmentlearn import engine
from segmentlearn._compat import (
    HasMethods,
    Interval,
    StrOptions,
    fit_context,
    validate_data,
)
from segmentlearn.ensemble._cross_fitting import proba_of
from segmentlearn.ensemble._masked_trees import MaskedTrees
from segmentlearn.ensemble._pair_means import fit_pairs, pair_means
from segmentlearn.ensemble._row_threads import score_in_threads
from segmentlearn.ensemble._splits import make_splits
from segmentlearn.ensemble._stored_trees import pack_trees, unpack_trees
from segmentlearn.neural_network import (
    Split,
    as_matrix,
    draw_seed,
    encode_target,
    nonzero_rows,
    read_numbers,
    resolve_preprocessor,
    restore_on_failure,
    weigh_rows,
)
from segmentlearn.tables import draw_sample, raw_table_tags

# rows up to which steps are so long, and trees have so many leaves of so many rows
_SIZES = ((500, 0.1, 4, 10), (2_000, 0.1, 8, 20), (5_000, 0.1, 8, 40))
_SIZES += ((10_000, 0.15, 8, 40), (math.inf, 0.15, 31, 40))
_MANY_ROWS = 1_000  # from which on trees are prepared to score
_MOST_ROWS = 200_000  # to learn from: more take longer and change little


class BoostedTreesClassifier(ClassifierMixin, BaseEstimator):
    """Gradient boosted trees for customer tables, averaged over inner folds.

    Takes what :class:`~segmentlearn.SegmentClassifier` takes, prepared in the same way,
    and fits scikit-learn's ``HistGradientBoostingClassifier`` to it: one for each inner
    fold, which stops where the log-loss on that fold no longer falls. Small trees, many
    rows in a leaf and some of the features for each split suit noisy tables of a few
    thousand rows better than scikit-learn's defaults do.

    Parameters
    ----------
    learning_rate : float or "auto", default="auto"
        Factor on what each tree adds. "auto" is 0.1 up to 5,000 rows, and 0.15 above,
        which takes fewer trees.
    max_iter : int, default=300
        Trees at most, for each class where there are more than two.
    max_leaf_nodes : int or "auto", default="auto"
        Leaves of a tree. "auto" is 4 up to 500 rows, 8 up to 10,000, and 31 above.
    min_samples_leaf : int or "auto", default="auto"
        Rows in a leaf at least. "auto" is 10 up to 500 rows, 20 up to 2,000, and 40
        above.
    l2_regularization : float, default=5.0
        Penalty on the squared values of the leaves.
    max_features : float, default=0.6
        Share of the features that a split may choose from.
    pairs : bool, default=True
        Whether trees are also given the mean target in each cell of two columns, such
        as day and month, for up to 15 pairs of columns whose cells explain more than
        both columns' effects together do.
    n_iter_no_change : int, default=10
        Trees without a lower loss on the held-out rows after which boosting stops.
    cv : "auto", int, cross-validation generator or iterable, default="auto"
        Inner folds. "auto" is five stratified ones; above 50,000 rows 15 % are held out
        once.
    class_weight : dict, "balanced" or None, default=None
        Factor on the loss of each class's rows; "balanced" makes all classes weigh the
        same.
    preprocessor : "auto", transformer or None, default="auto"
        As :class:`~segmentlearn.SegmentClassifier` takes it. "auto" fits a
        :class:`~segmentlearn.preprocessing.TabularPreprocessor`, and uses an array of
        complete numbers as it comes. ``encoding="auto"`` looks at no labels here:
        categories keep their most frequent levels, in place of target means.
    random_state : int, RandomState instance or None, default=None
        Decides folds and the features of each split.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in the order of the columns of `predict_proba`: sorted.
    estimators_ : list of HistGradientBoostingClassifier
        One for each fold; their classes are numbers of `classes_`. Means of pairs are
        their last features.
    n_iter_ : list of int
        Trees of each, for each class where there are more than two.
    oof_proba_ : ndarray of shape (n_samples, n_classes)
        Probabilities of the training rows from the trees that held them out; NaN for
        rows that were never held out.
    preprocessor_ : transformer or None
        The fitted preprocessor; None where tables are used as they come.
    n_features_in_ : int
        Columns seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns; only where `fit` was given a frame with text names.

    See Also
    --------
    BlendedClassifier : Weighs these trees and a net.

    Notes
    -----
    Pairs are ranked by the residuals of an additive model, summed over their cells
    [1]_; one is taken where it explains five standard deviations more than chance
    would. The mean of a training row comes from the rows of other folds. All of it is
    done on the training rows of each inner fold, so held-out rows stay unseen.

    Of more than 200,000 rows so many are drawn, weighted by class. With scikit-learn
    1.6 the trees cannot be shown rows to stop on, so they hold a tenth of their own
    back.

    References
    ----------
    .. [1] Y. Lou, R. Caruana, J. Gehrke and G. Hooker, "Accurate intelligible models
       with pairwise interactions", KDD 2013.

    Examples
    --------
    >>> from segmentlearn import make_customers
    >>> from segmentlearn.ensemble import BoostedTreesClassifier
    >>> X, y = make_customers("bank", 500, random_state=0)
    >>> trees = BoostedTreesClassifier(max_iter=20, random_state=0).fit(X, y)
    >>> trees.predict_proba(X).shape, len(trees.estimators_)
    ((500, 2), 5)
    """

    _parameter_constraints: dict = {
        "learning_rate": [
            Interval(Real, 0, None, closed="neither"),
            StrOptions({"auto"}),
        ],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "max_leaf_nodes": [
            Interval(Integral, 2, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "min_samples_leaf": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "l2_regularization": [Interval(Real, 0, None, closed="left")],
        "max_features": [Interval(Real, 0, 1, closed="right")],
        "pairs": ["boolean"],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "cv": [StrOptions({"auto"}), "cv_object"],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "preprocessor": [
            StrOptions({"auto"}),
            HasMethods(["fit_transform", "transform"]),
            None,
        ],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        learning_rate: float | str = "auto",
        *,
        max_iter: int = 300,
        max_leaf_nodes: int | str = "auto",
        min_samples_leaf: int | str = "auto",
        l2_regularization: float = 5.0,
        max_features: float = 0.6,
        pairs: bool = True,
        n_iter_no_change: int = 10,
        cv: Any = "auto",
        class_weight: dict | str | None = None,
        preprocessor: Any = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.pairs = pairs
        self.n_iter_no_change = n_iter_no_change
        self.cv = cv
        self.class_weight = class_weight
        self.preprocessor = preprocessor
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    @restore_on_failure
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit the trees to customers with known segments.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers.
        y : array-like of shape (n_samples,)
            Segment of each, as text or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Factor on each customer's loss; those of weight 0 take no part.
        groups : array-like of shape (n_samples,), default=None
            Group of each customer, such as its household: rows of one group are held
            out together.

        Returns
        -------
        self : BoostedTreesClassifier
            Fitted.

        Raises
        ------
        SchemaError
            If a column cannot be used.
        ValueError
            If there is only one class, or a class too small to hold rows of it out.
        """
        return self._fit(X, y, sample_weight, groups)

    @fit_context(prefer_skip_nested_validation=True)
    @restore_on_failure
    def _fit_on_splits(
        self, X: Any, y: Any, sample_weight: Any, splits: Sequence[Split]
    ) -> Self:
        """Fit trees to each of the given splits, in place of the inner folds."""
        return self._fit(X, y, sample_weight, splits=splits)

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        groups: Any = None,
        splits: Sequence[Split] | None = None,
    ) -> Self:
        random_state = check_random_state(self.random_state)
        self.classes_, y_encoded = encode_target(X, y)
        features = self._fit_table(X, y)
        weights, _ = weigh_rows(
            y_encoded, self.classes_, self.class_weight, sample_weight
        )
        rows = nonzero_rows(weights, len(y_encoded))
        if splits is None:
            splits = make_splits(
                self.cv, y_encoded, rows, self.classes_, random_state, groups
            )
        trees = self._unfitted(len(rows), draw_seed(random_state))
        blocks = _blocks(self.preprocessor_, features.shape[1]) if self.pairs else []
        jobs = [
            partial(_fit_to, trees, features, y_encoded, weights, split, blocks)
            for split in splits
        ]
        with threadpool_limits(1, user_api="blas"):
            fitted = engine.run_side_by_side(jobs)
        self.estimators_, self._pairs = map(list, zip(*fitted, strict=True))
        self._masked: dict[int, MaskedTrees] = {}
        self.oof_proba_ = np.full((len(y_encoded), len(self.classes_)), np.nan)
        for number, split in enumerate(splits):
            held_out = split.validation_rows
            self.oof_proba_[held_out] = self._proba_of(number, features[held_out])
        self.n_iter_ = [part.n_iter_ for part in self.estimators_]
        return self

    def _proba_of(self, number: int, features: np.ndarray) -> np.ndarray:
        """Return the probabilities of the trees of one fold."""
        pairs = self._pairs[number]
        if pairs is not None:
            features = np.hstack([features, pair_means(pairs, features)])
        classes = np.arange(len(self.classes_))
        model = self._masked.get(number, self.estimators_[number])
        return proba_of(model, features, classes)

    def _mask_trees(self) -> None:
        """Prepare the trees for many rows; it takes as long as to score 1,000."""
        for number, model in enumerate(self.estimators_):
            if number not in self._masked and MaskedTrees.can_hold(model):
                self._masked[number] = MaskedTrees(model)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable segment of each customer.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            In the labels that `fit` was given.
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each segment for each customer.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.

        Returns
        -------
        probabilities : ndarray of float64, shape (n_samples, n_classes)
            Columns in the order of `classes_`; each row sums to 1.
        """
        check_is_fitted(self)
        if self.preprocessor_ is None:
            features = read_numbers(self, X, reset=False)
        else:
            features = as_matrix(self.preprocessor_.transform(X))
        if len(features) >= _MANY_ROWS:
            self._mask_trees()

        def score(rows: np.ndarray) -> np.ndarray:
            rows = np.asfortranarray(rows)  # thresholds are searched column by column
            folds = range(len(self.estimators_))
            return np.mean([self._proba_of(one, rows) for one in folds], axis=0)

        return score_in_threads(score, features)

    def _fit_table(self, X: Any, y: Any) -> np.ndarray:
        self.preprocessor_ = resolve_preprocessor(self.preprocessor, X)
        if self.preprocessor_ is None:
            return read_numbers(self, X, reset=True)
        # means of labels would tell trees what the rows held out are
        is_auto = getattr(self.preprocessor_, "encoding", None) == "auto"
        target = None if is_auto else y
        features = as_matrix(self.preprocessor_.fit_transform(X, target))
        validate_data(self, X, skip_check_array=True)
        return features

    def _unfitted(self, n_rows: int, seed: int) -> HistGradientBoostingClassifier:
        """Return the trees of one fold, with nothing "auto" left."""
        sizes = next(rest for most, *rest in _SIZES if n_rows <= most)
        given = self.learning_rate, self.max_leaf_nodes, self.min_samples_leaf
        rate, leaves, rows = (
            auto if one == "auto" else one
            for one, auto in zip(given, sizes, strict=True)
        )
        return HistGradientBoostingClassifier(
            learning_rate=rate,
            max_iter=self.max_iter,
            max_leaf_nodes=leaves,
            min_samples_leaf=rows,
            l2_regularization=self.l2_regularization,
            max_features=self.max_features,
            categorical_features=None,
            early_stopping=True,
            n_iter_no_change=self.n_iter_no_change,
            random_state=seed,
        )

    def __getstate__(self) -> dict[str, Any]:
        state = {**super().__getstate__()}
        if "estimators_" in state:
            state["_trees"] = pack_trees(state.pop("estimators_"))
            del state["_masked"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        if "_trees" in state:
            state["estimators_"] = unpack_trees(state.pop("_trees"))
            state["_masked"] = {}
        super().__setstate__(state)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        return raw_table_tags(tags) if self.preprocessor is not None else tags


def _blocks(preprocessor: Any, n_features: int) -> list[list[int]]:
    """Return the features of each column of the table."""
    groups = list(getattr(preprocessor, "output_groups_", {}).values())
    grouped = {feature for group in groups for feature in group}
    return [[one] for one in range(n_features) if one not in grouped] + groups


# folds share the cores; threads of one fit would wait for each other at each split
@threadpool_limits.wrap(limits=1, user_api="openmp")
def _fit_to(
    trees: HistGradientBoostingClassifier,
    features: np.ndarray,
    y_encoded: np.ndarray,
    weights: np.ndarray | None,
    split: Split,
    blocks: list[list[int]],
) -> tuple[HistGradientBoostingClassifier, dict[str, Any] | None]:
    """Fit a copy to the training rows of a split, and stop it on the others.

    Pairs of the blocks are found on the training rows, too.
    """
    train, held_out = split.train_rows, split.validation_rows
    learnt = None if weights is None else weights[train]
    if len(train) > _MOST_ROWS:
        random_state = np.random.RandomState(trees.random_state)
        counts = np.bincount(y_encoded[train])
        drawn, times = draw_sample(y_encoded[train], counts, random_state, _MOST_ROWS)
        train, learnt = train[drawn], times if learnt is None else times * learnt[drawn]
    # a class that no training row has cannot be scored
    held_out = held_out[np.isin(y_encoded[held_out], np.unique(y_encoded[train]))]
    own: dict[str, Any] = {}
    model = clone(trees)
    known, shown, pairs = features[train], features[held_out], None
    if len(blocks) > 1:
        pairs, means = fit_pairs(
            known, y_encoded[train], learnt, blocks, trees.random_state
        )
        known = np.hstack([known, means])
        shown = np.hstack([shown, pair_means(pairs, shown)])
    if not has_fit_parameter(trees, "X_val"):
        counts = np.unique(y_encoded[train], return_counts=True)[1]
        # they draw some of each class, where there are enough
        stops = counts.min() > 1 and len(train) * trees.validation_fraction > len(
            counts
        )
        model.set_params(early_stopping=bool(stops))
    elif len(held_out):
        own = {"X_val": shown, "y_val": y_encoded[held_out]}
        if weights is not None:
            own["sample_weight_val"] = weights[held_out]
    if learnt is not None:
        own["sample_weight"] = learnt
    return model.fit(known, y_encoded[train], **own), pairs
