"""What a classifier answers to tables, labels and parameters that are wrong."""

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from segmentlearn import SegmentClassifier, TabularPreprocessor
from segmentlearn.exceptions import SchemaError, SegmentLearnError, SegmentLearnWarning


def test_unseen_category_is_predicted_and_reported(on_raw, raw):
    """A level that fit has not seen is counted in a warning."""
    with pytest.warns(SegmentLearnWarning, match=r"'married': 'widowed' \(60 rows\)"):
        predicted = on_raw.predict(raw[0].assign(married="widowed"))
    assert set(predicted) <= {"A", "B", "D"}


def test_missing_value_in_a_complete_column_is_imputed(on_raw, raw):
    """A gap where fit saw none is filled, and counted in a warning."""
    X = raw[0].copy()
    X.loc[7, "income"] = np.nan
    with pytest.warns(SegmentLearnWarning, match=r"'income' \(1 row\)"):
        assert np.isfinite(on_raw.predict_proba(X)).all()


def test_missing_columns_are_all_listed(on_raw, raw):
    """One error names every column that is missing or renamed, and the likely cure."""
    X = raw[0].rename(columns={"age": "Age"}).drop(columns="married")
    with pytest.raises(SchemaError) as caught:
        on_raw.predict(X)
    assert "column 'age' is missing; is 'Age'" in str(caught.value)
    assert "column 'married' is missing" in str(caught.value)


def test_text_in_a_numeric_column_is_named(on_raw, raw):
    """The first value that is no number is shown."""
    with pytest.raises(SchemaError, match=r"'income' .* the first is 'unknown'"):
        on_raw.predict(raw[0].assign(income="unknown"))


def test_extra_columns_are_ignored_with_a_warning(on_raw, raw):
    """A column that fit has not seen changes nothing."""
    with pytest.warns(SegmentLearnWarning, match=r"\['shoe_size'\] were not seen"):
        found = on_raw.predict_proba(raw[0].assign(shoe_size=44))
    np.testing.assert_array_equal(found, on_raw.predict_proba(raw[0]))


def test_columns_are_put_in_order(on_raw, raw):
    """The order of a frame's columns does not matter."""
    found = on_raw.predict_proba(raw[0][["married", "age", "income"]])
    np.testing.assert_array_equal(found, on_raw.predict_proba(raw[0]))


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_values_are_named(make, on_raw, raw, value):
    """fit and predict name the column that holds them."""
    X, y = raw
    X = X.assign(income=value)
    with pytest.raises(SchemaError, match=r"'income' holds 60 infinite"):
        make().fit(X, y)
    with pytest.raises(SchemaError, match=r"'income' holds 60 infinite"):
        on_raw.predict(X)


def test_infinite_values_of_an_array_are_named(make, on_numbers, numbers):
    """The columns of an array are named by position."""
    X, y = numbers
    X = X.copy()
    X[3, 4] = np.inf
    with pytest.raises(SchemaError, match=r"infinite .* column\(s\) \[4\]"):
        make().fit(X, y)
    with pytest.raises(SchemaError, match=r"infinite .* column\(s\) \[4\]"):
        on_numbers.predict(X)


def test_gap_in_a_prepared_table_names_the_cure(on_numbers, numbers):
    """Where fit saw a complete array, nothing fills a gap, and the error says so."""
    X = numbers[0].copy()
    X[0, 2] = np.nan
    with pytest.raises(SchemaError, match=r"\[2\].*preprocessor=TabularPreprocessor"):
        on_numbers.predict(X)


@pytest.mark.slow
def test_all_missing_column_is_dropped_with_a_warning(make, raw):
    """A column without a value teaches nothing, and may be absent later."""
    X, y = raw
    with pytest.warns(SegmentLearnWarning, match=r"\['empty'\] hold no value at all"):
        clf = make(max_epochs=1).fit(X.assign(empty=np.nan), y)
    assert clf.predict(X).shape == (60,)
    assert clf.n_features_in_ == 4


def test_constant_column_is_harmless(make, raw):
    """A column of one value becomes zeros; another value of it is no catastrophe."""
    X, y = raw
    X = X[["age", "married"]].assign(constant=5.0)
    clf = make(max_epochs=1).fit(X, y)
    assert np.isfinite(clf.predict_proba(X.assign(constant=1e9))).all()


def test_enormous_values_in_a_frame_are_harmless(make, raw):
    """Scaled numbers are bounded, whatever comes in."""
    X, y = raw
    clf = make(max_epochs=1).fit(X.assign(income=X["income"] * 1e300), y)
    assert np.isfinite(clf.predict_proba(X.assign(income=-1e308))).all()


