"""Signals that stop a command, and Ctrl-C in Python."""

import os
import pathlib
import signal
import subprocess
import sys
import threading

import keras
import numpy as np
import pytest

from segmentlearn import (
    AutoencoderClusterer,
    BatchedGridSearchCV,
    KerasRegressor,
    SegmentClassifier,
    compare_models,
    engine,
    load,
    make_customers,
    save,
)
from segmentlearn.exceptions import SegmentLearnWarning

ROOT = pathlib.Path(__file__).resolve().parents[1]
_LIMIT = 300  # seconds, which only a deadlock needs

pytestmark = pytest.mark.slow

# runs the command line and waits for a signal at the n-th call of a function, or at the
# import of a module; "lost" swallows the exception, as a destructor does, and "turned"
# makes an error of it, as an extension's code may do
RUNNER = """
import importlib, sys, threading, time

target, at, what, *arguments = sys.argv[1:]
module, _, name = target.partition(":")

def wait():
    print("READY", flush=True)
    # signals are met by the main thread; another one ends after its epoch
    is_main = threading.current_thread() is threading.main_thread()
    try:
        time.sleep(240 if is_main else 2)
    except BaseException:
        if what == "turned":
            raise ValueError("not a valid buffer") from None
        if what != "lost":
            raise

class Finder:
    def find_spec(self, fullname, path, target=None):
        if fullname == module:
            sys.meta_path.remove(self)
            wait()

if name:
    owner = importlib.import_module(module)
    *parents, name = name.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original, calls = getattr(owner, name), []

    def waiting(*args, **kwargs):
        calls.append(1)
        if len(calls) == int(at):
            wait()
        return original(*args, **kwargs)

    setattr(owner, name, waiting)
else:
    sys.meta_path.insert(0, Finder())
sys.argv = ["segmentlearn", *arguments]
from segmentlearn.cli import main
main()
"""

EPOCH = "segmentlearn.engine._epoch_recorder:EpochRecorder.record"
READ = "segmentlearn.tables._files._csv:CsvParser.parse"
PREDICT = "segmentlearn.neural_network._fitted_network:FittedNetwork.predict"


class Stopped:
    """A command that has met a signal, and what it has left."""

    def __init__(self, folder, number, target, at, arguments, what="raised"):
        temporary = folder / "temporary"
        temporary.mkdir()
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", RUNNER, target, str(at)),
                *(what, *map(str, arguments)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(temporary)},
        )
        killer = threading.Timer(_LIMIT, process.kill)
        killer.start()
        try:
            self.is_ready = any(line == "READY\n" for line in process.stdout)
            process.send_signal(number)
            self.stdout, self.stderr = process.communicate(timeout=_LIMIT)
        finally:
            killer.cancel()
            process.kill()
        self.code = process.returncode
        self.left = [path.name for path in temporary.iterdir()]

    @property
    def message(self):
        """The last line on stderr."""
        return (self.stderr.splitlines() or [""])[-1]


@pytest.fixture
def folder(tmp_path):
    """A folder with customers and an old file where the command is to write."""
    X, y = make_customers("automobile", 200, random_state=0)
    X.assign(Segmentation=y).to_csv(tmp_path / "train.csv", index=False)
    X.to_csv(tmp_path / "new.csv", index=False)
    (tmp_path / "out.seg").write_text("old")
    return tmp_path


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """A small classifier of these customers."""
    X, y = make_customers("automobile", 200, random_state=0)
    classifier = SegmentClassifier(
        (4,), n_members=1, n_inner_folds=0, numeric_embedding=None, max_epochs=1
    )
    path = tmp_path_factory.mktemp("archive") / "model.seg"
    save(classifier.fit(X, y), path)
    return path


def fit_arguments(folder):
    out = ("--out", folder / "out.seg")
    return ["fit", folder / "train.csv", "--target", "Segmentation", *out]


def assert_old_file_stays(stopped, folder, code):
    """Check the code, one line that says what is left, and the files."""
    assert stopped.is_ready, stopped.stderr
    assert stopped.code == code, stopped.stderr
    assert (folder / "out.seg").read_text() == "old"
    assert "Traceback" not in stopped.stderr
    assert "Saved" not in stopped.stdout
    assert "Written" not in stopped.stderr
    assert stopped.message.startswith("Stopped: ")
    assert "out.seg is still the old file." in stopped.message
    assert stopped.left == []
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize(
    ("target", "at"),
    [
        (READ, 1),
        ("segmentlearn.preprocessing:TabularPreprocessor.fit_transform", 1),
        (EPOCH, 2),
        ("segmentlearn._atomic:os.fsync", 1),
    ],
    ids=["reading", "preparing", "training", "writing"],
)
def test_ctrl_c_in_fit_keeps_the_old_file(folder, target, at):
    """Whenever it comes, the code is 130 and the archive is the one from before."""
    stopped = Stopped(folder, signal.SIGINT, target, at, fit_arguments(folder))
    assert_old_file_stays(stopped, folder, 130)
    assert "fit has not finished" in stopped.message


