"""A packed net: several classifiers that share their hidden layers.

All of it is made of Keras' own layers, so that a stored net can be read by Keras alone.
"""

from typing import Any

import keras
import numpy as np

from segmentlearn._building import building
from segmentlearn.networks._classifier import hidden_layers, layer_seed, penalty
from segmentlearn.networks._embeddings import embed_features, frozen
from segmentlearn.networks._specs import PackedSpec

_VIEWS_SEED = 2**16  # beyond the depth of any net


@building()
def build_packed(
    spec: PackedSpec, edges: np.ndarray, seed: int, name: str = "packed"
) -> keras.Model:
    """Build a packed net with fresh weights.

    Numbers and categories are embedded once and all features scaled by trained factors
    (Holzmüller, Grinsztajn and Steinwart, "Better by default", NeurIPS 2024). Each
    member sees the result with signs of its own, goes through hidden layers whose
    kernels are shared and whose biases are its own, and has its own last layer. This is
    TabM-mini of Gorishniy, Kotelnikov and Babenko ("TabM: Advancing tabular deep
    learning with parameter-efficient ensembling", ICLR 2025), with signs that are not
    trained.

    Parameters
    ----------
    spec : PackedSpec
        What the net is made of.
    edges : ndarray of shape (n_numeric_features, n_bins + 1)
        Borders of the pieces of each number, as `quantile_edges` returns them.
    seed : int
        Decides the initial weights and the members' signs.
    name : str, default="packed"
        Of the model; the nets of one classifier need different ones.

    Returns
    -------
    model : keras.Model
        Built, not compiled. Input (n_rows, n_features), output: logits of shape
        (n_rows, n_members, n_classes).

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.networks import ClassifierSpec, PackedSpec, build_packed
    >>> net = ClassifierSpec(n_features=3, n_classes=2, hidden_layer_sizes=(8,))
    >>> build_packed(PackedSpec(net, n_members=4), np.zeros((0, 1)), 0).output_shape
    (None, 4, 2)
    """
    net = spec.net
    inputs = keras.Input((net.n_features,), name="features")
    x, sources = embed_features(inputs, spec, edges, seed)
    x = keras.layers.EinsumDense(
        "bi,i->bi", x.shape[-1], kernel_initializer="ones", name="scaling"
    )(x)
    x = _views(x, sources, spec, seed)

    def dense(x: keras.KerasTensor, units: int, depth: int) -> keras.KerasTensor:
        """Share the kernel of a hidden layer; each member has its own last one."""
        limit = 1.0 / np.sqrt(x.shape[-1])  # as usual for linear layers
        return keras.layers.EinsumDense(
            "bmi,ih->bmh" if depth else "bmi,mih->bmh",
            (spec.n_members, units),
            bias_axes="mh",
            activation=net.activation if depth else None,
            kernel_initializer=keras.initializers.RandomUniform(
                -limit, limit, layer_seed(seed, depth)
            ),
            kernel_regularizer=penalty(net),
            name=f"hidden_{depth}" if depth else "logits",
        )(x)

    logits = dense(hidden_layers(x, net, seed, dense), net.n_classes, 0)
    return keras.Model(inputs, logits, name=name)


@building()
def average_nets(nets: list[keras.Model], n_classes: int) -> keras.Model:
    """Join packed nets to one classifier, which averages the logits of all members.

    The nets stay what they are within it: a net that is trained further changes the
    classifier. Its last layer calibrates; it does nothing until `calibrate` is called.

    Parameters
    ----------
    nets : list of keras.Model
        As `build_packed` returns them.
    n_classes : int
        Columns of the output.

    Returns
    -------
    model : keras.Model
        Built, not compiled. Output: probabilities of shape (n_rows, n_classes).

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn import networks
    >>> net = networks.ClassifierSpec(3, 2, hidden_layer_sizes=(8,))
    >>> spec = networks.PackedSpec(net, n_members=4)
    >>> first = networks.build_packed(spec, np.zeros((0, 1)), seed=0, name="first")
    >>> second = networks.build_packed(spec, np.zeros((0, 1)), seed=1, name="second")
    >>> networks.average_nets([first, second], n_classes=2).output_shape
    (None, 2)
    """
    inputs = keras.Input(nets[0].input_shape[1:], name="features")
    logits = [
        keras.layers.GlobalAveragePooling1D(name=f"members_{number}")(net(inputs))
        for number, net in enumerate(nets, start=1)
    ]
    x = keras.layers.Average(name="average")(logits) if len(nets) > 1 else logits[0]
    outputs = keras.layers.Dense(
        n_classes,
        activation="softmax",
        kernel_initializer="identity",
        trainable=False,
        name="calibration",
    )(x)
    return keras.Model(inputs, outputs, name="segment_classifier")


