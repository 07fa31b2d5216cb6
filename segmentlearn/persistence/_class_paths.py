"""Public paths of classes in archives, and where older archives say they are."""

import json
from collections.abc import Callable
from typing import Any

from segmentlearn.persistence._checks._allowed import public_path
from segmentlearn.persistence._checks._schema import Node, walk
from segmentlearn.persistence._container import Container, pack

_NEW_NAMES = {
    "ClassifierRule": "ClassifierAssignment",
    "NearestRowRule": "NearestRowAssignment",
    "OwnRule": "PredictAssignment",
    "VotingRule": "NeighborsAssignment",
}
# path in archives written before packages had private modules -> public path
_OLDER = {
    f"segmentlearn.{package}.{module}.{name}": (
        f"segmentlearn.{package}.{_NEW_NAMES.get(name, name)}"
    )
    for package, module, name in (
        ("cluster", "autoencoder_clusterer", "AutoencoderClusterer"),
        ("cluster", "classifier_rule", "ClassifierRule"),
        ("cluster", "consensus", "ConsensusClusterer"),
        ("cluster", "inductive", "InductiveClusterer"),
        ("cluster", "latent_classes", "LatentClassMixture"),
        ("cluster", "nearest_rows", "LabelledRows"),
        ("cluster", "nearest_rows", "NearestRowRule"),
        ("cluster", "nearest_rows", "VotingRule"),
        ("cluster", "own_rule", "OwnRule"),
        ("model_selection", "batched_search", "BatchedGridSearchCV"),
        ("model_selection", "keras_tuner_search", "KerasTunerSearchCV"),
        ("neural_network", "autoencoder", "Autoencoder"),
        ("neural_network", "classifier", "SegmentClassifier"),
        ("preprocessing", "distances", "DistancePreprocessor"),
        ("preprocessing", "encoding", "CategoryEncoder"),
        ("preprocessing", "imputation", "MixedImputer"),
        ("preprocessing", "scaling", "SoftRobustScaler"),
        ("preprocessing", "selection", "AssociationSelector"),
        ("preprocessing", "tabular", "TabularPreprocessor"),
    )
}
# attributes that have another name since, by their class there
_RENAMED = {
    "AutoencoderClusterer": {"guard": "compare_baselines"},
    "InductiveClusterer": {"_rule": "_assignment"},
    "LatentClassMixture": {
        "blocks": "column_groups",
        "least_variance": "min_variance",
    },
    "LabelledRows": {"codes": "labels"},
    "OwnRule": {"raw_labels": "own_labels"},
}


def current_path(name: str) -> str:
    """Return the public path of a class that an older archive names."""
    return _OLDER.get(name, name)


def to_public_paths(schema: dict[str, Any]) -> bool:
    """Write public paths into the tree of a skops file; return whether any changed."""
    return _rename(schema, public_path)


def to_current_paths(schema: dict[str, Any]) -> bool:
    """Write today's paths and attributes into an older tree; return if any changed."""
    for node in walk(schema):
        is_older = node.name in _OLDER
        attributes = _RENAMED.get(node.name.rpartition(".")[2], {}) if is_older else {}
        state: Any = node.content.get("content")
        cells = state.get("content") if isinstance(state, dict) else None
        if attributes and isinstance(cells, dict):
            renamed = {attributes.get(key, key): cell for key, cell in cells.items()}
            if len(renamed) == len(cells):
                state["content"] = renamed
    return _rename(schema, current_path)


def with_schema(schema: dict[str, Any], members: Container) -> bytes:
    """Return a skops file with another tree and the same other members."""
    content = {name: members.read(name) for name in members.sizes}
    content["schema.json"] = json.dumps(schema).encode()
    return pack(content, compress=False)


def _rename(schema: dict[str, Any], path_of: Callable[[str], str]) -> bool:
    changed = False
    nodes: list[Node] = list(walk(schema))
    for node in nodes:
        path = path_of(node.name)
        if path != node.name:
            module, _, name = path.rpartition(".")
            node.content["__module__"], node.content["__class__"] = module, name
            changed = True
    return changed
