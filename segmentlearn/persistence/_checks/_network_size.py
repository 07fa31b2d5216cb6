"""What a Keras net would take to build, from its configuration and nothing built."""

import math
from collections.abc import Iterator
from typing import Any

from segmentlearn.exceptions import ArchiveError
from segmentlearn.networks import StoredArray
from segmentlearn.persistence._checks._budget import Budget

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

# lengths that no weight has: of what a layer gives
_LARGEST_NUMBER = 2**20
_LARGEST_OUTPUT = 2**26
# numbers of parts, of anything in layers of the user's own
_LARGEST_COUNT = 1024

# Keras' own layers in nets of segmentlearn; no others are read
_WEIGHTLESS = {"Activation", "Add", "Average", "Concatenate", "Dropout", "Flatten"}
_WEIGHTLESS |= {"GlobalAveragePooling1D", "InputLayer", "ReLU", "Rescaling", "Reshape"}
_WITH_WEIGHTS = {"BatchNormalization", "Dense", "EinsumDense"}

# numbers that name or scale something and make nothing larger
_LABELS = {"fill_value", "seed", "shared_object_id", "value", "keras_history"}
_SHAPES = {"batch_shape", "batch_input_shape", "output_shape", "shape", "target_shape"}
_COUNTED = {dict, float, int, list}
_NUMBER_TYPES = ("bool", "bfloat16", "complex", "float", "int", "uint")

Config = dict[str, Any]


def check_size(
    config: Config, arrays: dict[str, StoredArray], budget: Budget, what: str
) -> None:
    """Compare a net's configuration with the arrays that its file holds."""
    longest = max(
        (length for array in arrays.values() for length in array.shape), default=0
    )
    try:
        n_objects = _check_values(config, max(longest, _LARGEST_NUMBER), what)
        budget.spend(_BYTES_PER_OBJECT * n_objects, what)
        size = _Sizes(max(longest, _LARGEST_COUNT), what)
        n_calls = size.add(config, 0)
        shared: dict[Any, tuple] = {}
        for _, value in _values(config):
            # Keras builds a layer wherever it is named, a regularizer's place included
            if _is_built(value) and id(value) not in size.added:
                n_calls += size.add(value, 0)
            # of objects of one number it builds the first that it meets
            if isinstance(value, dict) and "shared_object_id" in value:
                same = tuple(map(value.get, ("class_name", "config", "build_config")))
                if shared.setdefault(value["shared_object_id"], same) != same:
                    raise ValueError("two objects of one number")
    except ArchiveError:
        raise
    # a configuration may be anything that JSON can hold
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ArchiveError(
            f"{what} has a configuration that Keras never writes ({error})."
        ) from error
    stored = sum(math.prod(array.shape) for array in arrays.values())
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

    def __init__(self, largest_count: int, what: str) -> None:
        self._largest_count, self._what = largest_count, what
        self.added: set[int] = set()
        self.n_weights = 0

    def add(self, layer: Any, depth: int) -> int:
        """Add a layer's weights; return how many layers are called in it."""
        if depth > _DEEPEST:
            raise ArchiveError(
                f"{self._what} has models that nest deeper than {_DEEPEST}; it was "
                "altered."
            )
        self.added.add(id(layer))
        name, config = layer["class_name"], layer["config"]
        if not isinstance(name, str) or not isinstance(config, dict):
            raise TypeError("a layer without a class or a configuration")
        if not isinstance(config.get("layers"), list):
            if _is_in(layer, "layers"):
                self.n_weights += _count_weights(name, config, layer)
            # an operation, or a class of the user's own
            elif not _is_in(layer, "ops") or "plit" in name or name == "Unstack":
                inner = [config, layer.get("build_config")]
                _check_counts(inner, self._largest_count, f"{self._what}, in a {name},")
            return 1
        n_calls = 0
        for inner in config["layers"]:
            if "module" not in inner:
                raise KeyError("a layer without a module")
            nodes = inner.get("inbound_nodes", [])
            if inner["class_name"] != "InputLayer" and not all(map(_has_tensor, nodes)):
                raise ValueError("a layer is called without a tensor")
            n_calls += max(1, len(nodes)) * self.add(inner, depth + 1)
        return n_calls


