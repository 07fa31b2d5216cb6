"""Whatever changes in an archive: an ArchiveError or the same estimator."""

import io
import json
import warnings

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from segmentlearn import inspect, load, save
from segmentlearn.exceptions import ArchiveError
from tests.persistence import forgery

N_MUTATIONS = 100
VALUES = [
    None,
    True,
    -1,
    0,
    1,
    2**31,
    10**18,
    10**400,
    1e308,
    float("nan"),
    "",
    "numpy",
    "os.system",
    "../x",
    "\ud800",
    "x" * 5000,
    [],
    {},
    [[]],
    {"class_name": "Dense", "module": "keras.layers", "config": {"units": 10**9}},
]


@pytest.fixture(scope="module")
def archives(numbers):
    """Archives of estimators without a net, and of one with the smallest."""
    from segmentlearn import SegmentClassifier

    table = np.array([["a", 1.0], ["b", 2.0], ["a", 4.0]], dtype=object)
    transformer = ColumnTransformer(
        [("text", OneHotEncoder(), [0]), ("numbers", StandardScaler(), [1])]
    )
    classifier = SegmentClassifier(
        (2,),
        max_epochs=1,
        n_members=1,
        n_inner_folds=0,
        numeric_embedding=None,
        early_stopping=False,
        random_state=0,
    )
    found = {}
    for name, estimator in (
        ("plain", transformer.fit(table)),
        ("net", classifier.fit(*numbers)),
    ):
        file = io.BytesIO()
        save(estimator, file)
        found[name] = file.getvalue()
    return found


def outcome(data):
    """Return the class that both ways of reading give; None for ArchiveErrors."""
    read = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for function in (inspect, load):
            try:
                read.append(function(io.BytesIO(data)))
            except ArchiveError:
                read.append(None)
    info, estimator = read
    if estimator is None:
        return None
    assert info is not None
    assert str(info)
    assert info.refused is None
    return type(estimator)


def changed_bytes(data, rng):
    """Change, drop or double a few bytes."""
    data = bytearray(data)
    place = int(rng.integers(len(data)))
    kind = rng.integers(4)
    if kind == 0:
        data[place] ^= int(rng.integers(1, 256))
    elif kind == 1:
        del data[place : place + int(rng.integers(1, 9))]
    elif kind == 2:
        data[place:place] = data[place : place + int(rng.integers(1, 9))]
    else:
        data[place : place + 8] = rng.bytes(8)
    return bytes(data)


def containers(value):
    """Return every list and dict of a JSON value that is not empty."""
    found = []
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, dict | list) and value:
            found.append(value)
            pending.extend(value.values() if isinstance(value, dict) else value)
    return found


def changed_json(text, rng):
    """Replace, drop or exchange a value somewhere in a JSON text."""
    value = json.loads(text)
    found = containers(value)
    inside, other = (found[int(rng.integers(len(found)))] for _ in range(2))
    keys = list(inside) if isinstance(inside, dict) else range(len(inside))
    key = keys[int(rng.integers(len(keys)))]
    kind = rng.integers(4)
    if kind == 0:
        del inside[key]
    elif kind == 1:
        # written and read again, so that nothing contains itself
        inside[key] = json.loads(json.dumps(other))
    elif kind == 2 and isinstance(inside, dict):
        inside[str(VALUES[int(rng.integers(len(VALUES)))])] = inside.pop(key)
    else:
        inside[key] = VALUES[int(rng.integers(len(VALUES)))]
    return json.dumps(value).encode()


def changed_member(content, rng):
    """Change one member of a zip file, or exchange two."""
    name, other = (list(content)[int(rng.integers(len(content)))] for _ in range(2))
    if rng.random() < 0.1:
        content[name], content[other] = content[other], content[name]
    elif rng.random() < 0.05:
        del content[name]
    elif name.endswith(".json") and rng.random() < 0.7:
        content[name] = changed_json(content[name], rng)
    else:
        content[name] = changed_bytes(content[name], rng)
    return content


def mutated(data, rng):
    """Change an archive at a random depth, and make its hashes right."""
    depth = rng.integers(6)
    if depth == 0:
        return changed_bytes(data, rng)
    content = forgery.members(data)
    manifest = content.pop("manifest.json")
    if depth == 1:
        entries = json.loads(changed_json(manifest, rng))
        return forgery.with_members({}, data, **entries)
    name = list(content)[int(rng.integers(len(content)))]
    if depth == 2:
        content[name] = changed_bytes(content[name], rng)
    else:
        inner = changed_member(forgery.members(content[name]), rng)
        content[name] = forgery.pack(inner)
    return forgery.with_members(content, data)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(16))
def test_mutation_of_an_estimator_without_a_net(seed, archives):
    """1,400 changes at any place and depth."""
    rng = np.random.default_rng(seed)
    for number in range(N_MUTATIONS):
        data = mutated(archives["plain"], rng)
        assert outcome(data) in (None, ColumnTransformer), number


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_mutation_of_an_estimator_with_a_net(seed, archives):
    """400 changes at any place and depth, nets and weights included."""
    from segmentlearn import SegmentClassifier

    rng = np.random.default_rng(1000 + seed)
    for number in range(4 * N_MUTATIONS // 10):
        data = mutated(archives["net"], rng)
        assert outcome(data) in (None, SegmentClassifier), number
