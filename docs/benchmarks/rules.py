"""How far a few rules agree with the model that they stand in for.

    python docs/benchmarks/rules.py                # three tables, 5 held-out folds
    python docs/benchmarks/rules.py mall --rules 4 8 12

The model is fitted once to all customers: SegmentClassifier on the automobile and bank
tables, AutoencoderClusterer with five segments on the three numbers of the mall's.
Rules and trees learn its segments from four fifths of the customers and are compared
with it on the others; all rules answer (min_confidence=0). Tables of less than a
thousand customers are split five times. "tree" is scikit-learn's
DecisionTreeClassifier with as many leaves as there are rules, on numbers as they are
and levels one-hot or as ordinal numbers, the better of the two on the held-out
customers; "tree, 10" has at least ten customers in a leaf, as the rules have. Real
tables are read from the folder in SEGMENTLEARN_DATA; generated ones take their place.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from customer_tables import data_folder, real_or_generated
from sklearn.model_selection import StratifiedKFold
from sklearn.tree import DecisionTreeClassifier

from segmentlearn import (
    AutoencoderClusterer,
    SegmentClassifier,
    load_mall,
    make_customers,
    segment_rules,
)

TABLES = ("automobile", "bank", "mall")
MIN_CUSTOMERS = 10


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", default=[], metavar="table")
    parser.add_argument("--rules", type=int, nargs="+", default=[4, 8, 12])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    columns = ("table", "rules", "ours", "tree", "tree, 10", "balanced", "tree's", "s")
    print(("{:<22}" + "{:>10}" * 7).format(*columns))
    for name in options.tables or TABLES:
        X, labels, source = segments_of(name)
        for n_rules in options.rules:
            row = compare(X, labels, n_rules)
            print(
                f"{name + ', ' + source:<22}{n_rules:>10}"
                + "".join(f"{figure:>10.4f}" for figure in row[:-1])
                + f"{row[-1]:>10.1f}",
                flush=True,
            )
        chosen = segment_rules(labels, X)
        print(
            f"  defaults: {len(chosen.rules_)} rules, "
            f"fidelity {chosen.fidelity_['overall']:.4f}, "
            f"coverage {chosen.coverage_:.4f}",
            flush=True,
        )


def segments_of(name):
    """The customers of a table, their segments by a model, and where they are from."""
    if name != "mall":
        X, y, source = real_or_generated(name)
        return X, SegmentClassifier(random_state=0).fit(X, y).predict(X), source
    try:
        X, source = load_mall(data_folder())[0], "real"
    except FileNotFoundError:
        X, source = make_customers("mall", 200, random_state=0)[0], "generated"
    X = X.select_dtypes("number")
    return X, AutoencoderClusterer(n_clusters=5, random_state=0).fit_predict(X), source


def compare(X, labels, n_rules):
    """Held-out agreement of rules and trees, and the seconds that rules take."""
    seeds = range(5 if len(X) < 1000 else 1)  # of few customers one split says little
    rows = [compare_once(X, labels, n_rules, seed) for seed in seeds]
    return np.mean(rows, axis=0)


def compare_once(X, labels, n_rules, seed):
    """The figures of one split in five folds."""
    folds = StratifiedKFold(5, shuffle=True, random_state=seed).split(X, labels)
    encodings = {
        (kind, smallest): (encode(X, kind), smallest)
        for kind in ("one-hot", "ordinal")
        for smallest in (1, MIN_CUSTOMERS)
    }
    found = {key: np.empty(len(X), dtype=object) for key in ["ours", *encodings]}
    seconds = []
    for train, test in folds:
        start = time.perf_counter()
        rules = segment_rules(
            labels[train],
            X.iloc[train],
            max_rules=n_rules,
            min_customers=MIN_CUSTOMERS,
            min_confidence=0,
        )
        seconds.append(time.perf_counter() - start)
        found["ours"][test] = rules.predict(X.iloc[test])
        for key, (matrix, smallest) in encodings.items():
            tree = DecisionTreeClassifier(
                max_leaf_nodes=n_rules, min_samples_leaf=smallest, random_state=0
            ).fit(matrix[train], labels[train])
            found[key][test] = tree.predict(matrix[test])
    hits = {key: np.mean(predicted == labels) for key, predicted in found.items()}
    best = {
        smallest: max(
            (key for key in encodings if key[1] == smallest), key=lambda key: hits[key]
        )
        for smallest in (1, MIN_CUSTOMERS)
    }
    return (
        hits["ours"],
        hits[best[1]],
        hits[best[MIN_CUSTOMERS]],
        balanced(found["ours"], labels),
        balanced(found[best[1]], labels),
        np.median(seconds),
    )


def balanced(predicted, labels):
    """The mean over the segments of the share that is found."""
    return np.mean([np.mean(predicted[labels == k] == k) for k in np.unique(labels)])


def encode(X, kind):
    """A matrix for scikit-learn's trees; missing numbers stay missing."""
    numbers = X.select_dtypes("number")
    levels = X.drop(columns=numbers.columns)
    if not len(levels.columns):
        return numbers.to_numpy(dtype=np.float64)
    if kind == "one-hot":
        levels = pd.get_dummies(levels, dummy_na=True)
    else:
        levels = levels.apply(lambda column: pd.factorize(column, sort=True)[0])
    return np.column_stack([numbers, levels]).astype(np.float64)


if __name__ == "__main__":
    main()
