"""A network as bytes and back, and bytes that are none."""

import io
import zipfile

import numpy as np
import pytest

from segmentlearn.engine import keras
from segmentlearn.networks import read_network, write_network

X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)


def net(*layers):
    """Return a built net over three columns."""
    return keras.Sequential([keras.Input((3,)), *layers])


@pytest.fixture(scope="module")
def archive():
    """A small net as bytes."""
    return write_network(net(keras.layers.Dense(2)))


def rewritten(archive, change):
    """Return the archive with the content of its files changed; None drops one."""
    result = io.BytesIO()
    source = zipfile.ZipFile(io.BytesIO(archive))
    with source, zipfile.ZipFile(result, "w") as target:
        for name in source.namelist():
            content = change(name, source.read(name))
            if content is not None:
                target.writestr(name, content)
    return result.getvalue()


@pytest.mark.parametrize(
    "layers",
    [
        [keras.layers.Dense(2, activation="softmax")],
        [keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)],
        [keras.layers.Dense(2, kernel_regularizer=keras.regularizers.L2(0.1))],
    ],
)
def test_round_trip(layers):
    """The same weights, the same outputs, not compiled."""
    model = net(*layers)
    model.set_weights([weight + 0.5 for weight in model.get_weights()])
    again = read_network(write_network(model))
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(np.asarray(model(X)), np.asarray(again(X)))
    assert not again.compiled


def test_the_optimizer_is_left_out():
    """Bytes of a compiled net are those of one that is not, and it stays compiled."""
    model = net(keras.layers.Dense(2))
    before = write_network(model)
    model.compile("adam", loss=lambda y_true, y_pred: y_pred)
    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)
    after = write_network(model)
    for name in ("config.json", "model.weights.h5"):
        assert _content(after, name) == _content(before, name)
    assert model.compiled
    assert model.optimizer is optimizer


def by_newer_keras(archive, setting):
    """Return the archive as a newer Keras with one more setting would write it."""

    def change(name, content):
        if name == "metadata.json":
            return b'{"keras_version": "99.0"}'
        return content.replace(b'"units": 2', b'"units": 2, ' + setting)

    return rewritten(archive, change)


def test_a_newer_setting_that_is_not_used(archive):
    """It is None, and left out; a user's colleague may have a newer Keras."""
    newer = read_network(by_newer_keras(archive, b'"unheard_of": null'))
    np.testing.assert_array_equal(newer(X), read_network(archive)(X))


def test_a_newer_setting_that_is_used(archive):
    """The net would be another one without it."""
    with pytest.raises(ValueError, match="not a network that Keras can read safely"):
        read_network(by_newer_keras(archive, b'"unheard_of": 1'))


def _content(archive, name):
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return file.read(name)


def _flip_a_bit(archive):
    changed = bytearray(archive)
    changed[len(changed) // 2] ^= 255
    return bytes(changed)


def _other_class(name, content):
    old = b'"module": "keras.layers", "class_name": "Dense"'
    return content.replace(old, b'"module": "os", "class_name": "system"')


DAMAGED = {
    "empty": lambda archive: b"",
    "other bytes": lambda archive: b"not an archive",
    "truncated": lambda archive: archive[: len(archive) // 2],
    "altered": _flip_a_bit,
    "no files": lambda archive: rewritten(archive, lambda name, content: None),
    "no weights": lambda archive: rewritten(
        archive, lambda name, content: None if "weights" in name else content
    ),
    "broken weights": lambda archive: rewritten(
        archive, lambda name, content: b"?" if "weights" in name else content
    ),
    "broken description": lambda archive: rewritten(
        archive, lambda name, content: b"?" if name == "config.json" else content
    ),
    "other shapes": lambda archive: rewritten(
        archive, lambda name, content: content.replace(b'"units": 2', b'"units": 3')
    ),
    "other classes": lambda archive: rewritten(archive, _other_class),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_archives(case, archive):
    """A ValueError, whatever is wrong; no file of ours is named in it."""
    with pytest.raises(ValueError, match="not a network that Keras can read safely"):
        read_network(DAMAGED[case](archive))


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
def test_python_code_is_not_executed():
    """A Lambda layer's function would be."""
    calls = []

    def spy(x):
        calls.append(1)
        return x * 2

    layer = keras.layers.Lambda(lambda x: spy(x), output_shape=(3,))
    archive = write_network(net(layer))
    calls.clear()
    with pytest.raises(ValueError, match="Python code"):
        read_network(archive)
    assert not calls
