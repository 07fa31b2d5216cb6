"""A model's weights as a program holds them: in one flat vector where that is the same.

An update of one long vector takes a handful of operations; an update of each kernel and
bias takes as many for each of them, and in a small net these are most of an epoch.
"""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn.engine._keras_compat import (
    averaged_weights,
    keras,
    raw_learning_rate,
    tf,
)

# optimizers that treat every number alone: one vector or many arrays, the result is the
# same. Adafactor, Lamb and Muon look at whole matrices.
ELEMENTWISE = (
    keras.optimizers.SGD,
    keras.optimizers.RMSprop,
    keras.optimizers.Adam,
    keras.optimizers.AdamW,
    keras.optimizers.Adadelta,
    keras.optimizers.Adagrad,
    keras.optimizers.Adamax,
    keras.optimizers.Nadam,
    keras.optimizers.Ftrl,
    keras.optimizers.Lion,
)


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


def _copied(variables: Sequence) -> list:
    return [
        keras.Variable(
            variable.numpy(), dtype=variable.dtype, trainable=variable.trainable
        )
        for variable in variables
    ]


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


class Weights:
    """The variables that a program trains, and those that it only updates.

    Those of a model that another program has (`is_shared`) are copied.
    """

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        n_members: int | None,
        is_shared: bool = False,
    ) -> None:
        own = _copied if is_shared else list
        self._model, self._optimizer = model, optimizer
        position = {id(variable): i for i, variable in enumerate(model.weights)}
        self._trained = [position[id(v)] for v in model.trainable_variables]
        # what a step changes without a gradient, in the order in which Keras returns
        # it: frozen weights, moving statistics, and the states of random generators
        updated = model.non_trainable_variables
        self.updated = own(updated)
        self._fixed = [position.get(id(variable)) for variable in updated]
        self.shapes = [tuple(variable.shape) for variable in model.trainable_variables]
        self._lead = [] if n_members is None else [n_members]
        # whether one vector gives the same updates as the separate weights
        self.is_flat = (
            type(optimizer) in ELEMENTWISE
            and optimizer.clipnorm is None
            and bool(self.shapes)
            and all(v.constraint is None for v in model.trainable_variables)
            and all(v.dtype == "float32" for v in model.trainable_variables)
            and all([*shape[: len(self._lead)]] == self._lead for shape in self.shapes)
        )
        if self.is_flat:
            rows = n_members or 1
            self._sizes = [int(np.prod(shape)) // rows for shape in self.shapes]
            shape = (*self._lead, sum(self._sizes))
            self.variables = [keras.Variable(np.zeros(shape, np.float32), name="flat")]
        else:
            self.variables = own(model.trainable_variables)
        optimizer.build(self.variables)
        # what validation looks at and a fit takes home
        self.evaluated = averaged_weights(optimizer) or self.variables

    @property
    def is_by_member(self) -> bool:
        """Whether each member's weights are a row of the vector, and nothing else."""
        return self.is_flat and bool(self._lead) and not self.updated

    def assign_member(self, member: int, weights: Sequence) -> None:
        """Take over the weights of one net, in the order of its ``weights``."""
        rows = self.variables[0].numpy()
        rows[member] = np.concatenate([np.ravel(weights[i]) for i in self._trained])
        self.variables[0].assign(rows)

    def split_row(self, row: np.ndarray) -> list[np.ndarray]:
        """Cut a member's row into flat arrays, in the order of ``model.weights``."""
        pieces = np.split(row, np.cumsum(self._sizes)[:-1])
        return [pieces[i] for i in np.argsort(self._trained)]

    def join(self, arrays: Sequence) -> np.ndarray:
        """Lay arrays of the trained weights' shapes end to end, as the vector does."""
        rows = [np.reshape(array, (*self._lead, -1)) for array in arrays]
        return np.concatenate(rows, axis=-1)

    def cut(self, vector: np.ndarray) -> list[np.ndarray]:
        """Return the arrays that `join` has laid end to end."""
        pieces = np.split(vector, np.cumsum(self._sizes)[:-1], axis=-1)
        return list(map(np.reshape, pieces, self.shapes))

    def unpack(self, values: Sequence) -> list:
        """Return the values of `variables` as the model's trainable weights."""
        if not self.is_flat:
            return list(values)
        pieces = tf.split(values[0], self._sizes, axis=len(self._lead))
        return list(map(tf.reshape, pieces, self.shapes))

    def assign(self, weights: Sequence, seed: int) -> None:
        """Take over a net's weights, in the order of ``model.weights``."""
        trained = [np.asarray(weights[i]) for i in self._trained]
        if self.is_flat:
            self.variables[0].assign(self.join(trained))
        else:
            for variable, array in zip(self.variables, trained, strict=True):
                variable.assign(array)
        for number, variable in enumerate(self.updated):
            index = self._fixed[number]
            if index is None:  # the state of a random generator
                variable.assign(np.array([seed & 0xFFFFFFFF, number], np.uint32))
            else:
                variable.assign(weights[index])

    def read(self) -> list:
        """Return the present values of the variables that hold the model's weights."""
        pairs = zip(self.updated, self._fixed, strict=True)
        kept = [variable for variable, index in pairs if index is not None]
        return [variable.value.read_value() for variable in (*self.evaluated, *kept)]

    @functools.cached_property
    def _positions(self) -> list[tuple[int, int | None]]:
        """Where the vector's optimizer holds what an optimizer of the weights would."""
        separate = type(self._optimizer).from_config(self._optimizer.get_config())
        separate.build(self._model.trainable_variables)
        return find_positions(self._optimizer, separate)

    def read_state(self) -> list[np.ndarray]:
        """Return the optimizer's state as Keras lays it out."""
        if not self.is_flat:
            return read_state(self._optimizer)
        held = [variable.numpy() for variable in self._optimizer.variables]
        return [
            held[index] if piece is None else self.cut(held[index])[piece]
            for index, piece in self._positions
        ]

    def write_state(self, state: Sequence) -> None:
        """Give the optimizer the state of an earlier training."""
        variables = self._optimizer.variables
        if shapes_of(state) == shapes_of(variables):
            assign_state(variables, state)  # of an archive of the first protocol
        elif not self.is_flat:
            write_state(self._optimizer, state)
        else:
            check_shapes(state, self.read_state())
            pieces: dict[int, list] = {}
            for (index, _), value in zip(self._positions, state, strict=True):
                pieces.setdefault(index, []).append(value)
            is_whole = {index: piece is None for index, piece in self._positions}
            for index, values in pieces.items():
                whole = values[0] if is_whole[index] else self.join(values)
                variables[index].assign(whole)

    def in_model_order(self, values: Sequence) -> list[np.ndarray]:
        """Turn what `read` has returned into the weights of the model."""
        arrays = [np.asarray(value) for value in values]
        held, fixed = arrays[: len(self.variables)], arrays[len(self.variables) :]
        if self.is_flat:
            held = self.cut(held[0])
        indices = self._trained + [i for i in self._fixed if i is not None]
        arrays = held + fixed
        return [arrays[i] for i in np.argsort(indices)]
