"""The mean of the thresholds that are best in bootstrap samples."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import f1_score, jaccard_score

from segmentlearn import tune_threshold


def draw(n_rows, seed):
    """Probabilities and labels drawn by them, a fifth of them positive."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(0.8, 3.2, n_rows)
    return scores, rng.random(n_rows) < scores


def tune(scores, positive, metric="f1", **parameters):
    """Tune a threshold on known probabilities."""
    proba = np.column_stack([1 - scores, scores])
    known = DummyClassifier(strategy="prior").fit(proba, positive)
    return tune_threshold(known, positive, metric, proba=proba, **parameters).threshold


@pytest.mark.parametrize(
    ("metric", "score"), [("f1", f1_score), ("jaccard", jaccard_score)]
)
def test_a_good_threshold_is_found(metric, score):
    """Its score is close to the best of the curve."""
    scores, positive = draw(2000, 0)
    best = tune(scores, positive, metric, n_bootstraps=0)
    bagged = tune(scores, positive, metric)
    assert bagged != best
    reached = [score(positive, scores >= threshold) for threshold in (bagged, best)]
    assert reached[0] == pytest.approx(reached[1], abs=0.02)


def test_a_clear_border_is_found():
    """Where every sample has the same best threshold."""
    scores = np.array([0.1] * 30 + [0.9] * 30)
    best = tune(scores, scores > 0.5, n_bootstraps=0)
    assert tune(scores, scores > 0.5, n_bootstraps=5) == pytest.approx(best)


@pytest.mark.slow
def test_it_varies_less_than_the_best_of_the_curve():
    """Over forty tables of 300 rows."""
    tables = [draw(300, seed) for seed in range(40)]
    plain = [tune(*table, n_bootstraps=0) for table in tables]
    bagged = [tune(*table) for table in tables]
    assert np.std(bagged) < 0.8 * np.std(plain)


def test_costs_move_it():
    """A costly miss lowers the threshold: cost by cost."""
    scores, positive = draw(2000, 1)
    cheap, dear = (
        tune(scores, positive, cost_matrix=[[0, 1], [cost, 0]]) for cost in (1, 4)
    )
    assert cheap == pytest.approx(0.5, abs=0.1)
    assert dear == pytest.approx(0.2, abs=0.07)


def test_the_same_seed_gives_the_same_threshold():
    """By default too."""
    scores, positive = draw(200, 2)
    assert tune(scores, positive) == tune(scores, positive)
