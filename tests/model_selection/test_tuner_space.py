"""Search spaces in the words of Keras Tuner."""

import numpy as np
import pytest
from scipy import stats

from segmentlearn.model_selection._search._tuner_space import suggest

keras_tuner = pytest.importorskip("keras_tuner", reason="an extra: tune")


def draw(wanted, n_draws=40):
    """Draw values of one parameter as the random oracle does."""
    space = keras_tuner.HyperParameters()
    suggest(space, "x", wanted)
    values = []
    for seed in range(n_draws):
        trial = space.copy()
        trial.values = {one.name: one.random_sample(seed) for one in space.space}
        values.append(suggest(trial, "x", wanted))
    return values


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
    assert all(any(value is one for one in wanted) for value in draw(wanted))
    assert len({str(value) for value in draw(wanted)}) == 3


def test_numbers_to_choose_from_are_ordered():
    """A model of the scores may know that 0.3 is farther from 0.1 than 0.2 is."""
    space = keras_tuner.HyperParameters()
    suggest(space, "x", [0.3, 0.1, 0.2])
    assert space.space[0].ordered
    assert set(draw([0.3, 0.1, 0.2])) == {0.1, 0.2, 0.3}


def test_functions_speak_to_keras_tuner_themselves():
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
        suggest(None, "x", wanted)
