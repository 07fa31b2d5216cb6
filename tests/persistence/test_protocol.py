"""Archives of every protocol there ever was can be read."""

import io
import json
import pathlib
import warnings

import numpy as np
import pandas as pd
import pytest

from segmentlearn import inspect, load, save
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.preprocessing import SoftRobustScaler

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "data"

# every protocol has a file, written once by make_protocol_file.py
PROTOCOLS = range(1, 1 + len(list(FOLDER.glob("protocol_*.seg"))))


def test_todays_protocol_has_a_file():
    """It is the last one of them."""
    file = io.BytesIO()
    save(SoftRobustScaler().fit(np.eye(2)), file)
    assert inspect(file).protocol == PROTOCOLS[-1]


@pytest.mark.slow
@pytest.mark.floors
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_old_archive_predicts_what_it_did(protocol):
    """Raw customers, missing values and an unseen level included."""
    path = FOLDER / f"protocol_{protocol}.seg"
    expected = json.loads(path.with_suffix(".json").read_text())
    rows = pd.DataFrame(expected["rows"], columns=expected["columns"])
    with warnings.catch_warnings():
        # of another scikit-learn, and of what the rows hold
        warnings.simplefilter("ignore", SegmentLearnWarning)
        classifier = load(path)
        probabilities = classifier.predict_proba(rows)
    assert classifier.classes_.tolist() == expected["classes"]
    # other machines add up in another order
    np.testing.assert_allclose(probabilities, expected["probabilities"], atol=1e-5)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_old_archive_can_be_looked_into(protocol):
    """The page of an old archive has its protocol, columns and classes."""
    info = inspect(FOLDER / f"protocol_{protocol}.seg")
    assert info.protocol == protocol
    assert info.estimator.endswith("SegmentClassifier")
    assert info.classes == ("A", "B", "C", "D")
    assert len(info.networks) == 1
