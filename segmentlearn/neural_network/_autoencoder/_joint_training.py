"""Autoencoder and segment centres trained together (IDEC and DCN)."""

import copy
from typing import Any

import numpy as np

from segmentlearn import engine, networks
from segmentlearn.neural_network._autoencoder._column_layout import read_layout
from segmentlearn.neural_network._autoencoder._estimator import Autoencoder
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
    joint = networks.build_joint(trained.model_, centers)
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
    return trained, networks.read_centers(joint, trained.model_)
