"""The command ``export``."""

import functools

import pytest
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline

from segmentlearn import (
    DistancePreprocessor,
    InductiveClusterer,
    make_customers,
    save,
)
from tests import command_line
from tests.command_line import assert_one_line_error

onnxruntime = pytest.importorskip("onnxruntime")
run = functools.partial(command_line.run, "export")


def test_a_graph_and_a_statement_are_written(tmp_path):
    """From raw columns."""
    X, _ = make_customers("mall", 80, random_state=0)
    clusterer = InductiveClusterer(KMeans(3, n_init=2, random_state=0))
    model = make_pipeline(DistancePreprocessor(), clusterer).fit(X)
    save(model, tmp_path / "model.seg")
    result = run(tmp_path / "model.seg", "--to", tmp_path / "segments.onnx")
    assert result.exit_code == 0
    assert "segments.onnx" in result.stderr
    session = onnxruntime.InferenceSession(tmp_path / "segments.onnx")
    assert session.get_inputs()[0].name == "Gender"
    how = ("--dialect", "sqlite", "--key", "id", "--sql-table", "crm")
    result = run(tmp_path / "model.seg", "--to", tmp_path / "segments.sql", *how)
    assert result.exit_code == 0
    sql = (tmp_path / "segments.sql").read_text(encoding="utf-8")
    assert 'FROM "crm"' in sql


def test_what_cannot_be_exported_is_one_line(tmp_path):
    """With exit code 2, and no file."""
    model, out = tmp_path / "model.seg", tmp_path / "segments.onnx"
    save(KMeans(2, n_init=2).fit([[0.0], [1.0], [2.0]]), model)
    assert_one_line_error(run(model, "--to", out), "KMeans", "InductiveClusterer")
    assert not out.exists()
    assert_one_line_error(run(model, "--to", tmp_path / "a.pb"), "--to", ".onnx")
    assert_one_line_error(run(model, "--to", tmp_path / "a.sql"), "--key")
    assert_one_line_error(run(model, "--to", out, "--key", "id"), "--key")
