"""Frozen descriptions of nets: what a net is made of, without building it."""

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class ClassifierSpec:
    """A feed-forward classifier: hidden layers, then one probability a class.

    Parameters
    ----------
    n_features : int
        Columns of the input.
    n_classes : int
        Columns of the output.
    hidden_layer_sizes : sequence of int
        Units of each hidden layer; empty for a linear model. Kept as a tuple.
    activation : str, default="relu"
        Name of a Keras activation, used after each hidden layer.
    dropout : float or sequence of float, default=0.0
        Share of each hidden layer's outputs that is dropped while training: one rate
        for all hidden layers, or one for each. Kept as a tuple.
    batch_normalization : bool, default=False
        Whether each hidden layer's outputs are normalised over the batch.
    l2 : float, default=0.0
        Factor on the sum of the squared kernels, added to the loss.

    Raises
    ------
    ValueError
        If a layer has no units, or the rates do not fit the layers.

    Examples
    --------
    >>> from segmentlearn.networks import ClassifierSpec
    >>> spec = ClassifierSpec(n_features=32, n_classes=4, hidden_layer_sizes=(8,))
    >>> spec.activation
    'relu'
    """

    n_features: int
    n_classes: int
    hidden_layer_sizes: Any
    activation: str = "relu"
    dropout: Any = 0.0
    batch_normalization: bool = False
    l2: float = 0.0

    def __post_init__(self) -> None:
        sizes = tuple(int(units) for units in self.hidden_layer_sizes)
        if min(sizes, default=1) < 1 or sizes != tuple(self.hidden_layer_sizes):
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r}: each layer needs a "
                "whole number of units, at least 1."
            )
        rates = np.atleast_1d(np.asarray(self.dropout, dtype=float))
        if np.ndim(self.dropout) == 0:
            rates = np.repeat(rates, len(sizes))
        if len(rates) != len(sizes) or not all(0 <= rate < 1 for rate in rates):
            raise ValueError(
                f"dropout={self.dropout!r} must be a number in [0, 1), or one for each "
                f"of the {len(sizes)} hidden layers."
            )
        object.__setattr__(self, "hidden_layer_sizes", sizes)
        object.__setattr__(self, "dropout", tuple(rates.tolist()))


@dataclasses.dataclass(frozen=True)
class PackedSpec:
    """Several classifiers in one net: they share hidden layers and see other views.

    Parameters
    ----------
    net : ClassifierSpec
        Hidden layers, activation, dropout and penalties, as for a single classifier.
    n_members : int
        Classifiers in the net.
    numeric_features : tuple of int, default=()
        Positions of the features that are numbers and get an embedding.
    n_bins : int, default=0
        Pieces of the piecewise-linear encoding of each number; 0 is none.
    n_frequencies : int, default=0
        Cosines of each number's periodic embedding; 0 is none.
    n_waves : int, default=4
        Outputs of each number's periodic embedding.
    frequency_scale : float, default=0.1
        Standard deviation of the initial frequencies, in periods for each unit of the
        feature.
    categories : tuple of tuples of int, default=()
        Positions of one-hot columns, one tuple for each category that is embedded.
    n_category_outputs : int, default=8
        Outputs of each category's embedding.

    Examples
    --------
    >>> from segmentlearn.networks import ClassifierSpec, PackedSpec
    >>> net = ClassifierSpec(n_features=3, n_classes=2, hidden_layer_sizes=(8,))
    >>> PackedSpec(net, n_members=4).n_bins
    0
    """

    net: ClassifierSpec
    n_members: int
    numeric_features: tuple[int, ...] = ()
    n_bins: int = 0
    n_frequencies: int = 0
    n_waves: int = 4
    frequency_scale: float = 0.1
    categories: tuple[tuple[int, ...], ...] = ()
    n_category_outputs: int = 8
