"""What Keras writes is read: nets of the kinds of layers in use, and their weights."""

import io

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from segmentlearn.exceptions import ArchiveError
from segmentlearn.networks import array_of, read_arrays, read_network, write_network
from segmentlearn.persistence._checks._budget import Budget
from segmentlearn.persistence._checks._keras_config import (
    check_config,
    read_network_file,
)


def chain(shape, *parts):
    return keras.Sequential([keras.Input(shape), *parts])


def model(function, *shapes):
    inputs = [keras.Input(shape) for shape in shapes]
    return keras.Model(inputs, function(*inputs))


def tied():
    """Return a model whose decoder is called twice and stored once."""
    encoder, decoder = chain((40,), layers.Dense(30)), chain((30,), layers.Dense(30))
    inputs = keras.Input((40,))
    return keras.Model(inputs, decoder(decoder(encoder(inputs))))


def operations(x):
    parts = keras.ops.split(keras.ops.reshape(x, (-1, 8, 8)), 2, axis=1)
    return keras.ops.mean(parts[0] * 2.0 + parts[1], axis=1)


NETS = {
    "Dense": lambda: chain((400,), layers.Dense(500)),
    "bfloat16": lambda: chain((40,), layers.Dense(50, dtype="bfloat16")),
    "float16": lambda: chain((40,), layers.Dense(50, dtype="mixed_float16")),
    "EinsumDense": lambda: chain(
        (7, 400), layers.EinsumDense("abc,cde->abde", (None, 8, 100), bias_axes="de")
    ),
    "normalization": lambda: chain((50, 60, 7), layers.BatchNormalization(axis=1)),
    "no weights": lambda: chain(
        (64,), layers.Reshape((8, 8)), layers.Flatten(), layers.Dropout(0.5, seed=2**31)
    ),
    "large constant": lambda: chain(
        (4,), layers.Dense(2, kernel_initializer=keras.initializers.Constant(1e9))
    ),
    "operations": lambda: model(operations, (64,)),
    "tied models": tied,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_net_of_keras_is_read_as_it_was(name):
    """No honest net is refused, and every weight is the same to the last bit."""
    net = NETS[name]()
    file = write_network(net)
    stored = read_network_file(file, Budget(len(file)), "the net")
    check_config(stored.config)
    again = read_network(stored.to_file())
    for new, old in zip(again.get_weights(), net.get_weights(), strict=True):
        assert new.dtype == old.dtype
        np.testing.assert_array_equal(new, old)


@pytest.mark.parametrize("layer", [layers.LSTM(4), layers.Conv1D(8, 3)])
def test_layer_that_no_net_of_the_library_has_is_refused(layer):
    """What it would take to build is not known."""
    file = write_network(chain((7, 5), layer))
    name = type(layer).__name__
    with pytest.raises(ArchiveError, match=f"{name}, which nets of segmentlearn do"):
        read_network_file(file, Budget(len(file)), "the net")


def hdf5_file(**arrays):
    file = io.BytesIO()
    with h5py.File(file, "w") as weights:
        for name, value in arrays.items():
            weights.create_group(f"layers/{name}").create_dataset("0", data=value)
    return file.getvalue()


@pytest.mark.parametrize(
    "value",
    [
        np.float32(3.5),
        np.zeros((0, 3), np.float32),
        np.arange(6, dtype=np.float64).reshape(2, 3),
        np.array([1.5, -2.0], np.float16),
        np.array([True, False]),
        np.array([-1, 2], np.int8),
        np.array([2**63], np.uint64),
    ],
    ids=lambda value: f"{value.dtype}{value.shape}",
)
def test_array_is_read_as_the_hdf5_library_reads_it(value):
    """Shape, type and values."""
    data = hdf5_file(layer=value)
    stored = read_arrays(data)["layers/layer/0"]
    found = array_of(data, stored)
    assert found.dtype == value.dtype
    np.testing.assert_array_equal(found, value)


def test_groups_of_hundreds_of_members():
    """A B-tree of more than one level."""
    values = {f"layer_{number}": np.full(2, number) for number in range(900)}
    data = hdf5_file(**values)
    arrays = read_arrays(data)
    assert len(arrays) == 900
    assert array_of(data, arrays["layers/layer_777/0"]).tolist() == [777, 777]


def test_text_is_no_weight():
    """Only numbers."""
    with pytest.raises(ArchiveError, match="not an array of numbers"):
        read_arrays(hdf5_file(layer=np.array([b"text"])))
