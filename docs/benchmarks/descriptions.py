"""What a few wrong cells do to descriptions, and what the audit finds.

    python docs/benchmarks/descriptions.py                    # every section
    python docs/benchmarks/descriptions.py corrupted defects  # some of them

- corrupted: 100 draws; in three columns of numbers of a table five percent of the cells
  get another sign, are multiplied by 1,000, or are 999,999 or -1. Segments are the
  generator's. "names" are the same for all segments of the table, "segments" counts
  them one by one; "features" are the columns in a name with their direction; "effects"
  is how far the effect sizes of the corrupted columns move, "means" how far Cohen's d
  of all cells does.
- defects: defects of 22 kinds, each planted into 30 tables; clean: the same tables
  without one.
- names: columns with a correlation above .7 in one name, lengths, equal names.
- number: planted segments found by select_n_clusters, and larger numbers offered where
  each of two to four clouds consists of two.

Constants were chosen with --seed 0, 1000, 3000, 5000, 7000, 20000 and 80000; others
took no part.
"""

import argparse
import collections
import itertools
import warnings

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn import (
    AutoencoderClusterer,
    audit,
    load_mall,
    make_customers,
    segment_profile,
    select_n_clusters,
)
from segmentlearn.inspection import associations
from segmentlearn.metrics import cohen_d

SECTIONS = ("corrupted", "defects", "clean", "names", "number")
KINDS = ("automobile", "bank", "mall", "latent", "spenders")
FAST = {"n_exemplars": 0, "rule_depth": None}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", default=[], metavar="section")
    parser.add_argument("--seed", type=int, default=1000)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for section in options.sections or SECTIONS:
        print(f"\n{section}, seed {options.seed}", flush=True)
        globals()[f"measure_{section}"](options.seed)


def draw_table(kind, n_samples, seed):
    """A generated table and the segment of each customer."""
    if kind == "spenders":
        return draw_spenders(n_samples, seed)
    options = {"population": seed} if kind == "latent" else {}
    if kind in ("mall", "latent"):
        options["n_segments"] = 3 + seed % 6
    X, _, truth = make_customers(
        kind, n_samples, random_state=seed, return_truth=True, **options
    )
    return X, np.asarray(truth.segment)


def draw_spenders(n_samples, seed):
    """Amounts, counts, shares, levels and a flag of three to six segments."""
    rng = np.random.default_rng(seed)
    k = int(rng.integers(3, 7))
    labels = rng.choice(k, n_samples, p=rng.dirichlet(np.full(k, 8.0)))
    columns = {}
    for name in ("income", "spend", "balance_owed"):
        scale = 10 ** rng.uniform(2, 4) * np.exp(rng.normal(0, 0.8, k))[labels]
        columns[name] = (
            scale * rng.lognormal(0, rng.uniform(0.3, 0.8), n_samples)
        ).round(2)
    for name in ("visits", "orders", "calls"):
        columns[name] = rng.poisson(rng.gamma(2, 4, k)[labels]) + (name == "visits")
    for name in ("online_share", "discount_share"):
        a = rng.uniform(1, 6, k)[labels]
        columns[name] = rng.beta(a, 7 - a).round(3)
    columns["age"] = rng.normal(rng.uniform(28, 65, k)[labels], 8).clip(18, 95).round()
    for name, levels in (("channel", "shop web phone"), ("plan", "basic plus gold")):
        levels, cdf = levels.split(), rng.dirichlet(np.ones(3), k).cumsum(axis=1)
        at = (rng.random(n_samples)[:, None] > cdf[labels]).sum(axis=1)
        columns[name] = np.array(levels)[at.clip(0, 2)]
    columns["newsletter"] = (rng.random(n_samples) < rng.random(k)[labels]).astype(int)
    return pd.DataFrame(columns), labels


