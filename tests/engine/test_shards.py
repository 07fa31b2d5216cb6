"""Rows on the disk are trained on as rows in memory are."""

import numpy as np
import pytest

from segmentlearn import engine
from segmentlearn.engine import keras
from segmentlearn.engine._data import _shards

N, N_FEATURES = 301, 4


def table():
    """Return features, classes and weights."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, N_FEATURES)).astype(np.float32)
    weights = rng.uniform(0.5, 2, N).astype(np.float32)
    return X, (X[:, 0] * X[:, 1] > 0).astype(np.int32), weights


def write(folder, leaves, shards, n_shards=3, n_parts=2):
    """Write rows in parts; return their files."""
    files = []
    for number, rows in enumerate(np.array_split(np.arange(len(shards)), n_parts)):
        with engine.ShardWriter(folder / f"part-{number}", n_shards) as writer:
            for some in np.array_split(rows, 4):
                writer.write([leaf[some] for leaf in leaves], shards[some])
            files.append(writer.finish())
    return files


def net():
    """Return a small net, always the same."""
    keras.utils.set_random_seed(0)
    layers = [keras.Input((N_FEATURES,)), keras.layers.Dense(5, activation="tanh")]
    return keras.Sequential([*layers, keras.layers.Dense(2, activation="softmax")])


SETTINGS = {
    "loss": "sparse_categorical_crossentropy",
    "metrics": ("accuracy",),
    "epochs": 2,
    "batch_size": 32,
}


@pytest.mark.parametrize("block", [1, 2**20])
def test_a_shard_holds_its_rows_in_their_order(tmp_path, monkeypatch, block):
    monkeypatch.setattr(_shards, "_BLOCK", block)
    X, y, weights = table()
    numbers = np.random.default_rng(1).integers(0, 3, N)
    files = write(tmp_path, (X, y, weights), numbers)
    shards = engine.Shards(files, N_FEATURES, has_weights=True)
    assert shards.sizes.tolist() == np.bincount(numbers).tolist()
    for shard in range(3):
        for found, leaf in zip(shards.read(shard), (X, y, weights), strict=True):
            np.testing.assert_array_equal(found, leaf[numbers == shard])


@pytest.mark.slow
@pytest.mark.parametrize("has_weights", [False, True])
def test_same_training_as_in_memory_in_the_same_order(tmp_path, has_weights):
    X, y, weights = table()
    leaves = (X, y, weights) if has_weights else (X, y)
    files = write(tmp_path, leaves, np.arange(N) // 101)
    shards = engine.Shards(files, N_FEATURES, has_weights=has_weights)
    held_out = X[:50], y[:50]
    settings = {**SETTINGS, "shuffle": False, "validation_data": held_out}
    results = []
    for given in ((X, y), (shards, None)):
        own = {"sample_weight": weights} if has_weights and given[1] is not None else {}
        result = engine.fit(net(), *given, **settings, **own)
        results.append(result.history)
    for name, values in results[0].items():
        np.testing.assert_allclose(results[1][name], values, rtol=1e-5)


def test_some_shards_and_the_same_result_again(tmp_path):
    X, y, _ = table()
    shards = engine.Shards(write(tmp_path, (X, y), np.arange(N) % 3), N_FEATURES)
    losses = [
        engine.fit(net(), shards, None, train_rows=chosen, seed=5, **SETTINGS).history
        for chosen in (np.array([0, 2]), np.array([0, 2]), np.array([0, 1]))
    ]
    assert losses[0] == losses[1] != losses[2]


def test_rows_that_are_their_own_targets(tmp_path):
    X, *_ = table()
    files = write(tmp_path, (X,), np.arange(N) % 3)
    shards = engine.Shards(files, N_FEATURES, has_labels=False)
    layers = [keras.Input((N_FEATURES,)), keras.layers.Dense(N_FEATURES)]
    model = keras.Sequential(layers)
    history = engine.fit(model, shards, None, loss="mse", epochs=3).history
    assert history["loss"][-1] < history["loss"][0]


def test_a_training_left_to_keras_is_refused(tmp_path):
    X, y, _ = table()
    shards = engine.Shards(write(tmp_path, (X, y), np.arange(N) % 3), N_FEATURES)
    model = net()
    model.run_eagerly = True
    with pytest.raises(ValueError, match="run_eagerly"):
        engine.fit(model, shards, None, **SETTINGS)


def test_a_file_that_was_cut_is_refused(tmp_path):
    X, y, _ = table()
    files = write(tmp_path, (X, y), np.arange(N) % 3)
    shards = engine.Shards(files, N_FEATURES)
    with open(files[0].path, "r+b") as file:
        file.truncate(100)
    with pytest.raises(OSError, match="shorter"):
        shards.read(2)
