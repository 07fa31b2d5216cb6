"""How well responders are found, whom to contact, and what to expect of it."""

import dataclasses
import json

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import average_precision_score, roc_auc_score

from segmentlearn.metrics import (
    ResponseSummary,
    contact_list,
    cumulative_gain_curve,
    responder_label,
    response_summary,
)


def draw(n_rows, seed, shift=0.0):
    """Draw probabilities, and responses whose logits are shifted against them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-2.0, 1.5, n_rows)
    return expit(logits), (rng.random(n_rows) < expit(logits + shift)).astype(int)


@pytest.fixture(scope="module")
def held_out():
    """Customers whose probabilities are true."""
    proba, y = draw(1000, 0)
    return response_summary(y, proba)


def test_figures_are_those_of_scikit_learn():
    """Rate, AUC and average precision; the gain up to the width of a group."""
    proba, y = draw(1000, 0)
    found = response_summary(y, proba)
    assert found.rate == y.mean()
    np.testing.assert_allclose(found.roc_auc, roc_auc_score(y, proba))
    assert found.roc_auc_low < found.roc_auc < found.roc_auc_high
    np.testing.assert_allclose(
        found.average_precision, average_precision_score(y, proba)
    )
    share, gain, _ = cumulative_gain_curve(y, proba)
    table = found.gain_table()
    expected = np.interp(table["contacted"], share, gain)
    np.testing.assert_allclose(table["gain"], expected, atol=0.015)


def test_labels_of_text_have_a_class_of_responders():
    """Named, or that of the second column."""
    y, proba = ["no", "yes", "no"], np.array([[0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    assert response_summary(y, proba).pos_label == "yes"
    assert response_summary(y, proba, pos_label="no").rate == pytest.approx(2 / 3)


def test_an_archive_can_keep_it(held_out):
    """JSON and back; NaN where nobody responds."""
    kept = ResponseSummary.from_dict(json.loads(json.dumps(held_out.to_dict())))
    assert kept.to_dict() == held_out.to_dict()
    nobody = response_summary(np.zeros(20, int), np.linspace(0, 1, 20), pos_label=1)
    kept = ResponseSummary.from_dict(json.loads(json.dumps(nobody.to_dict())))
    assert np.isnan(kept.roc_auc)
    with pytest.raises(ValueError, match="to_dict"):
        ResponseSummary.from_dict({"rate": 0.5})


@pytest.mark.parametrize("n_rows", [1, 4, 9, 30])
def test_few_customers_are_few_groups(n_rows):
    """Counts add up, whatever their number."""
    proba, y = draw(n_rows, 1)
    found = response_summary(y, proba)
    assert found.n_rows == n_rows
    assert found.responders_reached[-1] == y.sum()
    low, expected, high = np.array(found.expected_responders(proba))[[1, 0, 2]]
    assert 0 <= low <= expected <= high <= n_rows


def test_few_customers_are_never_between_contacts_that_are_shown(held_out):
    """Responders and others; numbers that are asked for come first and are exact."""
    gains = held_out.gain_table()
    shown = held_out.shown_contacts(10, gains["customers"])
    reached = np.interp(shown, held_out.contacted, held_out.responders_reached)
    responders, steps = np.diff(reached), np.diff(shown)
    assert min(*responders, *(steps - responders)) >= 10
    assert {0, held_out.n_rows} <= set(shown)
    kept = gains[gains["customers"].isin(shown)]
    assert len(kept) >= 3
    at = np.searchsorted(shown, kept["customers"])
    np.testing.assert_array_equal(reached[at], kept["responders"])


@pytest.mark.parametrize(
    ("labels", "counts", "responder"),
    [
        (["No", "Yes"], None, "Yes"),
        ([0, 1], [10, 90], 1),
        (["0.0", "1.0"], [10, 90], "1.0"),
        ([False, True], [10, 90], True),
        (["Attrited Customer", "Existing Customer"], [10, 90], "Attrited Customer"),
        (["bad", "good"], [90, 10], "good"),
    ],
)
def test_responders_say_yes_or_are_rare(labels, counts, responder):
    """A target names what is looked for."""
    assert responder_label(labels, counts) == responder


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.0, -2.0])
def test_interval_holds_the_number_of_responders(shift):
    """In about 95 of 100 campaigns, whether probabilities are true or not."""
    inside, trusting = [], []
    for seed in range(30):
        proba, y = draw(600, seed, shift)
        found = response_summary(y, proba)
        proba, y = draw(4000, 1000 + seed, shift)
        calls = contact_list(proba, top=400, held_out=found, control_share=0)
        inside.append(calls.low <= y[calls.rows].sum() <= calls.high)
        blind = contact_list(proba, top=400, control_share=0)
        trusting.append(blind.low <= y[blind.rows].sum() <= blind.high)
    assert np.mean(inside) >= 0.9
    assert shift == 0 or np.mean(trusting) < 0.1


def test_another_fit_is_less_sure(held_out):
    """What held-out customers say of one fit holds for the next one less exactly."""
    proba, _ = draw(2000, 5)
    again = dataclasses.replace(held_out, of_other_fit=True)
    _, low, high = held_out.expected_responders(proba)
    _, lower, higher = again.expected_responders(proba)
    assert lower < low < high < higher


def test_break_even_is_cost_over_value(held_out):
    """From this probability on a contact pays; the profit is that of the counts."""
    even = held_out.break_even(cost_per_contact=5, value_per_response=25)
    assert even.threshold == pytest.approx(0.2, abs=0.03)
    assert even.profit == pytest.approx(25 * even.n_responders - 5 * even.n_contacted)
    never = held_out.break_even(cost_per_contact=5, value_per_response=4)
    assert (never.threshold, never.n_contacted) == (np.inf, 0)


def test_list_has_the_most_probable_customers_and_a_control_group():
    """By falling probability; the control group is a random part of it."""
    proba, _ = draw(1000, 2)
    calls = contact_list(proba, top=100)
    assert calls.rows.tolist() == np.argsort(-proba, kind="stable")[:100].tolist()
    assert (calls.n_contacts, calls.is_control.sum(), calls.limit) == (95, 5, "top")
    again = contact_list(proba, top=100)
    np.testing.assert_array_equal(again.is_control, calls.is_control)
    other = contact_list(proba, top=100, random_state=1)
    assert (other.is_control != calls.is_control).any()
    frame = calls.to_frame()
    assert frame["group"].value_counts().to_dict() == {"contact": 95, "control": 5}
    assert frame["probability"].is_monotonic_decreasing


def test_budget_pays_contacts_and_not_the_control_group():
    """All of it is spent where contacts pay, and nobody else is called."""
    proba, _ = draw(5000, 3)
    amounts = {"cost_per_contact": 5, "value_per_response": 80}
    calls = contact_list(proba, budget=1000, **amounts)
    assert (calls.n_contacts, calls.cost, calls.limit) == (200, 1000, "budget")
    assert calls.profit == pytest.approx(80 * calls.expected_responders - 1000)
    rich = contact_list(proba, budget=10**6, **amounts)
    assert rich.limit == "profit"
    assert rich.proba[-1] >= 5 / 80
    assert rich.n_unprofitable == 0


def test_excluded_and_improbable_customers_are_not_listed():
    """Whatever else limits the list."""
    proba = np.linspace(0, 1, 101)
    exclude = proba > 0.9
    calls = contact_list(proba, top=50, exclude=exclude, min_probability=0.8)
    assert calls.n_excluded == 10
    assert calls.proba.max() <= 0.9
    assert calls.proba.min() >= 0.8
    assert calls.limit == "min_probability"
    nobody = contact_list(proba, top=5, exclude=np.ones(101, bool))
    assert (len(nobody.rows), nobody.expected_responders) == (0, 0.0)


def test_contacts_that_do_not_pay_are_counted_where_their_number_is_given():
    """The list is as long as asked for, and says what is wrong with it."""
    calls = contact_list(
        np.linspace(0, 1, 101), top=101, cost_per_contact=5, value_per_response=10
    )
    assert calls.n_unprofitable > 40
    assert "cost more than they are expected to bring" in str(calls)


def test_text_says_what_to_do(held_out):
    """Expected responders, the control group, and that it is no uplift."""
    proba, _ = draw(2000, 4)
    text = str(contact_list(proba, top=200, held_out=held_out))
    assert "190 contacts" in text
    assert "95% interval" in text
    assert "Control group: 10 customers" in text
    assert "a propensity is not an uplift" in text
    assert "takes the probabilities for true" not in text
    assert "takes the probabilities for true" in str(contact_list(proba, top=200))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({}, "nothing limits the list"),
        ({"budget": 100}, "budget needs cost_per_contact"),
        ({"value_per_response": 5}, "value_per_response needs cost_per_contact"),
        ({"top": 5, "control_share": 1}, "control_share=1"),
        ({"min_probability": 2}, "min_probability=2"),
        ({"budget": -1, "cost_per_contact": 1}, "budget=-1"),
        ({"top": -1}, "top=-1"),
    ],
)
def test_limits_that_say_nothing_are_refused(limits, message):
    """By name, with the cure."""
    with pytest.raises(ValueError, match=message):
        contact_list([0.1, 0.9], **limits)
