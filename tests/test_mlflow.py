"""Models in MLflow: the same predictions, in any process, without a pickle."""

import io
import json
import os
import pathlib
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

from segmentlearn import InductiveClusterer, SegmentClassifier
from segmentlearn.mlflow import load_model, log_model, save_model


@pytest.fixture
def mlflow(monkeypatch, tmp_path):
    """MLflow, with runs in a folder of the test's own."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    package = pytest.importorskip("mlflow", reason="needs segmentlearn[mlflow]")
    package.set_tracking_uri((tmp_path / "runs").as_uri())
    return package


@pytest.fixture(scope="module")
def customers():
    """60 customers with whole numbers, text and missing cells, and segments."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "age": rng.integers(18, 80, 60),
            "income": rng.gamma(3.0, 10.0, 60),
            "profession": rng.choice(["Artist", "Doctor", None], 60),
            "since": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(60), "D"),
        }
    )
    X.loc[:3, "income"] = np.nan
    return X, np.where(X["age"] > 50, "old", "young").astype(object)


@pytest.fixture(scope="module")
def classifier(customers):
    return SegmentClassifier((4,), max_epochs=2, random_state=0).fit(*customers)


def members(data):
    """Give the bytes of a file, and of the members of the zips in it."""
    yield data
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from members(archive.read(name))


def test_without_mlflow_the_extra_is_named(monkeypatch, tmp_path):
    """By each function."""
    monkeypatch.setitem(sys.modules, "mlflow", None)
    for call in (
        lambda: save_model(None, tmp_path / "model"),
        lambda: log_model(None),
        lambda: load_model("models:/none/1"),
    ):
        with pytest.raises(ImportError, match=r"segmentlearn\[mlflow\]"):
            call()


@pytest.mark.slow
def test_a_saved_model_predicts_the_same_in_a_new_process(
    mlflow, classifier, customers, tmp_path
):
    """Through MLflow and as the estimator; TensorFlow is not imported."""
    X, _ = customers
    folder = tmp_path / "model"
    save_model(classifier, folder, input_example=X.head(2))
    X.to_pickle(tmp_path / "X.pkl")
    code = """
import sys
import mlflow, pandas as pd
from segmentlearn.mlflow import load_model
X = pd.read_pickle(sys.argv[2])
model = mlflow.pyfunc.load_model(sys.argv[1])
print(list(model.predict(X)))
print(model.predict(X, params={"method": "predict_proba"}).to_numpy().tolist())
print(load_model(sys.argv[1]).predict_proba(X).tolist())
print("tensorflow" in sys.modules)
"""
    command = [sys.executable, "-c", code, str(folder), str(tmp_path / "X.pkl")]
    root = str(pathlib.Path(__file__).resolve().parents[1])
    environment = {**os.environ, "PYTHONPATH": root}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment
    )
    labels, by_mlflow, own, imports = done.stdout.splitlines()
    assert labels == str(list(classifier.predict(X)))
    assert json.loads(by_mlflow) == json.loads(own)
    assert json.loads(own) == classifier.predict_proba(X).tolist()
    assert imports == "False"


@pytest.mark.slow
def test_there_is_no_pickle_in_a_saved_model(mlflow, classifier, customers, tmp_path):
    """In no file, nor in the zips within zips of the archive."""
    save_model(classifier, tmp_path / "model", input_example=customers[0].head(2))
    n_scanned = 0
    for path in (tmp_path / "model").rglob("*"):
        assert path.suffix not in (".pkl", ".pickle", ".joblib")
        for data in members(path.read_bytes()) if path.is_file() else ():
            n_scanned += 1
            assert not data.startswith(b"\x80"), path
            assert not (data.startswith(b"\x93NUMPY") and b"'|O'" in data[:200]), path
    assert n_scanned > 10


@pytest.mark.slow
def test_logged_models_have_signature_card_report_and_figures(
    mlflow, classifier, customers, tmp_path
):
    """What a row must have; numbers may be whole or not, so they have any type."""
    report = tmp_path / "report.html"
    report.write_text("<p>Segments</p>")
    with mlflow.start_run() as run:
        info = log_model(classifier, report=report, card={"metrics": {"lift": 2.5}})
    types = {
        column.name: str(getattr(column.type, "name", "any"))
        for column in info.signature.inputs
    }
    assert types == {
        **{"age": "any", "income": "any"},
        **{"profession": "string", "since": "datetime"},
    }
    figures = mlflow.MlflowClient().get_run(run.info.run_id).data.metrics
    accuracy = classifier.oof_scores_["accuracy"]
    assert (figures["lift"], figures["out-of-fold accuracy"]) == (2.5, accuracy)
    folder = pathlib.Path(mlflow.artifacts.download_artifacts(info.model_uri))
    files = {path.name for path in (folder / "artifacts").iterdir()}
    assert files == {"model.seg", "model_card.md", "row_schema.json", "report.html"}
    model = mlflow.pyfunc.load_model(info.model_uri)
    X, _ = customers
    for rows in (X, X.astype(object), X.astype({"age": float}), X.assign(more=1)):
        np.testing.assert_array_equal(model.predict(rows), classifier.predict(X))


@pytest.mark.slow
def test_clusterers_fitted_to_arrays(mlflow, tmp_path):
    """Rows are arrays, labels whole numbers."""
    from sklearn.cluster import KMeans

    X = np.random.default_rng(0).normal(size=(40, 2))
    clusterer = InductiveClusterer(KMeans(3, n_init=1, random_state=0)).fit(X)
    save_model(clusterer, tmp_path / "model")
    model = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    np.testing.assert_array_equal(model.predict(X), clusterer.predict(X))
    with pytest.raises(ValueError, match="method='decide' is not one of"):
        model.predict(X, params={"method": "decide"})
