"""Fit a classifier to a table and evaluate it on held-out rows."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.cli._screen import InputError, note
from segmentlearn.cli._tables import check_column
from segmentlearn.tables import Column, TableFile, spelling_variants

# one row to evaluate on, one to stop on, one to learn from
_FEWEST_ROWS_A_CLASS = 3
_MOST_CLASSES = 100
_MANY_NUMBERS = 20
MODELS = ("net", "trees", "blend")


@dataclasses.dataclass(frozen=True)
class FitOptions:
    """The options of ``fit``.

    Parameters
    ----------
    model : str, default="net"
        What to fit: "net", "trees" or "blend".
    preset : str or None
        Name of a published net; None for the library's defaults.
    test_size : float
        Share of the rows to evaluate on.
    max_epochs : int or None
        Epochs at most; None for the preset's.
    class_weight : str or None
        "balanced" or None.
    columns : dict of str to object
        Parameters of the preprocessor: which columns are numbers, categories, dates.
    random_state : int
        Decides the held-out rows and the training.
    verbose : int
        1 for a progress bar.
    """

    model: str = "net"
    preset: str | None = None
    test_size: float = 0.2
    max_epochs: int | None = None
    class_weight: str | None = None
    columns: dict[str, Any] = dataclasses.field(default_factory=dict)
    random_state: int = 0
    verbose: int = 0


@dataclasses.dataclass(frozen=True)
class HeldOutResult:
    """A classifier and its predictions for held-out customers.

    Parameters
    ----------
    classifier : SegmentClassifier, BoostedTreesClassifier or BlendedClassifier
        Fitted to the other customers.
    y_true, y_pred : ndarray of shape (n_held_out,)
        Segments of the held-out customers, known and predicted.
    y_train : ndarray of shape (n_train,)
        Segments of the customers that it was fitted to.
    train_rows : ndarray of shape (n_train,)
        Which rows these are.
    """

    classifier: Any
    y_true: np.ndarray
    y_pred: np.ndarray
    y_train: np.ndarray
    train_rows: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """Labels that are known or predicted, sorted."""
        return np.unique(np.concatenate([self.y_true, self.y_pred]))

    @property
    def confusion(self) -> np.ndarray:
        """Counts of known (rows) and predicted (columns) labels."""
        from sklearn.metrics import confusion_matrix

        return confusion_matrix(self.y_true, self.y_pred, labels=self.labels)

    @property
    def accuracy(self) -> float:
        """Share of the held-out customers whose segment was found."""
        return float(np.mean(self.y_true == self.y_pred))

    @property
    def baseline(self) -> float:
        """The same for naming every customer after the largest training segment."""
        labels, counts = np.unique(self.y_train, return_counts=True)
        return float(np.mean(self.y_true == labels[np.argmax(counts)]))


def check_options(
    model: str,
    preset: str | None,
    test_size: float,
    max_epochs: int | None,
    class_weight: str | None,
) -> None:
    """Refuse options before a table is read."""
    if not 0 < test_size < 1:
        raise InputError(f"--test-size {test_size} must lie between 0 and 1.")
    if class_weight not in (None, "balanced"):
        raise InputError(f"--class-weight {class_weight!r} must be 'balanced'.")
    if model not in MODELS:
        raise InputError(f"--model {model!r} must be one of {', '.join(MODELS)}.")
    if model == "trees" and not (preset is None and max_epochs is None):
        raise InputError("--preset and --max-epochs are of a net, not of trees.")


def training_rows(
    table: TableFile, target: str, drop: list[str]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return features and labels of the rows that have a label."""
    known, labels = known_labels(table, target)
    if not known.all():
        note(
            f"Note: {np.count_nonzero(~known):,} of {len(known):,} rows have no "
            f"{target!r} and are left out."
        )
    if not known.any():
        raise InputError(f"column {target!r} of {table.source} holds no label at all.")
    _check_labels(labels, target)
    for group in spelling_variants(np.unique(labels)):
        note(
            f"Warning: column {target!r} has segments that differ by blanks or case "
            f"alone and are learnt one by one: {', '.join(map(repr, group))}; write "
            "them in one way if they are one."
        )
    n_labels = len(np.unique(labels))
    if n_labels > _MANY_NUMBERS and np.issubdtype(labels.dtype, np.number):
        note(
            f"Note: {target!r} holds {n_labels} different numbers, and each is learnt "
            "as a segment of its own; cut them into a few classes if they are an "
            "amount."
        )
    features = table.frame.drop(columns=[target, *drop])[known].reset_index(drop=True)
    if features.shape[1] == 0:
        raise InputError(f"no column is left to learn {target!r} from.")
    return features, labels


