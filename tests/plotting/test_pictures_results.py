"""Pictures of results look as they did; see `test_pictures`."""

import numpy as np
import pandas as pd
import pytest

from segmentlearn.inspection import segment_profile
from segmentlearn.plotting import (
    AssociationDisplay,
    CalibrationDisplay,
    ClusterStabilityDisplay,
    ConfusionMatrixDisplay,
    LiftDisplay,
    ModelComparisonDisplay,
    NumberOfClustersDisplay,
    PrecisionRecallDisplay,
    ProfitDisplay,
    SegmentMapDisplay,
    SegmentProfileDisplay,
    SilhouetteDisplay,
    ThresholdDisplay,
)

_NAMES = {
    0: "older, average annual income, very low spending score",
    1: "young families with a car on lease, mostly Artist",
    2: "savers",
}


@pytest.fixture(scope="module")
def campaign():
    """Three hundred customers and the predictions of two models."""
    rng = np.random.default_rng(0)
    liking = rng.normal(-1, 1.5, 300)
    y = (rng.random(300) < 1 / (1 + np.exp(-liking))).astype(int)
    net = 1 / (1 + np.exp(-liking))
    trees = 1 / (1 + np.exp(-2.5 * (liking + rng.normal(0, 1, 300))))
    return y, {"net": net, "gradient boosted trees": trees}


@pytest.fixture(scope="module")
def segments():
    """A table of 180 customers in three segments, and the segments."""
    rng = np.random.default_rng(0)
    codes = np.arange(180) // 60
    income = rng.normal(40 + 15 * (codes == 1), 8)
    X = pd.DataFrame(
        {
            "age": rng.normal(60 - 12 * codes, 6).round(),
            "annual_income_in_thousands_of_euros": income.round(1),
            "spending_score": rng.normal(20 + 25 * codes, 9).round(),
            "debt": (rng.normal(60, 5, 180) - income).round(1),
            "member": codes == 2,
            "job": np.array(["Artist", "Judge", "Healthcare assistant"])[
                np.where(rng.random(180) < 0.8, codes, rng.integers(0, 3, 180))
            ],
        }
    )
    return X, codes


@pytest.mark.mpl_image_compare
def test_associations(segments):
    """Numbers, categories and a target in its frame."""
    X, codes = segments
    y = pd.Series(np.array(["old", "young", "savers"])[codes], name="segment")
    return AssociationDisplay.from_frame(X, y).figure_


@pytest.mark.mpl_image_compare
def test_calibration(campaign):
    """A calibrated model beside one that is too sure."""
    return CalibrationDisplay.from_predictions(*campaign).figure_


@pytest.mark.mpl_image_compare
def test_cluster_stability():
    """One segment in each of Hennig's bands, with names."""
    rng = np.random.default_rng(0)
    means = np.array([0.92, 0.8, 0.68, 0.45])
    jaccard = np.clip(means + rng.normal(0, 0.05, (20, 4)), 0, 1)
    return (
        ClusterStabilityDisplay(
            segments=np.arange(4),
            shares=np.array([0.5, 0.3, 0.155, 0.045]),
            jaccard=jaccard,
            means=jaccard.mean(axis=0),
            ari_mean=0.713,
        )
        .plot(names=_NAMES)
        .figure_
    )


@pytest.mark.mpl_image_compare
def test_confusion_matrix():
    """Four segments, two of them with long names, thousands of customers."""
    counts = np.array(
        [[11250, 310, 40, 0], [820, 2410, 30, 5], [90, 400, 350, 1], [0, 3, 9, 0]]
    )
    names = ["loyal", "price-conscious families", "students abroad", "lost"]
    return ConfusionMatrixDisplay(counts, display_labels=names).plot().figure_


@pytest.mark.mpl_image_compare
def test_lift(campaign):
    """Two models, random choice and the best possible."""
    return LiftDisplay.from_predictions(*campaign).figure_


@pytest.mark.mpl_image_compare
def test_model_comparison():
    """A baseline of each verdict; one has no interval."""
    return (
        ModelComparisonDisplay(
            name="NeuralNetworkClassifier",
            measure="log_loss",
            baselines=["majority", "logistic regression", "boosted trees", "my own"],
            differences=np.array([0.21, 0.03, 0.004, -0.05]),
            intervals=np.array(
                [[0.18, 0.24], [0.01, 0.05], [-0.02, 0.028], [np.nan, np.nan]]
            ),
            verdicts=["better", "better", "undecided", "worse"],
            confidence_level=0.95,
        )
        .plot()
        .figure_
    )


