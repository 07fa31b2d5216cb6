"""Spaces that KerasTunerSearchCV takes: of Keras Tuner, scipy, Optuna, and lists."""

import numpy as np
import pytest
from scipy import stats
from sklearn.base import BaseEstimator

from segmentlearn.model_selection import KerasTunerSearchCV

pytest.importorskip("keras_tuner", reason="an extra: tune")


class Plain(BaseEstimator):
    """An estimator with a parameter that can have any value."""

    def __init__(self, x=None):
        self.x = x

    def fit(self, X, y=None):
        """Do nothing."""
        return self


def draw(wanted, n_draws=40):
    """Return the values of one parameter in a random search."""
    search = KerasTunerSearchCV(
        Plain(),
        {"x": wanted},
        n_trials=n_draws,
        scoring=lambda *_: 0.0,
        cv=2,
        refit=False,
        random_state=0,
    ).fit(np.zeros((4, 1)))
    return [parameters["x"] for parameters in search.cv_results_["params"]]


@pytest.mark.slow
def test_scipy_distributions_are_drawn_by_their_quantiles():
    """Half of a log-uniform distribution lies below its median."""
    values = np.array(draw(stats.loguniform(1e-4, 1e0), 200))
    assert (values >= 1e-4).all()
    assert (values <= 1).all()
    assert 0.4 < np.mean(values < 1e-2) < 0.6


def test_a_distribution_without_an_end_gives_finite_values():
    """The last thousandth of a normal distribution is cut off."""
    assert np.abs(draw(stats.norm(0, 1))).max() < 3.1


def test_whole_numbers_of_scipy_stay_whole():
    """Each number of the range turns up, none beside it."""
    values = draw(stats.randint(2, 5))
    assert set(values) == {2, 3, 4}
    assert all(type(value) is int for value in values)


def test_values_of_any_kind_can_be_chosen():
    """Tuples, None and text come back as the very objects that were given."""
    wanted = [(64, 64), None, "auto"]
    assert all(any(value is choice for choice in wanted) for value in draw(wanted))
    assert len({str(value) for value in draw(wanted)}) == 3


def test_numbers_to_choose_from():
    """And each of them turns up."""
    assert set(draw([0.3, 0.1, 0.2])) == {0.1, 0.2, 0.3}


def test_functions_use_keras_tuner_themselves():
    """What they return is the value, whatever they asked for."""
    values = draw(lambda hp: (hp.Int("units", 8, 9),) * 2)
    assert set(values) == {(8, 8), (9, 9)}


@pytest.mark.parametrize("settings", [{}, {"log": True}, {"step": 2}])
def test_whole_numbers_of_optuna(settings):
    """Bounds belong to the range, steps are kept."""
    optuna = pytest.importorskip("optuna", reason="an extra: tune")
    wanted = optuna.distributions.IntDistribution(1, 5, **settings)
    step = settings.get("step", 1)
    assert set(draw(wanted, 100)) == set(range(1, 6, step))


@pytest.mark.slow
def test_floats_and_choices_of_optuna():
    """A log scale is kept, and choices are choices."""
    optuna = pytest.importorskip("optuna", reason="an extra: tune")
    wanted = optuna.distributions.FloatDistribution(1e-4, 1.0, log=True)
    values = np.array(draw(wanted, 200))
    assert 0.4 < np.mean(values < 1e-2) < 0.6
    choices = optuna.distributions.CategoricalDistribution(("a", None))
    assert set(draw(choices)) == {"a", None}


@pytest.mark.parametrize("wanted", [3, [], "text"])
def test_what_is_no_space_is_refused(wanted):
    """The error names the parameter and what can be given."""
    with pytest.raises(ValueError, match=r"param_distributions\['x'\].*hp\.Float"):
        draw(wanted)
