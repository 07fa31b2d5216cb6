"""
Grid search over a custom Keras model
=====================================

``KerasClassifier`` has SciKeras' interface and trains with compiled epochs. A build
function, its parameters and those of the optimizer are tuned in a pipeline that takes a
raw table. Whoever comes from SciKeras changes one import.
"""

# %%
# Customers
# ---------
# The real table is read where the environment variable ``SEGMENTLEARN_DATA`` names its
# folder; customers of the same shape are generated where it does not.
import os
import time
import warnings

import keras
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from segmentlearn import (
    KerasClassifier,
    TabularPreprocessor,
    load_automobile,
    make_customers,
)
from segmentlearn.plotting import TrainingHistoryDisplay

if os.environ.get("SEGMENTLEARN_DATA"):
    X, y = load_automobile()
else:
    X, y = make_customers("automobile", 6_000, random_state=0)
X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)


# %%
# A build function
# ----------------
# ``meta`` holds what is known of the table when the net is built. Everything else is a
# parameter, set as ``model__units`` and ``model__dropout``.
def build(meta, units=32, dropout=0.1):
    """Return a net of two hidden layers."""
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


net = KerasClassifier(
    build,
    model__units=32,
    model__dropout=0.1,
    loss="sparse_categorical_crossentropy",
    optimizer="adam",
    optimizer__learning_rate=0.003,
    metrics=["accuracy"],
    callbacks=keras.callbacks.EarlyStopping,
    callbacks__patience=5,
    callbacks__restore_best_weights=True,
    validation_split=0.15,
    epochs=50,
    batch_size=64,
    verbose=0,
    random_state=0,
)

# %%
# Grid search in a pipeline
# -------------------------
# The preprocessor is fitted to the training rows of each fold, missing values and text
# included. Learning rates and dropout rates share a program, so that only the two
# numbers of units compile one; ``cv=3`` is stratified.
search = GridSearchCV(
    make_pipeline(TabularPreprocessor(), net),
    {
        "kerasclassifier__model__units": [16, 64],
        "kerasclassifier__model__dropout": [0.1, 0.3],
        "kerasclassifier__optimizer__learning_rate": [0.001, 0.003, 0.01],
    },
    scoring="neg_log_loss",
    cv=3,
)
start = time.perf_counter()
search.fit(X, y)
seconds = time.perf_counter() - start

results = pd.DataFrame(search.cv_results_)
n_fits = len(results) * search.n_splits_ + 1
print(f"{n_fits} fits in {seconds:.1f} s, {seconds / n_fits:.2f} s a fit")
names = [column for column in results if column.startswith("param_")]
shown = results.sort_values("rank_test_score")[[*names, "mean_test_score"]]
shown.columns = [name.split("__")[-1] for name in shown]
print(shown.to_string(index=False, float_format="{:.4f}".format))

# %%
# Training time
# -------------
# Fits that find their program compiled take a fraction of those that compile it.
fits = results["mean_fit_time"]
print(f"fastest candidate {fits.min():.2f} s a fold, slowest {fits.max():.2f} s")

# %%
# On customers that took no part:
best = search.best_estimator_
print(f"accuracy {accuracy_score(y_test, best.predict(X_test)):.3f}")
print(f"log-loss {log_loss(y_test, best.predict_proba(X_test)):.3f}")

# %%
# Training history
# ----------------
# ``history_`` has what Keras' own history has, and draws itself, with a verdict.
TrainingHistoryDisplay.from_estimator(best[-1])

# %%
# Fallback to Keras' own fit
# --------------------------
# What the engine cannot compile is trained by Keras' own ``fit``, with a warning that
# says why. Here it is a metric that is no mean over rows. The result is as good, but it
# is slow.
prepared = TabularPreprocessor().fit(X)
engine = clone(net).set_params(epochs=5, callbacks=None, metrics=["accuracy"])
slow = clone(engine).set_params(metrics=[keras.metrics.F1Score])
times = {}
for name, one in (("engine", engine), ("fall-back", slow)):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        one.fit(prepared.transform(X), y)  # compiles
        start = time.perf_counter()
        one.fit(prepared.transform(X), y)
        times[name] = time.perf_counter() - start
    print(f"{name}: {times[name]:.2f} s for 5 epochs")
    for message in {str(one.message) for one in caught if "Keras" in str(one.message)}:
        print(f"  {message}")
print(f"the engine is {times['fall-back'] / times['engine']:.0f} times as fast here")
