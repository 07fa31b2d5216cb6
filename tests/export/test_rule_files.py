"""Rules as JSON, Markdown and Python."""

import ast
import datetime
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from segmentlearn import SegmentRules, segment_rules
from tests.export.customers import by_python, new_rows


def test_json_gives_the_same_rules(rules):
    """Predictions, figures and all that is written are the same."""
    X = new_rows()
    stored = SegmentRules.from_json(rules.to_json())
    assert list(stored.predict(X)) == list(rules.predict(X))
    assert stored.to_json() == rules.to_json()
    assert stored.to_sql("oracle") == rules.to_sql("oracle")
    assert stored.to_markdown() == rules.to_markdown()
    pd.testing.assert_frame_equal(stored.curve_, rules.curve_)
    pd.testing.assert_frame_equal(stored.rules_, rules.rules_)


def test_json_is_strict(rules):
    """No NaN and no Infinity, which other programs cannot read."""

    def refuse(constant):
        raise AssertionError(constant)

    json.loads(rules.to_json(), parse_constant=refuse)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "else"}, "holds no rules"),
        ({"version": 99}, "version 99"),
        ({"rules": [{"segment": "a"}]}, "damaged"),
        ({"columns": []}, "damaged"),
        ({"columns": 3}, "damaged"),
        ({"segments": [None]}, "damaged"),
    ],
)
def test_damaged_json_is_refused(rules, change, message):
    """The error says what the text is not."""
    text = json.dumps({**json.loads(rules.to_json()), **change})
    with pytest.raises(ValueError, match=message):
        SegmentRules.from_json(text)


def test_text_that_is_no_json_is_refused():
    """As is said."""
    with pytest.raises(ValueError, match="no JSON"):
        SegmentRules.from_json("SELECT 1")


def test_python_imports_the_standard_library_only(rules):
    """One function, whose imports are datetime and math."""
    tree = ast.parse(rules.to_python("kind"))
    (function,) = tree.body
    assert function.name == "kind"
    found = [one for one in ast.walk(tree) if isinstance(one, ast.Import)]
    assert {one.names[0].name for one in found} <= {"datetime", "math"}


def test_python_runs_without_any_package(rules, tmp_path):
    """An interpreter without site-packages gives the segment."""
    (tmp_path / "rules.py").write_text(rules.to_python(), encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import rules; "
    code += "print(rules.segment_of({}))"
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(rules.predict(new_rows()[:1])[0])


def test_python_needs_a_name_of_a_function(rules):
    """What is no identifier is refused, code above all."""
    with pytest.raises(ValueError, match="no name"):
        rules.to_python("f(): pass\nimport os #")


def test_dates_with_zones_and_durations_are_days():
    """Times are compared in UTC, durations in days."""
    rng = np.random.default_rng(0)
    stamps = pd.to_datetime(rng.integers(1.5e9, 1.7e9, 120), unit="s", utc=True)
    X = pd.DataFrame(
        {
            "seen": stamps.tz_convert("Europe/Berlin"),
            "idle": pd.to_timedelta(rng.integers(0, 90, 120), unit="D"),
        }
    )
    early = stamps < pd.Timestamp("2020-01-01", tz="UTC")
    y = np.where(early, "old", np.where(X["idle"].dt.days > 30, "idle", "new"))
    rules = segment_rules(y, X)
    assert set(rules.columns_) == {"seen", "idle"}
    assert by_python(rules, X) == list(rules.predict(X))
    plain = {"seen": datetime.date(2010, 1, 1), "idle": datetime.timedelta(days=1)}
    names = {}
    exec(rules.to_python(), names)
    assert names["segment_of"](plain) == "old"
    with pytest.raises(ValueError, match="idle"):
        rules.to_sql("duckdb")
    assert "idle" in rules.to_sql("duckdb", typed_columns="idle")


def test_markdown_lists_each_rule(rules):
    """A row for each rule, with its segment."""
    text = rules.to_markdown()
    assert text.startswith("# Segment rules\n")
    for label in {*rules.rules_["segment"]} - {None}:
        assert f"| {label} |" in text
    assert "| ask the model |" in text or rules.rules_["segment"].notna().all()


def test_summary_names_segments_without_a_rule(awkward):
    """One rule cannot find seven segments."""
    X, segments = awkward
    assert "Segments without a rule" in str(segment_rules(segments, X, max_rules=2))
