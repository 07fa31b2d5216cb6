"""The rule of the recommendation, on tables of criteria made by hand."""

import pandas as pd
import pytest

from segmentlearn.model_selection._clusters._recommendation import (
    choose,
    find_alternatives,
    recommend,
)


def table(**columns):
    """Return criteria for 1 to 4 segments."""
    return pd.DataFrame(columns, index=pd.Index([1, 2, 3, 4], name="n_clusters"))


NAN = float("nan")
GAIN = [NAN, 0.10, 0.30, 0.28]
NO_GAP = {"gap": [0.5, 0.4, 0.3, 0.2], "gap_se": [0.01] * 4}


@pytest.mark.parametrize(
    ("criterion", "columns", "chosen"),
    [
        ("elbow", {"inertia": [100.0, 60.0, 10.0, 5.0]}, 3),
        ("elbow", {"inertia": [0.0, 0.0, 0.0, 0.0]}, None),
        ("silhouette", {"silhouette": [NAN, 0.2, 0.5, 0.4]}, 3),
        ("silhouette", {"silhouette": [NAN] * 4}, None),
        ("silhouette_gain", {"silhouette_gain": [NAN, 0.01, 0.04, 0.02]}, 1),
        ("silhouette_gain", {"silhouette_gain": [NAN, 0.01, 0.06, 0.02]}, 3),
        ("davies_bouldin", {"davies_bouldin": [NAN, 0.9, 0.8, 0.5]}, 4),
        ("bic", {"bic": [10.0, 20.0, 30.0, 40.0]}, 1),
        ("gap", NO_GAP, 1),
        ("gap", {"gap": [0.1, 0.5, 0.51, 0.9], "gap_se": [0.02] * 4}, 2),
        ("gap", {"gap": [0.1, 0.5, 0.6, 0.9], "gap_se": [0.02] * 4}, 4),
        (
            "prediction_strength",
            {
                "prediction_strength": [1.0, 0.9, 0.78, 0.4],
                "prediction_strength_se": [0.0, 0.0, 0.03, 0.1],
            },
            3,
        ),
        ("stability", {"stability": [NAN, 0.9, 0.8, 0.7]}, 2),
    ],
)
def test_each_criterion_chooses_as_its_authors_say(criterion, columns, chosen):
    """Highest, lowest, elbow, or first within one standard error."""
    assert choose(criterion, table(**columns)) == chosen


def ask(**columns):
    """Return the recommendation for these columns, as if all had been asked for."""
    names = [name for name in columns if not name.endswith("_se")]
    frame = table(**columns)
    return recommend(frame, {name: choose(name, frame) for name in names})


def test_highest_gain_is_recommended():
    """And the reason is given."""
    recommended, reasons = ask(silhouette_gain=GAIN)
    assert recommended == 3
    assert "With 3 segments" in reasons[0]


def test_no_gain_is_no_segments():
    """A table without segments would have silhouettes as high."""
    recommended, reasons = ask(silhouette_gain=[NAN, 0.01, 0.04, 0.03])
    assert recommended == 1
    assert "in tables without any" in reasons[0]


def test_unstable_number_is_left_out():
    """The next best stands."""
    recommended, reasons = ask(
        silhouette_gain=[NAN, 0.20, 0.30, 0.10], stability=[NAN, 0.9, 0.4, 0.9]
    )
    assert recommended == 2
    assert "3 segments were left out" in reasons[0]


def test_nothing_stable_is_no_segments():
    """However high the silhouettes."""
    recommended, reasons = ask(silhouette_gain=GAIN, stability=[NAN, 0.5, 0.4, 0.3])
    assert recommended == 1
    assert "in other random samples" in reasons[0]


@pytest.mark.parametrize(("gain", "recommended"), [(0.28, 4), (0.26, 3)])
def test_close_numbers_are_settled_by_calinski_harabasz(gain, recommended):
    """0.28 comes within a tenth of 0.30, and 0.26 does not."""
    found, _ = ask(
        silhouette_gain=[NAN, 0.10, 0.30, gain],
        calinski_harabasz=[NAN, 900.0, 100.0, 120.0],
    )
    assert found == recommended


@pytest.mark.parametrize(("strength", "recommended"), [(0.5, 1), (0.9, 3)])
def test_two_witnesses_against_any_segments(strength, recommended):
    """Gap and prediction strength together outweigh the silhouettes."""
    found, _ = ask(
        silhouette_gain=GAIN,
        **NO_GAP,
        prediction_strength=[1.0, strength, strength, 0.5],
        prediction_strength_se=[0.0] * 4,
    )
    assert found == recommended


def test_plain_silhouette_stands_in():
    """And a sentence names the criterion that is missing."""
    recommended, reasons = ask(silhouette=[NAN, 0.2, 0.5, 0.4])
    assert recommended == 3
    assert "silhouette_gain" in reasons[0]


