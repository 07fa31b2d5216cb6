"""Descriptions of nets, and pure functions that build Keras models from them."""

import importlib
from typing import Any

from segmentlearn._startup import quiet_start

_HOMES = {
    "AutoencoderSpec": "segmentlearn.networks.autoencoder",
    "ClassifierSpec": "segmentlearn.networks.specs",
    "PackedSpec": "segmentlearn.networks.specs",
    "accuracy": "segmentlearn.networks.packed",
    "average_nets": "segmentlearn.networks.packed",
    "build_autoencoder": "segmentlearn.networks.autoencoder",
    "build_classifier": "segmentlearn.networks.classifier",
    "build_classifier_members": "segmentlearn.networks.classifier_members",
    "build_joint": "segmentlearn.networks.joint",
    "build_optimizer": "segmentlearn.networks.optimizers",
    "build_packed": "segmentlearn.networks.packed",
    "calibrate": "segmentlearn.networks.packed",
    "joint_loss": "segmentlearn.networks.joint",
    "log_loss": "segmentlearn.networks.packed",
    "member_log_loss": "segmentlearn.networks.packed",
    "mixed_likelihood": "segmentlearn.networks.autoencoder",
    "pack_autoencoders": "segmentlearn.networks.autoencoder_members",
    "packed_nets": "segmentlearn.networks.packed",
    "quantile_edges": "segmentlearn.networks.embeddings",
    "read_centers": "segmentlearn.networks.joint",
    "read_network": "segmentlearn.networks.storage",
    "unpack_autoencoders": "segmentlearn.networks.autoencoder_members",
    "write_network": "segmentlearn.networks.storage",
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
