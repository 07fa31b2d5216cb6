"""Ready-made search spaces: what they name, and what they cost."""

import sys

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, ParameterGrid, ParameterSampler
from sklearn.pipeline import make_pipeline

from segmentlearn import (
    Autoencoder,
    AutoencoderClusterer,
    SegmentClassifier,
    TabularPreprocessor,
    engine,
)
from segmentlearn.model_selection import search_space

SIZES = ("small", "medium", "large")
NETS = {
    "ensemble": SegmentClassifier(),
    "preset": SegmentClassifier.from_preset("best-practices"),
    "wide preset": SegmentClassifier.from_preset("wide-dropout"),
    "linear": SegmentClassifier((), n_members=1),
    "autoencoder": Autoencoder(),
}
every_net = pytest.mark.parametrize("net", NETS.values(), ids=NETS)


@every_net
@pytest.mark.parametrize("size", SIZES)
def test_every_value_is_a_valid_parameter(net, size):
    """What a grid holds can be set, and passes the estimator's own validation."""
    for parameters in ParameterGrid(search_space(net, size)):
        net.__class__(**{**net.get_params(), **parameters})._validate_params()


@every_net
def test_larger_sizes_have_more_candidates(net):
    """Small, medium and large are ordered."""
    counts = [len(ParameterGrid(search_space(net, size))) for size in SIZES]
    assert (
        counts[0] < counts[1] < counts[2] or not net.get_params()["hidden_layer_sizes"]
    )
    assert 4 <= counts[0] <= 6


def test_names_have_the_prefix_of_their_step():
    """A pipeline is searched as it stands."""
    pipeline = make_pipeline(TabularPreprocessor(), SegmentClassifier())
    space = search_space(pipeline)
    assert list(space) == [
        "segmentclassifier__learning_rate",
        "segmentclassifier__dropout",
    ]
    pipeline.set_params(**{name: values[0] for name, values in space.items()})


def test_nets_within_wrappers_are_found():
    """A prefix may be several steps long."""
    wrapped = make_pipeline(BaggingClassifier(SegmentClassifier()))
    assert set(search_space(wrapped)) <= set(wrapped.get_params())


def test_all_nets_of_a_pipeline_are_searched():
    """A code and the classifier behind it have a space each."""
    space = search_space(make_pipeline(Autoencoder(), SegmentClassifier()))
    assert {"autoencoder__noise", "segmentclassifier__dropout"} <= set(space)


def test_an_estimator_without_a_net_is_refused():
    """There is nothing to name."""
    with pytest.raises(ValueError, match="neither a SegmentClassifier nor"):
        search_space(make_pipeline(PCA(), LogisticRegression()))


def test_a_clusterer_is_referred_to_its_own_contest():
    """No held-out score exists for unknown segments."""
    with pytest.raises(ValueError, match="select_n_clusters"):
        search_space(AutoencoderClusterer(Autoencoder()))


def test_rates_lie_around_the_estimators_own():
    """A net that was given a rate is searched near it."""
    space = search_space(SegmentClassifier(learning_rate=1e-4))
    np.testing.assert_allclose(space["learning_rate"], [3.3e-5, 1e-4, 3e-4])


def test_an_optimizer_object_keeps_its_numbers():
    """Its learning rate is not a parameter of the classifier."""
    import keras

    net = SegmentClassifier(optimizer=keras.optimizers.SGD(0.1))
    assert not {"learning_rate", "weight_decay"} & set(search_space(net, "large"))


def test_distributions_stay_within_the_grid():
    """Both kinds cover the same range of step sizes."""
    grid = search_space(SegmentClassifier(), "large")["learning_rate"]
    space = search_space(SegmentClassifier(), "large", kind="distributions")
    drawn = ParameterSampler(space, 50, random_state=0)
    rates = [parameters["learning_rate"] for parameters in drawn]
    assert min(grid) <= min(rates) < np.median(grid) < max(rates) <= max(grid)


def test_optuna_gets_its_own_distributions():
    """Ranges are floats on a log scale, widths are choices."""
    pytest.importorskip("optuna", reason="Optuna is an extra: tune")
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    space = search_space(SegmentClassifier(), "medium", kind="optuna")
    assert isinstance(space["learning_rate"], FloatDistribution)
    assert space["learning_rate"].log
    assert isinstance(space["hidden_layer_sizes"], CategoricalDistribution)


def test_without_optuna_the_extra_is_named(monkeypatch):
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r"pip install 'segmentlearn\[tune\]'"):
        search_space(SegmentClassifier(), kind="optuna")


@pytest.mark.slow
def test_a_small_grid_shares_one_program(customers):
    """Six candidates, two folds and the last fit compile a single program."""
    X, y = customers
    net = SegmentClassifier.from_preset("best-practices", max_epochs=1, random_state=0)
    engine.clear_cache()
    search = GridSearchCV(net, search_space(net), cv=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 6
    assert engine.cache_info().programs == 1
