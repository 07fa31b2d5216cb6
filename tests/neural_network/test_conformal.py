"""Conformal sets: thresholds by class, coverage, and what they were calibrated on."""

import io

import numpy as np
import pytest

from segmentlearn import SegmentClassifier, load, save
from segmentlearn.neural_network import stratified_splits

CLASSES = np.array(["A", "B", "C"])


def draw(n_rows, seed, shares=(0.5, 0.3, 0.2)):
    """Probabilities that are nearly right, and the classes of the rows."""
    rng = np.random.default_rng(seed)
    codes = rng.choice(3, n_rows, p=shares)
    logits = rng.normal(size=(n_rows, 3)) + 1.2 * np.eye(3)[codes]
    proba = np.exp(logits)
    return proba / proba.sum(axis=1, keepdims=True), codes


class StoredProbabilities(SegmentClassifier):
    """A classifier whose features are its probabilities."""

    def predict_proba(self, X):
        """Return what was passed."""
        return X


def calibrated(proba, codes):
    """Return a classifier whose sets rest on rows with these probabilities."""
    classifier = StoredProbabilities()
    classifier.classes_ = CLASSES[: proba.shape[1]]
    return classifier.conformalize(proba, CLASSES[codes])


@pytest.fixture(scope="module")
def fitted(make, two_groups):
    """A small net on 120 rows; 80 others are left."""
    X, y = two_groups
    return make(max_epochs=3).fit(X[:120], y[:120])


def test_coverage_holds_in_each_class():
    """Over a hundred calibrations each class is covered as often as asked for."""
    covered = np.zeros(3)
    for seed in range(100):
        classifier = calibrated(*draw(1_000, seed))
        proba, codes = draw(1_000, 10_000 + seed)
        hit = classifier.predict_set(proba)[np.arange(1_000), codes]
        covered += [hit[codes == code].mean() for code in range(3)]
    assert covered / 100 == pytest.approx(0.9, abs=0.01)


def test_sets_for_all_classes_together_are_smaller():
    """They cover all customers as often, and a rare class less often."""
    classifier = calibrated(*draw(5_000, 0, (0.8, 0.15, 0.05)))
    proba, codes = draw(5_000, 1, (0.8, 0.15, 0.05))
    own, together = (
        classifier.predict_set(proba, per_class=each) for each in (True, False)
    )
    hit = together[np.arange(5_000), codes]
    assert hit.mean() == pytest.approx(0.9, abs=0.02)
    assert together.sum() <= own.sum()


@pytest.mark.parametrize(
    ("shares", "guarantees"),
    [
        ((0.5, 0.3, 0.2), ["class"] * 3),
        ((0.89, 0.06, 0.05), ["class", "other classes", "other classes"]),
        ((0.97, 0.02, 0.01), ["class", "all classes", "all classes"]),
    ],
)
def test_rare_classes_share_a_threshold(shares, guarantees):
    """Fewer than 100 rows have none of their own, and the table says which."""
    proba, codes = draw(1_200, 0, shares)
    limits = calibrated(proba, codes).conformal_thresholds()
    assert limits["guarantee"].tolist() == guarantees
    assert limits["n_rows"].tolist() == np.bincount(codes, minlength=3).tolist()


def test_too_few_rows_for_the_coverage_leave_every_class_in():
    """Of five rows none can be exceeded by one in twenty: the sets are full."""
    assert calibrated(*draw(5, 0)).predict_set(draw(10, 1)[0], coverage=0.95).all()


def test_threshold_is_the_right_order_statistic():
    """Of 99 scores it is the 90th, of 9 the 9th, of 8 none."""
    for n_rows, expected in ((99, 90 / 99), (9, 1.0), (8, np.inf)):
        scores = np.arange(1, n_rows + 1) / n_rows
        proba = np.column_stack([1 - scores, scores])
        classifier = calibrated(proba, np.zeros(n_rows, np.int64))
        limits = classifier.conformal_thresholds(per_class=False)
        assert limits.loc["A", "threshold"] == pytest.approx(expected)


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_sets_are_those_of_mapie(coverage):
    """For all classes together they equal MAPIE's, and so does each class's own."""
    classification = pytest.importorskip("mapie.classification")
    proba, codes = draw(700, 0)
    new, _ = draw(500, 1)
    classifier = calibrated(proba, codes)

    def of_mapie(rows):
        found = classification.SplitConformalClassifier(
            classifier,
            confidence_level=coverage,
            conformity_score="lac",
            prefit=True,
        )
        found.conformalize(proba[rows], CLASSES[codes[rows]])
        return found.predict_set(new)[1][:, :, 0]

    together = classifier.predict_set(new, coverage=coverage, per_class=False)
    assert (together == of_mapie(slice(None))).all()
    own = classifier.predict_set(new, coverage=coverage)
    for code in range(3):
        assert (own[:, code] == of_mapie(codes == code)[:, code]).all()


def test_a_fit_calibrates_on_what_it_held_out(fitted, two_groups):
    """Sets work at once, and the table says that they are approximate."""
    sets = fitted.predict_set(two_groups[0][120:])
    assert sets.shape == (80, 2)
    assert sets.dtype == bool
    limits = fitted.conformal_thresholds()
    assert set(limits["calibration"]) == {"out-of-fold"}
    assert limits["n_rows"].sum() == np.isfinite(fitted.oof_proba_[:, 0]).sum()


def test_conformalize_makes_them_exact(fitted, two_groups):
    """Held-out rows replace the others; probabilities stay, an archive keeps both."""
    X, y = two_groups
    before = fitted.predict_proba(X)
    assert fitted.conformalize(X[120:], y[120:]) is fitted
    assert (fitted.predict_proba(X) == before).all()
    limits = fitted.conformal_thresholds(coverage=0.8)
    assert set(limits["calibration"]) == {"held-out"}
    assert limits["n_rows"].sum() == 80
    file = io.BytesIO()
    save(fitted, file)
    assert (load(file).predict_set(X) == fitted.predict_set(X)).all()


def test_without_calibration_rows_the_cure_is_named(make, two_groups):
    """A net that held nothing out has no sets until it is given rows."""
    X, y = two_groups
    clf = make(max_epochs=3, early_stopping=False).fit(X[:120], y[:120])
    with pytest.raises(ValueError, match=r"call conformalize\(X, y\)"):
        clf.predict_set(X)
    assert clf.conformalize(X[120:], y[120:]).predict_set(X).any()
    with pytest.raises(ValueError, match="coverage=1"):
        clf.predict_set(X, coverage=1)


def test_groups_are_held_out_together(make_packed, two_groups):
    """No group of rows is both trained and stopped on; oof_proba_ is honest."""
    X, y = two_groups
    groups = np.arange(200) // 4
    random_state = np.random.RandomState(0)
    codes = (y == "usual").astype(int)
    for n_folds in (3, 0):
        splits = stratified_splits(
            codes, np.arange(200), n_folds, 0.2, random_state, None, groups
        )
        assert len(splits) == max(1, n_folds)
        for split in splits:
            own, held_out = groups[split.train_rows], groups[split.validation_rows]
            assert not set(own) & set(held_out)
            assert len(held_out)
    with pytest.raises(ValueError, match=r"groups has 1 different group\(s\)"):
        make_packed().fit(X, y, groups=np.zeros(200))
    with pytest.raises(ValueError, match="groups has 3 values for 200 rows"):
        make_packed().fit(X, y, groups=[1, 2, 3])
