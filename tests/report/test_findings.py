"""Findings in words for who does not program."""

import string

import numpy as np
import pandas as pd
import pytest

from segmentlearn.report._findings import _CURES, plain_findings


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


def found(X, used=None):
    findings = plain_findings(X, None, np.random.RandomState(0), used)
    return {one.columns: one for one in findings}


def test_cure_names_options_of_the_command_line(customers):
    """Not parameters of Python."""
    cure = found(customers)["Customer ID"].cure
    assert "--drop 'Customer ID'" in cure
    assert "--id 'Customer ID'" in cure
    assert "ids=" not in cure


@pytest.mark.parametrize("words", ["GroupKFold", "pandas", "ids=", "sklearn", "fold"])
def test_cures_are_without_python(words):
    """A manager reads nothing of modules and folds."""
    assert not [cure for cure in _CURES.values() if words in cure]


def test_fields_of_cures_are_known():
    """Every field of a cure is filled in."""
    parser = string.Formatter()
    fields = {field for cure in _CURES.values() for _, field, *_ in parser.parse(cure)}
    assert fields <= {None, "drop", "drop_others", "id"}


def test_copies_keep_one_column(customers):
    """The first of the columns that hold the same is kept."""
    X = customers[["Age"]].assign(Years=customers["Age"])
    assert found(X)["Age, Years"].cure.endswith("(--drop Years).")


def test_column_that_is_left_out_already_needs_nothing(customers):
    """What the model does not use is worth knowing and no more."""
    one = found(customers, used=["Age"])["Customer ID"]
    assert one.severity == "note"
    assert "nothing to do" in one.cure


def test_worst_findings_are_first(customers):
    """A finding that has become milder stands below the others."""
    audited = plain_findings(customers, None, np.random.RandomState(0))
    first = audited[0].columns
    others = [name for name in customers if name != first]
    again = plain_findings(customers, None, np.random.RandomState(0), others)
    assert [one.severity for one in audited[:2]] == ["warning", "warning"]
    assert again[0].columns == audited[1].columns
    assert again[0].severity == "warning"
