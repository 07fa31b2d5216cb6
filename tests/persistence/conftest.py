"""Estimators fitted once, and archives altered by hand."""

import hashlib
import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from segmentlearn import SegmentClassifier, save


@pytest.fixture(scope="session")
def table():
    """60 customers with numbers, text and missing values, and their segments."""
    rng = np.random.default_rng(0)
    age = rng.integers(18, 80, 60).astype(float)
    X = pd.DataFrame(
        {
            "age": age,
            "income": rng.gamma(3.0, 10.0, 60),
            "profession": rng.choice(["Artist", "Doctor", None], 60),
        }
    )
    y = np.where(age > 50, "old", "young").astype(object)
    X.loc[:4, "age"] = np.nan
    return X, y


@pytest.fixture(scope="session")
def numbers():
    """40 rows of three numbers, and their classes."""
    X = np.random.default_rng(1).normal(size=(40, 3)).astype(np.float32)
    return X, np.where(X[:, 0] > 0, "A", "B").astype(object)


@pytest.fixture(scope="session")
def make_net():
    """A function that returns a small classifier, not fitted."""

    def make(**parameters):
        settings = {"max_epochs": 2, "random_state": 0, **parameters}
        return SegmentClassifier((4,), **settings)

    return make


@pytest.fixture(scope="session")
def classifier(table, make_net):
    """A classifier fitted to a raw table."""
    return make_net().fit(*table)


@pytest.fixture(scope="session")
def archive(classifier):
    """The classifier's archive, as bytes."""
    file = io.BytesIO()
    save(classifier, file, metadata={"note": "for the tests"})
    return file.getvalue()


@pytest.fixture(scope="session")
def rewrite():
    """A function that changes members of an archive and makes the hashes right."""

    def change(data, changes, **entries):
        with zipfile.ZipFile(io.BytesIO(data)) as old:
            members = {name: old.read(name) for name in old.namelist()}
        members.update(changes)
        members = {name: value for name, value in members.items() if value is not None}
        manifest = json.loads(members.pop("manifest.json"))
        manifest["members"] = {
            name: {"sha256": hashlib.sha256(value).hexdigest(), "size": len(value)}
            for name, value in members.items()
        }
        manifest.update(entries)
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as new:
            new.writestr("manifest.json", json.dumps(manifest))
            for name, value in members.items():
                new.writestr(name, value)
        return file.getvalue()

    return change


@pytest.fixture(scope="session")
def edit_state():
    """A function that applies another one to the JSON tree of an estimator's state."""

    def edit(data, function):
        with zipfile.ZipFile(io.BytesIO(data)) as outer:
            state = outer.read("estimator.skops")
        with zipfile.ZipFile(io.BytesIO(state)) as inner:
            members = {name: inner.read(name) for name in inner.namelist()}
        schema = json.loads(members["schema.json"])
        schema = function(schema) or schema
        members["schema.json"] = json.dumps(schema).encode()
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as new:
            for name, value in members.items():
                new.writestr(name, value)
        return file.getvalue()

    return edit
