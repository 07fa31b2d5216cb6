"""LatentClassMixture: mixtures of numbers and categories."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from segmentlearn import LatentClassMixture, make_customers
from segmentlearn.preprocessing import DistancePreprocessor


def planted(n_samples=400, seed=0):
    """Two segments in a number, and a category that has nothing to do with them."""
    rng = np.random.default_rng(seed)
    segment = rng.integers(2, size=n_samples)
    number = 6.0 * segment + rng.normal(size=n_samples)
    level = np.eye(2)[rng.integers(2, size=n_samples)]
    return np.c_[number, level], segment


def fit(X, n_clusters=2, **settings):
    """Return a mixture whose last columns are one category."""
    groups = [list(range(1, X.shape[1]))]
    settings = {"column_groups": groups, "random_state": 0, **settings}
    return LatentClassMixture(n_clusters, **settings).fit(X)


def test_a_category_that_tells_nothing_splits_no_segment():
    """The number alone makes the segments."""
    X, segment = planted()
    assert adjusted_rand_score(segment, fit(X).labels_) > 0.95


def test_the_planted_number_has_the_lowest_bic():
    """More segments cost more than they gain."""
    X, _ = planted()
    bics = [fit(X, n_clusters).bic(X) for n_clusters in (1, 2, 3, 4)]
    assert int(np.argmin(bics)) == 1


def test_shares_and_means_are_those_of_the_segments():
    """What was planted is what is estimated."""
    X, _ = planted(4000)
    mixture = fit(X)
    order = np.argsort(mixture.means_[:, 0])
    np.testing.assert_allclose(mixture.means_[order, 0], [0, 6], atol=0.15)
    np.testing.assert_allclose(mixture.variances_, 1.0, atol=0.15)
    np.testing.assert_allclose(mixture.shares_, 0.5, atol=0.06)
    np.testing.assert_allclose(mixture.weights_, 0.5, atol=0.05)


def test_segments_of_categories_alone():
    """No number is needed."""
    rng = np.random.default_rng(0)
    segment = rng.integers(2, size=600)
    one_hot = [np.eye(2)[segment ^ (rng.random(600) < 0.1)] for _ in range(6)]
    groups = [[2 * place, 2 * place + 1] for place in range(6)]
    mixture = LatentClassMixture(2, column_groups=groups, random_state=0)
    labels = mixture.fit_predict(np.hstack(one_hot))
    assert adjusted_rand_score(segment, labels) > 0.9


def test_probabilities_sum_to_one_and_agree_with_the_labels():
    """The likeliest segment is the label."""
    X, _ = planted()
    mixture = fit(X, 3)
    proba = mixture.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    np.testing.assert_array_equal(proba.argmax(axis=1), mixture.predict(X))


def test_the_mean_of_score_samples_is_the_bound():
    """The training rows' likelihood is what was maximised."""
    X, _ = planted()
    mixture = fit(X)
    assert mixture.score(X) == pytest.approx(mixture.lower_bound_, abs=1e-3)


def test_a_row_counts_by_its_positive_levels_only():
    """Blocks may be scaled, as DistancePreprocessor does."""
    X, _ = planted()
    scaled = X * [1.0, 3.0, 3.0]
    np.testing.assert_array_equal(fit(X).labels_, fit(scaled).labels_)


def test_no_variance_falls_below_its_bound():
    """A value that many share makes no spike."""
    X = np.repeat([[0.0], [5.0]], 20, axis=0)
    mixture = LatentClassMixture(2, min_variance=0.25, random_state=0).fit(X)
    np.testing.assert_allclose(mixture.variances_, 0.25)


@pytest.mark.parametrize("groups", [[[1, 5]], [[1, 2], [2]]])
def test_column_groups_must_name_columns_once(groups):
    """The error names the columns."""
    X, _ = planted()
    with pytest.raises(ValueError, match="column_groups names the columns"):
        fit(X, column_groups=groups)


def test_more_segments_than_rows():
    """The error says what to do."""
    with pytest.raises(ValueError, match="ask for fewer segments"):
        LatentClassMixture(5).fit(np.zeros((3, 1)))


def test_mall_customers_with_their_gender():
    """The case that distances get wrong."""
    X, y = make_customers("mall", 500, n_segments=4, random_state=0)
    preparation = DistancePreprocessor().fit(X)
    groups = list(preparation.output_groups_.values())
    mixture = LatentClassMixture(4, column_groups=groups, random_state=0)
    labels = mixture.fit_predict(preparation.transform(X))
    assert adjusted_rand_score(y, labels) > 0.95
