"""The classifier of ``fit``, and the rows that it learns from."""

import dataclasses
import shlex
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.cli._models._responders import OFFERED_BINS, Responders
from segmentlearn.cli._screen import InputError, note
from segmentlearn.cli._tables import check_column, named_columns, read_typed
from segmentlearn.model_selection import check_labels
from segmentlearn.tables import (
    Column,
    TableFile,
    TableSchema,
    known_labels,
    spelling_variants,
)

_MANY_NUMBERS = 20
_MOST_CLASSES = 100
MODELS = ("net", "trees", "blend")
EFFORTS = ("fast", "default", "thorough")


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
    effort : str or None
        How long nets train; None for the library's default.
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
    effort: str | None = None
    columns: dict[str, Any] = dataclasses.field(default_factory=dict)
    random_state: int = 0
    verbose: int = 0


@dataclasses.dataclass(frozen=True)
class LabelledRows:
    """Customers with known segments, as a classifier is fitted to them.

    Parameters
    ----------
    X : DataFrame
        The columns to learn from, of rows that have a label.
    y : ndarray
        The labels.
    times, groups : ndarray or None
        What rows are held out by.
    columns : dict of str to object
        Parameters of the preprocessor.
    schema : TableSchema
        How the table was read.
    dropped : list of str
        Columns that are left out.
    """

    X: pd.DataFrame
    y: np.ndarray
    times: np.ndarray | None
    groups: np.ndarray | None
    columns: dict[str, Any]
    schema: TableSchema
    dropped: list[str]


def check_options(
    model: str,
    preset: str | None = None,
    test_size: float = 0.2,
    max_epochs: int | None = None,
    class_weight: str | None = None,
    effort: str | None = None,
) -> None:
    """Refuse options before a table is read."""
    if not 0 < test_size < 1:
        raise InputError(f"--test-size {test_size} must lie between 0 and 1.")
    if class_weight not in (None, "balanced"):
        raise InputError(f"--class-weight {class_weight!r} must be 'balanced'.")
    if model not in MODELS:
        raise InputError(f"--model {model!r} must be one of {', '.join(MODELS)}.")
    if effort not in (None, *EFFORTS):
        raise InputError(f"--effort {effort!r} must be one of {', '.join(EFFORTS)}.")
    if model == "trees" and not (preset is max_epochs is effort is None):
        raise InputError("--preset, --max-epochs and --effort are of a net, not trees.")
    if preset is not None and effort is not None:
        raise InputError("--preset has an effort of its own; leave out --effort.")


def read_training(
    source: str,
    target: str,
    drop: list[str] | None,
    time_column: str | None,
    group_column: str | None,
    reading: dict[str, Any],
    types: dict[str, Any],
    responders: Responders,
    *,
    most: int | None = None,
    quiet: bool = False,
) -> LabelledRows:
    """Read a table with known segments, as the options say; `most` rows of it."""
    customers, roles = read_typed(source, reading, types, quiet=quiet, most=most)
    check_column(customers, target, "--target")
    dropped = [*named_columns(customers, drop, "--drop"), *roles.ids]
    if target in dropped:
        option = "--id" if target in roles.ids else "--drop"
        raise InputError(f"{option} {target!r} is the --target.")
    if time_column and group_column:
        raise InputError("--time-column and --group-column: name one of them.")
    times = split_column(customers, target, time_column, "--time-column")
    groups = split_column(customers, target, group_column, "--group-column")
    # neither says anything about a customer to come
    dropped += [n for n in (time_column, group_column) if n and n not in dropped]
    X, y = training_rows(customers, target, dropped, responders, is_sample=bool(most))
    columns = roles.of_preprocessor(dropped)
    return LabelledRows(X, y, times, groups, columns, customers.schema, dropped)


def training_rows(
    table: TableFile,
    target: str,
    drop: list[str],
    responders: Responders,
    *,
    is_sample: bool = False,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return features and labels of the rows that have a label."""
    if responders.bins is not None:
        responders.cut(table, target)
    known, labels = known_labels(table, target, responders.edges)
    if not (known.all() or is_sample):
        note(
            f"Note: {np.count_nonzero(~known):,} of {len(known):,} rows have no "
            f"{target!r} and are left out."
        )
    if not known.any():
        raise InputError(f"column {target!r} of {table.source} holds no label at all.")
    if responders.edges is None:
        _offer_bins(Column(target, table.frame[target].array))
    check_labels(labels, target)
    for group in spelling_variants(np.unique(labels)):
        note(
            f"Warning: column {target!r} has segments that differ by blanks or case "
            f"alone and are learnt one by one: {', '.join(map(repr, group))}; write "
            "them in one way if they are one."
        )
    features = table.frame.drop(columns=[target, *drop])[known].reset_index(drop=True)
    if features.shape[1] == 0:
        raise InputError(f"no column is left to learn {target!r} from.")
    return features, labels


def _offer_bins(target: Column) -> None:
    """Offer to cut a target into classes where it looks like an amount."""
    if not target.is_numeric or target.n_distinct <= _MANY_NUMBERS:
        return
    offer = (
        f"--bins {OFFERED_BINS} learns {OFFERED_BINS} classes of about as many "
        "customers, from low amounts to high ones."
    )
    number = f"column {target.name!r} holds {target.n_distinct:,} different numbers"
    if target.n_distinct > _MOST_CLASSES:
        raise InputError(f"{number}, so it is an amount and no segment. {offer}")
    note(f"Note: {number}, each learnt as a segment; if they are an amount, {offer}")


def note_suspects(X: pd.DataFrame, y: np.ndarray) -> list[str]:
    """Warn of columns that may be known only after the target is; return them."""
    from segmentlearn.auditing import audit

    found = [f for f in audit(X, y, random_state=0) if f.code == "suspect-predictor"]
    for finding in found:
        names = ", ".join(finding.columns)
        note(
            f"Warning: {names}: {finding.message} If its value becomes known only with "
            f"the target or after it, leave it out: --drop {shlex.quote(names)}."
        )
    return [name for finding in found for name in finding.columns]


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
    if options.effort is not None:
        parameters["effort"] = options.effort
    net = SegmentClassifier(**parameters)
    if options.preset is not None:
        net = SegmentClassifier.from_preset(options.preset, **parameters)
    if options.model == "net":
        return net.set_params(**weight)
    return BlendedClassifier([("net", net), ("trees", trees)], **weight, **seed)