def corrupt(X, columns, rng):
    """A copy of which five percent of the cells of some columns are wrong."""
    X = X.copy()
    for name in columns:
        numbers = X[name].to_numpy(dtype=float, copy=True)
        rows = rng.choice(len(X), len(X) // 20, replace=False)
        how = rng.integers(4, size=len(rows))
        wrong = [-numbers[rows], 1000 * numbers[rows], 999_999, -1]
        numbers[rows] = np.choose(how, wrong)
        X[name] = numbers
    return X


def name_features(name):
    """The features of a name, whatever their order."""
    return frozenset(name.split(", "))


def measure_corrupted(seed):
    """Names, features and effects with and without wrong cells; the audit."""
    heads = (
        "table",
        "draws",
        "names",
        "segments",
        "features",
        "audit",
        "effects",
        "means",
    )
    print(("{:<18}" + "{:>10}" * 7).format(*heads))
    totals = collections.Counter()
    for kind, n_samples in itertools.product(KINDS, (1000, 5000)):
        rows = [corrupted_draw(kind, n_samples, seed + at) for at in range(10)]
        same, per_segment, kept, found, effects, means = zip(*rows, strict=True)
        figures = [np.mean(x) for x in (same, per_segment, kept, found)]
        moved = [np.nanmedian(np.concatenate(x)) for x in (effects, means)]
        totals.update(draws=len(rows), same=sum(same), found=sum(found))
        totals.update(segments=sum(per_segment) / len(rows), tables=1)
        totals["kept"] += sum(kept) / len(rows)
        cells = "".join(f"{x:>10.3f}" for x in (*figures, *moved))
        print(f"{f'{kind}, {n_samples}':<18}{len(rows):>10}{cells}", flush=True)
    print(
        f"all: {totals['draws']} draws, names {totals['same'] / totals['draws']:.3f}, "
        f"segments {totals['segments'] / totals['tables']:.3f}, "
        f"features {totals['kept'] / totals['tables']:.3f}, "
        f"audit {totals['found'] / totals['draws']:.3f}"
    )


def corrupted_draw(kind, n_samples, seed):
    """One draw: what stays the same, and how far effects move."""
    X, labels = draw_table(kind, n_samples, seed)
    rng = np.random.default_rng(seed)
    numbers = [name for name in X.select_dtypes("number") if X[name].nunique() > 2]
    chosen = rng.choice(numbers, 3, replace=False)
    wrong = corrupt(X, chosen, rng)
    before, after = (segment_profile(labels, table, **FAST) for table in (X, wrong))
    pairs = [(before.names[label], after.names[label]) for label in before.labels]
    equal = [first == second for first, second in pairs]
    kept = [name_features(first) == name_features(second) for first, second in pairs]
    flagged = {name for f in audit(wrong).filter("warning") for name in f.columns}
    effects = [
        p.to_frame("effects").set_index(["segment", "column"])["effect"]
        for p in (before, after)
    ]
    at = [(label, name) for label in before.labels for name in chosen]
    moved = np.abs(effects[0].loc[at].to_numpy() - effects[1].loc[at].to_numpy())
    by_means = [
        abs(
            mean_effect(X[name], labels == label)
            - mean_effect(wrong[name], labels == label)
        )
        for label, name in at
    ]
    found = set(chosen) <= flagged
    return all(equal), np.mean(equal), np.mean(kept), found, moved, np.array(by_means)


def mean_effect(column, inside):
    """Cohen's d of a segment against all others."""
    return float(cohen_d(column[inside], column[~inside]).estimate)


def plant_negative(X, y, rng):
    rows = rng.choice(len(X), max(5, len(X) // 50), replace=False)
    X.loc[rows, "spend"] *= -1
    return "spend"


def plant_thousands(X, y, rng):
    rows = rng.choice(len(X), max(5, len(X) // 50), replace=False)
    X.loc[rows, "income"] *= 1000
    return "income"


def _plant_value(column, value, share=0.02):
    def plant(X, y, rng):
        X[column] = X[column].astype(float)
        rows = rng.choice(len(X), max(3, int(share * len(X))), replace=False)
        X.loc[rows, column] = value
        return column

    plant.__name__ = f"{column} {value}"
    return plant


def plant_old_dates(X, y, rng):
    days = rng.integers(0, 2000, len(X)).astype("m8[D]")
    X["since"] = (np.datetime64("2019-01-01") + days).astype("M8[s]")
    X.loc[rng.choice(len(X), 10, replace=False), "since"] = pd.Timestamp("1900-01-01")
    return "since"


def plant_birth(X, y, rng):
    X["Year_Birth"] = rng.integers(1935, 2006, len(X))
    X.loc[rng.choice(len(X), 2, replace=False), "Year_Birth"] = 1893
    return "Year_Birth"


def plant_tail(X, y, rng):
    rows = rng.choice(len(X), max(3, len(X) // 100), replace=False)
    X["visits"] = X["visits"].astype(float)
    X.loc[rows, "visits"] = (X.loc[rows, "visits"] + 1) * 60
    return "visits"


def plant_date_text(X, y, rng):
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(
        rng.integers(0, 900, len(X)), "D"
    )
    X["joined"] = np.where(
        rng.random(len(X)) < 0.5, days.strftime("%d.%m.%Y"), days.strftime("%Y/%m/%d")
    )
    return "joined"


def plant_missing(X, y, rng):
    X.loc[rng.random(len(X)) < 0.3, "online_share"] = np.nan
    return "online_share"


def plant_target_spelling(X, y, rng):
    y[rng.choice(len(y), 8, replace=False)] = "segment A"
    return "y"


def plant_target_typo(X, y, rng):
    y[rng.choice(np.flatnonzero(y == "Segment-B"), 4, replace=False)] = "Segmnet-B"
    return "y"


def plant_level_case(X, y, rng):
    X.loc[rng.choice(np.flatnonzero(X["plan"] == "gold"), 4), "plan"] = "Gold "
    return "plan"


def plant_text_numbers(X, y, rng):
    X["fee"] = [f"{value:.2f}" for value in rng.lognormal(3, 1, len(X))]
    X.loc[rng.choice(len(X), 5, replace=False), "fee"] = "free"
    return "fee"


def plant_mixed(X, y, rng):
    X["plan"] = X["plan"].astype(object)
    X.loc[rng.choice(len(X), 12, replace=False), "plan"] = 3
    return "plan"


def plant_infinite(X, y, rng):
    X.loc[rng.integers(len(X)), "spend"] = np.inf
    return "spend"


def plant_constant(X, y, rng):
    X["country"] = "DE"
    return "country"


def plant_copy(X, y, rng):
    X["income_cents"] = 100 * X["income"]
    return "income_cents"


def plant_identifier(X, y, rng):
    X["customer_id"] = rng.permutation(len(X)) + 10_000
    return "customer_id"


def plant_leak(X, y, rng):
    X["campaign_result"] = pd.factorize(y, sort=True)[0] + rng.normal(0, 0.05, len(X))
    return "campaign_result"


DEFECTS = [
    *(plant_negative, plant_thousands, plant_old_dates, plant_birth, plant_tail),
    *(plant_date_text, plant_missing, plant_target_spelling, plant_target_typo),
    *(plant_level_case, plant_text_numbers, plant_mixed, plant_infinite),
    *(plant_constant, plant_copy, plant_identifier, plant_leak),
    _plant_value("income", 999_999),
    _plant_value("orders", -1),
    _plant_value("spend", 9999),
    _plant_value("discount_share", 1.5, 0.01),
    _plant_value("age", 200, 0.005),
]
CODES = {
    "plant_missing": {"missing-values"},
    "plant_date_text": {"dates-as-text"},
    "plant_target_spelling": {"level-variants"},
    "plant_target_typo": {"level-variants"},
}


def draw_audited(seed, at):
    """A clean table of one of three sizes, and a target of three classes."""
    n_samples = (300, 1000, 3000)[at % 3]
    X, labels = draw_spenders(n_samples, seed + at)
    rng = np.random.default_rng(seed + at)
    classes = np.array(["Segment-A", "Segment-B", "Segment-C"], dtype=object)
    y = classes[
        np.where(
            rng.random(n_samples) < 0.5, labels % 3, rng.integers(3, size=n_samples)
        )
    ]
    return X, y, rng


def measure_defects(seed, n_tables=30):
    """How many defects of each kind are in the audit."""
    total = 0
    for plant in DEFECTS:
        found = 0
        for at in range(n_tables):
            X, y, rng = draw_audited(seed, at)
            before = {(f.code, f.columns) for f in audit(X, y)}
            name = plant(X, y, rng)
            findings = [f for f in audit(X, y) if (f.code, f.columns) not in before]
            codes = CODES.get(plant.__name__)
            found += any(
                name in f.columns
                and (f.severity != "note" if codes is None else f.code in codes)
                for f in findings
            )
        total += found
        print(
            f"{plant.__name__.removeprefix('plant_'):<24}{found:>4} of {n_tables}",
            flush=True,
        )
    print(f"found {total / (len(DEFECTS) * n_tables):.3f}")


def measure_clean(seed, n_tables=30):
    """Findings above note in tables without a defect."""
    n_columns, wrong = 0, collections.Counter()
    for at in range(n_tables):
        tables = {kind: draw_table(kind, 1000, seed + at)[0] for kind in KINDS}
        # the generator's own leak
        tables["bank"] = tables["bank"].drop(columns="last_contact_duration")
        for kind, X in tables.items():
            n_columns += X.shape[1]
            wrong.update((kind, f.code, *f.columns) for f in audit(X).filter("warning"))
    for finding, count in wrong.most_common():
        print(*finding, count)
    share = sum(wrong.values()) / n_columns
    print(
        f"{sum(wrong.values())} findings above note in {n_columns} columns: {share:.4f}"
    )


def measure_names(seed):
    """Names of 30 tables: what repeats, how long they are, which are equal."""
    longest = n_names = n_repeated = n_equal = 0
    for at in range(30):
        X, labels = draw_table(KINDS[at % len(KINDS)], 2000, seed + at)
        X, labels = add_correlated(X, np.random.default_rng(at)), labels
        profile = segment_profile(labels, X, **FAST)
        strength = associations(X).matrix.abs()
        names = list(profile.names.values())
        n_names, n_equal = n_names + len(names), n_equal + len(names) - len(set(names))
        longest = max(longest, *map(len, names))
        for label, name in profile.names.items():
            features = profile.distinguishing_features[profile.labels.index(label)]
            used = {
                f.column
                for f in features
                if name_features(name) & {f.name_words(), f.name_words(True), f.words}
            }
            pairs = itertools.combinations(sorted(used), 2)
            n_repeated += any(strength.loc[a, b] > 0.7 for a, b in pairs)
    print(f"{n_names} names: {n_repeated} with correlated columns, ", end="")
    print(f"longest {longest}, {n_equal} equal")


def add_correlated(X, rng):
    """A table with copies of some columns that are nearly the same."""
    X = X.copy()
    for name in list(X.select_dtypes("number"))[:3]:
        X[f"{name}_total"] = X[name] * rng.uniform(0.95, 1.05, len(X))
    return X


def measure_number(seed):
    """Planted numbers of segments, the mall's, and nested ones."""
    right = [planted_number(3 + at % 6, seed + at) for at in range(10)]
    print(f"planted 3 to 8: {sum(right)} of 10")
    try:
        X = load_mall()[0].select_dtypes("number")
        clusterer = AutoencoderClusterer(random_state=0)
        print("mall:", select_n_clusters(clusterer, X, random_state=0).recommended)
    except FileNotFoundError:
        print("mall: no data")
    offered = [nested_number(seed + at) for at in range(20)]
    print(f"nested segments offered or recommended: {sum(offered)} of 20")


def planted_number(k, seed):
    """Whether the planted number is the recommended one."""
    X, _ = make_customers("mall", 600, n_segments=k, random_state=seed)
    found = select_n_clusters(
        AutoencoderClusterer(random_state=0), X.drop(columns="Gender"), random_state=0
    )
    return found.recommended == k


def nested_number(seed):
    """Whether the finer of two levels of segments is recommended or offered."""
    rng = np.random.default_rng(seed)
    k, n_columns = 2 + seed % 3, 4
    centers, _ = make_blobs(
        k,
        n_columns,
        centers=k,
        cluster_std=1e-9,
        center_box=(-20, 20),
        random_state=seed,
    )
    step = rng.normal(size=(k, n_columns))
    step *= 3.0 / np.linalg.norm(step, axis=1, keepdims=True)
    fine = np.concatenate([centers + step, centers - step])
    X = np.concatenate([rng.normal(center, 1.0, (120, n_columns)) for center in fine])
    found = select_n_clusters(
        make_pipeline(StandardScaler(), KMeans(n_init=5)), X, random_state=0
    )
    return 2 * k in (found.recommended, *found.alternatives)


if __name__ == "__main__":
    main()
