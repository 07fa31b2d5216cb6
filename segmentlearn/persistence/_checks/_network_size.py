"""What a Keras net would take to build, from its configuration and nothing built."""

from collections.abc import Iterator
from typing import Any

from segmentlearn.exceptions import ArchiveError
from segmentlearn.persistence._checks._budget import Budget
from segmentlearn.persistence._checks._hdf5 import StoredArray
from segmentlearn.persistence._checks._layer_sizes import (
    count_weights,
    is_weightless,
    product,
)

# a net keeps no more weights than its file holds, but for counters and seeds
_FREE_WEIGHTS = 2**15
_WEIGHTS_PER_STORED = 2
_BYTES_PER_WEIGHT = 8
_BYTES_PER_LAYER = 20_000
_BYTES_PER_OBJECT = 4_000
# layers without weights, for each array that the file holds
_FREE_LAYERS = 200
_LAYERS_PER_ARRAY = 8
_DEEPEST = 12

# lengths that no weight has: of images, of texts, of what a layer gives
_LARGEST_NUMBER = 2**20
_LARGEST_OUTPUT = 2**26
# numbers of rounds, of parts, of anything in layers that are not Keras' usual ones
_LARGEST_COUNT = 1024
# an orthogonal matrix takes the third power of its side
_FREE_ROTATION = 1e10
_ROTATION_PER_BYTE = 1e3

_REPEATED = {"Bidirectional": 2, "SpectralNormalization": 1, "TimeDistributed": 1}
# numbers that name or scale something and make nothing larger
_LABELS = {"fill_value", "mask_token", "mask_value", "oov_token", "pad_to_multiple"}
_LABELS |= {"salt", "seed", "shared_object_id", "value", "keras_history"}
_SHAPES = {"batch_shape", "batch_input_shape", "output_shape", "shape", "target_shape"}
_SHAPES |= {"padding", "size"}
_LOOKUPS = {"IntegerLookup", "StringLookup", "TextVectorization"}
_COUNTED = {dict, float, int, list}
_NUMBER_TYPES = ("bool", "bfloat16", "complex", "float", "int", "uint")


def check_size(
    config: dict[str, Any], arrays: dict[str, StoredArray], budget: Budget, what: str
) -> None:
    """Compare a net's configuration with the arrays that its file holds."""
    longest = max(
        (length for array in arrays.values() for length in array.shape), default=0
    )
    try:
        n_objects = _check_values(config, max(longest, _LARGEST_NUMBER), what)
        budget.spend(_BYTES_PER_OBJECT * n_objects, what)
        size = _Sizes(longest, budget.size, what)
        n_calls = size.add(config, None, 0)
        # Keras builds a layer wherever it is named, a regularizer's place included
        for _, value in _values(config):
            if _is_built(value) and not size.has(value):
                n_calls += size.add(value, None, 0)
    except ArchiveError:
        raise
    # a configuration may be anything that JSON can hold
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ArchiveError(
            f"{what} has a configuration that Keras never writes ({error})."
        ) from error
    stored = sum(product(list(array.shape)) for array in arrays.values())
    if size.n_weights > _FREE_WEIGHTS + _WEIGHTS_PER_STORED * stored:
        raise ArchiveError(
            f"{what} asks for {size.n_weights:,} weights and its file holds {stored:,}"
            "; it was altered."
        )
    if n_calls > _FREE_LAYERS + _LAYERS_PER_ARRAY * len(arrays):
        raise ArchiveError(
            f"{what} has {n_calls:,} layers, nested ones counted, and weights for "
            f"{len(arrays):,} arrays; it was altered."
        )
    budget.spend_calls(n_calls, what)
    budget.spend(_BYTES_PER_LAYER * n_calls + _BYTES_PER_WEIGHT * size.n_weights, what)


def check_small(config: Any, budget: Budget, what: str) -> None:
    """Check a Keras object that has no weights of its own, such as an optimizer."""
    n_objects = _check_values(config, _LARGEST_NUMBER, what)
    budget.spend(_BYTES_PER_OBJECT * n_objects, what)
    if any(_is_built(value) for _, value in _values(config)):
        raise ArchiveError(f"{what} holds a layer; it was altered.")


