"""Centres in the code of an autoencoder, and the losses that train them."""

import numpy as np
import pytest

from segmentlearn.networks import (
    AutoencoderSpec,
    build_autoencoder,
    build_joint,
    joint_loss,
    mixed_likelihood,
    read_centers,
)

CENTERS = np.array([[0.0, 1.0], [2.0, -1.0], [0.5, 0.5]])
ROWS = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


def build(n_scales=0, noise=0.0):
    """Return a small autoencoder with a code of two numbers."""
    spec = AutoencoderSpec(4, 2, hidden_layer_sizes=(3,), noise=noise)
    return build_autoencoder(spec, np.eye(2, 4), np.zeros(4), 0, n_scales)


def squared_distances(codes):
    """Return those of codes to the centres."""
    return ((codes[:, None] - CENTERS) ** 2).sum(axis=2)


@pytest.mark.slow
@pytest.mark.parametrize("n_scales", [0, 3])
def test_outputs_are_the_way_back_and_the_distances(n_scales):
    """The autoencoder's own outputs come first."""
    model = build(n_scales)
    output = np.asarray(build_joint(model, CENTERS)(ROWS))
    codes = np.asarray(model.get_layer("encoder")(ROWS))
    np.testing.assert_allclose(output[:, :-3], np.asarray(model(ROWS)), atol=1e-6)
    np.testing.assert_allclose(output[:, -3:], squared_distances(codes), atol=1e-5)


def test_there_is_no_noise():
    """Rows that are trained on are the rows."""
    joint = build_joint(build(noise=0.5), CENTERS)
    np.testing.assert_allclose(
        np.asarray(joint(ROWS, training=True)), np.asarray(joint(ROWS)), atol=1e-6
    )


def test_encoder_and_decoder_are_shared():
    """Training the joint net trains the autoencoder."""
    model = build()
    joint = build_joint(model, CENTERS)
    assert joint.get_layer("encoder") is model.get_layer("encoder")
    assert joint.get_layer("decoder") is model.get_layer("decoder")


def test_centres_and_scales_are_read_back():
    """As they were, or where training has led them."""
    model = build(n_scales=3)
    model.get_layer("log_scales").bias.assign([0.1, 0.2, 0.3])
    joint = build_joint(model, CENTERS)
    np.testing.assert_allclose(read_centers(joint, model), CENTERS)
    joint.get_layer("centers").bias.assign_add(np.ones(6))
    joint.get_layer("log_scales").bias.assign_add(np.ones(3))
    np.testing.assert_allclose(read_centers(joint, model), CENTERS + 1)
    scales = model.get_layer("log_scales").bias.numpy()
    np.testing.assert_allclose(scales, [1.1, 1.2, 1.3], rtol=1e-6)


def test_dcn_is_half_the_distance_to_the_nearest():
    """Beside the squared error, with a weight."""
    predicted = np.hstack([ROWS + 2.0, [[4.0, 1.0, 9.0]] * 6]).astype(np.float32)
    loss = np.asarray(joint_loss(None, 3, "dcn", 10.0)(ROWS, predicted))
    np.testing.assert_allclose(loss, 4.0 + 10.0 * 0.5, rtol=1e-5)


def test_idec_is_the_divergence_from_sharpened_memberships():
    """Student's t memberships q, and aims q²/Σq, scaled to one a row."""
    squared = np.random.default_rng(1).gamma(1.0, size=(6, 3)).astype(np.float32)
    q = 1 / (1 + squared)
    q /= q.sum(axis=1, keepdims=True)
    p = q**2 / q.sum(axis=0)
    p /= p.sum(axis=1, keepdims=True)
    expected = 0.5 * (p * np.log(p / q)).sum(axis=1)
    loss = joint_loss(None, 3, "idec", 0.5)(ROWS, np.hstack([ROWS, squared]))
    np.testing.assert_allclose(np.asarray(loss), expected, rtol=1e-3, atol=1e-6)


def test_mixed_columns_come_back_by_their_kind():
    """The first part is the autoencoder's own loss."""
    layout = ((0, 1), ((2, 3),), (-1, -1))
    predicted = np.random.default_rng(2).normal(size=(6, 6)).astype(np.float32)
    whole = np.hstack([predicted, np.zeros((6, 3), np.float32)])
    loss = joint_loss(layout, 3, "dcn", 1.0)(ROWS, whole)
    own = mixed_likelihood(*layout)(ROWS, predicted)
    np.testing.assert_allclose(np.asarray(loss), np.asarray(own), rtol=1e-5)


def test_the_same_settings_give_the_same_loss():
    """So that fits share a compiled program."""
    assert joint_loss(None, 3, "dcn", 1.0) is joint_loss(None, 3, "dcn", 1.0)
    assert joint_loss(None, 3, "dcn", 1.0) is not joint_loss(None, 3, "idec", 1.0)
