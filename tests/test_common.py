"""What every estimator of the library keeps to, scikit-learn's own checks first."""

import importlib
import inspect
import pickle

import numpy as np
import pytest
from imblearn.over_sampling.base import BaseOverSampler
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.metaestimators import _BaseComposition

import segmentlearn
from segmentlearn import (
    AutoSMOTE,
    BatchedGridSearchCV,
    BlendedClassifier,
    KerasTunerSearchCV,
)
from tests.estimators import (
    ESTIMATORS,
    EXPECTED_FAILED_CHECKS,
    FROM_SCIKERAS,
    LONG_TO_FIT,
    LONG_TO_FIT_ANOTHER_WAY,
    expected_failed_checks,
)

CLASSES = sorted(
    {type(estimator) for estimator in ESTIMATORS}, key=lambda c: c.__name__
)
PARAMETERS = [(one, name) for one in CLASSES for name in one._parameter_constraints]

every_class = pytest.mark.parametrize("estimator_class", CLASSES)
every_class_of_our_own = pytest.mark.parametrize(
    "estimator_class", [one for one in CLASSES if one not in FROM_SCIKERAS]
)

# AutoSMOTE is one of imbalanced-learn's oversamplers, whose base class brings
# fit_resample and its metadata routing and is itself derived from BaseEstimator
# and the searches are scikit-learn's own, whose results they fill in their own way;
# a blend has parameters by the names of its estimators, as scikit-learn's ensembles do
_LAST_BASE = {
    AutoSMOTE: BaseOverSampler,
    BlendedClassifier: _BaseComposition,
    BatchedGridSearchCV: GridSearchCV,
    KerasTunerSearchCV: BaseSearchCV,
}


class Nonsense:
    """A value that no parameter takes."""


@parametrize_with_checks(
    [one for one in ESTIMATORS if one not in LONG_TO_FIT + LONG_TO_FIT_ANOTHER_WAY],
    expected_failed_checks=expected_failed_checks,
)
def test_estimator_check(estimator, check):
    """scikit-learn's common checks; expected failures are strict and have a reason."""
    check(estimator)


@pytest.mark.slow
@pytest.mark.floors
@parametrize_with_checks(LONG_TO_FIT, expected_failed_checks=expected_failed_checks)
def test_estimator_check_that_takes_long(estimator, check):
    """The same of what trains nets, each of which is compiled, or searches."""
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    LONG_TO_FIT_ANOTHER_WAY, expected_failed_checks=expected_failed_checks
)
def test_estimator_check_of_another_way_to_fit(estimator, check):
    """The same again, where settings lead another way through a fit."""
    check(estimator)


def test_every_reason_belongs_to_an_estimator():
    """No expected failure is left behind by an estimator that is gone."""
    assert set(EXPECTED_FAILED_CHECKS) <= {str(estimator) for estimator in ESTIMATORS}


def test_every_public_estimator_is_checked():
    """A new estimator is registered before it is published."""
    faces = [
        importlib.import_module(f"segmentlearn.{package}")
        for package in segmentlearn._SUBPACKAGES
    ]
    public = [getattr(face, name) for face in faces for name in face.__all__]
    assert set(CLASSES) == {
        found
        for found in public
        if inspect.isclass(found)
        and issubclass(found, BaseEstimator)
        and found.__module__.startswith("segmentlearn.")
    }


@every_class
def test_every_parameter_has_a_constraint(estimator_class):
    """One for each parameter of the constructor, and none that is left over."""
    parameters = [
        name
        for name, parameter in inspect.signature(estimator_class).parameters.items()
        if parameter.kind != inspect.Parameter.VAR_KEYWORD
    ]
    assert sorted(estimator_class._parameter_constraints) == sorted(parameters)


@every_class_of_our_own
def test_parameters_are_keywords_after_the_second(estimator_class):
    """Only the first one or two may be given by position; none is **kwargs."""
    parameters = inspect.signature(estimator_class).parameters.values()
    kinds = [parameter.kind for parameter in parameters]
    assert set(kinds[2:]) <= {inspect.Parameter.KEYWORD_ONLY}
    assert inspect.Parameter.VAR_KEYWORD not in kinds


@pytest.mark.parametrize(
    ("estimator_class", "name"),
    PARAMETERS,
    ids=[f"{one.__name__}-{name}" for one, name in PARAMETERS],
)
def test_nonsense_is_refused_by_name(estimator_class, name):
    """fit checks every parameter before anything else, and names the wrong one."""
    estimator = clone(next(one for one in ESTIMATORS if type(one) is estimator_class))
    setattr(estimator, name, Nonsense())
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of"):
        estimator.fit(np.zeros((4, 2)), [0, 1, 0, 1])


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_unfitted_estimator_travels(estimator):
    """A clone and a pickle have the same parameters and nothing learnt."""
    for copy in (clone(estimator), pickle.loads(pickle.dumps(estimator))):
        assert str(copy) == str(estimator)
        assert not [name for name in vars(copy) if name.endswith("_")]


@every_class_of_our_own
def test_mixins_stand_left_of_the_base(estimator_class):
    """BaseEstimator is the last of the bases, so that mixins can refine it."""
    last = _LAST_BASE.get(estimator_class, BaseEstimator)
    assert estimator_class.__bases__[-1] is last
