"""Autoencoders of one table and one program: what each would be alone."""

import keras
import numpy as np
import pandas as pd
import pytest

from segmentlearn import Autoencoder
from segmentlearn.neural_network import prepare_autoencoders


def tiny(**parameters):
    """Return an autoencoder whose fits in this file share a program."""
    settings = {
        "hidden_layer_sizes": (8,),
        "max_epochs": 30,
        "batch_size": 16,
        "learning_rate": 0.01,
        "noise": 0.0,
        "n_iter_no_change": 4,
        **parameters,
    }
    return Autoencoder(**settings)


@pytest.fixture(scope="module")
def customers():
    """A hundred customers of two kinds, with a gap and a category."""
    rng = np.random.default_rng(0)
    kind = np.arange(100) % 2
    age = 30 + 25 * kind + rng.normal(0, 6, 100)
    age[::25] = np.nan
    return pd.DataFrame(
        {
            "age": age,
            "income": 20 + 50 * kind + rng.normal(0, 12, 100),
            "score": 80 - 40 * kind + rng.normal(0, 12, 100),
            "job": np.where(kind == 1, "Judge", "Artist"),
        }
    )


def fit_autoencoders(plan, customers, lengths, seeds):
    """Train all of them, one after the other."""
    members, trainings = prepare_autoencoders(plan, customers, lengths, seeds)
    for train in trainings:
        train()
    return members


@pytest.fixture(scope="module")
def members(customers):
    """Three, of two lengths."""
    return fit_autoencoders(tiny(), customers, [2, 1, 2], [0, 0, 1])


@pytest.fixture(scope="module")
def alone(customers):
    """The same three, each fitted by itself."""
    return [
        tiny(n_components=length, random_state=seed).fit(customers)
        for length, seed in zip([2, 1, 2], [0, 0, 1], strict=True)
    ]


@pytest.mark.slow
def test_each_has_its_own_parameters(members):
    """Lengths and seeds are those asked for."""
    assert [one.n_components for one in members] == [2, 1, 2]
    assert [one.random_state for one in members] == [0, 0, 1]


@pytest.mark.slow
def test_codes_have_the_lengths_asked_for(members, customers):
    """A code that was trained longer is cut to its own length."""
    shapes = [one.transform(customers).shape for one in members]
    assert shapes == [(100, 2), (100, 1), (100, 2)]


@pytest.mark.slow
def test_the_longest_are_what_they_would_be_alone(members, alone, customers):
    """Bit for bit."""
    for number in (0, 2):
        code, single = members[number], alone[number]
        np.testing.assert_array_equal(
            code.transform(customers), single.transform(customers)
        )


@pytest.mark.slow
def test_shorter_codes_are_nearly_what_they_would_be_alone(members, alone, customers):
    """They are trained as long ones, the rest of which stays zero."""
    code, single = (one[1].transform(customers) for one in (members, alone))
    np.testing.assert_allclose(code, single, atol=1e-2)
    rebuilt = members[1].inverse_transform(code)
    assert rebuilt["job"].tolist() == alone[1].inverse_transform(single)["job"].tolist()


def test_a_code_that_is_not_zero_at_zero_is_trained_alone(customers):
    """The sigmoid's halves would reach the decoder."""
    plan = tiny(max_epochs=2, code_activation="sigmoid")
    shorter = fit_autoencoders(plan, customers, [2, 1], [0, 0])[1]
    alone = plan.set_params(n_components=1, random_state=0).fit(customers)
    np.testing.assert_array_equal(
        shorter.transform(customers), alone.transform(customers)
    )


@pytest.mark.slow
def test_members_of_one_length_differ(members, customers):
    """Seeds matter."""
    first, last = members[0], members[2]
    assert np.abs(first.transform(customers) - last.transform(customers)).max() > 0.01


@pytest.mark.slow
def test_best_epochs_and_histories_are_their_own(members):
    """The best epoch has the least loss on a member's own held-out rows."""
    losses = [one.history_["val_loss"] for one in members]
    assert len({tuple(one) for one in losses}) == 3
    for one, loss in zip(members, losses, strict=True):
        assert len(loss) == one.n_iter_
        assert int(np.argmin(loss)) == one.best_epoch_ - 1


@pytest.mark.slow
def test_the_table_is_prepared_once(members):
    """All share one preprocessor, and know its columns."""
    assert members[0].preprocessor_ is members[2].preprocessor_
    assert members[2].feature_names_in_.tolist() == ["age", "income", "score", "job"]


@pytest.mark.slow
def test_the_same_seeds_give_the_same_codes(members, customers):
    """Bit for bit."""
    again = fit_autoencoders(tiny(), customers, [2, 1, 2], [0, 0, 1])
    for one, other in zip(members, again, strict=True):
        np.testing.assert_array_equal(
            one.transform(customers), other.transform(customers)
        )


@pytest.mark.slow
def test_showing_progress_changes_nothing(members, customers, capsys):
    """A line an epoch is written, and the codes are the same."""
    shown = fit_autoencoders(tiny(verbose=2), customers, [2, 1, 2], [0, 0, 1])
    text = capsys.readouterr()
    assert "loss" in text.out + text.err
    np.testing.assert_array_equal(
        shown[1].transform(customers), members[1].transform(customers)
    )


@pytest.mark.slow
def test_the_plan_stays_unfitted(customers):
    """It says what to do and is not changed."""
    plan = tiny(max_epochs=1)
    fit_autoencoders(plan, customers, [2, 1, 2], [0, 0, 1])
    assert plan.n_components == "auto"
    assert not hasattr(plan, "model_")


@pytest.mark.slow
def test_one_member_is_a_single_fit(alone, customers):
    """Exactly."""
    (one,) = fit_autoencoders(tiny(), customers, [2], [0])
    np.testing.assert_array_equal(
        one.transform(customers), alone[0].transform(customers)
    )


@pytest.mark.slow
def test_callbacks_see_single_nets(customers):
    """Then the copies are fitted in turn."""
    seen = []

    class Widths(keras.callbacks.Callback):
        def on_train_end(self, logs=None):
            seen.append(self.model.get_layer("encoder").output_shape[-1])

    plan = tiny(max_epochs=1, callbacks=[Widths()])
    fit_autoencoders(plan, customers, [2, 1], [0, 1])
    assert seen == [2, 1]


def test_without_early_stopping_all_rows_are_learnt_from(customers):
    """There is no best epoch then, and all are run."""
    plan = tiny(max_epochs=2, early_stopping=False)
    members = fit_autoencoders(plan, customers, [2, 1, 2], [0, 0, 1])
    assert [one.best_epoch_ for one in members] == [None] * 3
    assert [one.n_iter_ for one in members] == [2] * 3
    assert "val_loss" not in members[0].history_
