"""Frozen descriptions of nets: what a net is made of, without building it."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class ClassifierSpec:
    """A feed-forward classifier: hidden layers, then one probability a class.

    Parameters
    ----------
    n_features : int
        Columns of the input.
    n_classes : int
        Columns of the output.
    hidden_layer_sizes : tuple of int
        Units of each hidden layer; empty for a linear model.
    activation : str, default="relu"
        Name of a Keras activation, used after each hidden layer.
    dropout : tuple of float, default=()
        Share of each hidden layer's outputs that is dropped while training; layers
        without an entry drop nothing.
    batch_normalization : bool, default=False
        Whether each hidden layer's outputs are normalised over the batch.
    l2 : float, default=0.0
        Factor on the sum of the squared kernels, added to the loss.

    Examples
    --------
    >>> from segmentlearn.networks import ClassifierSpec
    >>> spec = ClassifierSpec(n_features=32, n_classes=4, hidden_layer_sizes=(8,))
    >>> spec.activation
    'relu'
    """

    n_features: int
    n_classes: int
    hidden_layer_sizes: tuple[int, ...]
    activation: str = "relu"
    dropout: tuple[float, ...] = ()
    batch_normalization: bool = False
    l2: float = 0.0
