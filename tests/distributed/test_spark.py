"""Scoring with Spark's mapInPandas, where Java and pyspark are installed."""

import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from segmentlearn.distributed import SparkScorer
from segmentlearn.exceptions import SchemaError


def test_batches_are_scored_as_one_table(archive, table, net):
    """What Spark would call, without Spark; batches without a row are left out."""
    scorer = SparkScorer(archive, keep=["ID"])
    batches = [table.iloc[:100], table.iloc[:0], table.iloc[100:]]
    found = pd.concat(scorer(iter(batches)))
    np.testing.assert_array_equal(found["ID"], table["ID"])
    X = table[list(net.feature_names_in_)]
    np.testing.assert_array_equal(found["segment"], net.predict(X))
    with pytest.raises(SchemaError, match="keep lists"):
        list(SparkScorer(net, keep=["id"])(iter(batches)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of pyspark about pandas
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_spark_scores_a_table(archive, table, net, monkeypatch):
    """With the schema that the scorer gives, types included."""
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    if shutil.which("java") is None:
        pytest.skip("Java, which Spark runs on, is not installed")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    builder = sql.SparkSession.builder.master("local[1]")
    spark = builder.config("spark.ui.enabled", "false").getOrCreate()
    try:
        customers = spark.createDataFrame(table)
        scorer = SparkScorer(archive)
        schema = scorer.schema(customers.schema)
        found = customers.mapInPandas(scorer, schema).toPandas()
    finally:
        spark.stop()
    assert list(found.columns[:-5]) == list(table.columns)
    X = found[list(net.feature_names_in_)]
    np.testing.assert_array_equal(found.iloc[:, -4:], net.predict_proba(X))
    assert len(found) == len(table)
