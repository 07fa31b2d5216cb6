"""Grid search whose nets, of all candidates and folds, train in one program."""

import copy
import functools
import types
from collections.abc import Callable
from typing import Any, Self

from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import GridSearchCV, check_cv
from sklearn.utils import get_tags

from segmentlearn import engine
from segmentlearn._compat import BaseSearchCV
from segmentlearn.model_selection._search._batched_fits import BatchedFits
from segmentlearn.tables import check_row_order


class BatchedGridSearchCV(GridSearchCV):
    """Grid search whose nets, of all candidates and folds, train in one program.

    Parameters, methods and results are those of scikit-learn's
    :class:`~sklearn.model_selection.GridSearchCV`, and so are the scores: each net gets
    the weights that it would get alone, bit by bit. Candidates of one shape (layers,
    activation, batch size, optimizer) train side by side; learning rate, weight decay,
    dropout rates, L2, epochs, patience, schedule and seed may differ. Each fold is
    prepared once for all candidates that prepare it in the same way.

    Parameters
    ----------
    estimator : SegmentClassifier or Pipeline
        A classifier with one ordinary net, such as
        ``SegmentClassifier.from_preset("best-practices")``, or a pipeline that ends in
        one. Everything else is fitted one by one, as GridSearchCV does it:
        other estimators, ensembles of packed nets (the default classifier), batch
        normalization, callbacks, warm starts, optimizer objects.
    param_grid : dict or list of dict
        Names of parameters, and the values to try.
    scoring : str, callable, list, tuple or dict, default=None
        Strategy to evaluate the predictions.
    n_jobs : int, default=None
        Processes for a search without any net that can be trained in a batch; batches
        are trained in this process.
    refit : bool, str or callable, default=True
        Whether, and by which score, the best candidate is fitted to all rows.
    cv : int, cross-validation generator or iterable, default=None
        The folds; None is five.
    verbose : int, default=0
        Verbosity.
    pre_dispatch : int or str, default="2*n_jobs"
        Number of fits dispatched to the processes ahead.
    error_score : "raise" or number, default=np.nan
        Score of a fit that fails.
    return_train_score : bool, default=False
        Whether training rows are scored too.

    Attributes
    ----------
    cv_results_ : dict of str to ndarray
        As in GridSearchCV. The time of a fit that was trained in a batch is its share
        of the batch.
    best_estimator_ : estimator
        The best candidate, fitted to all rows; only with `refit`.
    best_score_ : float
        Its mean score.
    best_params_ : dict
        Its parameters.
    best_index_ : int
        Its position in `cv_results_`.
    scorer_ : callable or dict
        Scorer of the held-out predictions.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds of the last fit.
    multimetric_ : bool
        Whether there are several scores.
    batches_ : list of int
        How many fits each program has trained.
    one_by_one_ : dict of str to int
        How many fits were trained alone, by the reason.

    See Also
    --------
    sklearn.model_selection.GridSearchCV : The same, one fit after the other.

    Notes
    -----
    A step of a small net costs what its operations cost to dispatch, and a step of
    eight nets has no more operations than one. Where a net has stopped, the next one
    takes its place. A compiler is free to round a batch of products as it likes, so
    the first epoch of each program is compared with that of a net alone; where a bit
    differs, its nets are trained one by one.

    Examples
    --------
    >>> from segmentlearn import BatchedGridSearchCV, SegmentClassifier, make_customers
    >>> X, y = make_customers("automobile", 200, random_state=0)
    >>> net = SegmentClassifier.from_preset("best-practices", max_epochs=2)
    >>> net.set_params(hidden_layer_sizes=(4,), random_state=0)  # doctest: +ELLIPSIS
    SegmentClassifier(...)
    >>> grid = {"learning_rate": [0.001, 0.01, 0.1]}
    >>> search = BatchedGridSearchCV(net, grid, cv=2).fit(X, y)
    >>> sum(search.batches_), search.one_by_one_
    (6, {})
    """

    _parameter_constraints: dict = {
        name: GridSearchCV._parameter_constraints[name]
        for name in ("estimator", "param_grid", *BaseSearchCV._parameter_constraints)
    }

    @engine.pass_interrupts_on()
    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Evaluate all candidates, and fit the best one to all rows.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers.
        y : array-like of shape (n_samples,), default=None
            Segment of each.
        **params : dict of str to object
            Passed to the estimator's ``fit``, the folds (``groups``) and the scores, as
            GridSearchCV does it.

        Returns
        -------
        self : BatchedGridSearchCV
            Fitted.
        """
        self._validate_params()
        check_row_order(X, y)
        fits = BatchedFits(self.estimator, self.param_grid, not _has_own(self.scoring))
        # a copy does the work: Ctrl-C and errors leave this search as it was
        search = copy.copy(self)
        search._fits = fits
        if fits.any_together:
            search.estimator = _PlannedEstimator(self.estimator, fits)
            # as GridSearchCV reads it: the folds themselves, for _run_search
            search.cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
            search.n_jobs = 1
        GridSearchCV.fit(search, X, y, **params)
        names = [n for n in vars(search) if n.endswith("_") and not n.startswith("_")]
        learnt = {name: getattr(search, name) for name in names}
        if fits.any_together:
            if self.scoring is None:
                learnt["scorer_"] = check_scoring(self.estimator)
            fits.write_times(learnt["cv_results_"])
        self.__dict__.update(learnt)
        self.batches_ = fits.batches
        self.one_by_one_ = fits.one_by_one(self.n_splits_)
        return self

    def _run_search(self, evaluate_candidates: Callable, **_: Any) -> None:
        """Evaluate the grid; nets are trained as soon as the folds are known."""
        if not self._fits.any_together:
            evaluate_candidates(self._fits.candidates)
            return

        def split(X: Any, y: Any = None, **params: Any) -> list:
            """Return the folds, once every net of the search is trained."""
            splits = list(self.cv.split(X, y, **params))
            self._fits.train(X, y, splits, self._fit_params)
            return splits

        folds = types.SimpleNamespace(split=split)
        with self._fits.numbering_clones():
            evaluate_candidates(self._fits.candidates, cv=folds)

    def _get_routed_params_for_fit(self, params: dict) -> Any:
        routed = super()._get_routed_params_for_fit(params)
        self._fit_params = routed.estimator.fit
        return routed


class _PlannedEstimator:
    """Stands in for an estimator while a search clones it and sets its parameters.

    The search gets the estimator itself, whose next ``fit`` takes over what was trained
    in a batch. GridSearchCV keeps doing the rest: scores, errors, the best candidate.
    """

    def __init__(self, estimator: Any, fits: BatchedFits, number: int = -1) -> None:
        self._estimator, self._fits, self._number = estimator, fits, number

    def __sklearn_clone__(self) -> "_PlannedEstimator":
        number = self._fits.next_number()
        return _PlannedEstimator(clone(self._estimator), self._fits, number)

    def __sklearn_tags__(self) -> Any:
        return get_tags(self._estimator)

    def __getattr__(self, name: str) -> Any:
        if name in ("_estimator", "_fits", "_number"):  # not set yet, in a copy
            raise AttributeError(name)
        return getattr(self._estimator, name)

    def set_params(self, **parameters: Any) -> Any:
        """Return the estimator with these parameters."""
        estimator = self._estimator.set_params(**parameters)
        if self._number >= 0:
            estimator.fit = functools.partial(self._fits.fit, self._number, estimator)
        return estimator


def _has_own(scoring: Any) -> bool:
    """Return whether a user's own function sees the estimators, and may keep them."""
    scorers = scoring.values() if isinstance(scoring, dict) else [scoring]
    return any(map(callable, scorers))