def test_array_too_large_for_the_net(make, on_numbers, numbers):
    """float32 ends at 3.4e38; sooner or later the error names the features."""
    X, y = numbers
    with pytest.raises(SchemaError, match="too large for float32"):
        make().fit(X * 1e300, y)
    with pytest.raises(SchemaError, match="too large for float32"):
        on_numbers.predict(X * 1e300)
    with pytest.raises(ValueError, match="largest feature is 3e"):
        on_numbers.predict(np.full((1, 5), 3e38))


@pytest.mark.slow
def test_divergence_in_the_first_epoch_names_the_rate(make, numbers):
    """A learning rate far too high is an error with its cure, not a net of NaN."""
    with pytest.raises(SegmentLearnError, match="lower the learning rate"):
        make(learning_rate=1e30, activation="relu", dropout=0.0).fit(*numbers)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["A"] * 60, r"one class only \(\['A'\]\)"),
        (["A"] * 59 + ["B"], r"\['B'\] have 1 row each.*early_stopping=False"),
        ([*["A", "B"] * 29, None, "A"], "1 missing label"),
        (["A", "B"] * 20, "different lengths: 60 and 40 rows"),
        (np.linspace(0.5, 9.7, 60), "continuous"),
    ],
    ids=["one class", "one row", "missing", "length", "continuous"],
)
def test_labels_no_classifier_can_learn(make, numbers, y, message):
    """Each says what is needed."""
    with pytest.raises(ValueError, match=message):
        make().fit(numbers[0], y)


@pytest.mark.slow
def test_class_with_one_row_without_early_stopping(make, numbers):
    """One row is enough where none is held out, by a parameter or by X_val."""
    X, y = numbers
    y = np.array(["A"] * 40 + ["B"] * 19 + ["C"], dtype=object)
    assert make(max_epochs=1, early_stopping=False).fit(X, y).n_iter_ == 1
    assert make(max_epochs=1).fit(X, y, X_val=X[:3], y_val=y[:3]).n_iter_ == 1


@pytest.mark.parametrize(
    ("sample_weight", "message"),
    [
        (-np.ones(60), "Negative values in data passed to `sample_weight`"),
        (np.full(60, np.nan), "sample_weight contains NaN"),
        (np.zeros(60), "zero"),
        (np.ones(3), "sample_weight.shape"),
    ],
    ids=["negative", "missing", "zero", "length"],
)
def test_wrong_sample_weights(make, numbers, sample_weight, message):
    """The error names sample_weight."""
    with pytest.raises(ValueError, match=message):
        make().fit(*numbers, sample_weight=sample_weight)


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        (20, None, "X_val and y_val must be passed together"),
        (None, 20, "X_val and y_val must be passed together"),
        (20, 19, "X_val and y_val have different lengths: 20 and 19"),
        (0, 0, "y_val is empty"),
    ],
)
def test_wrong_validation_rows(make, numbers, rows, labels, message):
    """X_val and y_val belong together."""
    X, y = numbers
    held_out = {
        "X_val": None if rows is None else X[:rows],
        "y_val": None if labels is None else y[:labels],
    }
    with pytest.raises(ValueError, match=message):
        make().fit(X, y, **held_out)


def test_validation_labels_must_be_known(make, numbers):
    """A class that is not trained on cannot be validated."""
    X, y = numbers
    with pytest.raises(ValueError, match=r"y_val holds classes \['Z'\]"):
        make().fit(X, y, X_val=X[:2], y_val=["A", "Z"])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda X: X[:, 0], ValueError, "Expected 2D array, got 1D"),
        (lambda X: X[:, :, None], ValueError, "dim 3"),
        (lambda X: X[:0], ValueError, "0 sample"),
        (lambda X: X[:, :0], ValueError, "0 feature"),
        (lambda X: X[:, :3], ValueError, "X has 3 features"),
        (lambda X: X + 1j, ValueError, "Complex data not supported"),
        (sparse.csr_matrix, TypeError, "Sparse data was passed.*toarray"),
        (lambda X: None, ValueError, "Expected 2D array, got scalar"),
    ],
    ids=["1d", "3d", "no rows", "no columns", "narrow", "complex", "sparse", "None"],
)
def test_tables_of_a_wrong_shape(on_numbers, numbers, change, error, message):
    """predict says what it expects."""
    with pytest.raises(error, match=message):
        on_numbers.predict(change(numbers[0]))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda X: X[:, 0], ValueError, "Expected 2D array, got 1D"),
        (lambda X: X[:, :0], ValueError, "0 feature"),
        (sparse.csr_matrix, TypeError, "Sparse data was passed.*toarray"),
        (lambda X: pd.DataFrame(X).iloc[:0], ValueError, "0 and 60 rows"),
        (lambda X: pd.Series(X[:, 0]), ValueError, "2-dimensional container"),
    ],
    ids=["1d", "no columns", "sparse", "empty frame", "series"],
)
def test_training_tables_of_a_wrong_shape(make, numbers, change, error, message):
    """So does fit."""
    with pytest.raises(error, match=message):
        make().fit(change(numbers[0]), numbers[1])