def _count_weights(name: str, config: Config, layer: Config) -> int:
    """Return how many numbers a layer of Keras keeps, as its configuration has it."""
    if name in _WEIGHTLESS:
        return 0
    # the shape that Keras builds it with, before it is ever called
    shape = (layer.get("build_config") or {}).get("input_shape")
    if not isinstance(shape, list):
        raise ValueError("the input of a layer has no shape")
    if name == "BatchNormalization":
        return 4 * _whole(shape[config.get("axis", -1)])
    if name == "Dense":
        n_weights = (_whole(shape[-1]) + 1) * _whole(config["units"])
    else:
        n_weights = _count_einsum(config, shape)
    # two matrices that are at least as long as the sides of a square of that many
    rank = _whole(config.get("lora_rank") or 0)
    return n_weights + 2 * rank * math.isqrt(n_weights)


def _count_einsum(config: Config, shape: list[Any]) -> int:
    operands, _, outputs = config["equation"].replace(" ", "").partition("->")
    inputs, _, kernel = operands.partition(",")
    output_shape = config["output_shape"]
    if not isinstance(output_shape, list):
        output_shape = [output_shape]
    lengths = dict(zip(outputs, [None, *output_shape], strict=True))
    lengths |= zip(inputs, shape, strict=True)
    biases = config.get("bias_axes") or ""
    return _product([lengths[letter] for letter in kernel]) + _product(
        [lengths.get(letter) for letter in biases]
    )


def _product(values: list[Any]) -> int:
    """Return the product of the lengths in a shape; unknown lengths count as one."""
    return math.prod(1 if value is None else _whole(value) for value in values)


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is not a length")
    return value


def _is_in(layer: Config, package: str) -> bool:
    """Whether a class is in a package of Keras, public or not."""
    module = f"{layer.get('module')}."
    return module.startswith((f"keras.{package}.", f"keras.src.{package}."))


def _is_built(value: Any) -> bool:
    if not isinstance(value, dict) or "class_name" not in value:
        return False
    config = value.get("config")
    return bool(value.get("build_config")) or (
        isinstance(config, dict) and isinstance(config.get("layers"), list)
    )


def _has_tensor(value: Any) -> bool:
    return any(
        isinstance(inner, dict) and inner.get("class_name") == "__keras_tensor__"
        for _, inner in _values(value)
    )


def _check_counts(config: Any, largest: int, what: str) -> None:
    for key, value in _values(config):
        if isinstance(value, int) and abs(value) > largest and key is not None:
            shown = value if abs(value) < 10**20 else "a number of more than 20 digits"
            raise ArchiveError(
                f"{what} has {key}={shown}, which is more than its weights can "
                "justify; it was altered."
            )


def _check_values(config: Any, largest: int, what: str) -> int:
    """Check all numbers, shapes and objects; return how many objects there are."""
    _check_counts(config, largest, what)
    n_objects = 0
    for key, value in _values(config):
        is_shape = key in _SHAPES and isinstance(value, list)
        if (
            is_shape
            and all(map(_is_length, value))
            and _product(value) > _LARGEST_OUTPUT
        ):
            raise ArchiveError(
                f"{what} has {key}={value}, which is larger than any that "
                "segmentlearn reads."
            )
        if isinstance(value, dict) and "class_name" in value:
            _check_object(value, what)
            n_objects += 1
    return n_objects


def _check_object(value: Config, what: str) -> None:
    """Check what a class does with its configuration beside keeping it."""
    name, config = value["class_name"], value.get("config")
    if not isinstance(name, str):
        raise ArchiveError(f"{what} names {name!r} where a class belongs.")
    if _is_in(value, "layers") and name not in _WEIGHTLESS | _WITH_WEIGHTS:
        raise ArchiveError(
            f"{what} has a keras.layers.{name}, which nets of segmentlearn do not have."
        )
    # an orthogonal matrix takes the third power of its side
    if "Orthogonal" in name:
        raise ArchiveError(f"{what} starts from orthogonal matrices; it was altered.")
    if not isinstance(config, dict):
        return
    if name in ("__numpy__", "__tensor__"):
        dtype = config.get("dtype")
        if not isinstance(dtype, str) or not dtype.startswith(_NUMBER_TYPES):
            raise ArchiveError(
                f"{what} has an array of type {dtype!r}; it was altered."
            )
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


def _is_length(value: Any) -> bool:
    return value is None or (type(value) is int and value >= 0)
