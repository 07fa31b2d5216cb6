"""The rule that a classifier has learnt from clustered rows, and how well it holds."""

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyClassifier
from sklearn.utils.validation import has_fit_parameter

_N_FOLDS = 5


class ClassifierRule(BaseEstimator):
    """The segment that a classifier says."""

    def __init__(self, classifier, n_segments):
        self.classifier = classifier
        self.n_segments = n_segments

    def assign(self, X):
        """Return the segment of each row of X."""
        return self.classifier.predict(X)

    def shares(self, X):
        """Return the probability of each segment."""
        shares = np.zeros((len(X), self.n_segments))
        shares[:, self.classifier.classes_] = self.classifier.predict_proba(X)
        return shares


def fit_classifier(classifier, X, codes, sample_weight):
    """Fit a copy of a classifier to the rows that are in a segment."""
    clustered = codes >= 0
    if clustered.all():
        clustered = slice(None)  # no copy of the table
    codes = codes[clustered]
    if codes.min() == codes.max():
        return DummyClassifier(strategy="prior").fit(X[clustered], codes)
    weights = {}
    if sample_weight is not None and has_fit_parameter(classifier, "sample_weight"):
        weights["sample_weight"] = sample_weight[clustered]
    return clone(classifier).fit(X[clustered], codes, **weights)


def cross_validated(classifier, X, codes, sample_weight, random_state):
    """Return what a classifier says of rows that it was not fitted to."""
    said = np.full(len(X), -2)
    shuffled = random_state.permutation(len(X))
    fold = np.empty(len(X), dtype=np.int64)
    # dealt out segment by segment, so that each fold has its share of all of them
    fold[shuffled[np.argsort(codes[shuffled], kind="stable")]] = (
        np.arange(len(X)) % _N_FOLDS
    )
    for number in range(_N_FOLDS):
        held_out = fold == number
        if held_out.any() and (codes[~held_out] >= 0).any():
            weight = None if sample_weight is None else sample_weight[~held_out]
            fitted = fit_classifier(classifier, X[~held_out], codes[~held_out], weight)
            said[held_out] = fitted.predict(X[held_out])
    return said
