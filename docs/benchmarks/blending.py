"""A net, boosted trees and their blend on the tables of accuracy.py.

    python docs/benchmarks/blending.py                         # every table, five folds
    python docs/benchmarks/blending.py --tables oj bank --folds 2
    python docs/benchmarks/blending.py --small                 # 200 rows, ten draws

The folds are those of accuracy.py. Net and trees are the parts of the fitted blend, so
each is trained once; the net's seconds are those of the blend without those of trees
alone. Numbers are means over the folds; ECE is of all held-out rows at once.
"""

import argparse
import os
import statistics
import warnings

import numpy as np
from accuracy import (
    calibration_error,
    fit_seconds,
    predict,
    print_header,
    print_row,
    score,
    use_threads,
)
from customer_tables import GROUPS, real_or_generated
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

from segmentlearn import BlendedClassifier, BoostedTreesClassifier, engine

MODELS = ("net", "trees", "blend")
TABLES = {name: table for group in GROUPS.values() for name, table in group.items()}
TITLES = (
    *(f"{model} log-loss" for model in MODELS),
    *(f"{model} AUC" for model in MODELS),
    "weight of the net",
    "net ECE",
    "blend ECE",
    "net seconds",
    "blend seconds",
)
TOLERANCE = 0.0005
SMALL_ROWS, SMALL_REPETITIONS = 200, 10


def main():
    options = parse()
    use_threads(options.threads)
    warnings.simplefilter("ignore")
    engine.cache_info()  # imports TensorFlow, which is no part of a fit
    if options.small:
        measure_small(options)
        return
    print_header("table", *TITLES)
    losses = [measure_table(name, options) for name in options.tables]
    losses = np.array([loss for loss in losses if loss is not None])
    excess = losses[:, 2] - losses[:, :2].min(axis=1)
    print(
        f"\nblend below both in {np.sum(excess < 0)} of {len(excess)} tables, more "
        f"than {TOLERANCE} above the better one in {np.sum(excess > TOLERANCE)}, at "
        f"most {excess.max():+.4f}, {excess.mean():+.4f} on average"
    )


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    named = [*GROUPS["development"], *GROUPS["confirmation"]]
    parser.add_argument(
        "--tables", nargs="+", choices=TABLES, default=named, metavar="NAME"
    )
    parser.add_argument("--folds", type=int, choices=range(1, 6), default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--small", action="store_true", help="fits on 200 rows")
    return parser.parse_args()


def measure_table(name, options):
    """Print a row of means, and return the log-loss of each model."""
    try:
        X, y = TABLES[name].load()
    except FileNotFoundError as absent:
        print(f"{name} skipped: {absent}", flush=True)
        return None
    codes = np.unique(y, return_inverse=True)[1]
    splits = StratifiedKFold(5, shuffle=True, random_state=0).split(X, codes)
    found, held_out, weights, seconds = [], [], [], []
    for train, test in list(splits)[: options.folds]:
        blend, times = fit(X.iloc[train], codes[train], options)
        probabilities = predict_all(blend, X.iloc[test])
        found.append([score(codes[test], one)[2:4] for one in probabilities])
        held_out.append((codes[test], *probabilities))
        weights.append(blend.weights_[0])
        seconds.append(times)
    true, net, _, blended = (np.concatenate(p) for p in zip(*held_out, strict=True))
    losses, areas = np.mean(found, axis=0).T
    errors = calibration_error(true, net), calibration_error(true, blended)
    medians = map(statistics.median, zip(*seconds, strict=True))
    print_row(
        name,
        *(f"{value:.4f}" for value in (*losses, *areas)),
        f"{np.mean(weights):.2f}",
        *(f"{value:.4f}" for value in errors),
        *(f"{value:.1f}" for value in medians),
    )
    return losses


def fit(X, codes, options):
    """Return a fitted blend, and the seconds of its net and of all of it."""
    blend = BlendedClassifier(random_state=options.seed)
    trees = BoostedTreesClassifier(random_state=options.seed)
    of_blend, of_trees = fit_seconds(blend, X, codes), fit_seconds(trees, X, codes)
    return blend, (of_blend - of_trees, of_blend)


def predict_all(blend, X):
    """Probabilities in the order of `MODELS`."""
    return [predict(one, X) for one in (*blend.estimators_, blend)]


def measure_small(options):
    """Mean log-loss after 200 customers."""
    X, y, origin = real_or_generated("automobile")
    codes = np.unique(y, return_inverse=True)[1]
    splits = StratifiedShuffleSplit(
        SMALL_REPETITIONS, train_size=SMALL_ROWS, random_state=options.seed
    )
    losses = []
    for train, test in splits.split(X, codes):
        blend, _ = fit(X.iloc[train], codes[train], options)
        probabilities = predict_all(blend, X.iloc[test])
        losses.append([log_loss(codes[test], one) for one in probabilities])
    print(f"automobile ({origin}), {SMALL_ROWS} rows, {len(losses)} draws\n")
    print_header("model", "mean log-loss", "blend better in")
    losses = np.array(losses)
    for number, model in enumerate(MODELS):
        better = np.sum(losses[:, 2] < losses[:, number])
        print_row(model, f"{losses[:, number].mean():.4f}", f"{better}")


if __name__ == "__main__":
    main()
