"""Several autoencoders of one table, and training with segment centres."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.base import clone

from segmentlearn import engine, networks
from segmentlearn.neural_network._autoencoder._column_layout import read_layout
from segmentlearn.neural_network._autoencoder._estimator import Autoencoder
from segmentlearn.neural_network._log_folders import start_log
from segmentlearn.neural_network._settings import resolve_batch_size

_ZERO_AT_ZERO = (None, "linear", "relu", "tanh", "silu", "gelu", "elu")  # of Keras


def fit_jointly(
    autoencoder: Autoencoder,
    X: Any,
    centers: np.ndarray,
    *,
    kind: str,
    weight: float,
    max_epochs: int,
    learning_rate: float,
    seed: int,
) -> tuple[Autoencoder, np.ndarray]:
    """Go on training an autoencoder, now with centres in its code."""
    trained = copy.deepcopy(autoencoder)
    features = np.asarray(trained._read_table(X), np.float32)
    layout = None
    if trained.loss == "mixed":
        columns = read_layout(trained.preprocessor_, features.shape[1])
        layout = (columns.numeric, columns.categories, columns.indicators)
    model = trained._network.model
    joint = networks.build_joint(model, centers)
    result = engine.fit(
        joint,
        features,
        features,
        loss=networks.joint_loss(layout, len(centers), kind, float(weight)),
        optimizer=networks.build_optimizer("adam", learning_rate, 0.0),
        learning_rate_schedule="cosine",
        epochs=max_epochs,
        batch_size=resolve_batch_size("auto", len(features)),
        log_dir=start_log(trained),
        seed=seed,
    )
    trained.history_ = result.history
    trained.n_iter_ += result.n_epochs
    trained.model_ = model  # its weights are new
    return trained, networks.read_centers(joint, model)


def prepare_autoencoders(
    autoencoder: Autoencoder, X: Any, n_components: Sequence, seeds: Sequence[int]
) -> tuple[list[Autoencoder], list[Callable[[], None]]]:
    """Return copies of an autoencoder for one table, and the functions that train them.

    The table is prepared once. The functions may run side by side and in any order.
    All are trained by one program, whatever the length of their code.
    """
    members = [
        clone(autoencoder).set_params(n_components=length, random_state=seed)
        for length, seed in zip(n_components, seeds, strict=True)
    ]
    log = start_log(autoencoder)
    first = members[0]
    first._validate_params()
    features = first._fit_table(X)
    # numbers that fill a code up have to be zero behind the activation, too, and
    # callbacks are shown the net itself
    may_be_filled = autoencoder.code_activation in _ZERO_AT_ZERO
    may_be_filled = may_be_filled and not autoencoder.callbacks
    width = max(n_components) if may_be_filled else None
    trainings = []
    for number, member in enumerate(members):
        for name in ("preprocessor_", "n_features_in_", "feature_names_in_"):
            if hasattr(first, name):
                setattr(member, name, getattr(first, name))
        own = log.part(f"member_{number}") if log and len(members) > 1 else log
        trainings.append(member._plan_training(features, own, width))
    return members, trainings
