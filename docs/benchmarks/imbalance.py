"""What helps when one customer in nine says yes: SMOTE, weights, or a threshold.

    python docs/benchmarks/imbalance.py                 # default effort
    python docs/benchmarks/imbalance.py --effort fast
    python docs/benchmarks/imbalance.py --ways nothing SMOTE
    python docs/benchmarks/imbalance.py --without last_contact_duration

The bank table (bank.csv in SEGMENTLEARN_DATA) without its identifier, five stratified
folds, the same for every way. Whatever is learnt, thresholds and calibration included,
is learnt from the training part of a fold. F1 is that of class 1 by what `predict`
says; the other scores are of its probability. ECE is the expected calibration error:
the gap between the mean probability and the share of class 1, over 10 bins with the
same number of rows. All are means over the folds. LightGBM has its defaults; its
threshold is chosen on out-of-fold probabilities of the training part.
"""

import argparse
import os
import pathlib
import time
import warnings

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTENC
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
)
from sklearn.model_selection import (
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
)

from segmentlearn import AutoSMOTE, MixedImputer, SegmentClassifier, tune_threshold
from segmentlearn.metrics import expected_calibration_error
from segmentlearn.sampling import make_pipeline

TARGET, IDENTIFIER = "term_deposit_subscribed", "id"
N_BINS = 10
TITLES = ("F1", "AUC", "AP", "log-loss", "Brier", "ECE", "seconds")


class OutOfFoldThreshold(ClassifierMixin, BaseEstimator):
    """Say yes above the threshold that held-out rows of the fit lead to."""

    def __init__(self, classifier):
        self.classifier = classifier

    def fit(self, X, y):
        self.classifier_ = clone(self.classifier).fit(X, y)
        self.classes_ = self.classifier_.classes_
        self.threshold_ = self.choose(X, y)
        return self

    def choose(self, X, y):
        return tune_threshold(self.classifier_, y, "f1").threshold

    def predict_proba(self, X):
        return self.classifier_.predict_proba(X)

    def predict(self, X):
        is_likely = self.predict_proba(X)[:, 1] >= self.threshold_
        return self.classes_[is_likely.astype(int)]


class BestOfTheCurve(OutOfFoldThreshold):
    """The same for any model, at the very best F1 of out-of-fold probabilities."""

    def choose(self, X, y):
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        held_out = cross_val_predict(
            self.classifier, X, y, cv=folds, method="predict_proba"
        )
        precision, recall, thresholds = precision_recall_curve(y, held_out[:, 1])
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
        return thresholds[f1[:-1].argmax()]


def lightgbm():
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_jobs=1, random_state=0, verbose=-1)


def ways(X, effort, seed):
    """The models to compare, by what they do about the rare class."""
    net = SegmentClassifier(effort=effort, random_state=seed)
    weighted = clone(net).set_params(class_weight="balanced")
    smote = make_pipeline(MixedImputer(), AutoSMOTE(random_state=0), net)
    half = AutoSMOTE(0.5, random_state=0)
    text = [name for name in X if not pd.api.types.is_numeric_dtype(X[name])]
    plain = SMOTENC(text, random_state=0)
    return {
        "nothing": net,
        "SMOTE": smote,
        "SMOTE, half as many": make_pipeline(MixedImputer(), half, net),
        "SMOTE, not scaled": make_pipeline(MixedImputer(), plain, net),
        "balanced weights": weighted,
        "threshold, out of fold": OutOfFoldThreshold(net),
        "threshold, tuned": TunedThresholdClassifierCV(net, scoring="f1", cv=5),
        "SMOTE, calibrated": CalibratedClassifierCV(smote, method="isotonic", cv=3),
        "LightGBM": lightgbm(),
        "LightGBM, threshold": BestOfTheCurve(lightgbm()),
    }


def main():
    options = parse()
    warnings.simplefilter("ignore")
    table = pd.read_csv(data_folder() / "bank.csv").drop(columns=IDENTIFIER)
    table = table.drop(columns=options.without)
    y = table.pop(TARGET).to_numpy()
    print(f"{len(table):,} rows, {table.shape[1]} columns, {y.mean():.1%} of class 1\n")
    print(f"| way | {' | '.join(TITLES)} |")
    print("|---" + "|---:" * len(TITLES) + "|", flush=True)
    compared = ways(table, options.effort, options.seed)
    text = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    for name in options.ways or compared:
        is_boosting = name.startswith("LightGBM")
        own = table.astype(dict.fromkeys(text, "category")) if is_boosting else table
        scores = cross_validate(compared[name], own, y)
        *qualities, duration = scores
        cells = [*(f"{one:.4f}" for one in qualities), f"{duration:.1f}"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--effort", default="default", choices=("fast", "default", "thorough")
    )
    parser.add_argument("--ways", nargs="+", metavar="NAME", help="some of them only")
    parser.add_argument("--without", nargs="+", default=[], metavar="COLUMN")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def data_folder():
    beside = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"
    return pathlib.Path(os.environ.get("SEGMENTLEARN_DATA", beside))


def cross_validate(model, X, y):
    """Mean scores over the folds, in the order of the titles."""
    splits = StratifiedKFold(5, shuffle=True, random_state=0).split(X, y)
    return np.mean([score(model, X, y, *split) for split in splits], axis=0)


def score(model, X, y, train, test):
    start = time.perf_counter()
    fitted = clone(model).fit(X.iloc[train], y[train])
    duration = time.perf_counter() - start
    probability = np.clip(fitted.predict_proba(X.iloc[test])[:, 1], 1e-15, 1 - 1e-15)
    truth = y[test]
    return (
        f1_score(truth, fitted.predict(X.iloc[test])),
        roc_auc_score(truth, probability),
        average_precision_score(truth, probability),
        log_loss(truth, probability),
        brier_score_loss(truth, probability),
        expected_calibration_error(truth, probability, n_bins=N_BINS),
        duration,
    )


if __name__ == "__main__":
    main()
