"""AutoencoderClusterer: tables of all kinds, and what is refused."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.cluster import DBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.metrics import adjusted_rand_score

from segmentlearn import Autoencoder
from segmentlearn.exceptions import (
    FewSegmentsWarning,
    SchemaError,
    SegmentLearnWarning,
)
from tests.cluster.coded import KIND, draw_customers, tiny


@pytest.fixture(scope="module")
def customers():
    """Three kinds of customers."""
    return draw_customers()


@pytest.fixture(scope="module")
def numbers():
    """Sixty rows of four numbers in three groups."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(60, 4)) + 4.0 * (np.arange(60) % 3)[:, None]


def warned(action):
    """Return the library's warnings of an action, and whose lines they point to."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        action()
    return [w for w in found if not issubclass(w.category, DeprecationWarning)]


class Interrupted(KMeans):
    """A clusterer during which the user presses Ctrl-C."""

    def fit_predict(self, X, y=None, sample_weight=None):
        """Be interrupted."""
        raise KeyboardInterrupt


@pytest.mark.slow
def test_arrays_and_lists_give_the_same(numbers):
    """What is no frame is read as an array."""
    labels = tiny().fit(numbers).labels_
    np.testing.assert_array_equal(tiny().fit(numbers.tolist()).labels_, labels)
    np.testing.assert_array_equal(
        tiny().fit(numbers.astype(np.float32)).labels_, labels
    )


@pytest.mark.slow
def test_whole_numbers_are_numbers(numbers):
    """Arrays of them are used as they come."""
    fitted = tiny().fit(numbers.astype(int))
    assert fitted.preprocessor_ is None
    assert adjusted_rand_score(np.arange(60) % 3, fitted.labels_) > 0.9


@pytest.mark.slow
def test_arrays_with_missing_values_are_prepared(numbers):
    """Missing values are no obstacle, in fit and after."""
    incomplete = numbers.copy()
    incomplete[::7, 0] = np.nan
    fitted = tiny().fit(incomplete)
    assert fitted.preprocessor_ is not None
    np.testing.assert_array_equal(fitted.predict(incomplete), fitted.labels_)


@pytest.mark.slow
def test_lists_of_mixed_cells(customers):
    """Text is a category there as well."""
    rows = customers.to_numpy(object).tolist()
    fitted = tiny().fit(rows)
    np.testing.assert_array_equal(fitted.labels_, tiny().fit(customers).labels_)
    np.testing.assert_array_equal(fitted.predict(rows[:5]), fitted.labels_[:5])


@pytest.mark.slow
def test_polars_frames(customers):
    """They give what pandas frames give."""
    polars = pytest.importorskip("polars")
    frame = polars.from_dict(
        {name: customers[name].to_list() for name in customers}, strict=False
    ).with_columns(polars.col("age").fill_nan(None))
    fitted = tiny().fit(frame)
    np.testing.assert_array_equal(fitted.labels_, tiny().fit(customers).labels_)
    np.testing.assert_array_equal(fitted.predict(frame), fitted.labels_)


@pytest.mark.slow
def test_scikit_learns_global_container(customers):
    """transform_output="pandas" changes what transform gives, no segment."""
    plain = tiny(compare_baselines=False).fit(customers)
    with config_context(transform_output="pandas"):
        fitted = tiny(compare_baselines=False).fit(customers)
        assert isinstance(fitted.transform(customers), pd.DataFrame)
        np.testing.assert_array_equal(fitted.predict(customers), plain.labels_)
    np.testing.assert_array_equal(fitted.labels_, plain.labels_)


def test_columns_in_another_order(customers):
    """They are found by their names."""
    fitted = tiny(compare_baselines=False).fit(customers)
    turned = customers[customers.columns[::-1]]
    np.testing.assert_array_equal(fitted.predict(turned), fitted.labels_)


@pytest.mark.slow
def test_no_preprocessor_takes_arrays_as_they_come(numbers):
    """And says so where it cannot."""
    fitted = tiny(preprocessor=None, compare_baselines=False).fit(numbers)
    np.testing.assert_array_equal(fitted.prepare(numbers), numbers)
    assert fitted.inverse_transform_centers() is fitted.cluster_centers_
    incomplete = np.where(numbers > 9, np.nan, numbers)
    with pytest.raises(SchemaError, match="missing values"):
        tiny(preprocessor=None).fit(incomplete)


@pytest.mark.slow
def test_a_column_alone_is_enough(numbers):
    """And a code as long as its input is not the user's mistake."""
    coder = Autoencoder(hidden_layer_sizes=(8,), max_epochs=1, batch_size=32)
    assert warned(lambda: tiny(autoencoder=coder).fit(numbers[:, :1])) == []


def test_identifiers_are_warned_of_once(customers):
    """Though two preprocessors leave them out; at the line that called fit."""
    X = customers.assign(customer_id=np.arange(120) + 7000)
    (found,) = warned(lambda: tiny().fit(X))
    assert "customer_id" in str(found.message)
    assert found.filename == __file__


