"""A diagram of the layers of a neural network."""

import dataclasses
from functools import partial
from itertools import pairwise
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from segmentlearn.plotting._base import _canvas
from segmentlearn.plotting._base._canvas import Display
from segmentlearn.plotting._networks._layer_graph import (
    LayerNode,
    condense,
    depths,
    read_layers,
)

_WIDTH, _HEIGHT = 2.6, 0.42  # inches of a box
_GAP, _STEP = 0.45, 0.68  # between boxes of a row, from row to row
_LANE = 0.15  # between an arrow and the boxes that it passes
_MARGIN, _FRAME = 0.25, 0.13
_NARROWEST = 5.0  # has room for a title
_FRAME_WORDS = 0.12  # room for them at the right of a frame
_FONT_SIZE = 8.0
_LETTERS = 32  # of a line
_FEWEST_LETTERS = 13
_TIMES = "\N{MULTIPLICATION SIGN}"
_LINE, _TEXT, _FRAME_COLOR = "#4D4D4D", "#1A1A1A", "#8C8C8C"
# light enough for dark text, and of different lightness too
_INPUT, _WEIGHTS, _REGULAR, _SHAPE = "#E3E3E3", "#B9D9EE", "#FBE6B8", "#FFFFFF"
_REGULARISERS = ("Dropout", "Noise", "Normalization", "Regularization")


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class NetworkDisplay(Display):
    """Layers as boxes and what they pass on as arrows.

    Made by `from_model` or `from_estimator`. A box has a layer's name, class with
    activation or rate, output shape, and parameters. Blue boxes have parameters, yellow
    ones are normalisation, dropout or noise, white ones have none, grey ones are
    inputs.

    Parameters
    ----------
    nodes : list of LayerNode
        The layers, sources first.
    name : str
        The model's name.
    n_params : int or None
        Parameters of the model; None before it is built.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of `ax_`.
    shown_ : list of LayerNode
        The boxes that are drawn.

    See Also
    --------
    TrainingHistoryDisplay : How the training of such a net went.

    Examples
    --------
    >>> from segmentlearn import SegmentClassifier, make_customers
    >>> from segmentlearn.plotting import NetworkDisplay
    >>> X, y = make_customers("automobile", 100, random_state=0)
    >>> clf = SegmentClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> display = NetworkDisplay.from_estimator(clf)
    >>> display.shown_[0].kind
    'InputLayer'
    """

    nodes: list
    name: str
    n_params: int | None

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, expand_nested: bool = True, ax: Any = None, **how: Any
    ) -> Self:
        """Draw the net of a fitted estimator.

        Parameters
        ----------
        estimator : estimator instance
            Fitted, with ``model_``, or a pipeline that ends in one.
        expand_nested : bool, default=True
            As in `from_model`.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to `plot`.

        Returns
        -------
        display : NetworkDisplay

        Raises
        ------
        ValueError
            If the estimator has no net.
        """
        check_is_fitted(estimator)
        net = estimator[-1] if hasattr(estimator, "steps") else estimator
        if getattr(net, "model_", None) is None:
            raise ValueError(
                f"{type(net).__name__} has no model_; pass a fitted SegmentClassifier, "
                "Autoencoder, KerasClassifier or KerasRegressor, or a Keras model to "
                "from_model."
            )
        return cls.from_model(net.model_, expand_nested=expand_nested, ax=ax, **how)

    @classmethod
    def from_model(
        cls, model: Any, *, expand_nested: bool = True, ax: Any = None, **how: Any
    ) -> Self:
        """Draw a Keras model.

        Parameters
        ----------
        model : keras.Model
            Functional or Sequential; it need not be trained.
        expand_nested : bool, default=True
            Whether a model within it is drawn as its layers in a frame, not as a box.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **how
            Passed to `plot`.

        Returns
        -------
        display : NetworkDisplay

        Raises
        ------
        TypeError
            If it is no Keras model.
        ValueError
            If Keras does not know how its layers are connected, as in models of a class
            of one's own.
        """
        _canvas.require_pyplot()
        nodes = read_layers(model, expand_nested)
        n_params = model.count_params() if model.built else None
        return cls(nodes=nodes, name=model.name, n_params=n_params).plot(ax=ax, **how)

    def plot(self, *, max_layers: int = 24, ax: Any = None) -> Self:
        """Draw the diagram.

        Parameters
        ----------
        max_layers : int, default=24
            With more boxes, blocks that are repeated in a row are drawn once, in a
            frame with the number of repeats; if that is not enough, the middle of the
            net is left out. Three or more equal branches are always drawn once.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure of a fitting size.

        Returns
        -------
        self : NetworkDisplay

        Raises
        ------
        ImportError
            If Matplotlib is not installed.
        ValueError
            If `max_layers` is below 3.
        """
        plt = _canvas.require_pyplot()
        if max_layers < 3:
            raise ValueError(
                f"max_layers={max_layers!r} is too few; pass 3 or more, for the first "
                "and the last layer and what is between."
            )
        self.shown_ = condense(self.nodes, max_layers)
        places, lanes = _lay_out(self.shown_)
        frames = _frames(self.shown_, places, lanes)
        around = _around(places, list(lanes.values()), 0.0)
        edges = [around, *(box for box, _ in frames)]
        left, _, bottom, _ = np.min(edges, axis=0) - _MARGIN
        _, right, _, top = np.max(edges, axis=0) + _MARGIN
        right += _FRAME_WORDS if frames else 0.0
        missing = max(0.0, _NARROWEST - (right - left)) / 2
        left, right = left - missing, right + missing
        if ax is None:
            size = (right - left, top - bottom + 0.35)
            _, ax = plt.subplots(figsize=size, layout="constrained")
        ax.set_xlim(left, right)
        ax.set_ylim(bottom, top)
        ax.set_aspect("equal")
        ax.set_axis_off()
        self._drawn_on(ax)
        write = partial(ax.text, va="center", fontsize=_FONT_SIZE * self._scale())
        for (x0, x1, y0, y1), text in frames:
            how = {"edgecolor": _FRAME_COLOR, "linestyle": "--", "zorder": 0}
            _draw_box(ax, (x0, y0), (x1 - x0, y1 - y0), "#F6F6F6", **how)
            write(x1 + 0.08, (y0 + y1) / 2, text, color=_LINE, rotation=-90)
        for target, node in enumerate(self.shown_):
            for source in node.sources:
                lane = lanes.get((source, target))
                _draw_arrow(ax, places[source], places[target], lane)
        for node, place in zip(self.shown_, places, strict=True):
            _draw_node(ax, node, place, partial(write, color=_TEXT, zorder=4))
        n_params = self.n_params
        count = "not built yet" if n_params is None else f"{n_params:,} parameters"
        ax.set_title(f"{self.name}: {count}", fontsize=10.0 * self._scale())
        return self

    def _scale(self) -> float:
        """Return how large an inch of the diagram is on these axes."""
        figure, ax = self.figure_, self.ax_
        shares = ax.get_position().size
        if figure.get_layout_engine() is not None and len(figure.axes) == 1:
            shares = (1.0, 1.0)
        inches = np.multiply(figure.get_size_inches(), shares)
        return min(1.0, *(inches / (np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim()))))


