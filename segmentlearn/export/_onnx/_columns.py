"""The columns of a raw table as inputs of a graph, or those of a matrix in it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from segmentlearn.export._onnx._graph import Graph
from segmentlearn.export._onnx._levels import Levels, codes_of
from segmentlearn.export._onnx._moments import days_of
from segmentlearn.tables import DATETIME, free_name


class RawColumns:
    """Columns of the table that a model was fitted to, each an input of its own.

    Parameters
    ----------
    graph : Graph
        The graph.
    labels : dict of str to str
        What each column is called, by the name that the model knows it by.
    """

    def __init__(self, graph: Graph, labels: Mapping[str, str]) -> None:
        self._graph, self._labels = graph, labels
        self.names = list(labels)
        self.described: dict[str, dict[str, Any]] = {}

    def numbers(self, kinds: Mapping[str, str]) -> str:
        """Return columns of numbers, dates and durations as a matrix of doubles."""
        dates = [name for name, kind in kinds.items() if kind == DATETIME]
        plain = [name for name in kinds if name not in dates]
        parts = [self._input(name, "double", kinds[name]) for name in plain]
        if dates:
            texts = [self._input(name, "string", DATETIME) for name in dates]
            parts.append(days_of(self._graph, self._graph.concat(texts), len(dates)))
        order = [[*plain, *dates].index(name) for name in kinds]
        return self._graph.take(self._graph.concat(parts), order, len(order))

    def texts(self, names: Sequence[str]) -> str:
        """Return columns of text as a matrix of texts."""
        return self._graph.concat(
            [self._input(name, "string", "category") for name in names]
        )

    def codes(self, levels: Sequence[Levels]) -> tuple[str, str, list[str]]:
        """Return numbers of levels, which cells are missing, and their order."""
        return codes_of(self._graph, self, levels)

    def describe(self, name: str, **facts: Any) -> None:
        """Note what a model does with a column that it uses."""
        self.described[name].update(facts)

    def _input(self, name: str, type_: str, kind: str) -> str:
        known = self.described.get(name)
        if known is None:
            label = self._labels[name]
            # the name of an input must not be empty
            spare = f"column_{self.names.index(name)}"
            own = label or free_name(spare, self._labels.values())
            self._graph.input(own, type_)
            known = {"name": label, "input": own, "type": type_, "kind": kind}
            self.described[name] = known
        elif known["type"] != type_:
            raise ValueError(
                f"the model takes column {name!r} for text in one part and "
                "for numbers in another; make it one of them for all parts, with "
                "categorical or numeric."
            )
        return known["input"]


class MatrixColumns:
    """Columns of a matrix that an earlier step of a pipeline has made.

    Parameters
    ----------
    graph : Graph
        The graph.
    matrix : str
        The matrix, of float32 or float64.
    names : list of str
        Its columns.
    """

    def __init__(self, graph: Graph, matrix: str, names: Sequence[str]) -> None:
        self._graph, self._matrix, self.names = graph, matrix, list(names)

    def numbers(self, kinds: Mapping[str, str]) -> str:
        """Return columns as a matrix of doubles."""
        order = [self.names.index(name) for name in kinds]
        found = self._graph.take(self._matrix, order, len(self.names))
        return self._graph.cast(found, np.float64)

    def codes(self, levels: Sequence[Levels]) -> tuple[str, str, list[str]]:
        """Return numbers of levels, which cells are missing, and their order."""
        return codes_of(self._graph, self, levels)

    def texts(self, names: Sequence[str]) -> str:
        """Refuse columns of text: a matrix has none."""
        raise ValueError(
            f"a step of the pipeline takes {list(names)} for text, and the step before "
            "it gives numbers."
        )

    def describe(self, name: str, **facts: Any) -> None:
        """Note nothing: these are no columns of the table."""


Columns = RawColumns | MatrixColumns