def known_labels(table: TableFile, target: str) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows have a label, and their labels.

    Labels are whole numbers where the column holds nothing else, and text as it stands
    in the file otherwise: "01" is a name, not a number.
    """
    cells = table.text(target)
    known = (cells.notna() & (cells.str.strip() != "")).to_numpy()
    texts = cells.to_numpy(dtype=object)[known]
    try:
        numbers = np.array([int(text) for text in texts], dtype=np.int64)
    except (ValueError, OverflowError):
        return known, texts
    is_plain = [str(number) for number in numbers] == texts.tolist()
    return known, numbers if is_plain else texts


def split_column(
    table: TableFile, target: str, name: str | None, option: str
) -> np.ndarray | None:
    """Return the cells of a column that rows are held out by, of rows with a label."""
    if name is None:
        return None
    check_column(table, name, option)
    if name == target:
        raise InputError(f"{option} {name!r} is the --target.")
    known, _ = known_labels(table, target)
    column = Column(name, table.frame[name].array)
    if option == "--group-column":
        codes = column.factor.codes[known]
        # without a group a row is one of its own
        return np.where(codes < 0, -1 - np.arange(len(codes)), codes)
    if not column.is_numeric:
        raise InputError(
            f"{option} {name!r} holds neither dates nor numbers; --date "
            f"{name}=%d/%m/%Y says how its dates are written."
        )
    return column.numbers[known]


def fit_and_evaluate(
    X: pd.DataFrame,
    y: np.ndarray,
    options: FitOptions,
    times: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> HeldOutResult:
    """Fit to a part of the rows and evaluate on the others.

    These are the latest ones or whole groups where there are times or groups, and a
    stratified part otherwise.
    """
    from sklearn.utils import check_random_state

    from segmentlearn.neural_network import (
        grouped_folds,
        latest_holdout,
        stratified_holdout,
    )

    classes, codes = np.unique(y, return_inverse=True)
    share, random_state = options.test_size, check_random_state(options.random_state)
    if times is not None:
        train, held_out = latest_holdout(times, share)
    elif groups is not None:
        train, held_out = grouped_folds(codes, groups, 1 / share, random_state)[0]
    else:
        train, held_out = stratified_holdout(codes, share, random_state, classes)
    own = None if groups is None else groups[train]
    classifier = build_classifier(options).fit(X.iloc[train], y[train], groups=own)
    predicted = classifier.predict(X.iloc[held_out])
    return HeldOutResult(classifier, y[held_out], predicted, y[train], train)


def held_out_counts(result: HeldOutResult) -> dict[str, Any]:
    """Return the confusion matrix of the held-out customers, for an archive."""
    return {
        "held_out_labels": [str(label) for label in result.labels],
        "held_out_confusion": result.confusion.tolist(),
    }


def held_out_card(result: HeldOutResult, *, refit: bool) -> dict[str, Any]:
    """Return the figures of the held-out customers for the card of an archive."""
    n_rows = len(result.y_true)
    text = f"{n_rows:,} customers, drawn from each segment and held out."
    if refit:
        text += " The model was fitted again to all rows after that."
    return {
        "metrics": {
            "held-out rows": n_rows,
            "held-out accuracy": result.accuracy,
            "held-out accuracy of naming the largest segment": result.baseline,
        },
        "evaluation_data": text,
    }


def build_classifier(options: FitOptions) -> Any:
    """Return the classifier that the options describe, not fitted.

    It always prepares its table itself: a file to be scored may have missing values
    where the training file had none.
    """
    from segmentlearn import (
        BlendedClassifier,
        BoostedTreesClassifier,
        SegmentClassifier,
        TabularPreprocessor,
    )

    seed = {"random_state": options.random_state}
    weight = {"class_weight": options.class_weight}
    prepared = {"preprocessor": TabularPreprocessor(**options.columns, **seed)}
    trees = BoostedTreesClassifier(**prepared, **seed)
    if options.model == "trees":
        return trees.set_params(**weight)
    parameters: dict[str, Any] = {**prepared, **seed, "verbose": options.verbose}
    if options.max_epochs is not None:
        parameters["max_epochs"] = options.max_epochs
    net = SegmentClassifier(**parameters)
    if options.preset is not None:
        net = SegmentClassifier.from_preset(options.preset, **parameters)
    if options.model == "net":
        return net.set_params(**weight)
    return BlendedClassifier([("net", net), ("trees", trees)], **weight, **seed)


def _check_labels(labels: np.ndarray, target: str) -> None:
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) == 1:
        raise InputError(
            f"column {target!r} holds one label only, {str(classes[0])!r}; there is "
            "nothing to classify."
        )
    if len(classes) > _MOST_CLASSES:
        raise InputError(
            f"column {target!r} holds {len(classes):,} different values, such as "
            f"{str(classes[0])!r}; segments are at most {_MOST_CLASSES}."
        )
    rare = [str(name) for name in classes[counts < _FEWEST_ROWS_A_CLASS]]
    if rare:
        raise InputError(
            f"column {target!r} holds label(s) with fewer than {_FEWEST_ROWS_A_CLASS} "
            f"rows: {', '.join(rare)}; merge them with others or leave their rows out."
        )
