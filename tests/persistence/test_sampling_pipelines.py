"""Archives of imbalanced-learn's pipeline with a sampler before the net."""

import io

import numpy as np
import pytest

from segmentlearn import (
    AutoSMOTE,
    MixedImputer,
    SegmentClassifier,
    load,
    make_customers,
    save,
)
from segmentlearn.sampling import Pipeline, make_pipeline


@pytest.fixture(scope="module")
def customers():
    """Customers of a bank, missing values and text included, and who said yes."""
    return make_customers("bank", 120, random_state=0)


@pytest.fixture(scope="module")
def saved(customers):
    """A fitted pipeline, and what its archive holds."""
    net = SegmentClassifier(hidden_layer_sizes=(4,), max_epochs=2, random_state=0)
    pipeline = make_pipeline(MixedImputer(), AutoSMOTE(random_state=0), net)
    pipeline.fit(*customers)
    file = io.BytesIO()
    save(pipeline, file)
    file.seek(0)
    return pipeline, load(file)


@pytest.mark.slow
def test_loaded_pipeline_predicts_as_before(saved, customers):
    """Raw rows, missing values included, get the same probabilities."""
    pipeline, loaded = saved
    raw = customers[0].tail(40)
    assert raw.isna().any(axis=None)
    assert type(loaded) is Pipeline
    np.testing.assert_array_equal(
        loaded.predict_proba(raw), pipeline.predict_proba(raw)
    )


@pytest.mark.slow
def test_loaded_sampler_is_the_saved_one(saved, customers):
    """The sampler tells what it made, and makes the same rows again."""
    pipeline, loaded = saved
    sampler, again = pipeline["autosmote"], loaded["autosmote"]
    assert again.sampling_strategy_ == sampler.sampling_strategy_
    assert again.kind_ == sampler.kind_ == "smotenc"
    filled = pipeline["mixedimputer"].transform(customers[0])
    one, _ = sampler.fit_resample(filled, customers[1])
    other, _ = again.fit_resample(filled, customers[1])
    assert one.equals(other)
