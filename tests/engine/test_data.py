"""Padding of tables, and the order in which their rows are visited."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentlearn.engine._data._rows import (
    Rows,
    as_leaves,
    capacity_for,
    index_table,
    lengths,
    longest,
    pad_rows,
)

sizes = st.integers(0, 3_000_000)
widths = st.integers(1, 5_000)


@given(sizes, widths)
def test_capacity_holds_the_rows(n_rows, width):
    """A table fits into what it is padded to, with room for a few rows more."""
    assert capacity_for(n_rows, width) >= n_rows + 16


@given(sizes, sizes, widths)
def test_capacity_grows_with_the_rows(one, other, width):
    """More rows never get less room."""
    few, many = sorted((one, other))
    assert capacity_for(few, width) <= capacity_for(many, width)


@given(st.integers(200_000, 3_000_000), st.integers(100, 5_000))
def test_large_tables_waste_an_eighth_at_most(n_rows, width):
    """Memory matters where a table is large, headroom of 1/64 included."""
    assert capacity_for(n_rows, width) <= n_rows * (1 + 1 / 64) * (1 + 1 / 8) + 1


def test_folds_and_halves_have_one_capacity():
    """Cross-validation folds and a learning curve's halves reuse a program."""
    assert {capacity_for(n, 128) for n in (4500, 6454, 6455, 8068)} == {16384}


def test_small_tables_have_one_capacity():
    """Everything up to some four thousand rows costs the same."""
    assert {capacity_for(n, 128) for n in (0, 1, 150, 4000)} == {4096}


orders = st.lists(st.integers(0, 10_000), min_size=1, max_size=60)


@given(orders, st.integers(1, 20), st.integers(0, 3))
def test_index_table_starts_with_the_rows(rows, batch_size, spare):
    """Each row stands where it is visited, and whole batches hold real rows only."""
    n_slots = -(-len(rows) // batch_size) * batch_size
    table = index_table(np.array(rows), batch_size, n_slots + spare * batch_size)
    assert table.dtype == np.int32
    assert table[: len(rows)].tolist() == rows
    assert set(table[:n_slots].tolist()) <= set(rows)
    assert not table[n_slots:].any()


@given(st.lists(orders, min_size=1, max_size=4))
def test_index_table_of_members_stacks_theirs(members):
    """One line a member, each what the member alone would get."""
    members = [np.array(rows) for rows in members]
    table = index_table(members, 4, 64)
    assert table.shape == (len(members), 64)
    for line, rows in zip(table, members, strict=True):
        assert line.tolist() == index_table(rows, 4, 64).tolist()


def test_index_table_fills_the_last_batch_from_the_start():
    """Batch statistics then come from rows that belong to the training."""
    assert index_table(np.array([7, 8, 9]), 2, 6).tolist() == [7, 8, 9, 7, 0, 0]


def test_index_table_of_no_rows_is_empty():
    """No validation rows: nothing is visited."""
    assert index_table(np.arange(0), 4, 8).tolist() == [0] * 8


def test_lengths_of_members():
    """A scalar for one net, one number a member otherwise."""
    members = [np.arange(3), np.arange(5)]
    assert lengths(members).tolist() == [3, 5]
    assert longest(members) == 5
    assert lengths(np.arange(4)).tolist() == 4


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint8", "bool"])
def test_whole_numbers_become_int32(dtype):
    """A program takes one kind of integer."""
    (leaf,) = as_leaves(np.array([0, 1, 1], dtype), "X")
    assert leaf.dtype == np.int32
    assert leaf.tolist() == [0, 1, 1]


@pytest.mark.parametrize("value", [3_000_000_000, -3_000_000_000])
def test_whole_numbers_too_large_become_floats(value):
    """Not negative by wrapping round."""
    (leaf,) = as_leaves(np.array([0, value]), "X")
    assert leaf.dtype == np.float32
    assert leaf.tolist() == [0, value]


def test_unsigned_numbers_too_large_become_floats():
    """Also from an unsigned column."""
    (leaf,) = as_leaves(np.array([0, 4_000_000_000], np.uint32), "X")
    assert leaf.tolist() == [0, 4_000_000_000]


@pytest.mark.parametrize("values", [["a", "b"], [None, 1], ["2020-01-01"]])
def test_anything_but_numbers_is_refused(values):
    """Objects, text and dates are named in the error."""
    dtype = "datetime64[D]" if values == ["2020-01-01"] else None
    with pytest.raises(ValueError, match=r"X has dtype .* numbers only"):
        as_leaves(np.array(values, dtype), "X")


def test_leaves_of_other_lengths_are_refused():
    """The arrays of one structure are the columns of one table."""
    with pytest.raises(ValueError, match=r"different lengths: \[3, 2\]"):
        as_leaves([np.zeros(3), np.zeros(2)], "X")


def test_padding_has_no_weight():
    """Rows behind the table are zero and weigh nothing."""
    rows = pad_rows(Rows([np.ones((5, 2), np.float32)], [np.ones(5, np.int32)]))
    assert rows.n_rows == 4096
    assert rows.weights.numpy()[:6].tolist() == [1, 1, 1, 1, 1, 0]
    assert rows.features[0].numpy()[5:].any() == np.False_
