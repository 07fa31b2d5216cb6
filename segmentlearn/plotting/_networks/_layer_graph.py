"""The layers of a Keras model as a graph, read from its configuration.

Keras itself is not imported: ``get_config`` describes the connections, and layers know
their shapes and parameters.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from itertools import accumulate, chain
from typing import Any

_INPUT = "InputLayer"
_FEWEST_BRANCHES = 3


@dataclass
class LayerNode:
    """One call of a layer, or several equal ones.

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
        How many such layers are side by side.
    repeats : tuple of int and int or None
        A number for the block that is repeated, and how often it is repeated.
    is_shared : bool
        Whether it is a further call of a layer that is there already.
    """

    name: str
    kind: str
    detail: str = ""
    shape: str = "?"
    n_params: int | None = None
    sources: list[int] = field(default_factory=list)
    groups: tuple[str, ...] = ()
    count: int = 1
    repeats: tuple[int, int] | None = None
    is_shared: bool = False

    @property
    def signature(self) -> tuple:
        """What equal layers have in common."""
        return self.kind, self.detail, self.shape, self.n_params, len(self.groups)


def read_layers(model: Any, expand_nested: bool = True) -> list[LayerNode]:
    """Return the layers of a model, sources first."""
    if not hasattr(model, "get_config") or not hasattr(model, "layers"):
        raise TypeError(
            f"model has to be a Keras model, not {type(model).__name__}; of a fitted "
            "estimator it is model_, or use from_estimator."
        )
    reader = _Reader(expand_nested)
    reader.read(model, model.get_config(), (), None)
    if not reader.nodes:
        raise ValueError(f"model {model.name!r} has no layers to draw.")
    return sort_nodes(reader.nodes)


def sort_nodes(nodes: list[LayerNode]) -> list[LayerNode]:
    """Return nodes row by row, each below its sources."""
    rows = depths(nodes)
    order = sorted(range(len(nodes)), key=rows.__getitem__)
    return select_nodes({at: nodes[at] for at in order}, {})


def depths(nodes: list[LayerNode]) -> list[int]:
    """Return the row of each node, below all of its sources."""
    rows: list[int] = []
    for node in nodes:  # sources come first
        rows.append(1 + max((rows[at] for at in node.sources), default=-1))
    return rows


def select_nodes(
    kept: dict[int, LayerNode], stand_ins: dict[int, int]
) -> list[LayerNode]:
    """Return nodes renumbered, with those left out replaced by their stand-ins."""
    place = {at: new for new, at in enumerate(kept)}
    place |= {at: place[instead] for at, instead in stand_ins.items()}
    return [
        replace(node, sources=list(dict.fromkeys(place[at] for at in node.sources)))
        for node in kept.values()
    ]


class _Reader:
    """Lists the layers of a model and of those within it."""

    def __init__(self, expand_nested: bool) -> None:
        self.nodes: list[LayerNode] = []
        self._expand_nested = expand_nested

    def read(
        self, model: Any, config: dict, groups: tuple, given: list[int] | None
    ) -> list[int]:
        """Read one model and return the positions of its outputs.

        `given` are the positions of the nodes that its inputs come from, None for the
        outermost model, whose inputs are nodes of their own.
        """
        if "layers" not in config:
            raise ValueError(
                f"model {model.name!r} is of a class of its own, "
                f"{type(model).__name__}, so Keras does not know how its layers are "
                "connected; pass a Functional or a Sequential model."
            )
        operations = [*model.layers, *(getattr(model, "operations", None) or ())]
        layers = {layer.name: layer for layer in operations}
        if not any("inbound_nodes" in entry for entry in config["layers"]):
            sources = given or []
            for entry in config["layers"]:
                if given is None or entry["class_name"] != _INPUT:
                    layer = layers.get(entry["config"]["name"])
                    sources = self._add(layer, entry, sources, groups, 0)
            return sources
        entries = {entry["name"]: entry for entry in config["layers"]}
        inputs = [name for name, *_ in _many(config["input_layers"])]
        known = zip(inputs, given or (), strict=False)
        outputs: dict[tuple, list[int]] = {(name, 0): [at] for name, at in known}

        def add(name: str, call: int) -> list[int]:
            # a later call of a shared layer may come before its source
            if (name, call) not in outputs:
                calls = entries[name]["inbound_nodes"] or [{}]
                sources = [source(*tensor) for tensor in _tensors(calls[call])]
                entry, layer = entries[name], layers.get(name)
                outputs[name, call] = self._add(layer, entry, sources, groups, call)
            return outputs[name, call]

        def source(name: str, call: int, tensor: int) -> int:
            positions = add(name, call)
            return positions[min(tensor, len(positions) - 1)]

        for name, entry in entries.items():
            for call in range(max(1, len(entry["inbound_nodes"]))):
                add(name, call)
        return [source(*tensor) for tensor in _many(config["output_layers"])]

    def _add(
        self, layer: Any, entry: dict, sources: list[int], groups: tuple, call: int
    ) -> list[int]:
        """Add a layer, or the layers of a model; return positions of its outputs."""
        config = entry["config"] if isinstance(entry["config"], dict) else {}
        name = entry.get("name") or config["name"]
        if "layers" in config and self._expand_nested and layer is not None:
            return self.read(layer, config, (*groups, name), sources)
        kind, inputs = entry["class_name"], list(dict.fromkeys(sources))
        facts = (_detail(config), _shape(layer, config), _n_params(layer, kind))
        node = LayerNode(name, kind, *facts, inputs, groups, is_shared=call > 0)
        self.nodes.append(node)
        return [len(self.nodes) - 1]


def _many(places: Any) -> list:
    """Return a list of places of tensors: Keras saves a single one without the list."""
    if isinstance(places, dict):
        places = list(places.values())
    return [places] if isinstance(places[0], str) else places


def _leaves(value: Any) -> Iterable[Any]:
    """Yield what is in nested lists and dicts, tensors of a configuration whole."""
    if isinstance(value, dict) and value.get("class_name") != "__keras_tensor__":
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _tensors(call: dict) -> list[tuple[str, int, int]]:
    """Return layer, call and output of each tensor in the arguments of a call."""
    tensors = [leaf for leaf in _leaves(call) if isinstance(leaf, dict)]
    return [tuple(tensor["config"]["keras_history"]) for tensor in tensors]


def _detail(config: dict) -> str:
    activation = config.get("activation")
    if isinstance(activation, dict):  # a layer or a function of the user's own
        activation = activation.get("class_name")
    if isinstance(activation, str) and activation != "linear":
        return activation
    return f"{config['rate']:g}" if isinstance(config.get("rate"), float) else ""


def _shape(layer: Any, config: dict) -> str:
    try:
        given = config.get("batch_shape")
        shapes = [given] if given else [leaf.shape for leaf in _leaves(layer.output)]
    except (AttributeError, ValueError):  # never called
        return "?"
    if len(shapes) > 1:
        return f"{len(shapes)} outputs"
    return f"({', '.join(map(str, shapes[0]))})"


def _n_params(layer: Any, kind: str) -> int | None:
    if not hasattr(layer, "count_params"):  # an operation, or an input
        return 0 if layer is not None or kind == _INPUT else None
    try:
        return layer.count_params()
    except ValueError:  # not built
        return None


def condense(nodes: list[LayerNode], max_layers: int) -> list[LayerNode]:
    """Return an equivalent graph of fewer boxes."""
    nodes = _merge_branches(nodes)
    if len(nodes) > max_layers:
        nodes = _fold_repeats(nodes)
    if len(nodes) > max_layers:
        nodes = _leave_out_middle(nodes, max_layers)
    return nodes


def _merge_branches(nodes: list[LayerNode]) -> list[LayerNode]:
    """Draw three or more equal layers once, with the same before and after them."""
    targets = _targets(nodes)
    # inputs and outputs are distinguished by their names, which mean something
    groups = _numbered(
        (node.signature, "" if node.sources and after else node.name)
        for node, after in zip(nodes, targets, strict=True)
    )
    n_groups = 0
    while n_groups < max(groups):  # split groups until their neighbours are equal, too
        n_groups = max(groups)
        around = [
            tuple(frozenset(groups[other] for other in near) for near in pair)
            for pair in zip((node.sources for node in nodes), targets, strict=True)
        ]
        groups = _numbered(zip(groups, around, strict=True))
    kept, stand_ins = {}, {}
    for at, node in enumerate(nodes):
        equal = [other for other, group in enumerate(groups) if group == groups[at]]
        if len(equal) < _FEWEST_BRANCHES:
            kept[at] = node
        elif at == equal[0]:
            last = nodes[equal[-1]]
            name = _range_text(node.name, last.name)
            groups_text = tuple(map(_range_text, node.groups, last.groups))
            kept[at] = replace(node, name=name, groups=groups_text, count=len(equal))
        else:
            stand_ins[at] = equal[0]
    return sort_nodes(select_nodes(kept, stand_ins))


def _fold_repeats(nodes: list[LayerNode]) -> list[LayerNode]:
    """Draw a block once that is repeated several times in a row."""
    blocks = _blocks(nodes)
    looks = [
        [(nodes[at].signature, {at - own for own in nodes[at].sources}) for at in block]
        for block in blocks
    ]
    kept: dict[int, LayerNode] = {}
    stand_ins: dict[int, int] = {}
    first = 0
    while first < len(blocks):
        period, times = _longest_repeat(looks, first)
        repeats = (first, times) if times > 1 else None
        for at in chain(*blocks[first : first + period]):
            kept[at] = replace(nodes[at], repeats=repeats)
        end = first + period * times
        # only the last one of all is used further on
        stand_ins |= dict.fromkeys(chain(*blocks[first + period : end]), at)
        first = end
    return select_nodes(kept, stand_ins)


def _leave_out_middle(nodes: list[LayerNode], max_layers: int) -> list[LayerNode]:
    """Put one box in place of the middle of a long net."""
    blocks = _blocks(nodes)
    half = max_layers // 2
    head = sum(size <= half for size in accumulate(map(len, blocks)))
    rest = max_layers - 1 - sum(map(len, blocks[:head]))
    tail = sum(size <= rest for size in accumulate(map(len, blocks[::-1])))
    left_out = list(chain(*blocks[head : len(blocks) - tail]))
    if len(left_out) < 2 or head == 0 or tail == 0:
        return nodes
    first, last = left_out[0], left_out[-1]
    params: list = [nodes[at].n_params for at in left_out]
    kept = {at: node for at, node in enumerate(nodes) if at not in left_out[1:]}
    name = f"{len(left_out)} more layers"
    n_params = None if None in params else sum(params)
    kept[first] = LayerNode(name, "…", "", nodes[last].shape, n_params, [first - 1])
    return select_nodes(kept, dict.fromkeys(left_out[1:], first))


def _targets(nodes: list[LayerNode]) -> list[list[int]]:
    targets: list[list[int]] = [[] for _ in nodes]
    for at, node in enumerate(nodes):
        for source in node.sources:
            targets[source].append(at)
    return targets


def _numbered(values: Iterable[Hashable]) -> list[int]:
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(value, len(numbers)) for value in values]


def _range_text(first: str, last: str) -> str:
    """Return "net_1 … 5" for net_1 and net_5."""
    if first == last:
        return first
    stem, _, number = last.rpartition("_")
    is_numbered = stem and stem == first.rpartition("_")[0]
    return f"{first} … {number if is_numbered else last}"


def _blocks(nodes: list[LayerNode]) -> list[list[int]]:
    """Return runs of nodes, each up to one that all paths go through."""
    reach = 0  # the last node that something before the present one leads to
    last_start = max(at for at, node in enumerate(nodes) if not node.sources)
    blocks: list[list[int]] = [[]]
    for at, targets in enumerate(_targets(nodes)):
        blocks[-1].append(at)
        if reach <= at >= last_start and targets:
            blocks.append([])
        reach = max([reach, *targets])
    return blocks if blocks[-1] else blocks[:-1]


def _longest_repeat(looks: list[list], first: int) -> tuple[int, int]:
    """Return period and times of the repetition that saves most boxes."""
    best, most = (1, 1), 0
    for period in range(1, (len(looks) - first) // 2 + 1):
        block, times = looks[first : first + period], 1
        while looks[first + period * times :][:period] == block:
            times += 1
        saved = (times - 1) * sum(map(len, block))
        if saved > most:
            best, most = (period, times), saved
    return best
