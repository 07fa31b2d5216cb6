"""Processes forked before and after TensorFlow has started."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
_LIMIT = 400  # seconds, which only a deadlock needs

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")

# runs functions in forks of itself: what each returned or raised, or that it hung
FORKING = """
import json, os, select, signal, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np

X = np.random.default_rng(0).normal(size=(60, 3)).astype("float32")
y = np.where(X[:, 0] > 0, 1, 0)
small = dict(n_members=1, n_inner_folds=0, numeric_embedding=None, max_epochs=2,
             early_stopping=False, random_state=0)

def answer(function):
    try:
        return ["returned", repr(function())[:60]]
    except Exception as error:
        return [type(error).__name__, str(error)]

def in_fork(function, seconds=30):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, json.dumps(answer(function)).encode())
        os._exit(0)
    os.close(writer)
    received = b""
    if select.select([reader], [], [], seconds)[0]:
        while part := os.read(reader, 65536):
            received += part
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return json.loads(received) if received else ["hung", ""]
"""

AFTER_A_FIT = """
import pickle, keras
from segmentlearn import (
    Autoencoder, AutoencoderClusterer, BatchedGridSearchCV, KerasClassifier,
    KerasRegressor, KerasTunerSearchCV, SegmentClassifier, SoftRobustScaler,
    compare_models, engine, load, networks, save,
)
from sklearn.model_selection import GridSearchCV, cross_validate

def net(meta, units=4):
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Dense(units)(inputs)))

def wide_net(meta):
    return net(meta, units=300_000)

archive = sys.argv[1]
classifier = SegmentClassifier((4,), **small).fit(X, y)
save(classifier, archive)
scaler = SoftRobustScaler().fit(X)
coder = Autoencoder(n_components=2, hidden_layer_sizes=(4,), max_epochs=2).fit(X)
apart = X + 8 * y[:, np.newaxis]
segments = AutoencoderClusterer(n_clusters=2, random_state=0).fit(apart)
assert segments.space_ == "prepared"
regressor = KerasRegressor(net, loss="mse", verbose=0).fit(X, y)
wide = KerasRegressor(wide_net, loss="mse", epochs=1, verbose=0).fit(X, y)
pickled, pickled_wide = pickle.dumps(classifier), pickle.dumps(wide)
keras_net = net(None)
spec = networks.ClassifierSpec(n_features=3000, n_classes=2, hidden_layer_sizes=(3000,))
grid = {"max_epochs": [1, 2]}
new = SegmentClassifier((4,), **small)
functions = {
    "SegmentClassifier.fit": lambda: new.fit(X, y),
    "SegmentClassifier().fit": lambda: SegmentClassifier().fit(X, y),
    "partial_fit": lambda: classifier.partial_fit(X, y),
    "predict": lambda: classifier.predict(X),
    "Autoencoder.fit": lambda: Autoencoder(max_epochs=1).fit(X),
    "Autoencoder.transform": lambda: coder.transform(X),
    "Autoencoder.inverse_transform": lambda: coder.inverse_transform(np.zeros((2, 2))),
    "AutoencoderClusterer.fit": lambda: AutoencoderClusterer(n_clusters=2).fit(X),
    "AutoencoderClusterer.transform": lambda: segments.transform(X),
    "KerasClassifier.fit": lambda: KerasClassifier(
        net, loss="binary_crossentropy", verbose=0).fit(X, y),
    "KerasRegressor.partial_fit": lambda: regressor.partial_fit(X, y),
    "KerasRegressor.predict": lambda: regressor.predict(X),
    "Keras' own fit": lambda: KerasRegressor(
        net, loss="mse", run_eagerly=True, verbose=0).fit(X, y),
    "engine.fit": lambda: engine.fit(keras_net, X, X[:, :1], loss="mse"),
    "engine.predict": lambda: engine.predict(keras_net, X),
    "engine.cache_info": lambda: engine.cache_info(),
    "engine.clear_cache": lambda: engine.clear_cache(),
    "networks.build_classifier": lambda: networks.build_classifier(spec, 0),
    "GridSearchCV": lambda: GridSearchCV(new, grid, cv=2).fit(X, y),
    "BatchedGridSearchCV": lambda: BatchedGridSearchCV(new, grid, cv=2).fit(X, y),
    "KerasTunerSearchCV": lambda: KerasTunerSearchCV(
        new, grid, cv=2, n_trials=2).fit(X, y),
    "compare_models": lambda: compare_models(new, X, y, cv=2),
    "load": lambda: type(load(archive)),
    "use of a loaded classifier": lambda: load(archive).predict(X),
    "use of an unpickled classifier": lambda: pickle.loads(pickled).predict(X),
    "use of an unpickled net": lambda: pickle.loads(pickled).model_.summary(),
    "use of an unpickled regressor": lambda: pickle.loads(pickled_wide).predict(X),
    "fork of a fork": lambda: in_fork(lambda: classifier.predict(X)),
    "training in a fork of a fork": lambda: in_fork(lambda: new.fit(X, y)),
}
working = {
    "preparation": lambda: scaler.transform(X),
    "AutoencoderClusterer.predict": lambda: segments.predict(X),
    "unpickling": lambda: pickle.loads(pickle.dumps(pickle.loads(pickled))),
    "unpickling of a wide net": lambda: pickle.loads(pickled_wide),
}
found = {name: in_fork(one) for name, one in {**functions, **working}.items()}
found["here"] = {name: answer(one) for name, one in {**functions, **working}.items()
                 if name in PREDICTING}
child = os.fork()
if child == 0:
    sys.exit(7)
ends = time.monotonic() + 60
status = (0, 0)
while not status[0] and time.monotonic() < ends:
    status = os.waitpid(child, os.WNOHANG)
    time.sleep(0.05)