@pytest.mark.mpl_image_compare
def test_number_of_clusters():
    """Seven criteria that do not agree, one without a choice."""
    n_clusters = np.arange(1, 9)
    bend = np.abs(n_clusters - 4.0)
    table = pd.DataFrame(
        {
            "inertia": 1.2e6 / n_clusters**1.5,
            "silhouette": 0.52 - 0.05 * bend,
            "calinski_harabasz": 4100 - 600 * bend,
            "davies_bouldin": 0.7 + 0.12 * bend,
            "gap": 1.1 - 0.2 * bend,
            "gap_se": 0.05,
            "bic": 81_000 + 900.0 * np.abs(n_clusters - 5),
            "prediction_strength": np.linspace(1, 0.3, 8),
            "prediction_strength_se": 0.06,
        },
        index=pd.Index(n_clusters, name="n_clusters"),
    )
    table.loc[1, ["silhouette", "calinski_harabasz", "davies_bouldin"]] = np.nan
    choices = {
        "elbow": None,
        "silhouette": 4,
        "calinski_harabasz": 4,
        "davies_bouldin": 4,
        "gap": 4,
        "bic": 5,
        "prediction_strength": 3,
    }
    return (
        NumberOfClustersDisplay(table=table, choices=choices, recommended=4)
        .plot()
        .figure_
    )


@pytest.mark.mpl_image_compare
def test_precision_recall(campaign):
    """Two models and the level of random choice."""
    y, proba = campaign
    ax = None
    for name, scores in proba.items():
        ax = PrecisionRecallDisplay.from_predictions(y, scores, name=name, ax=ax).ax_
    return ax.figure


@pytest.mark.mpl_image_compare
def test_profit(campaign):
    """Two models, their bands and their best budgets."""
    return ProfitDisplay.from_predictions(
        *campaign, benefit=120, cost=45, n_bootstrap=50, random_state=0
    ).figure_


@pytest.mark.mpl_image_compare
@pytest.mark.parametrize("space", ["columns", "pca"])
def test_segment_map(segments, space):
    """Three segments and noise, with names of some length."""
    X, codes = segments
    labels = np.where(np.arange(180) % 15 == 0, -1, codes)
    return SegmentMapDisplay.from_predictions(
        X, labels, names=_NAMES, space=space
    ).figure_


@pytest.mark.mpl_image_compare
@pytest.mark.parametrize("kind", ["heatmap", "snake"])
def test_segment_profile(segments, kind):
    """Numbers, a truth value and a category of three levels."""
    X, codes = segments
    profile = segment_profile(codes, X, rule_depth=None, n_exemplars=0)
    return SegmentProfileDisplay.from_result(profile).plot(kind).figure_


@pytest.mark.mpl_image_compare
@pytest.mark.parametrize("kind", ["heatmap", "snake"])
def test_segment_profile_in_narrow_axes(segments, kind):
    """Captions are as short as the axes of the caller demand."""
    from matplotlib import pyplot

    X, codes = segments
    profile = segment_profile(codes, X, rule_depth=None, n_exemplars=0)
    figure, axes = pyplot.subplots(1, 2, figsize=(9.0, 4.2), layout="constrained")
    for ax in axes:
        SegmentProfileDisplay.from_result(profile).plot(kind, ax=ax)
    return figure


@pytest.mark.mpl_image_compare
@pytest.mark.parametrize("names", [None, _NAMES], ids=["labels", "names"])
def test_silhouette(segments, names):
    """Three segments and a small fourth one that is no segment."""
    X, codes = segments
    labels = np.where(np.arange(180) % 12 == 5, 3, codes)
    numbers = X[["age", "spending_score"]].to_numpy()
    return SilhouetteDisplay.from_predictions(numbers, labels, names=names).figure_


@pytest.mark.mpl_image_compare
def test_threshold(campaign):
    """One threshold marked, with what it brings in the legend."""
    y, proba = campaign
    return ThresholdDisplay.from_predictions(y, proba["net"], threshold=0.35).figure_
