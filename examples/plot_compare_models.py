"""
Compare a network with boosted trees; batched grid search
=========================================================

A classifier beside the majority, a logistic regression and boosted trees on the same
folds, with intervals and a verdict in words. Then the nets of a grid search trained
side by side, with the scores that scikit-learn's search gets.
"""

# %%
# Customers
# ---------
# The real table is read where the environment variable ``SEGMENTLEARN_DATA`` names its
# folder; customers of the same shape are generated where it does not.
import os
import time

import numpy as np
from sklearn.model_selection import GridSearchCV

from segmentlearn import (
    BatchedGridSearchCV,
    SegmentClassifier,
    compare_models,
    load_automobile,
    make_customers,
)
from segmentlearn.plotting import ModelComparisonDisplay

if os.environ.get("SEGMENTLEARN_DATA"):
    X, y = load_automobile()
    X = X.sample(1_500, random_state=0)
    y = y[X.index]
else:
    X, y = make_customers("automobile", 1_500, random_state=0)

# %%
# Comparison with baselines
# -------------------------
# All models are fitted to the same folds, and differences are taken fold by fold.
comparison = compare_models(
    SegmentClassifier(effort="fast", random_state=0), X, y, random_state=0
)
print(comparison.to_frame().round(3).T.to_string(header=False))

# %%
# An interval that crosses zero is undecided.
ModelComparisonDisplay.from_result(comparison).plot()

# %%
# The same in words, with the segment that is known worst.
print(comparison.verdict)

# %%
# Other measures come from the same fits:
other = comparison.differences.query("measure == 'accuracy'")
print(
    other[["baseline", "difference", "low", "high", "verdict"]].to_string(index=False)
)

# %%
# Batched grid search
# -------------------
# ``BatchedGridSearchCV`` takes the place of scikit-learn's ``GridSearchCV`` and trains
# the nets of all candidates and folds side by side.
net = SegmentClassifier.from_preset("best-practices", random_state=0)
grid = {"learning_rate": [0.0005, 0.001, 0.002], "dropout": [0.1, 0.3]}
searches, seconds = {}, {}
for kind in (GridSearchCV, BatchedGridSearchCV):
    start = time.perf_counter()
    searches[kind.__name__] = kind(net, grid, scoring="neg_log_loss", cv=3).fit(X, y)
    seconds[kind.__name__] = time.perf_counter() - start
    print(f"{kind.__name__}: {seconds[kind.__name__]:.1f} s")

# %%
# The scores are the same numbers.
scores = [search.cv_results_["mean_test_score"] for search in searches.values()]
print(f"largest difference of a score: {np.abs(scores[0] - scores[1]).max():.1g}")
batched = searches["BatchedGridSearchCV"]
print(f"fits in each program: {batched.batches_}")
print(f"trained one by one: {batched.one_by_one_ or 'none'}")
print(f"best: {batched.best_params_}")
