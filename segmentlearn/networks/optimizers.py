"""Optimizers by name, with the numbers that a search may tune."""

from typing import Any

import keras

_DECAY_OF_ITS_OWN = ("adamw",)


def build_optimizer(
    optimizer: "str | dict | keras.optimizers.Optimizer",
    learning_rate: float,
    weight_decay: float,
) -> Any:
    """Return a Keras optimizer.

    Parameters
    ----------
    optimizer : str, keras.optimizers.Optimizer or dict
        Name of a Keras optimizer. An optimizer object, or its serialized form, is
        copied as it is; its own learning rate and weight decay hold.
    learning_rate : float
        Step size, for an optimizer given by name.
    weight_decay : float
        Decoupled weight decay (Loshchilov and Hutter), for an optimizer given by name;
        0 is none.

    Returns
    -------
    optimizer : keras.optimizers.Optimizer
        Not built.

    Raises
    ------
    ValueError
        If the name is not an optimizer of Keras.

    Examples
    --------
    >>> from segmentlearn.networks import build_optimizer
    >>> build_optimizer("adam", 0.01, 0.0).name
    'adam'
    """
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return type(optimizer).from_config(optimizer.get_config())
    if isinstance(optimizer, dict):  # what keras.optimizers.serialize gives
        return keras.optimizers.deserialize(optimizer)
    config: dict[str, Any] = {"learning_rate": learning_rate}
    if weight_decay or str(optimizer).lower() in _DECAY_OF_ITS_OWN:
        config["weight_decay"] = weight_decay
    try:
        return keras.optimizers.get({"class_name": optimizer, "config": config})
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"optimizer={optimizer!r} is not an optimizer of Keras; use a name such as "
            "'adam', 'adamw', 'sgd' or 'rmsprop', or an optimizer object."
        ) from error