def packed_nets(model: keras.Model) -> list[keras.Model]:
    """Return the nets that :func:`average_nets` has joined; a net alone as it is.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    nets : list of keras.Model

    Examples
    --------
    >>> from segmentlearn import networks
    >>> spec = networks.ClassifierSpec(3, 2, hidden_layer_sizes=(8,))
    >>> model = networks.build_classifier(spec, seed=0)
    >>> networks.packed_nets(model) == [model]
    True
    """
    nets = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    return nets or [model]


def calibrate(model: keras.Model, slope: float, shift: np.ndarray) -> None:
    """Set the last layer of an averaged model: logits times slope, plus shift.

    Parameters
    ----------
    model : keras.Model
        As `average_nets` returns it.
    slope : float
        One over the temperature.
    shift : ndarray of shape (n_classes,)
        Added to the logits.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn import networks
    >>> net = networks.ClassifierSpec(3, 2, hidden_layer_sizes=(8,))
    >>> spec = networks.PackedSpec(net, n_members=4)
    >>> net = networks.build_packed(spec, np.zeros((0, 1)), 0)
    >>> model = networks.average_nets([net], n_classes=2)
    >>> networks.calibrate(model, 0.5, np.zeros(2))
    """
    size = len(shift)
    kernel = (slope * np.eye(size)).astype(np.float32)
    model.get_layer("calibration").set_weights([kernel, np.asarray(shift, np.float32)])


def member_log_loss(y_true: Any, y_pred: Any) -> Any:
    """Return the cross-entropy of each member for each row: what is trained on.

    Parameters
    ----------
    y_true : tensor of shape (n_rows,)
        Class numbers.
    y_pred : tensor of shape (n_rows, n_members, n_classes)
        Logits.

    Returns
    -------
    losses : tensor of shape (n_rows, n_members)

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.networks import member_log_loss
    >>> member_log_loss(np.array([0]), np.zeros((1, 2, 4), "float32")).numpy().round(2)
    array([[1.39, 1.39]], dtype=float32)
    """
    ops = keras.ops
    log_shares = ops.log_softmax(y_pred)
    chosen = ops.one_hot(ops.cast(y_true, "int32"), log_shares.shape[-1])
    return -ops.sum(chosen[:, None, :] * log_shares, axis=-1)


def log_loss(y_true: Any, y_pred: Any) -> Any:
    """Return the cross-entropy of the members' average: what is stopped on.

    Parameters
    ----------
    y_true : tensor of shape (n_rows,)
        Class numbers.
    y_pred : tensor of shape (n_rows, n_members, n_classes)
        Logits.

    Returns
    -------
    losses : tensor of shape (n_rows,)

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.networks import log_loss
    >>> log_loss(np.array([0]), np.zeros((1, 2, 4), "float32")).numpy().round(2)
    array([1.39], dtype=float32)
    """
    mean = keras.ops.mean(y_pred, axis=1, keepdims=True)
    return member_log_loss(y_true, mean)[:, 0]


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """Return 1 where the members' average is right, else 0.

    Parameters
    ----------
    y_true : tensor of shape (n_rows,)
        Class numbers.
    y_pred : tensor of shape (n_rows, n_members, n_classes)
        Logits.

    Returns
    -------
    hits : tensor of shape (n_rows,)

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.networks import accuracy
    >>> accuracy(np.array([1]), np.array([[[0.0, 2.0], [1.0, 0.0]]])).numpy()
    array([1.], dtype=float32)
    """
    found = keras.ops.argmax(keras.ops.mean(y_pred, axis=1), axis=-1)
    return keras.ops.cast(found == keras.ops.cast(y_true, found.dtype), "float32")


def _views(
    x: keras.KerasTensor, sources: np.ndarray, spec: PackedSpec, seed: int
) -> keras.KerasTensor:
    """Give each member the features under signs of its own, one sign a feature."""
    shape = (spec.n_members, spec.net.n_features)
    signs = np.random.default_rng([seed, _VIEWS_SEED]).choice([-1.0, 1.0], shape)
    views = keras.layers.EinsumDense(
        "bi,mi->bmi", (spec.n_members, len(sources)), name="views"
    )
    return frozen(views, x, [signs[:, sources]])
