"""Identifiers: which names and values give them away."""

import numpy as np
import pandas as pd
import pytest

from segmentlearn.tables import Column

SCATTERED = np.random.default_rng(0).permutation(10_000)[:100] * 13.0


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
def test_names_of_identifiers(name):
    """Distinct whole numbers under such a name."""
    assert Column(name, SCATTERED).identifies


@pytest.mark.parametrize(
    "name", ["paid", "Android", "valid", "bids", "humidity", "income", "x0", "年齢", ""]
)
def test_harmless_names(name):
    """Letters that only look like the word."""
    assert not Column(name, SCATTERED).identifies


def test_a_name_alone_is_no_identifier():
    """A store is a feature although its name ends in id."""
    assert not Column("store_id", np.tile(np.arange(10.0), 10)).identifies


def test_fractions_are_no_identifiers():
    """An identifier is a whole number."""
    assert not Column("id", SCATTERED + 0.5).identifies


def test_missing_cells_do_not_hide_an_identifier():
    """One customer without a number."""
    assert Column("id", np.append(SCATTERED, np.nan)).identifies


def test_rows_numbered_consecutively_are_found_under_any_name():
    """Shuffled, and a fold's share of them too."""
    numbers = np.random.default_rng(0).permutation(np.arange(1000.0))
    assert Column("n", numbers).identifies
    assert Column("n", numbers[:800]).identifies


def test_ages_are_no_row_numbers():
    """They repeat."""
    ages = np.random.default_rng(0).integers(18, 80, 60).astype(float)
    assert not Column("age", ages).identifies


def test_ten_distinct_numbers_prove_nothing():
    """Unless the name says so."""
    assert not Column("rank", np.arange(10.0)).identifies
    assert not Column("number", np.arange(10.0)).identifies
    assert Column("ID", np.arange(10.0)).identifies


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
    """Nearly one value a row, or half as many under such a name."""
    texts = np.array([f"v{at % n_levels}" for at in range(n_present)], dtype=object)
    assert Column(name, texts).identifies is identifies


def test_unused_categories_do_not_count():
    """A part of a table keeps the categories of the whole."""
    categories = ["a", "b", *(f"v{at}" for at in range(40))]
    assert not Column("shop", pd.Categorical(["a", "b"] * 15, categories)).identifies


def test_dates_do_not_identify():
    """However many there are."""
    days = np.datetime64("2020-01-01") + np.arange(100)
    assert not Column("id", days).identifies
