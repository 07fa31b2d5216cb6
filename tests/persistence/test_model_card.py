"""What an archive says to somebody who deploys its model."""

import io
import json
import pathlib
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn import (
    InductiveClusterer,
    TabularPreprocessor,
    inspect,
    load,
    save,
)
from segmentlearn.exceptions import ArchiveError

OLD = pathlib.Path(__file__).resolve().parents[1] / "data" / "protocol_1.seg"
CELLS = [
    *(None, "", " ", "n/a", "none", "old", "12", " 7 ", "$3", "3 €", "(4.5)", "1e5"),
    *("5 km", "5,5", "+5", "00007", "7%", "$1,250.00", "12 apples"),
    *("2024-05-06", "06.05.2024", "31.12.2024 ", "13/05/2024", "May 5, 2024"),
    *("2024-05-06T10:00:00Z", "true ", "TRUE", 7, 7.5, -3, 0, True, False, 1e9),
]


def info_of(estimator, **options):
    file = io.BytesIO()
    save(estimator, file, **options)
    return inspect(file)


@pytest.fixture(scope="module")
def awkward():
    """A table with columns of many kinds, and a preprocessor fitted to it."""
    rng = np.random.default_rng(0)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, 120), "D")
    X = pd.DataFrame(
        {
            "amount": [f"${x:,.2f}" for x in rng.normal(5000, 900, 120)],
            "share": [f"{x}%" for x in rng.integers(0, 99, 120)],
            "visits": rng.integers(0, 50, 120).astype(str),
            "score": rng.normal(size=120).astype(np.float32),
            "since": days.strftime("%d.%m.%Y"),
            "born": days.strftime("%Y-%m-%d"),
            "seen": days,
            "member": rng.random(120) < 0.5,
            "branch": [f"{x:03d}" for x in rng.integers(0, 9, 120)],
            "job": rng.choice(["Artist", "Judge", "n/a"], 120),
            "kind": rng.integers(1, 4, 120),
            "CustomerID": np.arange(120) + 1000,
            "empty": [None] * 120,
        }
    )
    with warnings.catch_warnings(action="ignore"):
        return X, TabularPreprocessor(categorical=["kind"]).fit(X)


def as_json(X):
    """Return the rows of a frame as JSON has them."""
    return json.loads(X.to_json(orient="records", date_format="iso"))


def test_rows_of_the_training_table_fit_the_schema(awkward):
    """Whatever their columns are; unknown levels do, too."""
    jsonschema = pytest.importorskip("jsonschema")
    X, preprocessor = awkward
    schema = json.loads(json.dumps(info_of(preprocessor).row_schema()))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    rows = as_json(X)
    for row in [*rows, {**rows[0], "job": "Astronaut"}]:
        validator.validate(row)


def test_other_rows_do_not(awkward):
    """A wrong type, an unknown column, a missing one; identifiers may be left out."""
    jsonschema = pytest.importorskip("jsonschema")
    X, preprocessor = awkward
    validator = jsonschema.Draft202012Validator(info_of(preprocessor).row_schema())
    (row,) = as_json(X.head(1))
    for wrong in (
        *({"score": "high"}, {"amount": "much"}, {"since": 20240506}, {"job": 5}),
        *({"born": "yesterday"}, {"job": ["Judge"]}, {"member": 2}, {"shoes": 43}),
    ):
        assert not validator.is_valid({**row, **wrong})
    assert not validator.is_valid({k: v for k, v in row.items() if k != "score"})
    assert validator.is_valid({k: v for k, v in row.items() if k != "CustomerID"})


@pytest.mark.parametrize(
    "name", ["amount", "share", "visits", "score", "since", "born", "seen"]
)
def test_what_the_model_accepts_fits_the_schema(awkward, name):
    """Of numbers and dates; as text, with marks of missing values, in any notation."""
    jsonschema = pytest.importorskip("jsonschema")
    X, preprocessor = awkward
    validator = jsonschema.Draft202012Validator(info_of(preprocessor).row_schema())
    (row,) = as_json(X.head(1))
    n_accepted = 0
    for cell in CELLS:
        try:
            with warnings.catch_warnings(action="ignore"):
                preprocessor.transform(pd.DataFrame([{**row, name: cell}]))
        except ValueError:
            continue
        n_accepted += 1
        assert validator.is_valid({**row, name: cell}), cell
    assert n_accepted > 2


@pytest.mark.slow
def test_rows_without_names_are_arrays(numbers, make_net):
    """Of as many numbers as there are columns, none missing."""
    jsonschema = pytest.importorskip("jsonschema")
    info = info_of(make_net().fit(*numbers))
    validator = jsonschema.Draft202012Validator(info.row_schema())
    assert validator.is_valid([0.5, 1, -2.0])
    for row in ([0.5, 1], [0.5, 1, 2, 3], [0.5, None, 1], [0.5, "1", 1]):
        assert not validator.is_valid(row)


