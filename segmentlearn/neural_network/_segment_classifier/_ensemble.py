"""The nets of a classifier: how they are trained, go on from a fit, and predict."""

import contextlib
import functools
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import log_softmax

from segmentlearn import engine, networks
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.neural_network._fitted_network import FittedNetwork
from segmentlearn.neural_network._log_folders import parts_of_log
from segmentlearn.neural_network._segment_classifier._training_data import TrainingData
from segmentlearn.neural_network._settings import Sizes, check_callbacks
from segmentlearn.neural_network._split import Split

if TYPE_CHECKING:
    from segmentlearn.neural_network import SegmentClassifier

_SEED_STEP = 7919  # between the seeds of nets, so that those of two fits do not meet
SMALLEST_PROBABILITY = 1e-9
# of features, which each training copies
_MOST_BYTES_SIDE_BY_SIDE = 2**28


def net_seed(seed: int, number: int) -> int:
    """Return the seed of one of a classifier's nets; the first has the classifier's."""
    return (seed + number * _SEED_STEP) % 2**31


def train_nets(
    classifier: "SegmentClassifier",
    nets: Sequence,
    data: TrainingData,
    splits: Sequence[Split],
    sizes: Sizes,
    n_epochs_before: int,
    goes_on: bool = False,
) -> list:
    """Train the nets, each on its split; several at once where there are cores.

    `goes_on` is for one epoch more, with the optimizers as the last one has left them.
    """
    settings = fit_arguments(classifier, data, sizes)
    seed, states = classifier._seed, None
    if goes_on:
        seed, states = seed + n_epochs_before, classifier._optimizer_states
    else:
        settings |= {
            "epochs": sizes.max_epochs,
            "learning_rate_schedule": sizes.learning_rate_schedule,
            "early_stopping": stopping_rule(classifier, sizes),
        }
    logs = parts_of_log(classifier._log, len(nets), n_epochs_before)
    before = [net.get_weights() for net in nets]

    trained: list[int] = []

    def ends_fit() -> bool:
        # an ensemble without some of its nets would not be what was asked for
        return len(trained) == len(nets) - 1 and not goes_on

    @contextlib.contextmanager
    def around(number: int) -> Iterator[None]:
        title = f"net {number + 1} of {len(nets)}" if len(nets) > 1 else "training"
        with engine.pass_interrupts_on(ends_fit), engine.progress_title(title):
            yield
        trained.append(number)

    jobs = [
        functools.partial(
            engine.fit,
            net,
            data.features,
            data.y_encoded,
            log_dir=logs[number],
            optimizer_state=states[number] if states else None,
            seed=net_seed(seed, number),
            **split.fit_arguments(),
            **settings,
        )
        for number, (net, split) in enumerate(zip(nets, splits, strict=True))
    ]
    # whoever looks on is shown one training at a time
    is_watched = bool(settings["callbacks"] or settings["verbose"])
    is_large = data.features.nbytes > _MOST_BYTES_SIDE_BY_SIDE
    try:
        return engine.run_side_by_side(jobs, around, in_turn=is_watched or is_large)
    except BaseException:
        for net, weights in zip(nets, before, strict=True):
            net.set_weights(weights)  # the nets are trained in place
        raise


def stopping_rule(
    classifier: "SegmentClassifier", sizes: Sizes
) -> engine.EarlyStopping | None:
    """Return when to stop, and on what: a packed net by its members' average."""
    if not classifier.early_stopping:
        return None
    return engine.EarlyStopping(
        patience=sizes.n_iter_no_change,
        min_delta=classifier.tol,
        monitor="val_log_loss" if classifier._is_packed else "val_loss",
    )


def fit_arguments(
    classifier: "SegmentClassifier", data: TrainingData, sizes: Sizes
) -> dict[str, Any]:
    """Return the keywords of `engine.fit` that do not depend on the net."""
    is_packed, single = classifier._is_packed, "sparse_categorical_crossentropy"
    return {
        "loss": networks.member_log_loss if is_packed else single,
        "metrics": (networks.accuracy if is_packed else "accuracy",),
        "weighted_metrics": (networks.log_loss,) if is_packed else (),
        "optimizer": networks.build_optimizer(
            classifier.optimizer,
            sizes.learning_rate,
            classifier.weight_decay,
            classifier.ema_momentum,
        ),
        "batch_size": sizes.batch_size,
        "sample_weight": data.sample_weight,
        "callbacks": check_callbacks(classifier.callbacks),
        "verbose": int(classifier.verbose),
    }


def load_warm_start(
    model: Any, signature: tuple, weights: list, history: dict, earlier: tuple
) -> dict[str, list[float]]:
    """Give a new net the earlier weights if they fit; return its history so far.

    A signature holds the names of a net's inputs and the classes of its outputs.
    """
    shapes = [tuple(weight.shape) for weight in model.weights]
    if shapes == [np.shape(array) for array in weights] and signature == earlier:
        model.set_weights(weights)
        return history
    warnings.warn(
        "warm_start: the net, the classes or the columns are not those of the last "
        "fit, so training starts from fresh weights.",
        SegmentLearnWarning,
        stacklevel=4,
    )
    return {}


def mean_history(histories: Sequence[dict[str, list]]) -> dict[str, list[float]]:
    """Average histories epoch by epoch, over the nets that trained so long."""
    if len(histories) == 1:
        return histories[0]
    n_epochs = max(len(history["loss"]) for history in histories)
    return {
        name: [
            float(np.mean([h[name][epoch] for h in histories if epoch < len(h[name])]))
            for epoch in range(n_epochs)
        ]
        for name in histories[0]
    }


def extend_history(
    earlier: dict[str, list], later: dict[str, list], n_earlier: int | None = None
) -> dict[str, list[float]]:
    """Append one history to another; each measure keeps one value an epoch.

    The earlier one counts as `n_earlier` epochs, with NaN where it has no value.
    """
    n_later = len(later.get("loss", ()))
    if n_earlier is None:
        n_earlier = len(earlier.get("loss", ()))

    def values(history: dict[str, list], name: str, n_epochs: int) -> list[float]:
        known = history.get(name, [])
        return [*known, *[float("nan")] * (n_epochs - len(known))]

    names = dict.fromkeys([*earlier, *later])
    return {
        name: values(earlier, name, n_earlier) + values(later, name, n_later)
        for name in names
    }


def predict_logits(net: Any, features: np.ndarray) -> np.ndarray:
    """Return the logits of a net, averaged over its members."""
    outputs = FittedNetwork(net).predict(features, dtype=np.float64)
    if outputs.ndim == 2:
        return np.log(np.maximum(outputs, np.finfo(np.float32).tiny))
    return log_softmax(outputs.mean(axis=1), axis=1)


def clip_probabilities(probabilities: np.ndarray) -> np.ndarray:
    """Give every segment of every customer a probability above zero."""
    probabilities = np.maximum(probabilities, SMALLEST_PROBABILITY)
    return probabilities / probabilities.sum(axis=1, keepdims=True)
