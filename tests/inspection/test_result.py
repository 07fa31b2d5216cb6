"""SegmentProfile: names that stay, reports that can be read."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn import SegmentClassifier, load, save
from segmentlearn.inspection import segment_profile
from segmentlearn.plotting import SegmentProfileDisplay


@pytest.fixture
def profile(customers, labels):
    """A profile that a test may change."""
    return segment_profile(labels, customers, value="Annual Income (k$)")


def test_rename(profile):
    """One name, in every report."""
    assert profile.rename({0: "young artists"}) is profile
    assert profile.to_frame()["name"][0] == "young artists"
    assert "Segment 0: young artists" in str(profile)
    assert "Segment 0: young artists" in profile.to_markdown()


def test_wrong_names_are_refused(profile):
    """Unknown segments, no text, and names that are taken."""
    with pytest.raises(ValueError, match=r"label\(s\) \[7\]"):
        profile.rename({7: "x"})
    with pytest.raises(ValueError, match="must be text"):
        profile.rename({0: ""})
    with pytest.raises(ValueError, match="same name"):
        profile.rename({0: "x", 1: "x"})


def test_names_are_stored_in_the_estimator(customers):
    """In the last step of a pipeline, where the next profile finds them."""
    X = customers[["Age", "Annual Income (k$)"]]
    pipeline = make_pipeline(StandardScaler(), KMeans(3, n_init=3, random_state=0)).fit(
        X
    )
    segment_profile(pipeline, X).rename({1: "savers"}).store(pipeline)
    assert pipeline[-1].segment_names_[1] == "savers"
    assert segment_profile(pipeline, X).names[1] == "savers"


@pytest.mark.slow
def test_names_are_kept_in_the_archive(customers, labels, tmp_path):
    """Labels stay numbers."""
    clf = SegmentClassifier.from_preset("best-practices", max_epochs=1, random_state=0)
    clf.fit(customers[["Age", "job"]], labels)
    profile = segment_profile(labels, customers).rename({2: "the rich"})
    profile.store(clf)
    save(clf, tmp_path / "clf.seg")
    assert load(tmp_path / "clf.seg").segment_names_ == profile.names


def test_noise_is_not_stored(customers, labels):
    """Its name is no finding."""
    clusterer = KMeans(2)
    segment_profile(np.where(labels == 0, -1, labels), customers).store(clusterer)
    assert list(clusterer.segment_names_) == [1, 2]


def test_frames_have_one_row_for_each_fact(profile):
    """Segments times columns, or levels."""
    assert profile.to_frame("numbers").shape[0] == 3 * 4
    assert profile.to_frame("effects").shape[0] == 3 * 7
    assert profile.to_frame("categories").shape[0] == 3 * (3 + 2 + 1)
    with pytest.raises(ValueError, match="kind='means' is not one of"):
        profile.to_frame("means")


def test_frames_are_copies(profile):
    """What is done to one is not done to the profile."""
    frame = profile.to_frame("exemplars")
    frame["segment"] = 9
    assert 9 not in profile.exemplars["segment"].tolist()


def test_text_report(profile):
    """Names, evidence, rules, how far to trust them, and the caution."""
    text = str(profile)
    assert "Annual Income (k$)" in text
    assert "Rule: " in text
    assert "always naming the" in text
    assert "they do not prove" in text
    assert repr(profile) == "SegmentProfile(3 segments, 120 customers, 7 columns)"


def test_markdown_report(profile):
    """Each row of the table has as many cells as its head, whatever the names hold."""
    profile.rename({0: "a|b", 1: "<b>bold</b>"})
    text = profile.to_markdown()
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 2 + 3
    bars = [line.replace(r"\|", "").count("|") for line in table]
    assert len(set(bars)) == 1
    assert r"\<b>bold" in text
    assert "Typical customers: c" in text


def test_html_report(profile):
    """Names are escaped."""
    text = profile.rename({1: "<b>bold</b>"})._repr_html_()
    assert "&lt;b&gt;bold" in text
    assert text.count("<tr") == 4


def test_nothing_differs(labels):
    """A sentence in place of the features."""
    X = pd.DataFrame({"x": np.arange(120) % 10})
    assert "No column differs much" in str(segment_profile(labels, X))


def test_plot_draws_the_display(profile):
    """With the profile's own names."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    display = SegmentProfileDisplay.from_result(profile.rename({0: "young"})).plot(
        kind="snake"
    )
    assert display.names[0] == "young"
    matplotlib.pyplot.close(display.figure_)
