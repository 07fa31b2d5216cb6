"""Each page, clicked through without a browser."""

import io
import pathlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans

from segmentlearn import load, make_customers, save
from segmentlearn.app import _charts, _main, _segments
from segmentlearn.app._columns import Customers
from segmentlearn.app._generated import customers as generated
from segmentlearn.app._uploads import read_upload
from segmentlearn.preprocessing import DistancePreprocessor


def test_an_upload_is_described(visitor, mall):
    """The page Data shows how many customers there are and what the columns are."""
    visitor.go("data")
    at = visitor.upload("mall.csv", mall)
    assert [metric.value for metric in at.metric] == ["60", "5", "0"]
    roles = visitor.session.customers.roles.roles
    assert roles["CustomerID"] == "identifier"
    assert roles["Gender"] == "category"
    assert roles["Age"] == "number"


def test_a_file_that_is_no_table_is_a_sentence(visitor):
    """Nothing is opened, and the page stays."""
    visitor.go("data")
    visitor.upload("list.csv", b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00]\x94.")
    (text,) = visitor.texts("error")
    assert "list.csv is no table of customers: it is a pickle of Python" in text
    assert visitor.session.customers is None


def test_generated_customers_are_ready(visitor):
    """They are loaded by a click, and audited by another."""
    visitor.go("data")
    visitor.click("Take these")
    assert visitor.session.customers.loaded.name == "generated-mall.csv"
    visitor.click("Look for defects")
    assert visitor.session.results["audit"].n_rows == 400


def test_a_role_that_is_changed_forgets_what_was_found(with_segments):
    """Segments were found in columns that are understood otherwise now."""
    session = with_segments.session
    roles = {**session.customers.roles.roles, "CustomerID": "number"}
    session.take(session.customers.with_roles(roles))
    assert session.segmentation is None
    assert session.customers.roles.types() == {"numeric": ["CustomerID"]}


def test_figures_are_those_of_python(with_segments):
    """Segments, silhouette and inertia are what the library gives by itself."""
    found = with_segments.session.segmentation
    prepared = DistancePreprocessor().fit_transform(found.X)
    clusterer = KMeans(3, n_init=10, random_state=0).fit(prepared)
    shown = [metric.value for metric in with_segments.at.metric]
    assert shown[:2] == ["60", "3"]
    assert shown[3] == f"{clusterer.inertia_:,.1f}"
    assert found.summary()["customers"].sum() == 60
    sizes = np.sort(np.bincount(clusterer.labels_))[::-1]
    assert found.profile.sizes.tolist() == sizes.tolist()


def test_found_segments_are_kept_for_the_same_settings(with_segments):
    """A second click on the same settings computes nothing."""
    first = with_segments.session.segmentation
    with_segments.click("Find segments")
    assert with_segments.session.segmentation is first


@pytest.mark.slow
def test_numbers_of_segments_are_compared(with_segments, monkeypatch):
    """By the criteria, from no segments to the most there may be."""
    monkeypatch.setattr(_segments, "MOST_SEGMENTS", 4)
    monkeypatch.setattr(_segments, "_N_BOOTSTRAPS", 2)
    session = with_segments.session
    with_segments.go("find_segments")
    with_segments.widget("multiselect", "Columns").set_value(["Age"])
    with_segments.click("How many are there? Compare 2 to 12")
    assert session.results["numbers"].table.index.tolist() == [1, 2, 3, 4]


def test_names_are_kept_with_the_model(with_segments):
    """A name that is typed in stands in profiles and in the archive."""
    with_segments.go("understand")
    with_segments.at.text_input[0].set_value("Savers <b>*")
    with_segments.click("Keep these names")
    found = with_segments.session.segmentation
    assert found.profile.names[0] == "Savers <b>*"
    with_segments.go("take_away")
    file = io.BytesIO()
    save(found.model, file)
    file.seek(0)
    assert load(file)[-1].segment_names_[0] == "Savers <b>*"


