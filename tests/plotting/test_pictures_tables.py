"""Pictures of tables look as they did; see `test_pictures`."""

import numpy as np
import pandas as pd
import pytest

from segmentlearn.plotting import (
    DistributionDisplay,
    MissingValuesDisplay,
    TargetRelationDisplay,
)


@pytest.fixture(scope="module")
def customers():
    """Four hundred customers: numbers, categories, joint missing values."""
    rng = np.random.default_rng(0)
    n = 400
    segment = rng.choice(["loyal", "new", "lost"], n, p=[0.5, 0.3, 0.2])
    income = rng.lognormal(3 + 0.4 * (segment == "loyal"), 0.4, n).round(1)
    X = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n).astype(float),
            "annual_income_in_thousands": income,
            "visits": rng.poisson(2 + 2 * (segment == "loyal")),
            "job": np.where(
                segment == "lost", "Nurse", rng.choice(["Judge", "Artist"], n)
            ),
            "member": segment == "loyal",
            "country": "DE",
            "fax": np.nan,
        }
    )
    X.loc[rng.random(n) < 0.2, "age"] = np.nan
    X.loc[X["age"].isna() | (rng.random(n) < 0.1), "job"] = None
    X.loc[np.arange(n) > 300, "annual_income_in_thousands"] = np.nan
    return X, pd.Series(segment, name="segment")


@pytest.mark.mpl_image_compare
@pytest.mark.parametrize("kind", ["matrix", "bar", "correlation"])
def test_missing_values(customers, kind):
    """Two tables, the first beside itself after imputation."""
    X, _ = customers
    after = X.drop(columns="fax").fillna({"age": 40, "job": "Judge"})
    return MissingValuesDisplay.from_frames(
        {"train": X, "new": X[250:].drop(columns="member")},
        after={"train": after},
        kind=kind,
        max_columns=6,
    ).figure_


@pytest.mark.mpl_image_compare
def test_distributions(customers):
    """Two tables over each other; constant and empty columns in words."""
    X, segment = customers
    tables = {"train": X, "new": X[segment != "lost"].drop(columns="member")}
    return DistributionDisplay.from_frame(tables).figure_


@pytest.mark.mpl_image_compare
@pytest.mark.parametrize("target", ["segment", "leaves", "amount"])
def test_target_relations(customers, target):
    """Three classes, two of them, and a target of numbers."""
    X, segment = customers
    y = {
        "segment": segment,
        "leaves": (segment == "lost").rename("leaves"),
        "amount": X["age"].fillna(0) + X["visits"] * 7.5 + 0.25,
    }[target]
    return TargetRelationDisplay.from_frame(X, y).figure_


@pytest.fixture(scope="module")
def many_levels():
    """A column of eleven levels, some with long names, and far values."""
    rng = np.random.default_rng(0)
    jobs = ["admin.", "blue-collar", "university.degree", "professional.course"]
    jobs += ["self-employed consultant", "Low", "Yes", "student", "retired", "x", "y"]
    job = pd.Series(rng.choice(jobs, 1500, p=np.arange(11, 0, -1) / 66))
    job[rng.random(1500) < 0.1] = None
    amount = np.exp(rng.normal(5, 2, 1500))
    amount[rng.random(1500) < 0.05] = np.nan
    region = rng.choice(["Mecklenburg-Vorpommern", "Saxony", "Low $"], 1500)
    X = pd.DataFrame({"job": job, "amount": amount, "region of the household": region})
    return X, np.where(rng.random(1500) < 0.2 + 0.3 * (job == "Yes"), "Yes", "No")


@pytest.mark.mpl_image_compare
def test_distributions_of_many_levels(many_levels):
    """Names of levels keep to their lines, notes to their panels."""
    X, _ = many_levels
    return DistributionDisplay.from_frame({"train": X, "new ones": X[:500]}).figure_


@pytest.mark.mpl_image_compare
def test_target_relations_in_narrow_axes(many_levels):
    """Titles, ticks and notes fit into the axes of the caller."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(7.0, 2.6), layout="constrained")
    TargetRelationDisplay.from_frame(*many_levels, axes=axes)
    return figure