def test_without_silhouettes_most_criteria_win():
    """The fewest segments among equals."""
    columns = {
        "inertia": [100.0, 60.0, 10.0, 5.0],
        "bic": [4.0, 1.0, 2.0, 3.0],
        "stability": [NAN, 0.9, 0.8, 0.7],
    }
    frame = table(**columns)
    names = ("elbow", "bic", "stability")
    found, _ = recommend(frame, {name: choose(name, frame) for name in names})
    assert found == 2
    found, _ = recommend(frame, {name: choose(name, frame) for name in names[:2]})
    assert found == 2


@pytest.mark.parametrize(
    ("columns", "recommended"),
    [
        ({"bic": [9.0, 3.0, 1.0, 2.0]}, 3),
        ({"bic": [1.0, 3.0, 5.0, 7.0]}, 1),
        ({"bic": [9.0, 3.0, 1.0, 2.0], "stability": [NAN, 0.9, 0.5, 0.8]}, 4),
        ({"bic": [9.0, 3.0, 1.0, 2.0], "stability": [NAN, 0.3, 0.5, 0.4]}, 1),
    ],
)
def test_mixtures_go_by_their_bic(columns, recommended):
    """Among stable numbers, whatever the silhouettes say."""
    frame = table(silhouette_gain=[NAN, 0.5, 0.1, 0.1], **columns)
    choices = {name: choose(name, frame) for name in frame.columns}
    assert recommend(frame, choices, is_mixture=True)[0] == recommended


def test_mixture_of_nothing_is_no_segments():
    """If neither the gap statistic nor the prediction strength finds any."""
    frame = table(
        bic=[9.0, 3.0, 1.0, 2.0],
        **NO_GAP,
        prediction_strength=[1.0, 0.5, 0.5, 0.5],
        prediction_strength_se=[0.0] * 4,
    )
    names = ("bic", "gap", "prediction_strength")
    choices = {name: choose(name, frame) for name in names}
    assert recommend(frame, choices, is_mixture=True)[0] == 1


@pytest.mark.parametrize(
    ("columns", "recommended"),
    [
        # the gain is highest at 4, the BIC lowest at 3
        ({"silhouette_gain": [NAN, 0.1, 0.2, 0.3], "bic": [9.0, 8.0, 5.0, 6.0]}, 3),
        # 3 is separated no better than in tables without segments
        ({"silhouette_gain": [NAN, 0.1, 0.0, 0.3], "bic": [9.0, 8.0, 5.0, 6.0]}, 4),
        ({"silhouette_gain": [NAN, 0.0, 0.0, 0.0], "bic": [9.0, 8.0, 5.0, 6.0]}, 1),
        ({"silhouette_gain": [NAN, 0.1, 0.2, 0.3], "bic": [4.0, 8.0, 5.0, 6.0]}, 1),
        ({"bic": [9.0, 8.0, 5.0, 6.0], "stability": [NAN, 0.9, 0.2, 0.8]}, 4),
    ],
)
def test_latent_classes_go_by_bic_where_they_are_separated(columns, recommended):
    """Distances alone would count a category that is even in all segments."""
    criteria = table(**columns)
    choices = {name: choose(name, criteria) for name in columns}
    assert recommend(criteria, choices, has_own_bic=True)[0] == recommended


def alternatives(stability, smallest=0.1, gain=0.3, recommended=2):
    """Return the alternatives to a number of segments from 1 to 6."""
    index = pd.RangeIndex(1, len(stability) + 2, name="n_clusters")
    columns = {"stability": [NAN, *stability]}
    columns |= {"smallest_share": smallest, "silhouette_gain": gain}
    return find_alternatives(pd.DataFrame(columns, index=index), recommended)


def test_larger_numbers_before_stability_falls_are_offered():
    """Four is there, and so is six; five and seven are not."""
    numbers, sentence = alternatives([1.0, 0.95, 0.99, 0.9, 0.95, 0.7])
    assert numbers == [4, 6]
    assert sentence.startswith("The next sensible numbers are 4 and 6, because their ")


def test_fewer_are_offered_where_none_are_more():
    """With their own stability and smallest segment."""
    numbers, sentence = alternatives([0.96, 0.98, 0.7], recommended=3)
    assert numbers == [2]
    assert "number is 2, because its" in sentence
    assert "0.960" in sentence
    assert "10%" in sentence


@pytest.mark.parametrize("poor", [{"smallest": 0.01}, {"gain": 0.01}])
def test_tiny_or_unclear_segments_are_no_alternative(poor):
    """However stable they are."""
    assert alternatives([1.0, 0.95, 0.99, 0.9, 0.92], **poor) == ([], "")
