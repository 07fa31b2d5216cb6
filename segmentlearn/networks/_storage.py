"""A Keras model as bytes and back: Keras' own archive format, read in safe mode."""

import contextlib
import pathlib
import tempfile
from collections.abc import Iterator

import keras

from segmentlearn._building import BUILDING, building
from segmentlearn.networks._newer_keras import without_unknown_settings


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
    models = [
        model,
        *(layer for layer in model.layers if isinstance(layer, keras.Model)),
    ]
    kept = [(getattr(net, "optimizer", None), net.compiled) for net in models]
    for net in models:
        net.optimizer, net.compiled = None, False
    try:
        yield
    finally:
        for net, (optimizer, is_compiled) in zip(models, kept, strict=True):
            net.optimizer, net.compiled = optimizer, is_compiled


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
            raise ValueError(
                "the archive is not a network that Keras can read safely: it is "
                "damaged, or holds Python code or a layer that is not registered "
                f"({type(error).__name__}: {_first_line(error)})."
            ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0][:200]
