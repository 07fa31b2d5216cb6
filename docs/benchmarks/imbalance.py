"""What helps when one customer in nine says yes: SMOTE, weights, or a threshold.

    python docs/benchmarks/imbalance.py                 # default effort
    python docs/benchmarks/imbalance.py --effort fast
    python docs/benchmarks/imbalance.py --ways nothing SMOTE

The bank table (bank.csv in SEGMENTLEARN_DATA) without its identifier, five stratified
folds, the same for every way. Whatever is learnt, thresholds and calibration included,
is learnt from the training part of a fold. F1 is that of class 1 by what `predict`
says; the other scores are of its probability. ECE is the expected calibration error:
the gap between the mean probability and the share of class 1, over 10 bins with the
same number of rows. All are means over the folds.
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
from sklearn.model_selection import StratifiedKFold, TunedThresholdClassifierCV

from segmentlearn import AutoSMOTE, MixedImputer, SegmentClassifier
from segmentlearn.sampling import make_pipeline

TARGET, IDENTIFIER = "term_deposit_subscribed", "id"
N_BINS = 10
TITLES = ("F1", "AUC", "AP", "log-loss", "Brier", "ECE", "seconds")


class OutOfFoldThreshold(ClassifierMixin, BaseEstimator):
    """Say yes above the threshold of the best F1 among the rows held out in the fit."""

    def __init__(self, classifier):
        self.classifier = classifier

    def fit(self, X, y):
        self.classifier_ = clone(self.classifier).fit(X, y)
        self.classes_ = self.classifier_.classes_
        held_out = self.classifier_.oof_proba_[:, 1]
        known = np.isfinite(held_out)  # a single net holds out a tenth of the rows
        precision, recall, thresholds = precision_recall_curve(
            y[known], held_out[known]
        )
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
        self.threshold_ = thresholds[f1[:-1].argmax()]
        return self

    def predict_proba(self, X):
        return self.classifier_.predict_proba(X)

    def predict(self, X):
        is_likely = self.predict_proba(X)[:, 1] >= self.threshold_
        return self.classes_[is_likely.astype(int)]


def ways(X, effort):
    """The models to compare, by what they do about the rare class."""
    net = SegmentClassifier(effort=effort, random_state=0)
    weighted = SegmentClassifier(effort=effort, class_weight="balanced", random_state=0)
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
    }


def main():
    options = parse()
    warnings.simplefilter("ignore")
    table = pd.read_csv(data_folder() / "bank.csv").drop(columns=IDENTIFIER)
    y = table.pop(TARGET).to_numpy()
    print(f"{len(table):,} rows, {table.shape[1]} columns, {y.mean():.1%} of class 1\n")
    print(f"| way | {' | '.join(TITLES)} |")
    print("|---" + "|---:" * len(TITLES) + "|", flush=True)
    compared = ways(table, options.effort)
    for name in options.ways or compared:
        scores = cross_validate(compared[name], table, y)
        *qualities, duration = scores
        cells = [*(f"{one:.4f}" for one in qualities), f"{duration:.1f}"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--effort", default="default", choices=("fast", "default", "thorough")
    )
    parser.add_argument("--ways", nargs="+", metavar="NAME", help="some of them only")
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
        calibration_error(truth, probability),
        duration,
    )


def calibration_error(truth, probability):
    bins = np.array_split(np.argsort(probability, kind="stable"), N_BINS)
    gaps = [abs(truth[rows].mean() - probability[rows].mean()) for rows in bins]
    return np.average(gaps, weights=[len(rows) for rows in bins])


if __name__ == "__main__":
    main()
