"""Autoencoder and centres trained together."""

import numpy as np
import pytest

from segmentlearn import Autoencoder
from segmentlearn.neural_network import fit_jointly

START = np.array([[-1.0, 0.0], [1.0, 0.0]])


@pytest.fixture(scope="module")
def rows():
    """Ninety-six rows in two groups, four numbers each."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(96, 4)) + 3.0 * (np.arange(96) % 2)[:, None]


@pytest.fixture(scope="module")
def coder(rows):
    """An autoencoder that has learnt a little."""
    settings = {"max_epochs": 5, "batch_size": 32, "random_state": 0}
    return Autoencoder(2, hidden_layer_sizes=(8,), loss="mse", **settings).fit(rows)


def train(coder, rows, **changes):
    """Train jointly for a few epochs."""
    settings = {
        "kind": "idec",
        "weight": 1.0,
        "max_epochs": 20,
        "learning_rate": 0.01,
        "seed": 0,
        **changes,
    }
    return fit_jointly(coder, rows, START, **settings)


@pytest.fixture(scope="module")
def trained(coder, rows):
    """Both kinds after twenty epochs: autoencoder and centres."""
    return {kind: train(coder, rows, kind=kind) for kind in ("idec", "dcn")}


every_kind = pytest.mark.parametrize("kind", ["idec", "dcn"])


@pytest.mark.slow
@every_kind
def test_the_loss_falls(trained, kind):
    """Over the epochs of joint training, which the history holds."""
    loss = trained[kind][0].history_["loss"]
    assert len(loss) == 20
    assert loss[-1] < loss[0]


@pytest.mark.slow
@every_kind
def test_centres_move(trained, kind):
    """They are trained, and stay finite."""
    centers = trained[kind][1]
    assert centers.shape == START.shape
    assert np.isfinite(centers).all()
    assert np.abs(centers - START).max() > 0.05


@pytest.mark.slow
def test_dcn_draws_codes_to_their_centres(coder, trained, rows):
    """The squared distance to the nearest is less than it was."""

    def mean_distance(one, centers):
        differences = one.transform(rows)[:, None] - centers
        return (differences**2).sum(axis=2).min(axis=1).mean()

    assert mean_distance(*trained["dcn"]) < 0.7 * mean_distance(coder, START)


@pytest.mark.slow
def test_idec_sharpens_memberships(coder, trained, rows):
    """Student's t memberships are nearer to 0 or 1."""

    def sharpness(one, centers):
        differences = one.transform(rows)[:, None] - centers
        shares = 1 / (1 + (differences**2).sum(axis=2))
        return (shares.max(axis=1) / shares.sum(axis=1)).mean()

    assert sharpness(*trained["idec"]) > sharpness(coder, START) + 0.02


@pytest.mark.slow
@every_kind
def test_rows_still_come_back(coder, trained, rows, kind):
    """Reconstruction goes on: it is not worse than before by much."""
    assert trained[kind][0].score(rows) > coder.score(rows) - 0.3


@pytest.mark.slow
def test_the_autoencoder_given_is_not_changed(coder, rows):
    """Neither its weights nor what it tells of its training."""
    codes, history, n_iter = coder.transform(rows), dict(coder.history_), coder.n_iter_
    trained, _ = train(coder, rows)
    np.testing.assert_array_equal(coder.transform(rows), codes)
    assert coder.history_ == history
    assert coder.n_iter_ == n_iter
    assert trained.n_iter_ == n_iter + 20
    assert np.abs(trained.transform(rows) - codes).max() > 0.01


@pytest.mark.slow
def test_the_same_seed_gives_the_same_centres(trained, coder, rows):
    """And another seed another order of the rows."""
    np.testing.assert_array_equal(train(coder, rows)[1], trained["idec"][1])
    assert (train(coder, rows, seed=1)[1] != trained["idec"][1]).any()
