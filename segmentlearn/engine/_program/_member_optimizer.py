"""An optimizer whose learning rate and count of steps are each member's own."""

from typing import Any

import numpy as np

from segmentlearn.engine._backend import keras


def widen_scalars(optimizer: Any, n_members: int) -> list:
    """Replace an optimizer's scalar variables by columns, one number for each member.

    Weights are (n_members, n_weights), so every formula of an optimizer that treats
    each number alone broadcasts: each member then has the learning rate, the number of
    steps and the corrections that it would have alone.
    """
    columns: dict[int, Any] = {}
    for name, scalar in list(vars(optimizer).items()):
        if not isinstance(scalar, keras.Variable) or tuple(scalar.shape):
            continue
        column = keras.Variable(
            np.full((n_members, 1), scalar.numpy()),
            dtype=scalar.dtype,
            trainable=False,
            name=scalar.name,
        )
        columns[id(scalar)] = column
        setattr(optimizer, name, column)
    return [columns.get(id(one), one) for one in optimizer.variables]
