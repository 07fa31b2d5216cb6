"""A model's configuration without what its compiled program does not depend on.

Names, seeds, initializers, and the numbers that a program takes as arguments are left
out. What they mean in Keras' own layers is known; a layer of the user's own may do
anything with them, so there they stay.
"""

import functools
import json
import re
import sys
from typing import Any

import numpy as np

from segmentlearn.engine._keras_compat import flatten_layers, keras, listed_layers

_NAME_FIELDS = ("name", "keras_history", "input_layers", "output_layers")
_GIVEN_BY_KERAS = re.compile(r"input_layer(_\d+)?")
_PENALTIES = ("L1", "L2", "L1L2")
_LEFT_OUT = ("build_config", "compile_config")


def describe(model: "keras.Model") -> tuple[str, tuple]:
    """Describe a Functional or Sequential model."""
    definitions: list = []
    as_plain = functools.partial(_as_plain, definitions)
    config = json.loads(json.dumps(model.get_config(), default=as_plain))
    blanked = _Blanking(_stand_ins(model), definitions).model(config)
    return json.dumps(blanked, sort_keys=True), tuple(definitions)


def is_graph(layer: Any) -> bool:
    """Whether a layer is a Functional or Sequential model, not a class of its own."""
    module = type(layer).__module__
    return isinstance(layer, keras.Model) and module.startswith("keras.")


class _Blanking:
    """Walks a configuration and leaves out what does not matter."""

    def __init__(self, stand_ins: dict[str, str], definitions: list) -> None:
        self._stand_ins = stand_ins
        self._definitions = definitions

    def model(self, config: dict) -> dict:
        """Blank the configuration of a Functional or Sequential model."""
        return {
            key: [self._layer(layer) for layer in value]
            if key == "layers"
            else self._node(value, key, is_own=False)
            for key, value in config.items()
        }

    def _layer(self, node: dict) -> dict:
        """Blank one layer of a model, another model included."""
        node = {k: v for k, v in node.items() if k not in _LEFT_OUT}
        if not _is_keras(node):
            return self._node(node, "", is_own=True)
        config, kind = node.pop("config"), node["class_name"]
        if kind in ("Functional", "Sequential") and "layers" in config:
            config = self.model(config)
        else:
            if kind == "Dropout" and not config.get("noise_shape"):
                config = {**config, "rate": None}
            config = self._node(config, "", is_own=False)
        return {**self._node(node, "", is_own=False), "config": config}

    def _node(self, node: Any, field: str, is_own: bool) -> Any:
        """Blank any part; `is_own` where it belongs to a class of the user's own."""
        if isinstance(node, list):
            return [self._node(value, field, is_own) for value in node]
        if isinstance(node, str) and field in _NAME_FIELDS:
            return self._stand_ins.get(node, node)
        if not isinstance(node, dict):
            return node
        if "class_name" in node:
            is_own = not _is_keras(node)
            self._define(node, is_own)
        if not is_own and field.endswith("_initializer"):
            return None  # the initial weights come from the user's model
        is_weights = field.endswith("_regularizer") and field != "activity_regularizer"
        if not is_own and is_weights and node.get("class_name") in _PENALTIES:
            return "penalty"
        inherited = field if field in ("input_layers", "output_layers") else None
        return {
            key: self._node(value, inherited or key, is_own)
            for key, value in node.items()
            if is_own or key != "seed"
        }

    def _define(self, node: dict, is_own: bool) -> None:
        """Note what the name of a user's class or function stands for."""
        name = node["class_name"]
        if name == "function" and isinstance(node.get("config"), str):
            name, is_own = node["config"], True
        if not is_own:
            return
        found = keras.saving.get_registered_object(node.get("registered_name") or name)
        found = found or keras.saving.get_registered_object(name)
        if found is None and node.get("module"):
            found = getattr(sys.modules.get(node["module"]), name, None)
        self._definitions.append(found)


def _is_keras(node: dict) -> bool:
    """Whether a serialized object is one of Keras' own."""
    module = str(node.get("module") or "")
    special = node.get("class_name", "").startswith("__")  # tensors, arrays, slices
    return special or module.split(".")[0] == "keras"


def _stand_ins(model: "keras.Model") -> dict[str, str]:
    """Number the names of a model's layers, those of named inputs left as they are.

    Arrays may be passed under the names of the inputs, so these matter.
    """
    names: dict[str, str] = {}
    for operation in _operations(model):
        name, is_input = operation.name, isinstance(operation, keras.layers.InputLayer)
        is_named_input = is_input and not _GIVEN_BY_KERAS.fullmatch(name)
        names.setdefault(name, name if is_named_input else f"#{len(names)}")
    return names


def _operations(model: "keras.Model") -> list:
    """List a model and all layers and operations within it."""
    found = [model]
    inner = model.layers if isinstance(model, keras.Sequential) else model.operations
    for operation in inner:
        if is_graph(operation):
            found.extend(_operations(operation))
        elif isinstance(operation, keras.layers.Layer):
            found.extend(flatten_layers(operation))
        else:
            found.append(operation)
    if isinstance(model, keras.Sequential):
        found.extend(x for x in listed_layers(model) if x not in model.layers)
    return found


def _as_plain(definitions: list, value: object) -> object:
    """Stand in for what JSON does not know: arrays, dtype policies, shapes."""
    if isinstance(value, np.generic):
        return value.item()
    if keras.ops.is_tensor(value) or isinstance(value, np.ndarray):
        array = np.asarray(value)
        return {"array": array.tolist(), "dtype": str(array.dtype)}
    if hasattr(value, "get_config"):
        definitions.append(type(value))
        return value.get_config()
    if callable(value):
        raise TypeError(f"{value!r} has no configuration")
    return str(value)
