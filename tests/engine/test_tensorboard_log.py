"""Event files of the engine, read back as TensorBoard reads them."""

import builtins
import concurrent.futures
import contextlib
import copy
import pickle
import warnings

import numpy as np
import pytest
from packaging.version import Version

from segmentlearn import engine
from segmentlearn.engine import keras
from segmentlearn.engine._tensorboard_log import EpochLog, weight_names
from segmentlearn.exceptions import SegmentLearnWarning

pytest.importorskip("tensorboard")

FIRST_KERNEL = "sequential/dense/kernel/histogram"


def read(folder):
    """Return everything that is in a folder's event files."""
    from tensorboard.backend.event_processing import event_accumulator

    everything = {"scalars": 0, "histograms": 0}
    return event_accumulator.EventAccumulator(str(folder), everything).Reload()


def scalars(folder, tag):
    """Return the values of a measure by step."""
    return {event.step: event.value for event in read(folder).Scalars(tag)}


@pytest.fixture
def eager_net(small_net):
    """A net that is left to Keras' own fit."""
    model = small_net()
    model.run_eagerly = True
    return model


def test_measures_are_under_the_names_of_keras(small_net, table, train, tmp_path):
    """`epoch_loss` in train and in validation, as Keras' callback has them."""
    train(small_net(), log_dir=tmp_path, validation_data=table)
    assert sorted(read(tmp_path / "fit_1/train").Tags()["scalars"]) == [
        "epoch_accuracy",
        "epoch_learning_rate",
        "epoch_loss",
    ]
    assert sorted(read(tmp_path / "fit_1/validation").Tags()["scalars"]) == [
        "epoch_accuracy",
        "epoch_loss",
    ]


@pytest.mark.slow
@pytest.mark.skipif(
    Version(keras.__version__) < Version("3.13"),
    reason="Keras 3.12 calls the histograms of all layers by the same names",
)
def test_keras_own_callback_writes_the_same_names(table, tmp_path):
    """Scalars and histograms of a fit stand beside those of Keras in a dashboard."""
    settings = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
    layers = [keras.Input((3,)), keras.layers.Dense(3, activation="softmax", name="d")]
    model = keras.Sequential(layers, name="net")
    engine.fit(model, *table, log_dir=tmp_path / "engine", **settings)
    model.compile("adam", **settings)
    callback = keras.callbacks.TensorBoard(
        str(tmp_path / "keras"), histogram_freq=1, write_graph=False
    )
    model.fit(*table, callbacks=[callback], verbose=0)
    own = read(tmp_path / "engine/fit_1/train").Tags()
    theirs = read(tmp_path / "keras/train").Tags()["tensors"]
    assert sorted(own["scalars"] + own["histograms"]) == sorted(theirs)


@pytest.mark.parametrize("measure", ["loss", "accuracy", "learning_rate"])
def test_measures_are_those_of_the_history(small_net, train, tmp_path, measure):
    """One value an epoch, counted from 0."""
    result = train(small_net(), log_dir=tmp_path)
    written = scalars(tmp_path / "fit_1/train", f"epoch_{measure}")
    assert list(written) == [0, 1, 2]
    np.testing.assert_allclose(list(written.values()), result.history[measure])


def test_histograms_are_those_of_the_weights(small_net, train, tmp_path):
    """The last epoch's kernel: how many numbers, their ends and their sum."""
    model = small_net()
    train(model, log_dir=tmp_path)
    events = read(tmp_path / "fit_1/train").Histograms(FIRST_KERNEL)
    kernel = model.layers[0].kernel.numpy()
    last = events[-1].histogram_value
    assert [event.step for event in events] == [0, 1, 2]
    assert (last.num, sum(last.bucket)) == (kernel.size, kernel.size)
    np.testing.assert_allclose([last.min, last.max], [kernel.min(), kernel.max()])
    np.testing.assert_allclose(last.sum, kernel.sum(), rtol=1e-5)


