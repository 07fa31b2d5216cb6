"""False alarms and misses of the monitor, coverage of sets, novelty, the history.

    python docs/benchmarks/monitoring.py                      # all parts
    python docs/benchmarks/monitoring.py monitor conformal    # some of them

monitor: a classifier and a clusterer, each fitted to 2,000 customers of ten columns,
check 100 months of 2,000 new customers each, and the same months with one of the
numbers moved by half a standard deviation. conformal: sets for a coverage of 0.90 over
50 splits into calibration and test rows, with one net for each table, beside MAPIE
(pip install mapie) with the same probabilities. novelty: a segment left out of
training, each of the five segments of five populations. history: a process that is
killed in the middle of an append, and what is read afterwards. size: a million
customers. Real tables are read from the folder in SEGMENTLEARN_DATA; generated ones
take their place.
"""

import argparse
import multiprocessing
import pathlib
import random
import resource
import tempfile
import time
import warnings
from collections import Counter

import numpy as np
import pandas as pd
from customer_tables import real_or_generated
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import roc_auc_score

from segmentlearn import (
    AutoencoderClusterer,
    NoveltyDetector,
    SegmentClassifier,
    SegmentMonitor,
    make_customers,
)
from segmentlearn.monitoring import append_history, read_history

N_MONTHS, N_ROWS = 100, 2_000
N_SPLITS, COVERAGE = 50, 0.9
N_KILLS, N_CUSTOMERS = 50, 3_000


def main():
    parts = {
        "monitor": monitor,
        "conformal": conformal,
        "novelty": novelty,
        "history": history,
        "size": size,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=[], metavar="part")
    warnings.simplefilter("ignore")
    for name in parser.parse_args().parts or parts:
        started = time.perf_counter()
        print(f"\n{name}")
        parts[name]()
        print(f"  ({time.perf_counter() - started:.0f} s)", flush=True)


def monitor():
    """Print how often the verdict is not "keep", without and with a drift."""
    alarms, found = Counter(), Counter()
    for kind, model in (
        ("latent", SegmentClassifier(random_state=0)),
        ("latent", AutoencoderClusterer(n_clusters=5, random_state=0)),
    ):
        X, y = make_customers(kind, N_ROWS, random_state=0)
        numbers = list(X.select_dtypes("number").columns[:7])
        columns = [*numbers, *X.select_dtypes(exclude="number").columns[:3]]
        X = X[columns]
        model.fit(X, y)
        check = SegmentMonitor.from_model(model, X).check
        own_alarms, own_found = Counter(), Counter()
        for month in range(N_MONTHS):
            new = make_customers(kind, N_ROWS, random_state=1_000 + month)[0][columns]
            own_alarms[check(new).verdict] += 1
            moved = numbers[month % len(numbers)]
            half = X[moved].std() / 2
            own_found[check(new.assign(**{moved: new[moved] + half})).verdict] += 1
        print(f"  {type(model).__name__}: unchanged {dict(own_alarms)}, ", end="")
        print(f"drift {dict(own_found)}", flush=True)
        alarms, found = alarms + own_alarms, found + own_found
    n_months = alarms.total()
    print(f"  false alarms {1 - alarms['keep'] / n_months:.3f} of {n_months}, ", end="")
    print(f"found {1 - found['keep'] / n_months:.3f} of {n_months}")


class FixedProbabilities(ClassifierMixin, BaseEstimator):
    """A classifier whose features are the probabilities that it returns."""

    def fit(self, X, y):
        """Learn the classes only."""
        self.classes_, self.n_features_in_ = np.unique(y), X.shape[1]
        return self

    def predict_proba(self, X):
        """Return what was passed."""
        return X

    def predict(self, X):
        """Return the most probable class."""
        return self.classes_[np.argmax(X, axis=1)]


