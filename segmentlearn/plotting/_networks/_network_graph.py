"""The layers of a Keras model as a graph to draw, read from its configuration.

Keras itself is not imported: a model says everything by ``get_config``, and its layers
know their shapes and parameters.
"""

from dataclasses import dataclass, field, replace

_INPUT = "InputLayer"


@dataclass
class LayerNode:
    """One call of a layer, or several alike.

    Attributes
    ----------
    name, kind : str
        The layer's name and class.
    detail : str
        Its activation or rate, "" without one.
    shape : str
        Shape of its output, "?" before the model is built.
    n_params : int or None
        Its parameters; None before it is built.
    sources : list of int
        Positions of the nodes whose outputs it takes.
    groups : tuple of str
        Names of the nested models that it is in, outermost first.
    count : int
        How many such layers stand side by side.
    repeats : tuple of int and int or None
        A number for the block that is repeated, and how often it is there in a row.
    is_shared : bool
        Whether it is a further call of a layer that is there already.
    """

    name: str
    kind: str
    detail: str = ""
    shape: str = "?"
    n_params: int | None = None
    sources: list = field(default_factory=list)
    groups: tuple = ()
    count: int = 1
    repeats: tuple | None = None
    is_shared: bool = False

    @property
    def signature(self):
        """What layers have in common that are alike."""
        return self.kind, self.detail, self.shape, self.n_params, len(self.groups)


def read_layers(model, expand_nested=True):
    """Return the layers of a model, sources first."""
    if not hasattr(model, "get_config") or not hasattr(model, "layers"):
        raise TypeError(
            f"model has to be a Keras model, not {type(model).__name__}; of a fitted "
            "estimator it is model_, or use from_estimator."
        )
    nodes = []
    _Reader(nodes, expand_nested).read(model, model.get_config(), (), None)
    if not nodes:
        raise ValueError(f"model {model.name!r} has no layers to draw.")
    return sort_nodes(nodes)


class _Reader:
    """Appends the layers of a model and of those within it to a list of nodes."""

    def __init__(self, nodes, expand_nested):
        self._nodes = nodes
        self._expand_nested = expand_nested

    def read(self, model, config, groups, given):
        """Read one model; return positions of its outputs.

        `given` are the positions of the nodes that its inputs come from, None for the
        outermost model, whose inputs are nodes of their own.
        """
        if "layers" not in config:
            raise ValueError(
                f"model {model.name!r} is of a class of its own, "
                f"{type(model).__name__}, so Keras does not know how its layers are "
                "connected; pass a Functional or a Sequential model."
            )
        layers = {
            one.name: one
            for one in [*model.layers, *(getattr(model, "operations", None) or ())]
        }
        if any("inbound_nodes" in one for one in config["layers"]):
            return self._read_functional(layers, config, groups, given)
        return self._read_sequential(layers, config, groups, given)

    def _read_sequential(self, layers, config, groups, given):
        before = list(given or ())
        for one in config["layers"]:
            if one["class_name"] == _INPUT and given is not None:
                continue
            name = one["config"]["name"]
            before = self._add(layers.get(name), one, name, before, groups, 0)
        return before

    def _read_functional(self, layers, config, groups, given):
        outputs = {}
        if given is not None:
            inner = [name for name, *_ in _many(config["input_layers"])]
            for name, source in zip(inner, given, strict=False):
                outputs[name, 0] = [source]
        waiting = [
            (one, call, _tensors(node))
            for one in config["layers"]
            for call, node in enumerate(one["inbound_nodes"] or [{}])
            if (one["name"], call) not in outputs
        ]
        while waiting:  # a later call of a shared layer may come before its source
            ready = [
                entry
                for entry in waiting
                if all((name, call) in outputs for name, call, _ in entry[2])
            ]
            if not ready:
                break
            for one, call, tensors in ready:
                sources = [
                    outputs[name, at][min(tensor, len(outputs[name, at]) - 1)]
                    for name, at, tensor in tensors
                ]
                outputs[one["name"], call] = self._add(
                    layers.get(one["name"]), one, one["name"], sources, groups, call
                )
            waiting = [entry for entry in waiting if entry not in ready]
        return [
            outputs[name, call][min(tensor, len(outputs[name, call]) - 1)]
            for name, call, tensor in _many(config["output_layers"])
        ]

    def _add(self, layer, one, name, sources, groups, call):
        """Add a layer, or the layers of a model; return positions of its outputs."""
        config = one["config"] if isinstance(one["config"], dict) else {}
        if "layers" in config and self._expand_nested and layer is not None:
            return self.read(layer, config, (*groups, name), sources)
        self._nodes.append(
            LayerNode(
                name=name,
                kind=one["class_name"],
                detail=_detail(config),
                shape=_shape(layer, config),
                n_params=_n_params(layer, one["class_name"]),
                sources=list(dict.fromkeys(sources)),
                groups=groups,
                is_shared=call > 0,
            )
        )
        return [len(self._nodes) - 1]


def sort_nodes(nodes):
    """Return nodes with each behind its sources, and branches one after the other."""
    depth = []
    for node in nodes:  # sources are there already
        depth.append(1 + max((depth[at] for at in node.sources), default=-1))
    order = sorted(range(len(nodes)), key=lambda at: (depth[at], at))
    place = {at: new for new, at in enumerate(order)}
    return [
        replace(nodes[at], sources=[place[source] for source in nodes[at].sources])
        for at in order
    ]


def _many(places):
    """Return a list of places of tensors: Keras saves a single one without the list."""
    if isinstance(places, dict):
        places = list(places.values())
    return [places] if isinstance(places[0], str) else places


def _tensors(value):
    """Return layer, call and output of each tensor in the arguments of a call."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return [tuple(value["config"]["keras_history"])]
        return [found for one in value.values() for found in _tensors(one)]
    if isinstance(value, list | tuple):
        return [found for one in value for found in _tensors(one)]
    return []


def _detail(config):
    activation = config.get("activation")
    if isinstance(activation, dict):  # a layer or a function of the user's own
        activation = activation.get("class_name")
    if isinstance(activation, str) and activation != "linear":
        return activation
    return f"{config['rate']:g}" if isinstance(config.get("rate"), float) else ""


def _shape(layer, config):
    if config.get("batch_shape"):
        return _as_text(config["batch_shape"])
    try:
        output = layer.output
    except (AttributeError, ValueError):  # never called
        return "?"
    shapes = [_as_text(one.shape) for one in _leaves(output)]
    return shapes[0] if len(shapes) == 1 else f"{len(shapes)} outputs"


def _leaves(value):
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in _leaves(one)]
    if isinstance(value, list | tuple):
        return [leaf for one in value for leaf in _leaves(one)]
    return [value]


def _as_text(shape):
    return "(" + ", ".join(str(size) for size in shape) + ")"


def _n_params(layer, kind):
    if not hasattr(layer, "count_params"):  # an operation, or an input
        return 0 if layer is not None or kind == _INPUT else None
    try:
        return layer.count_params()
    except ValueError:  # not built
        return None
