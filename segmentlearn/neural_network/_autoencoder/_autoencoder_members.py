"""Autoencoders of one table, of several seeds and lengths, trained by one program."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone

from segmentlearn import engine, networks
from segmentlearn.neural_network._autoencoder._estimator import Autoencoder
from segmentlearn.neural_network._log_folders import start_log


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
    prepared = [member._prepare_fit(features) for member in members]
    specs, models, splits, settings = zip(*prepared, strict=True)
    packed = networks.pack_autoencoders(models, specs, settings[0]["seed"])
    rows = [split.fit_arguments() for split in splits]
    result = engine.fit(
        packed,
        features,
        features,
        n_members=len(members),
        log_dir=log,
        **{name: [own[name] for own in rows] for name in rows[0]},
        **settings[0],
    )
    networks.unpack_autoencoders(packed, models)
    best = result.best_epoch
    for number, (member, model) in enumerate(zip(members, models, strict=True)):
        history = {
            name: [
                float(np.broadcast_to(value, len(members))[number]) for value in values
            ]
            for name, values in result.history.items()
        }
        own_best = None if best is None else best[number]
        member._set_fitted(model, history, result.n_epochs, own_best)
    return members
