"""Saving, loading and looking into archives."""

import collections
import datetime
import io
import json
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

import segmentlearn
from segmentlearn import SoftRobustScaler, TabularPreprocessor, inspect, load, save
from segmentlearn.exceptions import ArchiveError, SegmentLearnWarning


def round_trip(estimator, **options):
    file = io.BytesIO()
    save(estimator, file, **options)
    return load(file, **options)


@pytest.mark.slow
@pytest.mark.floors
def test_classifier_on_a_raw_table_predicts_the_same(classifier, table):
    """Weights and the fitted preprocessor come back bit for bit."""
    loaded = round_trip(classifier)
    np.testing.assert_array_equal(
        loaded.predict_proba(table[0]), classifier.predict_proba(table[0])
    )
    np.testing.assert_array_equal(
        loaded.predict(table[0]), classifier.predict(table[0])
    )


@pytest.mark.slow
@pytest.mark.floors
def test_learnt_attributes_come_back(classifier):
    """History, classes and columns are those of the saved classifier."""
    loaded = round_trip(classifier)
    assert loaded.history_ == classifier.history_
    assert loaded.classes_.tolist() == ["old", "young"]
    assert loaded.feature_names_in_.tolist() == ["age", "income", "profession"]
    assert loaded.get_params() == classifier.get_params()


@pytest.mark.slow
def test_loaded_classifier_can_be_fitted_again(classifier, table):
    """A loaded classifier is a whole one: with the same seed it learns the same."""
    again = round_trip(classifier).fit(*table)
    np.testing.assert_array_equal(
        again.predict_proba(table[0]), classifier.predict_proba(table[0])
    )


@pytest.mark.slow
@pytest.mark.floors
def test_loaded_classifier_goes_on_with_partial_fit(numbers, make_net):
    """What partial_fit keeps between calls survives."""
    X, y = numbers
    saved = make_net().partial_fit(X, y)
    loaded = round_trip(saved)
    np.testing.assert_array_equal(
        loaded.partial_fit(X, y).predict_proba(X),
        saved.partial_fit(X, y).predict_proba(X),
    )


def grid_search(net):
    steps = make_pipeline(StandardScaler(), net)
    grid = {"segmentclassifier__learning_rate": [0.01, 0.001]}
    return GridSearchCV(steps, grid, scoring="neg_log_loss", cv=StratifiedKFold(2))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrap", "n_networks"),
    [
        (lambda net: make_pipeline(StandardScaler(), net), 1),
        (lambda net: make_pipeline(SelectKBest(k=2), net), 1),
        (lambda net: make_pipeline(FunctionTransformer(np.cbrt), net), 1),
        (grid_search, 1),
        (lambda net: CalibratedClassifierCV(net, cv=2), 2),
        (lambda net: CalibratedClassifierCV(net, cv=2, method="isotonic"), 2),
    ],
    ids=["pipeline", "selection", "ufunc", "grid", "sigmoid", "isotonic"],
)
def test_nets_inside_other_estimators(wrap, n_networks, numbers, make_net):
    """Every net of a composite is archived once and comes back in its place."""
    X, y = numbers
    estimator = wrap(make_net()).fit(X, y)
    file = io.BytesIO()
    save(estimator, file)
    assert len(inspect(file).networks) == n_networks
    np.testing.assert_array_equal(
        load(file).predict_proba(X), estimator.predict_proba(X)
    )


@pytest.mark.slow
@pytest.mark.floors
def test_columns_given_as_a_pandas_index(table, make_net):
    """A ColumnTransformer whose columns are a frame's own comes back with a list."""
    X, y = table
    X = X.fillna({"age": 40.0})[["age", "income"]]
    scaler = make_column_transformer(
        (StandardScaler(), X.columns), (StandardScaler(), make_column_selector("age"))
    )
    estimator = make_pipeline(scaler, make_net()).fit(X, y)
    loaded = round_trip(estimator)
    np.testing.assert_array_equal(loaded.predict_proba(X), estimator.predict_proba(X))
    assert loaded[0].transformers[0][2] == ["age", "income"]
    assert isinstance(estimator[0].transformers[0][2], pd.Index)


