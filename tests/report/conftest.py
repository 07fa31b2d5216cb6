"""Models whose segments are known, and their reports."""

import html
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from segmentlearn.report import write_report


class Known(ClassifierMixin, BaseEstimator):
    """Predicts the segments it was fitted to, row by row."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.labels_ = np.asarray(y)
        return self

    def predict(self, X):
        return self.labels_[X.index % len(self.labels_)]


@pytest.fixture
def known_model():
    """Return a classifier that predicts the segments it is fitted to."""
    return Known()


@pytest.fixture
def report_on(tmp_path):
    """Return the page on customers whose segments are given."""

    def write(X, labels, **how):
        X = pd.DataFrame(X)
        write_report(Known().fit(X, labels), X, tmp_path / "page.html", **how)
        return html.unescape((tmp_path / "page.html").read_text(encoding="utf-8"))

    return write


@pytest.fixture
def report_of_counts(report_on):
    """Return the page on a classifier with this held-out confusion matrix."""

    def write(counts):
        labels = "ABCDEFG"[: len(counts)]
        facts = {"held_out_labels": list(labels), "held_out_confusion": counts}
        n_each = 20
        ages = np.arange(n_each * len(labels)) % 37
        return report_on({"Age": ages}, np.repeat(list(labels), n_each), facts=facts)

    return write


@pytest.fixture
def features_of():
    """Return the features of each segment on a page."""

    def read(page):
        cards = re.findall(r'<article class="card">.*?</article>', page, re.DOTALL)
        item = r"<li><strong>(.*?)</strong>: (.*?)</li>"
        return [dict(re.findall(item, card)) for card in cards]

    return read
