"""How long a grid search takes with one job, two threads and two processes.

    python docs/benchmarks/parallel_search.py
    python docs/benchmarks/parallel_search.py --candidates 2 --folds 2 --rows 1000

Runs on the automobile table where SEGMENTLEARN_DATA names its folder, else on generated
customers. Each measurement has a process of its own and is made twice in it: the first
search starts workers, loads TensorFlow there and compiles; the second finds all that
done. "one program" searches learning rates only; "four programs" searches widths, too.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time
import warnings

MODES = {
    "1 job": (1, "loky"),
    "2 threads": (2, "threading"),
    "2 processes": (2, "loky"),
}
NETS = ("best-practices", "fast")
GRIDS = ("one program", "four programs")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, default=8)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=None, help="fewer rows")
    parser.add_argument("--inside", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(measure(*options.inside, options)))
        return
    print(f"{options.candidates} candidates x {options.folds} folds + 1 fit, seconds")
    print(f"{'net':<16}{'grid':<16}{'':<14}{'first':>8}{'again':>8}   mean score")
    for net in NETS:
        for grid in GRIDS:
            scores = set()
            for mode in MODES:
                first, again, score = run(net, grid, mode)
                scores.add(score)
                row = f"{net:<16}{grid:<16}{mode:<14}{first:>8.1f}{again:>8.1f}"
                print(f"{row}   {score:.6f}", flush=True)
            if len(scores) > 1:
                print("the scores differ")


def run(net, grid, mode):
    """Measure in a new process, with the options of this one."""
    command = [sys.executable, "-W", "ignore", __file__, *sys.argv[1:]]
    done = subprocess.run(
        [*command, "--inside", net, grid, mode],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def measure(net, grid, mode, options):
    import joblib
    from sklearn.model_selection import GridSearchCV

    warnings.simplefilter("ignore")
    X, y = automobile(options.rows)
    n_jobs, backend = MODES[mode]
    search = GridSearchCV(
        make_net(net), make_grid(grid, options.candidates), cv=options.folds
    )
    seconds = []
    with joblib.parallel_config(backend, n_jobs=n_jobs):
        for _ in range(2):
            start = time.perf_counter()
            search.fit(X, y)
            seconds.append(time.perf_counter() - start)
    return [*seconds, float(search.cv_results_["mean_test_score"].mean())]


def make_net(net):
    from segmentlearn import SegmentClassifier

    if net == "fast":
        return SegmentClassifier(effort="fast", random_state=0)
    return SegmentClassifier.from_preset(net, random_state=0)


def make_grid(grid, n_candidates):
    import numpy as np

    if grid == "one program":
        rates = np.geomspace(1e-3, 1e-2, n_candidates)
        return {"learning_rate": rates.tolist()}
    widths = [(16,), (32, 16), (32, 16, 8), (64, 64)]
    rates = np.geomspace(1e-3, 1e-2, max(1, n_candidates // len(widths)))
    return {
        "hidden_layer_sizes": widths[: max(1, n_candidates // len(rates))],
        "learning_rate": rates.tolist(),
    }


def automobile(n_rows):
    from segmentlearn import load_automobile, make_customers

    folder = os.environ.get("SEGMENTLEARN_DATA")
    if folder and (pathlib.Path(folder) / "auto_train.csv").exists():
        X, y = load_automobile(pathlib.Path(folder) / "auto_train.csv")
    else:
        X, y = make_customers("automobile", 8068, random_state=0)
    return X.drop(columns="ID", errors="ignore")[:n_rows], y[:n_rows]


if __name__ == "__main__":
    main()