def conformal():
    """Print coverage and size of sets, by class and for all, beside MAPIE's."""
    print(f"  {'':<22}{'coverage':>9}{'worst':>7}{'size':>7}", end="")
    print(f"{'for all':>9}{'worst':>7}{'size':>7}{'MAPIE':>7}{'by class':>9}")
    for name in (
        "automobile",
        "bank",
        "generated automobile",
        "generated bank",
        "generated latent",
    ):
        X, y, source = conformal_table(name)
        rows = np.random.default_rng(0).permutation(len(y))
        train, others = rows[:4_000], rows[4_000:]
        model = SegmentClassifier(random_state=0).fit(X.iloc[train], y[train])
        figures = [
            conformal_split(model, X.iloc[others], y[others], seed)
            for seed in range(N_SPLITS)
        ]
        mean = np.mean([figure[0] for figure in figures], axis=0)
        by_class = [pd.concat([f[at] for f in figures], axis=1) for at in (1, 2)]
        worst = [table.mean(axis=1).min() for table in by_class]
        cells = [mean[0], worst[0], mean[1], mean[2], worst[1], *mean[3:]]
        widths = (9, 7, 7, 9, 7, 7, 7, 9)
        texts = [f"{c:>{w}.3f}" for c, w in zip(cells, widths, strict=True)]
        print(f"  {source:<22}{''.join(texts)}", flush=True)


def conformal_table(name):
    """A table with labels as an array, and what it is."""
    if name in ("automobile", "bank"):
        X, y, source = real_or_generated(name)
        return X.reset_index(drop=True), np.asarray(y), f"{name}, {source}"
    X, y = make_customers(name.split()[1], 10_000, random_state=0)
    return X, np.asarray(y), name


def conformal_split(model, X, y, seed):
    """Coverage and size of a split; of classes with 100 calibration rows or more."""
    rows = np.random.default_rng(seed).permutation(len(y))
    calibration, test = np.array_split(rows[:10_000], 2)
    model.conformalize(X.iloc[calibration], y[calibration])
    codes = np.searchsorted(model.classes_, y[test])
    enough = model.conformal_thresholds()["n_rows"] >= 100
    figures, by_class = [], []
    for per_class in (True, False):
        sets = model.predict_set(X.iloc[test], coverage=COVERAGE, per_class=per_class)
        hit = pd.Series(sets[np.arange(len(test)), codes])
        figures += [hit.mean(), sets.sum(axis=1).mean()]
        shares = hit.groupby(model.classes_[codes]).mean()
        by_class.append(shares[enough[shares.index]])
    proba = [model.predict_proba(X.iloc[part]) for part in (calibration, test)]
    sizes = mapie_sizes(*proba, y[calibration])
    return [*figures, *sizes], *by_class


def mapie_sizes(proba, new, y):
    """Mean size of MAPIE's sets, for all rows and by its thresholds for each class."""
    try:
        from mapie.classification import SplitConformalClassifier
    except ImportError:
        return np.nan, np.nan

    def sets_of(rows):
        fixed = FixedProbabilities().fit(proba, y)
        found = SplitConformalClassifier(fixed, confidence_level=COVERAGE, prefit=True)
        return found.conformalize(proba[rows], y[rows]).predict_set(new)[1][:, :, 0]

    classes = np.unique(y)
    own = np.zeros(new.shape, dtype=bool)
    for at, label in enumerate(classes):
        own[:, at] = sets_of(np.flatnonzero(y == label))[:, at]
    sizes = (sets.sum(axis=1).mean() for sets in (sets_of(slice(None)), own))
    return tuple(sizes)


