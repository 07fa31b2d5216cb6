"""Optimizers by name, with the numbers that a search may tune."""

from typing import Any

import keras

_BY_NAME = {
    name.lower(): kind
    for name, kind in vars(keras.optimizers).items()
    if isinstance(kind, type)
    and issubclass(kind, keras.optimizers.Optimizer)
    and name not in ("Optimizer", "LossScaleOptimizer")
}


def build_optimizer(
    optimizer: "str | dict | keras.optimizers.Optimizer",
    learning_rate: float,
    weight_decay: float,
    ema_momentum: float | None = None,
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
    ema_momentum : float or None, default=None
        Of the moving average of the weights, for an optimizer given by name; None keeps
        no average.

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
    >>> type(build_optimizer("adam", 0.01, 0.0)).__name__
    'Adam'
    """
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return type(optimizer).from_config(optimizer.get_config())
    if isinstance(optimizer, dict):  # what keras.optimizers.serialize gives
        return keras.optimizers.deserialize(optimizer)
    kind = _BY_NAME.get(str(optimizer).lower())
    if kind is None:
        raise ValueError(
            f"optimizer={optimizer!r} is not an optimizer of Keras; use one of "
            f"{sorted(_BY_NAME)}, or an optimizer object."
        )
    rest: dict[str, Any] = {"learning_rate": learning_rate}
    if ema_momentum is not None:
        rest.update(use_ema=True, ema_momentum=ema_momentum)
    built = kind(**rest)
    # some decay weights by default; the others know no decay of zero
    if weight_decay or built.weight_decay is not None:
        built = kind(**rest, weight_decay=weight_decay)
    return built
