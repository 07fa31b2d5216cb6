"""Classifiers with one ordinary net each, trained side by side by one program.

Each becomes what ``fit`` would have made of it, to the last bit: the same rows in the
same order, the same held-out rows and dropout masks, the same epoch.
"""

import dataclasses
import functools
import itertools
import time
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from segmentlearn import engine, networks
from segmentlearn.neural_network._log_folders import start_log
from segmentlearn.neural_network._segment_classifier import _ensemble
from segmentlearn.neural_network._segment_classifier._calibration import calibrate_nets
from segmentlearn.neural_network._segment_classifier._classifier import (
    SegmentClassifier,
)
from segmentlearn.neural_network._segment_classifier._construction import describe_net
from segmentlearn.neural_network._segment_classifier._presets import PRESETS
from segmentlearn.neural_network._segment_classifier._training_data import (
    TrainingData,
    encode_target,
    split_rows,
    weigh_data,
)
from segmentlearn.neural_network._settings import Sizes
from segmentlearn.neural_network._split import Split

# slots of a program: more are no faster, and XLA then rounds other numbers differently
_N_SLOTS = 8
_MOST_BYTES = 256 * 2**20  # of the table that the nets of a program learn from
# rows of a step times weights; a larger net keeps the processor busy alone
_MOST_WORK = 2**20


class TrainingTable:
    """Training rows of several classifiers; each preprocessor is fitted once."""

    def __init__(self, X: Any, y: Any, sample_weight: Any = None) -> None:
        self.X, self.y, self.sample_weight = X, y, sample_weight
        self._prepared: dict[Hashable, tuple] = {}

    @functools.cached_property
    def target(self) -> tuple[np.ndarray, np.ndarray]:
        """The classes, and each customer's class number."""
        return encode_target(self.X, self.y)

    def prepare(self, classifier: SegmentClassifier, key: Hashable) -> TrainingData:
        """Return a classifier's data, and set its classes and its preprocessor.

        Classifiers of one `key` share preprocessor and features.
        """
        classifier.classes_, y_encoded = self.target
        if key not in self._prepared:
            before = set(vars(classifier))
            features = classifier._fit_table(self.X, self.y)
            learnt = {
                name: value
                for name, value in vars(classifier).items()
                if name not in before
            }
            self._prepared[key] = features, learnt
        features, learnt = self._prepared[key]
        classifier.__dict__.update(learnt)
        return weigh_data(classifier, features, y_encoded, self.sample_weight)


