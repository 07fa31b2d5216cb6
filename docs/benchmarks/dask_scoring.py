"""Scoring on Dask: one worker process against two, one that is killed, the scheduler.

Run ``python docs/benchmarks/dask_scoring.py``. Scheduler and workers are processes of
their own, with a thread for each worker. Customers are generated file by file into a
temporary folder (about 0.4 GB for ten million), scored, and compared with what one
process says of them. One worker and two take turns, so that the load of the machine
strikes both.
"""

import argparse
import contextlib
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import dask.dataframe as dd
import numpy as np
import pandas as pd
import psutil
from distributed import Client

from segmentlearn import SegmentClassifier, load, make_customers, save
from segmentlearn.distributed import DistributedModel, write_parquet

ROWS_A_FILE = 125_000
DASK = [sys.executable, "-m", "dask"]
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@contextlib.contextmanager
def cluster(n_workers, place):
    """Give a client and the process of the scheduler."""
    with contextlib.ExitStack() as stack:
        facts = pathlib.Path(
            stack.enter_context(tempfile.TemporaryDirectory()), "facts"
        )

        def start(*command):
            # Linux shares processors between sessions first: workers of one session
            # would get together what one gets, beside other programs
            process = subprocess.Popen(
                [*DASK, *command], start_new_session=True, **QUIET
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            return psutil.Process(process.pid)

        where = ("--scheduler-file", str(facts), "--no-dashboard")
        scheduler = start("scheduler", "--port", "0", *where)
        for _ in range(n_workers):
            start("worker", *where, "--nthreads", "1", "--local-directory", str(place))
        while not facts.exists():
            time.sleep(0.1)
        client = stack.enter_context(Client(scheduler_file=str(facts)))
        client.wait_for_workers(n_workers, timeout=300)
        yield client, scheduler


def write_customers(folder, n_rows):
    """Write generated customers, a file at a time."""
    for at in range(n_rows // ROWS_A_FILE):
        X, _ = make_customers("automobile", ROWS_A_FILE, keep_id=True, random_state=at)
        X.to_parquet(folder / f"customers-{at:04d}.parquet", index=False)


def score(client, archive, files, out):
    """Score files and write them; return rows, seconds and processor seconds.

    Workers have been started and have loaded the model.
    """
    customers = dd.from_map(pd.read_parquet, files)
    with DistributedModel(archive, client) as model:
        # each worker loads the model, as it does once in its life
        list(model.map(len_of_classes, range(4 * len(client.nthreads()))))
        before = sum(client.run(time.process_time).values())
        started = time.perf_counter()
        n_rows = write_parquet(model.add_scores(customers), out, client=client)
        seconds = time.perf_counter() - started
        return n_rows, seconds, sum(client.run(time.process_time).values()) - before


def len_of_classes(model, item):
    """Load the model."""
    time.sleep(0.2)
    return len(model.classes_)


def kill_half_way(client, out, n_files):
    """Kill a worker when half of the files are there; the list tells whom."""
    pids, killed = list(client.run(os.getpid).values()), []

    def watch():
        while 2 * len(list(out.parent.glob(f".{out.name}.*/part-*.parquet"))) < n_files:
            time.sleep(0.1)
        os.kill(pids[0], signal.SIGKILL)
        killed.append(pids[0])

    threading.Thread(target=watch, daemon=True).start()
    return killed


def differences(archive, files, out):
    """Return rows whose scores are not those of one process, and its rows/s."""
    model, n_differing, n_rows, seconds = load(archive), 0, 0, 0.0
    columns = list(model.feature_names_in_)
    for at, path in enumerate(files):
        found = pd.read_parquet(out / f"part-{at:05d}.parquet")
        started = time.perf_counter()
        X = pd.read_parquet(path)
        proba = model.predict_proba(X[columns])
        seconds += time.perf_counter() - started
        n_rows += len(X)
        if not found["ID"].equals(X["ID"]):
            n_differing += len(X)
            continue
        same = (found.iloc[:, -proba.shape[1] :].to_numpy() == proba).all(axis=1)
        same &= found["segment"].to_numpy() == model.classes_[proba.argmax(axis=1)]
        n_differing += int((~same).sum())
    n_left = len(list(out.iterdir())) - len(files)
    return n_differing + n_left, n_rows / seconds


def few_customers(at):
    """Return a partition of a table of many."""
    from segmentlearn import make_customers  # workers need it, the scheduler does not

    X, _ = make_customers("automobile", 500, keep_id=True, random_state=at)
    return X


def scheduler_memory(archive, place):
    """Return megabytes of an idle scheduler, and the most beyond while scoring.

    A list: idle, 10 partitions, 1,000 partitions. The first ones import Dask's frames.
    """
    with cluster(2, place) as (client, scheduler):
        found = [scheduler.memory_info().rss]
        with DistributedModel(archive, client) as model:
            for n_parts in (10, 1_000):
                customers = dd.from_map(few_customers, range(n_parts))
                future = client.compute(model.predict(customers).size)
                most = 0
                while not future.done():
                    most = max(most, scheduler.memory_info().rss)
                    time.sleep(0.05)
                assert future.result() == 500 * n_parts
                found.append(most - found[0])
    return [size / 2**20 for size in found]


def main():
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--rows-a-turn", type=int, default=1_500_000)
    parser.add_argument(
        "--effort", help="of the classifier; one ordinary net if left out"
    )
    options = parser.parse_args()
    X, y = make_customers("automobile", 5_000, random_state=0)
    net = SegmentClassifier.from_preset("best-practices", random_state=0)
    if options.effort:
        net = SegmentClassifier(effort=options.effort, random_state=0)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        archive, place = folder / "net.seg", folder / "workers"
        save(net.fit(X, y), archive)
        (folder / "customers").mkdir()
        write_customers(folder / "customers", options.rows)
        files = sorted((folder / "customers").iterdir())
        some = files[: max(4, options.rows_a_turn // ROWS_A_FILE)]
        speeds, efforts = {1: [], 2: []}, {1: [], 2: []}
        loads = []
        with cluster(1, place / "1") as (one, _), cluster(2, place / "2") as (two, _):
            for turn in range(options.turns):
                for n_workers, client in ((1, one), (2, two)):
                    out = folder / f"turn-{turn}-{n_workers}"
                    loads.append(os.getloadavg()[0])
                    n_rows, seconds, busy = score(client, archive, some, out)
                    speeds[n_workers].append(n_rows / seconds)
                    efforts[n_workers].append(n_rows / busy)
                    print(
                        f"turn {turn}, {n_workers}: {n_rows / seconds:,.0f} rows/s, "
                        f"{n_rows / busy:,.0f} a processor second ({loads[-1]:.1f})",
                        flush=True,
                    )
        ratios = np.array(speeds[2]) / np.array(speeds[1])
        out = folder / "scored"
        with cluster(2, place) as (client, _):
            killed = kill_half_way(client, out, len(files))
            n_rows, seconds, _ = score(client, archive, files, out)
            assert killed
            assert killed[0] not in client.run(os.getpid).values()
        print(f"{n_rows:,} rows in {seconds:.0f} s, a worker killed", flush=True)
        n_differing, alone = differences(archive, files, out)
        idle, few, many = scheduler_memory(archive, place)
    load_words = f"load {min(loads):.1f} to {max(loads):.1f} on {os.cpu_count()} cores"
    rows = [
        ("one worker, rows/s", f"{statistics.median(speeds[1]):,.0f}"),
        ("two workers, rows/s", f"{statistics.median(speeds[2]):,.0f}"),
        (
            "two ÷ one, by turn",
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        ),
        *(
            (
                f"{what}, rows per second of a processor",
                f"{statistics.median(own):,.0f}",
            )
            for what, own in zip(
                ("one worker", "two workers"), efforts.values(), strict=True
            )
        ),
        ("one process without Dask, not writing, rows/s", f"{alone:,.0f}"),
        (f"{n_rows:,} rows, a worker killed half-way: rows that differ", n_differing),
        ("the same, seconds", f"{seconds:.0f}"),
        ("scheduler, idle, MB", f"{idle:.0f}"),
        ("scheduler, 10 partitions, MB more at most", f"{few:.0f}"),
        ("scheduler, 1,000 partitions, MB more at most", f"{many:.0f}"),
        ("the machine meanwhile", load_words),
    ]
    for what, found in rows:
        print(f"{what:<70} {found}")


if __name__ == "__main__":
    main()
