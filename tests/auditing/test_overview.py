"""overview: a line for each column that says what is in it."""

import numpy as np
import pandas as pd
import pytest

from segmentlearn.auditing import overview

N = 60
X = pd.DataFrame(
    {
        "customer_id": [f"c{at}" for at in range(N)],
        "spend": [*np.linspace(0, 100, N - 2), -1, 999_999],
        "tier": pd.Categorical(["gold"] * 15 + ["basic"] * 45),
        "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(N), "D"),
        "source": "web",
        "note": np.nan,
        "fee": [f"{at % 7},50 €" for at in range(N)],
        "loan": [0, 1] * (N // 2),
    }
)
X.loc[:5, "tier"] = np.nan


@pytest.fixture(scope="module")
def lines():
    """The facts of each column."""
    return overview(X).to_frame().set_index("column")


def test_types_and_roles(lines):
    """As the columns are read, text that holds numbers too."""
    assert lines["type"].to_dict() | {"note": "empty"} == {
        **{"customer_id": "category", "spend": "number", "tier": "category"},
        **{"since": "date", "source": "category", "note": "empty"},
        **{"fee": "number", "loan": "number"},
    }
    roles = lines["role"][lines["role"] != "feature"].to_dict()
    expected = {"customer_id": "identifier", "source": "constant", "note": "empty"}
    assert roles == expected


def test_what_columns_hold(lines):
    """Ranges without what can hardly be true, levels with their share."""
    assert lines["holds"]["spend"] == "0 to 100, median 50"
    assert lines["suspect"]["spend"] == 2
    assert lines["holds"]["since"] == "2020-01-01 to 2020-02-29, median 2020-01-30"
    assert lines["holds"]["tier"] == "basic 83%, gold 17%"
    assert lines["missing"]["tier"] == pytest.approx(0.1)
    assert lines["holds"]["loan"] == "no 50%, yes 50%"
    assert sum(lines["histogram"]["spend"]) == N - 2


def test_declared_identifiers():
    """What is no column is refused."""
    assert overview(X, ids=["spend"]).to_frame()["role"][1] == "identifier"
    with pytest.raises(ValueError, match=r"ids has \['Spend'\]"):
        overview(X, ids=["Spend"])


def test_text():
    """A line each; bars in digits where blocks cannot be shown."""
    text = overview(X).to_text(has_blocks=False)
    assert len(text.splitlines()) == 9
    assert text.isascii() or "…" in text
    assert "TableOverview(60 rows, 8 columns)" in str(overview(X))
    assert "<table" in overview(X)._repr_html_()
