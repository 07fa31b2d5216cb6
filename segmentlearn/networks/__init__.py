"""Descriptions of nets, and pure functions that build Keras models from them."""

import importlib
from typing import Any

from segmentlearn._startup import quiet_start

_HOMES = {
    "AutoencoderSpec": "segmentlearn.networks._autoencoder",
    "ClassifierSpec": "segmentlearn.networks._specs",
    "PackedSpec": "segmentlearn.networks._specs",
    "accuracy": "segmentlearn.networks._packed",
    "average_nets": "segmentlearn.networks._packed",
    "build_autoencoder": "segmentlearn.networks._autoencoder",
    "build_classifier": "segmentlearn.networks._classifier",
    "build_classifier_members": "segmentlearn.networks._classifier_members",
    "build_joint": "segmentlearn.networks._joint",
    "build_optimizer": "segmentlearn.networks._optimizers",
    "build_packed": "segmentlearn.networks._packed",
    "calibrate": "segmentlearn.networks._packed",
    "joint_loss": "segmentlearn.networks._joint",
    "log_loss": "segmentlearn.networks._packed",
    "member_log_loss": "segmentlearn.networks._packed",
    "mixed_likelihood": "segmentlearn.networks._autoencoder",
    "pack_autoencoders": "segmentlearn.networks._autoencoder_members",
    "packed_nets": "segmentlearn.networks._packed",
    "quantile_edges": "segmentlearn.networks._embeddings",
    "read_centers": "segmentlearn.networks._joint",
    "read_network": "segmentlearn.networks._storage",
    "unpack_autoencoders": "segmentlearn.networks._autoencoder_members",
    "write_network": "segmentlearn.networks._storage",
}

__all__ = [
    "AutoencoderSpec",
    "ClassifierSpec",
    "PackedSpec",
    "accuracy",
    "average_nets",
    "build_autoencoder",
    "build_classifier",
    "build_classifier_members",
    "build_joint",
    "build_optimizer",
    "build_packed",
    "calibrate",
    "joint_loss",
    "log_loss",
    "member_log_loss",
    "mixed_likelihood",
    "pack_autoencoders",
    "packed_nets",
    "quantile_edges",
    "read_centers",
    "read_network",
    "unpack_autoencoders",
    "write_network",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        with quiet_start():
            found = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = found  # the next time without coming here
        return found
    raise AttributeError(f"module 'segmentlearn.networks' has no attribute {name!r}")
