"""Known segments: a classifier, its held-out report, what drives it, what it earns."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
from sklearn.inspection import permutation_importance
from sklearn.metrics import classification_report, log_loss
from sklearn.model_selection import train_test_split

from segmentlearn.app._columns import ColumnRoles, Customers
from segmentlearn.app._jobs import Job
from segmentlearn.exceptions import SegmentLearnError
from segmentlearn.metrics import (
    BudgetProfit,
    cumulative_gain_curve,
    profit_at_budget,
    profit_curve,
)
from segmentlearn.model_selection import (
    HeldOutResult,
    ModelComparison,
    check_labels,
    compare_models,
)
from segmentlearn.neural_network import SegmentClassifier
from segmentlearn.preprocessing import TabularPreprocessor
from segmentlearn.tables import known_labels

DEFAULT = "default"
PRESETS = {
    DEFAULT: "Default: an ensemble of nets",
    "fast": "Fast: one net of many members",
    "best-practices": "Published net of 32, 16 and 8 units",
    "batch-norm": "Published net with batch normalisation",
    "wide-dropout": "Published wide net with dropout",
    "campaign": "Published net for campaigns",
}
_IMPORTANCE_ROWS, _N_REPEATS = 1_000, 3
_COMPARED_ROWS, _N_FOLDS = 5_000, 3
_MOST_CURVE_POINTS = 200


@dataclasses.dataclass(frozen=True)
class KnownSettings:
    """What to learn, and how.

    Parameters
    ----------
    target : str
        Column of the known segments.
    columns : tuple of str
        Columns to learn from.
    preset : str
        One of `PRESETS`.
    is_balanced : bool
        Whether all segments weigh the same.
    test_size : float
        Share of the customers to hold out.
    random_state : int
        Decides what is held out, and the training.
    """

    target: str
    columns: tuple[str, ...]
    preset: str = DEFAULT
    is_balanced: bool = False
    test_size: float = 0.2
    random_state: int = 0


@dataclasses.dataclass(eq=False)
class KnownSegments:
    """A classifier and what is known of it.

    Parameters
    ----------
    settings : KnownSettings
        How it was learnt.
    result : HeldOutResult
        The classifier, and its predictions for held-out customers.
    X : DataFrame
        All customers that have a segment.
    y : ndarray
        Their segments.
    proba : ndarray of shape (n_held_out, n_classes)
        Probabilities of the held-out customers.
    importances : DataFrame
        What shuffling a column costs.
    n_unknown : int
        Customers without a segment, which were left out.
    """

    settings: KnownSettings
    result: HeldOutResult
    X: pd.DataFrame
    y: np.ndarray
    proba: np.ndarray
    importances: pd.DataFrame
    n_unknown: int

    @property
    def model(self) -> Any:
        """The fitted classifier."""
        return self.result.classifier

    @property
    def classes(self) -> list:
        """The segments."""
        return list(self.model.classes_)

    def report(self) -> pd.DataFrame:
        """Return precision, recall and F1 of each segment, in held-out customers."""
        result = self.result
        found = classification_report(
            result.y_true,
            result.y_pred,
            labels=result.labels,
            target_names=list(map(str, result.labels)),
            output_dict=True,
            zero_division=0,
        )
        rows = [{"segment": str(label), **found[str(label)]} for label in result.labels]
        names = {"f1-score": "F1", "support": "customers"}
        frame = pd.DataFrame(rows).rename(columns=names)
        return frame.astype({"customers": int})

    def confusion(self) -> pd.DataFrame:
        """Return how often each known segment was predicted as which."""
        labels = list(map(str, self.result.labels))
        counts = self.result.confusion
        rows = [
            {"known": known, "predicted": predicted, "customers": int(counts[i, j])}
            for i, known in enumerate(labels)
            for j, predicted in enumerate(labels)
        ]
        return pd.DataFrame(rows)

    def curves(self) -> pd.DataFrame:
        """Return the learning curves: epoch, curve, value."""
        names = {"loss": "training", "val_loss": "held out while training"}
        history = {n: v for n, v in self.model.history_.items() if n in names}
        frames = [
            pd.DataFrame(
                {
                    "epoch": np.arange(1, len(values) + 1),
                    "curve": names[name],
                    "loss": np.asarray(values, dtype=float),
                }
            )
            for name, values in history.items()
        ]
        return pd.concat(frames, ignore_index=True)


@dataclasses.dataclass(frozen=True, eq=False)
class Campaign:
    """What contacting the most probable customers brings, on held-out customers.

    Parameters
    ----------
    gain : DataFrame
        Share of customers contacted, share of the wanted ones among them.
    profit : DataFrame
        Customers contacted and profit.
    at_budget : BudgetProfit
        At the budget, with an interval, and the threshold.
    """

    gain: pd.DataFrame
    profit: pd.DataFrame
    at_budget: BudgetProfit


def build_classifier(roles: ColumnRoles, settings: KnownSettings) -> SegmentClassifier:
    """Return the classifier that the settings describe, not fitted."""
    seed = settings.random_state
    chosen: Any = roles.parameters(list(settings.columns))
    parameters: dict[str, Any] = {
        "preprocessor": TabularPreprocessor(**chosen, random_state=seed),
        "class_weight": "balanced" if settings.is_balanced else None,
        "random_state": seed,
    }
    if settings.preset == DEFAULT:
        return SegmentClassifier(**parameters)
    if settings.preset == "fast":
        return SegmentClassifier(effort="fast", **parameters)
    return SegmentClassifier.from_preset(settings.preset, **parameters)


def learn_segments(
    job: Job, customers: Customers, settings: KnownSettings
) -> KnownSegments:
    """Learn known segments, and evaluate on held-out customers."""
    if not settings.columns:
        raise SegmentLearnError("Choose one column at least to learn from.")
    table = customers.table
    known, labels = known_labels(table, settings.target)
    if not known.any():
        raise SegmentLearnError(f"The column {settings.target!r} is empty.")
    check_labels(labels, settings.target)
    X = table.frame[list(settings.columns)][known].reset_index(drop=True)
    job.step("training", 0.02, 0.85)
    classifier = build_classifier(customers.roles, settings)
    # as the code of the page Take away does
    train, held_out = train_test_split(
        np.arange(len(labels)),
        test_size=settings.test_size,
        stratify=labels,
        random_state=settings.random_state,
    )
    classifier.fit(X.iloc[train], labels[train])
    predicted = classifier.predict(X.iloc[held_out])
    result = HeldOutResult(
        classifier, labels[held_out], predicted, held_out, labels[train], train
    )
    job.step("measuring what drives the segments", 0.85, 1.0)
    rows = X.iloc[held_out]
    proba = classifier.predict_proba(rows)
    importances = _importances(classifier, rows, result.y_true)
    n_unknown = int((~known).sum())
    return KnownSegments(settings, result, X, labels, proba, importances, n_unknown)


def compare_with_others(
    job: Job, known: KnownSegments, roles: ColumnRoles
) -> ModelComparison:
    """Compare the classifier with simple models and boosted trees by fold."""
    rng = np.random.default_rng(known.settings.random_state)
    rows = np.sort(rng.permutation(len(known.X))[:_COMPARED_ROWS])
    job.step(f"comparing on {_N_FOLDS} folds of {len(rows):,} customers", 0.05, 1.0)
    _, counts = np.unique(known.y[rows], return_counts=True)
    if counts.min() < 2 * _N_FOLDS:
        raise SegmentLearnError(
            f"The smallest segment has {counts.min()} customers, too few for "
            f"{_N_FOLDS} folds."
        )
    return compare_models(
        build_classifier(roles, known.settings),
        known.X.iloc[rows].reset_index(drop=True),
        known.y[rows],
        cv=_N_FOLDS,
        random_state=known.settings.random_state,
    )


def plan_campaign(
    known: KnownSegments, wanted: Any, benefit: float, cost: float, share: float
) -> Campaign:
    """Return what contacting the most probable customers earns under a budget."""
    y, at = known.result.y_true, known.classes.index(wanted)
    proba = known.proba[:, at].astype(np.float64)
    contacted, found = cumulative_gain_curve(y, proba, pos_label=wanted)[:2]
    gain = pd.DataFrame({"contacted": contacted, "found": found})
    figures = {"benefit": benefit, "cost": cost, "pos_label": wanted}
    counts, profits = profit_curve(y, proba, **figures)[:2]
    profit = pd.DataFrame({"contacted": counts, "profit": profits})
    at_budget = profit_at_budget(
        y, proba, **figures, budget=float(share), random_state=0
    )
    return Campaign(_thinned(gain), _thinned(profit), at_budget)


def _importances(model: Any, X: pd.DataFrame, y: np.ndarray) -> pd.DataFrame:
    """Return by how much the log-loss rises when a column is shuffled."""
    rng = np.random.default_rng(0)
    rows = np.sort(rng.permutation(len(X))[:_IMPORTANCE_ROWS])

    def quality(fitted: Any, rows: pd.DataFrame, labels: np.ndarray) -> float:
        proba = np.asarray(fitted.predict_proba(rows), dtype=np.float64)
        proba /= proba.sum(axis=1, keepdims=True)
        return -float(log_loss(labels, proba, labels=fitted.classes_))

    found = permutation_importance(
        model, X.iloc[rows], y[rows], scoring=quality, n_repeats=_N_REPEATS,
        random_state=0,
    )  # fmt: skip
    frame = pd.DataFrame(
        {
            "column": list(X.columns),
            "importance": found.importances_mean,
            "deviation": found.importances_std,
        }
    )
    return frame.sort_values("importance", ascending=False, ignore_index=True)


def _thinned(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a curve with few enough points for a chart, both ends among them."""
    rows = np.linspace(0, len(frame) - 1, min(len(frame), _MOST_CURVE_POINTS))
    return frame.iloc[np.unique(rows.round().astype(int))].reset_index(drop=True)
