"""What a fitted classifier is: labels, probabilities, attributes, seeds."""

import random

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from segmentlearn import SegmentClassifier, TabularPreprocessor, engine
from segmentlearn.exceptions import SegmentLearnWarning


@pytest.mark.slow
@pytest.mark.parametrize(
    ("labels", "container"),
    [
        (["A", "B", "C"], list),
        (["A", "B", "C"], np.array),
        (["A", "B", "C"], lambda y: np.array(y, dtype=object)),
        (["A", "B", "C"], lambda y: pd.Series(y, dtype="category")),
        (["A", "B", "C"], lambda y: pd.Series(y, dtype="string")),
        ([10, 7, -3], np.array),
        ([10, 7, -3], lambda y: pd.Series(y, dtype="Int64")),
        ([0.0, 1.0, 2.0], np.array),
    ],
    ids=["list", "U", "object", "category", "string", "int", "Int64", "float"],
)
def test_labels_come_back_as_given(make, numbers, labels, container):
    """Predictions are labels of the kind that fit was given."""
    X, y = numbers
    given = [labels["ABC".index(one)] for one in y]
    clf = make(max_epochs=1).fit(X, container(given))
    predicted = clf.predict(X).tolist()
    assert clf.classes_.tolist() == sorted(labels)
    assert set(predicted) <= set(labels)
    assert {type(label) for label in predicted} == {type(labels[0])}


@pytest.mark.slow
@pytest.mark.floors
def test_truth_values_come_back(make, two_groups):
    """True and False are classes; a binary net gives two columns."""
    X, y = two_groups
    clf = make(max_epochs=1).fit(X, y == "rare")
    assert clf.classes_.tolist() == [False, True]
    assert clf.predict(X).dtype == bool
    assert clf.predict_proba(X).shape == (200, 2)


def test_classes_are_learnt(make, numbers):
    """On an easy table the net finds most segments, by `predict` and by `score`."""
    X, y = numbers
    clf = make(max_epochs=60, early_stopping=False).fit(X, y)
    assert accuracy_score(y, clf.predict(X)) > 0.9
    assert clf.score(X, y) == accuracy_score(y, clf.predict(X))


def test_probabilities(on_numbers, numbers):
    """Rows are float64 and sum to 1; the largest is the prediction."""
    X, _ = numbers
    probabilities = on_numbers.predict_proba(X)
    assert probabilities.dtype == np.float64
    assert probabilities.shape == (60, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-14)
    expected = on_numbers.classes_[probabilities.argmax(axis=1)]
    assert on_numbers.predict(X).tolist() == expected.tolist()


def test_one_row_is_predicted_as_among_others(on_numbers, numbers):
    """A row's probabilities don't depend on the rows beside it."""
    X, _ = numbers
    together = on_numbers.predict_proba(X)
    alone = [on_numbers.predict_proba(X[row : row + 1])[0] for row in range(5)]
    np.testing.assert_allclose(alone, together[:5], rtol=1e-5)


def test_single_and_double_precision_agree(on_numbers, numbers):
    """The net computes in float32, whatever it is given."""
    X, _ = numbers
    double = on_numbers.predict_proba(X)
    single = on_numbers.predict_proba(X.astype(np.float32))
    np.testing.assert_array_equal(double, single)


def test_same_seed_same_probabilities(on_numbers, make, numbers):
    """Two fits with the same seed are identical, other fits in between or not."""
    X, y = numbers
    other = make(random_state=1).fit(X, y)
    again = make().fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), on_numbers.predict_proba(X))
    assert not np.array_equal(other.predict_proba(X), on_numbers.predict_proba(X))


def test_no_seed_differs_and_a_generator_goes_on(make, numbers):
    """Without a seed each fit differs; a RandomState is drawn from."""
    X, y = numbers
    free = [make(random_state=None).fit(X, y).predict_proba(X) for _ in range(2)]
    assert not np.array_equal(*free)
    rng = np.random.RandomState(0)
    drawn = [make(random_state=rng).fit(X, y).predict_proba(X) for _ in range(2)]
    assert not np.array_equal(*drawn)


def test_global_generators_are_not_touched(make, numbers):
    """With a seed neither numpy's nor Python's generator is seeded or drawn from."""
    before = np.random.get_state(), random.getstate()  # noqa: NPY002
    make(random_state=0).fit(*numbers).predict(numbers[0])
    after = np.random.get_state(), random.getstate()  # noqa: NPY002
    np.testing.assert_array_equal(before[0][1], after[0][1])
    assert before[0][2:] == after[0][2:]
    assert before[1] == after[1]


