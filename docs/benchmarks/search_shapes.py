"""Whether memory stays flat over hundreds of fits of ever new architectures.

    python docs/benchmarks/search_shapes.py
    python docs/benchmarks/search_shapes.py --fits 60 --only classifier

As a random search over architectures makes them: hidden layers, activations, features,
classes and batch sizes are drawn anew for each fit, for classifiers, ensembles,
autoencoders and Keras nets of the user's own, each of which fits and predicts. The
resident memory is read after the garbage collection that any program has from time to
time.
"""

import argparse
import ctypes
import gc
import sys
import time
import warnings

import keras
import numpy as np
import psutil

from segmentlearn import Autoencoder, KerasClassifier, SegmentClassifier

FIRST = 20
TARGET = 50
ACTIVATIONS = ("relu", "silu", "tanh", "gelu", "elu")


def draw(rng):
    """Draw the shape of a net and of its table."""
    return {
        "widths": tuple(rng.integers(4, 65, rng.integers(1, 4)).tolist()),
        "activation": ACTIVATIONS[rng.integers(len(ACTIVATIONS))],
        "n_features": int(rng.integers(3, 13)),
        "n_classes": int(rng.integers(2, 6)),
        "batch_size": int(rng.choice([16, 32, 64])),
    }


def make_net(meta, widths, activation, noise):
    """Build a net of the user's own."""
    layers = [keras.layers.Dense(width, activation=activation) for width in widths]
    if noise:
        layers.insert(0, keras.layers.GaussianNoise(0.1))
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            *layers,
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def classifier(shape, seed, **settings):
    return SegmentClassifier(
        shape["widths"],
        activation=shape["activation"],
        batch_size=shape["batch_size"],
        n_inner_folds=0,
        max_epochs=2,
        random_state=seed,
        **{"n_members": 1, "numeric_embedding": None} | settings,
    )


def autoencoder(shape, seed):
    return Autoencoder(
        2,
        hidden_layer_sizes=shape["widths"],
        activation=shape["activation"],
        batch_size=shape["batch_size"],
        max_epochs=2,
        random_state=seed,
    )


def own_net(shape, seed, **settings):
    return KerasClassifier(
        make_net,
        model__widths=shape["widths"],
        model__activation=shape["activation"],
        model__noise=False,
        loss="sparse_categorical_crossentropy",
        batch_size=shape["batch_size"],
        epochs=2,
        verbose=0,
        random_state=seed,
        **settings,
    )


class WantsBatches(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        pass


def left_to_keras(shape, seed):
    """A net whose callback wants batches, so that Keras' own fit trains it."""
    callback = WantsBatches()
    return own_net(shape, seed, callbacks=[callback])


KINDS = {
    "classifier": classifier,
    "ensemble": lambda shape, seed: classifier(shape, seed, n_members=3),
    "embedding": lambda shape, seed: classifier(
        shape, seed, numeric_embedding="periodic"
    ),
    "autoencoder": autoencoder,
    "own net": own_net,
    "left to Keras": left_to_keras,
}


def resident():
    """Return the megabytes that the process holds."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
    return psutil.Process().memory_info().rss / 2**20


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fits", type=int, default=300)
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(options.seed)
    kinds = [options.only] if options.only else list(KINDS)
    memory, start = {}, time.perf_counter()
    print("fits   MB  seconds a fit  processor seconds a fit")
    begun = time.process_time()
    for number in range(1, options.fits + 1):
        shape = draw(rng)
        X = rng.normal(size=(150, shape["n_features"])).astype(np.float32)
        y = np.arange(150) % shape["n_classes"]
        model = KINDS[kinds[number % len(kinds)]](shape, number)
        model.fit(X, y)
        model.transform(X) if hasattr(model, "transform") else model.predict(X)
        del model
        if number % FIRST == 0:
            memory[number] = resident()
            seconds = (time.perf_counter() - start) / FIRST
            used = (time.process_time() - begun) / FIRST
            row = f"{number:4d} {memory[number]:6.0f} {seconds:8.2f} {used:16.2f}"
            print(row, flush=True)
            start, begun = time.perf_counter(), time.process_time()
    growth = max(memory.values()) - memory[FIRST]
    print(f"growth after fit {FIRST}: {growth:.0f} MB   target <= {TARGET}")


if __name__ == "__main__":
    main()
