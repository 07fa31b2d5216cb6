"""`log_dir` of the estimators: a folder for each fit, and nothing else changes."""

import copy
import pickle
import warnings

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from segmentlearn import (
    Autoencoder,
    KerasClassifier,
    KerasRegressor,
    SegmentClassifier,
    engine,
)
from segmentlearn.neural_network import fit_jointly, prepare_autoencoders
from tests.neural_network.nets import small_net

pytest.importorskip("tensorboard")

SETTINGS = {"batch_size": 16, "epochs": 3, "verbose": 0, "random_state": 0}


def scalars(folder, tag="epoch_loss"):
    """Return the values of a measure by step."""
    from tensorboard.backend.event_processing import event_accumulator

    events = event_accumulator.EventAccumulator(str(folder), {"scalars": 0}).Reload()
    return {event.step: event.value for event in events.Scalars(tag)}


def histograms(folder):
    """Return the tags of a folder's histograms."""
    from tensorboard.backend.event_processing import event_accumulator

    return event_accumulator.EventAccumulator(str(folder)).Reload().Tags()["histograms"]


def only(folder):
    """Return the one thing that is in a folder."""
    (found,) = folder.iterdir()
    return found


@pytest.mark.slow
def test_a_net_alone_writes_into_the_folder_of_its_fit(make, numbers, tmp_path):
    """Training and held-out rows, as in the history; the names of the net's layers."""
    net = make(log_dir=tmp_path).fit(*numbers)
    losses = scalars(only(tmp_path) / "train")
    np.testing.assert_allclose(list(losses.values()), net.history_["loss"])
    losses = scalars(only(tmp_path) / "validation")
    np.testing.assert_allclose(list(losses.values()), net.history_["val_loss"])
    assert "hidden_1/kernel/histogram" in histograms(only(tmp_path) / "train")


