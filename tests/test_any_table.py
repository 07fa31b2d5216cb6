"""The same customers get the same segments, whichever way they come."""

import io

import numpy as np
import pandas as pd
import pytest

from segmentlearn import SegmentClassifier, load, save
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.tables import read_table
from tests.command_line import run

RNG = np.random.default_rng(0)
N = 120
CUSTOMERS = pd.DataFrame(
    {
        "branch": RNG.choice(["01", "02", "10"], N),
        "plan": RNG.choice(["Gold", "None", "Silver"], N),
        "spend": np.where(np.arange(N) % 9 == 4, np.nan, RNG.lognormal(5, 1, N)),
        "visits": RNG.integers(0, 50, N),
        "since": pd.Timestamp("2019-01-01") + pd.to_timedelta(np.arange(N) * 7, "D"),
        "member": RNG.random(N) < 0.5,
    }
)
SEGMENT = np.where(CUSTOMERS["visits"] > 25, "often", "rarely")


@pytest.fixture(scope="module")
def model():
    classifier = SegmentClassifier(
        (8,), n_members=1, n_inner_folds=0, max_epochs=3, random_state=0
    )
    return classifier.fit(CUSTOMERS, SEGMENT)


def as_csv(**how):
    return lambda table: table.to_csv(index=False, **how).encode(
        how.get("encoding", "utf-8")
    )


def through_file(write):
    def to_bytes(table):
        file = io.BytesIO()
        getattr(table, write)(file, **({"index": False} if "excel" in write else {}))
        return file.getvalue()

    return to_bytes


@pytest.mark.parametrize(
    "write",
    [
        as_csv(),
        as_csv(sep=";", decimal=",", encoding="utf-16"),
        as_csv(date_format="%d.%m.%Y", sep="\t"),
        through_file("to_parquet"),
        through_file("to_feather"),
        through_file("to_excel"),
        lambda table: table.to_json(
            orient="records", lines=True, date_format="iso", double_precision=15
        ).encode(),
    ],
    ids=["csv", "semicolons", "tabs", "parquet", "feather", "excel", "json"],
)
def test_every_file_has_the_probabilities_of_the_frame(write, model):
    """Bit for bit, with text codes, missing cells, dates and truth values."""
    frame = read_table(io.BytesIO(write(CUSTOMERS))).frame
    np.testing.assert_array_equal(
        model.predict_proba(frame), model.predict_proba(CUSTOMERS)
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table[table.columns[::-1]],
        lambda table: table.assign(branch=table["branch"].astype(int)),
        lambda table: table.astype({"branch": "category", "visits": float}),
        lambda table: table.astype(str).replace("nan", ""),
        lambda table: table.set_axis(range(100, 100 + N)),
    ],
    ids=["order of columns", "codes as numbers", "dtypes", "all text", "index"],
)
def test_every_frame_has_the_probabilities_of_the_training_frame(change, model):
    """Other dtypes and another order of columns are the same customers."""
    np.testing.assert_array_equal(
        model.predict_proba(change(CUSTOMERS)), model.predict_proba(CUSTOMERS)
    )


def test_an_archive_of_python_scores_a_file(model, tmp_path):
    """The command line gives the segments of Python."""
    save(model, tmp_path / "m.seg")
    CUSTOMERS.to_csv(tmp_path / "new.csv", index=False, sep=";", decimal=",")
    result = run(
        *("predict", tmp_path / "m.seg", tmp_path / "new.csv"),
        *("--out", tmp_path / "out.csv"),
    )
    assert result.exit_code == 0, result.stderr
    scored = pd.read_csv(tmp_path / "out.csv", sep=";")
    assert scored["segment"].tolist() == model.predict(CUSTOMERS).tolist()


