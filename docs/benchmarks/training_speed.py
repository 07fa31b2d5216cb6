"""How fast a net trains and predicts, beside Keras, scikit-learn and SciKeras.

    python docs/benchmarks/training_speed.py            # every section
    python docs/benchmarks/training_speed.py warm grid  # some of them

Runs on the automobile table where SEGMENTLEARN_DATA names its folder, else on generated
customers. One thread, peers in turn in the same process, medians of several runs. Each
section runs in a process of its own, so that none profits from another's compilations.
"""

import argparse
import gc
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time
import warnings

SECTIONS = ("warm", "cold", "dropout", "grid", "predict", "million", "memory", "import")
EPOCHS, BATCH = 50, 32


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], default=[])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in options.sections or SECTIONS:
        if options.inside:
            warnings.simplefilter("ignore")
            globals()[f"measure_{name}"]()
            continue
        threads = str(options.threads)
        environment = {
            **os.environ,
            "TF_NUM_INTRAOP_THREADS": threads,
            "TF_NUM_INTEROP_THREADS": threads,
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
        }
        command = [sys.executable, "-W", "ignore", __file__, name, "--inside"]
        subprocess.run(command, env=environment, check=True)


def show(what, value, target):
    print(f"{what:<66} {value:>18}   target {target}", flush=True)


