"""
Data quality audit and feature associations
===========================================

A model is not better than its table. Here a table gets defects that tables have in real
life, the audit looks for them, and what is left shows which columns are related to the
segments.
"""

# %%
# Customers
# ---------
# The real table is read where the environment variable ``SEGMENTLEARN_DATA`` names its
# folder; customers of the same shape are generated where it does not. A part of them
# plays the new customers.
import os

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from segmentlearn import (
    AssociationSelector,
    TabularPreprocessor,
    associations,
    audit,
    load_automobile,
    make_customers,
)
from segmentlearn.plotting import AssociationDisplay

if os.environ.get("SEGMENTLEARN_DATA"):
    X, y = load_automobile(keep_id=True)
else:
    X, y = make_customers("automobile", 6_000, keep_id=True, random_state=0)
X_train, X_new, y_train, _ = train_test_split(
    X, y, test_size=0.25, stratify=y, random_state=0
)

# %%
# Plant five defects
# ------------------
rng = np.random.default_rng(0)
train, new = X_train.assign(Segment=y_train), X_new.copy()

# An offer is chosen by the segment, and is right but for a few: a leak.
offers = {"A": "hatchback", "B": "estate", "C": "saloon", "D": "scooter"}
train["Offer_Sent"] = train["Segment"].map(offers)
mistaken = rng.random(len(train)) < 0.05
train.loc[mistaken, "Offer_Sent"] = rng.choice(list(offers.values()), mistaken.sum())
new["Offer_Sent"] = rng.choice(list(offers.values()), len(new))

# Customers were entered twice, under another number and in another segment.
twice = train.sample(100, random_state=0)
twice["ID"] = train["ID"].max() + 1 + np.arange(len(twice))
twice["Segment"] = twice["Segment"].map({"A": "B", "B": "C", "C": "D", "D": "A"})
train = pd.concat([train, twice], ignore_index=True)

# Some training customers are among the new ones.
known = train.drop(columns="Segment").sample(150, random_state=1)
new = pd.concat([new, known], ignore_index=True)

# The new customers are older, and live with more people.
new["Age"] = (new["Age"] * 1.25).round()
new["Family_Size"] = new["Family_Size"] + 1

# "Artist " is not "Artist" to a model.
artists = train.index[train["Profession"] == "Artist"][:40]
train.loc[artists, "Profession"] = "Artist "

# %%
# Run the audit
# -------------
# Errors and warnings; ``print(report)`` shows the notes, too.
report = audit(train.drop(columns="Segment"), train["Segment"], new, ids="ID")
print(report.filter("warning"))

# %%
# What was planted, and what was found:
planted = {
    "a leak": ("Offer_Sent", {"suspect-predictor", "target-copy"}),
    "customers in both tables": ("ID", {"shared-entities"}),
    "the same customer, another segment": (None, {"conflicting-labels"}),
    "drift of age": ("Age", {"drift"}),
    "drift of family size": ("Family_Size", {"drift"}),
    "variants of a level": ("Profession", {"level-variants"}),
}
for defect, (column, codes) in planted.items():
    found = [one for one in report if one.code in codes]
    if column is not None:
        found = [one for one in found if column in one.columns]
    print(f"{defect}: {found[0].severity if found else 'not found'}")

# %%
# Fix the defects
# ---------------
# What the cures say: without the leak and the identifier. Which of two contradicting
# labels is right would have to be looked up; here such customers are left out, and what
# is left is a little easier than life.
train["Profession"] = train["Profession"].str.strip()
features = train.columns.drop(["ID", "Segment", "Offer_Sent"]).tolist()
n_labels = train.groupby(features, dropna=False)["Segment"].transform("nunique")
train = train[n_labels == 1]
X, y = train[features], train["Segment"]
mended = audit(X, y)
print(f"{len(X):,} customers left; worst finding now: {mended.worst}")

# %%
# Associations with the segments
# ------------------------------
# Two uninformative columns are added, to see that they are dropped.
X = X.assign(
    Locker=rng.integers(1, 500, len(X)), Colour=rng.choice(["red", "blue"], len(X))
)
found = associations(X, y)
print(found.with_target.round(3))

# %%
# The segments are the lowest row. Pairs of numbers have a sign, the others do not.
AssociationDisplay.from_result(found).plot()

# %%
# Feature selection by association
# --------------------------------
# The selector belongs inside the pipeline, so that each fold selects from its own
# training rows. A threshold of 0 keeps every column.
pipeline = make_pipeline(
    AssociationSelector(),
    TabularPreprocessor(),
    LogisticRegression(max_iter=1_000),
)
thresholds = [0.0, 0.05, 0.1, 0.2]
search = GridSearchCV(
    pipeline,
    {"associationselector__threshold": thresholds},
    scoring="neg_log_loss",
    cv=3,
).fit(X, y)
for threshold, score in zip(
    thresholds, search.cv_results_["mean_test_score"], strict=True
):
    print(f"threshold {threshold:.2f}: log-loss {-score:.4f}")

# %%
# What the best of them keeps, and what it drops:
selector = search.best_estimator_[0]
dropped = [column for column in X if column not in selector.get_feature_names_out()]
print(f"threshold: {search.best_params_['associationselector__threshold']}")
print(f"kept: {', '.join(selector.get_feature_names_out())}")
print(f"dropped: {', '.join(dropped) or 'none'}")