@pytest.mark.parametrize("encoding", ["onehot", "ordinal", "target"])
@pytest.mark.parametrize("numeric", ["median", "knn", "iterative"])
def test_preprocessor_alone(encoding, numeric, table):
    """Every way to impute and encode survives."""
    X, y = table
    fitted = TabularPreprocessor(
        numeric_imputation=numeric, encoding=encoding, random_state=0
    ).fit(X, y)
    np.testing.assert_array_equal(round_trip(fitted).transform(X), fitted.transform(X))


@pytest.mark.slow
@pytest.mark.parametrize(
    "y", [np.array([True, False] * 20), np.array([3, 7] * 20)], ids=["bool", "int"]
)
def test_class_weights_by_labels_that_are_not_text(y, numbers, make_net):
    """Keys of a dict keep their type."""
    weights = {y[0].item(): 2.0, y[1].item(): 1.0}
    loaded = round_trip(make_net(class_weight=weights).fit(numbers[0], y))
    assert loaded.class_weight == weights
    assert [type(key) for key in loaded.class_weight] == [type(key) for key in weights]
    assert loaded.classes_.dtype == y.dtype


@pytest.mark.slow
@pytest.mark.floors
def test_optimizer_object_comes_back(numbers, make_net):
    """An optimizer with a schedule is an optimizer again."""
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    net = make_net(optimizer=keras.optimizers.SGD(schedule, momentum=0.5))
    optimizer = round_trip(net.fit(*numbers)).optimizer
    assert isinstance(optimizer, keras.optimizers.SGD)
    assert optimizer.get_config()["learning_rate"]["class_name"] == "CosineDecay"
    assert optimizer.momentum == 0.5


@pytest.mark.slow
def test_callbacks_are_left_out_with_a_warning(numbers, make_net):
    """Callbacks are objects of the user's program."""
    net = make_net(callbacks=[keras.callbacks.LambdaCallback()]).fit(*numbers)
    file = io.BytesIO()
    with pytest.warns(
        SegmentLearnWarning, match="callbacks are not archived"
    ) as caught:
        save(net, file)
    ours = [one for one in caught if one.category is SegmentLearnWarning]
    assert len(ours) == 1
    assert ours[0].filename == __file__
    assert load(file).callbacks is None
    assert len(net.callbacks) == 1


@pytest.mark.slow
def test_a_folder_for_event_files_is_left_out(numbers, make_net, tmp_path):
    """It is one of this machine; the loaded net predicts and goes on without it."""
    pytest.importorskip("tensorboard")
    net = make_net(log_dir=tmp_path / "runs").fit(*numbers)
    (tmp_path / "runs").rename(tmp_path / "elsewhere")
    loaded = round_trip(net)
    assert loaded.log_dir is None
    np.testing.assert_array_equal(
        loaded.predict_proba(numbers[0]), net.predict_proba(numbers[0])
    )
    loaded.partial_fit(*numbers)
    assert not (tmp_path / "runs").exists()
    assert net.log_dir == tmp_path / "runs"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parameter", "place"),
    [
        ({"learning_rate_schedule": lambda share: 1 - share}, "learning_rate_schedule"),
        ({"preprocessor": FunctionTransformer(np.nan_to_num)}, "preprocessor.func"),
    ],
    ids=["schedule", "transformer"],
)
def test_functions_are_refused_by_parameter(parameter, place, numbers, make_net):
    """The error names the parameter that holds the function."""
    net = make_net(**parameter).fit(*numbers)
    with pytest.raises(
        ArchiveError, match=f"SegmentClassifier.{place} is the function"
    ):
        save(net, io.BytesIO())


def test_values_that_skops_cannot_write_are_refused_by_place(numbers):
    """The error names the place of a value of an unknown type."""
    scaler = StandardScaler().fit(numbers[0])
    scaler.note_ = {"rows": [0, (row for row in "abc")]}
    with pytest.raises(
        ArchiveError, match=r"StandardScaler.note_\['rows'\]\[1\] is of type"
    ):
        save(scaler, io.BytesIO())


@pytest.mark.parametrize(
    "mapping", [{True: 1, False: 2}, {None: 1}, {1: "a", "1": "b"}, {(1, 2): 3}]
)
def test_dicts_that_would_come_back_changed_are_refused(mapping, numbers):
    """JSON turns all keys into text; what cannot be undone is not written."""
    scaler = StandardScaler().fit(numbers[0])
    scaler.mapping_ = mapping
    with pytest.raises(ArchiveError, match=r"StandardScaler\.mapping_"):
        save(scaler, io.BytesIO())


