"""An ONNX graph as it grows: nodes, constants and names that are not taken."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from segmentlearn.tables import free_name

OPSET, ML_OPSET, IR_VERSION = 20, 3, 9  # what ONNX Runtime 1.20 of 2024 reads
ML = "ai.onnx.ml"


class Graph:
    """Collects nodes; values are known by their names.

    Parameters
    ----------
    taken : iterable of str, default=()
        Names that inputs will have.
    root : Graph, default=None
        The graph that a branch is part of; it has the names and constants of both.
    """

    def __init__(self, taken: Iterable[str] = (), root: "Graph | None" = None) -> None:
        try:
            import onnx
        except ImportError as error:
            raise ImportError(
                "ONNX needs the packages onnx and onnxruntime; install them with "
                "pip install 'segmentlearn[export]'."
            ) from error
        self.onnx: Any = onnx
        self.root = self if root is None else root
        self.nodes: list[Any] = []
        self.inputs: dict[str, Any] = {}
        self.constants: dict[tuple, Any] = {}
        self._taken = set(taken)
        self._n_values = 0

    def op(
        self,
        kind: str,
        *inputs: Any,
        n_outputs: int = 1,
        domain: str = "",
        name: str | None = None,
        **attributes: Any,
    ) -> Any:
        """Add a node; arrays among its inputs become constants.

        Returns the name of its output, or a list of several.
        """
        values = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        names = [name or self.new_name() for _ in range(n_outputs)]
        # optimizers of ONNX Runtime want names of nodes to differ
        node = self.onnx.helper.make_node(
            kind, values, names, name=names[0], domain=domain, **attributes
        )
        self.nodes.append(node)
        return names[0] if n_outputs == 1 else names

    def input(self, name: str, kind: str) -> str:
        """Declare a column of the table: "double" or "string"."""
        helper, types = self.onnx.helper, self.onnx.TensorProto
        kinds = {"double": types.DOUBLE, "string": types.STRING}
        shape = ["customers", 1]
        self.inputs[name] = helper.make_tensor_value_info(name, kinds[kind], shape)
        return name

    def constant(self, array: Any) -> str:
        """Return the name of a constant; equal ones are kept once."""
        array, constants = np.asarray(array), self.root.constants
        content = tuple(array.ravel()) if array.dtype.kind in "OU" else array.tobytes()
        key = array.dtype.kind, array.dtype.itemsize, array.shape, content
        if key not in constants:
            constants[key] = self._tensor(array, self.root.new_name())
        return constants[key].name

    def cast(self, value: str, dtype: Any) -> str:
        """Convert a value."""
        kind = self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.op("Cast", value, to=kind)

    def concat(self, values: Sequence[str], axis: int = 1) -> str:
        """Put values side by side; one stays as it is."""
        if len(values) == 1:
            return values[0]
        return self.op("Concat", *values, axis=axis)

    def take(self, value: str, positions: Sequence[int], width: int) -> str:
        """Return some of the columns of a matrix that has so many."""
        if list(positions) == list(range(width)):
            return value
        return self.op("Gather", value, np.asarray(positions, np.int64), axis=1)

    def known(self, numbers: str) -> str:
        """Return which numbers are neither missing nor infinite."""
        largest = np.finfo(np.float64).max
        return self.op("LessOrEqual", self.op("Abs", numbers), largest)

    def either(self, condition: str, this: "Graph", that: "Graph") -> str:
        """Return the last value of one of two branches."""
        branches = {
            "then_branch": this.branch("then_branch"),
            "else_branch": that.branch("else_branch"),
        }
        return self.op("If", condition, **branches)

    def branch(self, name: str) -> Any:
        """Return a graph without inputs, whose output is its last value."""
        helper, value = self.onnx.helper, self.nodes[-1].output[0]
        output = helper.make_tensor_value_info(value, self.onnx.TensorProto.INT64, None)
        return helper.make_graph(self.nodes, name, [], [output])

    def model(
        self, inputs: Sequence[str], outputs: Sequence[tuple[str, Any, list]]
    ) -> Any:
        """Return the model; an output is its name, type and shape."""
        helper = self.onnx.helper
        infos = [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape
            )
            for name, dtype, shape in outputs
        ]
        graph = helper.make_graph(
            self.nodes,
            "segmentlearn",
            [self.inputs[name] for name in inputs],
            infos,
            list(self.constants.values()),
        )
        opsets = [
            helper.make_opsetid("", OPSET),
            helper.make_opsetid(ML, ML_OPSET),
        ]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)

    def new_name(self) -> str:
        """Return a name for a value that no column has."""
        self.root._n_values += 1
        return free_name(f"value_{self.root._n_values}", self.root._taken)

    def _tensor(self, array: np.ndarray, name: str) -> Any:
        if array.dtype.kind in "OU":
            texts = [str(text).encode("utf-8") for text in array.ravel()]
            return self.onnx.helper.make_tensor(
                name, self.onnx.TensorProto.STRING, array.shape, texts
            )
        return self.onnx.numpy_helper.from_array(np.array(array, order="C"), name)
