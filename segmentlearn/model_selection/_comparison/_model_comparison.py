"""Comparison of classifiers on the same held-out rows, with a verdict in words."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from sklearn.metrics import (
    confusion_matrix,
    get_scorer,
    precision_recall_fscore_support,
)
from sklearn.utils.validation import check_consistent_length, column_or_1d

from segmentlearn import engine
from segmentlearn._compat import HasMethods, Interval, validate_params
from segmentlearn._formatting import markdown_table
from segmentlearn.model_selection._comparison._baselines import (
    default_baselines,
    parts_of_blend,
)
from segmentlearn.model_selection._comparison._cross_validated_scores import (
    MEASURE_NAMES,
    MEASURES,
    fit_and_predict,
    paired_difference,
)
from segmentlearn.model_selection._comparison._splits import Splits, make_splits
from segmentlearn.tables import check_row_order, plain_level


@dataclass(frozen=True, eq=False)
class ModelComparison:
    """A classifier compared with baselines, as :func:`compare_models` returns it.

    Attributes
    ----------
    name : str
        The classifier's.
    scoring : str
        The measure that the verdict is about.
    confidence_level : float
        Of all intervals of a measure together.
    fold_scores : DataFrame
        A row for each model and fold: `model`, `fold`, the measures, and `fit_seconds`.
    differences : DataFrame
        A row for each baseline and measure: `baseline`, `measure`, `difference`
        (positive where the classifier is better), `low`, `high`, `p_value` and
        `verdict` ("better", "worse" or "undecided").
    classes : DataFrame
        A row for each model and class, from the held-out rows of all folds: `model`,
        `class`, `precision`, `recall`, `f1`, `support`, and `confused_with`, the class
        that is most often predicted for it in error.
    predictions : dict of str to ndarray of shape (n_samples,)
        Held-out labels by model; of the last repetition where folds are repeated.
    y_true : ndarray of shape (n_samples,)
        True labels.
    """

    name: str
    scoring: str
    confidence_level: float
    fold_scores: pd.DataFrame
    differences: pd.DataFrame
    classes: pd.DataFrame
    predictions: dict[str, np.ndarray]
    y_true: np.ndarray

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each model: means over the folds, the best model first.

        Returns
        -------
        frame : DataFrame
            Columns `model`, the measures, `fit_seconds`, `best_class` and
            `weakest_class` (by F1).
        """
        means = self.fold_scores.drop(columns="fold").groupby("model", sort=False)
        frame = means.mean().reset_index()
        by_class = self.classes.set_index("class").groupby("model", sort=False)["f1"]
        frame["best_class"] = by_class.idxmax().reindex(frame["model"]).to_numpy()
        frame["weakest_class"] = by_class.idxmin().reindex(frame["model"]).to_numpy()
        up = not MEASURES.get(self.scoring, True)
        return frame.sort_values(self.scoring, ascending=up, ignore_index=True)

    def to_markdown(self) -> str:
        """Return the models as a table in Markdown, and the verdict below it.

        Returns
        -------
        text : str
        """
        return f"{markdown_table(self.to_frame())}\n\n{self.verdict}"

    @property
    def verdict(self) -> str:
        """The conclusions in words."""
        own = self.differences[self.differences["measure"] == self.scoring]
        lines = [_sentence(self.name, self.scoring, row) for row in own.itertuples()]
        lines.append(
            f"The intervals hold together with {self.confidence_level:.0%} confidence."
        )
        by_class = self.classes[self.classes["model"] == self.name].set_index("class")
        best, weakest = by_class["f1"].idxmax(), by_class["f1"].idxmin()
        confused_with = by_class.loc[weakest, "confused_with"]
        taken_for = f"; most often predicted as {confused_with}"
        note = "" if confused_with is None else taken_for
        lines.append(
            f"{self.name} predicts {best} best (F1 {by_class.loc[best, 'f1']:.2f}) and "
            f"{weakest} worst (F1 {by_class.loc[weakest, 'f1']:.2f}{note})."
        )
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.to_markdown()


