"""Classifiers with one ordinary net each, trained side by side by one program.

Each becomes what ``fit`` would have made of it, to the last bit: the same rows in the
same order, the same held-out rows and dropout masks, the same epoch.
"""

import dataclasses
import itertools
import time
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from segmentlearn import engine, networks
from segmentlearn.neural_network._labels import (
    encode_labels,
    learn_classes,
    read_labels,
    weigh_rows,
)
from segmentlearn.neural_network._log_folders import start_log
from segmentlearn.neural_network._segment_classifier._classifier import (
    SegmentClassifier,
)
from segmentlearn.neural_network._segment_classifier._construction import describe_net
from segmentlearn.neural_network._segment_classifier._effort import Sizes
from segmentlearn.neural_network._segment_classifier._ensemble import Fold
from segmentlearn.neural_network._segment_classifier._presets import PRESETS

# places of a program: more are no faster, and XLA then rounds other numbers differently
_N_PLACES = 8
_MOST_BYTES = 256 * 2**20  # of the table that the nets of a program learn from
# rows of a step times weights; a larger net keeps the processor busy alone
_MOST_WORK = 2**20
_OPTIMIZERS = {
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "ftrl",
    "lion",
    "nadam",
    "rmsprop",
    "sgd",
}


class TrainingTable:
    """Training rows of several classifiers; each preprocessor is fitted once."""

    def __init__(self, X: Any, y: Any, sample_weight: Any = None) -> None:
        self.X, self.y, self.sample_weight = X, y, sample_weight
        self._labels: tuple | None = None
        self._prepared: dict[Hashable, tuple] = {}

    def labels(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the classes, and each customer's class number."""
        if self._labels is None:
            labels = read_labels(self.y, "y")
            classes = learn_classes(labels)
            self._labels = classes, encode_labels(self.X, labels, classes)
        return self._labels

    def prepare(self, classifier: SegmentClassifier, key: Hashable) -> np.ndarray:
        """Return the features of a classifier, and give it its preprocessor.

        Classifiers of one `key` share both.
        """
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
        for name, value in learnt.items():
            setattr(classifier, name, value)
        return features


@dataclasses.dataclass
class Start:
    """A classifier that is ready to be trained.

    Parameters
    ----------
    classifier : SegmentClassifier
    features : ndarray of shape (n_samples, n_features)
    codes : ndarray of int, shape (n_samples,)
    weights : ndarray of shape (n_samples,) or None
    fold : Fold
    sizes : Sizes
    spec : networks.ClassifierSpec
    """

    classifier: SegmentClassifier
    features: np.ndarray
    codes: np.ndarray
    weights: np.ndarray | None
    fold: Fold
    sizes: Sizes
    spec: Any

    @property
    def n_steps(self) -> int:
        """Steps of an epoch."""
        return -(-len(self.fold.train_rows) // self.sizes.batch_size)

    @property
    def n_weights(self) -> int:
        """Weights of the net."""
        widths = (
            self.spec.n_features,
            *self.spec.hidden_layer_sizes,
            self.spec.n_classes,
        )
        return sum((a + 1) * b for a, b in itertools.pairwise(widths))

    def optimizer(self) -> Any:
        """Return the optimizer that ``fit`` would train with."""
        return networks.build_optimizer(
            self.classifier.optimizer,
            self.sizes.learning_rate,
            self.classifier.weight_decay,
            self.classifier.ema_momentum,
        )

    def net(self) -> Any:
        """Return the net with the weights that ``fit`` would start from."""
        return networks.build_classifier(self.spec, self.classifier._seed)

    def finish(self, result: Any, net: Any = None) -> SegmentClassifier:
        """Make the classifier what ``fit`` would have made of it."""
        if isinstance(result, Exception):
            raise result
        is_lent = net is not None
        net = net if is_lent else self.net()
        for variable, value in zip(net.weights, result.weights, strict=True):
            variable.value.assign(value)
        self.classifier._keep(net, [result.training], {}, 1)
        if is_lent:
            self.classifier.oof_proba_ = None
        else:
            self.classifier._calibrate(
                [net], [self.fold], self.features, self.codes, self.weights, True
            )
        return self.classifier


def reason_to_train_alone(classifier: Any) -> str | None:
    """Say why a classifier cannot be trained beside others, or None if it can."""
    if type(classifier) is not SegmentClassifier:
        return f"{type(classifier).__name__} is not a SegmentClassifier"
    is_alone = classifier.n_members == 1 and classifier.numeric_embedding is None
    if not is_alone or classifier.n_inner_folds != 0:
        return "ensemble of packed nets"
    if classifier.calibration not in (None, "auto"):
        return "calibrated net"
    if classifier.batch_normalization:
        return "batch normalization"
    if classifier.warm_start:
        return "warm start"
    if classifier.callbacks:
        return "callbacks"
    if classifier.verbose:
        return "progress of a net is shown"
    optimizer = classifier.optimizer
    if not isinstance(optimizer, str) or optimizer.lower() not in _OPTIMIZERS:
        return "optimizer that looks at more than single weights, or an object"
    return None


def start(
    classifier: SegmentClassifier, table: TrainingTable, key: Hashable = None
) -> Start:
    """Do all that ``fit`` does before the net is trained."""
    classifier._validate_params()
    classifier._log = start_log(classifier, PRESETS)
    random_state = classifier._draw_seed()
    classifier.classes_, codes = table.labels()
    features = table.prepare(classifier, key)
    weights, factors = weigh_rows(
        codes, classifier.classes_, classifier.class_weight, table.sample_weight
    )
    sizes = classifier._resolve_sizes(codes, weights, None)
    (fold,) = classifier._choose_rows(
        codes, weights, factors, None, None, sizes, random_state
    )
    classifier._is_packed = False
    n_classes = len(classifier.classes_)
    spec = describe_net(classifier, sizes, features.shape[1], n_classes)
    return Start(classifier, features, codes, weights, fold, sizes, spec)


@dataclasses.dataclass
class Batch:
    """Classifiers that one program has trained.

    Parameters
    ----------
    starts : list of Start
    results : list of engine.MemberResult or SegmentLearnError
        One for each.
    seconds : float
        Of the training of all of them.
    """

    starts: list[Start]
    results: list
    seconds: float


def train_side_by_side(starts: Sequence[Start]) -> tuple[list[Batch], list[Start]]:
    """Train nets of one shape in one program."""
    groups: dict[Hashable, list[Start]] = {}
    left: list[Start] = []
    for one in starts:
        if one.n_weights * one.sizes.batch_size > _MOST_WORK:
            left.append(one)
        else:
            groups.setdefault(_shape(one), []).append(one)
    batches = []
    for group in groups.values():
        for part in _in_parts(group):
            batch = _train(part) if len(part) > 1 else None
            if batch is None:
                left.extend(part)
            else:
                batches.append(batch)
    return batches, left


def _shape(one: Start) -> Hashable:
    """Return what the nets of a program have in common."""
    spec = dataclasses.replace(
        one.spec,
        dropout=tuple(float(rate > 0) for rate in one.spec.dropout),
        l2=float(one.spec.l2 > 0),
    )
    classifier = one.classifier
    return (
        spec,
        one.sizes.batch_size,
        one.n_steps,
        classifier.optimizer.lower(),
        classifier.weight_decay > 0,
        classifier.ema_momentum,
    )


def _in_parts(group: list[Start]) -> list[list[Start]]:
    """Split a group where the tables that it learns from would be too large."""
    parts: list[list[Start]] = []
    n_bytes = 0
    seen: set = set()
    for one in group:
        more = 0 if _rows_of(one) in seen else one.features.nbytes
        if not parts or (more and n_bytes + more > _MOST_BYTES):
            parts.append([])
            n_bytes, seen, more = 0, set(), one.features.nbytes
        parts[-1].append(one)
        n_bytes += more
        seen.add(_rows_of(one))
    return parts


def _rows_of(one: Start) -> Hashable:
    """Tell apart the rows, with their weights, that classifiers learn from."""
    weights = None if one.weights is None else one.weights.tobytes()
    return id(one.features), weights


def _train(group: list[Start]) -> Batch | None:
    """Train a group; None where its program rounds differently from a net alone."""
    began = time.perf_counter()
    # slow learners first: one that starts last would keep its program for itself
    group = sorted(group, key=lambda one: one.sizes.learning_rate)
    arguments, members = _members(group)
    first, n_places = group[0], min(_N_PLACES, len(group))
    packed = networks.build_classifier_members(first.spec, n_places)
    key = _shape(first), n_places
    if key not in _TRIALS:
        if len(_TRIALS) >= _MOST_TRIALS:
            _TRIALS.pop(next(iter(_TRIALS)))
        _TRIALS[key] = _is_as_alone(group[:n_places], packed, arguments, members)
    if not _TRIALS[key]:
        return None
    results = engine.fit_members(packed, members=members, **arguments)
    return Batch(group, results, time.perf_counter() - began)


_TRIALS: dict[Hashable, bool] = {}  # whether programs of a shape train as nets alone
_MOST_TRIALS = 256


def _members(group: list[Start]) -> tuple[dict, list]:
    """Lay all classifiers' rows out as one table; say who learns from which."""
    offsets: dict[Hashable, int] = {}
    parts: list[Start] = []
    n_rows = 0
    for one in group:
        if _rows_of(one) not in offsets:
            offsets[_rows_of(one)] = n_rows
            n_rows += len(one.features)
            parts.append(one)
    weights = None
    if any(one.weights is not None for one in parts):
        weights = np.concatenate(
            [
                np.ones(len(one.codes)) if one.weights is None else one.weights
                for one in parts
            ]
        )
    nets: dict[int, list] = {}
    members = []
    for one in group:
        classifier, offset = one.classifier, offsets[_rows_of(one)]
        seed = classifier._seed
        if seed not in nets:
            nets[seed] = one.net().get_weights()
        stopping = classifier._stopping_rule(one.sizes)
        members.append(
            engine.Member(
                weights=nets[seed],
                train_rows=one.fold.train_rows + offset,
                validation_rows=one.fold.held_out + offset,
                learning_rate=one.sizes.learning_rate,
                weight_decay=float(classifier.weight_decay),
                dropout_rates=tuple(rate for rate in one.spec.dropout if rate),
                penalties=_penalties(one.spec),
                epochs=classifier.max_epochs,
                learning_rate_schedule=classifier.learning_rate_schedule,
                early_stopping=stopping,
                seed=seed,
                log_folder=classifier._log,
            )
        )
    arguments = {
        "X": np.concatenate([one.features for one in parts]),
        "y": np.concatenate([one.codes for one in parts]),
        "sample_weight": weights,
        "loss": "sparse_categorical_crossentropy",
        "metrics": ("accuracy",),
        "optimizer": group[0].optimizer(),
        "batch_size": group[0].sizes.batch_size,
    }
    return arguments, members


def _penalties(spec: Any) -> tuple[tuple[float, float], ...]:
    """Return the strengths for each kernel; none where there is no penalty."""
    n_kernels = len(spec.hidden_layer_sizes) + 1
    return ((0.0, spec.l2),) * n_kernels if spec.l2 else ()


def _is_as_alone(
    group: list[Start], packed: Any, arguments: dict, members: list
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
        one, member, result = group[number], trial[number], results[number]
        if isinstance(result, Exception):
            continue
        net = one.net()
        alone = engine.fit(
            net,
            one.features,
            one.codes,
            loss=arguments["loss"],
            metrics=arguments["metrics"],
            optimizer=one.optimizer(),
            batch_size=arguments["batch_size"],
            sample_weight=one.weights,
            epochs=1,
            learning_rate_schedule=member.learning_rate_schedule,
            early_stopping=member.early_stopping,
            seed=member.seed,
            **one.fold.arguments,
        )
        pairs = zip(net.get_weights(), result.weights, strict=True)
        if alone.history != result.training.history or not all(
            np.array_equal(a, b) for a, b in pairs
        ):
            return False
    return True
