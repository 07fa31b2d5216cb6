"""A Keras model as bytes and back: Keras' own archive format, read in safe mode."""

import contextlib
import inspect
import io
import json
import operator
import pathlib
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from packaging.version import Version

from segmentlearn._building import BUILDING, building
from segmentlearn.networks._numpy._layers import NotEvaluableError


def without_unknown_settings(archive: bytes) -> bytes:
    """Return an archive without settings that this Keras lacks and that are not used.

    A newer Keras writes each setting that its layers have gained, and one that is not
    used is None; an older one refuses the layer for it.
    """
    with zipfile.ZipFile(io.BytesIO(archive)) as written:
        wrote = json.loads(written.read("metadata.json")).get("keras_version")
        if wrote is not None and Version(wrote) <= Version(keras.__version__):
            return archive
        kept = io.BytesIO()
        with zipfile.ZipFile(kept, "w") as readable:
            for name in written.namelist():
                data = written.read(name)
                if name == "config.json":
                    config = json.loads(data, object_hook=_without_unknown)
                    data = json.dumps(config).encode()
                readable.writestr(name, data)
    return kept.getvalue()


def _without_unknown(node: dict[str, Any]) -> dict[str, Any]:
    """Drop what an object of Keras would refuse to be made with, if it is None."""
    settings = node.get("config")
    if not isinstance(settings, dict):
        return node
    known = _known_settings(node.get("module"), node.get("class_name"))
    if known is not None:
        node["config"] = {
            name: value
            for name, value in settings.items()
            if value is not None or name in known
        }
    return node


def _known_settings(module: Any, name: Any) -> set[str] | None:
    """Return what a class of Keras can be made with; None if it is no such class."""
    if not (isinstance(module, str) and isinstance(name, str)):
        return None
    if module.partition(".")[0] != "keras":
        return None
    try:
        found = operator.attrgetter(name)(sys.modules[module])
    except (AttributeError, KeyError):
        return None
    if not inspect.isclass(found) or issubclass(found, keras.Model):
        return None
    return {
        parameter
        for base in found.__mro__
        if "__init__" in vars(base) and base is not object
        for parameter in inspect.signature(vars(base)["__init__"]).parameters
    }


def write_network(model: keras.Model) -> bytes:
    """Return a model as the bytes of a ``.keras`` archive, not compiled.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    archive : bytes

    Examples
    --------
    >>> import keras
    >>> from segmentlearn.networks import write_network
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> write_network(model)[:2]
    b'PK'
    """
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "network.keras"
        with BUILDING, _uncompiled(model):
            model.save(path)
        return path.read_bytes()


@contextlib.contextmanager
def _uncompiled(model: keras.Model) -> Iterator[None]:
    """Let a model and those in it look not compiled: Keras would store it all."""
    models = [model, *(x for x in model.layers if isinstance(x, keras.Model))]
    kept = [(getattr(net, "optimizer", None), net.compiled) for net in models]
    for net in models:
        net.optimizer, net.compiled = None, False
    try:
        yield
    finally:
        for net, (optimizer, is_compiled) in zip(models, kept, strict=True):
            net.optimizer, net.compiled = optimizer, is_compiled


def configuration_and_weights(model: keras.Model) -> tuple[dict, dict]:
    """Return what a model is made of, as :class:`Evaluator` takes it.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    config : dict
        As Keras serializes the model.
    weights : dict
        For each layer's name its arrays, copied; for that of a model in the net a dict.

    Raises
    ------
    NotEvaluableError
        If the model is no functional one.

    Examples
    --------
    >>> import keras
    >>> from segmentlearn.networks import configuration_and_weights
    >>> inputs = keras.Input((2,))
    >>> model = keras.Model(inputs, keras.layers.Dense(1, name="dense")(inputs))
    >>> configuration_and_weights(model)[1]["dense"][0].shape
    (2, 1)
    """
    if type(model).__name__ != "Functional":
        raise NotEvaluableError(f"model {type(model).__name__}")
    config = {"class_name": "Functional", "config": model.get_config()}
    return json.loads(json.dumps(config, default=list)), _layer_weights(model)


def _layer_weights(model: keras.Model) -> dict[str, Any]:
    return {
        layer.name: (
            _layer_weights(layer)
            if isinstance(layer, keras.Model)
            else [np.array(variable.value) for variable in layer.weights]
        )
        for layer in model.layers
    }


@building()
def read_network(archive: bytes) -> keras.Model:
    """Return the model that :func:`write_network` wrote; no code in it is executed.

    Parameters
    ----------
    archive : bytes

    Returns
    -------
    model : keras.Model
        Built, not compiled.

    Raises
    ------
    ValueError
        If the archive holds Python code (a ``Lambda`` layer), a layer that is not
        registered with Keras, or is damaged.

    Examples
    --------
    >>> import keras
    >>> from segmentlearn.networks import read_network, write_network
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> read_network(write_network(model)).count_params()
    3
    """
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "network.keras"
        try:
            path.write_bytes(without_unknown_settings(archive))
            return keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # whatever Keras, zip or HDF5 stumble over
            first_line = (str(error).strip().splitlines() or [""])[0][:200]
            raise ValueError(
                "the archive is not a network that Keras can read safely: it is "
                "damaged, or holds Python code or a layer that is not registered "
                f"({type(error).__name__}: {first_line})."
            ) from error
