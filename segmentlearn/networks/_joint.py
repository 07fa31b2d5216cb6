"""An autoencoder with segment centres in its code, trained together."""

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from segmentlearn._building import building
from segmentlearn.networks._likelihood import mixed_likelihood


@building()
def build_joint(autoencoder: keras.Model, centers: np.ndarray) -> keras.Model:
    """Put centres into the code of an autoencoder.

    Parameters
    ----------
    autoencoder : keras.Model
        What ``build_autoencoder`` returned; encoder and decoder are shared, not copied.
    centers : ndarray of shape (n_segments, n_components)
        Where the centres start.

    Returns
    -------
    joint : keras.Model
        Input (n_rows, n_features); output: that of the autoencoder, without its noise,
        then the squared distances of the code to the centres. Its layer "centers" holds
        them, and its layer "log_scales" the scales that the autoencoder had.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.networks import AutoencoderSpec
    >>> from segmentlearn.networks import build_autoencoder, build_joint
    >>> spec = AutoencoderSpec(4, 2, hidden_layer_sizes=(8,))
    >>> net = build_autoencoder(spec, np.eye(2, 4), np.zeros(4), seed=0)
    >>> build_joint(net, np.zeros((3, 2))).output_shape
    (None, 7)
    """
    n_segments, n_components = centers.shape
    encoder, decoder = map(autoencoder.get_layer, ("encoder", "decoder"))
    inputs = keras.Input(encoder.input_shape[1:], name="features")
    code = encoder(inputs)
    parts = [decoder(code)]
    nothing = keras.layers.Rescaling(0.0, name="nothing")(code)
    names = [layer.name for layer in autoencoder.layers]
    if "log_scales" in names:
        own = autoencoder.get_layer("log_scales")
        settings = {"kernel_initializer": "zeros", "name": "log_scales"}
        scales = keras.layers.Dense(own.units, **settings)
        parts.append(scales(nothing))
        scales.bias.assign(own.bias)
    flat = keras.layers.Dense(
        n_segments * n_components, kernel_initializer="zeros", name="centers"
    )
    positions = keras.layers.Reshape((n_segments, n_components))(flat(nothing))
    flat.bias.assign(np.asarray(centers, np.float32).ravel())
    differences = keras.ops.expand_dims(code, 1) - positions
    parts.append(keras.ops.sum(keras.ops.square(differences), axis=-1))
    outputs = keras.layers.Concatenate(name="with_distances")(parts)
    return keras.Model(inputs, outputs, name="joint")


def read_centers(joint: keras.Model, autoencoder: keras.Model) -> np.ndarray:
    """Return the centres of a trained net; give its scales to the autoencoder.

    Parameters
    ----------
    joint : keras.Model
        What :func:`build_joint` made of the autoencoder.
    autoencoder : keras.Model
        Gets the scales; encoder and decoder are its own already.

    Returns
    -------
    centers : ndarray of shape (n_segments, n_components)

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.networks import AutoencoderSpec, read_centers
    >>> from segmentlearn.networks import build_autoencoder, build_joint
    >>> spec = AutoencoderSpec(4, 2, hidden_layer_sizes=(8,))
    >>> net = build_autoencoder(spec, np.eye(2, 4), np.zeros(4), seed=0)
    >>> read_centers(build_joint(net, np.ones((3, 2))), net).tolist()
    [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
    """
    names = [layer.name for layer in autoencoder.layers]
    if "log_scales" in names:
        scales = autoencoder.get_layer("log_scales")
        scales.bias.assign(joint.get_layer("log_scales").bias)
    n_components = autoencoder.get_layer("encoder").output_shape[-1]
    return joint.get_layer("centers").get_weights()[1].reshape(-1, n_components)


@functools.lru_cache(maxsize=256)
def joint_loss(
    layout: tuple | None, n_segments: int, kind: str, weight: float
) -> Callable[[Any, Any], Any]:
    """Return the loss of reconstruction, and of the distance to the centres.

    Parameters
    ----------
    layout : tuple or None
        Arguments of :func:`mixed_likelihood`; None is the mean squared error.
    n_segments : int
        Centres.
    kind : {"idec", "dcn"}
        "idec": the Kullback-Leibler divergence of the memberships, Student's t kernel
        of the distances, from their own sharpened form [1]_, which is taken over the
        rows of a step. "dcn": half the squared distance to the nearest centre [2]_.
    weight : float
        Factor on that second part.

    Returns
    -------
    loss : callable
        Of a prepared table and the output of :func:`build_joint`; one value a row.

    References
    ----------
    .. [1] X. Guo, L. Gao, X. Liu and J. Yin, "Improved deep embedded clustering with
       local structure preservation", IJCAI 2017.
    .. [2] B. Yang, X. Fu, N. Sidiropoulos and M. Hong, "Towards k-means-friendly
       spaces: simultaneous deep learning and clustering", ICML 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.networks import joint_loss
    >>> loss = joint_loss(None, 2, "dcn", 1.0)
    >>> output = np.array([[1.0, 4.0, 6.0]], "float32")  # one number, two distances
    >>> loss(np.array([[1.0]], "float32"), output).numpy()
    array([2.], dtype=float32)
    """
    reconstruction = _squared_error if layout is None else mixed_likelihood(*layout)

    def loss(y_true: Any, y_pred: Any) -> Any:
        parts = reconstruction(y_true, y_pred[:, :-n_segments])
        squared = y_pred[:, -n_segments:]
        if kind == "idec":
            return parts + weight * _divergence(squared)
        return parts + weight * (keras.ops.min(squared, axis=-1) / 2.0)

    return loss


def _squared_error(y_true: Any, y_pred: Any) -> Any:
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


def _divergence(squared: Any) -> Any:
    """Return how far each row's memberships are from what they should become."""
    ops = keras.ops
    shares = 1.0 / (1.0 + squared)
    shares /= ops.sum(shares, axis=-1, keepdims=True)
    aims = ops.square(shares) / ops.sum(shares, axis=0, keepdims=True)
    aims = ops.stop_gradient(aims / ops.sum(aims, axis=-1, keepdims=True))
    small = 1e-12
    return ops.sum(aims * (ops.log(aims + small) - ops.log(shares + small)), axis=-1)
