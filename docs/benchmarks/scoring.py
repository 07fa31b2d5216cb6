"""How fast fitted nets predict, and what a process needs for it.

    python docs/benchmarks/scoring.py

Three questions, on generated customers: what ``segmentlearn predict`` takes for 500
rows in a new process; how long one raw customer takes in a process that is warm; and
how many prepared rows a second the evaluator does, beside the same net compiled by XLA
(``engine.predict`` on ``model_``), in turns. The compiled program uses all cores.
"""

import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

from segmentlearn import SegmentClassifier, engine, load, make_customers, save

# rows in all, and in a call of the compiled program
N_PREPARED = {"one net": (1_000_000, 65_536), "default": (50_000, 4096)}
ROUNDS = 5
ONE_ROW = 500  # predictions


def fit_models(folder):
    """Fit and save the two models; return their archives."""
    X, y = make_customers("automobile", 4000, random_state=0)
    models = {
        "one net": SegmentClassifier.from_preset("best-practices", random_state=0),
        "default": SegmentClassifier(random_state=0),
    }
    archives = {}
    for name, model in models.items():
        archives[name] = folder / f"{name.replace(' ', '_')}.seg"
        save(model.fit(X, y), archives[name])
    X.head(500).to_csv(folder / "new.csv", index=False)
    return archives


def new_process(archive, folder):
    """Return seconds and megabytes of a run from start to end."""
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], check=True, capture_output=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    )
    seconds = []
    for number in range(ROUNDS):
        out = folder / f"{archive.stem}_{number}.csv"
        command = [sys.executable, "-m", "segmentlearn", "predict", archive]
        command += [folder / "new.csv", "--out", out]
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, command)],
            capture_output=True,
            text=True,
            check=True,
        )
        seconds.append(time.perf_counter() - started)
    return np.median(seconds), float(done.stdout)


def one_row(model):
    """Return the median and the 99th percentile of a customer's milliseconds."""
    X, _ = make_customers("automobile", ONE_ROW, random_state=1)
    customers = [X.iloc[[row]] for row in range(ONE_ROW)]
    model.predict_proba(customers[0])
    seconds = []
    for customer in customers:
        started = time.perf_counter()
        model.predict_proba(customer)
        seconds.append(time.perf_counter() - started)
    return np.percentile(seconds, [50, 99]) * 1000


def prepared(archive, n_rows, batch_size):
    """Return rows a second of the evaluator and of the compiled program."""
    fresh, shared = load(archive), load(archive)
    net = shared.model_
    rng = np.random.default_rng(0)
    features = rng.normal(size=(n_rows, net.input_shape[1])).astype(np.float32)
    contestants = {
        "NumPy": lambda: fresh._network.predict(features),
        "XLA": lambda: engine.predict(net, features, batch_size=batch_size),
    }
    outputs = {name: predict() for name, predict in contestants.items()}
    assert np.abs(outputs["NumPy"] - outputs["XLA"]).max() < 1e-6
    seconds = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, predict in contestants.items():
            started = time.perf_counter()
            predict()
            seconds[name].append(time.perf_counter() - started)
    return {name: n_rows / np.median(times) for name, times in seconds.items()}


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        archives = fit_models(folder)
        print("model     new process, 500 rows   one row, ms       prepared rows/s")
        print("          seconds          MB     median    99 %    NumPy       XLA")
        for model, archive in archives.items():
            seconds, megabytes = new_process(archive, folder)
            median, late = one_row(load(archive))
            rates = prepared(archive, *N_PREPARED[model])
            print(
                f"{model:<9} {seconds:7.2f} {megabytes:11.0f}     {median:6.2f} "
                f"{late:7.2f} {rates['NumPy']:12,.0f} {rates['XLA']:9,.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
