"""What must not leak into probabilities, nor be left behind by an interrupt."""

import numpy as np
import pytest

from segmentlearn import SegmentClassifier, engine


@pytest.mark.slow
def test_validation_rows_do_not_calibrate_without_early_stopping(make_packed):
    """Their loss then only appears in the history."""
    rng = np.random.default_rng(0)
    X, X_val = rng.normal(size=(2, 320, 5))
    y, y_val = (X[:, 0] > 0).astype(int), (X_val[:, 1] > 0).astype(int)
    clf = make_packed(early_stopping=False, max_epochs=2)
    alone = clf.fit(X, y).predict_proba(X)
    watched = clf.fit(X, y, X_val=X_val, y_val=y_val).predict_proba(X)
    np.testing.assert_array_equal(alone, watched)


@pytest.mark.slow
def test_a_warm_start_forgets_the_old_calibration(make_packed, two_groups):
    """Without calibration the last layer is the identity, whatever it was before."""
    X, y = np.tile(two_groups[0], (2, 1)), np.tile(two_groups[1], 2)
    clf = make_packed(warm_start=True, calibration="affine", max_epochs=2).fit(X, y)
    clf.set_params(calibration=None).fit(X, y)
    kernel = clf.model_.get_layer("calibration").get_weights()[0]
    np.testing.assert_array_equal(kernel, np.eye(2))
    assert clf.oof_proba_ is None  # the nets have learnt from every row by now


def test_interrupted_partial_fit_leaves_all_as_it_was(
    make_packed, numbers, monkeypatch
):
    """The nets that were trained before the interrupt are put back."""
    X, y = numbers
    clf = make_packed(max_epochs=1).fit(X, y)
    before, fit, calls = clf.predict_proba(X), engine.fit, []

    def interrupted(*arguments, **settings):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return fit(*arguments, **settings)

    monkeypatch.setattr(engine, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        clf.partial_fit(X, y)
    np.testing.assert_array_equal(clf.predict_proba(X), before)


@pytest.mark.slow
def test_rows_of_weight_zero_do_not_shape_the_embedding(make_packed, numbers):
    """An outlier that does not count moves no border."""
    X, y = numbers[0].copy(), numbers[1]
    keep = np.arange(60) % 4 > 0
    X[~keep] *= 10
    weighted = make_packed().fit(X, y, sample_weight=keep.astype(float))
    without = make_packed().fit(X[keep], y[keep])
    np.testing.assert_allclose(
        weighted.predict_proba(X), without.predict_proba(X), atol=1e-6
    )


@pytest.mark.slow
def test_an_ordinary_net_is_calibrated_where_that_is_asked_for(numbers):
    """Its logits go through a layer of their own; "auto" leaves the net as it is."""
    settings = {
        "n_members": 1,
        "n_inner_folds": 0,
        "numeric_embedding": None,
        "hidden_layer_sizes": (4,),
        "max_epochs": 2,
        "validation_fraction": 0.5,
        "random_state": 0,
    }
    plain = SegmentClassifier(**settings).fit(*numbers)
    calibrated = SegmentClassifier(calibration="temperature", **settings)
    calibrated.fit(*numbers)
    assert [layer.name for layer in plain.model_.layers][-1] != "calibration"
    assert calibrated.model_.layers[-1].name == "calibration"
    kernel = calibrated.model_.layers[-1].get_weights()[0]
    assert kernel[0, 0] != 1.0
