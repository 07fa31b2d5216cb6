"""A grid search over a Keras net of one's own: SciKeras beside segmentlearn.

    python docs/benchmarks/keras_wrapper.py            # SciKeras runs all 40 fits
    python docs/benchmarks/keras_wrapper.py --fits 5   # some, scaled to 40
    python docs/benchmarks/keras_wrapper.py --memory   # growth over 100 fits

Both sides get the same build function, grid, folds and callbacks; one process and one
thread. Runs on the automobile table where SEGMENTLEARN_DATA names its folder. Each side
runs in a process of its own, and its imports are not timed; compilations are.
"""

import argparse
import gc
import json
import os
import pathlib
import subprocess
import sys
import time
import warnings

import numpy as np

EPOCHS, BATCH, PATIENCE, FOLDS = 50, 32, 5, 5
GRID = {
    "model__units": [64],
    "model__dropout": [0.1, 0.3],
    "optimizer__learning_rate": [3e-4, 1e-3],
    "model__l2": [0.0, 1e-4],
}
ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fits", type=int, default=40, help="of SciKeras")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        warnings.simplefilter("ignore")
        print(json.dumps(measure(options.side, options.fits)))
        return
    if options.memory:
        growth = run("memory", 0, options.threads)
        print(f"resident memory, 100 fits after the first 10: {growth['megabytes']} MB")
        return
    ours = run("segmentlearn", 40, options.threads)
    theirs = run("scikeras", options.fits, options.threads)
    whole = theirs["seconds"] * 40 / theirs["fits"]
    scaled = "" if theirs["fits"] == 40 else f" ({theirs['fits']} fits, scaled to 40)"
    print(f"{'':<14} {'seconds':>9} {'a fit':>8} {'epochs a fit':>13} {'accuracy':>9}")
    for name, seconds, side in (
        ("SciKeras", whole, theirs),
        ("segmentlearn", ours["seconds"], ours),
    ):
        print(
            f"{name:<14} {seconds:>9.1f} {seconds / 40:>8.2f} {side['epochs']:>13.1f} "
            f"{side['accuracy']:>9.3f}{scaled if side is theirs else ''}"
        )
    print(f"ratio {whole / ours['seconds']:.1f}   target 20")


def run(side, fits, threads):
    """Measure one side in a process of its own."""
    count = str(threads)
    environment = {
        **os.environ,
        "TF_NUM_INTRAOP_THREADS": count,
        "TF_NUM_INTEROP_THREADS": count,
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    command = [sys.executable, "-W", "ignore", __file__]
    command += ["--side", side, "--fits", str(fits)]
    done = subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def measure(side, fits):
    from segmentlearn import TabularPreprocessor, load_automobile

    folder = os.environ.get("SEGMENTLEARN_DATA", ROOT.parent / "shared" / "data")
    X, y = load_automobile(folder)
    X = np.asarray(TabularPreprocessor().fit_transform(X, y), "float32")
    y = np.asarray(y, object)
    if side == "memory":
        return measure_memory(X, y)
    return measure_search(side, X, y, fits)


def make_classifier(side):
    import keras

    if side == "scikeras":
        from scikeras.wrappers import KerasClassifier
    else:
        from segmentlearn import KerasClassifier

    return KerasClassifier(
        build_net,
        model__units=64,
        model__dropout=0.1,
        model__l2=0.0,
        loss="sparse_categorical_crossentropy",
        optimizer="adam",
        optimizer__learning_rate=1e-3,
        metrics=["accuracy"],
        callbacks=keras.callbacks.EarlyStopping,
        callbacks__patience=PATIENCE,
        callbacks__restore_best_weights=True,
        validation_split=0.1,
        epochs=EPOCHS,
        batch_size=BATCH,
        random_state=0,
        verbose=0,
    )


def build_net(meta, units, dropout, l2):
    import keras

    layers = [keras.Input((meta["n_features_in_"],))]
    for _ in range(2):
        penalty = keras.regularizers.L2(l2)
        dense = keras.layers.Dense(units, activation="relu", kernel_regularizer=penalty)
        layers += [dense, keras.layers.Dropout(dropout)]
    layers.append(keras.layers.Dense(meta["n_classes_"], activation="softmax"))
    return keras.Sequential(layers)


def measure_search(side, X, y, fits):
    """Time the search, or the first fits of it where there are to be fewer."""
    from sklearn.base import clone
    from sklearn.model_selection import (
        GridSearchCV,
        ParameterGrid,
        StratifiedKFold,
        cross_validate,
    )

    classifier = make_classifier(side)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    epochs = []
    start = time.perf_counter()
    if fits == 40:
        search = GridSearchCV(
            classifier, GRID, cv=folds, refit=False, scoring=Counting(epochs)
        )
        search.fit(X, y)
        done, accuracy = 40, float(search.cv_results_["mean_test_score"].mean())
    else:
        done, scores = 0, []
        for candidate in ParameterGrid(GRID):
            result = cross_validate(
                clone(classifier).set_params(**candidate),
                X,
                y,
                cv=list(folds.split(X, y))[: fits - done],
                scoring=Counting(epochs),
            )
            scores.extend(result["test_score"])
            done += len(result["test_score"])
            if done >= fits:
                break
        accuracy = float(sum(scores) / len(scores))
    return {
        "seconds": time.perf_counter() - start,
        "fits": done,
        "accuracy": accuracy,
        "epochs": sum(epochs) / len(epochs),
    }


class Counting:
    """Accuracy, and a note of how many epochs the fit has taken."""

    def __init__(self, epochs):
        self.epochs = epochs

    def __call__(self, estimator, X, y):
        self.epochs.append(len(estimator.history_["loss"]))
        return float((estimator.predict(X) == y).mean())


def measure_memory(X, y):
    import psutil
    from sklearn.base import clone
    from sklearn.model_selection import ParameterGrid

    def resident():
        gc.collect()
        return psutil.Process().memory_info().rss / 2**20

    classifier = make_classifier("segmentlearn")
    candidates = list(ParameterGrid(GRID))
    before = 0.0
    for number in range(110):
        if number == 10:
            before = resident()
        candidate = candidates[number % len(candidates)]
        one = clone(classifier).set_params(**candidate, epochs=3)
        one.fit(X[:1000], y[:1000]).predict(X[:1000])
    return {"megabytes": round(resident() - before, 1)}


if __name__ == "__main__":
    main()
