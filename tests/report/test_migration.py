"""write_migration: a page on who moved."""

import pandas as pd
import pytest

from segmentlearn import segment_migration
from segmentlearn.report import write_migration

pytest.importorskip("jinja2")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Of 400 customers 34 moved, and 21 left."""
    before = pd.DataFrame({"no": range(400)})
    labels = [0] * 200 + [1] * 200, [0] * 170 + [1] * 205 + [0] * 4
    moved = segment_migration(*labels, before, before.head(379), key="no")
    moved.names[0] = "<b>savers</b>"
    path = tmp_path_factory.mktemp("migration") / "page.html"
    write_migration(moved, path, title="April & May")
    return path.read_text(encoding="utf-8")


def test_page_is_one_file(page):
    """With its pictures inside, and nothing to load."""
    assert "data:image/png;base64," in page
    assert "http" not in page.replace("http-equiv", "")


def test_names_are_no_markup(page):
    """They are text."""
    assert "April &amp; May" in page
    assert "0: &lt;b&gt;savers&lt;/b&gt;" in page
    assert "<b>savers" not in page


def test_small_counts_are_hidden(page):
    """Nor can fewer than ten customers be worked out from other numbers."""
    assert "<td>&lt; 10</td>" in page
    assert "<td>4</td>" not in page
    assert "<td>not shown</td>" in page
    assert "About 380 customers are in both periods" in page


def test_nothing_known_is_no_column(page):
    """Labels do not say what a change of sizes is made of."""
    assert "Change, points" in page
    assert "Redefinition" not in page