def test_classes_of_other_packages_need_trust(numbers):
    """Trees hold unchecked indices, so both ways ask for the user's word."""
    X, y = numbers
    forest = RandomForestClassifier(2, max_depth=2, random_state=0).fit(X, y)
    name = "sklearn.tree._tree.Tree"
    with pytest.raises(ArchiveError, match=r"trusted=\['sklearn.tree._tree.Tree'\]"):
        save(forest, io.BytesIO())
    file = io.BytesIO()
    save(forest, file, trusted=[name])
    assert inspect(file).trusted == (name,)
    with pytest.raises(ArchiveError, match=name):
        load(file)
    loaded = load(file, trusted=[name])
    np.testing.assert_array_equal(loaded.predict_proba(X), forest.predict_proba(X))


@pytest.mark.parametrize(
    "value",
    [
        {1: "a", 2: "b"},
        {"dates": (datetime.date(2026, 1, 31), {"a", "b"})},
        [np.float32(0.1), np.int64(3), np.nan],
        collections.OrderedDict(b=1, a=None),
    ],
)
def test_plain_values_come_back(value, numbers):
    """Containers, dates and NumPy's numbers come back as they were."""
    transformer = FunctionTransformer(kw_args={"value": value}).fit(numbers[0])
    back = round_trip(transformer)
    assert repr(back.kw_args) == repr(transformer.kw_args)


def test_arrays_of_sequences_come_back(numbers):
    """Cells of arrays stay what they are; an object that stands twice is one."""
    cells = np.empty(2, dtype=object)
    cells[:] = [(1, "a"), [2]]
    grid = np.array([["a", None], [1, 2.5]], dtype=object)
    transformer = FunctionTransformer(kw_args={"cells": cells, "grid": grid})
    transformer.again_ = transformer.kw_args
    back = round_trip(transformer.fit(numbers[0]))
    assert back.kw_args["cells"].tolist() == cells.tolist()
    assert back.kw_args["grid"].tolist() == grid.tolist()
    assert back.again_ is back.kw_args


def test_sparse_matrices_come_back(numbers):
    """A vector machine fitted to a sparse table keeps sparse vectors."""
    X, y = numbers
    fitted = SVC(random_state=0).fit(sparse.csr_matrix(X), y)
    loaded = round_trip(fitted)
    np.testing.assert_array_equal(
        loaded.decision_function(sparse.csr_matrix(X)),
        fitted.decision_function(sparse.csr_matrix(X)),
    )


def test_network_with_code_is_refused(classifier, numbers, make_net):
    """A net that Keras would not read back in safe mode is never written."""
    net = make_net().fit(*numbers)
    net.model_ = keras.Sequential(
        [keras.Input((3,)), keras.layers.Lambda(lambda x: x), keras.layers.Dense(2)]
    )
    with pytest.raises(ArchiveError, match="Lambda"):
        save(net, io.BytesIO())


@pytest.mark.parametrize("thing", [{"a": 1}, "text", SoftRobustScaler])
def test_only_estimators_are_archived(thing):
    """A dict, a text or a class is not an estimator."""
    with pytest.raises(
        ArchiveError, match="a fitted estimator, not an object of class"
    ):
        save(thing, io.BytesIO())


def test_estimator_must_be_fitted(make_net):
    """Nothing is written for an estimator that has learnt nothing."""
    with pytest.raises(NotFittedError):
        save(make_net(), io.BytesIO())


@pytest.mark.parametrize("metadata", [{"a": object()}, {1: "a"}, {"a": (1, 2)}, [1]])
def test_metadata_must_be_json(metadata, numbers):
    """Metadata that JSON would change or refuse is an error."""
    with pytest.raises(ArchiveError, match="metadata="):
        save(StandardScaler().fit(numbers[0]), io.BytesIO(), metadata=metadata)


@pytest.mark.parametrize("as_text", [True, False], ids=["str", "Path"])
def test_paths(as_text, tmp_path, numbers):
    """A path may be text or a Path."""
    path = tmp_path / "scaler.seg"
    path = str(path) if as_text else path
    save(StandardScaler().fit(numbers[0]), path)
    assert load(path).n_features_in_ == 3
    assert inspect(path).estimator == "sklearn.preprocessing._data.StandardScaler"