found["exit"] = ["code", os.waitstatus_to_exitcode(status[1]) if status[0] else "hung"]
print(json.dumps(found))
sys.stdout.flush()
os._exit(0)
"""

REFUSED = [
    "SegmentClassifier.fit",
    "SegmentClassifier().fit",
    "partial_fit",
    "Autoencoder.fit",
    "AutoencoderClusterer.fit",
    "KerasClassifier.fit",
    "KerasRegressor.partial_fit",
    "KerasRegressor.predict",
    "Keras' own fit",
    "engine.fit",
    "engine.predict",
    "engine.cache_info",
    "engine.clear_cache",
    "networks.build_classifier",
    "use of an unpickled net",
    "use of an unpickled regressor",
]


PREDICTING = [
    "predict",
    "Autoencoder.transform",
    "Autoencoder.inverse_transform",
    "AutoencoderClusterer.transform",
    "AutoencoderClusterer.predict",
    "load",
    "use of a loaded classifier",
    "use of an unpickled classifier",
    "fork of a fork",
]


def run(code, *arguments):
    """Run code that can fork in a process of its own; return what it has found."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            FORKING + f"PREDICTING = {PREDICTING}\n" + code,
            *map(str, arguments),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=_LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def after_a_fit(tmp_path_factory):
    """What forks of a process did that had fitted."""
    return run(AFTER_A_FIT, tmp_path_factory.mktemp("forks") / "model.seg")


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_forked_after_a_fit_names_the_cure(after_a_fit, name):
    """Whatever needs TensorFlow raises an error that says how to start processes."""
    kind, message = after_a_fit[name]
    assert kind == "ForkedProcessError", (kind, message)
    for cure in ("spawn", "forkserver", "loky", "in each worker"):
        assert cure in message


@pytest.mark.slow
@pytest.mark.parametrize("name", PREDICTING)
def test_forked_after_a_fit_predicts_the_same(after_a_fit, name):
    """What a forked process predicts is what its parent does."""
    assert after_a_fit[name][0] == "returned", after_a_fit[name]
    assert after_a_fit[name] == after_a_fit["here"][name]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["GridSearchCV", "BatchedGridSearchCV", "KerasTunerSearchCV", "compare_models"],
)
def test_searches_report_the_error_of_a_fork(after_a_fit, name):
    """A search whose fits all fail shows why."""
    kind, message = after_a_fit[name]
    assert kind not in ("returned", "hung")
    assert "forkserver" in message


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "preparation",
        "unpickling",
        "unpickling of a wide net",
    ],
)
def test_forked_after_a_fit_still_does_without_nets(after_a_fit, name):
    """What needs no net goes on to work; pools rely on unpickling."""
    assert after_a_fit[name][0] == "returned", after_a_fit[name]


@pytest.mark.slow
def test_fork_of_a_fork_names_the_cure(after_a_fit):
    """A process keeps what its parent lacked."""
    assert "ForkedProcessError" in after_a_fit["training in a fork of a fork"][1]


@pytest.mark.slow
def test_fork_comes_to_an_end(after_a_fit):
    """The interpreter of a fork shuts down, as a web server's worker has to."""
    assert after_a_fit["exit"] == ["code", 7]


@pytest.mark.slow
@pytest.mark.parametrize(
    "parent",
    [
        "import segmentlearn",
        "from segmentlearn import SegmentClassifier, engine; engine.fit",
    ],
    ids=["library", "TensorFlow"],
)
def test_forked_after_imports_can_fit(parent):
    """A process that has imported TensorFlow and run nothing can be forked."""
    code = f"""
{parent}

def fit():
    from segmentlearn import SegmentClassifier
    return SegmentClassifier((4,), **small).fit(X, y).predict(X).shape

print(json.dumps(in_fork(fit, seconds=120)))
"""
    assert run(code) == ["returned", "(60,)"]


@pytest.mark.slow
def test_first_import_in_a_fork_of_a_process_with_keras():
    """A parent that has used Keras alone is noticed where Linux tells of threads."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux tells of threads")
    code = """
import keras

keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])

def fit():
    from segmentlearn import SegmentClassifier
    return SegmentClassifier((4,), **small).fit(X, y)

print(json.dumps(in_fork(fit)))
sys.stdout.flush()
os._exit(0)
"""
    assert run(code)[0] == "ForkedProcessError"


POOLS = """
import multiprocessing
from joblib import Parallel, delayed, parallel_config
from segmentlearn import SegmentClassifier

if __name__ == "__main__":
    classifier = SegmentClassifier((4,), **small).fit(X, y)

    def predict_in_pool(method):
        with multiprocessing.get_context(method).Pool(1) as pool:
            return pool.apply_async(classifier.predict, (X,)).get(60).shape

    def train_in_pool():
        with multiprocessing.get_context("fork").Pool(1) as pool:
            return pool.apply_async(classifier.fit, (X, y)).get(60)

    def predict_by_joblib():
        with parallel_config(backend="multiprocessing"):
            work = [delayed(classifier.predict)(X)] * 2
            return Parallel(n_jobs=2, timeout=60)(work)

    print(json.dumps({
        "fork": answer(lambda: predict_in_pool("fork")),
        "spawn": answer(lambda: predict_in_pool("spawn")),
        "joblib": answer(predict_by_joblib),
        "training": answer(train_in_pool),
    }))
"""


@pytest.mark.slow
def test_pools_of_processes(tmp_path):
    """Pools of forked and of spawned processes predict; forked ones cannot train."""
    script = tmp_path / "pools.py"
    script.write_text(FORKING + POOLS)
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=_LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["fork"] == found["spawn"] == ["returned", "(60,)"]
    assert found["joblib"][0] == "returned"
    assert found["training"][0] == "ForkedProcessError"
