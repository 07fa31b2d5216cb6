"""The oracles of Keras Tuner with the cross-validation of scikit-learn."""

import copy
import itertools
import tempfile
import warnings
from collections.abc import Callable, Iterator
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from scipy import stats
from sklearn.utils import check_random_state

from segmentlearn import engine
from segmentlearn._compat import BaseSearchCV, HasMethods, Interval, StrOptions
from segmentlearn._startup import quiet_start
from segmentlearn.exceptions import SegmentLearnWarning

# shares of a distribution without an end that are cut off
_TAIL = 1e-3


_RESOURCE_OF_HYPERBAND = "tuner/epochs"
_NEVER = 2**31 - 1
_AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")


def suggest(hyperparameters: Any, name: str, wanted: Any) -> Any:
    """Return the value of a parameter in a trial of Keras Tuner.

    The first call registers the parameter.
    """
    value = _suggest(hyperparameters, name, wanted)
    # what the Bayesian oracle proposes are numbers of NumPy
    return value.item() if isinstance(value, np.generic) else value


def _suggest(hyperparameters: Any, name: str, wanted: Any) -> Any:
    if hasattr(wanted, "ppf"):
        return _from_scipy(hyperparameters, name, wanted)
    if callable(wanted):
        return wanted(hyperparameters)
    if hasattr(wanted, "choices"):
        return _choose(hyperparameters, name, list(wanted.choices))
    if hasattr(wanted, "low") and hasattr(wanted, "high"):
        return _from_optuna(hyperparameters, name, wanted)
    if isinstance(wanted, list | tuple | np.ndarray) and len(wanted):
        return _choose(hyperparameters, name, list(wanted))
    raise ValueError(
        f"param_distributions[{name!r}]={wanted!r} is not a search space; use a "
        "function such as lambda hp: hp.Float(...), a distribution of scipy.stats or "
        "Optuna, or a list of values."
    )


def _from_scipy(hyperparameters: Any, name: str, distribution: Any) -> int | float:
    """Search the quantiles, in which every distribution is uniform."""
    low, high = distribution.support()
    lowest = 0.0 if np.isfinite(low) else _TAIL
    highest = 1.0 if np.isfinite(high) else 1.0 - _TAIL
    share = hyperparameters.Float(name, lowest, highest)
    value = np.clip(distribution.ppf(share), low, high)
    is_whole = isinstance(distribution.dist, stats.rv_discrete)
    return int(value) if is_whole else float(value)


def _from_optuna(hyperparameters: Any, name: str, distribution: Any) -> int | float:
    is_whole = isinstance(distribution.low, int)
    kind = hyperparameters.Int if is_whole else hyperparameters.Float
    low, high, step = distribution.low, distribution.high, distribution.step
    if distribution.log:
        return kind(name, low, high, step=None, sampling="log")
    return kind(name, low, high, step=step, sampling="linear")


def _choose(hyperparameters: Any, name: str, values: list) -> Any:
    """Choose by position: Keras Tuner knows no tuples, no None, no mixed types."""
    if len(values) == 1:
        return values[0]
    is_ordered = all(isinstance(v, Real) and not isinstance(v, bool) for v in values)
    values = sorted(values) if is_ordered else values
    positions = list(range(len(values)))
    return values[hyperparameters.Choice(name, positions, ordered=is_ordered)]


