"""
Hyperparameter search: grid, halving, Optuna, Keras Tuner
=========================================================

Four searches of three libraries over the same small net and the same customers: a grid,
successive halving, Optuna, and Keras Tuner. Which one finds the better net, and is any
of them better than the net as it was?
"""

# %%
# Customers
# ---------
# A third of the customers is kept aside; no search sees them.
import time
import warnings

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, train_test_split

from segmentlearn import SegmentClassifier, make_customers
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.model_selection import KerasTunerSearchCV, search_space

X, y = make_customers("automobile", 1200, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=1 / 3, stratify=y, random_state=0
)
# a rare level that is missing from a fold is no news in a search
warnings.simplefilter("ignore", SegmentLearnWarning)

# %%
# Search space
# ------------
# The small space changes learning rate and dropout only, which the compiled training
# takes as arguments: all candidates and folds share one program.
net = SegmentClassifier.from_preset("best-practices", max_epochs=30, random_state=0)
settings = {"cv": 3, "scoring": "neg_log_loss"}
grid = search_space(net)
print(grid)

# %%
# Run the searches
# ----------------
# Every search has ``best_params_`` and ``best_score_``, and is a fitted classifier
# afterwards. Its probabilities for the customers kept aside are what counts.
rows = {}


def compare(name, model, n_candidates):
    start = time.perf_counter()
    model.fit(X_train, y_train)
    rows[name] = {
        "candidates": n_candidates(model),
        "seconds": time.perf_counter() - start,
        "cross-validated": -getattr(model, "best_score_", float("nan")),
        "held out": log_loss(y_test, model.predict_proba(X_test)),
    }
    print(name, getattr(model, "best_params_", ""))


compare("as it was", net, lambda model: 1)

# %%
# A grid tries everything.
compare(
    "GridSearchCV",
    GridSearchCV(net, grid, **settings),
    lambda search: len(search.cv_results_["params"]),
)

# %%
# Halving tries everything for a few epochs, and goes on with the better third.
from sklearn.experimental import enable_halving_search_cv  # noqa: E402, F401
from sklearn.model_selection import HalvingGridSearchCV  # noqa: E402

compare(
    "HalvingGridSearchCV",
    HalvingGridSearchCV(
        net,
        search_space(net, "medium"),
        resource="max_epochs",
        min_resources=4,
        max_resources=36,
        random_state=0,
        **settings,
    ),
    lambda search: search.n_candidates_[0],
)

# %%
# Optuna looks where trials have been good.
import optuna  # noqa: E402
from optuna_integration import OptunaSearchCV  # noqa: E402

optuna.logging.set_verbosity(optuna.logging.WARNING)
warnings.filterwarnings("ignore", "OptunaSearchCV is experimental")
warnings.filterwarnings("ignore", ".*optuna.terminator. module has been deprecated")
compare(
    "OptunaSearchCV",
    OptunaSearchCV(
        net,
        search_space(net, kind="optuna"),
        n_trials=10,
        random_state=0,
        **settings,
    ),
    lambda search: search.n_trials_,
)

# %%
# So does the Bayesian oracle of Keras Tuner. Its space may be written as for Keras
# Tuner; the cross-validation, which it does not have, is scikit-learn's.
compare(
    "KerasTunerSearchCV",
    KerasTunerSearchCV(
        net,
        {
            "learning_rate": lambda hp: hp.Float("rate", 3e-4, 1e-2, sampling="log"),
            "dropout": lambda hp: hp.Float("dropout", 0.05, 0.3),
        },
        oracle="bayesian",
        n_trials=9,
        random_state=0,
        **settings,
    ),
    lambda search: len(search.cv_results_["params"]),
)

# %%
# Tuned or default?
# -----------------
# Log-loss, the smaller the better. The seconds of the first row hold the compilation
# that all others profit from. The last row is the ensemble that one gets without any
# search.
compare("SegmentClassifier()", SegmentClassifier(random_state=0), lambda model: 1)
results = pd.DataFrame(rows).T
print(results.to_string(float_format="{:.3f}".format))

# %%
# The score that each search has chosen by, and the log-loss of customers that it has
# not seen:
figure, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
places = range(len(results))
ax.plot(
    results["cross-validated"], places, "o", color="#56B4E9", label="cross-validated"
)
ax.plot(results["held out"], places, "D", color="#D55E00", label="held out")
ax.set_yticks(places, results.index)
ax.invert_yaxis()
ax.set_xlabel("Log-loss")
ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
ax.grid(axis="x", color="#E5E5E5")
ax.spines[["top", "right"]].set_visible(False)