@pytest.mark.slow
def test_raw_arrays_are_warned_of_once(numbers):
    """At the line that called fit."""
    (found,) = warned(lambda: tiny().fit(numbers * 1e4))
    assert found.filename == __file__
    assert "far from zero" in str(found.message)


def test_one_segment_asked_for_is_no_surprise(customers):
    """There is no warning, and nothing is compared."""
    segmenter = tiny(n_clusters=1)
    assert warned(lambda: segmenter.fit(customers)) == []
    assert segmenter.n_clusters_ == 1
    assert segmenter.selected_ == "kmeans on prepared"
    assert np.isnan(segmenter.silhouette_)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("X", "n_found"),
    [
        (np.ones((30, 4)), 1),
        (np.repeat(np.eye(2, 4), 20, axis=0), 2),
        (pd.DataFrame([[1.0, 2.0, 3.0, "x"]] * 30, columns=list("abcd")), 1),
    ],
    ids=["constant", "two rows repeated", "constant frame"],
)
def test_fewer_segments_than_asked_for_are_warned_of_once(X, n_found):
    """With the numbers, at the line that called fit."""
    segmenter = tiny()
    (found,) = warned(lambda: segmenter.fit(X))
    assert found.category is FewSegmentsWarning
    assert f"found {n_found} segment(s) in place of 3" in str(found.message)
    assert found.filename == __file__
    assert segmenter.n_clusters_ == n_found
    assert np.isfinite(segmenter.cluster_centers_).all()


def test_warnings_of_a_failing_fit_are_shown(numbers):
    """They may say why it failed."""
    numbers = numbers * 1e4
    segmenter = tiny(clusterer=Interrupted(3))
    with (
        pytest.warns(SegmentLearnWarning, match="far from zero"),
        pytest.raises(KeyboardInterrupt),
    ):
        segmenter.set_params(compare_baselines=False).fit(numbers)


def test_filters_of_the_user_hold(numbers):
    """What is ignored stays so, and what is an error is one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SegmentLearnWarning)
        tiny(compare_baselines=False).fit(numbers * 1e4)
        warnings.simplefilter("error", SegmentLearnWarning)
        with pytest.raises(SegmentLearnWarning, match="far from zero"):
            tiny(compare_baselines=False).fit(numbers * 1e4)


def test_repeated_rows_are_warned_of_once_with_k_means(customers):
    """Whoever chose it: scikit-learn's own warning would say the same again."""
    segmenter = tiny(clusterer=KMeans(3, n_init=1))
    (found,) = warned(lambda: segmenter.fit(np.ones((30, 4))))
    assert found.category is FewSegmentsWarning


@pytest.mark.slow
def test_chunks_and_samples_of_large_tables(customers, monkeypatch):
    """Inertia is summed in chunks, and silhouettes are of a sample."""
    whole = tiny(compare_baselines=False).fit(customers)
    monkeypatch.setattr("segmentlearn.cluster._centers._ROWS_AT_ONCE", 7)
    monkeypatch.setattr("segmentlearn.cluster._centers._SILHOUETTE_ROWS", 60)
    sampled = tiny(compare_baselines=False).fit(customers)
    assert sampled.inertia_ == pytest.approx(whole.inertia_)
    assert sampled.silhouette_ != whole.silhouette_
    assert sampled.silhouette_ == pytest.approx(whole.silhouette_, abs=0.1)


def test_nothing_but_noise(customers):
    """It is warned of once; there is no segment, and no centre."""
    segmenter = tiny(clusterer=DBSCAN(eps=1e-9), n_clusters=None)
    with pytest.warns(SegmentLearnWarning, match="found 0 segment"):
        segmenter.fit(customers)
    assert (segmenter.labels_ == -1).all()
    assert segmenter.predict(customers).tolist() == [-1] * 120
    assert segmenter.predict_proba(customers).shape == (120, 0)
    centers = segmenter.inverse_transform_centers()
    assert list(centers) == list(customers)
    assert len(centers) == 0


@pytest.mark.slow
def test_many_rows_are_sampled(customers, monkeypatch):
    """A sample is learnt from, all rows get a segment, and sizes number them."""
    monkeypatch.setattr("segmentlearn.cluster._autoencoder_clusterer._MAX_ROWS", 60)
    segmenter = tiny()
    assert warned(lambda: segmenter.fit(customers)) == []
    assert len(segmenter.clusterer_.labels_) == 60
    assert segmenter.labels_.shape == (120,)
    assert adjusted_rand_score(KIND, segmenter.labels_) > 0.9
    np.testing.assert_array_equal(segmenter.predict(customers), segmenter.labels_)
    (selected,) = [found for found in segmenter.candidates_ if found["selected"]]
    np.testing.assert_array_equal(selected["labels"], segmenter.clusterer_.labels_)
    proba = segmenter.predict_proba(customers)
    np.testing.assert_array_equal(proba.argmax(axis=1), segmenter.labels_)