def test_global_generators_are_not_seeded(make, numbers):
    """Without a seed numpy's generator gives one, as in scikit-learn, and goes on."""
    before, drawn = random.getstate(), []
    for _ in range(2):
        make(random_state=None, max_epochs=1).fit(*numbers)
        drawn.append(np.random.random())  # noqa: NPY002
    assert random.getstate() == before
    assert drawn[0] != drawn[1]


def test_input_is_not_changed(make, raw):
    """Neither the frame nor the labels are written to."""
    X, y = raw
    X_before, y_before = X.copy(), y.copy()
    make(max_epochs=1).fit(X, y).predict(X)
    pd.testing.assert_frame_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)


def test_attributes_of_an_array_fit(on_numbers):
    """An array has a width and no names; it is used as it comes."""
    assert on_numbers.n_features_in_ == 5
    assert not hasattr(on_numbers, "feature_names_in_")
    assert on_numbers.preprocessor_ is None
    assert on_numbers.n_iter_ == 5


def test_attributes_of_a_frame_fit(on_raw):
    """A raw frame has names, and a preprocessor of its own."""
    assert on_raw.n_features_in_ == 3
    assert on_raw.feature_names_in_.tolist() == ["age", "income", "married"]
    assert isinstance(on_raw.preprocessor_, TabularPreprocessor)
    assert on_raw.classes_.tolist() == ["A", "B", "D"]


def test_names_are_forgotten_by_a_fit_without(make, raw, numbers):
    """A second fit leaves nothing of the first one's columns."""
    clf = make(max_epochs=1).fit(*raw).fit(*numbers)
    assert not hasattr(clf, "feature_names_in_")
    assert clf.n_features_in_ == 5
    assert clf.preprocessor_ is None


def test_history_has_a_value_an_epoch(on_numbers):
    """Losses, accuracies and rates are lists of plain floats, one an epoch."""
    history = on_numbers.history_
    assert set(history) == {
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "learning_rate",
    }
    assert {len(values) for values in history.values()} == {5}
    assert {type(value) for values in history.values() for value in values} == {float}
    assert history["learning_rate"] == pytest.approx([0.01] * 5)


def test_model_is_keras_own(on_raw, raw):
    """`model_` is a Keras model of Keras layers, which predicts the same."""
    X, _ = raw
    model = on_raw.model_
    assert isinstance(model, keras.Model)
    modules = {type(layer).__module__.split(".")[0] for layer in model.layers}
    assert modules == {"keras"}
    features = on_raw.preprocessor_.transform(X)
    np.testing.assert_allclose(
        model.predict(features, verbose=0), on_raw.predict_proba(X), rtol=1e-4
    )


def test_raw_frame_is_learnt_from(on_raw, make, raw):
    """Missing values and text are prepared; ages over 60 are learnt."""
    X, y = raw
    clf = make(max_epochs=40, early_stopping=False).fit(X, y)
    assert clf.score(X, y) > 0.8
    assert np.isfinite(on_raw.predict_proba(X)).all()


def test_scaled_frame_is_used_as_it_comes(make, numbers):
    """After a scaler that keeps frames there is nothing to scale."""
    X, y = numbers
    frame = pd.DataFrame(X, columns=list("abcde"))
    clf = make().fit(frame, y)
    assert clf.feature_names_in_.tolist() == list("abcde")
    expected = make().fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(clf.predict_proba(frame), expected)


@pytest.mark.parametrize("scale", [1, 100])
def test_new_rows_of_any_frame_may_have_missing_values(make, numbers, scale):
    """Also where the numbers of the training table are small and complete."""
    X, y = numbers
    frame = pd.DataFrame(scale * X, columns=list("abcde"))
    clf = make().fit(frame, y)
    new = frame.assign(a=np.nan, note="new")[[*"edcba", "note"]]
    with pytest.warns(SegmentLearnWarning, match="not seen in fit"):
        assert np.isfinite(clf.predict_proba(new)).all()


def test_numeric_frame_on_a_raw_scale_is_prepared(make, numbers):
    """Incomes and ages are scaled, so that a net can learn from them."""
    X, y = numbers
    frame = pd.DataFrame(40_000 + 9_000 * X, columns=list("abcde"))
    clf = make(max_epochs=60, early_stopping=False).fit(frame, y)
    assert isinstance(clf.preprocessor_, TabularPreprocessor)
    assert clf.score(frame, y) > 0.9


@pytest.mark.slow
def test_scores_of_whole_numbers_are_prepared(make):
    """Small whole numbers are raw as well: a gap in a new customer's is filled."""
    X = pd.DataFrame({"recency": [1, 2, 3, 4, 5] * 12, "visits": [5, 1, 3, 2, 4] * 12})
    y = np.where(X["recency"] > 3, "active", "asleep")
    clf = make(max_epochs=1).fit(X, y)
    with pytest.warns(SegmentLearnWarning, match=r"'visits' \(1 row\)"):
        assert clf.predict(pd.DataFrame({"recency": [5], "visits": [np.nan]})).size == 1


