"""write_report: one page, safe and honest."""

import importlib.resources
import re
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn import make_customers
from segmentlearn.cluster import InductiveClusterer
from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.preprocessing import TabularPreprocessor
from segmentlearn.report import write_report

NUMBERS = ["Age", "Annual Income (k$)", "Spending Score (1-100)"]


@pytest.fixture(scope="module")
def customers():
    X, _ = make_customers("mall", 150, random_state=0)
    return X[NUMBERS]


@pytest.fixture(scope="module")
def clusterer(customers):
    return KMeans(3, n_init=2, random_state=0).fit(customers)


@pytest.fixture(scope="module")
def evaluated(customers):
    """A classifier of three segments, none of them small."""
    y = np.array(["A", "B", "C"])[pd.qcut(customers["Age"], 3).cat.codes]
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(customers, y), (
        customers
    )


def write(model, X, folder, **how):
    path = folder / "report.html"
    write_report(model, X, path, **how)
    return path.read_text(encoding="utf-8")


def test_page_loads_nothing(clusterer, customers, tmp_path):
    """Pictures are inside; no address, script or style sheet is named."""
    page = write(clusterer, customers, tmp_path)
    sources = re.findall(r'src="([^"]{0,30})', page)
    assert sources
    assert all(source.startswith("data:image/png;base64") for source in sources)
    assert not re.search(r"https?://|<script|<link|@import|url\(", page)


def test_every_picture_has_words(clusterer, customers, tmp_path):
    """Who cannot see the picture reads what it shows."""
    page = write(clusterer, customers, tmp_path)
    words = re.findall(r'<img [^>]*alt="([^"]*)"', page)
    assert len(words) == page.count("<img")
    assert min(map(len, words)) > 20


def test_effects_have_minus_signs(clusterer, customers, tmp_path):
    """As the axes below them, and not hyphens."""
    page = write(clusterer, customers, tmp_path)
    words = re.findall(r'alt="(Strongest differences[^"]*)"', page)
    assert re.search(r" −\d\.\d", " ".join(words))  # noqa: RUF001
    assert not re.search(r" -\d\.\d", " ".join(words))


def test_markup_in_names_is_escaped(customers, tmp_path):
    """Columns, values and the title are text, whatever they hold."""
    evil = "<script>alert('a & b')</script>"
    X = customers.rename(columns={"Age": evil})
    y = np.where(X[evil] > 40, "<b>old & wise</b>", "young")
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    page = write(model, X, tmp_path, title=evil)
    assert "<script>alert" not in page
    assert "<b>old" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;old &amp; wise" in page


def test_training_rows_are_not_scored(customers, tmp_path):
    """Known segments of rows that may be those of the training give no number."""
    y = np.where(customers["Age"] > 40, "old", "young")
    model = LogisticRegression(max_iter=500).fit(customers, y)
    page = write(model, customers.assign(kind=y), tmp_path, target="kind")
    assert "is not known" in page
    assert "may be the very customers" in page
    assert "percentage points" not in page


def test_stored_counts_are_the_quality(report_of_counts):
    """What was held out when the model was made, beside the largest class."""
    page = report_of_counts([[60, 20], [10, 30]])
    assert "finds the right segment for 75%" in page
    assert "would be right for 67%" in page


def test_small_segment_is_not_described(customers, tmp_path):
    """A segment of four customers has no number, and its neighbour none either."""
    X = customers.copy()
    X.iloc[:4] = [200.0, 900.0, 900.0]
    model = KMeans(3, n_init=5, random_state=0).fit(X)
    sizes = np.sort(np.bincount(model.labels_))
    assert sizes[0] == 4
    page = write(model, X, tmp_path)
    assert "Customers: &lt; 10" in page
    assert f"Customers: {sizes[1]}<" not in page
    assert "Customers: not shown" in page
    assert "To protect single customers" in page


def test_nothing_hidden_is_not_explained(clusterer, customers, tmp_path):
    """Where all sizes are shown, nothing is explained, not even what "< 10" means."""
    page = write(clusterer, customers, tmp_path)
    assert min(np.bincount(clusterer.labels_)) >= 10
    assert "To protect single customers" not in page
    assert "&lt; 10" not in page


@pytest.mark.parametrize(("fewest", "is_explained"), [(4, True), (14, False)])
def test_grey_is_explained_where_it_is(fewest, is_explained, evaluated, tmp_path):
    """A picture of counts that all are shown has no grey cells."""
    model, X = evaluated
    counts = [[90, fewest, 30], [20, 50, 15], [20, 15, 60]]
    facts = {"held_out_labels": ["A", "B", "C"], "held_out_confusion": counts}
    page = write(model, X, tmp_path, facts=facts)
    assert ("Grey:" in page) is is_explained
    assert ("To protect single customers" in page) is is_explained


