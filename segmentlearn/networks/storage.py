"""A Keras model as bytes and back: Keras' own archive format, read in safe mode."""

import pathlib
import tempfile

import keras


def write_network(model: keras.Model) -> bytes:
    """Return a model as the bytes of a ``.keras`` archive, optimizer left out.

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
        model.save(path, include_optimizer=False)
        return path.read_bytes()


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
        If the archive holds Python code (a ``Lambda`` layer) or is damaged.

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
        path.write_bytes(archive)
        return keras.saving.load_model(path, compile=False, safe_mode=True)
