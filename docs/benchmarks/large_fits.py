"""How well fits use the cores, and what a million rows take beside LightGBM.

    python docs/benchmarks/large_fits.py                      # every section
    python docs/benchmarks/large_fits.py rows --rows 200000   # one of them
    python docs/benchmarks/large_fits.py warm --before ../older/checkout

warm: the default fit of the automobile table, again and again in a process, in turns
with an older checkout. cold: the same in new processes. threads: probabilities of one
process that may use one core, two and four. search: a grid search with one job and with
two threads. rows: three kinds of generated customers, the default and effort="fast"
beside LightGBM's default, with the log-loss on 50,000 further customers. LightGBM must
be installed: pip install 'segmentlearn[benchmark]'.

Runs on the automobile table where SEGMENTLEARN_DATA names its folder, else on generated
customers.
"""

import argparse
import functools
import hashlib
import os
import pathlib
import statistics
import subprocess
import sys
import time
import warnings

SECTIONS = ("warm", "cold", "threads", "search", "rows")
KINDS = ("automobile", "bank", "latent")
N_TEST = 50_000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], default=[])
    parser.add_argument("--before", type=pathlib.Path, help="an older checkout")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.inside:
        return print(*fits(2 if options.sections == ["warm"] else 0))
    for name in options.sections or SECTIONS:
        globals()[f"measure_{name}"](options)


def customers():
    """The automobile table, or one like it."""
    from segmentlearn import load_automobile, make_customers

    folder = os.environ.get("SEGMENTLEARN_DATA")
    path = folder and pathlib.Path(folder) / "auto_train.csv"
    if path and path.exists():
        return load_automobile(path)
    return make_customers("automobile", 8000, random_state=0)


def fits(n_warm):
    """Seconds of the first fit, or of the last of some."""
    from segmentlearn import SegmentClassifier

    X, y = customers()
    times = []
    for _ in range(1 + n_warm):
        start = time.perf_counter()
        SegmentClassifier(random_state=0).fit(X, y)
        times.append(time.perf_counter() - start)
    return times[1:] or times


def in_processes(section, options):
    """Seconds of fits in processes of this checkout, and of the older one, in turn."""
    here = pathlib.Path(__file__).resolve().parents[2]
    found = {}
    for _ in range(options.rounds):
        for checkout in filter(None, (options.before, here)):
            environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
            command = [sys.executable, "-W", "ignore", __file__, section, "--inside"]
            start = time.perf_counter()
            done = subprocess.run(
                command, env=environment, check=True, capture_output=True, text=True
            )
            whole = time.perf_counter() - start
            times = [whole] if section == "cold" else map(float, done.stdout.split())
            found.setdefault(checkout, []).extend(times)
    medians = [statistics.median(times) for times in found.values()]
    row = f"default fit, automobile, {section}: {medians[-1]:.2f} s"
    if options.before:
        row += f", before {medians[0]:.2f} s, ratio {medians[0] / medians[-1]:.2f}"
    print(row, flush=True)


def measure_warm(options):
    in_processes("warm", options)


def measure_cold(options):
    in_processes("cold", options)


def measure_threads(options):
    import joblib

    from segmentlearn import SegmentClassifier

    X, y = customers()
    found, cores = [], joblib.cpu_count
    for n_cores in (1, 2, 4):
        joblib.cpu_count = lambda n=n_cores: n
        proba = SegmentClassifier(max_epochs=5, random_state=0).fit(X, y)
        proba = proba.predict_proba(X)
        found.append(hashlib.sha256(proba.tobytes()).hexdigest())
    joblib.cpu_count = cores
    same = "identical" if len(set(found)) == 1 else "different"
    print(f"probabilities with 1, 2 and 4 threads: {same}", flush=True)


def measure_search(options):
    import joblib
    from sklearn.model_selection import GridSearchCV

    from segmentlearn import SegmentClassifier

    X, y = customers()
    classifier = SegmentClassifier(effort="fast", random_state=0)
    grid = {"learning_rate": [0.01, 0.02, 0.03, 0.04], "dropout": [0.0, 0.1]}
    classifier.fit(X, y)
    ratios = []
    for _ in range(options.rounds):
        times = []
        for n_jobs in (1, 2):
            start = time.perf_counter()
            with joblib.parallel_config("threading", n_jobs=n_jobs):
                GridSearchCV(classifier, grid, cv=3).fit(X, y)
            times.append(time.perf_counter() - start)
        ratios.append(times[0] / times[1])
    ratio = statistics.median(ratios)
    print(f"grid search of 8 x 3: one job / two threads {ratio:.2f}", flush=True)


def measure_rows(options):
    from segmentlearn import make_customers

    found = {"default": [], "fast": []}
    for kind in KINDS:
        X, y = make_customers(kind, options.rows + N_TEST, random_state=1)
        parts = X[: -N_TEST or None], y[:-N_TEST], X[-N_TEST:], y[-N_TEST:]
        rows = {name: functools.partial(fit_net, name, *parts) for name in found}
        rows["LightGBM"] = functools.partial(fit_trees, *parts)
        times = {name: [] for name in rows}
        for _ in range(options.rounds):
            for name, measure in rows.items():
                taken, loss = measure()
                times[name].append(taken)
                if len(times[name]) == 1:
                    print(f"{kind} {name}: log-loss {loss:.5f}", flush=True)
        medians = {name: statistics.median(taken) for name, taken in times.items()}
        print(kind, {name: f"{taken:.1f} s" for name, taken in medians.items()})
        for name, ratios in found.items():
            ratios.append(medians[name] / medians["LightGBM"])
    for name, ratios in found.items():
        mean = statistics.mean(ratios)
        print(f"{name} / LightGBM, mean of {len(KINDS)} kinds: {mean:.2f}", flush=True)


def fit_net(effort, X, y, X_test, y_test):
    from sklearn.metrics import log_loss

    from segmentlearn import SegmentClassifier

    start = time.perf_counter()
    fitted = SegmentClassifier(effort=effort, random_state=0).fit(X, y)
    taken = time.perf_counter() - start
    return taken, log_loss(y_test, fitted.predict_proba(X_test))


def fit_trees(X, y, X_test, y_test):
    import pandas as pd
    from lightgbm import LGBMClassifier
    from sklearn.metrics import log_loss

    def prepared(frame):
        texts = [n for n in frame if not pd.api.types.is_numeric_dtype(frame[n])]
        return frame.astype(dict.fromkeys(texts, "category"))

    start = time.perf_counter()
    fitted = LGBMClassifier(verbose=-1).fit(prepared(X), y)
    taken = time.perf_counter() - start
    return taken, log_loss(y_test, fitted.predict_proba(prepared(X_test)))


if __name__ == "__main__":
    main()
