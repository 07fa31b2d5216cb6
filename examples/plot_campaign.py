"""
A campaign: whom to call
========================

A bank calls customers and offers a term deposit. One in nine says yes, a call costs
money, and not everybody can be called. Is the table fit to learn from, how does one
deal with so few who say yes, and what will the campaign earn?
"""

# %%
# Customers
# ---------
# The real table is read where the environment variable ``SEGMENTLEARN_DATA`` names its
# folder; customers of the same shape are generated where it does not.
import os

import pandas as pd
from sklearn.metrics import f1_score, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

from segmentlearn import (
    AutoSMOTE,
    MixedImputer,
    SegmentClassifier,
    audit,
    load_bank,
    make_customers,
    tune_threshold,
)
from segmentlearn.metrics import expected_calibration_error, profit_at_budget
from segmentlearn.plotting import (
    CalibrationDisplay,
    ConfusionMatrixDisplay,
    GainDisplay,
    ProfitDisplay,
    ThresholdDisplay,
)
from segmentlearn.sampling import make_pipeline

if os.environ.get("SEGMENTLEARN_DATA"):
    X, y = load_bank()
else:
    X, y = make_customers("bank", 12_000, random_state=0)
X, X_test, y, y_test = train_test_split(
    X, y, train_size=4_000, stratify=y, random_state=0
)
print(f"{len(X):,} customers to learn from, {len(X_test):,} to judge on")

# %%
# Is the table fit to learn from?
# -------------------------------
# The audit comes first. Two of its findings decide what follows: a column that is
# suspiciously good, and how often one is right by always saying no.
report = audit(X, y)
print(report)

# %%
# How long the call took is known when the call is over; nobody can choose by it whom to
# call. The audit suspects the column, and only somebody who knows it can convict it.
# With it every number looks better, and none of them will come true.
suspects = [
    column
    for finding in report
    if finding.code in ("suspect-predictor", "known-afterwards")
    for column in finding.columns
]
late = "last_contact_duration"
print(f"suspected: {', '.join(suspects)}")


def classifier(**how):
    """Return nets of three inner folds: less than the default, for a short example."""
    return SegmentClassifier(effort="fast", n_inner_folds=3, random_state=0, **how)


with_late = classifier().fit(X, y)
X_known, X_test_known = X.drop(columns=late), X_test.drop(columns=late)
plain = classifier().fit(X_known, y)
auc_late = roc_auc_score(y_test, with_late.predict_proba(X_test)[:, 1])
auc = roc_auc_score(y_test, plain.predict_proba(X_test_known)[:, 1])
print(f"ROC AUC with {late}: {auc_late:.3f}, without: {auc:.3f}")

# %%
# From here on the column is left out.
#
# Few who say yes
# ---------------
# The same nets, on the table as it is, with balanced class weights, and with customers
# made by SMOTE. The fourth way trains nothing: it moves the threshold of the first, on
# the probabilities of customers whom the nets had held out.
tuned = tune_threshold(plain, y, "f1")
weighted = classifier(class_weight="balanced").fit(X_known, y)
smote = make_pipeline(MixedImputer(), AutoSMOTE(random_state=0), classifier())
smote.fit(X_known, y)

ways = {
    "as it is": plain,
    "threshold": tuned,
    "class weights": weighted,
    "SMOTE": smote,
}
proba = {name: way.predict_proba(X_test_known)[:, 1] for name, way in ways.items()}
bins = {"n_bins": 10, "strategy": "quantile"}  # of the calibration error
table = pd.DataFrame(
    {
        name: {
            "F1": f1_score(y_test, way.predict(X_test_known)),
            "AUC": roc_auc_score(y_test, proba[name]),
            "log-loss": log_loss(y_test, proba[name]),
            "ECE": expected_calibration_error(y_test, proba[name], **bins),
        }
        for name, way in ways.items()
    }
).T
print(table.round(3))

# %%
# What follows from the table, on customers that no net has seen:
gain = table["F1"] - table.loc["as it is", "F1"]
print(f"Highest F1: {table['F1'].idxmax()} ({gain.max():+.3f} to the table as it is).")
spread = table["AUC"].max() - table["AUC"].min()
print(f"The ways rank customers within {spread:.3f} of AUC of each other.")
for name in ("class weights", "SMOTE"):
    says, true = proba[name].mean(), y_test.mean()
    print(
        f"{name}: mean probability {says:.0%}, where {true:.0%} say yes; log-loss "
        f"{table.loc[name, 'log-loss'] - table.loc['as it is', 'log-loss']:+.3f}."
    )

# %%
# Are the probabilities true?
# ---------------------------
# Weights and made customers move the probabilities, the threshold does not: it has the
# curve of the table as it is. Money is multiplied by probabilities, so this matters.
CalibrationDisplay.from_predictions(
    y_test,
    {name: proba[name] for name in ("as it is", "class weights", "SMOTE")},
    **bins,
)

# %%
# Whom to call first
# ------------------
# The share of all who say yes that is reached by calling the most probable first.
GainDisplay.from_predictions(
    y_test, {name: proba[name] for name in ("as it is", "class weights", "SMOTE")}
)

# %%
# What the campaign earns
# -----------------------
# A deposit brings 40, a call costs 5, and a fifth of the customers can be called. The
# interval is that of chance among such customers; ``expected`` is what the
# probabilities had promised.
money = {"benefit": 40, "cost": 5}
for name, scores in proba.items():
    if name != "threshold":  # the same ranking as that of the table as it is
        earned = profit_at_budget(y_test, scores, budget=0.2, random_state=0, **money)
        promise = "within the interval"
        if earned.expected > earned.high:
            promise = "too high"
        elif earned.expected < earned.low:
            promise = "too low"
        print(f"{name}: {earned}; the promise is {promise}")

# %%
# How many calls would be best, and how flat the top is:
ProfitDisplay.from_predictions(
    y_test, proba["as it is"], name="as it is", random_state=0, **money
)

# %%
# The threshold
# -------------
# The tuned threshold on the customers that are judged.
ThresholdDisplay.from_estimator(tuned, X_test_known, y_test)
print(
    f"threshold {tuned.threshold:.3f}: F1 {tuned.best_score_:.3f} where it was chosen, "
    f"{table.loc['threshold', 'F1']:.3f} on new customers"
)

# %%
# What it decides
# ---------------
# Colours are shares of the true class, so that the rare one can be seen.
ConfusionMatrixDisplay.from_predictions(
    y_test, tuned.predict(X_test_known), display_labels=["no", "yes"]
)
