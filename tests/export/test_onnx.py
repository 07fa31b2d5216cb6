"""Whole models in ONNX Runtime: the same segments, whatever stands in a row."""

import copy
import json
import sys

import hypothesis
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

import segmentlearn
from segmentlearn import (
    Autoencoder,
    AutoencoderClusterer,
    InductiveClusterer,
    SegmentClassifier,
    TabularPreprocessor,
    make_customers,
    networks,
    to_onnx,
)
from segmentlearn.export import export
from tests.export.customers import INCOME, JOB, awkward_customers
from tests.export.onnx_rows import assert_scored_alike, inputs_of, session_of
from tests.export.test_sql import MOMENTS, TEXTS

pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings(
    "ignore::segmentlearn.exceptions.SegmentLearnWarning"
)
QUICK = {"n_members": 2, "max_epochs": 1, "hidden_layer_sizes": 8, "random_state": 0}


def customers_with_cities():
    """Awkward customers, with dates as text and cities that become target means."""
    X, y = awkward_customers()
    rng = np.random.default_rng(1)
    X["city"] = [f"Ort {number}" for number in rng.integers(0, 60, len(X))]
    X["joined"] = X["since"].dt.strftime("%Y-%m-%d").mask(rng.random(len(X)) < 0.1)
    X["label"] = rng.normal(size=len(X))
    return X, y


@pytest.fixture(scope="module")
def classifier():
    """Two nets of two members."""
    return SegmentClassifier(n_inner_folds=2, **QUICK).fit(*customers_with_cities())


@pytest.fixture(scope="module")
def session(classifier):
    """Its graph in ONNX Runtime."""
    return session_of(classifier)


@pytest.fixture(scope="module")
def clusterer():
    """Three segments of numbers without names."""
    X = np.random.default_rng(0).normal(size=(60, 2))
    return InductiveClusterer(KMeans(3, n_init=2, random_state=0)).fit(X)


def metadata(model):
    """Return what an exported model tells about itself."""
    return {entry.key: entry.value for entry in model.metadata_props}


@pytest.mark.floors
def test_training_rows_are_scored_alike(classifier, session):
    """Numbers, text, truth values, moments, dates as text and missing cells."""
    X, _ = customers_with_cities()
    assert_scored_alike(classifier, X, session)


ODD_CELLS = {
    INCOME: [0.0, -0.0, 1e300, -1e300, 5e-324, 1e-30, np.nan],
    JOB: [
        *("", " ", "n/a", "NULL", " Null ", "#N/A", "?", "-", "None", "missing"),
        *(" O'Brien ", "\tplain\n", "plain   ", "PLAIN", "\u00a0plain\u3000", "x" * 99),
        *("Müller; --  ", "say  no", " back\\slash", "0:plain", None),
    ],
    "city": ["Ort 1", "  Ort 2", "ort 3", "Ort  4", "Ort 999", None],
    "joined": ["1999-02-28", "2000-02-29", " 2001-12-31 ", "1850-06-15", "", None],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(ODD_CELLS))
def test_odd_cells_are_scored_alike(classifier, session, name):
    """Unseen levels, blanks around texts, marks of missing cells, extreme numbers."""
    X = customers_with_cities()[0].head(len(ODD_CELLS[name])).copy()
    X[name] = pd.Series(ODD_CELLS[name], dtype=X[name].dtype)
    assert_scored_alike(classifier, X, session)


@pytest.mark.slow
@hypothesis.settings(max_examples=15, deadline=None, derandomize=True)
@hypothesis.given(
    hypothesis.strategies.lists(
        hypothesis.strategies.tuples(
            hypothesis.strategies.floats(allow_infinity=False),
            TEXTS,
            hypothesis.strategies.booleans(),
            MOMENTS,
            hypothesis.strategies.integers(-(10**9), 10**9),
            TEXTS,
        ),
        min_size=1,
        max_size=20,
    )
)
def test_any_rows_are_scored_alike(classifier, session, rows):
    """Rows that hypothesis makes up."""
    X = pd.DataFrame(rows, columns=[INCOME, JOB, "member", "since", "age", "city"])
    for name in (JOB, "city"):
        X[name] = pd.Series(X[name], dtype=object)
    X["since"] = pd.to_datetime(X["since"], unit="s")
    X["joined"], X["label"] = X["since"].dt.strftime("%Y-%m-%d"), 0.5
    assert_scored_alike(classifier, X, session)


@pytest.mark.slow
def test_nets_of_one_architecture_are_side_by_side(classifier):
    """All members are averaged at once."""
    kinds = [node.op_type for node in to_onnx(classifier).graph.node]
    assert kinds.count("ReduceMean") == 1


