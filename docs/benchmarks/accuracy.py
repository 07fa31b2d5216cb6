"""How well SegmentClassifier() does by default, beside boosted trees and regression.

    python docs/benchmarks/accuracy.py                        # every table and model
    python docs/benchmarks/accuracy.py --tables confirmation  # a group, or table names
    python docs/benchmarks/accuracy.py --small                # 200 rows
    python docs/benchmarks/accuracy.py --growth               # up to a million rows
    python docs/benchmarks/accuracy.py --seconds              # cold and warm fits

Five stratified folds, the same for every model. Everyone gets the raw table, missing
values and categories included, in the form that the library itself asks for; only the
regression gets a prepared one. Log-loss, AUC (one against one for several classes),
accuracy and macro F1 are means over the folds.

ECE is the expected calibration error: the gap between the top probability and how often
it is right, over 15 bins of equal width. A fold of 1,600 rows has an ECE of about 0.025
from sampling noise alone, so the one to read is "ECE pooled", of all out-of-fold
predictions at once. Seconds are the median fit of the folds; --seconds tells the first
fit of a process, which also compiles, from later ones.

The tables are in groups, and so are the ranks: the defaults were chosen by their scores
on the development tables, and none by a score on the confirmation tables.
"""

import argparse
import gc
import importlib.metadata
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings
from typing import NamedTuple

import numpy as np
from contestants import MODELS, build, native
from customer_tables import GROUPS, real_or_generated
from scipy.stats import rankdata
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit
from threadpoolctl import threadpool_limits

from segmentlearn import engine, make_customers

N_BINS = 15
GROWTH_ROWS = (10_000, 100_000, 1_000_000)
SMALL_ROWS, SMALL_REPETITIONS = 200, 10
# of the fields of Scores
TITLES = (
    "accuracy",
    "macro F1",
    "log-loss",
    "AUC",
    "ECE of folds",
    "ECE pooled",
    "seconds",
)


class Scores(NamedTuple):
    """What one model reaches on one table."""

    accuracy: float
    macro_f1: float
    log_loss: float
    auc: float
    ece_of_folds: float
    ece_pooled: float
    seconds: float