def test_bins_are_those_of_numpy(small_net, tmp_path):
    """Thirty bins of one width, each number in its own."""
    model = small_net()
    weights = [np.random.default_rng(0).normal(size=w.shape) for w in model.weights]
    with contextlib.closing(EpochLog(engine.LogFolder(tmp_path), model)) as log:
        log.write({}, weights)
    events = read(tmp_path / "fit_1/train").Histograms(FIRST_KERNEL)
    counts, edges = np.histogram(weights[0], 30)
    assert events[0].histogram_value.bucket == counts.tolist()
    np.testing.assert_allclose(events[0].histogram_value.bucket_limit, edges[1:])


def test_what_is_not_a_finite_number_is_left_out(small_net, tmp_path):
    """A histogram counts finite numbers; a tensor without any has none."""
    model = small_net()
    weights = [np.full(w.shape, np.nan) for w in model.weights]
    weights[0][0, 0] = 2.0
    with contextlib.closing(EpochLog(engine.LogFolder(tmp_path), model)) as log:
        log.write({}, weights)
    events = read(tmp_path / "fit_1/train")
    assert events.Tags()["histograms"] == [FIRST_KERNEL]
    assert events.Histograms(FIRST_KERNEL)[0].histogram_value.num == 1


@pytest.mark.slow
def test_training_is_the_same_to_the_last_bit(small_net, table, train, tmp_path):
    """Weights and history do not know of a log."""
    models = small_net(dropout=0.2), small_net(dropout=0.2)
    stopping = engine.EarlyStopping(patience=2)
    histories = [
        train(
            model,
            validation_data=table,
            early_stopping=stopping,
            log_dir=log_dir,
        ).history
        for model, log_dir in zip(models, (None, tmp_path), strict=True)
    ]
    assert histories[0] == histories[1]
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_frozen_weights_are_written_once(table, train, tmp_path):
    """What training does not change has one histogram."""
    layers = [keras.layers.Dense(3, trainable=False, name="given")]
    layers += [keras.layers.Dense(3, activation="softmax", name="learnt")]
    model = keras.Sequential([keras.Input((3,)), *layers])
    train(model, log_dir=tmp_path)
    events = read(tmp_path / "fit_1/train")
    lengths = {
        tag.split("/")[-3]: len(events.Histograms(tag))
        for tag in events.Tags()["histograms"]
    }
    assert lengths == {"given": 1, "learnt": 3}


def test_each_fit_has_a_folder_of_its_own(small_net, train, tmp_path):
    """The second fit does not write into the first one's."""
    train(small_net(), log_dir=tmp_path)
    train(small_net(), log_dir=tmp_path, epochs=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fit_1", "fit_2"]
    assert len(scalars(tmp_path / "fit_1/train", "epoch_loss")) == 3


def test_folders_of_several_threads_differ(tmp_path):
    """Who comes second to a name gets the next number."""
    folders = [engine.LogFolder(tmp_path) for _ in range(40)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda folder: folder.path, folders))
    assert len(paths) == 40


def test_a_copied_folder_is_none(tmp_path):
    """Two that go on would write into one folder."""
    folder = engine.LogFolder(tmp_path)
    assert copy.deepcopy([folder]) == [None]
    assert pickle.loads(pickle.dumps([folder])) == [None]


def test_nothing_is_left_of_a_fit_that_fails(small_net, train, tmp_path):
    """A folder is made when there is something to write."""
    with pytest.raises(ValueError, match="early_stopping needs validation rows"):
        train(small_net(), log_dir=tmp_path, early_stopping=engine.EarlyStopping())
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_way_is_an_error_before_training(small_net, train, tmp_path):
    """The error names the parameter, the path and the cure."""
    (tmp_path / "log").write_text("here first")
    with pytest.raises(ValueError, match=r"log_dir='.*log' cannot hold a fit's folder"):
        train(small_net(), log_dir=tmp_path / "log")