def test_shards_are_gone_when_fit_is_stopped(folder):
    """Nothing is left where temporary files are."""
    target = "segmentlearn.engine._data._shards:ShardWriter.write"
    arguments = [*fit_arguments(folder), "--out-of-core"]
    stopped = Stopped(folder, signal.SIGINT, target, 1, arguments)
    assert_old_file_stays(stopped, folder, 130)


@pytest.mark.parametrize("what", ["raised", "turned"])
@pytest.mark.parametrize("module", ["typer", "pandas"])
def test_ctrl_c_while_the_command_line_starts(folder, module, what):
    """It ends the command without a traceback."""
    arguments = fit_arguments(folder)
    stopped = Stopped(folder, signal.SIGINT, module, 1, arguments, what)
    assert stopped.is_ready
    assert stopped.code == 130, stopped.stderr
    assert stopped.stderr.startswith("Stopped: ")
    assert len(stopped.stderr.splitlines()) == 1
    assert (folder / "out.seg").read_text() == "old"


def test_sigterm_in_fit_keeps_the_old_file(folder):
    """The system's request to end is met in the same way, with its own code."""
    stopped = Stopped(folder, signal.SIGTERM, EPOCH, 2, fit_arguments(folder))
    assert_old_file_stays(stopped, folder, 143)


@pytest.mark.parametrize("what", ["lost", "turned"])
def test_signal_whose_exception_is_lost_keeps_the_old_file(folder, what):
    """Swallowed by a destructor, or an error of an extension: the command stops."""
    arguments = [*fit_arguments(folder), "--max-epochs", 1]
    stopped = Stopped(folder, signal.SIGINT, EPOCH, 1, arguments, what)
    assert_old_file_stays(stopped, folder, 130)


