"""
Campaign targeting: calibration, lift and profit
================================================

A bank calls customers and offers a term deposit. One in nine says yes, a call costs
money, and not everybody can be called. Are the probabilities true, how many calls are
best, and what will they earn? How to deal with the class imbalance is the subject of
:ref:`another example <sphx_glr_auto_examples_plot_bank_campaign_smote.py>`.
"""

# %%
# Customers
# ---------
# The real table is read where the environment variable ``SEGMENTLEARN_DATA`` names its
# folder; customers of the same shape are generated where it does not.
import os

from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import train_test_split

from segmentlearn import (
    SegmentClassifier,
    audit,
    load_bank,
    make_customers,
    tune_threshold,
)
from segmentlearn.metrics import expected_calibration_error, profit_at_budget
from segmentlearn.plotting import (
    CalibrationDisplay,
    LiftDisplay,
    ProfitDisplay,
    ThresholdDisplay,
)

if os.environ.get("SEGMENTLEARN_DATA"):
    X, y = load_bank()
else:
    X, y = make_customers("bank", 12_000, random_state=0)
X, X_test, y, y_test = train_test_split(
    X, y, train_size=4_000, stratify=y, random_state=0
)
print(f"{len(X):,} customers to learn from, {len(X_test):,} to evaluate on")

# %%
# Audit the table
# ---------------
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
# Calibration of the probabilities
# --------------------------------
# Money is multiplied by probabilities, so this matters. Nets with balanced class
# weights rank the customers equally, and promise a multiple of what comes true.
weighted = classifier(class_weight="balanced").fit(X_known, y)
proba = {
    "as it is": plain.predict_proba(X_test_known)[:, 1],
    "class weights": weighted.predict_proba(X_test_known)[:, 1],
}
bins = {"n_bins": 10, "strategy": "quantile"}
for name, scores in proba.items():
    error = expected_calibration_error(y_test, scores, **bins)
    print(
        f"{name}: mean probability {scores.mean():.0%} where {y_test.mean():.0%} say "
        f"yes, calibration error {error:.3f}, "
        f"ROC AUC {roc_auc_score(y_test, scores):.3f}"
    )
CalibrationDisplay.from_predictions(y_test, proba, **bins)

# %%
# Gain and lift
# -------------
# Among the most probable customers there are a multiple of those who say yes.
LiftDisplay.from_predictions(y_test, proba)

# %%
# Expected profit
# ---------------
# A deposit brings 40, a call costs 5, and a fifth of the customers can be called. The
# interval is that of chance among such customers; ``expected`` is what the
# probabilities had promised.
money = {"benefit": 40, "cost": 5}
for name, scores in proba.items():
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
# Decision threshold
# ------------------
# Where a decision is wanted instead of a ranking, a threshold makes it. A cost matrix
# implies one; this one is chosen for F1, on customers whom the nets had held out.
tuned = tune_threshold(plain, y, "f1")
ThresholdDisplay.from_estimator(tuned, X_test_known, y_test)
print(
    f"threshold {tuned.threshold:.3f}: F1 {tuned.best_score_:.3f} where it was chosen, "
    f"{f1_score(y_test, tuned.predict(X_test_known)):.3f} on new customers, "
    f"{f1_score(y_test, plain.predict(X_test_known)):.3f} at one half"
)
