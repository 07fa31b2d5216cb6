"""Mixtures in a graph: the logarithm of each component together with each row."""

from typing import Any

import numpy as np

from segmentlearn.cluster import LatentClassMixture
from segmentlearn.export._onnx._graph import Graph


def joint_of_gaussians(g: Graph, rows: str, mixture: Any) -> str:
    """Return it for scikit-learn's mixtures, Bayesian or not."""
    means = np.asarray(mixture.means_, np.float64)
    factors = np.asarray(mixture.precisions_cholesky_, np.float64)
    has_matrices = mixture.covariance_type in ("full", "tied")
    if mixture.covariance_type == "tied":
        factors = np.broadcast_to(factors, (len(means), *factors.shape))
    squares = []
    for mean, factor in zip(means, factors, strict=True):
        y = g.op("Sub", rows, mean)
        y = g.op("MatMul" if has_matrices else "Mul", y, np.atleast_1d(factor))
        squares.append(g.op("ReduceSum", g.op("Mul", y, y), np.array([1])))
    # at its mean a component's square is 0
    constant = np.diagonal(mixture._estimate_weighted_log_prob(means))
    joint = g.op("Mul", g.concat(squares), np.float64(-0.5))
    return g.op("Add", joint, np.array(constant, np.float64))


def joint_of_latent(g: Graph, rows: str, mixture: LatentClassMixture) -> str:
    """Return it for latent classes."""
    named = mixture._one_hot_columns()
    numeric = np.delete(np.arange(mixture.n_features_in_), named)
    precisions = 1.0 / mixture.variances_
    constant = (mixture.means_**2 * precisions).sum(axis=1)
    constant = constant + np.log(2.0 * np.pi * mixture.variances_).sum(axis=1)
    total: Any = np.log(mixture.weights_) - 0.5 * constant
    if len(numeric):
        numbers = g.op("Gather", rows, numeric, axis=1)
        squares = g.op("MatMul", g.op("Mul", numbers, numbers), -0.5 * precisions.T)
        products = g.op("MatMul", numbers, (mixture.means_ * precisions).T)
        total = g.op("Add", g.op("Add", squares, products), total)
    if named:
        levels = g.op("Gather", rows, np.array(named), axis=1)
        levels = g.cast(g.op("Greater", levels, np.float64(0)), np.float64)
        products = g.op("MatMul", levels, np.log(mixture.shares_).T)
        total = g.op("Add", products, total)
    return total