def test_a_folder_to_read_only_is_an_error_before_training(
    small_net, train, tmp_path, monkeypatch
):
    """Not after the first epoch."""
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(ValueError, match="you may not write into it"):
        train(small_net(), log_dir=tmp_path)


def test_a_missing_package_is_an_error_before_training(
    small_net, train, tmp_path, monkeypatch
):
    """The error says what to install."""
    original = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("tensorboard"):
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    model = small_net()
    before = model.get_weights()
    wanted = r'log_dir=.* pip install "segmentlearn\[tensorboard\]"'
    with pytest.raises(ImportError, match=wanted):
        train(model, log_dir=tmp_path)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_keras_own_fit_is_followed_too(eager_net, table, train, tmp_path):
    """What the engine cannot compile has the same measures and histograms."""
    with warnings.catch_warnings(action="ignore"):  # warned of once for each reason
        result = train(eager_net, log_dir=tmp_path, validation_data=table)
    assert not result.compiled
    events = read(tmp_path / "fit_1/train")
    assert sorted(events.Tags()["scalars"]) == [
        "epoch_accuracy",
        "epoch_learning_rate",
        "epoch_loss",
    ]
    assert len(events.Histograms(FIRST_KERNEL)) == 3
    written = scalars(tmp_path / "fit_1/validation", "epoch_loss")
    np.testing.assert_allclose(list(written.values()), result.history["val_loss"])


@pytest.mark.slow
def test_members_have_folders_of_their_own(table, tmp_path):
    """A packed model's measures and weights are kept apart."""
    X, y = table
    inputs = keras.Input(batch_shape=(2, None, 3))
    layer = keras.layers.EinsumDense("mbi,mio->mbo", (None, 3), activation="softmax")
    model = keras.Model(inputs, layer(inputs))
    result = engine.fit(
        model,
        X,
        y,
        loss="sparse_categorical_crossentropy",
        n_members=2,
        epochs=2,
        log_dir=tmp_path,
    )
    for member in range(2):
        folder = tmp_path / f"fit_1/member_{member}/train"
        losses = [values[member] for values in result.history["loss"]]
        written = scalars(folder, "epoch_loss")
        np.testing.assert_allclose(list(written.values()), losses, rtol=1e-6)
        (tag,) = read(folder).Tags()["histograms"]
        last = read(folder).Histograms(tag)[-1].histogram_value
        kernel = layer.kernel.numpy()[member]
        np.testing.assert_allclose(last.sum, kernel.sum(), rtol=1e-5)


@pytest.mark.slow
def test_a_loss_that_is_not_finite_is_written(small_net, table, tmp_path):
    """The epoch that ends a training has its loss, and no weights."""
    X, y = table
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    with pytest.warns(SegmentLearnWarning, match="the loss is not a finite number"):
        engine.fit(
            model,
            X,
            y.astype("float32"),
            loss="mse",
            optimizer=keras.optimizers.SGD(1e6),
            batch_size=70,
            epochs=20,
            log_dir=tmp_path,
        )
    written = scalars(tmp_path / "fit_1/train", "epoch_loss")
    assert not np.isfinite(list(written.values())[-1])
    histograms = read(tmp_path / "fit_1/train").Histograms(FIRST_KERNEL)
    assert len(histograms) == len(written) - 1


def test_equal_nets_name_their_weights_alike(small_net):
    """Keras counts layers through the process; histograms must line up."""
    names = weight_names(small_net())
    assert names == weight_names(small_net())
    assert names[0] == FIRST_KERNEL.removesuffix("/histogram")


def test_names_of_the_users_own_are_kept():
    """Only layers without a name of their own are counted anew."""
    layers = [keras.layers.Dense(2, name=name) for name in ("dense_of_7", "last_9")]
    model = keras.Sequential([keras.Input((2,)), *layers], name="mine_3")
    assert [name.split("/")[-2] for name in weight_names(model)[::2]] == [
        "dense_of_7",
        "last_9",
    ]