def test_ctrl_c_behind_the_new_file_says_that_it_is_whole(folder):
    """A file that has taken its place is not called the old one."""
    target = "segmentlearn._atomic:sync_folder"
    arguments = [*fit_arguments(folder), "--max-epochs", 1]
    stopped = Stopped(folder, signal.SIGINT, target, 1, arguments)
    assert stopped.code == 130
    assert "out.seg had been written and is whole." in stopped.message
    assert load(folder / "out.seg").n_iter_ == 1


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_signal_while_the_process_ends_changes_nothing(name):
    """The command has done its work, so it ends as it would have ended."""
    code = (
        "import signal\n"
        "from segmentlearn.cli._stopping import stopping_signals\n"
        "with stopping_signals(): pass\n"
        f"signal.raise_signal(signal.{name})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, b"")


def test_ctrl_c_in_cluster(folder):
    """Neither the archive nor the file of customers is written."""
    stopped = Stopped(
        folder,
        *(signal.SIGINT, EPOCH, 2),
        [
            *("cluster", folder / "new.csv", "--n-clusters", 3),
            *("--out", folder / "out.seg", "--scored", folder / "scored.csv"),
        ],
    )
    assert_old_file_stays(stopped, folder, 130)
    assert "scored.csv was not written." in stopped.message
    assert not (folder / "scored.csv").exists()


def test_ctrl_c_in_report(folder, archive):
    """It stops within the prediction."""
    stopped = Stopped(
        folder,
        *(signal.SIGINT, PREDICT, 1),
        ["report", archive, folder / "new.csv", "--out", folder / "out.seg"],
    )
    assert_old_file_stays(stopped, folder, 130)
    assert "report has not finished" in stopped.message


@pytest.mark.parametrize("out", ["scored.parquet", "scored/"])
def test_ctrl_c_in_predict(folder, archive, out):
    """Behind the first of two files: neither a file nor half a folder is left."""
    source = folder / "in"
    source.mkdir()
    for name in ("a.csv", "b.csv"):
        (source / name).write_bytes((folder / "new.csv").read_bytes())
    before = sorted(path.name for path in folder.iterdir())
    stopped = Stopped(
        folder,
        *(signal.SIGINT, "segmentlearn.cli._scoring._scores:score", 2),
        ["predict", archive, source, "--out", f"{folder}/{out}"],
    )
    assert stopped.code == 130
    assert "predict has not finished" in stopped.message
    assert "was not written." in stopped.message
    assert stopped.left == []
    left = {path.name for path in folder.iterdir()} - {"temporary"}
    assert sorted(left) == before


def test_ctrl_c_in_audit(folder):
    """It is stopped like a command that trains."""
    stopped = Stopped(
        folder,
        *(signal.SIGINT, "segmentlearn.auditing:audit", 1),
        ["audit", folder / "train.csv", "--format", "csv", "--out", folder / "out.seg"],
    )
    assert_old_file_stays(stopped, folder, 130)


def test_ctrl_c_in_demo(folder):
    """Each file that it would have left is named."""
    arguments = ["demo", "--n-samples", 200, "--out", folder / "demo"]
    stopped = Stopped(folder, signal.SIGINT, EPOCH, 2, arguments)
    assert stopped.code == 130
    for name in ("customers.csv", "new_customers.csv", "auto.seg", "scored.csv"):
        assert f"{name} was not written." in stopped.message
    assert not (folder / "demo").exists()


@pytest.fixture
def numbers():
    """Customers in two groups."""
    X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    return X, np.where(X[:, 0] > 0, 1, 0)


def single(**parameters):
    defaults = {
        **{"n_members": 1, "n_inner_folds": 0, "numeric_embedding": None},
        **{"max_epochs": 4, "early_stopping": False, "random_state": 0},
    }
    return SegmentClassifier((4,), **{**defaults, **parameters})


@pytest.fixture
def interrupt_at(monkeypatch):
    """A function that lets Ctrl-C come at the end of the n-th epoch of all."""
    from segmentlearn.engine._epoch_recorder import EpochRecorder

    def interrupt(number):
        noted, record = [], EpochRecorder.record

        def recording(self, logs, weights):
            going_on = record(self, logs, weights)
            noted.append(self.n_epochs)
            if len(noted) == number:
                raise KeyboardInterrupt
            return going_on

        monkeypatch.setattr(EpochRecorder, "record", recording)
        return noted

    return interrupt


def test_a_single_net_keeps_its_best_weights(numbers, interrupt_at):
    """In a notebook the classifier can be used, and a warning says what it is."""
    interrupt_at(2)
    with pytest.warns(SegmentLearnWarning, match="interrupted after 2 of 4 epochs"):
        classifier = single().fit(*numbers)
    assert classifier.n_iter_ == 2


def test_within_a_job_a_single_net_does_not_return(numbers, interrupt_at):
    """Whoever trains several nets can say that Ctrl-C ends all of it."""
    interrupt_at(2)
    classifier = single()
    with pytest.raises(KeyboardInterrupt), engine.pass_interrupts_on():
        classifier.fit(*numbers)
    assert not hasattr(classifier, "model_")


@pytest.mark.parametrize(
    "job",
    [
        lambda X, y: BatchedGridSearchCV(
            single(batch_normalization=True), {"l2": [0.0, 0.1]}, cv=2
        ).fit(X, y),
        lambda X, y: compare_models(single(), X, y, cv=2),
        lambda X, y: AutoencoderClusterer(n_clusters=2, compare_baselines=False).fit(X),
    ],
    ids=["search", "comparison", "clusterer"],
)
def test_ctrl_c_ends_a_job_of_several_trainings(numbers, interrupt_at, job):
    """No net is trained behind the one that was interrupted."""
    noted = interrupt_at(1)
    with pytest.raises(KeyboardInterrupt):
        job(*numbers)
    assert len(noted) == 1


def test_ctrl_c_ends_nets_side_by_side(numbers, interrupt_at):
    """The net that was not interrupted ends between two epochs."""
    noted = interrupt_at(1)
    long = {"max_epochs": 2_000, "early_stopping": True, "n_iter_no_change": 2_000}
    with pytest.raises(KeyboardInterrupt):
        single(n_inner_folds=2, **long).fit(*numbers)
    assert len(noted) < 2_000


def test_ctrl_c_in_a_keras_wrapper_is_raised_as_scikeras_does(numbers, interrupt_at):
    """The net has the best weights so far, the history its epochs."""
    interrupt_at(2)

    def build():
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])

    X, y = numbers
    regressor = KerasRegressor(build, loss="mse", epochs=4, verbose=0)
    with (
        pytest.warns(SegmentLearnWarning, match="interrupted"),
        pytest.raises(KeyboardInterrupt),
    ):
        regressor.fit(X, y)
    assert len(regressor.history_["loss"]) == 2
    assert regressor.predict(X).shape == (60,)
