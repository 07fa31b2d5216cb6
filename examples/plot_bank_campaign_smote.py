"""
Imbalanced campaign responses: SMOTE, class weights, threshold
==============================================================

A bank calls its customers, and one in nine subscribes to a term deposit. Always saying
no is right in nine of ten cases and finds nobody. Four ways to deal with so few who say
yes, evaluated on held-out customers, once with and once without a column that is
known only after the call.
"""

# %%
# Customers
# ---------
# The real table is read where the environment variable ``SEGMENTLEARN_DATA`` names its
# folder; customers of the same shape are generated where it does not. Half of them are
# kept aside; SMOTE, weights and threshold never see them.
import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    classification_report,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import train_test_split

from segmentlearn import (
    AutoSMOTE,
    MixedImputer,
    SegmentClassifier,
    load_bank,
    make_customers,
    tune_threshold,
)
from segmentlearn.plotting import ConfusionMatrixDisplay, GainDisplay
from segmentlearn.sampling import make_pipeline

if os.environ.get("SEGMENTLEARN_DATA"):
    X, y = load_bank()
else:
    X, y = make_customers("bank", 24_000, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=0.5, stratify=y, random_state=0
)
print(f"{len(X_train):,} customers to learn from, {len(X_test):,} to evaluate on")

# %%
# Why accuracy misleads
# ---------------------
says_no = np.zeros(len(y_test), dtype=int)
print(f"share who say yes: {y_train.mean():.3f}")
print(f"always no: accuracy {accuracy_score(y_test, says_no):.3f}, and F1 of yes 0")

# %%
# Target leakage: call duration
# -----------------------------
# How long the call took is known when it is over. Those who say yes have stayed on the
# phone to sign up: as a number by itself the column ranks customers better than anybody
# could who still has to choose whom to call.
late = "last_contact_duration"
known = X_test[late].notna()
alone = roc_auc_score(y_test[known], X_test.loc[known, late])
print(f"ROC AUC of {late} alone: {alone:.3f}")

# %%
# Four ways to handle class imbalance
# -----------------------------------
# "Nothing" is the net as it is, which says yes from a probability of one half on.
# The threshold needs no further fit: it is chosen on the probabilities of customers
# whom the nets had held out. SMOTE stands inside a pipeline that resamples in ``fit``
# and leaves the rows of ``predict`` alone; it makes customers until there are three of
# the rare class for ten of the other.


def classifier(**how):
    """Return nets of three inner folds: less than the default, for a short example."""
    return SegmentClassifier(effort="fast", n_inner_folds=3, random_state=0, **how)


def fit_ways(X, y):
    """Fit the four ways to the same customers."""
    nothing = classifier().fit(X, y)
    smote = make_pipeline(
        MixedImputer(),
        AutoSMOTE(sampling_strategy=0.3, random_state=0),
        classifier(),
    )
    return {
        "nothing": nothing,
        "class weights": classifier(class_weight="balanced").fit(X, y),
        "SMOTE": smote.fit(X, y),
        "threshold": tune_threshold(nothing, y, "f1"),
    }


tables = {"with the call": X.columns, "before the call": X.columns.drop(late)}
labels, proba = {}, {}
for table, columns in tables.items():
    for name, way in fit_ways(X_train[columns], y_train).items():
        labels[table, name] = way.predict(X_test[columns])
        proba[table, name] = way.predict_proba(X_test[columns])[:, 1]

# %%
# Compare the scores
# ------------------
# Precision, recall and F1 are those of customers who say yes. A net published for the
# real table reaches an F1 of 0.47, with the column in it.
published = 0.47
results = pd.DataFrame(
    {
        key: {
            "precision": precision_score(y_test, y_pred),
            "recall": recall_score(y_test, y_pred),
            "F1": f1_score(y_test, y_pred),
            "accuracy": accuracy_score(y_test, y_pred),
            "ROC AUC": roc_auc_score(y_test, proba[key]),
            "avg. precision": average_precision_score(y_test, proba[key]),
            "mean proba.": proba[key].mean(),
        }
        for key, y_pred in labels.items()
    }
).T
print(results.to_string(float_format="{:.3f}".format))

# %%
f1 = (
    results["F1"]
    .unstack(0)
    .loc[["nothing", "class weights", "SMOTE", "threshold"], list(tables)]
)
ax = f1.plot.barh(color=["#bbbbbb", "#0072b2"], figsize=(7, 4), width=0.75)
ax.figure.set_layout_engine("constrained")
ax.axvline(published, color="black", linestyle=":", label="published, with the call")
ax.invert_yaxis()
ax.set(xlabel="F1 of customers who say yes, held out", ylabel="")
for bars, color in zip(ax.containers, ["black", "white"], strict=True):
    ax.bar_label(bars, fmt="%.2f", label_type="center", color=color)
ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
for side in ("top", "right"):
    ax.spines[side].set_visible(False)

# %%
# The effect of the leak
# ----------------------
best = f1.idxmax()
before, leaked = f1["before the call"].max(), f1["with the call"].max()
print(
    f"With {late} the best F1 is {leaked:.2f} ({best['with the call']}); without it "
    f"{before:.2f} ({best['before the call']}). The difference of "
    f"{leaked - before:.2f} cannot be had: whoever chooses whom to call has no call "
    f"yet."
)

# %%
# So from here on the column is left out.
#
# Classification reports
# ----------------------
for name in f1.index:
    print(name)
    print(
        classification_report(
            y_test, labels["before the call", name], target_names=["no", "yes"]
        )
    )

# %%
# Confusion matrices
# ------------------
# Colours are shares of the true class, so that the rare one can be seen.
figure, axes = plt.subplots(2, 2, figsize=(8, 7), layout="constrained")
for ax, name in zip(axes.flat, f1.index, strict=True):
    ConfusionMatrixDisplay.from_predictions(
        y_test,
        labels["before the call", name],
        display_labels=["no", "yes"],
        ax=ax,
    )
    ax.set_title(name)

# %%
# Precision-recall curves
# -----------------------
# Where the most probable are called first, only their order matters. Weights hardly
# change it, the threshold does not at all, and made customers do not improve it.
curves = {
    f"{name}, before": proba["before the call", name]
    for name in ("nothing", "class weights", "SMOTE")
}
curves["nothing, with the call"] = proba["with the call", "nothing"]
GainDisplay.from_predictions(y_test, curves)

# %%
# Which one to choose
# -------------------
# Measured on customers that no way has seen:
honest = results.loc["before the call"]
for name in ("class weights", "SMOTE", "threshold"):
    auc = honest.loc[name, "ROC AUC"] - honest.loc["nothing", "ROC AUC"]
    gained = honest.loc[name, "F1"] - honest.loc["nothing", "F1"]
    print(
        f"{name}: F1 {gained:+.3f}, ROC AUC {auc:+.3f}, mean probability "
        f"{honest.loc[name, 'mean proba.']:.2f} where {y_test.mean():.2f} say yes"
    )

# %%
# Weights and SMOTE find more customers because they raise all probabilities, which then
# are true no longer. The threshold finds as many and leaves the probabilities as they
# are, for :ref:`sphx_glr_auto_examples_plot_campaign.py` to multiply by money.
