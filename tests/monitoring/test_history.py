"""The history: append-only, whole or not at all, no customer twice in a period."""

import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from segmentlearn.exceptions import TableError
from segmentlearn.monitoring import append_history, read_history

KEYS = pd.DataFrame({"id": ["a", "b", "c"]})
MAY = {"period": "2026-05", "model": "m1"}


@pytest.fixture
def place(tmp_path):
    """A history with one period."""
    place = tmp_path / "history.parquet"
    append_history(place, KEYS, ["A", "B", "A"], **MAY, probability=[1, 1, 1])
    return place


def test_what_is_read_is_what_was_added(place):
    """Keys and segments are text, periods ordered, the key is named."""
    append_history(place, KEYS, [0, 1, 0], period="2026-06", model="m2")
    found = read_history(place)
    assert found["id"].tolist() == list("abcabc")
    assert found["segment"].tolist() == ["A", "B", "A", "0", "1", "0"]
    assert found["period"].cat.categories.tolist() == ["2026-05", "2026-06"]
    assert found["probability"].isna().sum() == 3
    assert found.attrs["key"] == ["id"]
    assert read_history(place, periods=["2026-06"])["model"].unique() == ["m2"]


def test_the_same_again_adds_nothing(place):
    """Same period, customers, segments and model: the folder stays as it is."""
    before = {path.name: path.stat().st_mtime_ns for path in place.iterdir()}
    append_history(place, KEYS, ["A", "B", "A"], **MAY, probability=[1, 1, 1])
    assert {p.name: p.stat().st_mtime_ns for p in place.iterdir()} == before


@pytest.mark.parametrize(
    ("segments", "model"), [(["A", "B", "B"], "m1"), (["A", "B", "A"], "m2")]
)
def test_a_customer_is_in_a_period_once(place, segments, model):
    """Another segment or model in the same period is refused, and nothing is left."""
    before = sorted(os.listdir(place))
    with pytest.raises(TableError, match=r"3 customer\(s\), such as a, are in period"):
        append_history(place, KEYS, segments, period="2026-05", model=model)
    assert sorted(os.listdir(place)) == before


def test_a_period_may_have_several_tables(place):
    """Other customers of the same period are added."""
    append_history(place, pd.Series(["d"], name="id"), ["B"], **MAY)
    assert len(read_history(place)) == 4


def test_customers_without_key_or_twice_are_refused(place):
    """The message says who, and the cure."""
    for keys, message in (
        (["d", None], "customer 2 has no 'id'"),
        (["d", "d"], "such as d, occur twice"),
    ):
        frame = pd.DataFrame({"id": keys})
        with pytest.raises(TableError, match=message):
            append_history(place, frame, [0, 1], period="2026-07", model="m")
    assert len(os.listdir(place)) == 1


@pytest.mark.parametrize(
    ("keys", "message"),
    [({"customer": ["d"]}, "has the key"), ({"period": ["d"]}, "uses itself")],
)
def test_other_keys_are_refused(place, keys, message):
    """A history has one key, whose names are not those of its own columns."""
    with pytest.raises(TableError, match=message):
        append_history(place, pd.DataFrame(keys), [0], period="2026-07", model="m")


def test_numbers_are_keys_whatever_their_dtype(tmp_path):
    """7 is "7", also where a column of floats held it."""
    place = tmp_path / "h"
    append_history(place, pd.Series([7], name="id"), [0], period="1", model="m")
    append_history(place, pd.Series([7.0], name="id"), [0], period="2", model="m")
    assert read_history(place)["id"].unique() == ["7"]


def test_periods_without_a_year_are_in_the_order_of_scoring(tmp_path):
    """May was scored before june, whatever the alphabet says."""
    for period in ("may", "june"):
        append_history(tmp_path / "h", KEYS, [0, 1, 2], period=period, model="m")
    assert read_history(tmp_path / "h")["period"].cat.categories.tolist() == [
        "may",
        "june",
    ]


@pytest.mark.parametrize("period", ["a/b", "../up", "_x", "1.2", "50 %", "juin é"])
def test_any_name_of_a_period_stays_in_the_folder(tmp_path, period):
    """Names of periods are no paths."""
    append_history(tmp_path / "h", KEYS, [0, 1, 2], period=period, model="m")
    assert os.listdir(tmp_path) == ["h"]
    assert read_history(tmp_path / "h")["period"].unique() == [period]


@pytest.mark.parametrize("period", ["", " ", "a\nb", "x" * 81])
def test_other_names_are_refused(tmp_path, period):
    """Before anything is made."""
    with pytest.raises(TableError, match="must be a short name"):
        append_history(tmp_path / "h", KEYS, [0, 1, 2], period=period, model="m")
    assert not os.listdir(tmp_path)


def test_what_is_no_history_is_refused(place, tmp_path):
    """A file, an empty folder, an unknown period, a Parquet file of another kind."""
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    for path, message in (("file", "is a file"), ("empty", "holds no history")):
        with pytest.raises(TableError, match=message):
            read_history(tmp_path / path)
    with pytest.raises(TableError, match=r"lacks the period\(s\) \['x'\]"):
        read_history(place, periods=["x"])
    KEYS.to_parquet(place / "2026-07.0123456789abcdef.parquet")
    with pytest.raises(TableError, match="no part of a history"):
        read_history(place)


def test_other_readers_see_one_table(place):
    """The folder is a table for pyarrow, and what is unfinished is not part of it."""
    append_history(place, KEYS, [0, 1, 0], period="2026-06", model="m2")
    (place / ".1234.part").write_bytes(b"PAR1 and no end")
    assert pq.read_table(place).num_rows == 6
    assert len(read_history(place)) == 6


def test_leavings_of_yesterday_are_removed(place):
    """A part that a process left two days ago goes; one of today may be in use."""
    old, new = place / ".old.part", place / ".new.part"
    for path in (old, new):
        path.write_bytes(b"")
    two_days_ago = old.stat().st_mtime - 2 * 86_400
    os.utime(old, (two_days_ago, two_days_ago))
    append_history(place, KEYS, [0, 1, 0], period="2026-06", model="m2")
    assert new.exists()
    assert not old.exists()


_APPEND = """
import os, signal, sys
import pandas as pd
from segmentlearn.monitoring import _history, append_history
step, place = sys.argv[1:]
def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)
if step == "rename":
    _history.os.fsync = die
else:
    _history.sync_folder = die
append_history(place, pd.DataFrame({"id": ["a"]}), [0], period="2026-06", model="m")
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
@pytest.mark.parametrize(("step", "n_rows"), [("rename", 3), ("after", 4)])
def test_a_killed_append_is_there_or_not(place, step, n_rows):
    """Killed before the rename, the period is not there; afterwards it is whole."""
    command = [sys.executable, "-c", _APPEND, step, str(place)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(read_history(place)) == n_rows
    append_history(place, pd.Series(["a"], name="id"), [0], period="2026-06", model="m")
    assert len(read_history(place)) == 4


def test_probability_of_another_run_is_the_same(place):
    """A last bit that differs on another machine makes no other table."""
    close = np.array([1, 1, 1]) - 1e-12
    append_history(place, KEYS, ["A", "B", "A"], **MAY, probability=close)
    assert len(read_history(place)) == 3