def _lay_out(
    nodes: list[LayerNode],
) -> tuple[list[tuple[float, float]], dict[tuple[int, int], float]]:
    """Return the middles of the boxes, and where long arrows pass the rows between."""
    rows = depths(nodes)
    for at in range(len(nodes)):
        if not nodes[at].sources:  # right above what it leads to
            below = [rows[to] for to, node in enumerate(nodes) if at in node.sources]
            rows[at] = min(below, default=1) - 1
    x = np.zeros(len(nodes))
    for row in range(max(rows) + 1):
        members = [at for at in range(len(nodes)) if rows[at] == row]
        # below the middle of their sources, as far as their widths allow
        for at in members:
            x[at] = np.mean([x[source] for source in nodes[at].sources] or 0.0)
        members.sort(key=x.__getitem__)
        middle = x[members].mean()
        for left, right in pairwise(members):
            x[right] = max(x[right], x[left] + _WIDTH + _GAP)
        x[members] += middle - x[members].mean()
    lanes: dict[tuple[int, int], float] = {}
    taken = [(rows[at], x[at], _WIDTH / 2) for at in range(len(nodes))]
    arrows = [(source, at) for at, node in enumerate(nodes) for source in node.sources]
    for source, at in sorted(arrows, key=lambda ends: rows[ends[1]] - rows[ends[0]]):
        passed = range(rows[source] + 1, rows[at])
        if not passed:
            continue
        near = [(middle, half + _LANE) for row, middle, half in taken if row in passed]
        beside = [middle + side * half for middle, half in near for side in (1, -1)]
        beside.sort(key=lambda place: abs(place - x[source]))
        lanes[source, at] = lane = next(
            place
            for place in beside
            if all(abs(place - middle) > half - 1e-6 for middle, half in near)
        )
        taken += [(row, lane, 0.0) for row in passed]
    return [(float(x[at]), -_STEP * rows[at]) for at in range(len(nodes))], lanes


