"""segment_playbook: the user's rules, each beside what was measured."""

import io

import pandas as pd
import pytest

from segmentlearn.inspection import segment_playbook, segment_profile

OLD = {"column": "Age", "direction": "high", "action": "write a letter"}
ARTIST = {"column": "job", "level": "Artist", "action": "offer paint"}
RICH = {"column": "Annual Income (k$)", "direction": "high", "action": "call"}


@pytest.fixture(scope="module")
def profile(customers, labels):
    """Sixty young artists, forty old and twenty rich customers."""
    return segment_profile(labels, customers, n_exemplars=0, rule_depth=None)


def actions(playbook):
    """Return the actions of each segment."""
    return playbook.groupby("segment")["action"].apply(list).to_dict()


def test_a_number_above_the_others(profile):
    """Only where it was measured; the others are listed, too."""
    found = segment_playbook(profile, [OLD])
    assert list(found) == ["segment", "name", "action", "because"]
    assert found["action"].dropna().to_dict() == {1: "write a letter"}
    assert list(found["name"]) == list(profile.names.values())


def test_a_number_below_the_others(profile):
    """The same column the other way round."""
    found = segment_playbook(profile, [{**OLD, "direction": "low"}])
    assert found["action"].dropna().to_dict() == {0: "write a letter"}


def test_a_frequent_level(profile):
    """More frequent is what a level means without a direction."""
    found = segment_playbook(profile, [ARTIST])
    assert found["action"].dropna().to_dict() == {0: "offer paint"}


def test_a_rare_level(profile):
    """Every segment but that of the artists."""
    found = segment_playbook(profile, [{**ARTIST, "direction": "low"}])
    assert list(found["action"].dropna().index) == [1, 2]


def test_the_evidence_of_numbers(profile, customers, labels):
    """Both medians, as they are in the table."""
    because = segment_playbook(profile, [OLD])["because"][1]
    own = customers["Age"][labels == 1].median()
    rest = customers["Age"][labels != 1].median()
    assert because.startswith(f"Age: median {own:.0f}, others {rest:.0f} (d = ")


def test_the_evidence_of_levels(profile):
    """Both shares."""
    because = segment_playbook(profile, [ARTIST])["because"][0]
    assert because == "job: 100% Artist, others 0% (h = 3.14)"


def test_no_rule_fits(profile):
    """The strongest feature is shown instead, to make a rule of it."""
    found = segment_playbook(profile, [OLD]).set_index("segment")
    assert found["action"].isna().to_dict() == {0: True, 1: False, 2: True}
    strongest = profile.distinguishing_features[2][0]
    assert found["because"][2] == (
        f"no rule fits; strongest: {strongest.words} ({strongest.evidence})"
    )


def test_similar_segments_have_no_distinguishing_features(customers):
    """Neither a rule nor a feature."""
    similar = segment_profile(
        [0, 1] * 60, pd.DataFrame({"x": [1.0, 1.0, 2.0, 2.0] * 30}), rule_depth=None
    )
    found = segment_playbook(similar, [{**OLD, "column": "x"}])
    assert set(found["because"]) == {
        "no rule fits; no column differs much from the other customers"
    }


def test_the_minimum_of_the_effect(profile):
    """Cohen's d below it is not enough."""
    contrast = next(column for column in profile.contrasts if column.name == "Age")
    d = contrast.effect.estimate[1]
    enough, too_much = (
        segment_playbook(profile, [{**OLD, "min_effect": limit}])
        for limit in (d - 0.01, d + 0.01)
    )
    assert enough["action"].notna().sum() == 1
    assert too_much["action"].isna().all()


def test_an_effect_that_may_be_chance_does_not_count():
    """Three customers a segment, large effect, interval across 0."""
    X = pd.DataFrame({"x": [1.0, 2.0, 3.0, 2.0, 3.0, 4.0]})
    few = segment_profile([0, 0, 0, 1, 1, 1], X, n_exemplars=0, rule_depth=None)
    assert few.contrasts[0].effect.estimate[1] > 0.5
    found = segment_playbook(few, [{**OLD, "column": "x"}])
    assert found["action"].isna().all()