@pytest.mark.slow
def test_scored_rows_are_a_sample(customers, monkeypatch):
    """The scores are of some rows; the segments are of all."""
    monkeypatch.setattr("segmentlearn.cluster._candidate_selection._SCORED_ROWS", 90)
    fitted = tiny().fit(customers)
    assert adjusted_rand_score(KIND, fitted.labels_) == 1.0


@pytest.mark.parametrize("compare_baselines", [True, False])
@pytest.mark.parametrize("clusterer", [None, KMeans(3)])
def test_fewer_rows_than_segments(numbers, compare_baselines, clusterer):
    """The error comes before a net is trained."""
    segmenter = tiny(compare_baselines=compare_baselines, clusterer=clusterer)
    with pytest.raises(ValueError, match=r"n_clusters=3 must not exceed .* = 2"):
        segmenter.fit(numbers[:2])


def test_one_row_is_no_table(numbers):
    """Whatever the clusterer."""
    segmenter = tiny(clusterer=DBSCAN(min_samples=1), n_clusters=None)
    with pytest.raises(ValueError, match="n_samples = 1"):
        segmenter.fit(numbers[:1])


@pytest.mark.parametrize(
    ("X", "error", "text"),
    [
        (sparse.csr_array(np.eye(9, 4)), TypeError, "[Ss]parse"),
        (np.full((9, 4), np.inf), SchemaError, "infinite"),
        (np.full((9, 4), 1e300), SchemaError, "too large"),
        (np.zeros((0, 4)), ValueError, "0 sample"),
        (np.zeros(9), ValueError, "1D array"),
    ],
    ids=["sparse", "infinite", "too large", "empty", "one dimension"],
)
def test_what_is_no_table_is_refused(X, error, text):
    """With the reason."""
    with pytest.raises(error, match=text):
        tiny().fit(X)


def test_other_coders_are_refused(numbers):
    """The copies are packed and trained as autoencoders."""
    with pytest.raises(ValueError, match="'autoencoder' parameter"):
        tiny(autoencoder=PCA(2)).fit(numbers)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform", "prepare"])
def test_nothing_works_before_fit(method, customers):
    """The error is scikit-learn's own."""
    with pytest.raises(NotFittedError):
        getattr(tiny(), method)(customers)


def test_attributes_before_fit():
    """Those that are computed are not there either."""
    with pytest.raises(NotFittedError):
        tiny().inverse_transform_centers()
    with pytest.raises(AttributeError):
        _ = tiny().autoencoder_


@pytest.mark.slow
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failing_fit_takes_nothing_away(customers, error):
    """The estimator goes on as before: errors and Ctrl-C leave the old fit."""
    fitted = tiny(compare_baselines=False).fit(customers)
    fitted.segment_names_ = {0: "Young"}
    before = fitted.labels_
    if error is KeyboardInterrupt:
        fitted.set_params(clusterer=Interrupted(3), compare_baselines=True)
        with pytest.raises(KeyboardInterrupt):
            fitted.fit(customers[["age", "income"]])
    else:
        with pytest.raises(ValueError, match="n_clusters=3"):
            fitted.fit(customers[["age", "income"]].iloc[:2])
    np.testing.assert_array_equal(fitted.predict(customers), before)
    assert fitted.segment_names_ == {0: "Young"}
    assert fitted.n_features_in_ == 4


def test_the_autoencoder_given_stays_unfitted(customers):
    """Copies are fitted."""
    coder = Autoencoder(2, hidden_layer_sizes=(8,), max_epochs=3, batch_size=32)
    tiny(autoencoder=coder, compare_baselines=False, verbose=0).fit(customers)
    assert not hasattr(coder, "model_")


@pytest.mark.slow
def test_small_tables_are_trained_for_more_epochs(numbers):
    """The default autoencoder's epochs follow the number of rows."""
    fitted = tiny(autoencoder=None, compare_baselines=False).fit(numbers)
    assert fitted.autoencoder_.max_epochs == 100


def test_sizes_in_all_rows_number_the_segments(customers, monkeypatch):
    """Where a sample has them in another order: the largest of all rows is 0."""
    monkeypatch.setattr("segmentlearn.cluster._autoencoder_clusterer._MAX_ROWS", 60)
    # the sample of this seed, and kinds that are rarer in it than elsewhere
    drawn = np.sort(np.random.RandomState(0).permutation(120)[:60])
    kind = np.ones(120, int)
    kind[drawn[:35]] = 0
    rows = np.random.default_rng(0).normal(size=(120, 4)) + 9.0 * kind[:, None]
    fitted = tiny(n_clusters=2).fit(rows)
    assert np.bincount(fitted.labels_).tolist() == [85, 35]
    assert np.bincount(fitted.clusterer_.labels_).tolist() == [25, 35]
    np.testing.assert_array_equal(fitted.predict(rows), fitted.labels_)
    np.testing.assert_allclose(
        fitted.clusterer_.cluster_centers_[0], rows[kind == 1].mean(axis=0), atol=0.7
    )
