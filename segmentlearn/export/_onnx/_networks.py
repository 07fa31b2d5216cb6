"""Nets in a graph; nets of one architecture are computed side by side.

Values have an axis for the nets: rows are of shape (nets, customers, features), what
members of packed nets make of them of shape (nets, members, customers, features), so
that products with their kernels are batched.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from segmentlearn import networks
from segmentlearn.export._onnx._activations import ACTIVATIONS
from segmentlearn.export._onnx._graph import Graph

# settings of layers in which nets of one architecture differ
_OF_TRAINING = ("name", "dtype", "seed", "trainable", "initializer", "regularizer")


@dataclasses.dataclass(frozen=True)
class _Value:
    """A value, its features, or members and features, and whether nets differ."""

    name: str
    shape: tuple[int, ...]
    n_nets: int = 1
    is_by_member: bool = False


def network(g: Graph, features: str, config: dict, weights: Mapping[str, Any]) -> str:
    """Return the outputs of a net of shape (customers, outputs)."""
    networks.Evaluator(config, weights)  # refuses what is none of the layers below
    first = config["config"]["layers"][0]["config"]["batch_shape"][-1]
    rows = g.op("Unsqueeze", g.cast(features, np.float32), np.array([0]))
    found = _Nets(g, [config], [weights]).run(_Value(rows, (first,)))
    return g.op("Squeeze", _as_rows(g, found), np.array([0]))


class _Nets:
    """Nets of one architecture.

    Parameters
    ----------
    graph : Graph
        The graph.
    configs, weights : list of dict
        Of each net.
    """

    def __init__(
        self, graph: Graph, configs: Sequence[dict], weights: Sequence[Mapping]
    ) -> None:
        self._graph, self._weights = graph, weights
        self._input, self._output, self._sources = networks.layer_calls(configs[0])
        layers = [config["config"]["layers"] for config in configs]
        # the same layer of each net
        self._layers = {own[0]["name"]: own for own in zip(*layers, strict=True)}

    def run(self, rows: _Value) -> _Value:
        """Return what the nets make of rows."""
        values, averaged = {self._input: rows}, self._averaged()
        absorbed = {name for nets, means in averaged.values() for name in nets + means}
        for name, sources in self._sources.items():
            if name in averaged:
                nets, _ = averaged[name]
                (source,) = self._sources[nets[0]]
                values[name] = self._mean(nets, values[source])
            elif name not in absorbed:
                values[name] = self._call(name, [values[source] for source in sources])
        return values[self._output]

    def _averaged(self) -> dict[str, tuple[list[str], list[str]]]:
        """Return nets, and means of their members, by the layer that averages them."""
        found = {}
        users = Counter(name for own in self._sources.values() for name in own)
        for name, means in self._sources.items():
            nets = [net for mean in means for net in self._sources.get(mean, ())]
            kinds = {self._layers[mean][0]["class_name"] for mean in means}
            if (
                self._layers[name][0]["class_name"] == "Average"
                and kinds == {"GlobalAveragePooling1D"}
                and len(set(nets)) == len(means)
                and all(users[name] == 1 for name in [*nets, *means])
                and len({self._likeness(net) for net in nets}) == 1
            ):
                found[name] = nets, means
        return found

    def _likeness(self, name: str) -> str:
        """Return what nets of one architecture have in common."""
        layer = self._layers[name][0]
        own: Mapping = self._weights[0].get(name, {})
        if layer["class_name"] != "Functional" or any(
            isinstance(arrays, Mapping) for arrays in own.values()
        ):
            return name  # like no other
        place = {o["name"]: at for at, o in enumerate(layer["config"]["layers"])}
        calls = networks.layer_calls(layer)[2]
        parts = [str(self._sources[name])]
        for part in layer["config"]["layers"]:
            config = {
                key: value
                for key, value in part["config"].items()
                if not key.endswith(_OF_TRAINING)
            }
            shapes = [array.shape for array in own.get(part["name"], ())]
            sources = [place[source] for source in calls.get(part["name"], ())]
            parts.append(f"{part['class_name']} {config} {shapes} {sources}")
        return "\n".join(parts)

    def _mean(self, names: list[str], rows: _Value) -> _Value:
        """Return the mean over nets and members."""
        configs = [self._layers[name][0] for name in names]
        weights = [self._weights[0][name] for name in names]
        found = _by_member(self._graph, _Nets(self._graph, configs, weights).run(rows))
        mean = self._graph.op("ReduceMean", found.name, np.array([0, 1]), keepdims=0)
        mean = self._graph.op("Unsqueeze", mean, np.array([0]))
        return _Value(mean, found.shape[1:])

    def _call(self, name: str, inputs: list[_Value]) -> _Value:
        """Return what a layer makes of its inputs."""
        layers, weights = self._layers[name], [own.get(name) for own in self._weights]
        if layers[0]["class_name"] == "Functional":
            return _Nets(self._graph, layers, weights).run(inputs[0])  # type: ignore[arg-type]
        config, g = layers[0]["config"], self._graph
        first = inputs[0]
        match layers[0]["class_name"]:
            case "Dense":
                return self._dense(config, weights, first)
            case "EinsumDense":
                return self._einsum(config, weights, first)
            case "BatchNormalization":
                return self._normalized(config, weights, first)
            case "Dropout":
                return first
            case "Flatten":
                return _flat(g, first)
            case "Activation":
                return self._activated(config, first)
            case "Cos":
                return dataclasses.replace(first, name=g.op("Cos", first.name))
            case "ReLU":
                most = config["max_value"]
                found = g.op("Relu", first.name)
                if most is not None:
                    found = g.op("Min", found, np.float32(most))
                return dataclasses.replace(first, name=found)
            case "Rescaling":
                found = g.op("Mul", first.name, np.float32(config["scale"]))
                found = g.op("Add", found, np.float32(config["offset"]))
                return dataclasses.replace(first, name=found)
            case "GlobalAveragePooling1D":
                first = _by_member(g, first)
                found = g.op("ReduceMean", first.name, np.array([1]), keepdims=0)
                return _Value(found, first.shape[1:], first.n_nets)
            case "Concatenate":
                return self._concatenated(inputs)
            case kind:  # Add and Average
                found = inputs[0].name
                for other in inputs[1:]:
                    found = g.op("Add", found, other.name)
                if kind == "Average":
                    found = g.op("Div", found, np.float32(len(inputs)))
                n_nets = max(value.n_nets for value in inputs)
                return dataclasses.replace(first, name=found, n_nets=n_nets)

    def _dense(self, config: dict, weights: list, x: _Value) -> _Value:
        kernel, *bias = _stacked(weights)
        found = self._graph.op("MatMul", x.name, kernel)
        if bias:
            found = self._graph.op("Add", found, bias[0][:, np.newaxis])
        n_nets = max(x.n_nets, len(kernel), *(len(array) for array in bias))
        value = _Value(found, (config["units"],), n_nets)
        return self._activated(config, value)

    def _einsum(self, config: dict, weights: list, x: _Value) -> _Value:
        """Return the product of one of the equations that nets have."""
        g, equation = self._graph, networks.equation_of(config)
        kernel, *bias = _stacked(weights)
        shape = tuple(config["output_shape"])
        if equation == "ab,b->ab":
            found = g.op("Mul", x.name, kernel[:, np.newaxis])
        elif equation == "ab,bc->abc":  # (nets, members, customers, 1)
            column = g.op("Transpose", x.name, perm=[0, 2, 1])
            column = g.op("Unsqueeze", column, np.array([3]))
            found = g.op("Mul", column, kernel[:, :, np.newaxis])
        elif equation == "ab,cb->acb":
            row = g.op("Unsqueeze", x.name, np.array([1]))
            found = g.op("Mul", row, kernel[:, :, np.newaxis])
        else:
            if equation == "abc,cd->abd":
                kernel = kernel[:, np.newaxis]
            found = g.op("MatMul", _by_member(g, x).name, kernel)
        is_by_member = len(shape) > 1
        if bias:
            own = bias[0].shape[1:]  # from the first of its axes on
            whole = bias[0].reshape(-1, *(1,) * (len(shape) - len(own)), *own)
            axis = 2 if is_by_member else 1
            found = g.op("Add", found, np.expand_dims(whole, axis))
        n_nets = max(x.n_nets, len(kernel), *(len(array) for array in bias))
        value = _Value(found, shape, n_nets, is_by_member)
        return self._activated(config, value)

    def _normalized(self, config: dict, weights: list, x: _Value) -> _Value:
        """Return rows times the factors of batch normalization, plus its shifts."""
        own = [config["scale"], config["center"], True, True]
        names = [n for n, has in zip("gbmv", own, strict=True) if has]
        values = dict(zip(names, _stacked(weights, together=True), strict=True))
        factor = 1 / np.sqrt(values["v"] + np.float32(config["epsilon"]))
        factor = factor * values.get("g", np.float32(1))
        shift = values.get("b", np.float32(0)) - values["m"] * factor
        axes = (1, 2) if x.is_by_member else (1,)
        found = self._graph.op("Mul", x.name, np.expand_dims(factor, axes))
        found = self._graph.op("Add", found, np.expand_dims(shift, axes))
        return dataclasses.replace(x, name=found, n_nets=max(x.n_nets, len(factor)))

    def _activated(self, config: dict, x: _Value) -> _Value:
        name = config.get("activation") or "linear"
        return dataclasses.replace(x, name=ACTIVATIONS[name](self._graph, x.name))

    def _concatenated(self, inputs: list[_Value]) -> _Value:
        n_nets, names = max(value.n_nets for value in inputs), []
        for value in inputs:
            name = value.name
            if value.n_nets < n_nets:
                shape = np.array([n_nets] + [1] * (2 + value.is_by_member))
                name = self._graph.op("Expand", name, shape)
            names.append(name)
        found = self._graph.concat(names, axis=-1)
        width = sum(value.shape[-1] for value in inputs)
        shape_out = (*inputs[0].shape[:-1], width)
        return _Value(found, shape_out, n_nets, inputs[0].is_by_member)


def _stacked(weights: list, together: bool = False) -> list[np.ndarray]:
    """Return the arrays of all nets side by side; once where all have the same."""
    found = [np.stack(arrays) for arrays in zip(*weights, strict=True)]
    same = [bool((array == array[:1]).all()) for array in found]
    if together:
        same = [all(same)] * len(same)
    return [a[:1] if is_same else a for a, is_same in zip(found, same, strict=True)]


def _by_member(g: Graph, x: _Value) -> _Value:
    """Return a value with the axis of members before that of customers."""
    if x.is_by_member:
        return x
    parted = g.op("Reshape", x.name, np.array([0, -1, *x.shape]))
    found = g.op("Transpose", parted, perm=[0, 2, 1, 3])
    return dataclasses.replace(x, name=found, is_by_member=True)


def _flat(g: Graph, x: _Value) -> _Value:
    """Return members and their features side by side."""
    width = int(np.prod(x.shape))
    if not x.is_by_member:
        return dataclasses.replace(x, shape=(width,))
    parted = g.op("Transpose", x.name, perm=[0, 2, 1, 3])
    shape = np.array([x.n_nets, -1, width])
    found = g.op("Reshape", parted, shape)
    return _Value(found, (width,), x.n_nets)


def _as_rows(g: Graph, x: _Value) -> str:
    return _flat(g, x).name if x.is_by_member else x.name
