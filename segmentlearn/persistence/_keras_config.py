"""What a Keras net is made of, read from its configuration and nothing built."""

import json
import re
from collections.abc import Iterator
from typing import Any

from segmentlearn.exceptions import ArchiveError
from segmentlearn.persistence._container import unpack

_MEMBERS = r"metadata\.json|config\.json|model\.weights\.h5"
_CONFIG = "config.json"

# the parts of Keras that describe nets and their training; the rest reads files, starts
# processes or talks to the network
_MODULES = re.compile(
    r"keras(\.src)?(\.(activations|constraints|dtype_policies|initializers|layers|losses"
    r"|metrics|models|ops|optimizers|quantizers|random|regularizers)(\.\w+)*)?"
)
# these hold code, or run what was stored elsewhere
_CARRIERS = {"FlaxLayer", "JaxLayer", "Lambda", "TFSMLayer", "TorchModuleWrapper"}
# what a line about a layer tells
_TOLD = ("batch_shape", "equation", "units", "filters", "activation", "rate")
_PLAIN_FORMS = {
    "__bytes__",
    "__ellipsis__",
    "__keras_tensor__",
    "__numpy__",
    "__slice__",
    "__tensor__",
}


def read_config(network: bytes) -> dict[str, Any]:
    """Return the configuration in a ``.keras`` file."""
    members = unpack(network, _MEMBERS, "a net of the archive")
    try:
        config = json.loads(members[_CONFIG])
    except (KeyError, ValueError, RecursionError) as error:
        raise ArchiveError(f"a net of the archive is damaged ({error!r}).") from error
    if not isinstance(config, dict):
        raise ArchiveError("a net of the archive has no configuration.")
    return config


def check_config(config: Any) -> None:
    """Check that a configuration names only parts of Keras that hold no code.

    Classes that the user has registered with Keras in this process are allowed too.
    """
    refused = sorted(
        {name for name in _named_objects(config) if not _is_allowed(*name)}
    )
    if refused:
        names = ", ".join(f"{module}.{name}" for module, name, _ in refused)
        raise ArchiveError(
            f"a net is made with {names}: code, or a class that is not Keras' own. "
            "Replace Lambda layers by layers of Keras; decorate classes of your own "
            "with @keras.saving.register_keras_serializable() and import them."
        )


def describe_layers(config: dict[str, Any]) -> tuple[str, ...]:
    """Return one line for each layer."""
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, dict) else None
    if not isinstance(layers, list):
        return (str(config.get("class_name")),)
    lines: list[str] = []
    described: dict[tuple[str, ...], str] = {}
    for layer in layers:
        if not isinstance(layer, dict):
            continue
        line, inner_lines = _describe_layer(layer), _describe_nested(layer)
        # Keras counts the operations of one process on: cos, cos_1, cos_2
        kind = tuple(re.sub(r"_\d+$", "", inner_line) for inner_line in inner_lines)
        if kind and kind in described:
            lines.append(f"{line}: as {described[kind]}")
            continue
        lines += [line, *(f"  {inner_line}" for inner_line in inner_lines)]
        described[kind] = line
    return tuple(lines)


def _describe_nested(layer: dict[str, Any]) -> tuple[str, ...]:
    """Describe the layers of a model that stands in another; none for a layer."""
    config = layer.get("config")
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        return ()
    return tuple(
        _describe_layer(inner) for inner in config["layers"] if isinstance(inner, dict)
    )


def _describe_layer(layer: dict[str, Any]) -> str:
    config = layer.get("config")
    config = config if isinstance(config, dict) else {}
    told = [
        f"{key} {config[key]}"
        for key in _TOLD
        if isinstance(config.get(key), str | int | float | list)
    ]
    line = f"{layer.get('class_name')} {config.get('name', '')}".rstrip()
    return f"{line}: {', '.join(told)}" if told else line


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
    if name in _CARRIERS:
        return False
    if name in _PLAIN_FORMS:
        return True
    if _MODULES.fullmatch(module):
        return True
    if name == "function" and module == "builtins":
        return True  # Keras finds it by name among its own functions or not at all
    return ">" in registered and _is_registered(registered)


def _is_registered(name: str) -> bool:
    import keras

    return keras.saving.get_registered_object(name) is not None