def novelty():
    """Print AUC and false discovery rate, a segment left out of training."""
    print(f"  {'population':<12}{'AUC':>7}{'lowest':>8}{'FDR':>7}{'found':>7}")
    everything = []
    for population in range(5):
        rows = []
        for left_out in range(5):
            X, y = make_customers(
                "latent", 4_000, population=population, random_state=left_out
            )
            y = np.asarray(y)
            label = np.unique(y)[left_out]
            known = np.flatnonzero(y != label)[:N_ROWS]
            detector = NoveltyDetector(random_state=0).fit(X.iloc[known], y[known])
            for month in range(10):
                new, z = make_customers(
                    "latent", 1_000, population=population, random_state=100 + month
                )
                novel = np.asarray(z) == label
                called = detector.is_novel(new, fdr=0.1)
                auc = roc_auc_score(novel, detector.novelty_score(new))
                false = (called & ~novel).sum() / max(1, called.sum())
                power = (called & novel).sum() / novel.sum()
                rows.append((left_out, auc, false, power))
        frame = pd.DataFrame(rows, columns=["left_out", "auc", "fdr", "found"])
        lowest = frame.groupby("left_out")["auc"].mean().min()
        mean = frame.mean()
        everything.append(frame)
        print(f"  {population:<12}{mean.auc:>7.3f}{lowest:>8.3f}", end="")
        print(f"{mean.fdr:>7.3f}{mean.found:>7.3f}", flush=True)
    mean = pd.concat(everything).mean()
    print(f"  {'all':<12}{mean.auc:>7.3f}{'':>8}{mean.fdr:>7.3f}{mean.found:>7.3f}")


def append(place, period, connection=None):
    """Add customers; say when it begins and when it has ended."""
    keys = pd.DataFrame({"customer_id": np.arange(N_CUSTOMERS)})
    segments = np.arange(N_CUSTOMERS) % 5
    probability = np.full(N_CUSTOMERS, 0.5)
    if connection is not None:
        connection.send("begins")
    append_history(
        place, keys, segments, period=period, model="m", probability=probability
    )
    if connection is not None:
        connection.send("has ended")


def history():
    """Print what is in a history whose appends were killed, and scored twice."""
    context = multiprocessing.get_context("fork")
    draw = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder) / "history.parquet"
        started = time.perf_counter()
        append(place, "0")
        # a process that shares the processor takes longer than this one
        seconds = time.perf_counter() - started
        outcomes = Counter()
        for kill in range(1, N_KILLS + 1):
            ours, theirs = context.Pipe()
            process = context.Process(target=append, args=(place, str(kill), theirs))
            process.start()
            ours.recv()
            time.sleep(draw.uniform(0, 1.5) * seconds)
            process.kill()
            process.join()
            has_ended = ours.poll()
            sizes = read_history(place).groupby("period", observed=True).size()
            assert set(sizes) == {N_CUSTOMERS}, sizes
            is_there = str(kill) in sizes.index
            assert is_there or not has_ended
            outcomes["in the history" if is_there else "not in it"] += 1
        print(f"  {N_KILLS} appends killed: {dict(outcomes)}; all periods are whole")
        before = sorted(path.name for path in place.glob("*.parquet"))
        append(place, "0")
        after = sorted(path.name for path in place.glob("*.parquet"))
        n_twice = int(read_history(place).duplicated(["customer_id", "period"]).sum())
        print(f"  scored twice: {after == before=}, double rows {n_twice}")


def size():
    """Print seconds and memory of a check of a million customers."""
    X, y = make_customers("latent", 1_000_000, random_state=0)
    model = SegmentClassifier.from_preset("best-practices", random_state=0)
    model.fit(X[:5_000], y[:5_000])
    seen = SegmentMonitor.from_model(model, X[:5_000])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    started = time.perf_counter()
    labels, proba = model.predict(X), model.predict_proba(X)
    predicted = time.perf_counter()
    report = seen.report([seen.observe(X, labels, proba)])
    ended = time.perf_counter()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"  {report.verdict}: scoring {predicted - started:.1f} s, ", end="")
    print(f"monitor {ended - predicted:.1f} s; ", end="")
    print(f"memory {before:.2f} GB before, {after:.2f} GB after")


if __name__ == "__main__":
    main()
