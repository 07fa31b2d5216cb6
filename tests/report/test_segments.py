"""What sets a segment apart, as a report describes it."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans

from segmentlearn.report import write_report


@pytest.fixture(scope="module")
def middling():
    """Segment 0 lies close around the middle of the score; the others do not."""
    rng = np.random.default_rng(0)
    score = np.r_[rng.normal(50, 3, 80), rng.normal(50, 30, 120)]
    age = np.r_[rng.normal(45, 5, 80), rng.normal(35, 5, 120)]
    return pd.DataFrame({"Score": score, "Age": age}), np.repeat([0, 1], [80, 120])


def test_middling_segment_has_its_middle_half(middling, report_on, features_of):
    """Equal means are no difference; a narrow range is."""
    score = features_of(report_on(*middling))[0]["Score"]
    assert re.search(
        r"^close around the middle \(.*middle half 4[\d.]+ to 5[\d.]+, "
        r"others [23][\d.]+ to [67][\d.]+\)$",
        score,
    )


def test_few_customers_have_no_quartiles(middling, report_on, features_of):
    """Fewer than ten customers would lie beyond each end."""
    X, labels = middling
    kept = np.r_[:39, 80:200]
    page = report_on(X.iloc[kept].reset_index(drop=True), labels[kept])
    assert features_of(page)[0]["Score"] == "close around the middle"
    assert "has no figures" in page


def test_picture_shows_the_columns_of_the_list(middling, report_on, features_of):
    """Bars and list are of the same columns in the same order."""
    page = report_on(*middling)
    (words,) = re.findall(r"differences of segment 0 from all others: (.*?)\.\"", page)
    drawn = [name.rpartition(" ")[0] for name in words.split(", ")]
    assert drawn == list(features_of(page)[0]) == ["Age", "Score"]


def test_level_of_the_list_is_that_of_the_picture(report_on, features_of):
    """A feature about "no" has a bar of "no", to the right."""
    X = pd.DataFrame({"Married": ["no"] * 60 + ["yes"] * 20 + ["no", "yes"] * 40})
    X["Married"] = X["Married"].where(np.arange(160) % 13 > 0, "yes")
    page = report_on(X, np.repeat([0, 1], 80))
    assert re.fullmatch(r".* \(\d+% no, .*\)", features_of(page)[0]["Married"])
    assert "of segment 0 from all others: Married: no +" in page


@pytest.mark.parametrize(("n_others", "figures"), [(20, " (unknown for 60%,"), (5, "")])
def test_missing_values_have_their_share(n_others, figures, report_on, features_of):
    """But five customers without a number are not counted."""
    numbers = np.random.default_rng(0).normal(size=200)
    numbers[np.r_[:60, 100 : 100 + n_others]] = np.nan
    page = report_on({"Income": numbers}, np.repeat([0, 1], 100))
    text = features_of(page)[0]["Income"]
    assert text.startswith(f"mostly without income{figures}")
    assert ("(" in text) is bool(figures)
    assert "Income: unknown" in page


def test_few_rare_levels_are_missing(report_on, features_of):
    """What is still fewer than ten customers after the merge is no level."""
    X = pd.DataFrame({"Town": ["Ulm"] * 20 + ["Au"] * 6 + ["Bonn"] * 20})
    page = report_on(X, np.repeat([0, 1], [26, 20]))
    assert "Au" not in "".join(features_of(page)[0].values())


def test_what_the_model_goes_by_is_named(tmp_path):
    """The column that decides, with its points; none for segments of few customers."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"spend": rng.random(80), "noise": rng.random(80)})
    X.loc[:4, "spend"] = 9.0
    model = KMeans(2, n_init=3, random_state=0).fit(X[["spend"]].assign(noise=0.0))
    write_report(model, X, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    table = page.partition("What the model goes by")[2].partition("</table>")[0]
    assert len(re.findall(r"<td>spend \(\+\d+\)</td>", table)) == 1
    assert "noise" not in table


def test_segments_have_their_share_of_the_value(report_on):
    """Of those whose size is shown; a column without numbers is refused."""
    X = {"spend": np.r_[np.ones(40), np.full(20, 3.0)], "plan": ["a"] * 60}
    page = report_on(X, np.repeat([0, 1], [40, 20]), value="spend")
    assert "Customers: 40, 67% of all, 40% of spend" in page
    with pytest.raises(ValueError, match="'plan' is a column without numbers"):
        report_on(X, np.repeat([0, 1], [40, 20]), value="plan")
