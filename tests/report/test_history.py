"""Segments over time in a report: ids, names, sizes by period, and who moved."""

import html
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans

from segmentlearn import InductiveClusterer, segment_migration
from segmentlearn.report import write_report

pytest.importorskip("jinja2")


def customers(*sizes):
    """Return groups of customers far from each other, of these sizes."""
    centers = np.repeat(np.arange(len(sizes)) * 50.0, sizes)
    noise = np.random.default_rng(0).normal(size=len(centers))
    return pd.DataFrame({"age": centers + noise, "no": np.arange(len(centers))})


def clusterer(X, n_clusters, **how):
    model = InductiveClusterer(KMeans(n_clusters, n_init=3), random_state=0, **how)
    return model.fit(X[["age"]])


@pytest.fixture(scope="module")
def periods():
    """In May a third segment is there, and the second one has only four customers."""
    april, may = customers(30, 30), customers(40, 4, 25)
    first = clusterer(april, 2, period="April")
    first.segment_names_ = {0: "young", 1: "old"}
    return first, clusterer(may, 3, baseline=first, period="May"), april, may


@pytest.fixture(scope="module")
def page(periods, tmp_path_factory):
    first, model, april, may = periods
    moved = segment_migration(first, model, april, may, key="no", random_state=0)
    path = tmp_path_factory.mktemp("history") / "page.html"
    write_report(model, may[["age"]], path, migration=moved)
    return html.unescape(path.read_text(encoding="utf-8"))


def rows_of(page):
    """Return the cells of the table of ids."""
    table = page[page.index("What became of it") :]
    table = table[: table.index("</table>")]
    return [
        re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("<tr>")
    ]


def test_segments_keep_their_ids(page):
    """With the name of April and the sizes of both periods."""
    assert ["0", "young", "30", "40", "since April"] in rows_of(page)


def test_new_segment_has_an_id_of_its_own(page):
    """It has no customers in April."""
    born = [row for row in rows_of(page) if row[:1] == ["2"]]
    assert born[0][2] == ""
    assert born[0][4].startswith("since May")


def test_few_customers_of_a_period_are_hidden(page):
    """Four customers are fewer than ten."""
    sizes = [row[3] for row in rows_of(page) if row[:1] == ["1"]]
    assert sizes == ["< 10"] or sizes == ["not shown"]


def test_movement_is_in_the_report(page):
    """As the page of its own has it."""
    assert "Who moved" in page
    assert "60 customers are in both periods" in page


def test_first_fit_has_no_history(periods, tmp_path):
    """There is nothing to compare with."""
    first, _, april, _ = periods
    write_report(first, april[["age"]], tmp_path / "page.html")
    assert "Segments over time" not in (tmp_path / "page.html").read_text("utf-8")
