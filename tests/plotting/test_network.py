"""NetworkDisplay: the layers of a net, drawn."""

import keras
import matplotlib
import numpy as np
import pytest
from keras import layers

from segmentlearn import SegmentClassifier
from segmentlearn.plotting import NetworkDisplay

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    """Leave no figure open."""
    yield
    matplotlib.pyplot.close("all")


def _sequential():
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(3, activation="relu", name="hidden"),
            layers.Dropout(0.2, name="dropout"),
            layers.Dense(1, name="output"),
        ],
        name="small",
    )


def _residual(n_blocks):
    inputs = x = keras.Input((4,), name="x")
    for _ in range(n_blocks):
        x = layers.Add()([x, layers.Dense(4)(x)])
    return keras.Model(inputs, layers.Dense(2, name="output")(x))


def _branches(n_branches):
    inputs = keras.Input((4,), name="x")
    outputs = [layers.Dense(2, name=f"net_{at}")(inputs) for at in range(n_branches)]
    return keras.Model(inputs, layers.Average(name="average")(outputs))


def _texts(display):
    return [text.get_text() for text in display.ax_.texts if text.get_text()]


def test_layers_of_a_model():
    """Name, class, activation or rate, shape, parameters."""
    nodes = NetworkDisplay.from_model(_sequential()).nodes
    assert [(node.name, node.detail) for node in nodes[1:]] == [
        ("hidden", "relu"),
        ("dropout", "0.2"),
        ("output", ""),
    ]
    assert [node.kind for node in nodes] == ["InputLayer", "Dense", "Dropout", "Dense"]
    assert [node.shape for node in nodes[:2]] == ["(None, 4)", "(None, 3)"]
    assert [node.n_params for node in nodes] == [0, 15, 0, 4]
    assert [node.sources for node in nodes] == [[], [0], [1], [2]]


def test_boxes_describe_layers():
    """As text, with the model's parameters in the title."""
    display = NetworkDisplay.from_model(_sequential())
    assert _texts(display)[3:7] == ["hidden", "Dense · relu", "(None, 3)", "15 params"]
    assert display.ax_.get_title() == "small: 19 parameters"


def test_skip_connections_are_arrows():
    """An addition takes from the block and from what is before it."""
    nodes = NetworkDisplay.from_model(_residual(1)).nodes
    assert [node.kind for node in nodes] == ["InputLayer", "Dense", "Add", "Dense"]
    assert sorted(nodes[2].sources) == [0, 1]


def _boxes(ax):
    """Return left, bottom, width and height of each box by the layer's name."""
    boxes = [patch.get_bbox() for patch in ax.patches]
    names = [text for text in ax.texts if text.get_fontweight() == "bold"]
    return {
        text.get_text(): box
        for text in names
        for box in boxes
        if box.contains(*text.get_position())
    }


def test_long_arrow_passes_no_box():
    """It keeps beside the boxes in the rows between."""
    display = NetworkDisplay.from_model(_residual(2), max_layers=20)
    boxes = _boxes(display.ax_).values()
    lanes = [line.get_xdata()[1:] for line in display.ax_.lines]
    lanes = [x for line in lanes for x in line]
    assert len(lanes) == 4  # two arrows, each with two bends
    assert not any(box.x0 <= x <= box.x1 for x in lanes for box in boxes)


def test_boxes_of_a_row_keep_their_distance():
    """And are around the one before them."""
    boxes = _boxes(NetworkDisplay.from_model(_branches(2)).ax_)
    left, right = boxes["net_0"], boxes["net_1"]
    assert right.x0 - left.x1 > 0.2
    middle = (boxes["x"].x0 + boxes["x"].x1) / 2
    assert (left.x0 + right.x1) / 2 == pytest.approx(middle)


def test_equal_branches_are_drawn_once():
    """With how many there are; two are drawn as they are."""
    shown = NetworkDisplay.from_model(_branches(4)).shown_
    assert [(node.name, node.count) for node in shown] == [
        ("x", 1),
        ("net_0 … 3", 4),
        ("average", 1),
    ]
    assert len(NetworkDisplay.from_model(_branches(2)).shown_) == 4