def test_array_on_a_raw_scale_is_warned_about(make, numbers):
    """An array is used as it comes; one that no scaler has seen is a likely mistake."""
    X, y = numbers
    with pytest.warns(SegmentLearnWarning, match=r"1 column\(s\) .*the first is 1"):
        make(max_epochs=1).fit(X * [1, 5000, 1, 1, 1], y)


def test_polars_frame(on_raw, make, raw):
    """A polars frame gives the same as the pandas frame."""
    X, y = raw
    frame = pl.from_pandas(X)
    clf = make().fit(frame, y)
    expected = on_raw.predict_proba(X)
    np.testing.assert_allclose(clf.predict_proba(frame), expected, rtol=1e-6)
    assert clf.feature_names_in_.tolist() == ["age", "income", "married"]


def test_lists_of_lists(on_numbers, make, numbers, raw):
    """Plain lists are tables too, numbers or raw."""
    X, y = numbers
    clf = make().fit(X.tolist(), y.tolist())
    assert clf.predict(X.tolist()).tolist() == on_numbers.predict(X).tolist()
    X, y = raw
    rows = X.to_numpy().tolist()
    clf = make(max_epochs=1).fit(rows, y)
    assert set(clf.predict(rows)) <= {"A", "B", "D"}


@pytest.mark.slow
@pytest.mark.floors
def test_preprocessor_of_ones_own(make, raw):
    """A transformer given is cloned, fitted and used, whatever the table."""
    X, y = raw
    encoder = OneHotEncoder(handle_unknown="ignore")  # gives a sparse matrix
    clf = make(preprocessor=encoder, max_epochs=1).fit(X[["married"]], y)
    assert clf.preprocessor is encoder
    assert not hasattr(encoder, "categories_")
    assert clf.model_.input_shape == (None, 2)
    assert clf.predict(X[["married"]]).shape == (60,)


def test_preprocessor_scales_an_array(make, numbers):
    """Given a scaler, an array on a raw scale is learnt from, without a warning."""
    X, y = numbers
    clf = make(preprocessor=StandardScaler(), max_epochs=60, early_stopping=False)
    assert clf.fit(X * 1000, y).score(X * 1000, y) > 0.9


def test_preprocessor_without_names(make, numbers):
    """A transformer need not know the names of its output."""
    X, y = numbers
    clf = make(preprocessor=FunctionTransformer(), warm_start=True, max_epochs=1)
    assert clf.fit(X, y).fit(X, y).n_iter_ == 2


def test_parameters_of_a_preprocessor_can_be_searched(make):
    """They are reached through the classifier, as in any nested estimator."""
    clf = make(preprocessor=TabularPreprocessor())
    clf.set_params(preprocessor__numeric_imputation="mean")
    assert clf.preprocessor.numeric_imputation == "mean"


def test_no_preprocessor_takes_numbers_only(make, raw):
    """preprocessor=None uses every table as it comes, raw or not."""
    X, y = raw
    with pytest.raises(ValueError, match="could not convert string to float"):
        make(preprocessor=None).fit(X, y)


@pytest.mark.slow
def test_linear_model(make, numbers):
    """Without hidden layers the net is a softmax of the features."""
    clf = make(hidden_layer_sizes=(), max_epochs=1).fit(*numbers)
    assert [weight.shape for weight in clf.model_.weights] == [(5, 3), (3,)]


def test_constructor_parameters_are_left_alone(on_raw):
    """fit resolves "auto" into attributes, never over the parameters."""
    assert on_raw.preprocessor == "auto"
    assert on_raw.get_params()["hidden_layer_sizes"] == (8,)
    assert SegmentClassifier().batch_size == "auto"


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score"])
def test_not_fitted(make, numbers, method):
    """Before fit there is nothing to predict with."""
    arguments = numbers if method == "score" else numbers[:1]
    with pytest.raises(NotFittedError, match="SegmentClassifier"):
        getattr(make(), method)(*arguments)


def test_fits_of_one_architecture_share_a_program(on_numbers, make, numbers):
    """Other rows, seeds and numbers compile nothing anew."""
    X, y = numbers
    before = engine.cache_info().compilations
    make(random_state=5, learning_rate=0.1, dropout=0.4).fit(X[:45], y[:45])
    make(weight_decay=0.1, n_iter_no_change=2).fit(X[5:], y[5:])
    assert engine.cache_info().compilations == before
