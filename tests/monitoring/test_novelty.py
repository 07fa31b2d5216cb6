"""NoveltyDetector: p-values that hold, and discoveries that are mostly true."""

import io

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from segmentlearn import NoveltyDetector, SoftRobustScaler, load, make_customers, save
from segmentlearn.monitoring import discovery_threshold


@pytest.fixture(scope="module")
def known():
    """Customers of the mall without one segment, and a detector of the others."""
    X, y = make_customers("mall", 1_200, random_state=0)
    rows = y != 2
    return NoveltyDetector(random_state=0).fit(X[rows], y[rows])


def test_a_segment_left_out_is_found(known):
    """Nearly all of its customers are novel, and hardly a known one."""
    X, y = make_customers("mall", 400, random_state=1)
    novel = known.is_novel(X)
    assert roc_auc_score(y == 2, known.novelty_score(X)) > 0.99
    assert novel[y == 2].mean() > 0.95
    assert (novel & (y != 2)).sum() / novel.sum() < 0.2


def test_p_values_of_known_customers_are_uniform(known):
    """Whatever the score, one in ten known customers has a p-value of 0.1 or less."""
    p_values = []
    for seed in range(1, 6):
        X, y = make_customers("mall", 400, random_state=seed)
        p_values.append(known.p_values(X)[y != 2])
    # the few hundred calibration rows are themselves a draw
    assert stats.kstest(np.concatenate(p_values), "uniform").statistic < 0.1


def test_false_discoveries_are_bounded():
    """Over many draws their share is that of the known customers times fdr, at most."""
    rng, shares = np.random.default_rng(0), []
    for seed in range(40):
        train = rng.normal(size=(400, 3))
        new = rng.normal(size=(200, 3))
        new[:40] += 4
        detector = NoveltyDetector(random_state=seed).fit(train)
        found = detector.is_novel(new, fdr=0.2)
        shares.append(found[40:].sum() / max(1, found.sum()))
    assert np.mean(shares) <= 0.2


def test_discoveries_are_those_of_benjamini_and_hochberg():
    """The threshold selects what scipy's adjusted p-values do."""
    p_values = np.random.default_rng(0).beta(0.3, 1, 500)
    selected = p_values <= discovery_threshold(p_values, 0.1)
    assert (selected == (stats.false_discovery_control(p_values) <= 0.1)).all()
    assert selected.any()
    with pytest.raises(ValueError, match="fdr=1"):
        discovery_threshold(p_values, 1)


def test_segments_need_no_numbers(known):
    """Text labels, and none, are fine; raw columns are prepared."""
    X, y = make_customers("automobile", 200, random_state=0)
    for labels in (y, None):
        detector = NoveltyDetector(random_state=0).fit(X, labels)
        assert np.isfinite(detector.novelty_score(X)).all()


def test_a_preprocessor_of_ones_own():
    """It is cloned and fitted to the reference rows alone."""
    X = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0)[::-1]})
    scaler = SoftRobustScaler()
    detector = NoveltyDetector(preprocessor=scaler, random_state=0).fit(X)
    assert not hasattr(scaler, "center_")
    assert len(detector.reference_) == 20


def test_rows_do_not_depend_on_their_company(known):
    """A customer has the same score alone."""
    X, _ = make_customers("mall", 50, random_state=1)
    scores = known.novelty_score(X)
    alone = [known.novelty_score(X[at : at + 1])[0] for at in range(5)]
    np.testing.assert_allclose(scores[:5], alone, rtol=1e-5, atol=1e-6)


def test_archives_keep_it(known):
    """A detector can be saved, and judges as before."""
    file = io.BytesIO()
    save(known, file)
    X, _ = make_customers("mall", 50, random_state=1)
    assert (load(file).p_values(X) == known.p_values(X)).all()


def test_too_few_customers_are_refused():
    """With a number and the cure."""
    with pytest.raises(ValueError, match=r"X has 3 row\(s\)"):
        NoveltyDetector().fit([[0.0], [1.0], [2.0]])
    with pytest.raises(ValueError, match="y has 2 segments for 4 customers"):
        NoveltyDetector().fit([[0.0], [1.0], [2.0], [3.0]], [0, 1])
