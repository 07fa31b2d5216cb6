"""Identifiers: which names and values give them away."""

import numpy as np
import pytest

from segmentlearn.tables._identifiers import numbers_identify, text_identifies

SPREAD = np.random.default_rng(0).permutation(10_000)[:100] * 13.0


@pytest.mark.parametrize(
    "name",
    [
        "ID",
        "id",
        "CustomerID",
        "customerid",
        "customer_id",
        "Customer Id",
        "ID_client",
        "user-id",
        "uuid",
        "account_number",
        "Unnamed: 0",
        "orderNo",
        "key",
    ],
)
def test_telling_names(name):
    """Distinct whole numbers under such a name."""
    assert numbers_identify(name, SPREAD)


@pytest.mark.parametrize(
    "name", ["paid", "Android", "valid", "bids", "humidity", "income", "x0", "年齢", ""]
)
def test_harmless_names(name):
    """Letters that only look like the word."""
    assert not numbers_identify(name, SPREAD)


def test_a_telling_name_needs_distinct_values():
    """A store is a feature although its name ends in id."""
    assert not numbers_identify("store_id", np.tile(np.arange(10.0), 10))


def test_fractions_are_no_identifiers():
    """An identifier is a whole number."""
    assert not numbers_identify("id", SPREAD + 0.5)


def test_missing_cells_do_not_hide_an_identifier():
    """One customer without a number."""
    assert numbers_identify("id", np.append(SPREAD, np.nan))


def test_rows_numbered_consecutively_are_found_under_any_name():
    """Shuffled, and a fold's share of them too."""
    numbers = np.random.default_rng(0).permutation(np.arange(1000.0))
    assert numbers_identify("n", numbers)
    assert numbers_identify("n", numbers[:800])


def test_ages_are_no_row_numbers():
    """They repeat."""
    ages = np.random.default_rng(0).integers(18, 80, 60).astype(float)
    assert not numbers_identify("age", ages)


def test_ten_distinct_numbers_prove_nothing():
    """Unless the name says so."""
    assert not numbers_identify("rank", np.arange(10.0))
    assert not numbers_identify("number", np.arange(10.0))
    assert numbers_identify("ID", np.arange(10.0))


@pytest.mark.parametrize(
    ("name", "n_levels", "n_present", "identifies"),
    [
        ("comment", 90, 100, True),
        ("comment", 89, 100, False),
        ("comment", 19, 19, False),
        ("customer_id", 50, 100, True),
        ("customer_id", 49, 100, False),
        ("id", 3, 3, True),
        ("id", 2, 3, False),
    ],
)
def test_text(name, n_levels, n_present, identifies):
    """Nearly one value a row, or half as many under a telling name."""
    assert text_identifies(name, n_levels, n_present) is identifies
