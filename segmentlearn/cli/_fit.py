"""The classifier of ``fit``, and the rows that it learns from."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.cli._screen import InputError, note
from segmentlearn.model_selection import check_labels
from segmentlearn.tables import TableFile, known_labels, spelling_variants

_MANY_NUMBERS = 20


@dataclasses.dataclass(frozen=True)
class FitOptions:
    """The options of ``fit``.

    Parameters
    ----------
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

    preset: str | None = None
    test_size: float = 0.2
    max_epochs: int | None = None
    class_weight: str | None = None
    columns: dict[str, Any] = dataclasses.field(default_factory=dict)
    random_state: int = 0
    verbose: int = 0


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


def build_classifier(options: FitOptions) -> Any:
    """Return the classifier that the options describe, not fitted.

    It always prepares its table itself: a file to be scored may have missing values
    where the training file had none.
    """
    from segmentlearn import SegmentClassifier, TabularPreprocessor

    parameters: dict[str, Any] = {
        "preprocessor": TabularPreprocessor(
            **options.columns, random_state=options.random_state
        ),
        "class_weight": options.class_weight,
        "random_state": options.random_state,
        "verbose": options.verbose,
    }
    if options.max_epochs is not None:
        parameters["max_epochs"] = options.max_epochs
    if options.preset is None:
        return SegmentClassifier(**parameters)
    return SegmentClassifier.from_preset(options.preset, **parameters)
