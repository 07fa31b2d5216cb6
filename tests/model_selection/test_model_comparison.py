"""A classifier beside others: the same folds, honest intervals, words."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import KFold, RepeatedStratifiedKFold, ShuffleSplit
from sklearn.naive_bayes import GaussianNB

from segmentlearn import SegmentClassifier, compare_models, make_customers

MEASURES = ["log_loss", "accuracy", "macro_f1", "roc_auc", "brier"]
BASELINES = {"majority": DummyClassifier(strategy="prior"), "bayes": GaussianNB()}


def draw(n_rows=150):
    """Rows of three segments, b and c of which lie close."""
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b", "c"], n_rows // 3)
    centers = {"a": 0.0, "b": 4.0, "c": 5.0}
    X = np.array([centers[label] for label in y])[:, None] + rng.normal(
        size=(n_rows, 2)
    )
    return X, y


@pytest.fixture(scope="module")
def found():
    """A logistic regression beside two baselines."""
    X, y = draw()
    return compare_models(
        LogisticRegression(), X, y, baselines=BASELINES, random_state=0
    )


def test_every_model_has_every_fold(found):
    """Three models, five folds, all measures."""
    assert found.fold_scores.groupby("model")["fold"].nunique().tolist() == [5, 5, 5]
    assert found.fold_scores[MEASURES].notna().all().all()


def test_the_majority_is_beaten(found):
    """Its classes are well separated."""
    assert found.verdict.startswith("LogisticRegression is better than majority")


def test_equal_models_are_undecided():
    """The same model under two names differs by nothing."""
    X, y = draw()
    same = compare_models(
        LogisticRegression(),
        X,
        y,
        baselines={"same": LogisticRegression()},
        random_state=0,
    )
    assert set(same.differences["verdict"]) == {"undecided"}
    assert (same.differences["difference"] == 0).all()
    assert "Neither" in same.verdict


def test_the_majority_is_worse():
    """The verdict says so."""
    X, y = draw()
    lost = compare_models(
        DummyClassifier(strategy="prior"),
        X,
        y,
        baselines={"bayes": GaussianNB()},
        random_state=0,
    )
    assert lost.verdict.startswith(
        "DummyClassifier is worse than bayes: log-loss higher"
    )
    assert lost.to_frame()["model"].tolist() == ["bayes", "DummyClassifier"]


def test_differences_are_positive_where_it_is_better(found):
    """Losses are turned round."""
    rows = found.differences.set_index(["baseline", "measure"])["difference"]
    means = found.fold_scores.groupby("model")[["log_loss", "accuracy"]].mean()
    lead = means.loc["LogisticRegression"] - means.loc["majority"]
    assert rows["majority", "accuracy"] == pytest.approx(lead["accuracy"])
    assert rows["majority", "log_loss"] == pytest.approx(-lead["log_loss"])


def test_confusions_are_named(found):
    """The segments that lie close are taken for each other."""
    own = found.classes[found.classes["model"] == "LogisticRegression"]
    confused_with = own.set_index("class")["confused_with"]
    assert confused_with["b"] == "c"
    assert confused_with["c"] == "b"
    assert "predicts a best" in found.verdict


def test_support_is_that_of_the_table(found):
    """Each row is held out once."""
    own = found.classes[found.classes["model"] == "bayes"]
    assert own["support"].tolist() == [50, 50, 50]


def test_predictions_are_held_out(found):
    """Their accuracy is that of the folds, which are of one size."""
    accuracy = (found.predictions["bayes"] == found.y_true).mean()
    rows = found.fold_scores[found.fold_scores["model"] == "bayes"]
    assert accuracy == pytest.approx(rows["accuracy"].mean())


def test_the_interval_is_wider_than_that_of_a_plain_t_test():
    """Nadeau and Bengio: test rows by training rows are added to one by folds."""
    X, y = draw()
    baselines = {"bayes": GaussianNB()}
    found = compare_models(
        LogisticRegression(), X, y, baselines=baselines, random_state=0
    )
    scores = found.fold_scores.pivot(index="fold", columns="model", values="accuracy")
    differences = scores["LogisticRegression"] - scores["bayes"]
    error = np.sqrt((1 / 5 + 0.25) * differences.var())
    half_width = stats.t(4).ppf(0.975) * error
    row = found.differences.set_index("measure").loc["accuracy"]
    mean = row["difference"]
    assert mean == pytest.approx(differences.mean())
    assert row["high"] - mean == pytest.approx(half_width)
    assert mean - row["low"] == pytest.approx(half_width)
    assert row["p_value"] == pytest.approx(2 * stats.t(4).sf(abs(mean) / error))


def test_one_fold_has_no_interval():
    """Nothing shows how much the difference varies."""
    X, y = draw()
    cv = ShuffleSplit(1, random_state=0)
    found = compare_models(GaussianNB(), X, y, baselines=BASELINES, cv=cv)
    assert found.differences["difference"].notna().all()
    assert found.differences[["low", "high", "p_value"]].isna().all().all()
    assert set(found.differences["verdict"]) == {"undecided"}


def test_more_baselines_widen_the_intervals(found):
    """All of them hold together."""
    X, y = draw()
    alone = compare_models(
        LogisticRegression(),
        X,
        y,
        baselines={"bayes": BASELINES["bayes"]},
        random_state=0,
    )

    def width(comparison):
        rows = comparison.differences.set_index(["baseline", "measure"])
        return np.diff(rows.loc[("bayes", "log_loss"), ["low", "high"]])[0]

    assert width(found) > width(alone)


def test_a_model_without_probabilities_is_compared_by_its_labels():
    """And is refused where probabilities are needed."""
    X, y = draw()
    baselines = {"ridge": RidgeClassifier()}
    by_label = compare_models(
        LogisticRegression(),
        X,
        y,
        baselines=baselines,
        scoring="accuracy",
        random_state=0,
    )
    rows = by_label.fold_scores[by_label.fold_scores["model"] == "ridge"]
    assert rows["accuracy"].notna().all()
    assert rows["log_loss"].isna().all()
    with pytest.raises(ValueError, match=r"log_loss.*ridge.*accuracy"):
        compare_models(LogisticRegression(), X, y, baselines=baselines, random_state=0)


@pytest.mark.parametrize("scoring", ["balanced_accuracy", "f1_weighted"])
def test_scorers_of_scikit_learn_decide(scoring):
    """The verdict is about them, and the other measures stay."""
    X, y = draw()
    own = compare_models(
        LogisticRegression(), X, y, baselines=BASELINES, scoring=scoring, random_state=0
    )
    assert own.scoring == scoring
    assert scoring in own.verdict
    assert {scoring, *MEASURES} <= set(own.differences["measure"])


def test_repeated_folds_are_taken():
    """Ten folds, each row held out twice."""
    X, y = draw()
    cv = RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=0)
    repeated = compare_models(
        GaussianNB(), X, y, baselines={"m": DummyClassifier()}, cv=cv
    )
    assert len(repeated.fold_scores) == 20


def test_a_fold_may_lack_a_class():
    """Its probability is 0 there, and other measures stay."""
    X, y = draw()
    lacking = compare_models(
        GaussianNB(),
        X,
        y,
        baselines={"m": DummyClassifier(strategy="prior")},
        cv=KFold(3),
        scoring="accuracy",
    )
    assert (lacking.fold_scores["accuracy"] == 0).all()
    assert lacking.fold_scores["roc_auc"].isna().all()


def test_one_class_is_refused():
    """The error names it."""
    with pytest.raises(ValueError, match="'a'"):
        compare_models(GaussianNB(), np.zeros((4, 1)), ["a"] * 4)


def test_nothing_is_fitted_in_place():
    """Estimators stay as they were given."""
    X, y = draw()
    model = GaussianNB()
    compare_models(model, X, y, baselines=BASELINES, random_state=0)
    assert not hasattr(model, "classes_")
    assert not hasattr(BASELINES["bayes"], "classes_")


def test_a_baseline_may_have_the_model_s_name():
    """The user's model gets another one."""
    X, y = draw()
    found = compare_models(
        GaussianNB(), X, y, baselines={"GaussianNB": GaussianNB()}, random_state=0
    )
    assert found.name == "GaussianNB (yours)"


