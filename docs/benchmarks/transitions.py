"""Are changes of segments found, and only those that happened?

    python docs/benchmarks/transitions.py                 # every section
    python docs/benchmarks/transitions.py planted resampling

Customers of two periods with planted transitions are drawn by ``make_customer_panel``.
Each period is segmented, and what ``match_segments`` finds is compared with what was
planted. Each section runs in a process of its own.
"""

import argparse
import itertools
import resource
import subprocess
import sys
import time
import warnings

import numpy as np

SECTIONS = ("planted", "deep", "resampling", "permuted", "migration", "million")
KINDS = ["split", "merge", "birth", "death", "growth", "drift"]
# how what is planted is called where it is found
FOUND = {
    "split": "split",
    "merged": "merge",
    "born": "birth",
    "died": "death",
    "grew": "growth",
    "drifted": "drift",
}
COLUMNS = ["Age", "Annual Income (k$)", "Spending Score (1-100)"]
EVIDENCE = ("key", "tables", "old", "new")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", default=[], metavar="section")
    parser.add_argument("--populations", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--clusterer", choices=["k-means", "autoencoder"])
    parser.add_argument("--pairs", type=int, default=60, help="of unchanged periods")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in options.sections or SECTIONS:
        if options.inside:
            warnings.simplefilter("ignore")
            globals()[f"measure_{name}"](options)
            continue
        given = [
            text
            for option in ("populations", "seeds", "pairs", "clusterer")
            if (value := getattr(options, option)) is not None
            for text in (f"--{option}", str(value))
        ]
        command = [sys.executable, "-W", "ignore", __file__, name, "--inside", *given]
        subprocess.run(command, check=True)


def show(what, value, target=""):
    print(f"{what:<62} {value:>18}   {target}", flush=True)


def cases(options, kind="mall", n_samples=2000, counts=(1, 2, 3), n_segments=6):
    """Panels with one, two and three transitions, of all kinds in turn."""
    from segmentlearn import make_customer_panel

    for population in range(options.populations):
        rng = np.random.default_rng(population)
        n_planted = counts[population % len(counts)]
        # each kind is first as often as any other
        first = KINDS[population % len(KINDS)]
        others = rng.permutation([k for k in KINDS if k != first])[: n_planted - 1]
        for seed in range(options.seeds):
            yield make_customer_panel(
                kind,
                n_samples,
                n_segments=n_segments,
                transitions=[first, *others],
                population=population,
                random_state=seed,
            )


def k_means(n_segments, n_init=5, **parameters):
    from sklearn.cluster import KMeans

    from segmentlearn import InductiveClusterer

    return InductiveClusterer(KMeans(n_segments, n_init=n_init), **parameters)


def fit_both(panel, options, numbers=None):
    """Fit a clusterer to each period, with as many segments as were planted.

    k-means knows nothing of the period before, an autoencoder's clusterer continues it.
    """
    if numbers is None:
        numbers = [len(np.unique(s)) for s in (panel.old_segment, panel.new_segment)]
    is_deep = options.clusterer == "autoencoder"
    make = deep if is_deep else k_means
    old = make(numbers[0], random_state=0).fit(features(panel.old))
    continued = {"baseline": old} if is_deep else {}
    new = make(numbers[1], random_state=1, **continued).fit(features(panel.new))
    return old, new


def features(table):
    return (
        table[COLUMNS] if "CustomerID" in table else table.drop(columns="customer_id")
    )


def match(panel, old, new, evidence, **parameters):
    from segmentlearn import match_segments

    tables = {
        "key": ((panel.old, panel.new), {"key": panel.old.columns[0]}),
        "tables": ((features(panel.old), features(panel.new)), {}),
        "old": ((features(panel.old),), {}),
        "new": ((features(panel.new),), {}),
    }
    X, options = tables[evidence]
    return match_segments(old, new, *X, random_state=0, **options, **parameters)


def score(panel, old, new, found):
    """Count what was found of what was planted, in numbers of planted segments."""
    named = [
        {
            int(number): int(np.bincount(planted[model.labels_ == label]).argmax())
            for label, number in enumerate(model.segment_ids_)
        }
        for planted, model in ((panel.old_segment, old), (panel.new_segment, new))
    ]
    planted = {
        (event["kind"], tuple(sorted(event["old"])), tuple(sorted(event["new"])))
        for event in panel.transitions
    }
    events = {
        (
            FOUND.get(event.kind, event.kind),
            tuple(sorted(named[0][segment] for segment in event.old)),
            tuple(sorted(named[1][segment] for segment in event.new)),
        )
        for event in found.transitions
        if event.kind != "survived"
    }
    return planted, events


def f1(n_right, n_planted, n_found):
    return 2 * n_right / max(n_planted + n_found, 1)


def measure_planted(options):
    """F1 of the transitions, by what the segments are matched by."""
    totals = {evidence: np.zeros(3, dtype=int) for evidence in EVIDENCE}
    by_kind = {kind: np.zeros(3, dtype=int) for kind in KINDS}
    extra = {}
    for panel in cases(options):
        old, new = fit_both(panel, options)
        for evidence in EVIDENCE:
            # refits take long: the other ways do without
            how = {} if evidence == "key" else {"n_bootstraps": 0}
            found = match(panel, old, new, evidence, **how)
            planted, events = score(panel, old, new, found)
            totals[evidence] += [len(planted & events), len(planted), len(events)]
            if evidence == "key":
                for kind in KINDS:
                    a = {event for event in planted if event[0] == kind}
                    b = {event for event in events if event[0] == kind}
                    by_kind[kind] += [len(a & b), len(a), len(b)]
                for event in events - planted:
                    extra[event[0]] = extra.get(event[0], 0) + 1
    names = {
        "key": "shared customers, by key",
        "tables": "two tables scored by both models, no key",
        "old": "the old customers scored by both models",
        "new": "the new customers scored by both models",
    }
    for evidence in EVIDENCE:
        target = ">= .90" if evidence == "key" else ""
        what = f"{options.clusterer or 'k-means'}, F1: {names[evidence]}"
        show(what, f"{f1(*totals[evidence]):.3f}", f"{target}  {totals[evidence]}")
    for kind in KINDS:
        show(f"  {kind}, by key", f"{f1(*by_kind[kind]):.3f}", str(by_kind[kind]))
    show("  found and not planted, by key", str(extra or "none"))


def deep(n_segments, **parameters):
    from segmentlearn import AutoencoderClusterer

    return AutoencoderClusterer(n_clusters=n_segments, **parameters)


def measure_deep(options):
    """The same with the default clusterer on curved segments, fewer populations."""
    options.populations, options.seeds = min(options.populations, 6), 1
    options.clusterer = "autoencoder"
    total = np.zeros(3, dtype=int)
    for panel in cases(options, "latent", n_segments=5, counts=(1, 2)):
        old, new = fit_both(panel, options)
        planted, events = score(panel, old, new, match(panel, old, new, "key"))
        total += [len(planted & events), len(planted), len(events)]
    show(
        "autoencoders on latent, F1: shared customers", f"{f1(*total):.3f}", str(total)
    )


def unchanged_pairs(options, **parameters):
    """Panels of populations in which nothing happens."""
    from segmentlearn import make_customer_panel

    for pair in range(options.pairs):
        yield make_customer_panel(
            "mall",
            1000,
            n_segments=5,
            population=pair % options.populations,
            random_state=100 + pair,
            **parameters,
        )


def measure_resampling(options):
    """Pairs of periods in which nothing happens: how often something is found."""
    for k in (5, 4, 7):
        wrong, bare = dict.fromkeys(("key", "tables"), 0), 0
        for panel in unchanged_pairs(options):
            old, new = fit_both(panel, options, (k, k))
            for evidence in wrong:
                found = match(panel, old, new, evidence)
                wrong[evidence] += any(e.kind != "survived" for e in found.transitions)
            found = match(panel, old, new, "key", n_bootstraps=0)
            bare += any(e.kind != "survived" for e in found.transitions)
        what = f"pairs with an event, {k} of 5 segments asked for"
        for evidence, count in wrong.items():
            show(f"{what}, by {evidence}", f"{count / options.pairs:.3f}", "<= .05")
        show(f"{what}, no refits", f"{bare / options.pairs:.3f}")


def measure_permuted(options):
    """The same labels with other numbers: whether all ids stay."""
    from segmentlearn import match_segments

    kept = 0
    for panel in unchanged_pairs(options):
        rng = np.random.default_rng(len(panel.new))
        labels = k_means(6, random_state=0).fit(features(panel.old)).labels_
        order = rng.permutation(6)
        found = match_segments(labels, order[labels])
        kept += found.ids == {int(order[at]): at for at in range(6)}
    show("permuted labels: pairs with identical ids", f"{kept}", f"{options.pairs}")


def measure_migration(options):
    """What is called real where nobody moves, and where 5 % of the customers do."""
    from segmentlearn import segment_migration

    for persistence in (1.0, 0.7, 0.0):
        for moving in (0.0, 0.05):
            real, moved, noise = [], [], []
            panels = unchanged_pairs(
                options, moving_share=moving, persistence=persistence
            )
            for panel in itertools.islice(panels, 20):
                old, new = fit_both(panel, options, (5, 5))
                found = segment_migration(
                    old, new, panel.old, panel.new, key="CustomerID", random_state=0
                )
                real.append(found.real_share)
                moved.append(found.moved_share)
                noise.append(found.noise_share)
            what = (
                f"migration, persistence {persistence}, {moving:.0%} move: called real"
            )
            value = f"{np.mean(real):.4f} ({np.max(real):.4f})"
            show(what, value, f"moved {np.mean(moved):.4f}, noise {np.mean(noise):.4f}")


def measure_million(options):
    """Time and memory of a match and a migration of a million customers."""
    from sklearn.cluster import KMeans

    from segmentlearn import (
        InductiveClusterer,
        make_customer_panel,
        match_segments,
        segment_migration,
    )

    panel = make_customer_panel(
        "mall", 1_000_000, transitions=["split"], moving_share=0.02, random_state=0
    )
    old, new = (
        InductiveClusterer(KMeans(k, n_init=1), random_state=0).fit(features(table))
        for k, table in ((5, panel.old), (6, panel.new))
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    start = time.perf_counter()
    tables = panel.old, panel.new
    match_segments(old, new, *tables, key="CustomerID", random_state=0)
    matched = time.perf_counter()
    segment_migration(old, new, *tables, key="CustomerID", random_state=0)
    done = time.perf_counter()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    show("1,000,000 customers: match", f"{matched - start:.1f} s", "seconds")
    show("1,000,000 customers: migration", f"{done - matched:.1f} s", "seconds")
    show("1,000,000 customers: memory", f"{after:.2f} GB", f"{before:.2f} GB before")


if __name__ == "__main__":
    main()