@pytest.mark.slow
def test_an_ensemble_has_a_folder_for_each_net(make_packed, numbers, tmp_path):
    """Their mean is the ensemble's history, as long as all train."""
    ensemble = make_packed(max_epochs=2, log_dir=str(tmp_path)).fit(*numbers)
    folds = sorted(only(tmp_path).iterdir())
    assert [fold.name for fold in folds] == ["fold_0", "fold_1", "fold_2"]
    losses = [list(scalars(fold / "train").values()) for fold in folds]
    np.testing.assert_allclose(np.mean(losses, axis=0), ensemble.history_["loss"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["make", "make_packed"])
def test_predictions_are_the_same_to_the_last_bit(kind, request, numbers, tmp_path):
    """A log is only written."""
    make = request.getfixturevalue(kind)
    with_log, without = make(log_dir=tmp_path), make()
    np.testing.assert_array_equal(
        with_log.fit(*numbers).predict_proba(numbers[0]),
        without.fit(*numbers).predict_proba(numbers[0]),
    )


@pytest.mark.slow
def test_a_parallel_search_has_a_folder_for_each_fit(make, numbers, tmp_path):
    """The name distinguishes candidates, the number folds and the last fit."""
    rates = {"learning_rate": [0.01, 0.03]}
    net = make(log_dir=tmp_path, max_epochs=2)
    search = GridSearchCV(net, rates, cv=2, n_jobs=2).fit(*numbers)
    names = sorted(path.name for path in tmp_path.iterdir())
    chosen = search.best_params_["learning_rate"]
    for rate in (0.01, 0.03):
        those = [name for name in names if f"learning_rate={rate}," in name]
        assert len(those) == 2 + (rate == chosen)
    assert len(names) == 5
    for path in tmp_path.iterdir():
        assert len(scalars(path / "train")) == 2


def test_epochs_are_counted_on(make, numbers, tmp_path):
    """`partial_fit` goes on in one folder; a copy of the estimator in another."""
    net = make(log_dir=tmp_path)
    net.partial_fit(*numbers).partial_fit(*numbers)
    assert list(scalars(only(tmp_path) / "train")) == [0, 1]
    copy.deepcopy(net).partial_fit(*numbers)
    first, second = sorted(tmp_path.iterdir())
    assert list(scalars(first / "train")) == [0, 1]
    assert list(scalars(second / "train")) == [2]


def test_a_warm_start_counts_epochs_on(make, numbers, tmp_path):
    """The second fit has a folder of its own, whose steps follow those of the first."""
    net = make(log_dir=tmp_path, warm_start=True, max_epochs=2)
    net.fit(*numbers).fit(*numbers)
    second = sorted(tmp_path.iterdir())[1]
    assert list(scalars(second / "train")) == [2, 3]


def test_a_folder_that_has_gone_is_made_again(make, numbers, tmp_path):
    """Training goes on when somebody has tidied up."""
    net = make(log_dir=tmp_path / "runs").partial_fit(*numbers)
    (tmp_path / "runs").rename(tmp_path / "elsewhere")
    net.partial_fit(*numbers)
    assert list(scalars(only(tmp_path / "runs") / "train")) == [1]


def test_a_pickled_estimator_predicts_without_the_folder(make, numbers, tmp_path):
    """What was learnt does not hang on the log."""
    net = make(log_dir=tmp_path / "runs").fit(*numbers)
    (tmp_path / "runs").rename(tmp_path / "elsewhere")
    loaded = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(
        loaded.predict_proba(numbers[0]), net.predict_proba(numbers[0])
    )


def test_an_earlier_state_gets_the_default(make, numbers):
    """An estimator written before `log_dir` was known has it as None."""
    state = make().fit(*numbers).__getstate__()
    del state["log_dir"]
    loaded = SegmentClassifier.__new__(SegmentClassifier)
    loaded.__setstate__(state)
    assert loaded.get_params()["log_dir"] is None


@pytest.mark.slow
def test_an_autoencoder_is_followed(raw, tmp_path):
    """Its losses by epoch and its weights."""
    coder = Autoencoder(2, hidden_layer_sizes=(4,), max_epochs=2, log_dir=tmp_path)
    coder.set_params(random_state=0).fit(raw[0])
    losses = scalars(only(tmp_path) / "train")
    np.testing.assert_allclose(list(losses.values()), coder.history_["loss"])
    assert histograms(only(tmp_path) / "train")


@pytest.mark.slow
def test_autoencoders_side_by_side_are_told_apart(raw, tmp_path):
    """Each has its own losses, in one folder of all."""
    plan = Autoencoder(hidden_layer_sizes=(4,), max_epochs=2, log_dir=tmp_path)
    members, trainings = prepare_autoencoders(
        plan, raw[0], n_components=[1, 2], seeds=[0, 1]
    )
    for train in trainings:
        train()
    for number, member in enumerate(members):
        losses = scalars(only(tmp_path) / f"member_{number}" / "train")
        np.testing.assert_allclose(list(losses.values()), member.history_["loss"])


@pytest.mark.slow
def test_joint_training_is_a_fit_of_its_own(raw, tmp_path):
    """After that of the autoencoder, with as many epochs as it has."""
    coder = Autoencoder(2, hidden_layer_sizes=(4,), max_epochs=2, log_dir=tmp_path)
    coder.set_params(random_state=0).fit(raw[0])
    fit_jointly(
        coder,
        raw[0],
        np.eye(2),
        kind="dcn",
        weight=0.1,
        max_epochs=3,
        learning_rate=0.01,
        seed=0,
    )
    folders = sorted(tmp_path.iterdir())
    assert [len(scalars(folder / "train")) for folder in folders] == [2, 3]


@pytest.mark.slow
@pytest.mark.parametrize("run_eagerly", [False, True])
def test_a_net_of_ones_own_is_followed(numbers, tmp_path, run_eagerly):
    """By the engine, and by Keras' own fit where the engine cannot do it."""
    net = KerasClassifier(small_net, log_dir=tmp_path, **SETTINGS)
    if run_eagerly:
        net.set_params(callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=_)])
    with warnings.catch_warnings(action="ignore"):  # shown once for each reason
        net.fit(*numbers)
    losses = scalars(only(tmp_path) / "train")
    np.testing.assert_allclose(list(losses.values()), net.history_["loss"], rtol=1e-6)
    assert "sequential/dense/kernel/histogram" in histograms(only(tmp_path) / "train")
    assert list(scalars(only(tmp_path) / "train", "epoch_learning_rate")) == [0, 1, 2]