def test_the_text_holds_table_and_verdict(found):
    """A row for each model."""
    text = str(found)
    assert all(name in text for name in ("LogisticRegression", "majority", "bayes"))
    assert text.endswith(found.verdict)


def test_the_same_seed_gives_the_same_folds(found):
    """All scores are equal."""
    X, y = draw()
    again = compare_models(
        LogisticRegression(), X, y, baselines=BASELINES, random_state=0
    )
    columns = ["model", "fold", *MEASURES]
    pd.testing.assert_frame_equal(
        found.fold_scores[columns], again.fold_scores[columns]
    )


@pytest.fixture(scope="module")
def raw():
    """Raw customers: text, missing values, a date and a yes-or-no column."""
    X, y = make_customers("automobile", 120, random_state=0)
    since = pd.Series(pd.date_range("2020-01-01", periods=120)).where(X.index % 7 > 0)
    loyal = pd.array([True, False, None] * 40, dtype="boolean")
    visits = pd.array([1, None, 3] * 40, dtype="Int64")
    return X.assign(since=since, loyal=loyal, visits=visits), y


@pytest.mark.slow
def test_default_baselines_take_raw_customers(raw):
    """Unseen levels and missing values included: the folds differ in levels."""
    X, y = raw
    rare = [f"level {row}" if row % 10 == 0 else "usual" for row in range(120)]
    X = X.assign(rare=rare)
    found = compare_models(DummyClassifier(), X, y, cv=2, random_state=0)
    means = found.to_frame().set_index("model")
    assert len(means) == 5
    assert np.isfinite(means[MEASURES].drop("DummyClassifier")).all().all()


