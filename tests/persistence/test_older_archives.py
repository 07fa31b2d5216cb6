"""Archives of clusterers written when modules and attributes had other names."""

import json
import pathlib
import warnings

import numpy as np
import pandas as pd
import pytest

from segmentlearn import inspect, load
from segmentlearn.exceptions import SegmentLearnWarning

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "data" / "older"
EXPECTED = json.loads((FOLDER / "labels.json").read_text(encoding="utf-8"))

every_archive = pytest.mark.parametrize("name", sorted(EXPECTED))


@every_archive
def test_segments_are_those_of_then(name):
    """The rules for new rows, which are estimators of their own, included."""
    expected = EXPECTED[name]
    rows = np.array(expected["rows"], dtype=object)
    if expected["columns"] is not None:
        X = pd.DataFrame(rows, columns=expected["columns"]).infer_objects()
    else:
        X = rows.astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SegmentLearnWarning)  # of other versions
        clusterer = load(FOLDER / f"{name}.seg")
    assert clusterer.predict(X).tolist() == expected["labels"]


@every_archive
def test_the_page_names_the_public_class(name):
    """Not the module in which it was defined then."""
    path = inspect(FOLDER / f"{name}.seg").estimator
    assert path.count(".") == 2
    assert path.startswith("segmentlearn.cluster.")