def test_missing_file_is_the_usual_error(tmp_path):
    """A path without a file is a FileNotFoundError, as everywhere in Python."""
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "absent.seg")


@pytest.mark.parametrize("path", [None, 3, io.StringIO("text")])
def test_things_that_are_no_archive(path):
    """What is neither a path nor a binary file is a TypeError with a cure."""
    with pytest.raises(TypeError, match="binary mode"):
        load(path)


def test_archive_has_no_pickle(archive):
    """The members are JSON, what skops writes, and what Keras writes."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        assert file.namelist() == [
            "manifest.json",
            "estimator.skops",
            "networks/0.keras",
        ]
        state = zipfile.ZipFile(io.BytesIO(file.read("estimator.skops")))
    endings = {name.rpartition(".")[2] for name in state.namelist()}
    assert endings <= {"json", "npy"}


def test_manifest_says_what_the_archive_is(archive):
    """Versions, classes, columns and the user's notes are in the manifest."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        manifest = json.loads(file.read("manifest.json"))
    assert manifest["format"] == "segmentlearn archive"
    assert manifest["protocol"] == 1
    assert manifest["created"].endswith("Z")
    assert manifest["versions"]["segmentlearn"] == segmentlearn.__version__
    assert {"python", "numpy", "pandas", "scikit-learn", "keras", "skops"} <= set(
        manifest["versions"]
    )
    assert manifest["classes"] == ["old", "young"]
    assert manifest["feature_names"] == ["age", "income", "profession"]
    assert manifest["parameters"]["max_epochs"] == "2"
    assert manifest["metadata"] == {"note": "for the tests"}


def test_inspect_tells_classes_columns_and_layers(archive):
    """The page shows what a user wants to know."""
    info = inspect(io.BytesIO(archive))
    assert info.classes == ("old", "young")
    assert info.size == len(archive)
    hidden = "  EinsumDense hidden_1: equation bmi,ih->bmh, activation silu"
    assert hidden in info.networks[0]
    assert "Functional net_2: as Functional net_1" in info.networks[0]
    page = str(info)
    assert page.startswith("SegmentClassifier (protocol 1)\n")
    assert "  classes   old, young\n" in page
    assert "  columns   3: age, income, profession\n" in page
    assert "    note = for the tests" in page


def test_inspect_shows_no_control_characters(archive, rewrite):
    """Text from a file cannot steer the terminal."""
    data = rewrite(archive, {}, metadata={"note": "\x1b[2Jgone\nnext"})
    page = str(inspect(io.BytesIO(data)))
    assert "\x1b" not in page
    assert "note = \\x1b[2Jgone\\nnext" in page


@pytest.mark.slow
def test_inspect_imports_neither_tensorflow_nor_skops(tmp_path, archive):
    """Looking into an archive stays light."""
    path = tmp_path / "a.seg"
    path.write_bytes(archive)
    code = (
        f"import sys, segmentlearn; segmentlearn.inspect({str(path)!r}); "
        "print([m for m in ('tensorflow', 'keras', 'skops') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.slow
def test_other_scikit_learn_is_warned_about_once(archive, rewrite):
    """One warning names both versions, however many estimators there are."""
    data = rewrite(archive, {}, versions={"scikit-learn": "1.0.2"})
    with pytest.warns(SegmentLearnWarning, match=r"scikit-learn 1\.0\.2") as caught:
        load(io.BytesIO(data))
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_state_of_another_version_that_cannot_be_built(archive, edit_state, rewrite):
    """The error says which versions differ."""

    def rename_an_attribute(schema):
        # a key that must be a number and is a name
        schema["content"]["key_types"]["content"][0] = {
            "__class__": "int",
            "__module__": "builtins",
            "__loader__": "TypeNode",
        }

    data = rewrite(
        archive,
        {"estimator.skops": edit_state(archive, rename_an_attribute)},
        versions={"keras": "3.0"},
    )
    with pytest.raises(ArchiveError, match=r"rebuilt.*keras 3\.0 \(here"):
        load(io.BytesIO(data))
