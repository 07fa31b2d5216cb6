"""Whether memory stays flat over a search of a hundred fits.

    python docs/benchmarks/search_memory.py
    python docs/benchmarks/search_memory.py --fits 30 --rows 500

GridSearchCV over learning rates and two widths of the "best-practices" preset, on
generated customers; the resident memory is read after every fit.
"""

import argparse
import gc
import warnings

import numpy as np
import psutil
from sklearn.model_selection import GridSearchCV

from segmentlearn import SegmentClassifier, make_customers

FOLDS = 5
TARGET = 50
resident = []


class WatchedClassifier(SegmentClassifier):
    """A classifier that notes the memory of its process after every fit."""

    def fit(self, X, y):
        super().fit(X, y)
        gc.collect()
        resident.append(psutil.Process().memory_info().rss / 2**20)
        return self


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fits", type=int, default=100)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    X, y = make_customers("automobile", options.rows, random_state=0)
    net = WatchedClassifier.from_preset(
        "best-practices", max_epochs=options.epochs, random_state=0
    )
    n_rates = max(1, options.fits // FOLDS // 2)
    grid = {
        "learning_rate": np.geomspace(3e-4, 1e-2, n_rates),
        "hidden_layer_sizes": [(32, 16, 8), (64, 32)],
    }
    GridSearchCV(net, grid, cv=FOLDS, error_score="raise").fit(X, y)
    growth = max(resident[10:]) - resident[9]
    print(f"{len(resident)} fits, resident MB after every tenth:")
    print([round(megabytes) for megabytes in resident[9::10]])
    print(f"growth after the 10th fit: {growth:.0f} MB   target <= {TARGET}")


if __name__ == "__main__":
    main()
