"""Boosted trees as a few arrays, which is what pickles and archives hold."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn._compat import boosted_trees

_FIELDS = ("value", "feature_idx", "num_threshold", "left", "right")


def pack_trees(models: Sequence[Any]) -> dict[str, Any]:
    """Return models without their trees, and the nodes of all trees in a row."""
    trees = [tree for model in models for step in model._predictors for tree in step]
    nodes = np.concatenate([tree.nodes for tree in trees])
    hollow = []
    for model in models:
        shell = copy.copy(model)
        shell._predictors = []
        shell._loss = None  # versions of scikit-learn call its class differently
        hollow.append(shell)
    return {
        "models": hollow,
        "n_iter": [len(model._predictors) for model in models],
        "n_nodes": np.array([len(tree.nodes) for tree in trees]),
        # without a copy they would be every 60th byte of the nodes
        **{name: np.ascontiguousarray(nodes[name]) for name in _FIELDS},
    }


def unpack_trees(packed: dict[str, Any]) -> list[Any]:
    """Return models with their trees; refuse nodes that lead out of their tree."""
    models, n_nodes = packed["models"], packed["n_nodes"]
    fields = {name: packed[name] for name in _FIELDS}
    is_leaf = fields["left"] == 0  # the root is nobody's child
    sizes = [
        (model.n_features_in_, n_iter * model.n_trees_per_iteration_)
        for model, n_iter in zip(models, packed["n_iter"], strict=True)
    ]
    _check(fields, ~is_leaf, n_nodes, np.repeat(*np.transpose(sizes)))
    trees = iter(boosted_trees(n_nodes, is_leaf=is_leaf, **fields))
    for model, n_iter in zip(models, packed["n_iter"], strict=True):
        model._predictors = [
            [next(trees) for _ in range(model.n_trees_per_iteration_)]
            for _ in range(n_iter)
        ]
        model._loss = model._get_loss(sample_weight=None)
    return models


def _check(
    fields: dict[str, np.ndarray],
    is_inner: np.ndarray,
    n_nodes: np.ndarray,
    n_features: np.ndarray,
) -> None:
    """Check that each step leads forward, within its tree, by a feature there is."""
    n_all = len(is_inner)
    is_sound = (n_nodes >= 1).all() and n_nodes.sum() == n_all
    is_sound = is_sound and len(n_features) == len(n_nodes)
    if is_sound and all(len(values) == n_all for values in fields.values()):
        sizes = np.repeat(n_nodes, n_nodes)
        places = np.arange(n_all) - np.repeat(np.cumsum(n_nodes) - n_nodes, n_nodes)
        feature = fields["feature_idx"]
        leads_on = (feature >= 0) & (feature < np.repeat(n_features, n_nodes))
        for child in (fields["left"], fields["right"]):
            leads_on &= (child > places) & (child < sizes)
        if leads_on[is_inner].all():
            return
    raise ValueError("the stored trees are damaged.")