@pytest.mark.slow
def test_card_of_a_classifier(classifier, table):
    """Columns, segments, training rows, held-out figures, and what the user says."""
    info = info_of(
        classifier,
        card={
            "intended_use": "Mailings | <b>only</b>",
            "limitations": "Germany only.",
            "units": {"income": "k€"},
            "descriptions": {"age": "years since birth"},
            "metrics": {"lift in the first tenth": 2.5},
        },
    )
    columns = {column["name"]: column for column in info.columns()}
    assert columns["age"]["n_missing"] == 5
    assert columns["income"]["unit"] == "k€"
    assert columns["profession"]["levels"] == ["Artist", "Doctor"]
    assert info.card["n_rows"] == 60
    counts = {s["label"]: s["n_rows"] for s in info.card["segments"]}
    assert counts == pd.Series(table[1]).value_counts().to_dict()
    held_out = info.card["metrics"]["out-of-fold accuracy"]
    assert held_out == classifier.oof_scores_["accuracy"]
    text = info.to_markdown()
    for title in (
        *("Intended use", "Training data", "Metrics", "Caveats and limitations"),
        *("Model details", "Factors", "Evaluation data", "Ethical considerations"),
    ):
        assert f"\n## {title}\n" in text
    for words in (
        "Mailings \\| \\<b>only",
        "Germany only.",
        "k€",
        "lift",
        "years since",
    ):
        assert words in text
    stored = json.loads(info.to_json())
    assert stored["row_schema"] == info.row_schema()
    assert stored["sha256"] in text
    assert all(digest in text for digest in stored["hashes"].values())


@pytest.mark.slow
def test_out_of_fold_scores_are_those_of_the_held_out_rows(classifier, table):
    """The rows that have out-of-fold probabilities."""
    known = np.isfinite(classifier.oof_proba_).all(axis=1)
    found = classifier.classes_[classifier.oof_proba_[known].argmax(axis=1)]
    assert classifier.oof_scores_["n_samples"] == known.sum()
    assert classifier.oof_scores_["accuracy"] == np.mean(found == table[1][known])


def test_levels_that_few_customers_have_are_not_listed():
    """Where a column has too many for columns of their own; they are counted."""
    X = pd.DataFrame({"city": [f"city {at % 60}" for at in range(240)]})
    y = np.arange(240) % 2
    preprocessor = TabularPreprocessor(min_frequency=None).fit(X, y)
    info = info_of(preprocessor)
    (column,) = info.columns()
    assert (column["levels"], column["n_levels"]) == ([], 60)
    assert "city 7" not in info.to_json()


def test_card_of_a_pipeline_and_a_clusterer():
    """Columns are those of the first step; segments have the rows of the training."""
    X = pd.DataFrame({"a": [0.0, 0.1, 5.0, 5.1, 5.2], "b": [1.0, 1.1, 7.0, 7.1, 7.2]})
    from sklearn.cluster import KMeans

    clusterer = InductiveClusterer(KMeans(2, n_init=1, random_state=0))
    info = info_of(make_pipeline(StandardScaler(), clusterer).fit(X))
    assert [column["name"] for column in info.columns()] == ["a", "b"]
    assert [segment["n_rows"] for segment in info.card["segments"]] == [3, 2]
    assert info.row_schema()["required"] == ["a", "b"]


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ({"intended": "x"}, r"\['intended'\]; known are \['intended_use'"),
        ({"limitations": 3}, r"card\['limitations'\] must be a text"),
        ({"units": {"shoes": "cm"}}, r"\['shoes'\], which are no columns"),
        ({"metrics": {"lift": "high"}}, r"card\['metrics'\]\['lift'\]"),
    ],
)
def test_cards_that_cannot_be_written(awkward, card, words):
    """The message names the entry, and those that there are."""
    with pytest.raises(ArchiveError, match=words):
        save(awkward[1], io.BytesIO(), card=card)


def test_archives_of_older_versions_have_names_only():
    """Their rows are checked for columns, their cards say what is known."""
    info = inspect(OLD)
    assert info.card == {}
    schema = info.row_schema()
    assert schema["required"] == list(info.feature_names)
    assert not schema["additionalProperties"]
    assert "| Profession |" in info.to_markdown()
    json.loads(info.to_json())


@pytest.mark.slow
@pytest.mark.parametrize(
    "card", [3, [], {}, {"columns": 1}, {"columns": [{"name": 1}]}, {"texts": {"a": 1}}]
)
def test_damaged_cards_are_refused(archive, rewrite, card):
    """By inspect and by load."""
    damaged = rewrite(archive, {}, card=card)
    for read in (inspect, load):
        with pytest.raises(ArchiveError, match="card"):
            read(io.BytesIO(damaged))