class _Sizes:
    """Adds up the layers of one net."""

    def __init__(self, longest: int, file_size: int, what: str) -> None:
        self._longest = longest
        self._file_size = file_size
        self._what = what
        self._shared: dict[Any, tuple[Any, ...]] = {}
        self._added: set[int] = set()
        self._rotation = 0.0
        self.n_weights = 0

    def has(self, layer: Any) -> bool:
        """Whether this very layer has been counted."""
        return id(layer) in self._added

    def add(self, layer: Any, shape: list[Any] | None, depth: int) -> int:
        """Add a layer's weights; return how many layers are called in it."""
        if depth > _DEEPEST:
            raise ArchiveError(
                f"{self._what} has models that nest deeper than {_DEEPEST}; it was "
                "altered."
            )
        self._added.add(id(layer))
        name, config = layer["class_name"], layer["config"]
        if not isinstance(name, str) or not isinstance(config, dict):
            raise TypeError("a layer without a class or a configuration")
        if isinstance(config.get("layers"), list) and name not in _LOOKUPS:
            return self._add_model(name, config, depth)
        shape = _input_shape(layer) or shape
        shared = layer.get("shared_object_id")
        if shared is not None:
            # Keras builds the first that it meets, in an order of its own
            same = (name, config, layer.get("build_config"))
            if self._shared.setdefault(shared, same) != same:
                raise ValueError("two layers of one number")
            if self._shared[shared] is not same:
                return 1
        if name in _REPEATED:
            inner = shape
            if name == "TimeDistributed" and shape is not None:
                inner = [shape[0], *shape[2:]]
            before = self.n_weights
            n_calls = self.add(config["layer"], inner, depth + 1)
            self.n_weights += (_REPEATED[name] - 1) * (self.n_weights - before)
            return 1 + n_calls * _REPEATED[name]
        if name in ("RNN", "StackedRNNCells"):
            return self._add_cells(config, shape, depth)
        self._add_leaf(name, layer, config, shape)
        return 1 + _n_steps(config, shape)

    def _add_model(self, name: str, config: dict[str, Any], depth: int) -> int:
        n_calls = 0
        for layer in config["layers"]:
            if "module" not in layer:
                raise KeyError("a layer without a module")
            nodes = layer.get("inbound_nodes", [])
            if layer["class_name"] != "InputLayer":
                for node in nodes:
                    if not _has_tensor(node):
                        raise ValueError("a layer is called without a tensor")
            n_calls += max(1, len(nodes)) * self.add(layer, None, depth + 1)
        return n_calls

    def _add_cells(
        self, config: dict[str, Any], shape: list[Any] | None, depth: int
    ) -> int:
        cells = config["cell"] if "cell" in config else config["cells"]
        cells = cells if isinstance(cells, list) else [cells]
        n_calls = 1
        for cell in cells:
            n_calls += self.add(cell, shape, depth + 1)
            units = cell["config"].get("units")
            shape = None if units is None else [None, units]
        return n_calls + _n_steps(config, shape)

    def _add_leaf(
        self, name: str, layer: dict[str, Any], config: dict[str, Any], shape: Any
    ) -> None:
        n_weights = None
        if _is_of_keras(layer):
            if is_weightless(name):
                return
            n_weights = count_weights(name, config, shape)
        if n_weights is None:
            # an operation, a rare layer or a class of the user's own
            if not _is_operation(layer) or "plit" in name or name == "Unstack":
                _check_counts(layer, max(self._longest, _LARGEST_COUNT), self._what)
            return
        self.n_weights += n_weights
        for entry in config.values():
            if isinstance(entry, dict) and "Orthogonal" in str(entry.get("class_name")):
                self._rotation += float(n_weights) ** 1.5
        if self._rotation > _FREE_ROTATION + _ROTATION_PER_BYTE * self._file_size:
            raise ArchiveError(
                f"{self._what} asks for larger orthogonal matrices than the archive's "
                "size can justify; it was altered."
            )


def _is_of_keras(layer: dict[str, Any]) -> bool:
    module = layer.get("module")
    return isinstance(module, str) and (
        module == "keras.layers" or module.startswith("keras.src.layers.")
    )


def _is_operation(layer: dict[str, Any]) -> bool:
    module = layer.get("module")
    return isinstance(module, str) and module.startswith(("keras.ops", "keras.src.ops"))


