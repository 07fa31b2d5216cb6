"""A classifier beside others on the same held-out rows, with a verdict in words."""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.metrics import (
    confusion_matrix,
    get_scorer,
    precision_recall_fscore_support,
)
from sklearn.model_selection import StratifiedKFold, check_cv
from sklearn.utils.validation import column_or_1d

from segmentlearn import engine
from segmentlearn._compat import HasMethods, Interval, num_samples, validate_params
from segmentlearn._drawing import draw
from segmentlearn.model_selection.held_out_measures import (
    MEASURES,
    WORDS,
    fit_and_predict,
    measure,
)
from segmentlearn.model_selection.paired_differences import paired_difference
from segmentlearn.model_selection.reporting import markdown_table
from segmentlearn.model_selection.rivals import default_rivals


@dataclass(frozen=True, eq=False)
class ModelComparison:
    """A classifier beside its rivals, as :func:`compare_models` returns it.

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
        A row for each rival and measure: `rival`, `measure`, `difference` (positive
        where the classifier is better), `low`, `high`, `p_value` and `verdict`.
    classes : DataFrame
        A row for each model and class, from the held-out rows of all folds: `model`,
        `class`, `precision`, `recall`, `f1`, `support`, and `taken_for`, the class that
        it is most often taken for.
    predictions : dict of str to ndarray of shape (n_samples,)
        Held-out labels by model; of the last repetition where folds are repeated.
    y_true : ndarray of shape (n_samples,)
        What is true.
    """

    name: str
    scoring: str
    confidence_level: float
    fold_scores: pd.DataFrame
    differences: pd.DataFrame
    classes: pd.DataFrame
    predictions: dict
    y_true: np.ndarray

    def to_frame(self):
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

    def to_markdown(self):
        """Return the models as a table in Markdown, and the verdict below it.

        Returns
        -------
        text : str
        """
        return f"{markdown_table(self.to_frame())}\n\n{self.verdict}"

    @property
    def verdict(self):
        """What follows from all of it, in words."""
        own = self.differences[self.differences["measure"] == self.scoring]
        lines = [_sentence(self.name, self.scoring, row) for row in own.itertuples()]
        lines.append(
            f"The intervals hold together with {self.confidence_level:.0%} confidence."
        )
        lines.append(self._words_on_classes())
        return "\n".join(lines)

    def plot(self, ax=None, **how):
        """Draw the differences with their intervals.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to the display's `plot`.

        Returns
        -------
        display : ModelComparisonDisplay
        """
        return draw("ModelComparisonDisplay", self, ax=ax, **how)

    def __str__(self):
        return self.to_markdown()

    def _words_on_classes(self):
        own = self.classes[self.classes["model"] == self.name].set_index("class")
        best, weakest = own["f1"].idxmax(), own["f1"].idxmin()
        text = (
            f"{self.name} knows {best} best (F1 {own.loc[best, 'f1']:.2f}) and "
            f"{weakest} worst (F1 {own.loc[weakest, 'f1']:.2f}"
        )
        taken_for = own.loc[weakest, "taken_for"]
        if taken_for is None:
            return f"{text})."
        return f"{text}; most often taken for {taken_for})."


