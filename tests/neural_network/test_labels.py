"""Labels become class numbers, and rows get weights."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest

from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.neural_network import encode_target, nonzero_rows, weigh_rows

CODES = np.array([0, 0, 0, 1])
CLASSES = np.array(["A", "B"])


def encode(y, classes=None):
    """Return the classes, and the class number of each of so many rows."""
    return encode_target(np.zeros((0 if y is None else len(y), 1)), y, classes)


def factors(class_weight, sample_weight=None):
    """Return one factor a class."""
    return weigh_rows(CODES, CLASSES, class_weight, sample_weight)[1]


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (["b", "a"], ["b", "a"]),
        (np.array(["b", "a"], dtype=object), ["b", "a"]),
        (pd.Series(["b", "a"], dtype="string"), ["b", "a"]),
        (pd.Series(["b", "a"], dtype="category"), ["b", "a"]),
        (pl.Series(["b", "a"]), ["b", "a"]),
        ([2, 1], [2, 1]),
        ([2.0, 1.0], [2.0, 1.0]),
        (pd.Series([2, 1], dtype="Int64"), [2, 1]),
        (pd.Series([2, 1], dtype="Int64").astype("category"), [2, 1]),
        (np.array([2, 1], dtype=object), [2, 1]),
        ([True, False], [True, False]),
        (pd.Series([True, False], dtype="boolean"), [True, False]),
        (np.array([True, False], dtype=object), [True, False]),
    ],
)
def test_labels_keep_their_type(y, expected):
    """Whatever container they come in, labels stay text, whole numbers or truth."""
    classes, y_encoded = encode(y)
    labels = [classes.tolist()[number] for number in y_encoded]
    assert labels == expected
    assert list(map(type, labels)) == list(map(type, expected))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed"),
        ([], "y is empty"),
        ([1.0, np.nan], "y has 1 missing label"),
        (["a", None, np.nan], "y has 2 missing label"),
        (pd.Series(["a", pd.NA], dtype="string"), "y has 1 missing label"),
        (pd.Series([1, pd.NA], dtype="Int64"), "y has 1 missing label"),
        ([0.5, 1.7], "continuous"),
        (np.eye(3), r"one-hot rows pass numpy.argmax\(y, axis=1\)"),
        (np.array([1, "a"], dtype=object), "type int and str"),
        (pd.cut(pd.Series([1, 9]), 2), "type Interval"),
    ],
)
def test_what_cannot_be_a_label_is_named(y, message):
    """Missing, continuous, one-hot and mixed labels are errors that say so."""
    with pytest.raises(ValueError, match=message):
        encode(y)


def test_column_of_labels_is_taken_with_a_warning():
    """A frame of one column is flattened, as everywhere in scikit-learn."""
    with pytest.warns(UserWarning, match="column-vector y"):
        classes, y_encoded = encode(pd.DataFrame({"segment": ["b", "a"]}))
    assert classes[y_encoded].tolist() == ["b", "a"]


def test_classes_are_sorted():
    """Classes are what there is, sorted; or what is named."""
    labels = np.array(["B", "A", "B"])
    assert encode(labels)[0].tolist() == ["A", "B"]
    assert encode(labels, ["C", "B", "A"])[0].tolist() == ["A", "B", "C"]


@pytest.mark.parametrize("classes", [None, ["A"]])
def test_one_class_is_an_error(classes):
    """One class is too few, found or named."""
    with pytest.raises(ValueError, match=r"one class only \(\['A'\]\)"):
        encode(["A", "A"], classes)


def test_classes_named_again_must_be_the_same(make):
    """A later call may name the classes in any order, but no others."""
    X, y = np.eye(4, 5), np.array(["A", "A", "B", "B"])
    net = make(max_epochs=1).partial_fit(X, y, ["A", "B"])
    net.partial_fit(X, y, ["B", "A"])
    with pytest.raises(ValueError, match="not those of the first call"):
        net.partial_fit(X, y, ["A", "B", "C"])


def test_labels_become_positions_in_the_classes():
    """Class numbers count from 0 in the order of the classes."""
    _, codes = encode(["B", "A", "B"], CLASSES)
    assert codes.tolist() == [1, 0, 1]
    assert codes.dtype == np.int32


@pytest.mark.parametrize("labels", [["A", "Z", "Z"], [1, 2, 2]])
def test_unknown_labels_are_listed(labels):
    """A label outside the classes is named, once."""
    listed = str(sorted(set(labels) - {"A"})).replace("[", r"\[").replace("]", r"\]")
    with pytest.raises(ValueError, match=f"y holds classes {listed}"):
        encode(labels, CLASSES)


def test_lengths_must_agree():
    """X and y of other lengths are reported by their lengths."""
    with pytest.raises(ValueError, match="different lengths: 1 and 2 rows"):
        encode_target([[0]], ["A", "B"])


@pytest.mark.parametrize(
    ("class_weight", "expected"),
    [
        (None, [1, 1]),
        ({"B": 3}, [1, 3]),
        ({"A": 2, "B": 3, "of another fold": 9}, [2, 3]),
        ("balanced", [4 / 6, 2]),
    ],
)
def test_class_factors(class_weight, expected):
    """A dict leaves out what weighs 1; "balanced" is n / (n_classes * count)."""
    np.testing.assert_allclose(factors(class_weight), expected)


def test_balance_counts_weights_not_rows():
    """A row of weight 3 counts as three; a class without weight is left alone."""
    np.testing.assert_allclose(factors("balanced", [1, 0, 0, 3]), [2, 2 / 3])
    part = weigh_rows(CODES, CLASSES, "balanced", [1, 1, 1, 0], whole=False)
    np.testing.assert_allclose(part[1], [1, 1])


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({"a": 3}, r"entries for \['a'\], .* must be among \['A', 'B'\]"),
        ({0: 1, 1: 3}, r"entries for \[0, 1\]"),
        ({"A": -1}, "weight of class 'A' must be a finite number"),
        ({"B": np.nan}, "weight of class 'B' must be a finite number"),
        ({"B": np.inf}, "weight of class 'B' must be a finite number"),
    ],
)
def test_wrong_class_factors_are_named(class_weight, message):
    """A misspelt class or a senseless factor is an error."""
    with pytest.raises(ValueError, match=message):
        factors(class_weight)


def test_no_weights_are_none():
    """Where every row weighs 1 there is nothing to compute."""
    weights, by_class = weigh_rows(CODES, CLASSES, None, None)
    assert weights is None
    assert by_class.tolist() == [1, 1]


def test_weights_are_relative():
    """Over a whole training the rows that count weigh 1 in the mean."""
    weights, _ = weigh_rows(CODES, CLASSES, {"B": 2}, [0, 1e-6, 1e-6, 2e-6])
    np.testing.assert_allclose(weights, [0, 0.5, 0.5, 2])


def test_weights_of_a_part_keep_their_scale():
    """A part of a training is weighed as it is, and may hold one class."""
    weights, _ = weigh_rows(np.array([0, 0]), CLASSES, None, [2, 4], whole=False)
    assert weights.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("sample_weight", "message"),
    [
        ([1, 1, 1, -1], "Negative values"),
        ([1, 1, 1, np.nan], "sample_weight contains NaN"),
        ([0, 0, 0, 0], "zero"),
        ([1, 1], r"sample_weight.shape == \(2,\)"),
        ([1, 1, 1, 0], "only class 'A' has rows whose weight is not zero"),
    ],
)
def test_wrong_sample_weights_are_named(sample_weight, message):
    """Negative, missing, vanishing and misshapen weights are errors."""
    with pytest.raises(ValueError, match=message):
        weigh_rows(CODES, CLASSES, None, sample_weight)


def test_rows_of_weight_zero_do_not_count():
    """The rows that count are those with a weight."""
    assert nonzero_rows(None, 3).tolist() == [0, 1, 2]
    assert nonzero_rows(np.array([0.0, 2.0, 0.0]), 3).tolist() == [1]


def test_labels_are_read_without_a_warning():
    """Ordinary labels of any container raise no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text, _ = encode(pd.Series(["b", "a"], dtype="category"))
        whole, _ = encode(pd.Series([2, 1], dtype="Int64"))
    assert (text.tolist(), whole.tolist()) == (["a", "b"], [1, 2])


def test_many_classes_are_worth_a_warning():
    """An identifier as target has a class for almost every row."""
    labels = np.arange(60)
    with pytest.warns(SegmentLearnWarning, match="y has 60 classes in 60 rows"):
        encode(labels)


def test_missing_dates_are_missing_labels():
    """NaT is no segment."""
    with pytest.raises(ValueError, match=r"y has 1 missing label"):
        encode(np.array(["2020-01-01", "NaT"], "datetime64[D]"))


@pytest.mark.parametrize(
    ("labels", "classes"), [([True, False], [0, 1]), ([1, 0], [False, True])]
)
def test_truth_values_are_the_numbers_that_they_equal(labels, classes):
    """Labels of 0 and 1 in one table, of truth values in the other."""
    assert encode(labels, classes)[1].tolist() == [1, 0]


@pytest.mark.parametrize("dtype", [">i4", ">f8", "float16", "longdouble"])
def test_unusual_numbers_are_read_as_usual_ones(dtype):
    """Files in another byte order, and precisions that pandas has no index for."""
    classes, y_encoded = encode(np.array([2, 1, 2]).astype(dtype))
    assert classes.tolist() == [1, 2]
    assert y_encoded.tolist() == [1, 0, 1]