def test_conditions_of_one_rule_hold_together(profile):
    """The action may stand in any of them; the evidence is that of both."""
    young = {"rule": "both", "column": "Age", "direction": "low"}
    found = segment_playbook(profile, [young, {**ARTIST, "rule": "both"}])
    assert found["action"].dropna().to_dict() == {0: "offer paint"}
    assert "Age: " in found["because"][0]
    assert "; job: " in found["because"][0]
    found = segment_playbook(profile, [young, {**RICH, "rule": "both"}])
    assert found["action"].isna().all()


def test_rules_keep_their_order(profile):
    """The first in the table is the first of a segment."""
    found = segment_playbook(
        profile, [{**OLD, "direction": "low", "action": "b"}, {**ARTIST, "action": "a"}]
    )
    assert actions(found)[0] == ["b", "a"]


def test_rules_from_a_file(profile):
    """Empty cells are left out; a truth value is read as text."""
    text = (
        "column,direction,level,min_effect,action,rule\n"
        "Age,high,,,write a letter,\n"
        "newsletter,,yes,0.4,thank them,\n"
    )
    from_file = segment_playbook(profile, pd.read_csv(io.StringIO(text)))
    by_hand = segment_playbook(
        profile,
        [
            OLD,
            {
                "column": "newsletter",
                "level": True,
                "min_effect": 0.4,
                "action": "thank them",
            },
        ],
    )
    assert actions(by_hand)[2] == ["thank them"]
    pd.testing.assert_frame_equal(from_file, by_hand)


def test_dates_are_high_where_they_are_late(profile):
    """The evidence is a date."""
    rule = {**OLD, "column": "customer_since"}
    found = segment_playbook(profile, [rule])
    assert found["action"].dropna().to_dict() == {2: "write a letter"}
    assert found["because"][2].startswith("customer_since: median 2021-")


def test_noise_has_no_playbook(customers, labels):
    """Customers without a segment are not to be treated as one."""
    profile = segment_profile(labels - 1, customers, n_exemplars=0, rule_depth=None)
    found = segment_playbook(profile, [OLD])
    assert sorted(found["segment"]) == [0, 1]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({**OLD, "column": "Agee"}, r"row 0: column 'Agee' is not in .*'Age', 'Annual"),
        ({**OLD, "direction": "up"}, r"direction 'up' of column 'Age' is not one of"),
        ({"column": "Age", "action": "x"}, "direction None of column 'Age'"),
        ({**OLD, "level": "old"}, "level 'old', and column 'Age' holds numbers"),
        ({**ARTIST, "level": None}, r"column 'job' holds categories; give the level"),
        ({**ARTIST, "level": "Poet"}, r"no level 'Poet'; its levels are \['Artist'"),
        ({**OLD, "min_effect": "large"}, "min_effect 'large' is not a number"),
        ({**OLD, "min_effect": -1}, "min_effect -1 is not a number of 0 or more"),
        ({**OLD, "action": " "}, "row 0: no action"),
        ({**OLD, "rule": "a", "action": None}, "rule 'a': no action"),
        ({**OLD, "colour": "red"}, r"unknown field\(s\) \['colour'\]"),
    ],
)
def test_wrong_rules_are_refused(profile, rule, message):
    """The row, what is wrong in it and what could stand there."""
    with pytest.raises(ValueError, match=message):
        segment_playbook(profile, [rule])


def test_two_actions_of_one_rule_are_refused(profile):
    """Which of them would be meant, nobody knows."""
    with pytest.raises(ValueError, match="'a' has two actions, 'write a letter' and"):
        segment_playbook(profile, [{**OLD, "rule": "a"}, {**RICH, "rule": "a"}])


def test_no_rules_are_refused(profile):
    """An empty table has been forgotten."""
    with pytest.raises(ValueError, match="rules are empty"):
        segment_playbook(profile, [])


@pytest.mark.parametrize("rules", ["Age", {"column": "Age"}, [1]])
def test_what_is_no_table_is_refused(profile, rules):
    """One rule alone has to be in a list."""
    with pytest.raises(TypeError, match="must be a DataFrame or a list of dict"):
        segment_playbook(profile, rules)
