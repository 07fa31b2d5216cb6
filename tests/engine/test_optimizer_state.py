"""The state of an optimizer is laid out as Keras does, however a program holds it."""

import numpy as np
import pytest

from segmentlearn import engine
from segmentlearn.engine import keras, read_state, write_state

optimizers = keras.optimizers
X = np.random.default_rng(0).normal(size=(48, 3)).astype(np.float32)
Y = X[:, :1] - X[:, 1:2]
SETTINGS = {"loss": "mse", "batch_size": 16, "shuffle": False}

KINDS = {
    "sgd": lambda: optimizers.SGD(0.01),
    "momentum": lambda: optimizers.SGD(0.01, momentum=0.9),
    "rmsprop": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "adam": lambda: optimizers.Adam(0.01, amsgrad=True),
    "adamw": lambda: optimizers.AdamW(0.01),
    "adadelta": lambda: optimizers.Adadelta(0.5),
    "adagrad": lambda: optimizers.Adagrad(0.01),
    "adamax": lambda: optimizers.Adamax(0.01),
    "nadam": lambda: optimizers.Nadam(0.01),
    "ftrl": lambda: optimizers.Ftrl(0.01),
    "lion": lambda: optimizers.Lion(0.01),
    "averages": lambda: optimizers.Adam(0.01, use_ema=True),
    "accumulation": lambda: optimizers.Adam(0.01, gradient_accumulation_steps=2),
    "schedule": lambda: optimizers.Adam(
        optimizers.schedules.ExponentialDecay(0.1, 5, 0.5)
    ),
    "separate weights": lambda: optimizers.Lamb(0.01),
}


def net():
    """Build the same two layers each time."""
    first, second = (keras.initializers.GlorotUniform(seed) for seed in (0, 1))
    return keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(2, activation="tanh", kernel_initializer=first),
            keras.layers.Dense(1, kernel_initializer=second),
        ]
    )


def fit(model, optimizer, **changes):
    """Train without the compiler, for a handful of steps."""
    settings = {**SETTINGS, "jit_compile": False, **changes}
    return engine.fit(model, X, Y, optimizer=optimizer, **settings)


def by_keras(optimizer):
    """Train an epoch by Keras' own fit; return the net and the optimizer."""
    model = net()
    model.compile(optimizer=optimizer, loss="mse", run_eagerly=True)
    model.fit(X, Y, batch_size=16, shuffle=False, verbose=0)
    model.run_eagerly = False  # which the engine would leave to Keras
    return model, optimizer


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_state_is_keras_own(kind):
    """Variable by variable, after the same steps; the learning rate is left out."""
    _, theirs = by_keras(KINDS[kind]())
    ours = fit(net(), KINDS[kind]()).optimizer_state
    for one, other in zip(ours, read_state(theirs), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"averages"}))
def test_a_compiled_training_goes_on_from_keras(kind, assert_same_weights):
    """An epoch of Keras' and one of the engine's are two of the engine's."""
    model, theirs = by_keras(KINDS[kind]())
    result = fit(model, KINDS[kind](), optimizer_state=read_state(theirs))
    assert result.compiled
    once = net()
    fit(once, KINDS[kind](), epochs=2)
    assert_same_weights(model, once)


def test_keras_goes_on_from_a_compiled_training(assert_same_weights):
    """The other way round."""
    model, optimizer = net(), KINDS["adam"]()
    state = fit(model, KINDS["adam"]()).optimizer_state
    optimizer.build(model.trainable_variables)
    write_state(optimizer, state)
    model.compile(optimizer=optimizer, loss="mse", run_eagerly=True)
    model.fit(X, Y, batch_size=16, shuffle=False, verbose=0)
    once = net()
    fit(once, KINDS["adam"](), epochs=2)
    assert_same_weights(model, once)


@pytest.mark.slow
def test_members_have_states_of_their_own(packed_net, table):
    """The axis of the members comes first, as in the weights."""
    packed, _ = packed_net
    settings = {"loss": "mse", "n_members": 3, "jit_compile": False}
    state = engine.fit(packed, X, Y, **settings).optimizer_state
    assert [np.shape(value) for value in state] == [(), (3, 3, 1), (3, 3, 1)]


def test_the_state_of_an_old_archive(assert_same_weights):
    """The first archives hold it as a program does, with a learning rate."""
    once, twice = net(), net()
    fit(once, "adam", epochs=2)
    state = fit(twice, "adam").optimizer_state
    flat = [np.concatenate([np.ravel(one) for one in state[k::2]]) for k in (1, 2)]
    fit(twice, "adam", optimizer_state=[state[0], np.float32(0.5), *flat])
    assert_same_weights(once, twice)


def test_a_foreign_state_is_refused():
    """Before it is written anywhere."""
    state = fit(net(), "adam").optimizer_state
    optimizer = optimizers.SGD(0.1, momentum=0.9)
    optimizer.build(net().trainable_variables)
    with pytest.raises(ValueError, match="another optimizer or another net"):
        write_state(optimizer, state)
    with pytest.raises(ValueError, match="another optimizer or another net"):
        fit(net(), "sgd", optimizer_state=state)