def seconds(action):
    gc.collect()
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def in_turn(rounds, *actions):
    """Time the actions in turn, and return the median of each."""
    times = [[seconds(action) for action in actions] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident_megabytes():
    import psutil

    return psutil.Process().memory_info().rss / 2**20


def automobile():
    """The table after preprocessing, as every contestant gets it."""
    from segmentlearn import TabularPreprocessor, load_automobile, make_customers

    folder = os.environ.get("SEGMENTLEARN_DATA")
    if folder and (pathlib.Path(folder) / "auto_train.csv").exists():
        X, y = load_automobile(pathlib.Path(folder) / "auto_train.csv")
    else:
        X, y = make_customers("automobile", 8068, random_state=0)
    features = TabularPreprocessor().fit_transform(X, y)
    return features, y


def ours(**parameters):
    from segmentlearn import SegmentClassifier

    return SegmentClassifier.from_preset(
        "best-practices", **{"random_state": 0, **parameters}
    )


def keras_net(n_features, n_classes=4, dropout=0.0):
    import keras

    model = keras.Sequential([keras.Input((n_features,))])
    for units in (32, 16, 8):
        model.add(keras.layers.Dense(units, activation="relu"))
        if dropout:
            model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(n_classes, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def measure_warm():
    from sklearn.neural_network import MLPClassifier

    X, y = automobile()
    codes = y.astype("category").cat.codes.to_numpy()
    model = keras_net(X.shape[1])
    model.fit(X, codes, epochs=1, batch_size=BATCH, verbose=0)
    net = ours(early_stopping=False)
    net.fit(X, y)
    peer = MLPClassifier((32, 16, 8), batch_size=BATCH, max_iter=EPOCHS, tol=0.0)
    peer.n_iter_no_change = EPOCHS
    own, keras_time, sklearn_time = in_turn(
        3,
        lambda: net.fit(X, y),
        lambda: model.fit(X, codes, epochs=EPOCHS, batch_size=BATCH, verbose=0),
        lambda: peer.fit(X, codes),
    )
    print(
        f"{X.shape[0]} rows x {X.shape[1]} columns, {EPOCHS} epochs, seconds a fit: ",
        end="",
    )
    print(f"ours {own:.3f}, Keras {keras_time:.1f}, scikit-learn {sklearn_time:.2f}")
    show("warm: Keras fit / ours", f"{keras_time / own:.1f}", ">= 40")
    show("warm: MLPClassifier / ours", f"{sklearn_time / own:.1f}", ">= 5")


def measure_cold():
    import keras  # noqa: F401  (what is measured is the first fit, not the import)

    X, y = automobile()
    codes = y.astype("category").cat.codes.to_numpy()
    net = ours(early_stopping=False)
    own = seconds(lambda: net.fit(X, y))
    keras_time = seconds(
        lambda: keras_net(X.shape[1]).fit(
            X, codes, epochs=EPOCHS, batch_size=BATCH, verbose=0
        )
    )
    print(f"first fit of a process, compiling included: ours {own:.2f} s, ", end="")
    print(f"Keras {keras_time:.1f} s")
    show("cold: Keras fit / ours", f"{keras_time / own:.1f}", ">= 5")


def measure_dropout():
    X, y = automobile()
    plain = ours(early_stopping=False)
    dropping = ours(early_stopping=False, dropout=0.2)
    plain.fit(X, y), dropping.fit(X, y)
    without, with_dropout = in_turn(
        7, lambda: plain.fit(X, y), lambda: dropping.fit(X, y)
    )
    show("epoch with dropout / without", f"{with_dropout / without:.2f}", "<= 1.5")


def measure_grid():
    import keras
    from scikeras.wrappers import KerasClassifier
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    from segmentlearn import engine

    X, y = automobile()
    codes = y.astype("category").cat.codes.to_numpy()
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    rates = [3e-4, 5e-4, 7e-4, 1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3]
    engine.clear_cache()
    search = GridSearchCV(ours(), {"learning_rate": rates}, cv=folds)
    own = seconds(lambda: search.fit(X, y))
    compilations = engine.cache_info().compilations
    stopping = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
    peer = KerasClassifier(
        lambda: keras_net(X.shape[1]),
        optimizer="adam",
        loss="sparse_categorical_crossentropy",
        epochs=EPOCHS,
        batch_size=BATCH,
        validation_split=0.2,
        callbacks=[stopping],
        verbose=0,
    )
    peer_search = GridSearchCV(peer, {"optimizer__learning_rate": rates}, cv=folds)
    scikeras_time = seconds(lambda: peer_search.fit(X, codes))
    print(f"8 candidates x 5 folds + refit: ours {own:.1f} s (accuracy ", end="")
    print(f"{search.best_score_:.4f}), SciKeras {scikeras_time:.0f} s ", end="")
    print(f"({peer_search.best_score_:.4f})")
    show("GridSearchCV: SciKeras / ours", f"{scikeras_time / own:.1f}", ">= 20")
    show("compilations in those 41 fits", str(compilations), "1")


def measure_predict():
    import numpy as np

    net, y = ours(max_epochs=2), np.arange(1000) % 4
    rng = np.random.default_rng(0)
    net.fit(rng.standard_normal((1000, 32), np.float32), y)
    net.predict_proba(rng.standard_normal((70_000, 32), np.float32))
    before = peak_megabytes()
    X = rng.standard_normal((1_000_000, 32), np.float32)
    own = statistics.median(seconds(lambda: net.predict_proba(X)) for _ in range(5))
    share = (peak_megabytes() - before) / (X.nbytes / 2**20)
    show("predict_proba, 1,000,000 x 32: rows/s", f"{1e6 / own:,.0f}", ">= 1,000,000")
    show("predict_proba: peak memory / input", f"{share:.2f}", "<= 2")


def million_customers():
    import numpy as np

    from segmentlearn import TabularPreprocessor, make_customers

    table, y = make_customers("automobile", 1_000_000, random_state=0)
    X = TabularPreprocessor().fit_transform(table, y)
    return X, np.unique(y, return_inverse=True)[1].astype(np.int32)


def measure_million():
    start = time.perf_counter()
    X, codes = million_customers()
    prepared = time.perf_counter() - start
    net = ours(early_stopping=False, max_epochs=1, batch_size=1024)
    net.fit(X, codes)
    own_peak = peak_megabytes()
    model = keras_net(X.shape[1])
    rest = 4096 + len(X) % 1024  # the last batch, a smaller one, is traced here too
    model.fit(X[:rest], codes[:rest], epochs=1, batch_size=1024, verbose=0)
    own, keras_time = in_turn(
        7,
        lambda: net.fit(X, codes),
        lambda: model.fit(X, codes, epochs=1, batch_size=1024, verbose=0),
    )
    print(
        f"1,000,000 x {X.shape[1]}, one epoch, batch 1024: ours {own:.2f} s, Keras ",
        end="",
    )
    print(f"{keras_time:.2f} s (generated and prepared in {prepared:.0f} s)")
    show("one epoch: Keras fit / ours", f"{keras_time / own:.1f}", ">= 5")
    show("peak memory of the process so far, MB", f"{own_peak:,.0f}", "reported")
    show("size of the prepared table, MB", f"{X.nbytes / 2**20:,.0f}", "reported")


def measure_memory():
    import numpy as np

    rng = np.random.default_rng(0)
    nets = [(32, 16, 8), (64, 64), (16,), (128, 32), (24, 24, 24)]
    resident = []
    for number in range(40):
        n_rows = int(rng.integers(300, 12_000))
        X = rng.standard_normal((n_rows, 20), np.float32)
        net = ours(hidden_layer_sizes=nets[number % 5], max_epochs=3)
        net.fit(X, rng.integers(0, 4, n_rows))
        del net, X
        gc.collect()
        resident.append(resident_megabytes())
    growth = max(resident[10:]) - resident[9]
    print("resident MB after every fifth fit:", [round(mb) for mb in resident[4::5]])
    show("growth after the 10th of 40 fits, MB", f"{growth:.0f}", "<= 50")


def measure_import():
    def run(code):
        command = [sys.executable, "-c", code]
        return lambda: subprocess.run(command, check=True)

    own, peer = in_turn(7, run("import segmentlearn"), run("import sklearn, pandas"))
    show("import segmentlearn / import sklearn, pandas", f"{own / peer:.2f}", "<= 1.3")


if __name__ == "__main__":
    main()
