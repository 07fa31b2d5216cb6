"""Gain, lift, profit, budgets and costs, against values worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import auc, make_scorer, roc_auc_score

from segmentlearn.metrics import (
    cost_score,
    cost_threshold,
    cumulative_gain_curve,
    lift_curve,
    make_cost_scorer,
    minimum_cost_labels,
    profit_at_budget,
    profit_curve,
    profit_score,
    select_within_budget,
    threshold_for_budget,
)

Y = np.array([1, 0, 1, 0, 0, 1])
PROBA = np.array([0.9, 0.8, 0.5, 0.5, 0.5, 0.1])
COSTS = {("yes", "no"): 8.0, ("no", "yes"): 1.0}


@pytest.fixture(scope="module")
def campaign():
    """400 customers with calibrated probabilities, one in five a responder."""
    rng = np.random.default_rng(0)
    proba = rng.beta(1, 4, 400)
    return (rng.random(400) < proba).astype(int), proba


def test_gain_by_hand():
    """A group of equal probabilities is one step."""
    share, gain, thresholds = cumulative_gain_curve(Y, PROBA)
    np.testing.assert_allclose(share, [0, 1 / 6, 2 / 6, 5 / 6, 1])
    np.testing.assert_allclose(gain, [0, 1 / 3, 1 / 3, 2 / 3, 1])
    np.testing.assert_array_equal(thresholds, [np.inf, 0.9, 0.8, 0.5, 0.1])


def test_lift_by_hand():
    """It ends at 1."""
    share, lift, _ = lift_curve(Y, PROBA)
    np.testing.assert_allclose(share, [1 / 6, 2 / 6, 5 / 6, 1])
    np.testing.assert_allclose(lift, [2, 1, 0.8, 1])


def test_profit_by_hand():
    """Ten for a responder, two for a contact."""
    _, profit, _ = profit_curve(Y, PROBA, benefit=10, cost=2)
    np.testing.assert_allclose(profit, [0, 8, 6, 10, 18])


def test_profit_of_each_customer():
    """Benefits and costs may differ from customer to customer."""
    benefit = [10, 0, 20, 0, 0, 5]
    _, profit, _ = profit_curve(Y, PROBA, benefit=benefit, cost=np.arange(6))
    np.testing.assert_allclose(profit, [0, 10, 9, 20, 20])


def test_area_under_the_gain_curve_is_that_of_the_roc_curve(campaign):
    """AUC = (gain area - rate / 2) / (1 - rate), ties or not."""
    y, proba = campaign
    proba = proba.round(1)
    share, gain, _ = cumulative_gain_curve(y, proba)
    rate = y.mean()
    assert (auc(share, gain) - rate / 2) / (1 - rate) == pytest.approx(
        roc_auc_score(y, proba)
    )


def test_text_labels_need_the_positive_class():
    """One column does not show which class it is for; two do."""
    labels = np.where(Y == 1, "yes", "no")
    with pytest.raises(ValueError, match="pos_label"):
        cumulative_gain_curve(labels, PROBA)
    both = np.column_stack([1 - PROBA, PROBA])
    for given in (labels, pd.Series(labels), pd.Series(labels, dtype="category")):
        named = cumulative_gain_curve(given, PROBA, pos_label="yes")
        np.testing.assert_array_equal(named, cumulative_gain_curve(given, both))
    np.testing.assert_allclose(named[1], cumulative_gain_curve(Y, PROBA)[1])


def test_first_class_can_be_the_positive_one():
    """Then the first of two columns is its probability."""
    labels = np.where(Y == 1, "a responder", "silent")
    both = np.column_stack([PROBA, 1 - PROBA])
    found = cumulative_gain_curve(labels, both, pos_label="a responder")
    np.testing.assert_array_equal(found, cumulative_gain_curve(Y, PROBA))


def test_more_than_two_classes_are_refused():
    """With what to pass instead."""
    with pytest.raises(ValueError, match="y_true == segment"):
        lift_curve(["A", "B", "C"], [0.1, 0.2, 0.3])


def test_nobody_to_gain_is_an_error():
    """A share of no responders is not defined."""
    with pytest.raises(ValueError, match="positive class"):
        cumulative_gain_curve([0, 0], [0.1, 0.2])


def test_profit_at_budget_averages_over_ties():
    """One of the three tied customers responds: a contact brings a third of ten."""
    result = profit_at_budget(Y, PROBA, benefit=10, cost=2, budget=3, random_state=0)
    assert result.profit == pytest.approx(6 + 10 / 3 - 2)
    assert result.n_responders == pytest.approx(4 / 3)
    assert result.n_contacted == 3
    assert result.threshold == 0.5


def test_order_of_rows_does_not_matter():
    """Of tied customers in particular."""
    order = [5, 4, 3, 2, 1, 0]
    given = [(Y, PROBA), (Y[order], PROBA[order])]
    results = [
        profit_at_budget(y, p, benefit=10, cost=2, budget=4, n_bootstrap=1)
        for y, p in given
    ]
    assert results[0].profit == results[1].profit


def test_expected_profit_is_that_of_the_probabilities():
    """What 0.9 and 0.8 promise at ten each, less two contacts."""
    result = profit_at_budget(Y, PROBA, benefit=10, cost=2, budget=2)
    assert result.expected == pytest.approx(17 - 4)
    assert result.profit == pytest.approx(10 - 4)


def test_profit_of_a_share_of_the_customers(campaign):
    """A float is a share."""
    y, proba = campaign
    how = {"benefit": 10, "cost": 2, "random_state": 0}
    assert profit_at_budget(y, proba, budget=0.25, **how) == profit_at_budget(
        y, proba, budget=100, **how
    )


def test_no_budget_earns_nothing():
    """And has no response rate."""
    result = profit_at_budget(Y, PROBA, benefit=10, cost=2, budget=0)
    assert (result.profit, result.low, result.high) == (0, 0, 0)
    assert np.isnan(result.response_rate)


def test_interval_of_all_customers_is_that_of_a_mean(campaign):
    """Contacting everybody, the bootstrap must find the error of a binomial share."""
    y, proba = campaign
    result = profit_at_budget(
        y, proba, benefit=1, cost=0, budget=1.0, n_bootstrap=4000, random_state=0
    )
    half = 1.96 * np.sqrt(len(y) * y.mean() * (1 - y.mean()))
    assert (result.high - result.low) / 2 == pytest.approx(half, rel=0.07)


def test_interval_is_that_of_the_plain_bootstrap(campaign):
    """Which draws all rows and sorts each sample, where only the head is drawn here."""
    y, proba = campaign
    rng = np.random.default_rng(0)
    profits = []
    for _ in range(3000):
        rows = rng.integers(0, 400, 400)
        best = rows[np.argsort(-proba[rows])][:20]
        profits.append(10 * y[best].sum() - 40)
    result = profit_at_budget(
        y, proba, benefit=10, cost=2, budget=20, n_bootstrap=3000, random_state=0
    )
    expected = np.quantile(profits, [0.025, 0.975])
    np.testing.assert_allclose([result.low, result.high], expected, atol=5)


def test_interval_covers_the_truth():
    """In about 9 of 10 campaigns at a confidence of 0.9."""
    rng = np.random.default_rng(0)
    best = np.sort(rng.beta(1, 4, 300_000))[-90_000:]  # the most probable 30 %
    truth = 90 * (10 * best.mean() - 2)
    n_covered = 0
    for _ in range(60):
        proba = rng.beta(1, 4, 300)
        y = rng.random(300) < proba
        result = profit_at_budget(
            y, proba, benefit=10, cost=2, budget=90, n_bootstrap=100,
            confidence_level=0.9, random_state=0,
        )  # fmt: skip
        n_covered += result.low <= truth <= result.high
    assert 48 <= n_covered <= 59


def test_same_seed_same_interval(campaign):
    """And another one with another seed."""
    how = {"benefit": 10, "cost": 2, "budget": 80, "n_bootstrap": 50}
    one, same, other = (
        profit_at_budget(*campaign, **how, random_state=seed) for seed in (0, 0, 1)
    )
    assert one == same
    assert one.low != other.low


@pytest.mark.parametrize(
    ("budget", "ties", "n"),
    [
        (0, "fewer", 0),
        (2, "fewer", 2),
        (3, "fewer", 2),
        (3, "more", 5),
        (5, "fewer", 5),
        (5, "more", 5),
        (6, "fewer", 6),
        (0, "more", 0),
        (0.5, "fewer", 2),
        (1.0, "more", 6),
        (99, "fewer", 6),
    ],
)
def test_threshold_contacts_what_the_budget_pays_for(budget, ties, n):
    """Ties at the end of the budget are left out, or all taken."""
    threshold = threshold_for_budget(PROBA, budget, ties=ties)
    assert (threshold <= PROBA).sum() == n


def test_threshold_lies_between_two_customers():
    """So that rounding of a probability does not matter."""
    assert threshold_for_budget(PROBA, 1) == pytest.approx(0.85)


def test_neighbouring_probabilities_are_parted():
    """Where no number lies between them, the upper one is the threshold."""
    low = 0.3
    high = np.nextafter(low, 1)
    assert threshold_for_budget([low, high], 1) == high


@pytest.mark.parametrize("budget", [-1, 1.5, -0.1])
def test_impossible_budget(budget):
    """Is named."""
    with pytest.raises(ValueError, match="budget="):
        threshold_for_budget(PROBA, budget)


@pytest.mark.parametrize("n", range(7))
def test_selection_is_exact(n):
    """Random among ties, and never a less probable customer."""
    selected = select_within_budget(PROBA, n, random_state=0)
    assert selected.sum() == n
    if 0 < n < 6:
        assert PROBA[selected].min() >= PROBA[~selected].max()


def test_ties_are_broken_at_random():
    """Each of the tied customers is sometimes contacted."""
    drawn = [select_within_budget(PROBA, 3, random_state=seed) for seed in range(20)]
    assert np.any(drawn, axis=0).tolist() == [True] * 5 + [False]


def test_cost_by_dict_and_by_array():
    """Pairs are (true class, decision); rows are true classes."""
    y, decided = ["yes", "yes", "no", "no"], ["yes", "no", "yes", "no"]
    assert cost_score(y, decided, COSTS) == 9 / 4
    assert cost_score(y, decided, [[0, 1], [8, 0]], normalize=False) == 9
    assert profit_score(y, decided, [[0, -1], [8, 0]]) == 7 / 4


def test_rows_stand_for_customers():
    """By their weights."""
    cost = cost_score(["yes", "no"], ["no", "no"], COSTS, sample_weight=[1, 3])
    assert cost == 2


def test_cost_scorer_is_minus_the_cost():
    """So that searches maximise it."""
    X, y = [[0], [0]], ["yes", "no"]
    always = DummyClassifier(strategy="constant", constant="yes").fit(X, y)
    assert make_cost_scorer(COSTS)(always, X, y) == -0.5
    scorer = make_scorer(profit_score, profit_matrix={("yes", "yes"): 3})
    assert scorer(always, X, y) == 1.5


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        ({("maybe", "no"): 1.0}, "'maybe'"),
        ({"yes": 1.0}, "pairs"),
        ({("yes", "no"): np.nan}, "not a finite number"),
        ([[0, 1, 2], [1, 0, 2], [1, 2, 0]], "shape"),
    ],
)
def test_wrong_cost_matrix(matrix, words):
    """Errors name the key or the shape."""
    with pytest.raises(ValueError, match=words):
        cost_score(["yes", "no"], ["no", "no"], matrix, labels=["no", "yes"])


def test_lowest_expected_cost_of_three_classes():
    """A dear mistake moves the decision away from the most probable class."""
    costs = {("C", "A"): 100.0, ("C", "B"): 100.0, ("A", "B"): 1.0, ("B", "A"): 1.0}
    costs |= {("A", "C"): 5.0, ("B", "C"): 5.0}
    proba = [[0.6, 0.3, 0.1], [0.7, 0.3, 0.0], [0.2, 0.8, 0.0]]
    labels = minimum_cost_labels(proba, costs, ["A", "B", "C"])
    assert labels.tolist() == ["C", "A", "B"]


def test_equal_costs_are_decided_by_probability():
    """With no costs at all it is the most probable class."""
    proba = [[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]]
    labels = minimum_cost_labels(proba, {}, ["A", "B", "C"])
    assert labels.tolist() == ["B", "A"]


def test_cost_threshold_decides_as_the_expected_costs(campaign):
    """For two classes both are the same."""
    proba = campaign[1]
    threshold = cost_threshold(COSTS, ["no", "yes"])
    labels = minimum_cost_labels(
        np.column_stack([1 - proba, proba]), COSTS, ["no", "yes"]
    )
    assert threshold == pytest.approx(1 / 9)
    np.testing.assert_array_equal(labels == "yes", proba >= threshold)


def test_profits_are_no_costs():
    """The error is raised where a threshold is asked for."""
    with pytest.raises(ValueError, match="profits"):
        cost_threshold([[0, -1], [-8, 0]], [0, 1])
