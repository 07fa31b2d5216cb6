"""write_migration: a page on who moved."""

import pandas as pd
import pytest

from segmentlearn import segment_migration
from segmentlearn.report import write_migration

pytest.importorskip("jinja2")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Of 40 customers 15 moved, and 3 left."""
    before = pd.DataFrame({"no": range(40)})
    labels = [0] * 20 + [1] * 20, [0] * 5 + [1] * 32
    moved = segment_migration(*labels, before, before.head(37), key="no")
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
    """Fewer than ten customers are not told from each other."""
    assert "<td>15</td>" in page
    assert page.count("<td>&lt; 10</td>") == 2
    assert "<td>5</td>" not in page
