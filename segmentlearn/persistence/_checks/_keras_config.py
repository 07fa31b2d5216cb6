"""What a Keras net is made of, read from its configuration and nothing built."""

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

from segmentlearn.exceptions import ArchiveError
from segmentlearn.networks import StoredNetwork, read_arrays
from segmentlearn.persistence._checks._allowed import NotAllowedError
from segmentlearn.persistence._checks._budget import Budget
from segmentlearn.persistence._checks._network_size import check_size, check_small
from segmentlearn.persistence._container import unpack

_MEMBERS = r"metadata\.json|config\.json|model\.weights\.h5"
_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"

# the parts of Keras that describe nets and their training; the rest reads files, starts
# processes or talks to the network
_MODULES = re.compile(
    r"keras(\.src)?(\.(activations|constraints|dtype_policies|initializers|layers|losses"
    r"|metrics|models|ops|optimizers|quantizers|random|regularizers)(\.\w+)*)?"
)
# these hold code, or run what was stored elsewhere
_CARRIERS = {"FlaxLayer", "JaxLayer", "Lambda", "TFSMLayer", "TorchModuleWrapper"}
# of a layer's settings, in the line that describes it
_DESCRIBED = ("batch_shape", "equation", "units", "filters", "activation", "rate")
_PLAIN_FORMS = {"__bytes__", "__ellipsis__", "__keras_tensor__"}
_PLAIN_FORMS |= {"__numpy__", "__slice__", "__tensor__"}


def read_network_file(network: bytes, budget: Budget, what: str) -> StoredNetwork:
    """Return what a ``.keras`` file holds, its size checked and nothing built."""
    members = unpack(network, _MEMBERS, what, budget)
    try:
        budget.spend_json(members[_CONFIG], f"the configuration of {what}")
        config, weights = json.loads(members[_CONFIG]), members[_WEIGHTS]
    except ArchiveError:
        raise
    except (KeyError, ValueError, RecursionError) as error:
        raise ArchiveError(f"{what} is damaged ({error!r}).") from error
    if not isinstance(config, dict):
        raise ArchiveError(f"{what} has no configuration.")
    arrays = read_arrays(weights)
    check_size(config, arrays, budget, what)
    return StoredNetwork(config, weights, arrays)


def check_config(config: Any) -> None:
    """Check that a configuration names only parts of Keras that hold no code.

    Classes that the user has registered with Keras in this process are allowed too.
    """
    refused = sorted(
        {name for name in _named_objects(config) if not _is_allowed(*name)}
    )
    if refused:
        names = ", ".join(f"{module}.{name}" for module, name, _ in refused)
        raise NotAllowedError(
            f"a net is made with {names}: code, or a class that is not Keras' own. "
            "Replace Lambda layers by layers of Keras; decorate classes of your own "
            "with @keras.saving.register_keras_serializable() and import them."
        )


def check_optimizer(config: Any, budget: Budget) -> None:
    """Check the configuration of an optimizer or another small object of Keras."""
    check_small(config, budget, "a Keras object of the archive")
    check_config(config)


def describe_layers(config: dict[str, Any]) -> tuple[str, ...]:
    """Return one line for each layer."""
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, dict) else None
    if not isinstance(layers, list):
        return (str(config.get("class_name")),)
    lines: list[str] = []
    described: dict[tuple[str, ...], str] = {}
    for layer in _layers_in({"layers": layers}):
        line = _describe_layer(layer)
        inner_lines = tuple(map(_describe_layer, _layers_in(layer.get("config"))))
        # Keras counts the operations of one process on: cos, cos_1, cos_2
        kind = tuple(re.sub(r"_\d+$", "", inner_line) for inner_line in inner_lines)
        if kind and kind in described:
            lines.append(f"{line}: as {described[kind]}")
            continue
        lines += [line, *(f"  {inner_line}" for inner_line in inner_lines)]
        described[kind] = line
    return tuple(lines)


def _layers_in(config: Any) -> list[dict[str, Any]]:
    """Return the layers of a model's configuration; none of another's."""
    layers = config.get("layers") if isinstance(config, dict) else None
    layers = layers if isinstance(layers, list) else []
    return [layer for layer in layers if isinstance(layer, dict)]


def _describe_layer(layer: dict[str, Any]) -> str:
    config = layer.get("config")
    config = config if isinstance(config, dict) else {}
    settings = [
        f"{key} {config[key]}"
        for key in _DESCRIBED
        if isinstance(config.get(key), str | int | float | list)
    ]
    line = f"{layer.get('class_name')} {config.get('name', '')}".rstrip()
    return f"{line}: {', '.join(settings)}" if settings else line


def _named_objects(config: Any) -> Iterator[tuple[str, str, str]]:
    """Yield module, class and registered name of everything a configuration builds."""
    pending = [config]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            pending.extend(value.values())
            if "class_name" in value:
                yield (
                    str(value.get("module")),
                    str(value["class_name"]),
                    str(value.get("registered_name")),
                )


def _is_allowed(module: str, name: str, registered: str) -> bool:
    if name in _PLAIN_FORMS:
        return True
    if name in _CARRIERS or name.startswith("__"):
        return False
    if _MODULES.fullmatch(module):
        return True
    if name == "function" and module == "builtins":
        return True  # Keras finds it by name among its own functions or not at all
    # whoever has registered a class has imported Keras
    keras = sys.modules.get("keras")
    if keras is None or ">" not in registered:
        return False
    return keras.saving.get_registered_object(registered) is not None