@dataclasses.dataclass
class PreparedFit:
    """A classifier of one ordinary net, ready to be trained.

    Parameters
    ----------
    classifier : SegmentClassifier
    data : TrainingData
    split : Split
    sizes : Sizes
    spec : networks.ClassifierSpec
    """

    classifier: SegmentClassifier
    data: TrainingData
    split: Split
    sizes: Sizes
    spec: Any

    @property
    def settings(self) -> dict[str, Any]:
        """Keywords of `engine.fit` that do not depend on the rows."""
        return _ensemble.fit_arguments(self.classifier, self.data, self.sizes)

    @property
    def n_steps(self) -> int:
        """Steps of an epoch."""
        return -(-len(self.split.train_rows) // self.sizes.batch_size)

    @property
    def n_weights(self) -> int:
        """Weights of the net."""
        spec = self.spec
        widths = spec.n_features, *spec.hidden_layer_sizes, spec.n_classes
        return sum((a + 1) * b for a, b in itertools.pairwise(widths))

    @property
    def penalties(self) -> tuple[tuple[float, float], ...]:
        """L1 and L2 strength for each kernel; none where there is no penalty."""
        l2, n_kernels = self.spec.l2, len(self.spec.hidden_layer_sizes) + 1
        return ((0.0, l2),) * n_kernels if l2 else ()

    def net(self) -> Any:
        """Return the net with the weights that ``fit`` would start from."""
        return networks.build_classifier(self.spec, self.classifier._seed)

    def finish(self, result: Any, net: Any = None) -> SegmentClassifier:
        """Make the classifier what ``fit`` would have made of it."""
        if isinstance(result, Exception):
            raise result
        is_shared = net is not None
        net = net if is_shared else self.net()
        for variable, value in zip(net.weights, result.weights, strict=True):
            variable.value.assign(value)
        classifier, nets, splits = self.classifier, [net], [self.split]
        classifier._set_fitted(net, [result.training], {})
        oof_proba = None
        if not is_shared:
            oof_proba = calibrate_nets(classifier, nets, self.data, splits)
        classifier._set_counted(self.data.y_encoded, oof_proba)
        return classifier


def reason_to_train_alone(classifier: Any) -> str | None:
    """Return why a classifier cannot be trained beside others, or None if it can."""
    if type(classifier) is not SegmentClassifier:
        return f"{type(classifier).__name__} is not a SegmentClassifier"
    is_single = classifier.n_members == 1 and classifier.numeric_embedding is None
    elementwise = [kind.__name__.lower() for kind in engine.ELEMENTWISE]
    reasons = {
        "ensemble of packed nets": not is_single or classifier.n_inner_folds != 0,
        "calibrated net": classifier.calibration not in (None, "auto"),
        "batch normalization": classifier.batch_normalization,
        "warm start": classifier.warm_start,
        "callbacks": classifier.callbacks,
        "progress of a net is shown": classifier.verbose,
        "optimizer that looks at more than single weights, or an object": (
            str(classifier.optimizer).lower() not in elementwise
        ),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def prepare_fit(
    classifier: SegmentClassifier, table: TrainingTable, key: Hashable = None
) -> PreparedFit:
    """Do all that ``fit`` does before the net is trained."""
    classifier._validate_params()
    classifier._log = start_log(classifier, PRESETS)
    random_state = classifier._start_training()
    data = table.prepare(classifier, key)
    sizes, (split,) = split_rows(classifier, data, random_state)
    classifier._is_packed = False
    spec = describe_net(classifier, sizes, data.features.shape[1])
    return PreparedFit(classifier, data, split, sizes, spec)


def train_side_by_side(fits: Sequence[PreparedFit]) -> tuple[list, list[PreparedFit]]:
    """Train nets of one shape in one program.

    Returns for each program its fits, their results and the seconds of the training of
    all of them; and the fits that are left.
    """
    groups: dict[Hashable, list[PreparedFit]] = {}
    left: list[PreparedFit] = []
    for prepared in fits:
        if prepared.n_weights * prepared.sizes.batch_size > _MOST_WORK:
            left.append(prepared)
        else:
            groups.setdefault(_shape(prepared), []).append(prepared)
    batches = []
    for group in groups.values():
        for part in _in_parts(group):
            batch = _train(part) if len(part) > 1 else None
            if batch is None:
                left.extend(part)
            else:
                batches.append(batch)
    return batches, left


def _shape(prepared: PreparedFit) -> Hashable:
    """Return what the nets of a program have in common."""
    spec = dataclasses.replace(
        prepared.spec,
        dropout=tuple(0.5 * (rate > 0) for rate in prepared.spec.dropout),
        l2=float(prepared.spec.l2 > 0),
    )
    classifier = prepared.classifier
    return (
        spec,
        prepared.sizes.batch_size,
        prepared.n_steps,
        classifier.optimizer.lower(),
        classifier.weight_decay > 0,
        classifier.ema_momentum,
    )


def _in_parts(group: list[PreparedFit]) -> list[list[PreparedFit]]:
    """Split a group where the tables that it learns from would be too large."""
    by_table: dict[Hashable, list[PreparedFit]] = {}
    for prepared in group:
        by_table.setdefault(_rows_of(prepared), []).append(prepared)
    tables = list(by_table.values())
    n_bytes = max(prepared.data.features.nbytes for prepared in group)
    most = max(1, _MOST_BYTES // max(1, n_bytes))
    starts = range(0, len(tables), most)
    return [list(itertools.chain(*tables[at : at + most])) for at in starts]


def _rows_of(prepared: PreparedFit) -> Hashable:
    """Return a key of the rows and weights that a classifier learns from."""
    weights = prepared.data.sample_weight
    return id(prepared.data.features), None if weights is None else weights.tobytes()


def _train(group: list[PreparedFit]) -> tuple[list, list, float] | None:
    """Train a group; None where its program rounds differently from a net alone."""
    began = time.perf_counter()
    # slow learners first: one that starts last would keep its program for itself
    group = sorted(group, key=lambda prepared: prepared.sizes.learning_rate)
    arguments, members = _members(group)
    first, n_slots = group[0], min(_N_SLOTS, len(group))
    packed = networks.build_classifier_members(first.spec, n_slots)
    key = _shape(first), n_slots
    if key not in _TRIALS:
        _TRIALS[key] = _is_as_alone(group[:n_slots], packed, arguments, members)
    if not _TRIALS[key]:
        return None
    results = engine.fit_members(packed, members=members, **arguments)
    return group, results, time.perf_counter() - began


_TRIALS: dict[Hashable, bool] = {}  # whether programs of a shape train as nets alone


def _members(group: list[PreparedFit]) -> tuple[dict, list]:
    """Lay all classifiers' rows out as one table; return each's rows."""
    offsets: dict[Hashable, int] = {}
    parts: list[PreparedFit] = []
    n_rows = 0
    for prepared in group:
        if _rows_of(prepared) not in offsets:
            offsets[_rows_of(prepared)] = n_rows
            n_rows += len(prepared.data.features)
            parts.append(prepared)
    tables = [prepared.data for prepared in parts]
    weights: list[Any] = [data.sample_weight for data in tables]
    if any(own is not None for own in weights):
        ones = (np.ones(len(data.y_encoded)) for data in tables)
        pairs = zip(weights, ones, strict=True)
        weights = [shared if own is None else own for own, shared in pairs]
    nets: dict[int, list] = {}
    members = []
    for prepared in group:
        classifier, offset = prepared.classifier, offsets[_rows_of(prepared)]
        seed = classifier._seed
        if seed not in nets:
            nets[seed] = prepared.net().get_weights()
        members.append(
            engine.Member(
                weights=nets[seed],
                train_rows=prepared.split.train_rows + offset,
                validation_rows=prepared.split.validation_rows + offset,
                learning_rate=prepared.sizes.learning_rate,
                weight_decay=float(classifier.weight_decay),
                dropout_rates=tuple(rate for rate in prepared.spec.dropout if rate),
                penalties=prepared.penalties,
                epochs=prepared.sizes.max_epochs,
                learning_rate_schedule=prepared.sizes.learning_rate_schedule,
                early_stopping=_ensemble.stopping_rule(classifier, prepared.sizes),
                seed=seed,
                log_folder=classifier._log,
            )
        )
    arguments: dict[str, Any] = {
        "X": np.concatenate([data.features for data in tables]),
        "y": np.concatenate([data.y_encoded for data in tables]),
        "sample_weight": None if weights[0] is None else np.concatenate(weights),
    }
    for name in ("loss", "metrics", "optimizer", "batch_size"):
        arguments[name] = group[0].settings[name]
    return arguments, members


def _is_as_alone(
    group: list[PreparedFit], packed: Any, arguments: dict, members: list
) -> bool:
    """Whether the first epoch gives the first and the last net the bits it has alone.

    What a compiler makes of a batch of products is its own affair; a search whose
    scores depend on it would be no substitute for one that trains nets in turn.
    """
    trial = [
        dataclasses.replace(member, epochs=1, log_folder=None)
        for member in members[: len(group)]
    ]
    results = engine.fit_members(packed, members=trial, **arguments)
    for number in {0, len(group) - 1}:
        prepared, member, result = group[number], trial[number], results[number]
        if isinstance(result, Exception):
            continue
        net = prepared.net()
        alone = engine.fit(
            net,
            prepared.data.features,
            prepared.data.y_encoded,
            epochs=1,
            learning_rate_schedule=member.learning_rate_schedule,
            early_stopping=member.early_stopping,
            seed=member.seed,
            **prepared.split.fit_arguments(),
            **prepared.settings,
        )
        pairs = zip(net.get_weights(), result.weights, strict=True)
        is_equal = alone.history == result.training.history
        if not (is_equal and all(np.array_equal(a, b) for a, b in pairs)):
            return False
    return True