def test_two_segments_with_one_name_are_a_sentence(with_segments):
    """The names stay what they were."""
    with_segments.go("understand")
    before = dict(with_segments.session.segmentation.profile.names)
    for field in with_segments.at.text_input[:2]:
        field.set_value("the same")
    with_segments.click("Keep these names")
    assert "Two segments would have the same name" in with_segments.texts("error")[0]
    assert with_segments.session.segmentation.profile.names == before


def test_new_customers_are_scored(with_segments):
    """From a file and from the form, by the segments of this session."""
    X, _ = make_customers("mall", 30, random_state=1)
    with_segments.go("score")
    with_segments.upload("new.csv", X.to_csv(index=False).encode(), at=1)
    scored = with_segments.session.scored
    assert scored.counts()["customers"].sum() == 30
    model = with_segments.session.segmentation.model
    assert scored.scores.segments.tolist() == model.predict(X).tolist()
    with_segments.click("Which segment?")
    assert any(t.startswith("Segment ") for t in with_segments.texts("success"))


def test_a_file_without_the_columns_is_a_sentence(with_segments):
    """The columns that are missing are named."""
    with_segments.go("score")
    with_segments.upload("new.csv", b"a,b\n1,2\n3,4\n", at=1)
    (text,) = with_segments.texts("error")
    assert "lacks" in text
    assert "Age" in text