@engine.pass_interrupts_on()
@validate_params(
    {
        "estimator": [HasMethods(["fit", "predict"])],
        "X": "no_validation",
        "y": ["array-like"],
        "baselines": [dict, None],
        "cv": ["cv_object"],
        "groups": ["array-like", None],
        "times": ["array-like", None],
        "scoring": [str, callable],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }
)
def compare_models(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    *,
    baselines: dict[str, Any] | None = None,
    cv: Any = 5,
    groups: ArrayLike | None = None,
    times: ArrayLike | None = None,
    scoring: str | Callable = "log_loss",
    confidence_level: float = 0.95,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> ModelComparison:
    """Compare a classifier with others on the same held-out rows.

    Every model is fitted to the same folds, and differences are taken fold by fold.
    Their intervals account for training tables that overlap [1]_ and for the number of
    baselines (Bonferroni), so that "better" is rarely due to chance.

    Parameters
    ----------
    estimator : classifier
        Not changed; a pipeline that ends in one counts.
    X : frame or array of shape (n_samples, n_features)
        Customers.
    y : array-like of shape (n_samples,)
        Segment of each.
    baselines : dict of str to classifier, default=None
        Models to compare with, by name. None takes the majority class, a logistic
        regression, and scikit-learn's gradient boosting twice: with its defaults, and
        with parameters that suit small noisy tables; beside a
        :class:`~segmentlearn.BlendedClassifier` also each of its estimators alone.
    cv : int, cross-validation generator or iterable, default=5
        Folds; an integer gives stratified ones, shuffled by `random_state`. Repeated
        folds make intervals narrower.
    groups : array-like of shape (n_samples,), default=None
        What belongs together, such as the customer where customers have several rows:
        no group is on both sides of a fold. An integer `cv` gives stratified group
        folds then.
    times : array-like of shape (n_samples,), default=None
        Dates or numbers: every fold is predicted from earlier rows only. `cv` must be
        an integer; so many folds follow each other, and the first rows are in none.
    scoring : str or callable, default="log_loss"
        What the verdict is about: "log_loss", "accuracy", "macro_f1", "roc_auc",
        "brier", the name of another scorer of scikit-learn, or a scorer. All of the
        former are measured anyway.
    confidence_level : float, default=0.95
        Of the intervals of all baselines together.
    n_jobs : int or None, default=None
        Number of fits in parallel, as joblib takes it.
    random_state : int, RandomState instance or None, default=None
        Controls the folds and the default baselines; the estimator keeps its own.

    Returns
    -------
    comparison : ModelComparison
        Scores, differences, classes, and ``comparison.verdict`` in words.

    Raises
    ------
    ValueError
        If there is one class only, or a model cannot be scored by `scoring`.

    References
    ----------
    .. [1] C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine
       Learning 52 (2003).

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.dummy import DummyClassifier
    >>> from segmentlearn.model_selection import compare_models
    >>> X, y = load_iris(return_X_y=True)
    >>> found = compare_models(
    ...     LogisticRegression(max_iter=500), X, y,
    ...     baselines={"majority": DummyClassifier(strategy="prior")}, random_state=0,
    ... )
    >>> print(found.verdict.splitlines()[0])
    LogisticRegression is better than majority: ...
    """
    check_row_order(X, y)
    y = column_or_1d(y, warn=True)
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(
            f"y has only the class {classes[0]!r}; models are compared on two or more."
        )
    if baselines is None:
        # a seed, so as not to draw from the caller's generator
        seed = random_state if isinstance(random_state, Integral) else 0
        baselines = default_baselines(X, seed)
        baselines |= parts_of_blend(estimator, seed)
    steps = getattr(estimator, "steps", None)
    name = type(steps[-1][1] if steps else estimator).__name__
    while name in baselines:
        name += " (yours)"
    models = {name: estimator, **baselines}
    measured = scoring
    if not isinstance(measured, str):
        measured = getattr(scoring, "__name__", "score")
    is_measured = measured is scoring and measured in MEASURES
    scorer = None if is_measured else get_scorer(scoring)
    check_consistent_length(X, y)
    splits = make_splits(y, cv, groups, times, random_state)
    found = Parallel(n_jobs=n_jobs)(
        delayed(fit_and_predict)(
            *(model, X, y, train, test, classes, measured, scorer),
            f"{label}, fold {fold} of {len(splits)}",
        )
        for label, model in models.items()
        for fold, (train, test) in enumerate(splits, start=1)
    )
    folds = [found[at : at + len(splits)] for at in range(0, len(found), len(splits))]
    by_model = dict(zip(models, folds, strict=True))
    fold_scores = pd.DataFrame(
        {"model": model, "fold": fold, **measures}
        for model, found in by_model.items()
        for fold, (_, measures) in enumerate(found)
    )
    lacking = fold_scores.loc[fold_scores[measured].isna(), "model"].unique().tolist()
    if lacking:
        raise ValueError(
            f"scoring={measured!r} needs probabilities, or every class in every fold, "
            f"which {lacking} cannot give; choose 'accuracy' or 'macro_f1'."
        )
    predictions = {model: y.copy() for model in models}
    for model, labels in predictions.items():
        for (_, test), (own, _) in zip(splits, by_model[model], strict=True):
            labels[test] = own
    covered = np.unique(np.concatenate([test for _, test in splits]))
    return ModelComparison(
        name=name,
        scoring=measured,
        confidence_level=float(confidence_level),
        fold_scores=fold_scores,
        differences=_differences(fold_scores, name, splits, confidence_level),
        classes=_by_class(predictions, y, covered, classes),
        predictions=predictions,
        y_true=y,
    )


def _differences(
    fold_scores: pd.DataFrame, name: str, splits: Splits, confidence_level: float
) -> pd.DataFrame:
    test_shares = [len(test) / len(train) for train, test in splits]
    scores = {
        model: rows.drop(columns=["model", "fold", "fit_seconds"]).to_dict("list")
        for model, rows in fold_scores.groupby("model", sort=False)
    }
    own = scores.pop(name)
    level = 1 - (1 - confidence_level) / max(1, len(scores))
    rows = []
    for baseline, others in scores.items():
        for measured, values in others.items():
            sign = 1.0 if MEASURES.get(measured, True) else -1.0
            ahead = sign * (np.array(own[measured]) - np.array(values))
            found = paired_difference(ahead, test_shares, level)
            verdict = "worse" if found[2] < 0 else "undecided"
            verdict = "better" if found[1] > 0 else verdict
            rows.append((baseline, measured, *found, verdict))
    columns = ["baseline", "measure", "difference", "low", "high", "p_value", "verdict"]
    return pd.DataFrame(rows, columns=columns)


def _sentence(name: str, scoring: str, row: Any) -> str:
    """Return a sentence on the classifier and one baseline."""
    words = MEASURE_NAMES.get(scoring, scoring)
    interval = f"interval {row.low:+.4f} to {row.high:+.4f}"
    if row.verdict == "undecided":
        return (
            f"Neither {name} nor {row.baseline} is better by more than chance: their "
            f"{words} differs by {abs(row.difference):.4f} ({interval})."
        )
    is_higher = MEASURES.get(scoring, True) == (row.verdict == "better")
    return (
        f"{name} is {row.verdict} than {row.baseline}: {words} "
        f"{'higher' if is_higher else 'lower'} by {abs(row.difference):.4f} "
        f"({interval})."
    )


def _by_class(
    predictions: dict[str, np.ndarray],
    y: np.ndarray,
    covered: np.ndarray,
    classes: np.ndarray,
) -> pd.DataFrame:
    frames = []
    for model, labels in predictions.items():
        truth, found = y[covered], labels[covered]
        scores = precision_recall_fscore_support(
            truth, found, labels=classes, zero_division=0
        )
        errors = confusion_matrix(truth, found, labels=classes)
        np.fill_diagonal(errors, 0)
        names = np.empty(len(classes), dtype=object)
        names[:] = [plain_level(label) for label in classes]
        frame = pd.DataFrame({"model": model, "class": names.tolist()})
        frame[["precision", "recall", "f1", "support"]] = np.transpose(scores)
        frame["support"] = frame["support"].astype(int)
        confused_with = names[errors.argmax(axis=1)]
        frame["confused_with"] = np.where(errors.any(axis=1), confused_with, None)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)
