"""From a classifier's parameters to nets with fresh weights."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentlearn import networks
from segmentlearn.neural_network._autoencoder import _column_layout
from segmentlearn.neural_network._segment_classifier._ensemble import net_seed
from segmentlearn.neural_network._settings import Sizes

if TYPE_CHECKING:
    from segmentlearn.neural_network import SegmentClassifier

_N_BINS = 16
_N_FREQUENCIES = 8
# a category of so few levels is as well off with its one-hot columns
_MOST_LEVELS_AS_COLUMNS = 10
_MOST_LEVELS = 1000  # columns that one category is looked for in


def build_model(
    classifier: "SegmentClassifier", sizes: Sizes, features: np.ndarray, n_nets: int
) -> tuple[Any, list]:
    """Build the model that predicts, and the nets in it that are trained.

    One member in one net without an embedding is an ordinary net, and both are the
    same, unless a calibration is asked for, which is a layer of its own.
    """
    n_classes = len(classifier.classes_)
    spec = describe_net(classifier, sizes, features.shape[1])
    embedding = classifier.numeric_embedding
    is_calibrated = classifier.calibration not in (None, "auto")
    is_alone = sizes.n_members == 1 and n_nets == 1 and embedding is None
    if is_alone and not is_calibrated:
        model = networks.build_classifier(spec, classifier._seed)
        return model, [model]
    categories: tuple[tuple[int, ...], ...] = ()
    if classifier.categorical_embedding is not None:
        categories = categories_to_embed(classifier.preprocessor_, features)
    numeric: tuple[int, ...] = ()
    if embedding is not None:
        numeric = numeric_positions(
            classifier.numeric_features, features, classifier._feature_names()
        )
    packed = networks.PackedSpec(
        spec,
        n_members=sizes.n_members,
        numeric_features=numeric,
        n_bins=_N_BINS if embedding in ("both", "piecewise") else 0,
        n_frequencies=_N_FREQUENCIES if embedding in ("both", "periodic") else 0,
        categories=categories,
        n_category_outputs=classifier.categorical_embedding or 0,
    )
    edges = networks.quantile_edges(features[:, list(numeric)], _N_BINS)
    nets = [
        networks.build_packed(
            packed, edges, net_seed(classifier._seed, number), f"net_{number + 1}"
        )
        for number in range(n_nets)
    ]
    return networks.average_nets(nets, n_classes), nets


def describe_net(
    classifier: "SegmentClassifier", sizes: Sizes, n_features: int
) -> networks.ClassifierSpec:
    """Return what an ordinary net of a classifier is made of."""
    return networks.ClassifierSpec(
        n_features=n_features,
        n_classes=len(classifier.classes_),
        hidden_layer_sizes=sizes.hidden_layer_sizes,
        activation=classifier.activation,
        dropout=classifier.dropout,
        batch_normalization=classifier.batch_normalization,
        l2=classifier.l2,
    )


def numeric_positions(
    chosen: Any, features: np.ndarray, names: Sequence[str] | None
) -> tuple[int, ...]:
    """Return which features are numbers, not indicators."""
    n_features = features.shape[1]
    if isinstance(chosen, str):
        looked_at = _column_layout.some_rows(features)
        return tuple(
            position
            for position in range(n_features)
            if len(np.unique(looked_at[:, position])) > 2
        )
    position_of = {name: position for position, name in enumerate(names or ())}
    positions = [position_of.get(feature, feature) for feature in chosen]
    unknown = [
        feature
        for feature, position in zip(chosen, positions, strict=True)
        if not isinstance(position, int | np.integer)
        or not -n_features <= position < n_features
    ]
    if unknown:
        raise ValueError(
            f"numeric_features lists {unknown!r}, which the net does not get; its "
            f"features are {list(names) if names else list(range(n_features))!r}."
        )
    return tuple(sorted({int(position) % n_features for position in positions}))


def categories_to_embed(
    preprocessor: Any, features: np.ndarray
) -> tuple[tuple[int, ...], ...]:
    """Return the columns of each category of more than ten levels."""
    if hasattr(preprocessor, "output_groups_"):
        blocks = _column_layout.read_layout(preprocessor, features.shape[1]).categories
    else:
        blocks = one_hot_blocks(features)
    return tuple(block for block in blocks if len(block) > _MOST_LEVELS_AS_COLUMNS)


def one_hot_blocks(features: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """Find categories among the features by their values.

    A category is a run of columns of which exactly one is 1 in every row, whoever has
    encoded it.
    """
    rows = _column_layout.some_rows(features)
    is_indicator = ((rows == 0) | (rows == 1)).all(axis=0)
    counts = np.where(is_indicator, (rows == 1).sum(axis=0), len(rows) + 1)
    blocks, start = [], 0
    while start < len(counts):
        # ones of all rows together: where they are as many as rows, it may be a block
        sums = np.cumsum(counts[start : start + _MOST_LEVELS])
        end = start + 1 + int(np.searchsorted(sums, len(rows)))
        is_block = (
            end - start <= len(sums)
            and sums[end - start - 1] == len(rows)
            and (rows[:, start:end].sum(axis=1) == 1).all()
        )
        if is_block:
            blocks.append(tuple(range(start, end)))
        start = end if is_block else start + 1
    return tuple(blocks)