def test_the_code_finds_the_same_segments(with_segments, mall, tmp_path, monkeypatch):
    """The program of the page Take away runs, and its labels are the same."""
    at = with_segments.go("take_away")
    code = next(block.value for block in at.code if "read_table" in block.value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mall.csv").write_bytes(mall)
    exec(code, {})
    written = pd.read_csv(tmp_path / "mall-segments.csv")["segment"]
    assert written.tolist() == with_segments.session.segmentation.labels.tolist()


@pytest.mark.slow
def test_report_and_rules_can_be_taken_away(with_segments):
    """A page for a manager, and rules as SQL."""
    pytest.importorskip("sqlglot")
    with_segments.go("take_away")
    with_segments.click("Write the report")
    with_segments.click("Find rules")
    results = with_segments.session.results.values()
    assert any(isinstance(r, bytes) and b"<!DOCTYPE html>" in r for r in results)
    with_segments.widget("radio", "Format of the rules").set_value("SQL").run()
    assert not with_segments.texts("error")


@pytest.mark.slow
def test_known_segments_are_learnt_and_scored(visitor):
    """Held-out report, campaign, and an archive's scores, from a small net."""
    X, y = make_customers("bank", 300, weights=[0.6, 0.4], random_state=0)
    data = X.assign(answer=y).to_csv(index=False).encode()
    visitor.go("data")
    visitor.upload("bank.csv", data)
    visitor.go("known_segments")
    visitor.widget("selectbox", "Net").set_value("best-practices")
    visitor.click("Learn the segments")
    known = visitor.session.known
    assert known.settings.target == "answer"
    assert len(known.result.y_true) == 60
    assert known.report()["customers"].sum() == 60
    assert visitor.widget("metric", "Accuracy").value.endswith("%")
    assert visitor.widget("metric", "Profit") is not None
    visitor.go("take_away")
    visitor.go("score")
    visitor.click("Which segment?")
    assert any(t.startswith("Segment ") for t in visitor.texts("success"))


@pytest.mark.slow
def test_the_autoencoder_path(visitor, mall):
    """Deep segments, with their figures in both spaces."""
    visitor.go("data")
    visitor.upload("mall.csv", mall)
    visitor.go("find_segments")
    visitor.widget("selectbox", "Method").set_value("autoencoder")
    visitor.click("Find segments")
    found = visitor.session.segmentation
    assert found.figures["inertia of the codes"] == found.model.latent_inertia_
    assert found.figures["silhouette"] == found.model.silhouette_
    assert found.labels.tolist() == found.model.labels_.tolist()


def test_two_visitors_see_their_own_rows_only(mall):
    """Nothing of a session is in another one, nor in a cache that both share."""
    from tests.app.conftest import Visitor

    first, second = Visitor(), Visitor()
    first.go("data")
    first.upload("mine.csv", mall)
    second.go("data")
    assert second.session is not first.session
    assert second.session.customers is second.session.earlier is None
    shown = [block.value for block in second.at.markdown]
    assert not any("mine" in text for text in shown)


@pytest.mark.parametrize("page", ["find_segments", "known_segments", "take_away"])
def test_pages_ask_for_a_table_first(visitor, page):
    """They say where to begin."""
    visitor.go(page)
    assert "First choose a table" in visitor.texts("info")[0]


def test_text_of_a_table_is_never_markup(visitor):
    """Scripts, pictures and formulas in names and cells are shown as they are."""
    name = "![x](http://evil.example/a.png) <script>alert(1)</script> $x$"
    frame = pd.DataFrame({name: [*"ab"] * 10, "n": range(20)})
    visitor.go("data")
    at = visitor.upload(f"{name[:20]}.csv", frame.to_csv(index=False).encode())
    visitor.click("Look for defects")
    for kind in ("markdown", "header", "warning", "info", "error", "caption"):
        for block in at.get(kind):
            assert "![x](" not in block.value
            assert "<script>" not in block.value


def test_the_demo_starts_with_customers(visitor, monkeypatch):
    """`segmentlearn app --demo` has a table on its first page."""
    monkeypatch.setenv("SEGMENTLEARN_APP", '{"demo": true}')
    visitor.go("data")
    assert len(visitor.session.customers.table.frame) == 400


def test_the_archive_of_the_command_line_scores(with_segments, tmp_path, monkeypatch):
    """`segmentlearn app --archive m.seg` has a model on the page Score."""
    from tests.app.conftest import Visitor

    save(with_segments.session.segmentation.model, tmp_path / "m.seg")
    options = f'{{"archive": "{tmp_path / "m.seg"}"}}'
    monkeypatch.setenv("SEGMENTLEARN_APP", options)
    other = Visitor()
    other.go("score")
    assert other.session.archive.columns == list(with_segments.session.segmentation.X)
    for field in other.at.text_input:
        field.set_value("Male" if field.label == "Gender" else "30")
    other.click("Which segment?")
    assert any(t.startswith("Segment ") for t in other.texts("success"))


def test_dates_and_amounts_of_a_workbook():
    """An Excel file with dates and numbers is segmented without touching code."""
    frame = generated("mall", 40).table.frame.assign(
        since=pd.date_range("2020-01-01", periods=40, freq="37D"),
        amount=np.linspace(10.5, 99.5, 40),
    )
    file = io.BytesIO()
    frame.to_excel(file, index=False)
    loaded = read_upload(file.getvalue(), "sales.xlsx", 2**24)
    customers = Customers.of(loaded)
    assert customers.roles.roles["since"] == "date"
    assert customers.roles.roles["amount"] == "number"


def test_the_first_page_comes_quickly_and_leaves_work_alone():
    """It imports next to nothing, and Keras is not reset behind a net in training."""
    code = """
import sys
from streamlit.runtime.scriptrunner import script_runner
from streamlit.testing.v1 import AppTest
at = AppTest.from_file(sys.argv[1], default_timeout=120).run()
assert not at.exception
keras, resets = type(sys)("keras"), []
keras.backend = type("backend", (), {"clear_session": lambda: resets.append(1)})
sys.modules["keras"] = keras
script_runner._clean_problem_modules()
heavy = [m for m in ("tensorflow", "sklearn", "altair") if m in sys.modules]
print([title.value for title in at.title], resets, heavy)
"""
    path = pathlib.Path(_main.__file__)
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "['Data'] [] []", done.stderr


def test_a_column_called_image_is_no_picture():
    """A browser would fetch what its cells name."""
    frame = pd.DataFrame({"value": ["http://evil.example/a.png"], "customers": [1]})
    chart = _charts.histogram(frame, "image").to_dict()
    titles = [tip["title"] for tip in chart["encoding"]["tooltip"]]
    assert titles == ["image (column)", "customers"]
