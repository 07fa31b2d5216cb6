"""Values that can hardly be true, and clean columns that look a little like them."""

import numpy as np
import pandas as pd
import pytest

from segmentlearn import audit

N = 400


def amounts(seed=0):
    """Positive, skewed amounts."""
    return np.random.default_rng(seed).lognormal(4, 0.8, N)


def some(values, new, n=8):
    """The values, a few of which are other ones."""
    rows = np.random.default_rng(1).choice(len(values), n, replace=False)
    values = np.array(values, dtype=float)
    values[rows] = new(values[rows]) if callable(new) else new
    return values


RNG = np.random.default_rng(2)
WRONG = {
    "placeholder": ("amount", some(amounts(), 999_999), "placeholder-values"),
    "minus one": ("visits", some(RNG.poisson(4, N), -1), "placeholder-values"),
    "pile": ("amount", some(100 * amounts(), 9999, 20), "placeholder-values"),
    "sign": ("amount", some(amounts(), np.negative), "wrong-sign"),
    "unit": (
        "age_of_car",
        some(RNG.normal(9, 2, N), lambda x: 1000 * x),
        "extreme-values",
    ),
    "tail": ("amount", some(amounts(), lambda x: 500 * x), "extreme-values"),
    "share": ("return share", some(RNG.beta(2, 5, N), 1.5), "impossible-values"),
    "age": ("Age", some(RNG.normal(40, 9, N).round(), 200, 1), "impossible-values"),
    "birth": (
        "Year_Birth",
        some(RNG.integers(1940, 2000, N), 1893, 2),
        "impossible-values",
    ),
}
CLEAN = {
    "lognormal": np.random.default_rng(3).lognormal(0, 1.5, N),
    "counts": np.random.default_rng(4).negative_binomial(0.5, 0.1, N),
    "balance": np.random.default_rng(5).normal(2_000, 1_300, N),
    "mostly zero": np.where(np.arange(N) % 10, 0.0, amounts(6)),
    "rate": np.random.default_rng(7).lognormal(1, 0.3, N),
    "two kinds": np.where(np.arange(N) % 12, 1, 8) * amounts(8),
    "since": np.datetime64("2015-01-01") + np.arange(N).astype("m8[D]"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_values_are_found(case):
    """Each with its code, and nothing else above a note."""
    name, values, code = WRONG[case]
    (finding,) = audit(pd.DataFrame({name: values})).filter("warning")
    assert (finding.code, finding.columns) == (code, (name,))


@pytest.mark.parametrize("case", CLEAN)
def test_clean_columns_are_not_suspected(case):
    """Skewness, zeros, debts and large customers are no defects."""
    assert audit(pd.DataFrame({case: CLEAN[case]})).filter("warning").codes == []


def test_evidence_holds_values_and_the_range_of_the_others():
    """In full: 999,999 is not rounded."""
    values = some(amounts(), 999_999)
    (finding,) = audit(pd.DataFrame({"amount": values})).filter("warning")
    assert finding.evidence["n_found"] == 8
    assert finding.evidence["values"] == [999_999]
    assert finding.evidence["highest_other"] == amounts()[values < 999_999].max()
    assert "999,999" in finding.message


def test_two_extremes_are_a_note():
    """A very large customer may be true."""
    report = audit(pd.DataFrame({"amount": some(amounts(), 1e7, 2)}))
    (finding,) = report.filter(column="amount")
    assert (finding.code, finding.severity) == ("extreme-values", "note")


def test_dates():
    """1900-01-01 stands for none, a few future ones are wrong, text is not a date."""
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(N) % 700, "D")
    since, last = days.to_series(index=range(N)), days.to_series(index=range(N))
    since[:5], last[:3] = pd.Timestamp("1900-01-01"), pd.Timestamp("2190-01-01")
    mixed = np.where(
        np.arange(N) % 2, days.strftime("%d.%m.%Y"), days.strftime("%Y/%m/%d")
    )
    X = pd.DataFrame({"since": since, "last": last, "joined": mixed})
    found = {f.columns[0]: f.code for f in audit(X).filter("warning") if f.columns}
    assert found["since"] == "placeholder-values"
    assert found["last"] in ("future-dates", "extreme-values")
    assert found["joined"] == "dates-as-text"


def test_some_missing_values_are_a_note():
    """From five percent on."""
    X = pd.DataFrame({"amount": amounts(), "few": amounts(1)})
    X.loc[:99, "amount"] = np.nan
    X.loc[:9, "few"] = np.nan
    found = [(f.code, *f.columns) for f in audit(X) if f.columns]
    assert found == [("missing-values", "amount")]


@pytest.mark.parametrize(
    ("usual", "rare"),
    [
        ("no show", "No-Show"),
        ("yes", "Y"),
        ("University", "Universty"),
        ("café", "cafe"),
    ],
)
def test_spellings_of_a_target(usual, rare):
    """Case, accents, hyphens, letters, and short for long."""
    other = "no" if usual == "yes" else "another"
    y = [usual] * 250 + [other] * 142 + [rare] * 8
    codes = audit(pd.DataFrame({"amount": amounts()}), y).filter("warning").codes
    assert "level-variants" in codes


def test_other_levels_are_no_spellings():
    """Grades, ranges and short words are what they are."""
    for levels in (["A", "A+", "A-"], ["1-2", "12"], ["cat", "car"], ["Y", "X", "Z"]):
        X = pd.DataFrame(
            {"level": np.array(levels, object)[np.arange(N) % len(levels)]}
        )
        assert "level-variants" not in audit(X).codes