def main():
    options = parse()
    use_threads(options.threads)
    warnings.simplefilter("ignore")
    if options.growth_of:
        growth_of(options.growth_of, options)
    elif options.seconds_of:
        seconds_of(options.seconds_of, options)
    elif options.small:
        measure_small(options)
    elif options.growth:
        measure_growth()
    elif options.seconds:
        measure_seconds()
    else:
        measure_accuracy(options)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [*GROUPS, *(name for group in GROUPS.values() for name in group)]
    some_of = {"nargs": "+", "metavar": "NAME"}
    parser.add_argument(
        "--tables",
        choices=names,
        default=list(GROUPS),
        help=", ".join(names),
        **some_of,
    )
    parser.add_argument(
        "--models", choices=MODELS, default=MODELS, help=", ".join(MODELS), **some_of
    )
    parser.add_argument("--folds", type=int, choices=range(1, 6), default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--effort", help="handed to SegmentClassifier")
    parser.add_argument(
        "--seed", type=int, default=0, help="random_state of all models"
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--small", action="store_true", help="fits on 200 rows")
    mode.add_argument("--growth", action="store_true", help="up to a million rows")
    mode.add_argument("--seconds", action="store_true", help="cold and warm fits")
    # what --growth and --seconds ask of the processes that they start
    mode.add_argument("--growth-of", type=int, help=argparse.SUPPRESS)
    mode.add_argument("--seconds-of", help=argparse.SUPPRESS)
    return parser.parse_args()


def use_threads(threads):
    """Bound the threads of what is loaded already and of what will be."""
    threadpool_limits(threads)
    for variable in (
        "OMP_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    ):
        os.environ[variable] = str(threads)


# Accuracy


def measure_accuracy(options):
    print_versions(options)
    engine.cache_info()  # imports TensorFlow, which is no part of a fit
    for group, tables in GROUPS.items():
        chosen = [
            name for name in tables if group in options.tables or name in options.tables
        ]
        if chosen:
            print(f"\n## The {group} tables", flush=True)
            results = [measure_table(name, tables[name], options) for name in chosen]
            print_ranks(group, [scores for scores in results if scores], options.models)


def measure_table(name, table, options):
    """Print and return the scores of each model; None where the table is absent."""
    print(f"\n### {name}: {table.source}\n", flush=True)
    try:
        X, y = table.load()
    except FileNotFoundError as absent:
        print(f"skipped: {absent}", flush=True)
        return None
    classes, codes = np.unique(y, return_inverse=True)
    print(f"{len(X):,} rows, {X.shape[1]} columns, {len(classes)} classes\n")
    print_header("model", *TITLES)
    results = {}
    for model in options.models:
        results[model] = scores = cross_validate(model, X, codes, options)
        *qualities, duration = scores
        print_row(model, *(f"{one:.4f}" for one in qualities), f"{duration:.2f}")
    return results


def cross_validate(name, X, codes, options):
    """Fit on the training part of each fold, and score what was held out."""
    table = native(name, X)
    splits = StratifiedKFold(5, shuffle=True, random_state=0).split(X, codes)
    by_fold, held_out, times = [], [], []
    for train, test in list(splits)[: options.folds]:
        model = build(name, X, options)
        times.append(fit_seconds(model, table.iloc[train], codes[train]))
        probabilities = predict(model, table.iloc[test])
        by_fold.append(score(codes[test], probabilities))
        held_out.append((codes[test], probabilities))
    pooled = [np.concatenate(parts) for parts in zip(*held_out, strict=True)]
    return Scores(
        *np.mean(by_fold, axis=0), calibration_error(*pooled), statistics.median(times)
    )


def predict(model, X):
    """Probabilities in double precision that sum to one exactly enough for everyone."""
    probabilities = np.clip(np.asarray(model.predict_proba(X), float), 1e-15, 1.0)
    return probabilities / probabilities.sum(axis=1, keepdims=True)


def score(codes, probabilities):
    """The first five of `Scores`, in their order."""
    predicted = probabilities.argmax(axis=1)
    n_classes = probabilities.shape[1]
    # with two classes, roc_auc_score wants the probability of the second alone
    ranking = probabilities if n_classes > 2 else probabilities[:, 1]
    return (
        accuracy_score(codes, predicted),
        f1_score(codes, predicted, average="macro"),
        log_loss(codes, probabilities, labels=range(n_classes)),
        roc_auc_score(codes, ranking, multi_class="ovo"),
        calibration_error(codes, probabilities),
    )


def calibration_error(codes, probabilities):
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == codes
    bins = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    # rows of a bin times its gap is the sum of its rows' gaps
    gaps = np.bincount(bins, weights=correct - confidence)
    return np.abs(gaps).sum() / len(codes)


def print_ranks(group, results, models):
    """Mean ranks over the tables, 1 for the best, and how often each was the best."""
    if not results or len(models) < 2:
        return
    losses = np.array(
        [[table[model].log_loss for model in models] for table in results]
    )
    aucs = np.array([[table[model].auc for model in models] for table in results])
    loss_ranks = rankdata(losses, axis=1)
    auc_ranks = rankdata(-aucs, axis=1)
    wins = (losses == losses.min(axis=1, keepdims=True)).sum(axis=0)
    print(f"\n### Mean ranks over {len(results)} {group} tables\n")
    print_header("model", "rank by log-loss", "rank by AUC", "best log-loss")
    for number, model in enumerate(models):
        print_row(
            model,
            f"{loss_ranks[:, number].mean():.2f}",
            f"{auc_ranks[:, number].mean():.2f}",
            f"{wins[number]} of {len(results)}",
        )


# Few rows, many rows, seconds


def measure_small(options):
    """Mean log-loss after 200 customers, where a linear model is hard to beat."""
    X, y, origin = real_or_generated("automobile")
    codes = np.unique(y, return_inverse=True)[1]
    splits = StratifiedShuffleSplit(
        SMALL_REPETITIONS, train_size=SMALL_ROWS, random_state=options.seed
    )
    losses = {"ours": [], "logistic": []}
    for train, test in splits.split(X, codes):
        for name, so_far in losses.items():
            model = build(name, X, options).fit(X.iloc[train], codes[train])
            so_far.append(log_loss(codes[test], predict(model, X.iloc[test])))
    own, regression = np.array(losses["ours"]), np.array(losses["logistic"])
    print(f"automobile ({origin}), {SMALL_ROWS} rows to learn from, {len(own)} draws\n")
    print_header("model", "mean log-loss", "smallest", "largest", "better in")
    for name, one, other in (("ours", own, regression), ("logistic", regression, own)):
        numbers = (f"{loss:.4f}" for loss in (one.mean(), one.min(), one.max()))
        print_row(name, *numbers, f"{(one < other).sum()} of {len(one)}")


def measure_growth():
    print("default fits on generated automobile customers\n")
    print_header("rows", "ours s", "LightGBM s", "peak MB before", "peak MB after ours")
    for n_rows in GROWTH_ROWS:
        in_own_process("--growth-of", n_rows)


def growth_of(n_rows, options):
    X, y = make_customers("automobile", n_rows, random_state=0)
    codes = np.unique(y, return_inverse=True)[1]
    engine.cache_info()  # imports TensorFlow, which is no part of a fit
    before = peak_megabytes()
    own = fit_seconds(build("ours", X, options), X, codes)
    after = peak_megabytes()
    table = native("lightgbm", X)
    peer = fit_seconds(build("lightgbm", X, options), table, codes)
    print_row(
        f"{n_rows:,}", f"{own:.1f}", f"{peer:.1f}", f"{before:,.0f}", f"{after:,.0f}"
    )


def measure_seconds():
    print("seconds of a fit; the cold one compiles\n")
    print_header("table", "cold", "warm", 'effort="fast", warm', "CatBoost default")
    for name in ("automobile", "bank"):
        in_own_process("--seconds-of", name)


def seconds_of(name, options):
    X, y, origin = real_or_generated(name)
    codes = np.unique(y, return_inverse=True)[1]
    fast_options = argparse.Namespace(**{**vars(options), "effort": "fast"})
    engine.cache_info()  # imports TensorFlow, which is no part of a fit
    cold, warm = (fit_seconds(build("ours", X, options), X, codes) for _ in range(2))
    _, fast = (fit_seconds(build("ours", X, fast_options), X, codes) for _ in range(2))
    table = native("catboost", X)
    peer = fit_seconds(build("catboost", X, options), table, codes)
    times = (f"{time:.2f}" for time in (cold, warm, fast, peer))
    print_row(f"{name} ({origin})", *times)


def in_own_process(*arguments):
    """Run this script again with other arguments, nothing compiled or loaded before."""
    shared = [a for a in sys.argv[1:] if a not in ("--growth", "--seconds")]
    environment = {k: v for k, v in os.environ.items() if k != "SEGMENTLEARN_XLA_CACHE"}
    command = [sys.executable, "-W", "ignore", __file__, *shared, *map(str, arguments)]
    subprocess.run(command, env=environment, check=True)


def fit_seconds(model, X, codes):
    gc.collect()
    start = time.perf_counter()
    model.fit(X, codes)
    return time.perf_counter() - start


def peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# Printing


def print_versions(options):
    libraries = {model.partition("-")[0] for model in options.models}
    packages = [
        "segmentlearn",
        "scikit-learn",
        *libraries - {"ours", "blend", "logistic"},
    ]
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in sorted(packages)
    )
    print(f"{versions}; {options.threads} threads, {options.folds} of 5 folds")


def print_header(*titles):
    print_row(*titles)
    print("|---" + "|---:" * (len(titles) - 1) + "|", flush=True)


def print_row(*cells):
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
