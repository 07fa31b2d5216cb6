"""A grid search of a small net: SciKeras, one fit after the other, one program.

    python docs/benchmarks/batched_search.py

16 candidates over 5 folds of the "best-practices" net (32-16-8, Adam, batches of 32,
50 epochs, patience 5, 20 % held out), on the automobile table where SEGMENTLEARN_DATA
names its folder, else on generated customers. One thread for all; each contestant runs
in a process of its own, cold first, then warm. SciKeras is measured on a few of the 80
fits, and scaled.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time
import warnings

CONTESTANTS = ("scikeras", "plain", "batched", "memory")
RATES, DECAYS = [0.0005, 0.001, 0.002, 0.004], [0.0001, 0.001, 0.01, 0.1]
N_FITS, N_SCIKERAS = 80, 3


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("contestants", nargs="*", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        warnings.simplefilter("ignore")
        globals()[f"measure_{options.contestants[0]}"](options.rounds)
        return
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
    environment = {
        **os.environ,
        **dict.fromkeys(names, "1"),
        "OPENBLAS_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    print(f"{'seconds for 80 fits':<52} {'cold':>9} {'warm':>9}", flush=True)
    warm = {}
    for name in options.contestants or CONTESTANTS:
        command = [sys.executable, "-W", "ignore", __file__, name, "--inside"]
        command += ["--rounds", str(options.rounds)]
        done = subprocess.run(
            command, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        *lines, last = done.stdout.strip().splitlines()
        print("\n".join(lines), flush=True)
        warm[name] = float(last)
    for name, target in (("scikeras", 60), ("plain", 2)):
        if {name, "batched"} <= set(warm):
            ratio = warm[name] / warm["batched"]
            print(f"{name} takes {ratio:.1f} times as long as batched; target {target}")


def automobile():
    from segmentlearn import load_automobile, make_customers

    folder = os.environ.get("SEGMENTLEARN_DATA")
    if folder and (pathlib.Path(folder) / "auto_train.csv").exists():
        X, y = load_automobile(pathlib.Path(folder) / "auto_train.csv")
        return X.drop(columns=[c for c in X.columns if c == "ID"]), y
    return make_customers("automobile", 8068, random_state=0)


def show(what, cold, warm):
    print(f"{what:<52} {cold:>9.1f} {warm:>9.1f}", flush=True)
    print(warm, flush=True)


def measure_search(kind, what, rounds):
    from segmentlearn import SegmentClassifier

    X, y = automobile()
    net = SegmentClassifier.from_preset("best-practices", random_state=0)
    grid = {"learning_rate": RATES, "weight_decay": DECAYS}
    seconds = []
    for _ in range(1 + rounds):
        start = time.perf_counter()
        search = kind(net, grid, cv=5, refit=False).fit(X, y)
        seconds.append(time.perf_counter() - start)
    best = search.cv_results_["mean_test_score"].max()
    show(f"{what} (accuracy {best:.4f})", seconds[0], statistics.median(seconds[1:]))


def measure_plain(rounds):
    from sklearn.model_selection import GridSearchCV

    measure_search(GridSearchCV, "segmentlearn in GridSearchCV", rounds)


def measure_batched(rounds):
    from segmentlearn import BatchedGridSearchCV

    measure_search(BatchedGridSearchCV, "segmentlearn in BatchedGridSearchCV", rounds)


def measure_scikeras(rounds):
    import keras
    from scikeras.wrappers import KerasClassifier
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import make_pipeline

    from segmentlearn import TabularPreprocessor

    X, y = automobile()
    codes = y.astype("category").cat.codes.to_numpy()

    def build(meta):
        layers = [keras.Input((meta["n_features_in_"],))]
        layers += [keras.layers.Dense(units, "relu") for units in (32, 16, 8)]
        return keras.Sequential([*layers, keras.layers.Dense(4, "softmax")])

    stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
    net = KerasClassifier(
        build,
        loss="sparse_categorical_crossentropy",
        optimizer="adam",
        epochs=50,
        batch_size=32,
        validation_split=0.2,
        callbacks=[stop],
        verbose=0,
        random_state=0,
    )
    estimator = make_pipeline(TabularPreprocessor(), net)
    # a fit of the first fold at each of the rates that the others train with
    first = [next(StratifiedKFold(5).split(X, codes))]
    grid = {"kerasclassifier__optimizer__learning_rate": RATES[:N_SCIKERAS]}
    start = time.perf_counter()
    GridSearchCV(estimator, grid, cv=first, refit=False).fit(X, codes)
    scaled = (time.perf_counter() - start) * N_FITS / N_SCIKERAS
    what = f"SciKeras in GridSearchCV ({N_SCIKERAS} fits, scaled)"
    show(what, scaled, scaled)


def measure_memory(rounds):
    import psutil

    from segmentlearn import BatchedGridSearchCV, SegmentClassifier

    X, y = automobile()
    net = SegmentClassifier.from_preset("best-practices", random_state=0)
    process = psutil.Process()
    BatchedGridSearchCV(net, {"learning_rate": RATES[:2]}, cv=5, refit=False).fit(X, y)
    before = process.memory_info().rss
    grid = {"learning_rate": RATES, "weight_decay": [*DECAYS, 0.5]}
    BatchedGridSearchCV(net, grid, cv=5, refit=False).fit(X, y)
    grown = (process.memory_info().rss - before) / 2**20
    print(f"memory that 100 fits add after 10: {grown:.0f} MB; target 50")
    print(grown)


if __name__ == "__main__":
    main()
