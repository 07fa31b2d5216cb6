"""A diagram of the layers of a neural network."""

from itertools import pairwise

from sklearn.utils.validation import check_is_fitted

from segmentlearn.plotting._base._canvas import require_pyplot
from segmentlearn.plotting._networks._network_condensing import condense
from segmentlearn.plotting._networks._network_graph import read_layers
from segmentlearn.plotting._networks._network_layout import lay_out

_WIDTH, _HEIGHT = 2.6, 0.42  # inches of a box
_GAP, _STEP = 0.25, 0.68  # between boxes of a row, from row to row
_MARGIN, _FRAME = 0.25, 0.13
_FRAME_WORDS = 0.12  # they stand upright at the right of a frame
_FONT_SIZE = 8.0
_LETTERS = 32  # of a line
_FEWEST_LETTERS = 13
_LINE, _TEXT, _FRAME_COLOR = "#4D4D4D", "#1A1A1A", "#8C8C8C"
# light enough for dark text, and told apart by their lightness too
_INPUT, _WEIGHTS, _REGULAR, _SHAPE = "#E3E3E3", "#B9D9EE", "#FBE6B8", "#FFFFFF"
_REGULARISERS = ("Dropout", "Noise", "Normalization", "Regularization")


class NetworkDisplay:
    """Layers as boxes and what they pass on as arrows.

    Made by `from_model` or `from_estimator`. A box tells a layer's name, class with
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

    def __init__(self, *, nodes, name, n_params):
        self.nodes = nodes
        self.name = name
        self.n_params = n_params

    @classmethod
    def from_estimator(cls, estimator, *, expand_nested=True, ax=None, **how):
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
    def from_model(cls, model, *, expand_nested=True, ax=None, **how):
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
        require_pyplot()
        nodes = read_layers(model, expand_nested)
        n_params = model.count_params() if model.built else None
        return cls(nodes=nodes, name=model.name, n_params=n_params).plot(ax=ax, **how)

    def plot(self, *, max_layers=24, ax=None):
        """Draw the diagram.

        Parameters
        ----------
        max_layers : int, default=24
            Boxes from which on blocks that are repeated in a row are drawn once, in a
            frame that says how often, and then the middle of a long net is left out.
            Three or more branches alike are always drawn once.
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
        plt = require_pyplot()
        if max_layers < 3:
            raise ValueError(
                f"max_layers={max_layers!r} is too few; pass 3 or more, for the first "
                "and the last layer and what is between."
            )
        self.shown_ = condense(self.nodes, max_layers)
        layout = lay_out([node.sources for node in self.shown_], _WIDTH, _GAP)
        places = [
            (float(x), -_STEP * int(row))
            for x, row in zip(layout.x, layout.rows, strict=True)
        ]
        frames = _frames(self.shown_, places, layout.arrows)
        left, right, bottom, top = _extent(places, layout, frames)
        if ax is None:
            size = (right - left, top - bottom + 0.35)
            _, ax = plt.subplots(figsize=size, layout="constrained")
        ax.set_xlim(left, right)
        ax.set_ylim(bottom, top)
        ax.set_aspect("equal")
        ax.set_axis_off()
        self.ax_, self.figure_ = ax, ax.figure
        scale = self._scale(right - left, top - bottom)
        for box, text in frames:
            _draw_frame(ax, box, text, scale)
        for arrow in layout.arrows:
            _draw_arrow(ax, places, *arrow)
        for node, place in zip(self.shown_, places, strict=True):
            _draw_box(ax, node, place, scale)
        ax.set_title(self._title(), fontsize=min(10.0, 10.0 * scale))
        return self

    def _scale(self, width, height):
        """Return how large an inch of the diagram is on these axes."""
        size = self.figure_.get_size_inches()
        box = self.ax_.get_position()
        if self.figure_.get_layout_engine() is not None and len(self.figure_.axes) == 1:
            return min(1.0, size[0] / width, size[1] / height)
        return min(1.0, size[0] * box.width / width, size[1] * box.height / height)

    def _title(self):
        if self.n_params is None:
            return f"{self.name}: not built yet"
        return f"{self.name}: {self.n_params:,} parameters"


def _frames(nodes, places, arrows):
    """Return boxes around nested models and repeated blocks, with their words."""
    around = {}
    for at, node in enumerate(nodes):
        if node.repeats is not None:
            around.setdefault((0, node.repeats), []).append(at)
        if node.groups:
            around.setdefault((1, node.groups[0]), []).append(at)
    found = []
    for (is_group, what), members in around.items():
        text = _frame_text(nodes, is_group, what, members)
        margin = _FRAME * (1 + is_group)
        box = _around([places[at] for at in members], margin)
        lanes = [x for _, to, way in arrows if to in members for x, _ in way]
        box = (
            min([box[0], *(x - _FRAME for x in lanes)]),
            max([box[1], *(x + _FRAME for x in lanes)]),
            *box[2:],
        )
        others = [place for at, place in enumerate(places) if at not in members]
        if not any(_touches(box, place) for place in others):
            found.append((box, text))
    return found


def _frame_text(nodes, is_group, what, members):
    counts = {nodes[at].count for at in members}
    times = next(iter(counts)) if len(counts) == 1 else 1
    if not is_group:
        return f"{what[1]} times in a row"
    return f"{what}: {times} alike" if times > 1 else what


