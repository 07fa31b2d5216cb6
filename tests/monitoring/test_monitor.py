"""SegmentMonitor: what hits a gate, what does not, and what is stored."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from segmentlearn import SegmentMonitor
from segmentlearn.exceptions import SchemaError
from segmentlearn.metrics import population_stability_index, psi_critical_value


@pytest.fixture(scope="module")
def monitor(model, month):
    """Of the model, with its training table as the reference."""
    return SegmentMonitor.from_model(model, month(0)[0])


def of_gate(report, gate, column=None):
    """Return the row of a gate."""
    gates = report.to_frame("gates")
    found = gates[gates["gate"] == gate]
    return (found if column is None else found[found["column"] == column]).iloc[0]


def test_unchanged_months_hit_no_gate(monitor, month):
    """Twenty months of the same population are kept."""
    verdicts = [monitor.check(month(seed)[0]).verdict for seed in range(1, 21)]
    assert set(verdicts) == {"keep"}


def test_the_reference_itself_has_not_moved(monitor, month):
    """All indices are 0 where the reference is checked."""
    gates = monitor.check(month(0)[0]).to_frame("gates")
    assert gates["value"].abs().max() == 0


@pytest.mark.parametrize("shift", [0.5, -0.5])
def test_half_a_standard_deviation_is_found(monitor, month, shift):
    """A column that has moved by so much is beyond its limit, and is named."""
    X, _ = month(1)
    report = monitor.check(X.assign(age=X["age"] + shift * X["age"].std()))
    assert report.verdict != "keep"
    assert "age" in report.findings[0].columns + report.findings[1].columns


def test_a_major_shift_asks_for_a_refit(monitor, month):
    """From an index of 0.25 on the verdict is "refit", a finding an error."""
    X, _ = month(1)
    report = monitor.check(X.assign(spend=X["spend"] * 3))
    (finding,) = [one for one in report.findings if one.columns == ("spend",)]
    assert report.verdict == "refit"
    assert finding.severity == "error"
    assert finding.evidence["psi"] >= 0.25


def test_new_missing_values_are_found(monitor, month):
    """A fifth of the cells more are missing; other gates of the column are not hit."""
    X, _ = month(1)
    X.loc[::4, "city"] = None
    row = of_gate(monitor.check(X), "missing-values", "city")
    assert row["verdict"] == "refit"
    assert row["value"] == pytest.approx(0.25)


def test_unseen_levels_are_found(monitor, month):
    """A level in three of a hundred rows is watched, and named."""
    X, _ = month(1)
    X.loc[:29, "city"] = "Jena"
    report = monitor.check(X)
    (finding,) = [one for one in report.findings if one.code == "unseen-levels"]
    assert finding.evidence["levels"] == {"Jena": 30}
    assert "'Jena'" in finding.message


def test_other_sizes_of_segments_are_found(monitor, month):
    """Segments move where only their shares do; the sizes are in the evidence."""
    X, segment = month(1, 4_000)
    kept = np.flatnonzero(segment == "A")[:200].tolist()
    rows = kept + np.flatnonzero(segment == "B").tolist()
    report = monitor.check(X.iloc[rows])
    (finding,) = [one for one in report.findings if one.code == "segment-shares"]
    before, now = finding.evidence["shares"]["B"]
    assert before < 0.45 < 0.6 < now


def test_a_small_table_is_not_alarming(monitor, month):
    """The index of 40 rows is above 0.1 by chance, and its critical value above it."""
    report = monitor.check(month(1, 40)[0])
    row = report.to_frame("gates").query("column == 'age'").iloc[0]
    assert report.verdict == "keep"
    assert row["value"] > 0.1
    assert row["critical"] > row["value"]


class OneSegment:
    """A model that tells nobody apart."""

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


def compare(old, new):
    """Return the report on a table, with another one as the reference."""
    old, new = pd.DataFrame(old), pd.DataFrame(new)
    return SegmentMonitor.from_model(OneSegment(), old).check(new)


def test_critical_value_is_exceeded_as_often_as_it_says():
    """Of 600 unchanged columns, one in twenty exceeds that of a level of 0.05."""
    rows = np.random.default_rng(0).normal(size=(600, 700)).T
    report = compare(rows[:400], rows[400:])
    index = report.to_frame("gates").query("gate == 'column-drift'")["value"]
    limit = psi_critical_value(400, 300, 10, 0.05)
    assert (index > limit).mean() == pytest.approx(0.05, abs=0.025)


def test_index_and_test_are_those_of_the_columns():
    """The stored cells give the index and nearly the statistic of whole columns."""
    rng = np.random.default_rng(0)
    old, new = rng.normal(size=2_000), rng.normal(0.4, 1, size=1_500)
    (finding,) = compare({"x": old}, {"x": new}).findings
    expected = population_stability_index(old, new)
    assert finding.evidence["psi"] == pytest.approx(expected, rel=0.05)
    statistic = stats.ks_2samp(old, new).statistic
    assert finding.evidence["statistic"] == pytest.approx(statistic, rel=0.1)
    assert finding.evidence["statistic"] <= statistic + 1e-9


def test_numbers_below_all_of_the_reference_are_seen():
    """A column that was constant and lies lower now has moved."""
    report = compare({"x": np.zeros(500)}, {"x": np.full(500, -1.0)})
    row = of_gate(report, "column-drift", "x")
    assert row["value"] > 1
    assert row["p_adjusted"] < 1e-9


def test_batches_are_one_table(monitor, model, month):
    """Counted in batches, a table has the report that it has as a whole."""
    X, _ = month(1)
    X.loc[:29, "city"] = "Jena"
    batches = [
        monitor.observe(part, model.predict(part), model.predict_proba(part))
        for part in (X[:300], X[300:])
    ]
    tables = [
        one.to_frame("gates") for one in (monitor.report(batches), monitor.check(X))
    ]
    pd.testing.assert_frame_equal(*tables)


def test_stored_monitor_is_the_same(monitor, model, month):
    """What JSON holds gives the same report."""
    stored = json.loads(json.dumps(monitor.to_dict()))
    X = month(1)[0].assign(city="Jena")
    again = SegmentMonitor.from_dict(stored, model)
    assert again.check(X).to_json() == monitor.check(X).to_json()


def test_damaged_or_later_state_is_refused(monitor, model):
    """Errors say what to do."""
    stored = monitor.to_dict()
    with pytest.raises(ValueError, match=r"protocol 2.*newer segmentlearn"):
        SegmentMonitor.from_dict({**stored, "protocol": 2}, model)
    with pytest.raises(ValueError, match="damaged"):
        SegmentMonitor.from_dict({**stored, "columns": [{}]}, model)


def test_gates_of_ones_own(model, month):
    """Gates can be moved; unknown ones and senseless values are refused."""
    X, _ = month(0)
    wide = {"column-drift": (9, 9), "membership-entropy": (9, 9)}
    monitor = SegmentMonitor.from_model(model, X, gates=wide)
    new = month(1)[0]
    report = monitor.check(new.assign(spend=new["spend"] * 3))
    assert of_gate(report, "column-drift", "spend")["verdict"] == "keep"
    with pytest.raises(ValueError, match="'drift', which is not one of"):
        SegmentMonitor.from_model(model, X, gates={"drift": (0.1, 0.2)})
    with pytest.raises(ValueError, match="two positive numbers"):
        SegmentMonitor.from_model(model, X, gates={"column-drift": (0.2, 0.1)})


def test_a_missing_column_is_named(monitor, model, month):
    """A batch without a column of the reference is refused."""
    X, _ = month(1)
    proba = model.predict_proba(X)
    with pytest.raises(SchemaError, match=r"\['city'\]"):
        monitor.observe(X.drop(columns="city"), model.predict(X), proba)


def test_out_of_fold_probabilities_stand_for_the_training_rows(month):
    """A model that is surer of its training rows is not compared with those."""

    class Sure:
        """Right and sure on training rows, 0.6 on others."""

        classes_ = np.array(["A", "B"])

        def predict_proba(self, X):
            sure = np.where(X["age"] < 42, 0.99, 0.01)
            return np.column_stack([sure, 1 - sure])

        def predict(self, X):
            return self.classes_[self.predict_proba(X).argmax(axis=1)]

    X, _ = month(0)
    model = Sure()
    model.oof_proba_ = 0.5 + 0.2 * (model.predict_proba(X) - 0.5)
    model.oof_proba_[:5] = np.nan
    monitor = SegmentMonitor.from_model(model, X)
    (entropy,) = [r for r in monitor.references if r.gate == "membership-entropy"]
    assert entropy.observed.mean > 0.9
    other = SegmentMonitor.from_model(model, month(1)[0])
    (entropy,) = [r for r in other.references if r.gate == "membership-entropy"]
    assert entropy.observed.mean < 0.2


def test_report_in_all_forms(monitor, month):
    """Text, Markdown, HTML, JSON and frames say the same; markup is escaped."""
    X = month(1)[0].assign(city="<b>")
    report = monitor.check(X)
    assert str(report).startswith("REFIT: 1,000 customers compared with 1,000")
    assert report.to_markdown().startswith("# Monitor: refit\n")
    assert "<b>" not in report.to_html()
    assert "&lt;b&gt;" in report.to_html()
    found = json.loads(report.to_json())
    assert found["verdict"] == "refit"
    assert len(found["gates"]) == len(report.to_frame("gates"))
    assert list(report.to_frame()["code"]) == [one.code for one in report.findings]
    assert isinstance(report.to_frame("gates"), pd.DataFrame)


def test_background_is_spread_as_the_reference():
    """Each column has its quartiles, shares and kinds, missing cells too."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "spend": rng.lognormal(5, 1, 400).round(2),
            "plan": rng.choice(["a", "b"], 400, p=[0.75, 0.25]),
            "born": pd.to_datetime("1990-01-01")
            + pd.to_timedelta(rng.integers(0, 999, 400), unit="D"),
        }
    )
    X.loc[:99, "spend"] = np.nan

    monitor = SegmentMonitor.from_model(OneSegment(), X)
    found = SegmentMonitor.from_dict(monitor.to_dict(), OneSegment()).background(200)
    assert found.columns.tolist() == X.columns.tolist()
    assert found["spend"].isna().mean() == 0.25
    assert (found["plan"] == "a").mean() == pytest.approx(
        (X["plan"] == "a").mean(), abs=0.005
    )
    for name in ("spend", "born"):
        levels = [0.25, 0.5, 0.75]
        expected, drawn = X[name].quantile(levels), found[name].quantile(levels)
        width = X[name].quantile(0.9) - X[name].quantile(0.1)
        assert ((drawn - expected).abs() < 0.05 * width).all()
    assert found["spend"].dropna().isin(X["spend"]).all()