def test_default_baselines_take_arrays():
    """As they are."""
    X, y = draw(60)
    found = compare_models(GaussianNB(), X, y, cv=2, random_state=0)
    assert found.fold_scores["model"].nunique() == 5


@pytest.mark.slow
def test_the_library_s_own_classifier_is_compared(raw):
    """Raw frame, text labels."""
    X, y = raw
    net = SegmentClassifier.from_preset("best-practices", max_epochs=2, random_state=0)
    found = compare_models(
        net, X, y, baselines={"majority": BASELINES["majority"]}, cv=2, random_state=0
    )
    assert found.name == "SegmentClassifier"
    assert found.to_frame()["weakest_class"].isin(list("ABCD")).all()


def test_single_precision_is_no_reason_to_warn():
    """Probabilities that sum to one but for their rounding are measured quietly."""

    class SinglePrecision(GaussianNB):
        def predict_proba(self, X):
            proba = super().predict_proba(X).astype(np.float32)
            return proba * np.float32(1 + 2e-7)

    X, y = draw()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compare_models(SinglePrecision(), X, y, baselines={}, cv=2, random_state=0)


class Spy(DummyClassifier):
    """A classifier that notes the rows, which its one column numbers."""

    seen: list = []

    def fit(self, X, y, sample_weight=None):
        """Fit, and note the rows learnt from."""
        Spy.seen.append([X[:, 0].tolist()])
        return super().fit(X, y, sample_weight)

    def predict_proba(self, X):
        """Predict, and note the rows asked about."""
        Spy.seen[-1].append(X[:, 0].tolist())
        return super().predict_proba(X)


def folds_of(y, **arguments):
    """Return which rows a comparison fits to, and which it compares on."""
    Spy.seen.clear()
    X = np.arange(len(y))[:, None]
    compare_models(Spy(), X, y, baselines={}, random_state=0, **arguments)
    return [(each[0], each[1]) for each in Spy.seen]


def test_groups_are_on_one_side_of_a_fold():
    """An integer cv makes stratified folds of whole groups."""
    y = np.tile([0, 1], 50)
    groups = np.arange(100) // 5
    for train, test in folds_of(y, cv=4, groups=groups):
        assert not set(groups[train]) & set(groups[test])
        assert 0.3 < y[test].mean() < 0.7


def test_later_rows_are_predicted_from_earlier_ones():
    """Folds follow each other in time; rows of one day stay together."""
    days = pd.to_datetime("2026-01-01") + pd.to_timedelta(np.arange(90)[::-1] // 3, "D")
    splits = folds_of(np.tile([0, 1], 45), cv=4, times=days)
    assert len(splits) == 4
    for train, test in splits:
        assert days[train].max() < days[test].min()
    assert splits[-1][1] == list(range(18))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"times": [1] * 9 + [2]}, "times has 2 different values"),
        ({"times": [None, *range(9)]}, "1 missing value"),
        ({"times": range(10), "groups": range(10)}, "pass one"),
        ({"times": range(10), "cv": [([0], [1])]}, "must be the number of folds"),
    ],
)
def test_times_that_make_no_folds_are_refused(arguments, message):
    """With the cure."""
    with pytest.raises(ValueError, match=message):
        folds_of(np.arange(10) % 2, **{"cv": 3, **arguments})


def test_compare_models_takes_times():
    """Every model is measured on so many folds, and the first rows are in none."""
    X = np.random.default_rng(0).normal(size=(80, 2))
    y = (X[:, 0] > 0).astype(int)
    models = {"majority": DummyClassifier(strategy="prior")}
    found = compare_models(
        LogisticRegression(), X, y, baselines=models, cv=3, times=np.arange(80)
    )
    assert found.fold_scores.groupby("model").size().tolist() == [3, 3]
