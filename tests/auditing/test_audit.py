"""audit: each finding is there with its defect and only with it."""

import numpy as np
import pandas as pd
import pytest

from segmentlearn import audit, make_customers

N = 400


def table(seed=0, n=N):
    """Customers without a defect, and a target that some columns predict a little."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n),
            "income": rng.gamma(3.0, 10.0, n),
            "visits": rng.poisson(20, n),
            "plan": rng.choice(["basic", "plus", "gold"], n),
            "region": rng.choice(["north", "south", "east", "west"], n),
            "loyal": rng.random(n) > 0.5,
        }
    )
    y = np.where(X["age"] + rng.normal(0, 25, n) > 50, "high", "low").astype(object)
    return X, y


class Case:
    """A table, its target and a new table, each with a defect planted if wanted."""

    def __init__(self):
        self.X, self.y = table()
        self.new, _ = table(1, N // 2)
        self.options = {"classifier_test": False}


def plant_identifier(case):
    case.X.insert(0, "customer_id", np.random.default_rng(2).permutation(N))


def plant_infinite(case):
    case.X.loc[3, "income"] = np.inf


def plant_constant(case):
    case.X["source"] = "web"


def plant_empty(case):
    case.X["note"] = np.nan


def plant_missing(case):
    case.X["income"] = case.X["income"].where(np.arange(N) % 3 == 0)


def plant_text_numbers(case):
    case.X["balance"] = [f"{value:.0f}" for value in case.X["income"] * 3]
    case.X.loc[5, "balance"] = "unknown"


def plant_mixed(case):
    case.X["plan"] = case.X["plan"].astype(object)
    case.X.loc[:9, "plan"] = 7


def plant_variants(case):
    case.X["plan"] = case.X["plan"].astype(object)
    case.X.loc[:4, "plan"] = "Basic "


def plant_levels(case):
    case.X["street"] = [f"street {at // 2}" for at in range(N)]


def plant_copied_numbers(case):
    case.X["income_in_cents"] = -100 * case.X["income"]


def plant_copied_levels(case):
    case.X["tier"] = case.X["plan"].map({"basic": "b", "plus": "p", "gold": "g"})


def plant_target_copy(case):
    case.X["flag"] = np.where(case.y == "high", "x", "z")


def plant_suspect(case):
    signal = (case.y == "high") * 2.5
    case.X["score"] = signal + np.random.default_rng(3).normal(size=N)


def plant_name(case):
    case.X["call_outcome"] = np.random.default_rng(3).choice(["a", "b"], N)


def plant_duplicates(case):
    case.X.iloc[:20] = case.X.iloc[100:120].to_numpy()


def plant_conflicts(case):
    plant_duplicates(case)
    case.y[:20] = np.where(case.y[100:120] == "high", "low", "high")


def plant_missing_labels(case):
    case.y[:10] = None


def plant_single_class(case):
    case.y[:] = "high"


def plant_small_class(case):
    case.y[:3] = "rare"


def plant_imbalance(case):
    case.y = np.where(np.arange(N) % 10 == 0, "high", "low")


def plant_missing_by_class(case):
    gone = (case.y == "high") & (np.arange(N) % 2 == 0)
    case.X["income"] = case.X["income"].mask(gone)


def plant_repeated(case):
    case.options["ids"] = np.arange(N) // 2
    case.options["ids_new"] = np.arange(1000, 1000 + N // 2)


def plant_shared(case):
    case.options["ids"] = [f"c{at}" for at in range(N)]
    case.options["ids_new"] = [f"c{at}" for at in range(N // 2)]
    case.new = case.X.iloc[: N // 2].assign(age=case.new["age"])


def plant_reused(case):
    case.options["ids"] = np.arange(N)
    case.options["ids_new"] = np.arange(N // 2)


def plant_missing_column(case):
    del case.new["plan"]


def plant_extra_column(case):
    case.new["extra"] = 1.5


def plant_kind(case):
    case.new["age"] = [f"about {age}" for age in case.new["age"]]


def plant_unseen(case):
    case.new["plan"] = case.new["plan"].replace("gold", "silver")


def plant_gaps(case):
    case.new["visits"] = case.new["visits"].where(np.arange(N // 2) % 4 > 0)


def plant_drift(case):
    case.new["income"] *= 3


def plant_level_drift(case):
    case.new.loc[:120, "region"] = "north"


def plant_copied_rows(case):
    case.new.iloc[:50] = case.X.iloc[:50].to_numpy()


def plant_near_copies(case):
    case.new.iloc[:50] = case.X.iloc[:50].to_numpy()
    case.new.loc[:49, "income"] = case.new.loc[:49, "income"].astype(float) + 0.5


def plant_close_rows(case):
    case.new.iloc[:50] = case.X.iloc[:50].to_numpy()
    for name, step in (("income", 0.01), ("age", 1), ("visits", 1)):
        case.new.loc[:49, name] = case.new.loc[:49, name].astype(float) + step


def plant_joint_drift(case):
    case.options["classifier_test"] = True
    case.new["loyal"] = case.new["plan"] == "plus"
    shops = {"basic": "north", "plus": "south", "gold": "east"}
    case.new["region"] = case.new["plan"].map(shops)


DEFECTS = {
    plant_identifier: ("identifier", "warning", ("customer_id",)),
    plant_infinite: ("infinite-values", "error", ("income",)),
    plant_constant: ("constant-column", "warning", ("source",)),
    plant_empty: ("empty-column", "warning", ("note",)),
    plant_missing: ("mostly-missing", "note", ("income",)),
    plant_text_numbers: ("numbers-as-text", "warning", ("balance",)),
    plant_mixed: ("mixed-types", "warning", ("plan",)),
    plant_variants: ("level-variants", "warning", ("plan",)),
    plant_levels: ("many-levels", "note", ("street",)),
    plant_copied_numbers: ("copied-columns", "warning", ("income", "income_in_cents")),
    plant_copied_levels: ("copied-columns", "warning", ("plan", "tier")),
    plant_target_copy: ("target-copy", "error", ("flag",)),
    plant_suspect: ("suspect-predictor", "warning", ("score",)),
    plant_name: ("known-afterwards", "note", ("call_outcome",)),
    plant_duplicates: ("duplicate-rows", "warning", ()),
    plant_conflicts: ("conflicting-labels", "note", ()),
    plant_missing_labels: ("missing-labels", "error", ()),
    plant_single_class: ("single-class", "error", ()),
    plant_small_class: ("small-classes", "warning", ()),
    plant_imbalance: ("class-imbalance", "note", ()),
    plant_missing_by_class: ("missing-depends-on-target", "warning", ("income",)),
    plant_repeated: ("repeated-entities", "warning", ("ids",)),
    plant_shared: ("shared-entities", "error", ("ids",)),
    plant_reused: ("reused-identifiers", "note", ("ids",)),
    plant_missing_column: ("missing-columns", "error", ("plan",)),
    plant_extra_column: ("extra-columns", "note", ("extra",)),
    plant_kind: ("changed-kind", "error", ("age",)),
    plant_unseen: ("unseen-levels", "warning", ("plan",)),
    plant_gaps: ("missing-drift", "warning", ("visits",)),
    plant_drift: ("drift", "warning", ("income",)),
    plant_level_drift: ("drift", "warning", ("region",)),
    plant_copied_rows: ("copied-rows", "warning", ()),
    plant_near_copies: ("near-copies", "warning", ()),
    plant_close_rows: ("near-copies", "warning", ()),
    plant_joint_drift: ("joint-drift", "warning", ()),
}


def run(case):
    return audit(case.X, case.y, case.new, **case.options)


def one(report, code):
    (finding,) = report.filter(code=code)
    return finding


@pytest.mark.parametrize("plant", DEFECTS, ids=lambda plant: plant.__name__)
def test_planted_defect_is_found(plant):
    """Each defect has its code, severity and columns."""
    case = Case()
    plant(case)
    code, severity, columns = DEFECTS[plant]
    finding = one(run(case), code)
    assert (finding.severity, finding.columns) == (severity, columns)


def test_clean_table_has_no_finding():
    """Without a defect nothing is reported."""
    case = Case()
    case.options["classifier_test"] = True
    assert list(run(case)) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["automobile", "bank", "mall", "latent"])
@pytest.mark.parametrize("seed", [0, 1])
def test_clean_generated_tables_raise_no_alarm(kind, seed):
    """Generated customers without a planted leak have notes at most."""
    X, y = make_customers(kind, 500, random_state=seed)
    new, _ = make_customers(kind, 300, random_state=seed + 100)
    if kind == "bank":  # a planted leak
        X, new = (table.drop(columns="last_contact_duration") for table in (X, new))
    report = audit(X, y, new, classifier_test=False)
    assert report.worst in (None, "note"), str(report)


def test_planted_leak_of_the_bank_is_suspected():
    """The generator's own leak is found, with its name as a hint."""
    X, y = make_customers("bank", 1000, random_state=0)
    finding = one(audit(X, y), "suspect-predictor")
    assert finding.columns == ("last_contact_duration",)
    assert finding.evidence["name_hints"] == ["duration"]


