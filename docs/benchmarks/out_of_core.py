"""What a fit of a table larger than memory takes, and what it is worth.

    python docs/benchmarks/out_of_core.py                    # 20 million rows
    python docs/benchmarks/out_of_core.py --rows 1000000 --in-memory 100000
    python docs/benchmarks/out_of_core.py --estimator autoencoder

Customers are generated part by part into a folder of Parquet files. ``fit_scan`` runs
in a process of its own, in a control group whose memory is limited where the system
lets one be made (the process is ended by the system if it takes more); its peak is
reported either way. Beside it stands ``fit`` of the first rows in memory, without a
limit. Both are scored on the same customers, whom neither has seen.
"""

import argparse
import contextlib
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import threading
import time

import pandas as pd
from sklearn.metrics import log_loss

from segmentlearn import Autoencoder, SegmentClassifier, fit_scan, make_customers

ROWS_OF_FILE = 500_000
N_SCORED = 200_000
SEED_SCORED = 10**6  # no part has it
TARGET = "tier"
GROUPS = pathlib.Path("/sys/fs/cgroup")


def write_customers(folder, kind, n_rows):
    """Write files of customers; return their bytes."""
    for number, start in enumerate(range(0, n_rows, ROWS_OF_FILE)):
        size = min(ROWS_OF_FILE, n_rows - start)
        X, y = make_customers(kind, size, random_state=1 + number)
        X.assign(**{TARGET: y}).to_parquet(folder / f"part-{number:04d}.parquet")
    return sum(file.stat().st_size for file in folder.iterdir())


@contextlib.contextmanager
def limited_group(n_bytes):
    """Give the processes file of a new control group, None where none can be made."""
    version_1 = (GROUPS / "memory").is_dir()
    group = (GROUPS / "memory" if version_1 else GROUPS) / f"segmentlearn-{os.getpid()}"
    name = "memory.limit_in_bytes" if version_1 else "memory.max"
    try:
        group.mkdir()
        (group / name).write_text(str(n_bytes))
    except OSError:
        yield None
        return
    try:
        yield group / "cgroup.procs"
    finally:
        with contextlib.suppress(OSError):  # busy until the last process has gone
            time.sleep(1)
            group.rmdir()


def disk_watch(folder, sizes):
    """Note the bytes of shards in a folder until it is to stop."""
    while sizes[0] is None:
        with contextlib.suppress(OSError):
            files = folder.rglob("part-*")
            sizes.append(sum(file.stat().st_size for file in files))
        time.sleep(0.5)


def run(task, limit, **options):
    """Run a task in a new process; return what it has measured."""
    command = [sys.executable, __file__, "--task", task, json.dumps(options)]
    with limited_group(limit) if limit else contextlib.nullcontext() as group:

        def join():
            if group is not None:
                group.write_text(str(os.getpid()))

        done = subprocess.run(
            command, preexec_fn=join, stdout=subprocess.PIPE, text=True, check=True
        )
    return {**json.loads(done.stdout.splitlines()[-1]), "limited": group is not None}


def estimator_of(name, effort):
    """Return what is fitted."""
    if name == "autoencoder":
        return Autoencoder(random_state=0)
    return SegmentClassifier(random_state=0, effort=effort)


def score(model, kind):
    """Return the log-loss of new customers, or minus their mean likelihood."""
    X, y = make_customers(kind, N_SCORED, random_state=SEED_SCORED)
    if isinstance(model, Autoencoder):
        return -model.score(X)
    return log_loss(y, model.predict_proba(X), labels=model.classes_)


def fit_task(estimator, effort, kind, source, n_rows=None, shards=None):
    """Fit; return seconds of each stage, epochs, peak memory and disk, and a score."""
    model, stages, disk = estimator_of(estimator, effort), {}, [None]
    began = time.perf_counter()
    if n_rows is None:
        watch = threading.Thread(target=disk_watch, args=(pathlib.Path(shards), disk))
        watch.start()

        def progress(step):
            stages.setdefault(step.stage, round(time.perf_counter() - began, 1))

        is_net = estimator == "autoencoder"
        what = {"drop": [TARGET]} if is_net else {"target": TARGET}
        try:
            fit_scan(model, source, **what, folder=shards, progress=progress)
        finally:
            disk[0] = 0
            watch.join()
        left = len(list(pathlib.Path(shards).iterdir()))
        assert not left, f"{left} folder(s) of shards are left"
    else:
        files = sorted(pathlib.Path(source).iterdir())[: -(-n_rows // ROWS_OF_FILE)]
        X = pd.concat(map(pd.read_parquet, files), ignore_index=True).head(n_rows)
        y = X.pop(TARGET)
        began = time.perf_counter()
        model.fit(X, *([] if estimator == "autoencoder" else [y]))
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    found = {"seconds": seconds, "peak_gb": peak, "starts": stages}
    found |= {"epochs": model.n_iter_, "disk_gb": max(disk[1:], default=0) / 1e9}
    return {**found, "score": score(model, kind)}


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--in-memory", type=int, default=2_000_000)
    parser.add_argument("--limit", type=float, default=2.0, help="gigabytes")
    parser.add_argument("--kind", default="automobile")
    parser.add_argument("--effort", default="default")
    parser.add_argument(
        "--estimator", choices=["classifier", "autoencoder"], default="classifier"
    )
    parser.add_argument("--folder", help="where tables and shards are written")
    parser.add_argument("--task", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task is not None:
        print(json.dumps(fit_task(**json.loads(options.task[1]))))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        table, shards = pathlib.Path(folder, "table"), pathlib.Path(folder, "shards")
        table.mkdir()
        shards.mkdir()
        began = time.perf_counter()
        n_bytes = write_customers(table, options.kind, options.rows)
        print(
            f"{options.rows:,} rows, {n_bytes / 1e9:.2f} GB of Parquet, generated in "
            f"{time.perf_counter() - began:.0f} s",
            flush=True,
        )
        same = {
            "estimator": options.estimator,
            "effort": options.effort,
            "kind": options.kind,
            "source": str(table),
        }
        rows = {
            f"on disk, {options.rows:,} rows": run(
                "fit", int(options.limit * 2**30), **same, shards=str(shards)
            )
        }
        print(json.dumps(rows), flush=True)
        if options.in_memory:
            name = f"in memory, {options.in_memory:,} rows"
            rows[name] = run("fit", None, **same, n_rows=options.in_memory)
    for name, found in rows.items():
        print(
            f"{name:32} {found['seconds']:7.0f} s  {found['epochs']:3d} epochs  "
            f"peak {found['peak_gb']:.2f} GiB"
            f"{' (limited)' if found['limited'] else '':10}  "
            f"shards {found['disk_gb']:.2f} GB  score {found['score']:.4f}  "
            f"{found['starts']}"
        )


if __name__ == "__main__":
    main()