def test_equal_inputs_stay_apart():
    """Three inputs of one shape are three things."""
    inputs = [keras.Input((2,), name=name) for name in "abc"]
    model = keras.Model(inputs, layers.Add()(inputs))
    shown = NetworkDisplay.from_model(model).shown_
    assert sorted(node.name for node in shown[:-1]) == ["a", "b", "c"]


def test_repeated_blocks_are_drawn_once():
    """Where there would be too many boxes; what follows takes from the block."""
    display = NetworkDisplay.from_model(_residual(20))
    kinds = [node.kind for node in display.shown_]
    assert kinds == ["InputLayer", "Dense", "Add", "Dense"]
    assert display.shown_[1].repeats[1] == 20
    assert display.shown_[-1].sources == [2]
    assert "20 times in a row" in _texts(display)


def test_middle_of_a_long_net_is_left_out():
    """First and last layers stay; the box between counts the others."""
    sizes = range(40, 10, -1)
    model = keras.Sequential([keras.Input((41,)), *map(layers.Dense, sizes)])
    display = NetworkDisplay.from_model(model, max_layers=7)
    assert len(display.shown_) == 7
    (left_out,) = [node for node in display.shown_ if node.kind == "…"]
    assert left_out.name == "25 more layers"
    assert sum(node.n_params for node in display.shown_) == model.count_params()
    assert display.shown_[-1].shape == "(None, 11)"


def test_nested_models_are_drawn_as_their_layers():
    """In a frame with the model's name, or as a box."""
    inputs = keras.Input((4,), name="x")
    model = keras.Model(inputs, layers.Dense(1, name="top")(_sequential()(inputs)))
    display = NetworkDisplay.from_model(model)
    names = [node.name for node in display.shown_]
    assert names == ["x", "hidden", "dropout", "output", "top"]
    assert display.shown_[1].groups == ("small",)
    assert "small" in _texts(display)
    boxes = NetworkDisplay.from_model(model, expand_nested=False).shown_
    assert [node.name for node in boxes] == ["x", "small", "top"]


def test_shared_layers_are_drawn_at_each_call():
    """Their parameters count once."""
    inputs = keras.Input((3,))
    shared = layers.Dense(3, name="shared")
    display = NetworkDisplay.from_model(keras.Model(inputs, shared(shared(inputs))))
    assert [node.sources for node in display.shown_] == [[], [0], [1]]
    assert _texts(display).count("12 params") == 1
    assert _texts(display).count("shared") == 3  # two names, one note


def test_net_that_is_not_built():
    """What is not known yet is a question mark."""
    display = NetworkDisplay.from_model(keras.Sequential([layers.Dense(2)]))
    assert _texts(display)[2:] == ["?", "?"]
    assert display.ax_.get_title().endswith("not built yet")


@pytest.mark.slow
def test_net_of_an_estimator():
    """A fitted classifier's, with its inner nets drawn once."""
    rng = np.random.default_rng(0)
    clf = SegmentClassifier(max_epochs=1, n_inner_folds=3, random_state=0)
    clf.fit(rng.normal(size=(60, 3)), np.arange(60) % 2)
    display = NetworkDisplay.from_estimator(clf)
    assert display.n_params == clf.model_.count_params()
    assert {node.count for node in display.shown_} == {1, 3}


def test_what_cannot_be_drawn_is_refused():
    """No net, no model, no graph, no room."""

    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    with pytest.raises(TypeError, match="model has to be a Keras model, not list"):
        NetworkDisplay.from_model([])
    with pytest.raises(ValueError, match="is of a class of its own, Own"):
        NetworkDisplay.from_model(Own())
    with pytest.raises(ValueError, match="max_layers=2 is too few"):
        NetworkDisplay.from_model(_sequential(), max_layers=2)
