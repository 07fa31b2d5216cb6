"""Descriptions of nets, and pure functions that build Keras models from them."""

from typing import Any

from segmentlearn._startup import load_lazily

_MODULES = {
    "_autoencoder": ("AutoencoderSpec", "build_autoencoder", "copy_padded"),
    "_classifier": ("build_classifier", "build_classifier_members"),
    "_embeddings": ("quantile_edges",),
    "_joint": ("build_joint", "joint_loss", "read_centers"),
    "_likelihood": ("mixed_likelihood",),
    "_numpy._evaluator": ("Evaluator", "layer_calls"),
    "_numpy._hdf5": ("StoredArray", "array_of", "read_arrays"),
    "_numpy._layers": ("NotEvaluableError", "equation_of"),
    "_numpy._stored_network": ("StoredNetwork",),
    "_optimizers": ("build_optimizer",),
    "_packed": (
        *("accuracy", "average_nets", "build_packed", "calibrate"),
        *("log_loss", "member_log_loss", "packed_nets"),
    ),
    "_specs": ("ClassifierSpec", "PackedSpec"),
    "_storage": ("configuration_and_weights", "read_network", "write_network"),
}

# how fitted nets are kept and evaluated; for the other packages
_INTERNAL = {
    *("Evaluator", "NotEvaluableError", "StoredArray", "StoredNetwork"),
    *("array_of", "configuration_and_weights", "equation_of", "layer_calls"),
    *("copy_padded", "read_arrays"),
}

__all__ = sorted({name for names in _MODULES.values() for name in names} - _INTERNAL)


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    return load_lazily(__name__, _MODULES, name)
