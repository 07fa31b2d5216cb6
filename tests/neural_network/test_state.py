"""How fitted nets travel: inside a pickle, or apart from their estimators."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone

from segmentlearn.networks import StoredNetwork
from segmentlearn.neural_network import externalize_networks, restore_networks


def as_pickled(estimator):
    """Send an estimator through a pickle."""
    return pickle.loads(pickle.dumps(estimator))


@pytest.mark.parametrize("send", [as_pickled, copy.deepcopy, copy.copy])
def test_copy_predicts_the_same(on_raw, raw, send):
    """A pickle, a deep copy and a copy give the same numbers, bit for bit."""
    X, _ = raw
    found = send(on_raw)
    np.testing.assert_array_equal(found.predict_proba(X), on_raw.predict_proba(X))
    assert found.history_ == on_raw.history_
    assert found.get_params() == on_raw.get_params()


def test_pickle_holds_keras_own_format(on_numbers):
    """The net is an archive of Keras, so that no pickle of Keras objects is read."""
    stored = on_numbers.__getstate__()["model_"]
    assert stored[:2] == b"PK"
    assert b"keras" not in pickle.dumps({**on_numbers.__getstate__(), "model_": b""})


def test_unfitted_estimators_travel_too(make):
    """Without a net there is nothing to write."""
    assert "model_" not in make().__getstate__()
    assert as_pickled(make()).get_params() == make().get_params()


@pytest.mark.slow
def test_deep_copy_is_independent(make, numbers):
    """Training a copy leaves the original alone."""
    X, y = numbers
    original = make().partial_fit(X, y)
    before = original.predict_proba(X)
    copy.deepcopy(original).partial_fit(X, y)
    np.testing.assert_array_equal(original.predict_proba(X), before)


def test_training_goes_on_after_a_pickle(make, numbers):
    """The optimizer's state travels: both go on to the same net."""
    X, y = numbers
    original = make().partial_fit(X, y)
    travelled = as_pickled(original)
    np.testing.assert_array_equal(
        travelled.partial_fit(X, y).predict_proba(X),
        original.partial_fit(X, y).predict_proba(X),
    )


def test_clone_is_not_fitted(on_raw):
    """A clone has the parameters and nothing else."""
    assert vars(clone(on_raw)) == on_raw.get_params(deep=False)


def test_nets_apart_and_given(on_numbers, numbers):
    """Apart, a state holds a number and the nets are collected; given, they return."""
    X, _ = numbers
    with externalize_networks() as archives:
        data = pickle.dumps([on_numbers, on_numbers])
    assert [archive[:2] for archive in archives] == [b"PK"]
    with pytest.raises(ValueError, match="kept in another file"):
        pickle.loads(data)
    with restore_networks(list(map(StoredNetwork.from_file, archives))):
        found = pickle.loads(data)[1]
    np.testing.assert_array_equal(found.predict_proba(X), on_numbers.predict_proba(X))


def test_net_that_is_not_there(on_numbers):
    """A number without its net is an error, whatever the number."""
    with externalize_networks():
        data = pickle.dumps(on_numbers)
    with restore_networks([]), pytest.raises(ValueError, match="no net 0 among 0"):
        pickle.loads(data)


def test_nets_are_written_normally_afterwards(on_numbers):
    """The collecting ends with its block, even by an error."""
    with pytest.raises(RuntimeError, match="stop"), externalize_networks():
        raise RuntimeError("stop")
    assert on_numbers.__getstate__()["model_"][:2] == b"PK"


def test_rest_of_the_state_may_be_encoded(on_numbers):
    """What an archive does to the state is undone when it is read."""

    def encode(state):
        return {f"x{name}": value for name, value in state.items()}

    def decode(state):
        return {name[1:]: value for name, value in state.items()}

    with externalize_networks(encode) as archives:
        data = pickle.dumps(on_numbers)
    with restore_networks(list(map(StoredNetwork.from_file, archives)), decode):
        assert pickle.loads(data).get_params() == on_numbers.get_params()
