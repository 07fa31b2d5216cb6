"""An optimizer's state, laid out as Keras does, whichever way a program holds it.

The learning rate is no part of it: each fit has its own.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn.engine._keras_compat import keras, raw_learning_rate


def read_state(optimizer: Any) -> list[np.ndarray]:
    """Return the state of an optimizer that is built."""
    return [variable.numpy() for variable in _without_rate(optimizer)]


def write_state(optimizer: Any, state: Sequence) -> None:
    """Give an optimizer that is built the state of an earlier training."""
    assign_state(_without_rate(optimizer), state)


def widen_scalars(optimizer: Any, n_members: int) -> list:
    """Replace an optimizer's scalar variables by columns, one number for each member.

    Weights are (n_members, n_weights), so every formula of an optimizer that treats
    each number alone broadcasts: each member then has the learning rate, the number of
    steps and the corrections that it would have alone.
    """
    columns: dict[int, Any] = {}
    for name, scalar in list(vars(optimizer).items()):
        if isinstance(scalar, keras.Variable) and not tuple(scalar.shape):
            columns[id(scalar)] = column = keras.Variable(
                np.full((n_members, 1), scalar.numpy()),
                dtype=scalar.dtype,
                trainable=False,
                name=scalar.name,
            )
            setattr(optimizer, name, column)
    return [columns.get(id(variable), variable) for variable in optimizer.variables]


def assign_state(variables: Sequence, state: Sequence) -> None:
    """Set variables; refuse a state that fits another optimizer or another net."""
    check_shapes(state, variables)
    for variable, value in zip(variables, state, strict=True):
        variable.assign(value)


def check_shapes(state: Sequence, known: Sequence) -> None:
    """Refuse a state that fits another optimizer or another net."""
    if shapes_of(state) != shapes_of(known):
        raise ValueError(
            "optimizer_state belongs to another optimizer or another net; pass the "
            "state that the last fit of this one gave, or None."
        )


def shapes_of(arrays: Sequence) -> list[tuple]:
    """Return the shapes of arrays or variables."""
    return [tuple(np.shape(array)) for array in arrays]


def _without_rate(optimizer: Any) -> list:
    """List an optimizer's variables but for its learning rate."""
    rate = raw_learning_rate(optimizer)
    return [variable for variable in optimizer.variables if variable is not rate]


def find_positions(flat: Any, separate: Any) -> list[tuple[int, int | None]]:
    """Find each variable of `separate` in `flat`: its position there, and which piece.

    Both keep what belongs together under the same attribute: a number, or a list with
    an entry for each weight.
    """
    position = {id(variable): i for i, variable in enumerate(flat.variables)}
    found: dict[int, tuple[int, int | None]] = {}
    for name, value in vars(separate).items():
        other = vars(flat).get(name)
        if isinstance(value, keras.Variable) and id(other) in position:
            found[id(value)] = (position[id(other)], None)
        elif isinstance(value, list) and isinstance(other, list) and len(other) == 1:
            index = position.get(id(other[0]))
            if index is not None:
                found.update({id(v): (index, piece) for piece, v in enumerate(value)})
    return [found[id(variable)] for variable in _without_rate(separate)]
