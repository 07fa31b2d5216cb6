"""The rows of a training: read, padded for a program, and given to each net."""

import dataclasses
from typing import Any

import numpy as np

from segmentlearn.engine._keras_compat import keras, tf

_SMALLEST = 4096  # rows; a table this small costs next to nothing to pad
_COARSE_UNTIL = 16 * 2**20  # bytes; larger tables are padded by an eighth at most


def capacity_for(n_rows: int, bytes_per_row: int) -> int:
    """Round a number of rows up to the length it is padded to.

    Small tables get one of few lengths (each four times the one before), so that one
    compiled program serves them all; large ones are padded by at most an eighth, so
    that memory is not wasted. A little headroom keeps cross-validation folds, whose
    sizes differ by a row, on the same side of the border.
    """
    wanted = n_rows + max(16, n_rows // 64)
    capacity = _SMALLEST
    while capacity < wanted:
        capacity *= 4
    if capacity * bytes_per_row <= _COARSE_UNTIL:
        return capacity
    step = max(_SMALLEST, 2 ** (int(wanted).bit_length() - 4))
    return -(-wanted // step) * step


@dataclasses.dataclass(frozen=True)
class Rows:
    """Features, targets and weights: a user's arrays, or tensors for a program.

    Parameters
    ----------
    features, targets : list of ndarray or tensor, each of shape (n_rows, ...)
        The leaves of X and of y; tensors are padded with zeros at their end.
    weights : ndarray or tensor of shape (n_rows,), default=None
        Zero on the padding. None where every row of a user's weighs 1.
    structure : object, default=0
        How the leaves of X are nested in what the model is called with.
    """

    features: list
    targets: list
    weights: Any = None
    structure: Any = 0

    @property
    def leaves(self) -> list:
        """The features, then the targets."""
        return [*self.features, *self.targets]

    @property
    def n_rows(self) -> int:
        """Number of rows, those of the padding included."""
        return int(self.features[0].shape[0])

    @property
    def n_bytes(self) -> int:
        """Size of the features and targets of a user."""
        return sum(leaf.nbytes for leaf in self.leaves)

    @property
    def shapes(self) -> tuple:
        """Shapes without the row axis, and dtypes: what a program depends on."""
        return tuple((tuple(leaf.shape[1:]), leaf.dtype.name) for leaf in self.leaves)


def skeleton(structure: Any) -> Any:
    """Return how arrays are nested, without the arrays."""
    if is_plain_list(structure):
        return 0
    return keras.tree.map_structure(lambda leaf: 0, structure)


def is_plain_list(structure: Any) -> bool:
    """Whether a list holds numbers, perhaps nested: one array, not several."""
    if not isinstance(structure, (list, tuple)):
        return False
    return all(np.ndim(leaf) == 0 for leaf in keras.tree.flatten(structure))


def as_number(array: np.ndarray, role: str) -> np.ndarray:
    """Cast to the integers and floats that a program takes."""
    if array.dtype.kind in "biu":
        if array.dtype.itemsize >= 4 and array.dtype != np.int32 and array.size:
            limits = np.iinfo(np.int32)
            if array.min() < limits.min or array.max() > limits.max:
                return array.astype(np.float32)
        return array.astype(np.int32, copy=False)
    if array.dtype.kind == "f":
        return array.astype(np.float32, copy=False)
    raise ValueError(
        f"{role} has dtype {array.dtype}; the engine takes numbers only. "
        "Encode text and objects first."
    )


def as_leaves(structure: Any, role: str) -> list[np.ndarray]:
    """Flatten arrays, or lists and dicts of arrays, to arrays a program can take."""
    if is_plain_list(structure):
        structure = np.asarray(structure)
    leaves = [
        as_number(np.asarray(leaf), role) for leaf in keras.tree.flatten(structure)
    ]
    if not leaves or any(array.ndim == 0 for array in leaves):
        raise ValueError(f"{role} must be an array of rows, or a list or dict of them.")
    if len({len(array) for array in leaves}) > 1:
        lengths = [len(array) for array in leaves]
        raise ValueError(f"the arrays of {role} have different lengths: {lengths}.")
    return leaves


def pad_rows(table: Rows) -> Rows:
    """Copy a table into padded tensors once; every epoch then reads them in place."""
    n_rows = table.n_rows
    capacity = capacity_for(n_rows, table.n_bytes // max(1, n_rows))
    weights = np.ones(n_rows) if table.weights is None else table.weights
    return Rows(
        features=[_pad(leaf, capacity) for leaf in table.features],
        targets=[_pad(leaf, capacity) for leaf in table.targets],
        weights=_pad(np.asarray(weights, np.float32), capacity),
        structure=table.structure,
    )


def _pad(array: np.ndarray, capacity: int) -> Any:
    """Return a tensor of `capacity` rows that starts with the array's.

    The rows are copied once, into memory that the tensor then uses as it is: letting
    TensorFlow copy and pad takes twenty times as long for a large table.
    """
    padded = aligned_empty((capacity, *array.shape[1:]), array.dtype)
    padded[: len(array)] = array
    padded[len(array) :] = 0
    return as_tensor(padded)


def aligned_empty(shape: tuple, dtype: Any) -> np.ndarray:
    """Return an empty array that starts at a multiple of 64 bytes, as XLA wants."""
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.empty(n_bytes + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + n_bytes].view(dtype).reshape(shape)


def as_tensor(array: np.ndarray) -> Any:
    """Return a tensor over the memory of an aligned array, copied on a GPU only."""
    if array.size == 0 or tf.config.list_physical_devices("GPU"):
        return tf.convert_to_tensor(array)
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def index_table(
    rows: np.ndarray | list[np.ndarray], batch_size: int, length: int
) -> np.ndarray:
    """Lay row numbers out so that each batch is a slice, the last one filled up.

    The slots behind the last row repeat rows from the start: their loss has no weight,
    but batch statistics (batch normalization) then come from real rows only.
    """
    if isinstance(rows, list):
        return np.stack([index_table(own, batch_size, length) for own in rows])
    table = np.zeros(length, np.int32)
    n_rows = len(rows)
    if n_rows:
        n_slots = -(-n_rows // batch_size) * batch_size
        table[:n_rows] = rows
        table[n_rows:n_slots] = np.resize(rows, n_slots - n_rows)
    return table


def longest(rows: np.ndarray | list[np.ndarray]) -> int:
    """Return the number of rows, of the longest member where there are several."""
    return int(np.max(lengths(rows)))


def lengths(rows: np.ndarray | list[np.ndarray]) -> np.ndarray:
    """Return the number of rows: a scalar, or one number a member."""
    if isinstance(rows, list):
        return np.array([len(own) for own in rows], np.int32)
    return np.array(len(rows), np.int32)


def lay_out_rows(
    X: Any,
    y: Any,
    sample_weight: np.ndarray | None = None,
    *,
    train_rows: Any = None,
    validation_rows: Any = None,
    validation_data: tuple | None = None,
    n_members: int | None = None,
) -> tuple[Rows, Any, Any]:
    """Put all rows into one table; return the numbers of those for each purpose too.

    With members, these are lists of an array for each.
    """
    features, targets = as_leaves(X, "X"), as_leaves(y, "y")
    n_rows = len(features[0])
    if len(targets[0]) != n_rows:
        raise ValueError(f"X has {n_rows} rows and y has {len(targets[0])}.")
    if sample_weight is not None and np.shape(sample_weight) != (n_rows,):
        raise ValueError(
            f"sample_weight has shape {np.shape(sample_weight)}; it must be "
            f"({n_rows},)."
        )
    train = np.arange(n_rows) if train_rows is None else train_rows
    train = _for_each_member(train, n_rows, "train_rows", n_members)
    validation = np.arange(0) if validation_rows is None else validation_rows
    validation = _for_each_member(validation, n_rows, "validation_rows", n_members)
    if longest(train) == 0:
        raise ValueError("there are no rows to train on.")
    if validation_data is not None:
        if longest(validation):
            raise ValueError("pass validation_data or validation_rows, not both.")
        features, targets, sample_weight, added = _append_rows(
            features, targets, sample_weight, validation_data
        )
        validation = [added] * len(train) if isinstance(train, list) else added
    return Rows(features, targets, sample_weight, skeleton(X)), train, validation


def _for_each_member(rows: Any, n_rows: int, name: str, n_members: int | None) -> Any:
    """Check row numbers; with members, give each its own, or all of them the same."""
    if n_members is None:
        if isinstance(rows, list) and rows and np.ndim(rows[0]) == 1:
            raise ValueError(
                f"{name} holds an array for each member; pass n_members, or one array "
                "of row numbers."
            )
        return _row_numbers(rows, n_rows, name)
    if not isinstance(rows, list):
        rows = [rows] * n_members
    if len(rows) != n_members:
        raise ValueError(f"{name} has {len(rows)} arrays for {n_members} members.")
    return [_row_numbers(own, n_rows, name) for own in rows]


def _row_numbers(rows: Any, n_rows: int, name: str) -> np.ndarray:
    """Check row numbers; a mask becomes numbers."""
    rows = np.asarray(rows)
    if rows.ndim != 1:
        raise ValueError(f"{name} has shape {rows.shape}; row numbers stand in a row.")
    if rows.dtype.kind == "b":
        if rows.shape != (n_rows,):
            raise ValueError(
                f"{name} is a mask of shape {rows.shape}; X has {n_rows} rows."
            )
        return np.flatnonzero(rows)
    if rows.dtype.kind not in "iu" and rows.size:
        raise ValueError(f"{name} has dtype {rows.dtype}; row numbers are integers.")
    rows = rows.astype(np.int64)
    if rows.size and (rows.min() < 0 or rows.max() >= n_rows):
        raise ValueError(
            f"{name} runs from {rows.min()} to {rows.max()}; X has rows 0 to "
            f"{n_rows - 1}."
        )
    return rows


def _append_rows(
    features: list, targets: list, weights: np.ndarray | None, extra: tuple
) -> tuple[list, list, np.ndarray | None, np.ndarray]:
    """Append validation rows to the table; return their row numbers too."""
    more_features = as_leaves(extra[0], "validation_data[0]")
    more_targets = as_leaves(extra[1], "validation_data[1]")
    more_weights = extra[2] if len(extra) > 2 else None
    more = [*more_features, *more_targets]
    for old, new in zip([*features, *targets], more, strict=True):
        if old.shape[1:] != new.shape[1:]:
            raise ValueError(
                f"validation_data has rows of shape {new.shape[1:]} where training has "
                f"{old.shape[1:]}."
            )
    n_rows, n_more = len(features[0]), len(more_features[0])
    if n_more != len(more_targets[0]):
        raise ValueError(
            f"validation_data has {n_more} rows of X and {len(more_targets[0])} of y."
        )
    if more_weights is not None and len(more_weights) != n_more:
        raise ValueError(
            f"validation_data has {n_more} rows and {len(more_weights)} weights."
        )
    if weights is not None or more_weights is not None:
        first = np.ones(n_rows) if weights is None else weights
        second = np.ones(n_more) if more_weights is None else more_weights
        weights = np.concatenate([first, second])
    return (
        [np.concatenate(pair) for pair in zip(features, more_features, strict=True)],
        [np.concatenate(pair) for pair in zip(targets, more_targets, strict=True)],
        weights,
        np.arange(n_rows, n_rows + n_more),
    )
