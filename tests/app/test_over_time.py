"""Segments that live on in the app, what became of them, and who moved."""

import io

import numpy as np
import pandas as pd
import pytest

from segmentlearn import load, make_customer_panel
from segmentlearn.app import _downloads, _over_time
from segmentlearn.app._methods import SegmentSettings
from segmentlearn.app._scoring import load_model
from segmentlearn.app._segments import find_segments
from segmentlearn.app._uploads import read_upload
from segmentlearn.monitoring import SegmentMigration
from tests.app.conftest import Visitor

_KEY = "CustomerID"


class _Job:
    def step(self, text, fraction, following):
        """Nobody watches."""


@pytest.fixture(scope="module")
def months():
    """Customers of two months, as CSV files."""
    panel = make_customer_panel(
        n_samples=150, n_segments=3, transitions=["birth"], random_state=0
    )
    return [t.to_csv(index=False).encode() for t in (panel.old, panel.new)]


def _customers(data, name):
    visitor = Visitor()
    visitor.go("data")
    visitor.upload(name, data)
    return visitor


@pytest.fixture(scope="module")
def april(months):
    """The first month: a scored file, and the archive with an edited name."""
    customers = _customers(months[0], "april.csv").session.customers
    columns = tuple(customers.roles.features)
    settings = SegmentSettings(columns, "kmeans", 3, period="April")
    found = find_segments(_Job(), customers, settings)
    found.profile.rename({0: "savers"}).store(found.model)
    facts = {"schema": customers.table.schema.to_dict(found.X.columns)}
    new = {"segment": found.labels, "segment_name": np.array(["x"] * len(found.X))}
    scored, _ = _downloads.customers_file(customers.loaded.table, new, "april.csv")
    return scored, _downloads.archive_file(found.model, facts)


@pytest.fixture(scope="module")
def may(months, april):
    """A visitor who has continued them in the second month."""
    visitor = _customers(months[1], "may.csv")
    visitor.go("find_segments")
    visitor.upload("april.seg", april[1])
    visitor.widget("selectbox", "Method").set_value("kmeans")
    visitor.widget("slider", "Number of segments").set_value(4)
    period = "Name of the period, such as 2026-05 (empty: counted)"
    visitor.widget("text_input", period).set_value("May")
    visitor.click("Find segments")
    return visitor


def test_segments_live_on(may):
    """With their ids and edited names, and with a history."""
    found = may.session.segmentation
    assert found.profile.names[0] == "savers"
    assert found.ids.tolist() == [0, 1, 2, 3]
    past = _over_time.history(found.model)
    assert past["born"].tolist() == ["April", "April", "April", "May"]
    assert past["customers May"].tolist() == found.profile.sizes.tolist()
    assert past["came from"].tolist() == ["", "", "", "2"]
    assert set(found.changes["ids before"].str[0]) == {"0", "1", "2"}


def test_the_page_understand_shows_ids_and_history(may):
    """Beside the names, and as tables."""
    at = may.go("understand")
    assert at.text_input[3].label.startswith("Segment 3 (id 3, ")
    headings = [found.value for found in at.header]
    assert "From period to period" in headings


def test_the_code_continues_them_too(may, months, april, tmp_path, monkeypatch):
    """The program of the page Take away gives the same ids and labels."""
    at = may.go("take_away")
    code = next(block.value for block in at.code if "read_table" in block.value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "may.csv").write_bytes(months[1])
    (tmp_path / "april.seg").write_bytes(april[1])
    exec(code, {})
    found = may.session.segmentation
    written = pd.read_csv(tmp_path / "may-segments.csv")["segment"]
    assert written.tolist() == found.labels.tolist()
    again = load(tmp_path / "segments.seg")[-1]
    assert again.passport_ == found.model[-1].passport_


def test_a_period_that_was_is_refused_before_the_fit(may, april):
    """In a sentence that names the others."""
    may.go("find_segments")
    may.at.text_input[0].set_value("April")
    may.click("Find segments")
    assert "have a period 'April' already" in may.texts("error")[0]


def test_other_columns_than_those_of_the_earlier_model(may, april):
    """The earlier model knows customers by its own columns."""
    customers = may.session.customers
    earlier, _ = load_model(april[1], "april.seg")
    settings = SegmentSettings(("Age",), "dbscan", baseline=earlier.digest)
    found = find_segments(_Job(), customers, settings, earlier)
    assert set(found.summary()["segment"]) - {-1} == set(range(len(found.ids)))
    assert found.ids[0] >= 0


def test_who_moved(may, months, april):
    """Figures are those of Python for the two files."""
    may.go("score")
    may.upload("may.csv", months[1], at=1)
    assert "id" in may.session.scored.counts()
    may.upload("april-segments.csv", april[0], at=2)
    may.click("Who moved?")
    found = may.session.movement
    before = pd.read_csv(io.BytesIO(april[0])).assign(period="1")
    scores = may.session.scored.scores
    now = pd.read_csv(io.BytesIO(months[1])).assign(period="2", segment=scores.lasting)
    expected = SegmentMigration.from_history(pd.concat([before, now]), key=_KEY)
    np.testing.assert_array_equal(found.migration.counts, expected.counts)
    assert any("was called 'x'" in text for text in may.texts("warning"))
    bands, labels = found.flows()
    assert bands.groupby("flow")["customers"].first().sum() == found.matrix().iloc[
        :, 1:
    ].to_numpy().sum()  # fmt: skip
    assert {"entered", "left"} <= set(labels["label"])
    may.click("Write the page")
    page = may.session.results["moved", found, "Movement between segments"]
    assert b"Movement between segments" in page


def test_two_periods_of_a_history(months):
    """Nothing needs to be scored."""
    rows = [pd.read_csv(io.BytesIO(data))[[_KEY]].astype(str) for data in months]
    parts = [
        part.assign(period=f"2026-0{at}", segment=str(at), probability=0.5)
        for at, part in enumerate(rows, 4)
    ]
    file = io.BytesIO()
    pd.concat(parts).to_parquet(file)
    visitor = Visitor()
    visitor.go("score")
    visitor.upload("history.parquet", file.getvalue(), at=1)
    visitor.click("Who moved?")
    migration = visitor.session.movement.migration
    assert migration.periods == ("2026-04", "2026-05")
    assert migration.n_moved == migration.n_shared > 0


def test_a_file_without_those_of_now_is_told(may, months):
    """Keys that nobody shares are a doubt, not an empty picture."""
    may.go("score")
    may.upload("may.csv", months[1], at=1)
    frame = pd.DataFrame({_KEY: [-1, -2], "segment": [0, 1]})
    loaded = read_upload(frame.to_csv(index=False).encode(), "old.csv", 2**20)
    settings = _over_time.MovementSettings(_KEY, "segment")
    found = _over_time.movement(_Job(), loaded, may.session.scored, settings)
    assert "No customer has the same 'CustomerID' in both" in found.doubts[0]
