"""Every public estimator as the house tests check it, and what it is known to fail."""

from segmentlearn import Autoencoder, AutoSMOTE, SegmentClassifier
from tests.cluster import checked as cluster_checked
from tests.preprocessing import checked

# a net small and quick enough for the checks, and good enough for their accuracy floors
_TINY = {
    "hidden_layer_sizes": (8,),
    "learning_rate": 0.02,
    "max_epochs": 20,
    "batch_size": 16,
    "random_state": 0,
}
_SINGLE_NET = {"n_members": 1, "n_inner_folds": 0, "numeric_embedding": None}
CLASSIFIER = SegmentClassifier(**_TINY, **_SINGLE_NET, early_stopping=False)
STOPPING_CLASSIFIER = SegmentClassifier(**_TINY, **_SINGLE_NET)
# few steps: an average that is slow to follow would still hold the first weights
ENSEMBLE = SegmentClassifier(
    **_TINY, n_members=2, n_inner_folds=2, ema_momentum=0.8, n_iter_no_change=20
)

AUTOENCODER = Autoencoder(
    2, hidden_layer_sizes=(8,), max_epochs=5, batch_size=16, random_state=0
)

ESTIMATORS = [
    *checked.ESTIMATORS,
    CLASSIFIER,
    STOPPING_CLASSIFIER,
    ENSEMBLE,
    AUTOENCODER,
    AutoSMOTE(random_state=0),
    *cluster_checked.ESTIMATORS,
]

_WEIGHTS = (
    "A net is trained on batches in a drawn order, so a row of weight 2 and the same "
    "row twice lead to different steps."
)
_SINGLE = (
    "The check's labels hold a class with one row, which cannot be both trained on and "
    "held out: early stopping asks for two."
)

_STOPPING = {
    "check_sample_weight_equivalence_on_dense_data": _WEIGHTS,
    "check_dict_unchanged": _SINGLE,
    "check_dont_overwrite_parameters": _SINGLE,
    "check_f_contiguous_array_estimator": _SINGLE,
    "check_fit2d_predict1d": _SINGLE,
    "check_methods_sample_order_invariance": _SINGLE,
    "check_methods_subset_invariance": _SINGLE,
}

# estimator, as it prints itself -> check -> why it cannot pass; an entry that passes
# fails the suite
EXPECTED_FAILED_CHECKS: dict[str, dict[str, str]] = {
    **checked.EXPECTED_FAILED_CHECKS,
    **cluster_checked.EXPECTED_FAILED_CHECKS,
    str(CLASSIFIER): {"check_sample_weight_equivalence_on_dense_data": _WEIGHTS},
    str(STOPPING_CLASSIFIER): _STOPPING,
    str(ENSEMBLE): _STOPPING,
}


def expected_failed_checks(estimator):
    """Return the checks that an estimator may fail, each with its reason."""
    return EXPECTED_FAILED_CHECKS.get(str(estimator), {})