@pytest.mark.slow
def test_a_loaded_model_gives_the_same_graph(classifier, tmp_path):
    """The stored net has the same arrays; nothing is drawn or counted on."""
    segmentlearn.save(classifier, tmp_path / "model.seg")
    loaded = segmentlearn.load(tmp_path / "model.seg")
    assert (
        to_onnx(loaded).SerializeToString() == to_onnx(classifier).SerializeToString()
    )


@pytest.mark.slow
def test_a_column_may_have_the_name_of_an_output(session):
    """The output gets another one."""
    assert "label" in {column.name for column in session.get_inputs()}
    assert [column.name for column in session.get_outputs()] == [
        "label_",
        "probabilities",
    ]


@pytest.mark.slow
def test_metadata_tell_what_a_deployer_must_know(classifier):
    """Columns with their kinds and levels, segments, and a hash of the graph."""
    found = metadata(to_onnx(classifier))
    columns = {column["name"]: column for column in json.loads(found["columns"])}
    assert columns["since"]["kind"] == columns["joined"]["kind"] == "datetime"
    assert columns["age"]["type"] == "double"
    assert "O'Brien" in columns[JOB]["levels"]
    assert columns[JOB]["n_missing"] > 0
    assert json.loads(found["segments"]) == classifier.classes_.tolist()
    assert len(found["sha256"]) == 64


def test_the_graph_runs_where_onnx_runtime_of_two_years_ago_runs(clusterer):
    """Versions of operators and of the format are set, whatever onnx is installed."""
    model = to_onnx(clusterer)
    assert model.ir_version == 9
    assert {one.domain: one.version for one in model.opset_import} == {
        "": 20,
        "ai.onnx.ml": 3,
    }


@pytest.mark.parametrize("n_rows", [0, 1])
@pytest.mark.slow
def test_few_rows(classifier, session, n_rows):
    """One row, and none."""
    X = customers_with_cities()[0].head(1)
    feed = {k: v[:n_rows] for k, v in inputs_of(session, X).items()}
    label, proba = session.run(None, feed)
    assert label.shape == (n_rows,)
    assert proba.shape == (n_rows, len(classifier.classes_))


def test_infinite_numbers_are_missing():
    """A graph cannot refuse them."""
    X = pd.DataFrame({"x": [1.0, 2.0, np.nan, 4.0] * 10})
    model = make_pipeline(TabularPreprocessor(), InductiveClusterer(KMeans(2))).fit(X)
    session = session_of(model)
    feed = {"x": np.array([[np.nan], [np.inf], [-np.inf]])}
    _, found = session.run(None, feed)
    assert (found == found[0]).all()


@pytest.mark.parametrize("kind", ["automobile", "bank", "mall", "latent"])
def test_generated_customers_are_scored_alike(kind):
    """Tables with the columns of public ones; later ones have unseen levels."""
    X, y = make_customers(kind, 150, random_state=0)
    clusterer = InductiveClusterer(KMeans(4, n_init=2, random_state=0))
    model = make_pipeline(TabularPreprocessor(), clusterer).fit(X, y)
    later, _ = make_customers(kind, 150, drift=3, random_state=1)
    assert_scored_alike(model, later)


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize(
    ("file", "target"),
    [
        ("auto_train.csv", "Segmentation"),
        ("auto_new.csv", None),
        ("bank.csv", "term_deposit"),
        ("mall.csv", None),
    ],
)
def test_real_tables_are_scored_alike(data_dir, file, target):
    """Each row of the four real tables."""
    X = pd.read_csv(data_dir / file, sep=None, engine="python")
    if target in X:
        y = X.pop(target)
        model = SegmentClassifier(n_inner_folds=0, **QUICK).fit(X[:500], y[:500])
    else:
        clusterer = InductiveClusterer(KMeans(4, n_init=2, random_state=0))
        model = make_pipeline(segmentlearn.DistancePreprocessor(), clusterer).fit(X)
    assert_scored_alike(model, X)


def with_net(classifier, build):
    """Return a copy of a classifier with a net that was not trained."""
    names = classifier.preprocessor_.get_feature_names_out()
    copied = copy.copy(classifier)
    copied.model_ = build(len(names), len(classifier.classes_))
    return copied


