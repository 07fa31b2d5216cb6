"""
Classify customers into known segments
======================================

A company knows the segment of its present customers and wants that of new ones. How
well does a net separate four segments in a table with missing values, and how sure
can one be of it?
"""

# %%
# Customers with known segments
# -----------------------------
# ``make_customers`` draws a table like that of an automobile company: numbers, text,
# missing values. It also returns how well anybody could do.
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split

from segmentlearn import SegmentClassifier, load, make_customers, save
from segmentlearn.plotting import ConfusionMatrixDisplay

X, y, truth = make_customers("automobile", 4000, return_truth=True, random_state=0)
print(X.head())
print(X.isna().sum())

# %%
# A classifier for the raw table
# ------------------------------
# Imputation, scaling and encoding happen inside; the rows that decide when to stop are
# held out, segment by segment.
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.25, stratify=y, random_state=0
)
classifier = SegmentClassifier.from_preset("best-practices", random_state=0)
classifier.fit(X_train, y_train)
classifier.model_.summary()
print(f"stopped after {classifier.n_iter_} epochs, kept epoch {classifier.best_epoch_}")

# %%
# Evaluate on held-out customers
# ------------------------------
print(classification_report(y_test, classifier.predict(X_test)))
ConfusionMatrixDisplay.from_estimator(classifier, X_test, y_test)

# %%
# Neither of these figures means much without the two between which it lies:
majority = y_test.value_counts(normalize=True).max()
print(f"always the largest segment: {majority:.3f}")
print(f"the best possible with these columns: {truth.bayes_accuracy:.3f}")

# %%
# Save and load the model
# -----------------------
# The archive holds preprocessing and net; new customers go in as they are.
save(classifier, "customers.seg")
new_customers, _ = make_customers("automobile", 5, random_state=1)
print(load("customers.seg").predict(new_customers))

# %%
# The net is well above guessing and close to what the columns allow: the rest of the
# error is in the customers, not in the model.
