"""An optimizer's state, laid out as Keras does, whichever way a program holds it.

The learning rate is no part of it: each fit has its own.
"""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn.engine._keras_compat import keras, raw_learning_rate
from segmentlearn.engine._program._weights import Weights


def read_state(optimizer: Any) -> list[np.ndarray]:
    """Return the state of an optimizer that is built."""
    return [variable.numpy() for variable in _without_rate(optimizer)]


def write_state(optimizer: Any, state: Sequence) -> None:
    """Give an optimizer that is built the state of an earlier training."""
    _assign(_without_rate(optimizer), state)


class StateLayout:
    """Translates between Keras' layout and the variables that a program updates."""

    def __init__(self, optimizer: Any, weights: Weights, model: Any) -> None:
        self._optimizer, self._weights, self._model = optimizer, weights, model

    @functools.cached_property
    def _positions(self) -> list[tuple[int, int | None]]:
        """Where the vector's optimizer holds what an optimizer of the weights would."""
        optimizer = self._optimizer
        separate = type(optimizer).from_config(optimizer.get_config())
        separate.build(self._model.trainable_variables)
        return _find_positions(optimizer, separate)

    def read(self) -> list[np.ndarray]:
        """Return the state as Keras lays it out."""
        if not self._weights.is_flat:
            return read_state(self._optimizer)
        held = [variable.numpy() for variable in self._optimizer.variables]
        return [
            held[index] if piece is None else self._weights.cut(held[index])[piece]
            for index, piece in self._positions
        ]

    def write(self, state: Sequence) -> None:
        """Take over a state."""
        variables = self._optimizer.variables
        if _shapes(state) == _shapes(variables):
            _assign(variables, state)  # of an archive of the first protocol
        elif not self._weights.is_flat:
            write_state(self._optimizer, state)
        else:
            _check_shapes(state, self.read())
            pieces: dict[int, list] = {}
            for (index, _), value in zip(self._positions, state, strict=True):
                pieces.setdefault(index, []).append(value)
            is_whole = {index: piece is None for index, piece in self._positions}
            for index, values in pieces.items():
                whole = values[0] if is_whole[index] else self._weights.join(values)
                variables[index].assign(whole)


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


def _assign(variables: Sequence, state: Sequence) -> None:
    _check_shapes(state, variables)
    for variable, value in zip(variables, state, strict=True):
        variable.assign(value)


def _check_shapes(state: Sequence, known: Sequence) -> None:
    """Refuse a state that fits another optimizer or another net."""
    if _shapes(state) != _shapes(known):
        raise ValueError(
            "optimizer_state belongs to another optimizer or another net; pass the "
            "state that the last fit of this one gave, or None."
        )


def _shapes(arrays: Sequence) -> list[tuple]:
    return [tuple(np.shape(array)) for array in arrays]


def _without_rate(optimizer: Any) -> list:
    """List an optimizer's variables but for its learning rate."""
    rate = raw_learning_rate(optimizer)
    return [variable for variable in optimizer.variables if variable is not rate]


def _find_positions(flat: Any, separate: Any) -> list[tuple[int, int | None]]:
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