def test_perfect_column_of_many_values_is_no_copy():
    """Segments made of a column are determined by it: a suspect, no certainty."""
    X, _ = table()
    report = audit(X, X["income"] > 30)
    finding = one(report, "suspect-predictor")
    assert (finding.columns, finding.severity) == (("income",), "warning")
    assert report.worst == "warning"


def test_drifted_table_is_reported():
    """The generator's strong drift is a warning."""
    X, y = make_customers("automobile", 800, random_state=0)
    new, _ = make_customers("automobile", 800, drift=3.0, random_state=1)
    codes = audit(X, y, new).filter("warning").codes
    assert {"unseen-levels", "missing-drift", "joint-drift"} <= set(codes)


def test_ceiling_is_that_of_the_majority_label():
    """Three of four equal rows have one label: the oracle misses one row."""
    X = pd.DataFrame({"a": [1, 1, 1, 1, 2, 3], "b": list("xxxxyz")})
    finding = one(audit(X, list("ppqpqq")), "conflicting-labels")
    assert finding.evidence["accuracy_ceiling"] == pytest.approx(5 / 6)
    assert finding.evidence["n_conflicting_profiles"] == 1


def test_duplicates_by_chance_are_no_warning():
    """Few levels make rows repeat; that proves nothing."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.integers(0, 3, (N, 3)), columns=list("abc")).astype(str)
    assert one(audit(X), "duplicate-rows").severity == "note"


def test_agreement_names_what_differs():
    """Rows of shared customers are compared column by column."""
    case = Case()
    plant_shared(case)
    evidence = one(run(case), "shared-entities").evidence
    assert evidence["n_shared"] == evidence["n_entities"] == N // 2
    assert evidence["agreement"]["plan"] == 1
    assert evidence["agreement"]["age"] < 0.2


def test_declared_identifier_is_no_finding():
    """A column that is declared is no feature, and not reported."""
    case = Case()
    plant_identifier(case)
    assert list(audit(case.X, case.y, ids="customer_id")) == []


def test_new_table_may_lack_identifiers():
    """Only features must be there."""
    case = Case()
    plant_identifier(case)
    assert run(case).codes == ["identifier"]


def test_identifier_columns_are_compared_unasked():
    """A column that looks like an identifier is looked up in the new table."""
    case = Case()
    plant_identifier(case)
    finding = one(audit(case.X, X_new=case.X.tail(60)), "shared-entities")
    assert finding.columns == ("customer_id",)
    assert finding.evidence["n_shared"] == 60


def test_two_columns_name_a_customer():
    """A list of columns is one identifier."""
    X, _ = table()
    X["shop"], X["number"] = np.arange(N) % 2, np.arange(N) // 2
    report = audit(X, X_new=X.head(50), ids=["shop", "number"], classifier_test=False)
    assert one(report, "shared-entities").columns == ("shop", "number")
    assert not report.filter(code="repeated-entities")


def test_target_by_name():
    """A column as the target is the same as a separate target, in both tables."""
    X, y = table()
    whole = X.assign(segment=y)
    new = table(1)[0].assign(segment="high")
    assert str(audit(whole, "segment", new)) == str(audit(X, y, new.iloc[:, :-1]))


def test_arrays():
    """Columns of arrays are named by their position."""
    X = np.random.default_rng(0).normal(size=(N, 3))
    X[0, 1] = np.inf
    new = np.random.default_rng(1).normal(size=(N, 3)) + np.eye(3)[2] * 5
    report = audit(X, X_new=new)
    assert one(report, "infinite-values").columns == ("x1",)
    assert one(report, "drift").columns == ("x2",)


def test_lists_and_odd_column_names():
    """Names may be numbers or tuples; cells may be nested lists."""
    frame = pd.DataFrame({1: [1.0, 2.0] * 20, ("a", 2): ["x"] * 40})
    assert one(audit(frame), "constant-column").columns == ("('a', 2)",)
    assert one(audit([[1, "x"], [2, "x"]]), "constant-column").columns == ("x1",)


@pytest.mark.parametrize("dtype", ["object", "str", "category", "string"])
def test_text_of_any_dtype(dtype):
    """The same findings, however text is stored."""
    case = Case()
    plant_variants(case)
    plant_unseen(case)
    for frame in (case.X, case.new):
        frame["plan"] = frame["plan"].astype(dtype)
    codes = [finding.code for finding in run(case)]
    assert codes == ["level-variants", "unseen-levels", "drift"]


def test_dates_and_nullable_dtypes():
    """Dates, durations, nullable numbers and truth values, with missing cells."""
    X, y = table()
    X["since"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(X["visits"] * 7, "D")
    X["visits"] = X["visits"].astype("Int64").mask(X.index % 5 == 0)
    X["loyal"] = X["loyal"].astype("boolean").mask(X.index % 7 == 0)
    X["spell"] = pd.to_timedelta(X["age"], "h").mask(X.index % 6 == 0)
    new = X.assign(since=X["since"] + pd.Timedelta(3650, "D"))
    report = audit(X, pd.Series(y, dtype="category"), new, classifier_test=False)
    assert one(report, "drift").columns == ("since",)


def test_sample_is_reported():
    """Where not all rows are looked at, the finding has their number."""
    X, y = table(n=3000)
    X["score"] = (y == "high") * 2.5 + np.random.default_rng(3).normal(size=3000)
    finding = one(audit(X, y, max_rows=1000), "suspect-predictor")
    assert "on 1,000 rows" in finding.message or "on 999 rows" in finding.message


def test_same_seed_same_report():
    """An integer seed gives the same report again, and X is not changed."""
    case = Case()
    plant_suspect(case)
    before = case.X.copy()
    assert str(run(case)) == str(run(case))
    pd.testing.assert_frame_equal(case.X, before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"y": "absent"}, "y='absent' is not a column"),
        ({"y": [0, 1]}, "y has 2 values for 400 rows"),
        ({"y": np.linspace(0, 1, N)}, "continuous"),
        ({"y": [None] * N}, "no label at all"),
        ({"ids": "absent"}, "absent"),
        ({"ids": [1, 2]}, "ids has 2 values for 400 rows"),
        ({"alpha": 2}, "alpha"),
    ],
)
def test_wrong_arguments(options, message):
    """Errors name the parameter and the value."""
    with pytest.raises(ValueError, match=message):
        audit(table()[0], **options)


def test_new_array_of_another_width():
    """Arrays are matched by position, so they must be as wide."""
    with pytest.raises(ValueError, match="X_new has 2 columns and X has 3"):
        audit(np.eye(30)[:, :3], X_new=np.eye(30)[:, :2])


def dated(spend_rises):
    """Customers of a year; those of the last months may spend more."""
    rng = np.random.default_rng(0)
    days = rng.integers(0, 365, 1_500)
    spend = rng.normal(size=1_500) + spend_rises * (days > 290)
    joined = pd.Timestamp("2025-01-01") + pd.to_timedelta(days, "D")
    return pd.DataFrame({"joined": joined, "spend": spend})


def test_a_drift_within_the_table_asks_for_a_split_by_time():
    """A note names the column of dates and how far others have moved."""
    (finding,) = audit(dated(1.0)).filter(code="time-drift")
    assert finding.columns == ("joined",)
    assert finding.evidence["psi"]["spend"] > 0.25
    assert "--time-column joined" in finding.cure


def test_dates_without_drift_ask_for_nothing():
    """Nothing has moved."""
    assert "time-drift" not in audit(dated(0.0)).codes
