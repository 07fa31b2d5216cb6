"""The mean of the thresholds that are best in bootstrap samples."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import f1_score, jaccard_score, precision_recall_curve

from segmentlearn import tune_threshold
from segmentlearn.model_selection._bagged_threshold import bagged_threshold, f1, jaccard


def draw(n_rows, seed):
    """Probabilities and labels drawn by them, a fifth of them positive."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(0.8, 3.2, n_rows)
    return scores, rng.random(n_rows) < scores


@pytest.mark.parametrize(
    ("measure", "peer"), [(f1, f1_score), (jaccard, jaccard_score)]
)
def test_counts_tell_what_scikit_learn_tells(measure, peer):
    """At each threshold."""
    scores, positive = draw(80, 0)
    for threshold in (0.1, 0.3, 0.5):
        decided = scores >= threshold
        counts = [
            np.array([(decided & positive).sum()]),
            np.array([(decided & ~positive).sum()]),
            np.array([(~decided & positive).sum()]),
            np.array([(~decided & ~positive).sum()]),
        ]
        assert measure(*counts)[0] == pytest.approx(peer(positive, decided))


def test_a_clear_border_is_found():
    """Where every sample has the same best threshold."""
    scores = np.array([0.1] * 30 + [0.9] * 30)
    found = bagged_threshold(
        scores > 0.5, scores, np.array([0.1, 0.9]), f1, 5, np.random.RandomState(0)
    )
    assert found == pytest.approx(0.9)


def test_it_varies_less_than_the_best_of_the_curve():
    """Over forty tables of 300 rows."""
    plain, bagged = [], []
    for seed in range(40):
        scores, positive = draw(300, seed)
        precision, recall, thresholds = precision_recall_curve(positive, scores)
        both = precision * recall / np.maximum(precision + recall, 1e-12)
        plain.append(thresholds[both[:-1].argmax()])
        rng = np.random.RandomState(0)
        bagged.append(bagged_threshold(positive, scores, thresholds, f1, 30, rng))
    assert np.std(bagged) < 0.8 * np.std(plain)


def test_costs_move_it():
    """Missing a positive that is dear asks for a lower threshold: cost by cost."""
    scores, positive = draw(2000, 1)
    proba = np.column_stack([1 - scores, scores])
    known = DummyClassifier(strategy="prior").fit(proba, positive)
    found = [
        tune_threshold(
            known, positive, proba=proba, cost_matrix=[[0, 1], [dear, 0]]
        ).threshold
        for dear in (1, 4)
    ]
    assert found[0] == pytest.approx(0.5, abs=0.1)
    assert found[1] == pytest.approx(0.2, abs=0.07)


def test_the_same_seed_gives_the_same_threshold():
    """By default too."""
    scores, positive = draw(200, 2)
    proba = np.column_stack([1 - scores, scores])
    known = DummyClassifier(strategy="prior").fit(proba, positive)
    found = {tune_threshold(known, positive, proba=proba).threshold for _ in range(2)}
    assert len(found) == 1
