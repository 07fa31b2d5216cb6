"""Nets that the tests of the Keras wrappers build; in a module, so they travel."""

import keras


def small_net(meta):
    """Build and compile a net with the output and the loss that the targets ask for."""
    kind = meta["target_type_"]
    n_outputs, activation, loss = meta["n_outputs_"], None, "mse"
    if "n_classes_" in meta:
        n_outputs = meta["n_classes_"]
        activation, loss = "softmax", "sparse_categorical_crossentropy"
        if kind == "multilabel-indicator":
            activation, loss = "sigmoid", "binary_crossentropy"
    net = keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            keras.layers.Flatten(),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(n_outputs, activation=activation),
        ]
    )
    net.compile(optimizer=keras.optimizers.Adam(0.03), loss=loss)
    return net


def routed_net(meta, units):
    """Build a net whose width is routed, and leave compiling to the wrapper."""
    return keras.Sequential(
        [
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def sigmoid_net(compile_kwargs):
    """Build a net of one sigmoid output, and compile it as the parameters say."""
    net = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(1, activation="sigmoid")]
    )
    net.compile(**compile_kwargs)
    return net
