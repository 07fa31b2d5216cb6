"""BlendedClassifier: classifiers of different kinds, weighed on held-out rows."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin, clone
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import KFold
from sklearn.utils import Bunch, check_random_state, get_tags
from sklearn.utils.validation import check_is_fitted

from segmentlearn import engine
from segmentlearn._compat import (
    BaseComposition,
    StrOptions,
    fit_context,
    validate_data,
)
from segmentlearn.ensemble._boosted_trees import BoostedTreesClassifier
from segmentlearn.ensemble._cross_fitting import cross_fit, proba_of
from segmentlearn.ensemble._splits import make_splits
from segmentlearn.ensemble._weights import (
    Blend,
    cross_apply,
    log_probabilities,
    mean_log_loss,
)
from segmentlearn.neural_network import (
    SegmentClassifier,
    Split,
    draw_seed,
    encode_target,
    nonzero_rows,
    restore_on_failure,
    weigh_rows,
)
from segmentlearn.tables import raw_table_tags

_BLEND = "blend"  # its name among the scores
_N_FOLDS = 5  # of the held-out rows, where they are held out at once


class BlendedClassifier(ClassifierMixin, BaseComposition):
    """Blend of a net and boosted trees, weighed on rows that neither has seen.

    All estimators learn from the same folds. Their probabilities for the rows that were
    held out decide what each weighs, and how the blend is calibrated. Estimators that
    err in different ways gain most; the default pairs a
    :class:`~segmentlearn.SegmentClassifier` with a
    :class:`~segmentlearn.ensemble.BoostedTreesClassifier`.

    Parameters
    ----------
    estimators : "auto" or list of (str, classifier), default="auto"
        What to blend, by name. "auto" is ``[("net", SegmentClassifier()), ("trees",
        BoostedTreesClassifier())]``. Each gets the table as it comes, so estimators of
        other libraries need a pipeline with a
        :class:`~segmentlearn.preprocessing.TabularPreprocessor`.
    cv : "auto", int, cross-validation generator or iterable, default="auto"
        Folds that all estimators share; no row may be held out twice. "auto" is five
        stratified ones; above 50,000 rows 15 % are held out once. With `groups`, "auto"
        and integers keep the rows of a group together.
    calibration : {"auto", "temperature", "affine"} or None, default="auto"
        How the blend is calibrated on the held-out rows, as
        :class:`~segmentlearn.SegmentClassifier` does it. "auto" does so only where it
        lowers the log-loss of rows that took no part in it.
    class_weight : dict, "balanced" or None, default=None
        Factor on the weight of each class's rows, for all estimators.
    random_state : int, RandomState instance or None, default=None
        Decides the folds, and seeds estimators whose own `random_state` is None.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in the order of the columns of `predict_proba`: sorted.
    estimators_ : list of classifier
        Fitted. Those that stop on held-out rows themselves are nets or trees of all
        folds in one; of others there is a copy for each fold, and their average.
    named_estimators_ : Bunch
        The same by name.
    weights_ : ndarray of shape (n_estimators,)
        Weight of each estimator: at least 0, of sum 1. One with weight 0 is not asked
        when predicting.
    oof_proba_ : ndarray of shape (n_samples, n_classes)
        Probabilities of the training rows from estimators that held them out, by
        weights and a calibration found on other folds; NaN for rows that were never
        held out.
    scores_ : dict of str to dict of str to float
        ``log_loss``, ``roc_auc`` (one against one for several classes; NaN where a
        class is missing) and ``accuracy`` on the held-out rows, for each estimator and
        for ``"blend"``, which is scored by `oof_proba_`.
    n_features_in_ : int
        Columns seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns; only where `fit` was given a frame with text names.

    See Also
    --------
    segmentlearn.compare_models : Compares classifiers on folds of their own.
    sklearn.ensemble.StackingClassifier : Fits a model to the estimators' outputs.

    Notes
    -----
    The blend is a weighted geometric mean of probabilities, that is, a mean of their
    logarithms [1]_. Its log-loss has one minimum over the weights, which is found
    directly; greedy selection with replacement [2]_ is a search for that of arithmetic
    means, and was behind by 0.0006 on nine tables. A few pseudo-rows pull the weights
    towards the estimator that is best alone, so that small tables do not let one in by
    chance.

    Scores are nearly honest: the held-out rows also decided when estimators stopped.

    References
    ----------
    .. [1] G. E. Hinton, "Training products of experts by minimizing contrastive
       divergence", Neural Computation 14 (2002).
    .. [2] R. Caruana, A. Niculescu-Mizil, G. Crew and A. Ksikes, "Ensemble selection
       from libraries of models", ICML 2004.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklearn.datasets import load_iris
    >>> from segmentlearn import BlendedClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> blend = BlendedClassifier(
    ...     [
    ...         ("linear", LogisticRegression(max_iter=500)),
    ...         ("tree", DecisionTreeClassifier(max_depth=3)),
    ...     ],
    ...     random_state=0,
    ... ).fit(X, y)
    >>> blend.weights_.shape, blend.weights_.sum().round(6).item()
    ((2,), 1.0)
    >>> list(blend.scores_)
    ['linear', 'tree', 'blend']

    Raw customers need no list: ``BlendedClassifier().fit(X, y)``.
    """

    _parameter_constraints: dict = {
        "estimators": [StrOptions({"auto"}), list],
        "cv": [StrOptions({"auto"}), "cv_object"],
        "calibration": SegmentClassifier._parameter_constraints["calibration"],
        "class_weight": SegmentClassifier._parameter_constraints["class_weight"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimators: Any = "auto",
        *,
        cv: Any = "auto",
        calibration: str | None = "auto",
        class_weight: dict | str | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimators = estimators
        self.cv = cv
        self.calibration = calibration
        self.class_weight = class_weight
        self.random_state = random_state

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, and those of the estimators by their names.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return the estimators' as well, such as ``net__effort``.

        Returns
        -------
        params : dict of str to object
        """
        return self._get_params("estimators", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of the estimators by their names among them.

        Parameters
        ----------
        **params : object
            Such as ``cv=3``, ``trees__max_iter=100``, or an estimator by its name.

        Returns
        -------
        self : BlendedClassifier
        """
        return self._set_params("estimators", **params)

    @engine.pass_interrupts_on()
    @fit_context(prefer_skip_nested_validation=False)
    @restore_on_failure
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit the estimators to the same folds and find their weights.

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
        self : BlendedClassifier
            Fitted.

        Raises
        ------
        SchemaError
            If a column cannot be used.
        ValueError
            If there is only one class, a class too small to hold rows of it out, folds
            that overlap, or an estimator that takes no weights where there are any.
        """
        random_state = check_random_state(self.random_state)
        names, parts = self._unfitted(random_state)
        self.classes_, y_encoded = encode_target(X, y)
        validate_data(self, X, skip_check_array=True)
        weights, _ = weigh_rows(
            y_encoded, self.classes_, self.class_weight, sample_weight
        )
        rows = nonzero_rows(weights, len(y_encoded))
        splits = make_splits(
            self.cv, y_encoded, rows, self.classes_, random_state, groups
        )
        labels = self.classes_[y_encoded]
        self.estimators_, out_of_fold = [], []
        for name, part in zip(names, parts, strict=True):
            if _stops_on_folds(part):
                fitted = part._fit_on_splits(X, labels, weights, splits)
                own = fitted.oof_proba_
            else:
                data = X, labels, weights, splits, self.classes_
                fitted, own = cross_fit(name, part, *data)
            self.estimators_.append(fitted)
            out_of_fold.append(own)
        self.named_estimators_ = Bunch(
            **dict(zip(names, self.estimators_, strict=True))
        )
        self._weigh(names, np.stack(out_of_fold), y_encoded, weights, splits)
        return self

    def _weigh(
        self,
        names: list[str],
        out_of_fold: np.ndarray,
        y_encoded: np.ndarray,
        weights: np.ndarray | None,
        splits: Sequence[Split],
    ) -> None:
        """Find weights and calibration, and score them on rows that took no part."""
        rows = np.flatnonzero(np.isfinite(out_of_fold).all(axis=(0, 2)))
        logs, y_known = log_probabilities(out_of_fold[:, rows]), y_encoded[rows]
        own = None if weights is None else weights[rows]
        if len(splits) > 1:
            place = np.searchsorted(rows, np.arange(len(y_encoded)))
            folds = [place[split.validation_rows] for split in splits]
        else:
            parts = KFold(min(_N_FOLDS, len(rows)), shuffle=True, random_state=0)
            folds = [fold for _, fold in parts.split(rows)]
        data = logs, y_known, own
        methods = [self.calibration]
        if self.calibration == "auto":
            methods = [None, "auto"]
        tried = [cross_apply(*data, folds, method) for method in methods]
        losses = [mean_log_loss(each, y_known, own) for each in tried]
        best = int(np.argmin(losses))
        blend = Blend.of(*data, methods[best])
        self.weights_ = blend.weights
        self._calibration = blend.slope, blend.shift
        self.oof_proba_ = np.full(out_of_fold.shape[1:], np.nan)
        self.oof_proba_[rows] = tried[best]
        probabilities = [*np.exp(logs), tried[best]]
        self.scores_ = {
            name: _scores(each, y_known, own)
            for name, each in zip([*names, _BLEND], probabilities, strict=True)
        }

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
        asked = np.flatnonzero(self.weights_)
        found = [proba_of(self.estimators_[at], X, self.classes_) for at in asked]
        blend = Blend(self.weights_[asked], *self._calibration)
        return blend.apply(log_probabilities(np.stack(found)))

    def _unfitted(
        self, random_state: np.random.RandomState
    ) -> tuple[list[str], list[Any]]:
        """Return names and copies of the estimators, all of them seeded."""
        estimators = self.estimators
        if isinstance(estimators, str):
            estimators = [
                ("net", SegmentClassifier()),
                ("trees", BoostedTreesClassifier()),
            ]
        if not estimators or not all(_is_named(one) for one in estimators):
            raise ValueError(
                f"estimators={estimators!r} must be a list of (name, classifier) pairs "
                'with at least one, such as [("net", SegmentClassifier())], or "auto".'
            )
        names = [name for name, _ in estimators]
        self._validate_names(names)
        if _BLEND in names:
            raise ValueError(
                f"estimators has one named {_BLEND!r}, which stands for all of them in "
                "scores_; choose another name."
            )
        parts = [clone(part) for _, part in estimators]
        for name, part in zip(names, parts, strict=True):
            if not hasattr(part, "predict_proba"):
                raise ValueError(
                    f"estimator {name!r} ({type(part).__name__}) gives no "
                    "probabilities; wrap it in CalibratedClassifierCV."
                )
            seeds = {
                parameter: draw_seed(random_state)
                for parameter, value in sorted(part.get_params(deep=True).items())
                if parameter.rpartition("__")[2] == "random_state" and value is None
            }
            part.set_params(**seeds)
        return names, parts

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if isinstance(self.estimators, str) or not all(map(_is_named, self.estimators)):
            return raw_table_tags(tags)
        taken = [get_tags(part).input_tags for _, part in self.estimators]
        for name in ("allow_nan", "categorical", "string", "sparse"):
            setattr(tags.input_tags, name, all(getattr(one, name) for one in taken))
        return tags


def _is_named(entry: Any) -> bool:
    is_pair = isinstance(entry, tuple | list) and len(entry) == 2
    return is_pair and isinstance(entry[0], str) and hasattr(entry[1], "fit")


def _stops_on_folds(part: Any) -> bool:
    """Whether an estimator stops on held-out rows, and averages over folds itself."""
    if isinstance(part, SegmentClassifier):
        return part.early_stopping and not part.warm_start
    return isinstance(part, BoostedTreesClassifier)


def _scores(
    probabilities: np.ndarray, y_encoded: np.ndarray, weights: np.ndarray | None
) -> dict[str, float]:
    n_classes = probabilities.shape[1]
    ranking = probabilities[:, 1] if n_classes == 2 else probabilities
    area = float("nan")
    if len(np.unique(y_encoded)) == n_classes:
        # scikit-learn weighs rows of two classes only
        own = weights if n_classes == 2 else None
        area = roc_auc_score(y_encoded, ranking, multi_class="ovo", sample_weight=own)
    named = probabilities.argmax(axis=1)
    return {
        "log_loss": mean_log_loss(probabilities, y_encoded, weights),
        "roc_auc": float(area),
        "accuracy": float(accuracy_score(y_encoded, named, sample_weight=weights)),
    }
