"""What a long piece of work is at, as the command line shows it."""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.dummy import DummyClassifier

from segmentlearn import compare_models, select_n_clusters
from segmentlearn._steps import report_steps

X = np.random.default_rng(0).normal(size=(60, 2)).repeat(2, axis=1)


def test_numbers_of_segments_are_counted():
    """k by k, in each criterion."""
    heard = []
    with report_steps(heard.append):
        select_n_clusters(
            KMeans(n_init=1),
            X,
            range(2, 4),
            criteria=["silhouette", "stability"],
            n_bootstraps=2,
            random_state=0,
        )
    assert heard[:2] == [f"segments of all customers, {k} segments" for k in (2, 3)]
    assert "stability, 3 segments" in heard


def test_models_and_folds_are_named():
    """In their order, and nothing once the work is done."""
    heard = []
    compare = {"baselines": {"first": DummyClassifier()}, "cv": 2, "random_state": 0}
    with report_steps(heard.append):
        compare_models(DummyClassifier(), X, np.arange(60) % 2, **compare)
    assert heard[-1] == "first, fold 2 of 2"
    compare_models(DummyClassifier(), X, np.arange(60) % 2, **compare)
    assert len(heard) == 4