def test_sizes_stand_beside_those_of_held_out_customers(evaluated, tmp_path):
    """Shares of these customers, of held-out ones as named and as they are."""
    model, X = evaluated
    counts = [[90, 14, 30], [20, 50, 15], [20, 15, 60]]
    facts = {"held_out_labels": ["A", "B", "C"], "held_out_confusion": counts}
    page = write(model, X, tmp_path, facts=facts)
    predicted = pd.Series(model.predict(X)).value_counts(normalize=True)
    cells = [f"{predicted['A']:.0%}", "41%", "43%"]
    row = "".join(f'<td class="number">{cell}</td>' for cell in cells)
    assert f'<tr><th scope="row">A</th>{row}</tr>' in page
    assert "not counts" in page


def test_largest_segment_is_named_with_its_label(clusterer, customers, tmp_path):
    """A name alone would have to be looked for."""
    page = write(clusterer, customers, tmp_path)
    largest = np.bincount(clusterer.labels_).argmax()
    assert re.search(rf"The largest segment is {largest}, “[^”]+”, with \d+%", page)


def test_columns_used_leave_identifiers_out(customers, tmp_path):
    """Four columns are passed, and the preprocessor keeps three."""
    names = np.random.default_rng(0).permutation(90_000)[: len(customers)]
    X = customers.assign(ID=names + 100_000)
    with pytest.warns(SegmentLearnWarning, match="identifiers"):
        model = make_pipeline(
            TabularPreprocessor(), KMeans(3, n_init=2, random_state=0)
        ).fit(X)
    page = write(model, X, tmp_path)
    assert "<dt>Columns used</dt><dd>3</dd>" in page


def test_rules_without_figures_are_explained_once(tmp_path):
    """Rules that are always right would reveal that no customer is an exception."""
    X = pd.DataFrame({"Age": np.tile([20, 22, 24, 60, 62, 64], 20)})
    page = write(KMeans(2, n_init=2, random_state=0).fit(X), X, tmp_path)
    assert "Age &lt;= " in page
    assert "right for" not in page
    assert page.count("has no figures") == 1


def test_rare_level_is_nowhere(customers, tmp_path):
    """The name of a category of three customers does not reach the page."""
    X = customers.assign(Town=["Zwergdorf"] * 3 + ["Ulm"] * 80 + ["Bonn"] * 67)
    y = np.array(["a"] * 83 + ["b"] * 67)
    inner = KMeans(2, n_init=2, random_state=0)
    model = InductiveClusterer(inner).fit(X[NUMBERS])
    model.segment_names_ = {0: "Zwergdorf people", 1: "others"}
    assert "Zwergdorf" not in write(model, X, tmp_path, y=y)


def test_large_table_is_sampled(clusterer, customers, tmp_path):
    """Sizes are of all rows, the rest of 20,000, and the page notes it."""
    many = pd.concat([customers] * 150, ignore_index=True)
    page = write(clusterer, many, tmp_path)
    assert "<dd>22,500</dd>" in page
    assert "from 20,000 of them" in page


@pytest.mark.parametrize("package", ["jinja2", "matplotlib.pyplot"])
def test_missing_package_names_the_extra(
    package, clusterer, customers, tmp_path, monkeypatch
):
    """The error names what to install."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r"segmentlearn\[report\]"):
        write_report(clusterer, customers, tmp_path / "report.html")


def test_missing_column_is_named(clusterer, customers, tmp_path):
    """A table without a column of the model is refused."""
    with pytest.raises(SchemaError, match=r"lacks 1 column.*Age"):
        write_report(clusterer, customers.drop(columns="Age"), tmp_path / "a.html")


def test_unknown_target_is_named(clusterer, customers, tmp_path):
    """A target that is not in the table is refused."""
    with pytest.raises(ValueError, match="target='kind' is not a column"):
        write_report(clusterer, customers, tmp_path / "a.html", target="kind")


def test_few_customers_are_refused(clusterer, customers, tmp_path):
    """Nine customers could be recognised."""
    with pytest.raises(ValueError, match="9 customers; a report needs 10"):
        write_report(clusterer, customers.head(9), tmp_path / "a.html")


def test_template_is_in_the_package():
    """The page is written from a file that is installed with the package."""
    files = importlib.resources.files("segmentlearn.report")
    assert "<!DOCTYPE html>" in files.joinpath("template.html.j2").read_text("utf-8")
