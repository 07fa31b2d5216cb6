"""The classifier of ``fit``, and the rows that it learns from."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.cli._screen import InputError, note
from segmentlearn.cli._tables import check_column
from segmentlearn.model_selection import check_labels
from segmentlearn.tables import (
    Column,
    TableFile,
    bin_edges,
    known_labels,
    spelling_variants,
)

_MANY_NUMBERS = 20
_MOST_CLASSES = 100
_OFFERED_BINS = 4
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


@dataclasses.dataclass
class Responders:
    """What `fit` is told about the class to find.

    Parameters
    ----------
    positive : str or None, default=None
        The class; None chooses one of two.
    cost_per_contact, value_per_response : float or None, default=None
        What a contact costs and a response brings.
    bins : int or None, default=None
        Classes to cut a target of amounts into.
    """

    positive: str | None = None
    cost_per_contact: float | None = None
    value_per_response: float | None = None
    bins: int | None = None

    def __post_init__(self) -> None:
        if self.bins is not None and self.bins < 2:
            raise InputError(f"--bins {self.bins} must be 2 or more.")
        check_amounts(self.cost_per_contact, self.value_per_response)
        self.edges: list[float] | None = None

    @property
    def amounts(self) -> dict[str, float | None]:
        """What a contact costs and a response brings."""
        names = "cost_per_contact", "value_per_response"
        return {name: getattr(self, name) for name in names}

    def cut(self, table: TableFile, target: str) -> None:
        """Find the edges of the classes that a target of amounts is cut into."""
        column = Column(target, table.frame[target].array)
        if not column.is_numeric or column.n_distinct < 2:
            raise InputError(
                f"--bins {self.bins}: column {target!r} holds no different amounts."
            )
        self.edges = bin_edges(column.numbers, int(self.bins or _OFFERED_BINS))

    def label_of(self, labels: np.ndarray) -> Any:
        """Return the class to find as the labels have it; None where it is open."""
        known = np.unique(labels).tolist()
        if self.positive is None:
            # of two classes of amounts the higher one
            return known[-1] if self.bins and len(known) == 2 else None
        return named_class(self.positive, known)

    def facts(self) -> dict[str, Any]:
        """Return what an archive keeps of it."""
        amounts = {name: x for name, x in self.amounts.items() if x is not None}
        edges = {} if self.edges is None else {"target_edges": self.edges}
        return {**edges, **({"amounts": amounts} if amounts else {})}


def check_amounts(
    cost_per_contact: float | None, value_per_response: float | None
) -> None:
    """Refuse what a contact can neither cost nor bring."""
    for option, amount in (
        ("--cost-per-contact", cost_per_contact),
        ("--value-per-response", value_per_response),
    ):
        if amount is not None and not (np.isfinite(amount) and amount >= 0):
            raise InputError(f"{option} {amount} must be an amount from 0 on.")
    if value_per_response is not None and cost_per_contact is None:
        raise InputError("--value-per-response needs --cost-per-contact.")


def named_class(positive: str, labels: Sequence[Any]) -> Any:
    """Return the label that the option of the class to find names."""
    for label in labels:
        # a class of amounts also by its number
        if str(label) == positive or str(label).startswith(f"{positive}: "):
            return label
    raise InputError(
        f"--positive {positive!r} is none of the classes {', '.join(map(str, labels))}."
    )


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
    table: TableFile, target: str, drop: list[str], responders: Responders
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return features and labels of the rows that have a label."""
    if responders.bins is not None:
        responders.cut(table, target)
    known, labels = known_labels(table, target, responders.edges)
    if not known.all():
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
        f"--bins {_OFFERED_BINS} learns {_OFFERED_BINS} classes of about as many "
        "customers, from low amounts to high ones."
    )
    number = f"column {target.name!r} holds {target.n_distinct:,} different numbers"
    if target.n_distinct > _MOST_CLASSES:
        raise InputError(f"{number}, so it is an amount and no segment. {offer}")
    note(f"Note: {number}, each learnt as a segment; if they are an amount, {offer}")


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
