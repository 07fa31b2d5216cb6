"""Words for what sets a segment apart."""

import pandas as pd
import pytest

from segmentlearn.inspection import DistinguishingFeature, segment_profile


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("Annual Income (k$)", "annual income"),
        ("Spending Score (1-100)", "spending score"),
        ("customer_age", "customer age"),
        ("annualIncome", "annual income"),
        ("BMI [kg/m2]", "BMI"),
        ("Var_1", "var 1"),
        ("CASH_ADVANCE_TRX", "cash advance trx"),
    ],
)
def test_short_names(column, expected):
    """Words in lower case, the unit left out."""
    feature = DistinguishingFeature("middle", column, 0.0, (1, 2, 3, 4, 5, 6))
    assert feature.words == f"average {expected}"


@pytest.mark.parametrize(
    ("column", "kind", "d", "expected"),
    [
        ("income", "number", -1.6, "very low income"),
        ("income", "number", 0.7, "high income"),
        ("income", "number", -0.3, "slightly lower income"),
        ("Age", "number", -0.7, "younger"),
        ("customer_age", "number", 1.7, "much older"),
        ("vehicle age", "number", 0.9, "high vehicle age"),
        ("visits_per_month", "number", 0.9, "many visits per month"),
        ("num_calls", "number", -0.9, "few calls"),
        ("net sales", "number", 0.9, "high net sales"),
        ("bonus", "number", 0.9, "high bonus"),
        ("signup", "datetime", 0.9, "late signup"),
        ("visit", "timedelta", -2.0, "very short visit"),
    ],
)
def test_numbers_in_words(column, kind, d, expected):
    """Two steps of strength, and one for what is slight."""
    assert DistinguishingFeature("mean", column, d, (1, 2), kind).words == expected


@pytest.mark.parametrize(
    ("column", "level", "share", "h", "alone", "expected"),
    [
        ("job", "Artist", 0.97, 1.0, True, "almost all Artist"),
        ("job", "Artist", 0.6, 1.0, True, "mostly Artist"),
        ("sex", "Female", 0.4, 0.6, True, "more often Female"),
        ("job", "Artist", 0.01, -0.8, True, "hardly any Artist"),
        ("job", "Artist", 0.1, -0.6, True, "less often Artist"),
        ("graduated", "No", 0.7, 0.9, False, "graduated: mostly no"),
        ("loan", True, 0.3, 0.6, False, "loan: more often yes"),
        ("loan", 0, 0.3, -0.6, False, "loan: less often no"),
        ("score", "Average", 0.6, 0.3, False, "score: slightly more often average"),
        (
            "tech",
            "No internet service",
            0.97,
            1.0,
            True,
            "almost all no internet service",
        ),
    ],
)
def test_levels_in_words(column, level, share, h, alone, expected):
    """By their share, with the column where the level alone is unclear."""
    feature = DistinguishingFeature(
        "level", column, h, (share, 0.2), "category", level, 0, alone
    )
    assert feature.words == expected
    assert feature.words.endswith(feature.statement)


@pytest.mark.parametrize(
    ("share", "h", "expected"),
    [
        (0.9, 1.0, "mostly without phone"),
        (0.3, 0.6, "more often without phone"),
        (0.1, -0.6, "mostly with phone"),
    ],
)
def test_missing_cells_in_words(share, h, expected):
    """Without, or with."""
    assert DistinguishingFeature("missing", "phone", h, (share, 0.2)).words == expected


@pytest.mark.parametrize(
    ("kind", "values", "level", "evidence"),
    [
        ("mean", (61.4, 23.0), None, "61.4 on average, others 23"),
        ("median", (61.4, 23.0), None, "median 61.4, others 23"),
        ("level", (0.6, 0.2), "No", "60% no, others 20%"),
        ("missing", (0.6, 0.0), None, "unknown for 60%, others 0%"),
        (
            "middle",
            (50, 51, 45, 55, 19, 82),
            None,
            "median 50, others 51; middle half 45 to 55, others 19 to 82",
        ),
    ],
)
def test_evidence(kind, values, level, evidence):
    """The numbers of the segment and of the others."""
    data_kind = "category" if kind == "level" else "number"
    feature = DistinguishingFeature(kind, "x", 0.9, values, data_kind, level)
    assert feature.evidence == evidence


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"job": ["Artist", "Nurse"]}, "Artist"),
        ({"job": ["Cat_6", "Cat_7"]}, "job: Cat_6"),
        ({"job": ["unknown", "Nurse"]}, "job: unknown"),
        ({"plan": ["family", "basic"]}, "plan: family"),
        ({"a": ["Nurse", 3], "b": ["nurse", 3]}, "a: Nurse"),
    ],
)
def test_levels_that_need_no_column(columns, expected):
    """Not bare measures, not codes, not what stands in two columns."""
    X = pd.DataFrame(
        {name: pair[:1] * 20 + pair[1:] * 20 for name, pair in columns.items()}
    )
    profile = segment_profile([0] * 20 + [1] * 20, X, n_exemplars=0, rule_depth=None)
    assert profile.names[0].split(", ")[0] == expected


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("Annual Income (k$)", "median 87 k$, others 45 k$"),
        ("weight [kg]", "median 87 kg, others 45 kg"),
        ("discount (%)", "median 87%, others 45%"),
        ("Spending Score (1-100)", "median 87, others 45"),
    ],
)
def test_units_stand_behind_numbers(column, expected):
    """Where the name of the column ends with one."""
    feature = DistinguishingFeature("median", column, 1.0, (87.0, 45.0))
    assert feature.evidence == expected
