"""How near ``explain`` comes to shap's KernelExplainer, and what a customer takes.

    pip install "segmentlearn[benchmark]"
    python docs/benchmarks/explanations.py [--model trees] [--table bank] [--n 20]

On the automobile and the bank table: a model with its defaults, fitted to three
quarters of the rows, 100 customers of the others, and a background of 100 rows that it
was fitted to. Both explain the probability of the predicted segment with the same
background. KernelExplainer has its defaults (2,048 coalitions and two for each column,
or all there are).
"""

import argparse
import time

import numpy as np
import pandas as pd
import shap
from customer_tables import real_or_generated
from scipy.stats import spearmanr

from segmentlearn import (
    BlendedClassifier,
    BoostedTreesClassifier,
    SegmentClassifier,
    explain,
)

N_BACKGROUND, N_LARGEST = 100, 10
TABLES = ("automobile", "bank")


def build(name):
    """The classifier of a name."""
    net = SegmentClassifier(random_state=0)
    trees = BoostedTreesClassifier(random_state=0)
    blend = BlendedClassifier([("net", net), ("trees", trees)], random_state=0)
    return {"net": net, "trees": trees, "blend": blend}[name]


def kernel_values(model, customers, background, columns):
    """Shapley values by KernelExplainer, which takes numbers: codes of cells."""
    both = pd.concat([customers, background])
    coded = [pd.factorize(both[name], use_na_sentinel=False) for name in both]
    codes = np.column_stack([code for code, _ in coded]).astype(float)
    levels = [pd.Series(level) for _, level in coded]

    def predict(rows):
        cells = {
            name: level.take(rows[:, at].astype(int)).array
            for at, (name, level) in enumerate(zip(both, levels, strict=True))
        }
        return model.predict_proba(pd.DataFrame(cells))

    n_customers = len(customers)
    explainer = shap.KernelExplainer(predict, codes[n_customers:], link="identity")
    values = explainer.shap_values(codes[:n_customers], silent=True)
    return values[np.arange(n_customers), :, columns]


def rank_correlations(values, reference):
    """Spearman's correlation of the columns that are largest in the reference."""
    for own, other in zip(values, reference, strict=True):
        largest = np.argsort(-np.abs(other), kind="stable")[:N_LARGEST]
        own, other = own[largest], other[largest]
        yield spearmanr(own, other)[0], spearmanr(np.abs(own), np.abs(other))[0]


def measure(kind, name, n_customers):
    """Compare the two on one table."""
    X, y, source = real_or_generated(kind)
    rows = np.random.default_rng(0).permutation(len(X))
    train, rest = np.split(rows, [3 * len(rows) // 4])
    model = build(name).fit(X.iloc[train], y.iloc[train])
    customers, background = X.iloc[rest[:n_customers]], X.iloc[train[:N_BACKGROUND]]
    columns = model.predict_proba(customers).argmax(axis=1)
    explain(model, customers[:5], background=background)
    started = time.perf_counter()
    found = explain(model, customers, background=background)
    own = (time.perf_counter() - started) / n_customers
    started = time.perf_counter()
    reference = kernel_values(model, customers, background, columns)
    theirs = (time.perf_counter() - started) / n_customers
    signed, sizes = np.array(list(rank_correlations(found.values, reference))).T
    same = np.abs(found.values).argmax(axis=1) == np.abs(reference).argmax(axis=1)
    print(f"{kind} ({source}), {name}: {n_customers} customers, {X.shape[1]} columns")
    for what, found in (("values", signed), ("their sizes", sizes)):
        print(
            f"  rank correlation of {what}: mean {found.mean():.3f}, median "
            f"{np.median(found):.3f}, lowest {found.min():.3f}, .8 or more for "
            f"{np.mean(found >= 0.8):.0%}"
        )
    print(f"  the same column is largest: {np.mean(same):.0%}")
    print(f"  {own * 1000:.1f} ms a customer; KernelExplainer {theirs * 1000:.0f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", choices=("net", "trees", "blend"), default="net")
    parser.add_argument("--table", choices=TABLES, nargs="*", default=TABLES)
    parser.add_argument("--n", type=int, default=100, help="customers")
    options = parser.parse_args()
    for table in options.table:
        measure(table, options.model, options.n)


if __name__ == "__main__":
    main()
