"""The classifier of ``fit``, and the rows that it learns from."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.cli._screen import InputError, note
from segmentlearn.cli._tables import check_column
from segmentlearn.model_selection import check_labels
from segmentlearn.tables import Column, TableFile, known_labels, spelling_variants

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
    table: TableFile, target: str, drop: list[str], *, is_sample: bool = False
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return features and labels of the rows that have a label."""
    known, labels = known_labels(table, target)
    if not (known.all() or is_sample):
        note(
            f"Note: {np.count_nonzero(~known):,} of {len(known):,} rows have no "
            f"{target!r} and are left out."
        )
    if not known.any():
        raise InputError(f"column {target!r} of {table.source} holds no label at all.")
    check_labels(labels, target)
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