@engine.pass_interrupts_on()
@validate_params(
    {
        "estimator": [HasMethods(["fit", "predict"])],
        "X": "no_validation",
        "y": ["array-like"],
        "rivals": [dict, None],
        "cv": ["cv_object"],
        "scoring": [str, callable],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def compare_models(
    estimator,
    X,
    y,
    *,
    rivals=None,
    cv=5,
    scoring="log_loss",
    confidence_level=0.95,
    n_jobs=None,
    random_state=None,
):
    """Compare a classifier with others on the same held-out rows.

    Every model is fitted to the same folds, and differences are taken fold by fold.
    Their intervals allow for training tables that overlap [1]_ and for the number of
    rivals (Bonferroni), so that "better" is not said by luck.

    Parameters
    ----------
    estimator : classifier
        Not changed; a pipeline that ends in one counts.
    X : frame or array of shape (n_samples, n_features)
        Customers.
    y : array-like of shape (n_samples,)
        Segment of each.
    rivals : dict of str to classifier, default=None
        Models to compare with, by name. None takes the majority, a logistic regression,
        and scikit-learn's gradient boosting twice: with its defaults, and with settings
        that suit small noisy tables.
    cv : int, cross-validation generator or iterable, default=5
        Folds; an integer gives stratified ones, shuffled by `random_state`. Repeated
        folds make intervals narrower.
    scoring : str or callable, default="log_loss"
        What the verdict is about: "log_loss", "accuracy", "macro_f1", "roc_auc",
        "brier", the name of another scorer of scikit-learn, or a scorer. All of the
        former are measured anyway.
    confidence_level : float, default=0.95
        Of the intervals of all rivals together.
    n_jobs : int or None, default=None
        Fits at once, as joblib takes it.
    random_state : int, RandomState instance or None, default=None
        Decides the folds and the default rivals; the estimator keeps its own.

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
    ...     rivals={"majority": DummyClassifier(strategy="prior")}, random_state=0,
    ... )
    >>> print(found.verdict.splitlines()[0])
    LogisticRegression is better than majority: ...
    """
    y = column_or_1d(y, warn=True)
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(
            f"y has only the class {classes[0]!r}; models are compared on two or more."
        )
    rivals = default_rivals(X, _seed(random_state)) if rivals is None else dict(rivals)
    name = _name_of(estimator, rivals)
    models = {name: estimator, **rivals}
    scorer, measured = _resolve_scoring(scoring)
    splits = _folds(cv, X, y, random_state)
    found = Parallel(n_jobs=n_jobs)(
        delayed(fit_and_predict)(model, X, y, train, test, classes, scorer)
        for model in models.values()
        for train, test in splits
    )
    by_model = {
        model: found[place * len(splits) : (place + 1) * len(splits)]
        for place, model in enumerate(models)
    }
    fold_scores = _fold_scores(by_model, splits, y, classes, measured)
    predictions, covered = _held_out_labels(by_model, splits, y)
    _check_scored(fold_scores, measured)
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


def _seed(random_state):
    """Return a seed for the rivals without drawing from the caller's generator."""
    return random_state if isinstance(random_state, Integral) else 0


def _name_of(estimator, rivals):
    steps = getattr(estimator, "steps", None)
    name = type(steps[-1][1] if steps else estimator).__name__
    while name in rivals:
        name += " (yours)"
    return name


def _resolve_scoring(scoring):
    """Return a scorer for what is not measured anyway, and the measure's name."""
    if isinstance(scoring, str) and scoring in MEASURES:
        return None, scoring
    scorer = get_scorer(scoring)
    if isinstance(scoring, str):
        return scorer, scoring
    return scorer, getattr(scoring, "__name__", "score")


def _folds(cv, X, y, random_state):
    if isinstance(cv, Integral):
        cv = StratifiedKFold(cv, shuffle=True, random_state=random_state)
    splitter = check_cv(cv, y, classifier=True)
    return list(splitter.split(np.zeros(num_samples(X)), y))


def _fold_scores(by_model, splits, y, classes, measured):
    rows = []
    for model, folds in by_model.items():
        for fold, ((_, test), held_out) in enumerate(zip(splits, folds, strict=True)):
            row = {"model": model, "fold": fold, **measure(held_out, y[test], classes)}
            row.setdefault(measured, held_out.score)
            rows.append({**row, "fit_seconds": held_out.seconds})
    return pd.DataFrame(rows)


def _check_scored(fold_scores, measured):
    lacking = fold_scores.loc[fold_scores[measured].isna(), "model"].unique().tolist()
    if lacking:
        raise ValueError(
            f"scoring={measured!r} needs probabilities, or every class in every fold, "
            f"which {lacking} cannot give; choose 'accuracy' or 'macro_f1'."
        )


def _differences(fold_scores, name, splits, confidence_level):
    shares = [len(test) / len(train) for train, test in splits]
    measures = [
        one for one in fold_scores if one not in ("model", "fold", "fit_seconds")
    ]
    scores = {
        model: part.reset_index(drop=True)
        for model, part in fold_scores.groupby("model", sort=False)
    }
    rivals = [model for model in scores if model != name]
    level = 1 - (1 - confidence_level) / max(1, len(rivals))
    rows = []
    for rival in rivals:
        for one in measures:
            sign = 1.0 if MEASURES.get(one, True) else -1.0
            found = paired_difference(
                sign * (scores[name][one] - scores[rival][one]), shares, level
            )
            rows.append(
                {
                    "rival": rival,
                    "measure": one,
                    "difference": found.mean,
                    "low": found.low,
                    "high": found.high,
                    "p_value": found.p_value,
                    "verdict": _verdict(found),
                }
            )
    columns = ["rival", "measure", "difference", "low", "high", "p_value", "verdict"]
    return pd.DataFrame(rows, columns=columns)


def _verdict(found):
    if found.low > 0:
        return "better"
    return "worse" if found.high < 0 else "not told apart"


def _sentence(name, scoring, row):
    """Say how the classifier stands to one rival."""
    words = WORDS.get(scoring, scoring)
    more = "higher" if MEASURES.get(scoring, True) else "lower"
    interval = f"interval {row.low:+.4f} to {row.high:+.4f}"
    size = abs(row.difference)
    if row.verdict == "better":
        return (
            f"{name} is better than {row.rival}: {words} {more} by {size:.4f} "
            f"({interval})."
        )
    if row.verdict == "worse":
        less = "lower" if more == "higher" else "higher"
        return (
            f"{name} is worse than {row.rival}: {words} {less} by {size:.4f} "
            f"({interval})."
        )
    return (
        f"{name} and {row.rival} cannot be told apart: a lead of "
        f"{row.difference:+.4f} in {words} ({interval})."
    )


def _held_out_labels(by_model, splits, y):
    """Return the label of each row from a fold that held it out, and which rows."""
    covered = np.zeros(len(y), dtype=bool)
    for _, test in splits:
        covered[test] = True
    predictions = {}
    for model, folds in by_model.items():
        labels = y.copy()
        for (_, test), held_out in zip(splits, folds, strict=True):
            labels[test] = held_out.labels
        predictions[model] = labels
    return predictions, covered


def _by_class(predictions, y, covered, classes):
    rows = []
    for model, labels in predictions.items():
        truth, found = y[covered], labels[covered]
        precision, recall, f1, support = precision_recall_fscore_support(
            truth, found, labels=classes, zero_division=0
        )
        wrong = confusion_matrix(truth, found, labels=classes)
        np.fill_diagonal(wrong, 0)
        for place, one in enumerate(classes.tolist()):
            taken_for = classes[wrong[place].argmax()] if wrong[place].any() else None
            rows.append(
                {
                    "model": model,
                    "class": one,
                    "precision": precision[place],
                    "recall": recall[place],
                    "f1": f1[place],
                    "support": int(support[place]),
                    "taken_for": taken_for,
                }
            )
    return pd.DataFrame(rows)