def _(batch, logs):
    """Look at a batch."""


@pytest.mark.slow
def test_partial_fit_of_a_net_of_ones_own_goes_on(numbers, tmp_path):
    """Steps follow those of the fit, in its folder."""
    net = KerasRegressor(small_net, log_dir=tmp_path, **SETTINGS)
    net.fit(numbers[0], numbers[0][:, 0]).partial_fit(numbers[0], numbers[0][:, 0])
    assert list(scalars(only(tmp_path) / "train")) == [0, 1, 2, 3]


def test_log_dir_is_no_parameter_of_the_build_function():
    """It is the wrapper's own: it can be set, read, cloned and printed."""
    net = clone(KerasClassifier(small_net).set_params(log_dir="runs"))
    assert net.get_params()["log_dir"] == "runs"
    assert repr(net) == "KerasClassifier(model=small_net, log_dir='runs')"


def test_keras_own_tensorboard_callback_works(numbers, tmp_path):
    """It writes what it writes in Keras' own fit."""
    callback = keras.callbacks.TensorBoard(str(tmp_path), histogram_freq=1)
    KerasClassifier(
        small_net, callbacks=[callback], validation_split=0.2, **SETTINGS
    ).fit(*numbers)
    for side in ("train", "validation"):
        assert len(list((tmp_path / side).glob("events.out.tfevents.*"))) == 1


@pytest.fixture
def name_of(monkeypatch, numbers):
    """A function that returns the name of a fit's folder, without its number."""

    class AskedForError(Exception):
        """That it is to be made is enough."""

    def note(log_dir, name):
        raise AskedForError(name)

    monkeypatch.setattr(engine, "LogFolder", note)
    X, y = numbers

    def name_of(classifier):
        with pytest.raises(AskedForError) as asked:
            classifier.fit(X, np.where(y == "A", "A/B", y))
        name, _, number = str(asked.value).rpartition(",fit=")
        assert not number
        return name

    return name_of


@pytest.mark.parametrize(
    ("classifier", "name"),
    [
        (SegmentClassifier(), "SegmentClassifier"),
        (SegmentClassifier(verbose=1), "SegmentClassifier"),
        (SegmentClassifier(dropout=(0.1, 0.2)), "SegmentClassifier,dropout=0.1_0.2"),
        (
            SegmentClassifier(class_weight={"A/B": 1e-5}),
            "SegmentClassifier,class_weight=A_B_1e-05",
        ),
        (SegmentClassifier.from_preset("campaign"), "campaign"),
        (SegmentClassifier.from_preset("campaign", l2=0.1), "campaign,l2=0.1"),
    ],
)
def test_names_say_what_differs(classifier, name, name_of):
    """From the defaults, or from the preset that is nearest."""
    assert name_of(classifier.set_params(log_dir="runs")) == name


def test_long_names_are_cut_and_differ(name_of):
    """File systems bear 255 characters; a digest tells what the beginning does not."""
    sizes = [(8,) * 80, (8,) * 81]
    names = [name_of(SegmentClassifier(size, log_dir="runs")) for size in sizes]
    assert [len(name) for name in names] == [160, 160]
    assert names[0][:150] == names[1][:150]
    assert names[0] != names[1]
