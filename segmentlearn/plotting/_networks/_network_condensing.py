"""Fewer boxes for large nets: branches alike, blocks repeated, long middles."""

from dataclasses import replace

from segmentlearn.plotting._networks._network_graph import LayerNode, sort_nodes

_FEWEST_ALIKE = 3


def condense(nodes, max_layers):
    """Return a graph that says the same in fewer boxes."""
    nodes = merge_branches(nodes)
    if len(nodes) > max_layers:
        nodes = fold_repeats(nodes)
    if len(nodes) > max_layers:
        nodes = leave_out_middle(nodes, max_layers)
    return nodes


def merge_branches(nodes):
    """Draw three or more layers alike once, with the same before and after them."""
    targets = _targets(nodes)
    # inputs and outputs are told apart by their names, for they mean something
    classes = [
        (node.signature, node.name if not node.sources or not after else "")
        for node, after in zip(nodes, targets, strict=True)
    ]
    classes = _numbered(classes)
    while True:
        finer = _numbered(
            [
                (
                    classes[at],
                    tuple(sorted({classes[source] for source in node.sources})),
                    tuple(sorted({classes[target] for target in targets[at]})),
                )
                for at, node in enumerate(nodes)
            ]
        )
        if len(set(finer)) == len(set(classes)):
            break
        classes = finer
    members = {}
    for at, one in enumerate(classes):
        members.setdefault(one, []).append(at)
    merged, place = [], {}
    for at, node in enumerate(nodes):
        alike = members[classes[at]]
        if len(alike) < _FEWEST_ALIKE:
            alike = [at]
        if at == alike[0]:
            last = nodes[alike[-1]]
            merged.append(
                replace(
                    node,
                    name=_range_of(node.name, last.name),
                    groups=tuple(map(_range_of, node.groups, last.groups)),
                    count=len(alike),
                )
            )
        place[at] = len(merged) - 1 if at == alike[0] else place[alike[0]]
    for node in merged:
        node.sources = list(dict.fromkeys(place[source] for source in node.sources))
    return sort_nodes(merged)


def fold_repeats(nodes):
    """Draw a block once that is there several times in a row."""
    blocks = _blocks(nodes)
    looks = [
        tuple(
            (nodes[at].signature, tuple(sorted(at - one for one in nodes[at].sources)))
            for at in block
        )
        for block in blocks
    ]
    kept, place, first = [], {}, 0
    while first < len(blocks):
        period, times = _longest_repeat(looks, first)
        after = first + period * times
        for at in (at for block in blocks[first : first + period] for at in block):
            place[at] = len(kept)
            kept.append(
                replace(nodes[at], repeats=(first, times) if times > 1 else None)
            )
        for at in (at for block in blocks[first + period : after] for at in block):
            place[at] = len(kept) - 1  # only the last one of all is used further on
        first = after
    for node in kept:
        node.sources = [place[source] for source in node.sources]
    return kept


def leave_out_middle(nodes, max_layers):
    """Put one box in place of the middle of a long net."""
    blocks = _blocks(nodes)
    head, tail, n_kept = 0, len(blocks), 1
    while head < tail:
        take_head = head <= len(blocks) - tail
        block = blocks[head] if take_head else blocks[tail - 1]
        if n_kept + len(block) > max_layers:
            break
        n_kept += len(block)
        head, tail = (head + 1, tail) if take_head else (head, tail - 1)
    left_out = [at for block in blocks[head:tail] for at in block]
    if len(left_out) < 2 or head == 0 or tail == len(blocks):
        return nodes
    first, last = left_out[0], left_out[-1]
    params = [nodes[at].n_params for at in left_out]
    gap = LayerNode(
        name=f"{len(left_out)} more layers",
        kind="…",
        shape=nodes[last].shape,
        n_params=None if None in params else sum(params),
        sources=[first - 1],
    )
    after = [
        replace(
            node,
            sources=[
                source if source < first else first + max(0, source - last)
                for source in node.sources
            ],
        )
        for node in nodes[last + 1 :]
    ]
    return [*nodes[:first], gap, *after]


def _targets(nodes):
    targets = [[] for _ in nodes]
    for at, node in enumerate(nodes):
        for source in node.sources:
            targets[source].append(at)
    return targets


def _numbered(values):
    numbers = {}
    return [numbers.setdefault(value, len(numbers)) for value in values]


def _range_of(first, last):
    """Return "net_1 … 5" for net_1 and net_5."""
    if first == last:
        return first
    stem, _, number = last.rpartition("_")
    is_numbered = stem and stem == first.rpartition("_")[0]
    return f"{first} … {number if is_numbered else last}"


def _blocks(nodes):
    """Return runs of nodes, each up to one that all paths go through."""
    reach = 0  # the last node that something before the present one leads to
    targets = _targets(nodes)
    blocks, block = [], []
    for at in range(len(nodes)):
        block.append(at)
        is_first_of_others = any(not node.sources for node in nodes[at + 1 :])
        if reach <= at and not is_first_of_others and targets[at]:
            blocks.append(block)
            block = []
        reach = max([reach, *targets[at]])
    return [*blocks, block] if block else blocks


def _longest_repeat(looks, first):
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
