"""
Correlation heatmap of mixed columns; spending score classifier
===============================================================

Which columns are related to how much a customer spends, and how well does a net with
batch normalisation predict it? A heatmap of correlations between codes, where "Artist"
is 0 and "Doctor" is 2, shows what is not there; here each pair of columns has the
measure that suits its kinds.
"""

# %%
# Customers
# ---------
# The real table is read where the environment variable ``SEGMENTLEARN_DATA`` names its
# folder; customers of the same shape are generated where it does not. The column
# ``Spending_Score`` plays the target.
import os

from sklearn.metrics import classification_report, f1_score
from sklearn.model_selection import train_test_split

from segmentlearn import (
    SegmentClassifier,
    associations,
    compare_models,
    load_automobile,
    make_customers,
)
from segmentlearn.metrics import generalization_gap
from segmentlearn.plotting import (
    AssociationDisplay,
    ConfusionMatrixDisplay,
    SegmentSizesDisplay,
    TargetRelationDisplay,
    TrainingHistoryDisplay,
)

if os.environ.get("SEGMENTLEARN_DATA"):
    table, segment = load_automobile()
else:
    table, segment = make_customers("automobile", 4_000, random_state=0)
table = table.assign(Segmentation=segment)
X, y = table.drop(columns="Spending_Score"), table["Spending_Score"]
print(y.value_counts(normalize=True).round(3).to_string())

# %%
# Correlation heatmap
# -------------------
# Correlation for two numbers, Cramér's V for two categories, the correlation ratio for
# one of each. The target is the lowest row.
found = associations(X, y)
AssociationDisplay.from_result(found).plot()

# %%
# Associated is not useful. The AUC of each column alone says how well it ranks
# customers that it was not fitted to; 0.5 is a coin.
print(found.with_target.round(3))

# %%
# How the strongest of them go with the target:
TargetRelationDisplay.from_frame(X, y, max_columns=6)

# %%
# A network with batch normalisation
# ----------------------------------
# Hidden layers of 60 and 30 units, each normalised over the batch, as published for
# this table; training stops when the loss of held-out customers no longer falls. These
# are drawn from the training customers, class by class: those in ``X_test`` decide
# nothing.
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.3, stratify=y, random_state=0
)
net = SegmentClassifier.from_preset("batch-norm", random_state=0).fit(X_train, y_train)
TrainingHistoryDisplay.from_estimator(net)

# %%
# In words:
print(generalization_gap(net.history_).verdict)

# %%
# Evaluate on held-out customers
# ------------------------------
predicted = net.predict(X_test)
print(classification_report(y_test, predicted))
ConfusionMatrixDisplay.from_predictions(y_test, predicted)

# %%
# The labels that the net gives, beside the true ones. A net that never gives a label is
# seen here at once.
SegmentSizesDisplay.from_predictions(predicted, y_true=y_test)

# %%
# Comparison with baselines
# -------------------------
# Beside the majority, a logistic regression and boosted trees, on the same folds:
print(compare_models(net, X_train, y_train, cv=3, random_state=0))

# %%
# And the default beside the published net, on the customers kept aside:
default = SegmentClassifier(random_state=0).fit(X_train, y_train)
for name, model in (("batch-norm", net), ("default", default)):
    macro = f1_score(y_test, model.predict(X_test), average="macro")
    print(f"{name}: accuracy {model.score(X_test, y_test):.3f}, macro F1 {macro:.3f}")
