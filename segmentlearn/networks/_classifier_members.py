"""Classifiers of one architecture as one net with a member axis."""

import keras

from segmentlearn._building import building
from segmentlearn.networks._classifier import check_activation
from segmentlearn.networks._specs import ClassifierSpec


@building()
def build_classifier_members(spec: ClassifierSpec, n_members: int) -> keras.Model:
    """Build the layers of several classifiers side by side, all weights zero.

    Parameters
    ----------
    spec : ClassifierSpec
        Of each classifier. Which layers have dropout, and whether there is a penalty,
        counts; how much is for the training to say.
    n_members : int
        Classifiers in the net; they share nothing.

    Returns
    -------
    packed : keras.Model
        Input (n_members, n_rows, n_features), output (n_members, n_rows, n_classes);
        its weights are those of ``build_classifier``, in the same order, with the
        member axis first.

    Raises
    ------
    ValueError
        If the classifier normalises its batches.

    Examples
    --------
    >>> from segmentlearn.networks import ClassifierSpec, build_classifier_members
    >>> spec = ClassifierSpec(n_features=3, n_classes=2, hidden_layer_sizes=(4,))
    >>> build_classifier_members(spec, n_members=5).output_shape
    (5, None, 2)
    """
    check_activation(spec.activation)
    if spec.batch_normalization:
        raise ValueError("batch_normalization=True has statistics that nets share.")
    inputs = keras.Input(batch_shape=(n_members, None, spec.n_features))
    x = inputs
    rates = (*spec.dropout, *[0.0] * len(spec.hidden_layer_sizes))
    layers = zip(spec.hidden_layer_sizes, rates, strict=False)
    for depth, (units, rate) in enumerate(layers, start=1):
        x = _dense(units, spec.activation, spec.l2, f"hidden_{depth}")(x)
        if rate:
            x = keras.layers.Dropout(rate, seed=0)(x)
    outputs = _dense(spec.n_classes, "softmax", spec.l2, "probabilities")(x)
    return keras.Model(inputs, outputs, name="segment_classifiers")


def _dense(units: int, activation: str, l2: float, name: str) -> keras.layers.Layer:
    """Return a dense layer with a kernel and a bias for each member."""
    return keras.layers.EinsumDense(
        "mbi,mio->mbo",
        (None, units),
        activation=activation,
        bias_axes="mo",
        kernel_initializer="zeros",
        kernel_regularizer=keras.regularizers.L2(l2) if l2 else None,
        name=name,  # that of the layer in ``build_classifier``
    )
