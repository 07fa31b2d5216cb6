"""Fitted estimators as ONNX models."""

import hashlib
import json
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

import segmentlearn
from segmentlearn.cluster import AutoencoderClusterer, InductiveClusterer
from segmentlearn.export._onnx._columns import Columns, MatrixColumns, RawColumns
from segmentlearn.export._onnx._graph import Graph
from segmentlearn.export._onnx._networks import network
from segmentlearn.export._onnx._preprocessing import prepare
from segmentlearn.export._onnx._segments import Assigned, segments
from segmentlearn.networks import NotEvaluableError
from segmentlearn.neural_network import (
    SMALLEST_PROBABILITY,
    Autoencoder,
    SegmentClassifier,
)
from segmentlearn.tables import column_names, free_name

_MODELS = SegmentClassifier, AutoencoderClusterer, InductiveClusterer, Autoencoder
_CUSTOMERS = "customers"


def onnx_of(model: Any) -> Any:
    """Return a fitted estimator, or a pipeline that ends in one, as a ModelProto."""
    labels = raw_columns(model, "to_onnx")
    graph = Graph(labels.values())
    raw = RawColumns(graph, labels)
    outputs, facts = outputs_of(graph, raw, model, "to_onnx")
    described = [raw.described[name] for name in labels if name in raw.described]
    exported = graph.model([column["input"] for column in described], outputs)
    kind = type(_steps(model)[-1]).__name__
    exported.producer_name = "segmentlearn"
    exported.producer_version = segmentlearn.__version__
    exported.doc_string = f"{kind} from raw columns."
    content = exported.graph.SerializeToString(deterministic=True)
    facts = {
        "model": kind,
        "columns": described,
        "outputs": [name for name, *_ in outputs],
        **facts,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    for key, value in facts.items():
        entry = exported.metadata_props.add()
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        entry.key, entry.value = key, text
    graph.onnx.checker.check_model(exported)
    return exported


def _steps(model: Any) -> list:
    """Return the steps of a pipeline; an estimator alone is one."""
    model = getattr(model, "best_estimator_", model)
    steps = [step for _, step in model.steps] if type(model) is Pipeline else [model]
    return [step for step in steps if step is not None and step != "passthrough"]


def raw_columns(model: Any, caller: str) -> dict[str, str]:
    """Return what the columns of the table are called, by the names in the model.

    They are called something else where the names of a frame were not all text.
    """
    part = first = _steps(model)[0]
    last = _steps(model)[-1]
    if not isinstance(last, _MODELS):
        raise TypeError(
            f"{caller} cannot export {type(last).__name__}; it takes "
            f"{', '.join(kind.__name__ for kind in _MODELS)}, or a Pipeline that ends "
            "in one of them."
        )
    check_is_fitted(first)
    names = column_names(first)
    while part is not None and getattr(part, "column_labels_", None) is None:
        part = getattr(part, "preprocessor_", getattr(part, "table_", None))
    labels = names if part is None else map(str, part.column_labels_)
    return dict(zip(names, labels, strict=True))


def outputs_of(
    g: Graph, raw: RawColumns, model: Any, caller: str
) -> tuple[list, dict[str, Any]]:
    """Return the outputs of a model, each its name, type and shape, and facts."""
    *transformers, last = _steps(model)
    columns: Columns = raw
    for step in transformers:
        matrix = prepare(g, columns, step)
        columns = MatrixColumns(g, matrix, list(step.get_feature_names_out()))
    check_is_fitted(last)
    try:
        return _outputs(g, columns, last)
    except NotEvaluableError as error:
        raise TypeError(
            f"{caller} cannot export the net of {type(last).__name__}, which has "
            f"{error}: a net of your own."
        ) from error


def _outputs(g: Graph, columns: Columns, model: Any) -> tuple[list, dict[str, Any]]:
    """Return the outputs of the last step, and facts."""
    if isinstance(model, Autoencoder):
        codes = _named(g, "Cast", _codes(g, columns, model), "codes", to=1)
        return [(codes, np.float32, [_CUSTOMERS, model.n_components_])], {}
    if isinstance(model, SegmentClassifier):
        classes, proba = model.classes_, _probabilities(g, columns, model)
        label = g.op("ArgMax", proba, axis=1, keepdims=0)
        label = _named(g, "Gather", _plain(classes), "label", label)
        name, facts = "probabilities", {"segments": classes.tolist()}
        kind = _plain(classes).dtype
    else:
        found = _found(g, columns, model)
        label = _named(g, "Identity", found.labels, "label")
        name, proba, kind = "membership", found.memberships, np.dtype(np.int64)
        facts = {"segments": list(range(model.n_clusters_))}
        names = getattr(model, "segment_names_", None)
        facts |= {"segment_names": names} if names else {}
    shares = _named(g, "Cast", proba, name, to=1)
    width = len(facts["segments"])
    outputs = [(label, kind, [_CUSTOMERS]), (shares, np.float32, [_CUSTOMERS, width])]
    return outputs, facts


def _probabilities(g: Graph, columns: Columns, model: SegmentClassifier) -> str:
    """Return the probabilities of a classifier, in double precision."""
    config, weights = model._network.configuration()
    proba = network(g, prepare(g, columns, model.preprocessor_), config, weights)
    proba = g.op("Max", g.cast(proba, np.float64), np.float64(SMALLEST_PROBABILITY))
    return g.op("Div", proba, g.op("ReduceSum", proba, np.array([1])))


def _codes(g: Graph, columns: Columns, model: Autoencoder) -> str:
    """Return the codes of an autoencoder."""
    config, weights = model._network.configuration("encoder")
    return network(g, prepare(g, columns, model.preprocessor_), config, weights)


def _found(g: Graph, columns: Columns, model: Any) -> Assigned:
    """Return found segments."""
    if isinstance(model, InductiveClusterer):
        return segments(g, prepare(g, columns, None), model, _classify)
    if model.space_ == "prepared":
        rows = prepare(g, columns, model.preprocessor_)
    else:
        rows = g.concat([_codes(g, columns, net) for net in model.autoencoders_])
    return segments(g, rows, model.clusterer_, _classify)


def _classify(g: Graph, rows: str, classifier: SegmentClassifier) -> str:
    """Return the probabilities of a classifier of rows of numbers."""
    columns = MatrixColumns(g, rows, column_names(classifier))
    return _probabilities(g, columns, classifier)


def _plain(classes: np.ndarray) -> np.ndarray:
    """Return labels in a type that ONNX has."""
    if classes.dtype.kind in "OU":
        return np.array([str(label) for label in classes], object)
    if classes.dtype.kind in "iu":
        return classes.astype(np.int64)
    return classes


def _named(g: Graph, kind: str, value: Any, name: str, *more: Any, **how: Any) -> str:
    """Add a node whose output has a name of its own, unless a column has it."""
    return g.op(kind, value, *more, name=free_name(name, g.inputs), **how)