class KerasTunerSearchCV(BaseSearchCV):
    """Search by an oracle of Keras Tuner, with cross-validation, then refit the best.

    Keras Tuner [1]_ proposes parameters; each proposal is scored by cross-validation as
    ``GridSearchCV`` does it, which Keras Tuner itself does not, and the best one is
    fitted to all rows. Any estimator of scikit-learn can be searched. Nothing is
    written to the working directory.

    Parameters
    ----------
    estimator : estimator
        Cloned for each fit; a :class:`~segmentlearn.SegmentClassifier`, a pipeline, or
        any other.
    param_distributions : dict of str to callable, distribution or list
        For each parameter of the estimator: a function such as
        ``lambda hp: hp.Float("rate", 1e-4, 1e-1, sampling="log")`` of a
        ``keras_tuner.HyperParameters``, a frozen distribution of scipy, a distribution
        of Optuna, or a list of values. Empty where an oracle object brings its space
        and the estimator's parameters have the same names.
    oracle : {"random", "bayesian", "hyperband"} or keras_tuner.Oracle, default="random"
        What proposes. An oracle object is copied; its objective may have any name, and
        is given the score, or its negative if it is to be minimised.
    n_trials : int, default=10
        Proposals of "random" and "bayesian", or fewer where the space has fewer.
        "hyperband" counts by itself, and an oracle object has its own number.
    resource : str, default="max_epochs"
        Parameter that "hyperband" raises round by round; it must be a whole number.
    max_resources : int or "auto", default="auto"
        Its highest value; "auto" is the estimator's own.
    factor : int, default=3
        How many candidates of a round drop out for each that stays in "hyperband", and
        by how much the resource grows.
    scoring : str, callable, list, tuple or dict, default=None
        As for ``GridSearchCV``. With several scores, `refit` names the one that the
        oracle maximises.
    n_jobs : int or None, default=None
        Fits in parallel. "random" and "hyperband" propose many candidates at once;
        the others one, whose folds are fitted in parallel.
    refit : bool, str or callable, default=True
        Whether to fit the best parameters to all rows, as for ``GridSearchCV``.
    cv : int, cross-validation generator or iterable, default=None
        As for ``GridSearchCV``: five folds, stratified for a classifier.
    verbose : int, default=0
        As for ``GridSearchCV``.
    pre_dispatch : int or str, default="2*n_jobs"
        As for ``GridSearchCV``.
    error_score : "raise" or float, default=np.nan
        Score of a fit that fails. Where all fits of what was proposed at once fail, the
        search fails, too.
    return_train_score : bool, default=False
        Whether to score training rows, too.
    random_state : int, RandomState instance or None, default=None
        Controls the proposals. An oracle object has its own seed.

    Attributes
    ----------
    cv_results_ : dict of str to ndarray
        Times, parameters and scores of each trial, as in ``GridSearchCV``.
    best_estimator_ : estimator
        Fitted to all rows with the best parameters; only with `refit`.
    best_params_ : dict
        The best parameters; those of "hyperband" include the resource that they had.
    best_score_ : float
        Their mean score over the folds.
    best_index_ : int
        Their index in `cv_results_`.
    scorer_ : callable or dict
        Scorer of the held-out predictions.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds of the last fit.
    multimetric_ : bool
        Whether there are several scores.
    classes_ : ndarray of shape (n_classes,)
        Labels of the best estimator.
    n_features_in_ : int
        Columns seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns; only where the best estimator has them.

    See Also
    --------
    segmentlearn.model_selection.search_space : Ready-made parameters to search.

    Notes
    -----
    "hyperband" [2]_ fits every round anew, like ``HalvingGridSearchCV``; Keras Tuner
    would go on from the weights of the round before, which cross-validation does not
    keep. Fits of one architecture share a compiled program all the same.

    References
    ----------
    .. [1] T. O'Malley et al., "KerasTuner", 2019,
       https://github.com/keras-team/keras-tuner.
    .. [2] L. Li, K. Jamieson, G. DeSalvo, A. Rostamizadeh and A. Talwalkar,
       "Hyperband: A novel bandit-based approach to hyperparameter optimization",
       Journal of Machine Learning Research 18 (2018).

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from segmentlearn import make_customers
    >>> from segmentlearn.model_selection import KerasTunerSearchCV
    >>> X, y = make_customers("mall", 200, random_state=0)
    >>> search = KerasTunerSearchCV(
    ...     LogisticRegression(max_iter=1000),
    ...     {"C": lambda hp: hp.Float("C", 1e-2, 1e2, sampling="log")},
    ...     n_trials=3,
    ...     cv=2,
    ...     random_state=0,
    ... )
    >>> search = search.fit(X.select_dtypes("number"), y)
    >>> list(search.best_params_), search.predict(X.select_dtypes("number")).shape
    (['C'], (200,))
    """

    _parameter_constraints: dict = {
        "estimator": BaseSearchCV._parameter_constraints["estimator"],
        "param_distributions": [dict],
        "oracle": [
            StrOptions({"random", "bayesian", "hyperband"}),
            HasMethods(["create_trial", "update_trial", "end_trial"]),
        ],
        "n_trials": [_AT_LEAST_ONE],
        "resource": [str],
        "max_resources": [_AT_LEAST_ONE, StrOptions({"auto"})],
        "factor": [Interval(Integral, 2, None, closed="left")],
        **BaseSearchCV._parameter_constraints,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any,
        param_distributions: dict[str, Any],
        *,
        oracle: Any = "random",
        n_trials: int = 10,
        resource: str = "max_epochs",
        max_resources: int | str = "auto",
        factor: int = 3,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: bool | str | Callable = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        error_score: str | float = np.nan,
        return_train_score: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.param_distributions = param_distributions
        self.oracle = oracle
        self.n_trials = n_trials
        self.resource = resource
        self.max_resources = max_resources
        self.factor = factor
        self.random_state = random_state

    @engine.pass_interrupts_on()
    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Search, and fit the best candidate to all rows.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers.
        y : array-like of shape (n_samples,), default=None
            Segment of each; None for an estimator that needs none.
        **params : dict
            Passed to `fit` of the estimator, the scorer and the splitter.

        Returns
        -------
        self : KerasTunerSearchCV
            Fitted.
        """
        return super().fit(X, y, **params)

    def _run_search(self, evaluate_candidates: Callable) -> None:
        """Evaluate what the oracle proposes until it has no more proposals."""
        base_tuner = _import_keras_tuner().engine.base_tuner
        oracle = self._copy_oracle()
        self._check_space(oracle)
        numbers = itertools.count()
        with tempfile.TemporaryDirectory(prefix="segmentlearn-tuner-") as folder:
            # oracles write a file for each trial, into the tuner's directory
            base_tuner.BaseTuner(
                oracle, directory=folder, project_name="search", overwrite=True
            )
            space = oracle.get_space()
            self._read_parameters(space)
            oracle.update_space(space)
            while trials := self._ask(oracle, numbers):
                results = evaluate_candidates(
                    [self._read_parameters(trial.hyperparameters) for trial in trials]
                )
                scores = self._leading_scores(results)[-len(trials) :]
                for trial, score in zip(trials, scores, strict=True):
                    _report_score(oracle, trial, float(score))
        if self.oracle == "hyperband":
            self._warn_of_a_small_space(results["params"])

    def _copy_oracle(self) -> Any:
        """Return an oracle that this search alone uses."""
        own = isinstance(self.oracle, str)
        oracle = self._make_oracle() if own else copy.deepcopy(self.oracle)
        if hasattr(oracle.objective, "objectives"):
            raise ValueError(
                "oracle has several objectives, and a search has one score for it; "
                'set its objective to keras_tuner.Objective("score", "max").'
            )
        oracle.verbose = 0  # a screen full of tables for each trial otherwise
        return oracle

    def _make_oracle(self) -> Any:
        keras_tuner = _import_keras_tuner()
        seed = check_random_state(self.random_state).randint(1, 2**31 - 1)
        settings = {
            "objective": keras_tuner.Objective("score", "max"),
            "seed": int(seed),
            "max_consecutive_failed_trials": _NEVER,  # error_score decides
        }
        if self.oracle == "hyperband":
            return keras_tuner.oracles.HyperbandOracle(
                max_epochs=self._max_resources(), factor=self.factor, **settings
            )
        name = {"random": "RandomSearch", "bayesian": "BayesianOptimization"}
        oracle = getattr(keras_tuner.oracles, f"{name[self.oracle]}Oracle")
        return oracle(max_trials=self.n_trials, **settings)

    def _max_resources(self) -> int:
        parameters = self.estimator.get_params()
        if self.resource not in parameters or self.resource in self.param_distributions:
            raise ValueError(
                f"resource={self.resource!r} must be a parameter of the estimator that "
                "is not searched; name another one, with its prefix in a pipeline "
                "(such as 'segmentclassifier__max_epochs')."
            )
        is_auto = isinstance(self.max_resources, str)
        most = parameters[self.resource] if is_auto else self.max_resources
        if not isinstance(most, Integral) or isinstance(most, bool):
            raise ValueError(
                f"resource={self.resource!r} is {most!r} in the estimator; set "
                "max_resources to a whole number."
            )
        return int(most)

    def _warn_of_a_small_space(self, candidates: list[dict]) -> None:
        """Warn if no candidate reached the last round."""
        most = self._max_resources()
        reached = max(parameters[self.resource] for parameters in candidates)
        if reached < most:
            warnings.warn(
                f"The {len(candidates)} different candidates in param_distributions do "
                'not fill the first round of oracle="hyperband", so none got more than '
                f"{self.resource}={reached} of {most}; search distributions instead of "
                "lists, or use HalvingGridSearchCV.",
                SegmentLearnWarning,
                stacklevel=2,
            )

    def _check_space(self, oracle: Any) -> None:
        # an oracle object may bring its space
        names = list(self.param_distributions)
        names = names or [parameter.name for parameter in oracle.get_space().space]
        unknown = [name for name in names if name not in self.estimator.get_params()]
        if unknown:
            raise ValueError(
                f"param_distributions names {unknown}, which {self.estimator!r} does "
                "not have; see estimator.get_params() for the names it has."
            )

    def _ask(self, oracle: Any, numbers: Iterator[int]) -> list:
        """Return the next trials: all that do not depend on scores to come."""
        proposes_many = self.oracle in ("random", "hyperband")
        trials: list = []
        while proposes_many or not trials:
            trial = oracle.create_trial(f"search-{next(numbers)}")
            if trial.status != "RUNNING":
                break
            trials.append(trial)
        return trials

    def _read_parameters(self, hyperparameters: Any) -> dict[str, Any]:
        """Return the estimator's parameters in a trial."""
        values = hyperparameters.values
        parameters = {
            name: suggest(hyperparameters, name, wanted)
            for name, wanted in self.param_distributions.items()
        } or {k: v for k, v in values.items() if not k.startswith("tuner/")}
        if _RESOURCE_OF_HYPERBAND in values:
            parameters[self.resource] = int(values[_RESOURCE_OF_HYPERBAND])
        return parameters

    def _leading_scores(self, results: dict) -> np.ndarray:
        name = self.refit if isinstance(self.refit, str) else "score"
        if f"mean_test_{name}" not in results:
            raise ValueError(
                f"refit={self.refit!r} does not say which of several scores the oracle "
                "maximises; set refit to the name of one."
            )
        return results[f"mean_test_{name}"]


def _report_score(oracle: Any, trial: Any, score: float) -> None:
    if np.isfinite(score):
        value = -score if oracle.objective.direction == "min" else score
        oracle.update_trial(trial.trial_id, {oracle.objective.name: value})
        trial.status = "COMPLETED"
    else:
        trial.status = "FAILED"
        trial.message = "The cross-validated score is not finite."
    oracle.end_trial(trial)


def _import_keras_tuner() -> Any:
    try:
        with quiet_start():
            import keras_tuner
            import keras_tuner.engine.base_tuner
    except ImportError as error:
        raise ImportError(
            "KerasTunerSearchCV needs Keras Tuner: pip install 'segmentlearn[tune]'."
        ) from error
    return keras_tuner
