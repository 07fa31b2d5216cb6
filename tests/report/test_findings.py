"""Findings of the audit in words for readers who do not program."""

import html
import importlib.resources
import re
import string
import tomllib

import numpy as np
import pandas as pd
import pytest

from segmentlearn import audit
from segmentlearn.report import write_report

FILE = importlib.resources.files("segmentlearn.report").joinpath("findings.toml")
TEXTS = tomllib.loads(FILE.read_text(encoding="utf-8"))


@pytest.fixture
def customers():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "Customer ID": rng.permutation(90_000)[:90] + 100_000,
            "Age": rng.normal(40, 9, 90).round(1),
            "Fax": [None] * 90,
        }
    )


@pytest.fixture
def found(known_model, tmp_path):
    """Return the findings on a page: columns, and with them severity and cure."""

    def read(X, used=None):
        labels = np.tile(["A", "B"], len(X))[: len(X)]
        model = known_model.fit(X[used or list(X)], labels)
        write_report(model, X, tmp_path / "page.html")
        page = html.unescape((tmp_path / "page.html").read_text(encoding="utf-8"))
        row = (
            r'class="mark (\w+)">.*?<strong>(.*?)</strong>.*?</td><td>([^<]*)</td></tr>'
        )
        return {columns: (mark, cure) for mark, columns, cure in re.findall(row, page)}

    return read


def test_cure_names_options_of_the_command_line(customers, found):
    """Not parameters of Python."""
    _, cure = found(customers)["Customer ID"]
    assert "--drop 'Customer ID'" in cure
    assert "--id 'Customer ID'" in cure
    assert "ids=" not in cure


@pytest.mark.parametrize("words", ["GroupKFold", "pandas", "ids=", "sklearn", "fold"])
def test_cures_are_without_python(words):
    """No modules, parameters or folds."""
    assert not [text["cure"] for text in TEXTS.values() if words in text["cure"]]


def test_fields_of_cures_are_known():
    """Every field of a cure is filled in."""
    parsed = [string.Formatter().parse(text["cure"]) for text in TEXTS.values()]
    fields = {field for pieces in parsed for _, field, *_ in pieces}
    assert fields <= {None, "drop", "drop_others", "id"}


def test_every_code_of_one_table_has_a_text():
    """Those that the documentation of `audit` lists, but for the new table's."""
    notes = audit.__doc__.split("Codes of findings:")[1].split("References")[0]
    items = notes.split("\n    - ")
    codes = re.findall(r'"([a-z-]+)"', " ".join(items[:7]))
    assert set(codes) - {"shared-entities", "reused-identifiers"} == set(TEXTS)


def test_copies_keep_one_column(customers, found):
    """The first of the columns that hold the same is kept."""
    X = customers[["Age"]].assign(Years=customers["Age"])
    assert found(X)["Age, Years"][1].endswith("(--drop Years).")


def test_column_that_is_left_out_already_needs_nothing(customers, found):
    """What the model does not use is worth knowing and no more."""
    severity, cure = found(customers, used=["Age"])["Customer ID"]
    assert severity == "note"
    assert "nothing to do" in cure


def test_worst_findings_are_first(customers, found):
    """A finding that has become milder stands below the others."""
    before = found(customers)
    first, second = list(before)[:2]
    assert [before[name][0] for name in (first, second)] == ["warning", "warning"]
    after = found(customers, [name for name in customers if name != first])
    assert next(iter(after)) == second
    assert after[second][0] == "warning"
