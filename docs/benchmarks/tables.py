"""How fast files of customers are read, and scored without being held in memory.

    python docs/benchmarks/tables.py                  # all of it, 10 million rows
    python docs/benchmarks/tables.py --rows 1000000
    python docs/benchmarks/tables.py --only reading

Reading compares read_table with pandas.read_csv on two files of 200 MB, one mostly of
numbers and levels, one of names, amounts and moments that pandas leaves as text, both
with the page cache warm; the figures are medians. Scoring runs ``segmentlearn predict``
in a process of its own, from start to end, on a table of ten columns; beside it stand
the seconds that 500 rows take, which are imports and the archive. The first rows are
compared with the prediction of the loaded model.
"""

import argparse
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from segmentlearn import SegmentClassifier, load, save
from segmentlearn.tables import read_table

READING_BYTES = 200 * 10**6
REPETITIONS = 5
BATCH = 1_000_000
COMPARED = 200_000


def customers(n_rows, seed):
    """Generate ten columns: numbers with missing cells, text, an identifier."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "customer_id": np.arange(n_rows) + seed * BATCH,
            "age": rng.integers(18, 90, n_rows),
            "income": rng.lognormal(10, 0.5, n_rows).round(2),
            "spend": rng.gamma(2, 200, n_rows).round(2),
            "visits": rng.poisson(5, n_rows),
            "tenure": rng.integers(0, 240, n_rows),
            "city": rng.choice(["Berlin", "Paris", "Rome", "Madrid", "Wien"], n_rows),
            "channel": rng.choice(["web", "shop", "app"], n_rows),
            "gender": rng.choice(["male", "female"], n_rows),
            "plan": rng.choice(["basic", "plus", "pro", "max"], n_rows),
        }
    )
    frame.loc[rng.random(n_rows) < 0.03, "income"] = np.nan
    frame.loc[rng.random(n_rows) < 0.02, "city"] = None
    return frame


def names_and_amounts(n_rows, seed):
    """Generate five columns of texts that are nearly all different."""
    rng = np.random.default_rng(seed)
    first = np.datetime64("2015-01-01T00:00:00")
    moments = first + rng.integers(0, 10**8, n_rows).astype("m8[s]")
    return pd.DataFrame(
        {
            "customer": [f"C{seed * BATCH + row:08d}" for row in range(n_rows)],
            "income": [f"${income:,.2f}" for income in rng.lognormal(10, 0.5, n_rows)],
            "seen": pd.Series(moments).dt.strftime("%d.%m.%Y %H:%M:%S"),
            "share": [f"{share:.3f}%" for share in rng.uniform(0, 100, n_rows)],
            "city": rng.choice([f"City {number}" for number in range(3000)], n_rows),
        }
    )


def segments(frame):
    """Put customers into three segments."""
    worth = frame["spend"] / 400 + (frame["plan"] == "pro")
    return np.select([worth > 1.6, frame["age"] > 60], ["A", "B"], "C")


def reading(folder):
    """Compare read_table with pandas on files of several kinds."""
    for make in (customers, names_and_amounts):
        path = folder / "reading.csv"
        with path.open("w") as file:
            for seed in range(100):
                make(100_000, seed).to_csv(file, index=False, header=seed == 0)
                if file.tell() > READING_BYTES:
                    break
        print(make.__name__.replace("_", " "))
        compare_readers(path)


def compare_readers(path):
    """Read a file in turns by pandas and by read_table."""
    seconds = {"pandas.read_csv": [], "read_table": []}
    for _ in range(REPETITIONS):
        for name, read in (
            ("pandas.read_csv", pd.read_csv),
            ("read_table", read_table),
        ):
            started = time.perf_counter()
            read(path)
            seconds[name].append(time.perf_counter() - started)
    print(f"{path.stat().st_size / 1e6:,.0f} MB of text, {REPETITIONS} times each")
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    for name, found in seconds.items():
        extremes = f"({min(found):.2f} to {max(found):.2f})"
        print(f"  {name:<16} {medians[name]:6.2f} s {extremes}")
    ratio = medians["read_table"] / medians["pandas.read_csv"]
    print(f"  ratio            {ratio:6.2f}")


def scoring(folder, n_rows):
    """Score a table from file to file, with one net and with the default ensemble."""
    train = customers(6_000, 999)
    tables = {kind: folder / f"new.{kind}" for kind in ("parquet", "csv")}
    writer = None
    with tables["csv"].open("w") as text:
        for seed in range(-(-n_rows // BATCH)):
            frame = customers(min(BATCH, n_rows - seed * BATCH), seed)
            table = pa.Table.from_pandas(frame, preserve_index=False)
            writer = writer or pa.parquet.ParquetWriter(tables["parquet"], table.schema)
            writer.write_table(table)
            frame.to_csv(text, index=False, header=seed == 0)
    writer.close()
    models = {
        "one net": SegmentClassifier.from_preset("best-practices", random_state=0),
        "default": SegmentClassifier(random_state=0),
    }
    print(f"{n_rows:,} rows x 10 columns, segmentlearn predict from file to file")
    print("  model    files               rows/s  seconds  start   MB")
    for name, model in models.items():
        archive = folder / "model.seg"
        save(model.fit(train, segments(train)), archive)
        few = folder / "few.csv"
        train[:500].to_csv(few, index=False)
        start = run(archive, few, folder / "few_scored.csv")[0]
        for kind, source in tables.items():
            out = folder / f"scored.{kind}"
            seconds, memory = run(archive, source, out)
            print(
                f"  {name:<8} {kind} to {kind:<9} {n_rows / seconds:10,.0f} "
                f"{seconds:8.1f} {start:6.1f} {memory:5.0f}",
                flush=True,
            )
            compare(archive, source, out, kind)


def run(archive, source, out):
    """Return the seconds and the megabytes of a run of segmentlearn predict."""
    command = [sys.executable, "-m", "segmentlearn", "predict", archive, source]
    code = (
        "import resource, subprocess, sys;"
        "done = subprocess.run(sys.argv[1:], capture_output=True);"
        "assert done.returncode == 0, done.stderr;"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, [*command, "--out", out])],
        capture_output=True,
        text=True,
        check=True,
    )
    return time.perf_counter() - started, int(done.stdout) / 1024


def compare(archive, source, out, kind):
    """Check that the first rows are those of the prediction in memory."""
    read = pd.read_parquet if kind == "parquet" else pd.read_csv
    how = {} if kind == "parquet" else {"nrows": COMPARED}
    new, scored = read(source, **how)[:COMPARED], read(out, **how)[:COMPARED]
    expected = load(archive).predict(new)
    assert scored["segment"].tolist() == expected.tolist(), "other segments"
    assert scored["customer_id"].tolist() == new["customer_id"].tolist(), "other order"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--only", choices=["reading", "scoring"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if arguments.only != "scoring":
            reading(folder)
        if arguments.only != "reading":
            scoring(folder, arguments.rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"(this script itself: {peak:,.0f} MB)")


if __name__ == "__main__":
    main()
