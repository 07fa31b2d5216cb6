"""A fit on Dask beside the fit on one machine of the same partitions.

Run ``python docs/benchmarks/dask_fit.py``. The default classifier is fitted to a folder
of Parquet files by `fit_scan`, and to the same folder as a Dask DataFrame by one and by
two worker processes; probabilities of new customers are compared, bit by bit. Workers
have one thread each, and so has this process: sums of several threads differ in their
last digits.
"""

import argparse
import os
import pathlib
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = "1"  # before TensorFlow is loaded

import dask.dataframe as dd
import numpy as np
from distributed import Client, LocalCluster

from segmentlearn import SegmentClassifier, fit_scan, make_customers
from segmentlearn.distributed import fit


def main():
    """Fit three times, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument("--files", type=int, default=8)
    parser.add_argument("--effort", default="default")
    options = parser.parse_args()
    new, _ = make_customers("automobile", 5_000, random_state=options.files)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name, "customers")
        folder.mkdir()
        for at in range(options.files):
            n_rows = options.rows // options.files
            X, y = make_customers("automobile", n_rows, random_state=at)
            X.assign(tier=y).to_parquet(folder / f"part-{at}.parquet", index=False)

        def classifier():
            return SegmentClassifier(effort=options.effort, random_state=0)

        started = time.perf_counter()
        alone = fit_scan(classifier(), folder, "tier").predict_proba(new)
        rows = [("fit_scan", time.perf_counter() - started, 0.0)]
        for n_workers in (1, 2):
            with (
                LocalCluster(
                    n_workers=n_workers, threads_per_worker=1, dashboard_address=":0"
                ) as cluster,
                Client(cluster) as client,
            ):
                started = time.perf_counter()
                net = fit(classifier(), dd.read_parquet(folder), "tier", client=client)
                seconds = time.perf_counter() - started
            difference = np.abs(net.predict_proba(new) - alone).max()
            rows.append((f"fit, {n_workers} worker(s)", seconds, difference))
    print(f"{'':<18}{'seconds':>9}   largest difference of probabilities")
    for what, seconds, difference in rows:
        print(f"{what:<18}{seconds:>9.1f}   {difference:.3g}")


if __name__ == "__main__":
    main()