@pytest.mark.slow
def test_a_file_is_read_as_the_training_file(tmp_path):
    """Also where its own cells would suggest something else."""
    table = CUSTOMERS.assign(tier=SEGMENT, spend=CUSTOMERS["spend"].round(2))
    table.to_csv(tmp_path / "train.csv", index=False, sep=";", decimal=",")
    result = run(
        *("fit", tmp_path / "train.csv", "--target", "tier", "--quiet"),
        *("--preset", "best-practices", "--max-epochs", 2),
        *("--out", tmp_path / "m.seg"),
    )
    assert result.exit_code == 0, result.stderr
    one = table.head(1).drop(columns="tier")
    one.to_csv(tmp_path / "one.csv", index=False, sep=";", decimal=",")
    result = run("predict", tmp_path / "m.seg", tmp_path / "one.csv")
    assert result.exit_code == 0, result.stderr
    scored = pd.read_csv(io.StringIO(result.stdout), sep=";", decimal=",")
    model = load(tmp_path / "m.seg")
    written = scored[[f"probability_{label}" for label in model.classes_]].astype(float)
    np.testing.assert_allclose(written, model.predict_proba(one), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("names", [[0, 1], [("a", "x"), ("a", "y")]])
def test_columns_without_text_names_are_matched_by_name(names):
    """Whole numbers and two levels, in another order."""
    X = pd.DataFrame(RNG.normal(size=(60, 2)) * [5, 1], columns=names)
    if isinstance(names[0], tuple):
        X.columns = pd.MultiIndex.from_tuples(names)
    y = np.where(X.iloc[:, 0] > 0, "a", "b")
    model = SegmentClassifier(
        (4,), n_members=1, n_inner_folds=0, max_epochs=2, random_state=0
    ).fit(X, y)
    np.testing.assert_array_equal(
        model.predict_proba(X.iloc[:, ::-1]), model.predict_proba(X)
    )


def test_labels_in_another_order_are_refused():
    """They would be given to other customers."""
    y = pd.Series(SEGMENT, index=CUSTOMERS.index).sample(frac=1, random_state=0)
    with pytest.raises(ValueError, match=r"y has the index of X in another order"):
        SegmentClassifier().fit(CUSTOMERS, y)


def test_describe_shows_how_a_table_is_read(tmp_path):
    """With what to write to change it."""
    table = CUSTOMERS.assign(CLIENTNUM=RNG.choice(10**8, N, replace=False) + 7 * 10**8)
    table.to_csv(tmp_path / "t.csv", index=False, sep=";", encoding="utf-16")
    result = run("describe", tmp_path / "t.csv")
    assert result.exit_code == 0
    assert "120 rows, 7 columns (separator ';', utf-16)" in result.stdout
    assert "--numeric CLIENTNUM" in result.stdout


@pytest.mark.slow
def test_options_of_columns(tmp_path):
    """--numeric keeps what looks like an identifier; an unknown name is refused."""
    table = CUSTOMERS.assign(tier=SEGMENT, number=np.arange(N))
    table.to_csv(tmp_path / "t.csv", index=False)
    arguments = (
        *("fit", tmp_path / "t.csv", "--target", "tier", "--quiet"),
        *("--preset", "best-practices", "--max-epochs", 1),
    )
    result = run(*arguments, "--numeric", "number", "--out", tmp_path / "m.seg")
    assert result.exit_code == 0, result.stderr
    assert "identifiers" not in result.stderr
    roles = load(tmp_path / "m.seg").preprocessor_.column_roles_
    assert roles["number"] == "numeric"
    assert "identifiers" in run(*arguments).stderr
    assert run(*arguments, "--categorical", "nonsense").exit_code == 2


def test_few_unreadable_cells_are_counted_in_a_warning(model):
    """And become missing."""
    new = CUSTOMERS.assign(spend=["ask"] + [f"{x:.2f}" for x in range(1, N)])
    with pytest.warns(SegmentLearnWarning, match=r"1 of 120 cells of column 'spend'"):
        model.predict(new)