def _around(places, margin):
    xs, ys = zip(*places, strict=True)
    return (
        min(xs) - _WIDTH / 2 - margin,
        max(xs) + _WIDTH / 2 + margin,
        min(ys) - _HEIGHT / 2 - margin / 2,
        max(ys) + _HEIGHT / 2 + margin / 2,
    )


def _touches(box, place):
    left, right, bottom, top = box
    inside_x = left < place[0] + _WIDTH / 2 and place[0] - _WIDTH / 2 < right
    return inside_x and bottom < place[1] + _HEIGHT / 2 and place[1] - _HEIGHT / 2 < top


def _extent(places, layout, frames):
    boxes = [_around(places, 0.0), *(box for box, _ in frames)]
    lanes = [x for _, _, points in layout.arrows for x, _ in points]
    left = min([box[0] for box in boxes] + lanes) - _MARGIN
    right = max([box[1] for box in boxes] + lanes) + _MARGIN
    right += _FRAME_WORDS if frames else 0.0
    narrow = max(0.0, 5.0 - (right - left)) / 2
    bottom = min(box[2] for box in boxes) - _MARGIN / 2
    top = max(box[3] for box in boxes) + _MARGIN / 2
    return left - narrow, right + narrow, bottom, top


def _draw_frame(ax, box, text, scale):
    from matplotlib.patches import FancyBboxPatch

    left, right, bottom, top = box
    ax.add_patch(
        FancyBboxPatch(
            (left, bottom),
            right - left,
            top - bottom,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor="#F6F6F6",
            edgecolor=_FRAME_COLOR,
            linestyle="--",
            linewidth=0.9,
            zorder=0,
        )
    )
    ax.text(
        right + 0.08,
        (top + bottom) / 2,
        text,
        fontsize=_FONT_SIZE * scale,
        color=_LINE,
        rotation=-90,
        va="center",
    )


def _draw_arrow(ax, places, source, target, points):
    """Draw a way through the lanes, with bends where it changes its column."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    x, y = places[source]
    way = [(x, y - _HEIGHT / 2)]
    for lane_x, row in points:
        lane_y = -_STEP * row
        way += [(lane_x, lane_y + _HEIGHT / 2), (lane_x, lane_y - _HEIGHT / 2)]
    x, y = places[target]
    way.append((x, y + _HEIGHT / 2))
    vertices, codes = [way[0]], [Path.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(way):
        middle = (y0 + y1) / 2
        vertices += [(x0, middle), (x1, middle), (x1, y1)]
        codes += [Path.CURVE4] * 3
    ax.add_patch(
        FancyArrowPatch(
            path=Path(vertices, codes),
            arrowstyle="-|>",
            mutation_scale=8,
            color=_LINE,
            linewidth=1.1,
            shrinkA=0,
            shrinkB=0,
            zorder=2,
        )
    )


def _draw_box(ax, node, place, scale):
    x, y = place
    left, right = x - _WIDTH / 2, x + _WIDTH / 2
    for shift in (0.08, 0.04) if node.count > 1 else ():  # a stack of layers alike
        _draw_card(ax, left + shift, y - shift, node)
    _draw_card(ax, left, y, node)
    name, kind = _fitting(node)
    for at, height, text, weight, side in (
        (left + 0.08, 0.095, name, "bold", "left"),
        (right - 0.08, 0.095, kind, "normal", "right"),
        (left + 0.08, -0.095, node.shape, "normal", "left"),
        (right - 0.08, -0.095, _params_text(node), "normal", "right"),
    ):
        ax.text(
            at,
            y + height,
            text,
            ha=side,
            va="center",
            fontsize=_FONT_SIZE * scale,
            fontweight=weight,
            color=_TEXT,
            zorder=4,
        )


def _draw_card(ax, left, y, node):
    from matplotlib.patches import FancyBboxPatch

    ax.add_patch(
        FancyBboxPatch(
            (left, y - _HEIGHT / 2),
            _WIDTH,
            _HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.05",
            facecolor=_color(node),
            edgecolor=_LINE,
            linewidth=0.9,
            zorder=3,
        )
    )


def _color(node):
    if node.kind == "InputLayer":
        return _INPUT
    if any(word in node.kind for word in _REGULARISERS):
        return _REGULAR
    return _WEIGHTS if node.n_params else _SHAPE


def _params_text(node):
    if node.is_shared:
        return "shared"
    if node.n_params is None:
        return "?"
    if not node.n_params:
        return f"{node.count} alike" if node.count > 1 else ""
    times = f"{node.count} \N{MULTIPLICATION SIGN} " if node.count > 1 else ""
    return f"{times}{node.n_params:,} params"


def _fitting(node):
    """Return name and class in as many letters as a line holds."""
    if node.kind == "…":
        return f"… {node.name} …", ""
    kind = node.kind + (f" · {node.detail}" if node.detail else "")
    for_name = max(_FEWEST_LETTERS, _LETTERS - len(kind))
    name = _cut(node.name, for_name)
    return name, _cut(kind, _LETTERS - len(name))


def _cut(text, most):
    return text if len(text) <= most else text[: most - 1] + "…"