def test_empty_table(make, on_raw, raw):
    """A table without rows is an error, to fit and to predict."""
    X, y = raw
    with pytest.raises(ValueError, match="y is empty"):
        make().fit(X[:0], y[:0])
    with pytest.raises(ValueError, match="0 sample"):
        on_raw.predict(X[:0])


@pytest.mark.parametrize(
    "parameters",
    [
        {"hidden_layer_sizes": 0},
        {"hidden_layer_sizes": "64"},
        {"activation": None},
        {"dropout": 1.0},
        {"dropout": -0.1},
        {"batch_normalization": "yes"},
        {"l2": -1},
        {"optimizer": None},
        {"optimizer": {"name": "adam"}},
        {"learning_rate": 0},
        {"learning_rate_schedule": "linear"},
        {"weight_decay": -0.1},
        {"max_epochs": 0},
        {"max_epochs": 2.5},
        {"batch_size": "all"},
        {"batch_size": 0},
        {"early_stopping": "yes"},
        {"validation_fraction": 0.0},
        {"validation_fraction": 1.0},
        {"n_iter_no_change": 0},
        {"tol": -1},
        {"class_weight": "even"},
        {"class_weight": [1, 2]},
        {"preprocessor": "none"},
        {"preprocessor": SegmentClassifier()},
        {"warm_start": None},
        {"callbacks": "early stopping"},
        {"verbose": -1},
        {"random_state": "seed"},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_invalid_parameters_are_named(make, numbers, method, parameters):
    """scikit-learn's own error names the parameter and what it must be."""
    (name,) = parameters
    with pytest.raises(ValueError, match=f"'{name}' parameter of Segment"):
        getattr(make(**parameters), method)(*numbers)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hidden_layer_sizes": (8, -1)}, "hidden_layer_sizes=.* whole numbers"),
        ({"dropout": (0.1, 0.2)}, "one for each of the 1 hidden layers"),
        ({"class_weight": {"a": 2}}, r"entries for \['a'\]"),
        ({"callbacks": [print]}, r"callbacks\[0\]=.* not a Keras callback"),
    ],
    ids=str,
)
def test_parameters_that_do_not_fit_together(make, numbers, parameters, message):
    """What a constraint cannot know is checked before training."""
    with pytest.raises(ValueError, match=message):
        make(**parameters).fit(*numbers)


@pytest.mark.parametrize(
    ("parameters", "message", "cure"),
    [
        ({"activation": "silo"}, "activation='silo' is not", "'silu'"),
        ({"activation": "Dense"}, "activation='Dense' is not", "'relu'"),
        ({"optimizer": "adamm"}, "optimizer='adamm' is not", "'adamw'"),
        ({"optimizer": keras.optimizers.Adam}, "optimizer=.*Adam.* is not", "object"),
    ],
    ids=str,
)
def test_unknown_names_say_what_would_do(make, numbers, parameters, message, cure):
    """A name that Keras does not know is an error of ours, with the cure."""
    with pytest.raises(ValueError, match=message) as caught:
        make(**parameters).fit(*numbers)
    assert cure in str(caught.value)


def test_preprocessor_class_is_no_preprocessor(make, numbers):
    """A class in place of an instance is scikit-learn's clear error."""
    with pytest.raises(TypeError, match="instance of scikit-learn estimator"):
        make(preprocessor=TabularPreprocessor).fit(*numbers)


def test_identifier_column_is_left_out(make, raw):
    """An ID left in by mistake is dropped with a warning, not learnt by heart."""
    X, y = raw
    X = X.assign(ID=range(460_000, 460_060))
    with pytest.warns(SegmentLearnWarning, match=r"\['ID'\] look like identifiers"):
        clf = make(max_epochs=1).fit(X, y)
    assert clf.model_.input_shape == (None, 5)
