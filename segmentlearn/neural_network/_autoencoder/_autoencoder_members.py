"""Autoencoders trained together by one program, or with segment centres."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone

from segmentlearn import engine, networks
from segmentlearn.neural_network._autoencoder._column_layout import read_layout
from segmentlearn.neural_network._autoencoder._estimator import (
    Autoencoder,
    train_autoencoders,
)
from segmentlearn.neural_network._log_folders import start_log
from segmentlearn.neural_network._settings import resolve_batch_size


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


def fit_autoencoders(
    autoencoder: Autoencoder, X: Any, n_components: Sequence, seeds: Sequence[int]
) -> list[Autoencoder]:
    """Fit copies of an autoencoder to one table, side by side on a member axis.

    Each holds out rows of its own and keeps its own best epoch, as if it were fitted
    alone. The table is prepared once.
    """
    members = [
        clone(autoencoder).set_params(n_components=length, random_state=seed)
        for length, seed in zip(n_components, seeds, strict=True)
    ]
    if len(members) == 1 or autoencoder.callbacks:
        return [member.fit(X) for member in members]
    log = start_log(autoencoder)
    first = members[0]
    first._validate_params()
    features = first._fit_table(X)
    for member in members[1:]:
        for name in ("preprocessor_", "n_features_in_", "feature_names_in_"):
            if hasattr(first, name):
                setattr(member, name, getattr(first, name))
    train_autoencoders(members, features, log)
    return members
