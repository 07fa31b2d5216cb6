"""Condense large networks: equal branches, repeated blocks, long middles."""

from collections.abc import Hashable, Iterable
from dataclasses import replace
from itertools import accumulate, chain

from segmentlearn.plotting._networks._layer_graph import (
    LayerNode,
    select_nodes,
    sort_nodes,
)

_FEWEST_BRANCHES = 3


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
    name, n_params = (
        f"{len(left_out)} more layers",
        None if None in params else sum(params),
    )
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