def _is_built(value: Any) -> bool:
    if not isinstance(value, dict) or "class_name" not in value:
        return False
    config = value.get("config")
    return bool(value.get("build_config")) or (
        isinstance(config, dict)
        and isinstance(config.get("layers"), list)
        and value["class_name"] not in _LOOKUPS
    )


def _input_shape(layer: dict[str, Any]) -> list[Any] | None:
    """Return the shape that Keras builds a layer with, before it is ever called."""
    build = layer.get("build_config")
    if not isinstance(build, dict):
        return None
    shape = build.get("input_shape")
    if shape is None:
        shape = [value for value in build.get("shapes_dict", build).values() if value]
    while isinstance(shape, list) and shape and isinstance(shape[0], list):
        shape = max(shape, key=lambda inner: product(inner[-1:]))
    return shape if isinstance(shape, list) else None


def _n_steps(config: dict[str, Any], shape: list[Any] | None) -> int:
    """Return how often Keras writes a layer out: a recurrent one for each step."""
    if not config.get("unroll") or shape is None or len(shape) < 2:
        return 0
    return product(shape[1])


def _has_tensor(value: Any) -> bool:
    return any(
        isinstance(inner, dict) and inner.get("class_name") == "__keras_tensor__"
        for _, inner in _values(value)
    )


def _check_counts(layer: dict[str, Any], largest: int, what: str) -> None:
    for key, value in _values([layer["config"], layer.get("build_config")]):
        if isinstance(value, int) and abs(value) > largest and key is not None:
            raise ArchiveError(
                f"{what} has {key}={_short(value)} in a {layer['class_name']}, which "
                "is more than its weights can justify; it was altered."
            )


def _check_values(config: Any, largest: int, what: str) -> int:
    """Check all numbers, shapes and objects; return how many objects there are."""
    n_objects = 0
    for key, value in _values(config):
        if isinstance(value, int) and abs(value) > largest and key is not None:
            raise ArchiveError(
                f"{what} has {key}={_short(value)}, which is more than its weights can "
                "justify; it was altered."
            )
        is_shape = key in _SHAPES and isinstance(value, list) and _is_shape(value)
        if is_shape and product(value) > _LARGEST_OUTPUT:
            raise ArchiveError(
                f"{what} has {key}={value}, which is larger than any that "
                "segmentlearn reads."
            )
        if isinstance(value, dict) and "class_name" in value:
            _check_object(value, what)
            n_objects += 1
    return n_objects


def _check_object(value: dict[str, Any], what: str) -> None:
    """Check what a class does with its configuration beside keeping it."""
    name, config = value["class_name"], value.get("config")
    if not isinstance(name, str):
        raise ArchiveError(f"{what} names {name!r} where a class belongs.")
    if not isinstance(config, dict):
        return
    if name in ("__numpy__", "__tensor__"):
        dtype = config.get("dtype")
        if not isinstance(dtype, str) or not dtype.startswith(_NUMBER_TYPES):
            raise ArchiveError(
                f"{what} has an array of type {dtype!r}; it was altered."
            )
    if name in _LOOKUPS and isinstance(config.get("vocabulary"), str):
        raise ArchiveError(f"{what} would read the file {config['vocabulary']!r}.")
    if config.get("input_tensor") is not None:
        raise ArchiveError(f"{what} has an input with a value; it was altered.")


def _values(value: Any) -> Iterator[tuple[str | None, Any]]:
    """Yield numbers, lists and dicts in a configuration with their keys.

    What stands below a mere label has no key.
    """
    pending: list[tuple[str | None, Any]] = [("configuration", value)]
    while pending:
        key, value = pending.pop()
        yield key, value
        if type(value) is dict:
            for name, inner in value.items():
                if type(inner) in _COUNTED:
                    hidden = key is None or name in _LABELS
                    pending.append((None if hidden else name, inner))
        elif type(value) is list:
            pending += [(key, inner) for inner in value if type(inner) in _COUNTED]


def _is_shape(values: list[Any]) -> bool:
    return all(value is None or type(value) is int for value in values) and all(
        value is None or value >= 0 for value in values
    )


def _short(value: int) -> str:
    return str(value) if abs(value) < 10**20 else "a number of more than 20 digits"