def _frames(nodes: list, places: list, lanes: dict) -> list[tuple[tuple, str]]:
    """Return boxes around nested models and repeated blocks, with their words."""
    around: dict[tuple, list[int]] = {}
    for at, node in enumerate(nodes):
        if node.repeats is not None:
            words = f"{node.repeats[1]} times in a row"
            around.setdefault((1, node.repeats, words), []).append(at)
        if node.groups:
            around.setdefault((2, None, node.groups[0]), []).append(at)
    frames = []
    for (margin, repeats, words), members in around.items():
        counts = {nodes[at].count for at in members}
        if repeats is None and len(counts) == 1 and counts != {1}:
            words += f" ({_TIMES} {counts.pop()})"
        inside = [x for (_, at), x in lanes.items() if at in members]
        box = _around([places[at] for at in members], inside, margin * _FRAME)
        left, right, bottom, top = box
        if not any(
            abs(2 * x - left - right) < right - left + _WIDTH
            and abs(2 * y - bottom - top) < top - bottom + _HEIGHT
            for at, (x, y) in enumerate(places)
            if at not in members
        ):
            frames.append((box, words))
    return frames


def _around(places: list, lanes: list, margin: float) -> tuple:
    """Return left, right, bottom and top of what is around boxes and lanes."""
    x, y = np.transpose(places)
    left, right = min([*(x - _WIDTH / 2), *lanes]), max([*(x + _WIDTH / 2), *lanes])
    height = _HEIGHT / 2 + margin / 2
    return left - margin, right + margin, y.min() - height, y.max() + height


def _draw_node(ax: Any, node: LayerNode, middle: tuple, write: Any) -> None:
    x, y = middle
    left, right = x - _WIDTH / 2, x + _WIDTH / 2
    for shift in (0.08, 0.04, 0.0) if node.count > 1 else (0.0,):
        place = (left + shift, y - _HEIGHT / 2 - shift)
        how = {"edgecolor": _LINE, "zorder": 3}
        _draw_box(ax, place, (_WIDTH, _HEIGHT), _color(node), **how)
    name, kind = _fitting(node)
    write(left + 0.08, y + 0.095, name, fontweight="bold")
    write(right - 0.08, y + 0.095, kind, ha="right")
    write(left + 0.08, y - 0.095, node.shape)
    write(right - 0.08, y - 0.095, _params_text(node), ha="right")


def _draw_box(ax: Any, place: tuple, size: tuple, color: str, **how: Any) -> None:
    from matplotlib.patches import FancyBboxPatch

    style = "round,pad=0,rounding_size=0.06"
    how = {"facecolor": color, "linewidth": 0.9, "boxstyle": style, **how}
    ax.add_patch(FancyBboxPatch(place, *size, **how))


def _draw_arrow(ax: Any, source: tuple, target: tuple, lane: float | None) -> None:
    """Draw an arrow; one over several rows runs along its lane."""
    (x0, y0), (x1, y1) = source, target
    way = [(x0, y0 - _HEIGHT / 2), (x1, y1 + _HEIGHT / 2)]
    if lane is not None:
        ends = (y0 - _STEP + _HEIGHT / 2, y1 + _STEP - _HEIGHT / 2)
        way[1:1] = [(lane, y) for y in ends]
    how = {"color": _LINE, "linewidth": 1.1}
    ax.plot(*np.transpose(way[:-1]), zorder=2, solid_joinstyle="round", **how)
    arrow = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0, **how}
    ax.annotate("", way[-1], way[-2], arrowprops=arrow)


def _color(node: LayerNode) -> str:
    if node.kind == "InputLayer":
        return _INPUT
    if any(word in node.kind for word in _REGULARISERS):
        return _REGULAR
    return _WEIGHTS if node.n_params else _SHAPE


def _params_text(node: LayerNode) -> str:
    if node.is_shared:
        return "shared"
    if node.n_params is None:
        return "?"
    if not node.n_params:
        return f"{_TIMES} {node.count}" if node.count > 1 else ""
    times = f"{node.count} {_TIMES} " if node.count > 1 else ""
    return f"{times}{node.n_params:,} params"


def _fitting(node: LayerNode) -> tuple[str, str]:
    """Return name and class in as many letters as a line holds."""
    if node.kind == "…":
        return f"… {node.name} …", ""
    kind = node.kind + (f" · {node.detail}" if node.detail else "")
    for_name = max(_FEWEST_LETTERS, _LETTERS - len(kind))
    name = _canvas.cut(node.name, for_name)
    return name, _canvas.cut(kind, _LETTERS - len(name))