@pytest.mark.slow
@pytest.mark.parametrize(
    "activation",
    [
        *("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "silu", "gelu"),
        *("mish", "tanh", "sigmoid", "hard_sigmoid", "hard_silu", "softplus"),
        *("softsign", "softmax"),
    ],
)
def test_activations(classifier, activation):
    """Each that a net of segmentlearn may have, with batch normalization."""

    def build(*shape):
        how = {"activation": activation, "batch_normalization": True}
        spec = networks.ClassifierSpec(*shape, hidden_layer_sizes=(4, 4), **how)
        return networks.build_classifier(spec, seed=0)

    X = customers_with_cities()[0].head(50)
    assert_scored_alike(with_net(classifier, build), X)


@pytest.mark.slow
def test_nets_that_are_not_alike_are_computed_one_by_one(classifier):
    """Two packed nets of different widths, without embeddings."""

    def build(*shape):
        nets = []
        for width in (4, 5):
            net = networks.ClassifierSpec(*shape, hidden_layer_sizes=(width, 6))
            spec = networks.PackedSpec(net, n_members=2)
            edges, name = np.zeros((0, 1)), f"net_{width}"
            nets.append(networks.build_packed(spec, edges, seed=width, name=name))
        return networks.average_nets(nets, n_classes=shape[1])

    X = customers_with_cities()[0].head(50)
    assert_scored_alike(with_net(classifier, build), X)


@pytest.mark.slow
@pytest.mark.parametrize("factor", [1, 0.5])
def test_labels_that_are_numbers_stay_numbers(classifier, factor):
    """Whole ones and fractions."""
    numbered = copy.copy(classifier)
    numbered.classes_ = np.arange(len(classifier.classes_)) * factor
    label, _ = assert_scored_alike(numbered, customers_with_cities()[0].head(9))
    assert label.dtype == numbered.classes_.dtype


@pytest.fixture(scope="module")
def found_in_codes():
    """Segments in the codes of an autoencoder, and the customers."""
    X, _ = make_customers("mall", 80, random_state=0)
    coder = Autoencoder(hidden_layer_sizes=8, max_epochs=1)
    how = {"n_clusters": 3, "compare_baselines": False, "random_state": 0}
    return AutoencoderClusterer(coder, **how).fit(X), X


@pytest.mark.slow
def test_segments_in_codes(found_in_codes):
    """Their names are among the metadata."""
    model, X = found_in_codes
    assert model.space_ == "codes"
    named = copy.copy(model)
    named.segment_names_ = {0: "savers"}
    assert_scored_alike(named, X)
    assert json.loads(metadata(to_onnx(named))["segment_names"]) == {"0": "savers"}


@pytest.mark.slow
def test_segments_in_prepared_columns(found_in_codes):
    """Where simple segments were selected, no net is in the graph."""
    model, X = found_in_codes
    simple = copy.copy(model)
    simple.clusterer_ = InductiveClusterer(KMeans(3, n_init=2)).fit(model.prepare(X))
    simple.space_ = "prepared"
    assert_scored_alike(simple, X)
    assert len(to_onnx(simple).graph.node) < len(to_onnx(model).graph.node)


@pytest.mark.slow
def test_codes_of_an_autoencoder(found_in_codes):
    """They are its only output."""
    model, X = found_in_codes
    session = session_of(model.autoencoder_)
    (codes,) = session.run(["codes"], inputs_of(session, X))
    np.testing.assert_allclose(codes, model.transform(X), rtol=0, atol=1e-5)


def test_a_search_exports_its_best_model(clusterer):
    """Whatever has found it."""

    class Found:
        best_estimator_ = clusterer

    assert to_onnx(Found()) == to_onnx(clusterer)


def test_a_file_is_written(clusterer, tmp_path):
    """ONNX Runtime reads it."""
    import onnxruntime

    path = tmp_path / "segments.onnx"
    export(clusterer, path)
    session = onnxruntime.InferenceSession(path)
    assert [one.name for one in session.get_inputs()] == ["x0", "x1"]
    with pytest.raises(ValueError, match=r"\.onnx"):
        export(clusterer, tmp_path / "segments.pb")


def test_other_models_are_refused_by_name():
    """The error lists what there is."""
    with pytest.raises(TypeError, match=r"LogisticRegression.*SegmentClassifier"):
        to_onnx(LogisticRegression())


def test_other_preprocessors_are_refused_by_name():
    """Those whose work a graph would not do."""
    X = np.random.default_rng(0).normal(size=(50, 2))
    steps = QuantileTransformer(n_quantiles=9), InductiveClusterer(KMeans(2))
    with pytest.raises(TypeError, match=r"QuantileTransformer.*TabularPreprocessor"):
        to_onnx(make_pipeline(*steps).fit(X))


def test_a_model_that_is_not_fitted_is_refused():
    """Not with a missing attribute."""
    with pytest.raises(ValueError, match="not fitted"):
        to_onnx(SegmentClassifier())


def test_missing_onnx_is_named(clusterer, monkeypatch):
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"segmentlearn\[export\]"):
        to_onnx(clusterer)
