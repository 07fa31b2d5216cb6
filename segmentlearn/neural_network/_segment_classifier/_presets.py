"""Published customer-segmentation nets as parameters of ``SegmentClassifier``."""

from typing import Any

# one ordinary net, trained by Adam and stopped on one hold-out
_SINGLE_NET: dict[str, Any] = {
    "activation": "relu",
    "batch_normalization": False,
    "optimizer": "adam",
    "learning_rate": 1e-3,
    "learning_rate_schedule": "constant",
    "weight_decay": 0.0,
    "n_members": 1,
    "n_inner_folds": 0,
    "numeric_embedding": None,
    "ema_momentum": None,
    "calibration": None,
}

# Each entry is a net that has been published for one of the customer tables that the
# library reads; early stopping looks at held-out rows in all of them.
PRESETS: dict[str, dict[str, Any]] = {
    # automobile customers, segments A to D
    "best-practices": {
        **_SINGLE_NET,
        "hidden_layer_sizes": (32, 16, 8),
        "dropout": 0.0,
        "max_epochs": 50,
        "batch_size": 32,
        "validation_fraction": 0.2,
        "n_iter_no_change": 5,
    },
    # automobile customers, one-hot features
    "batch-norm": {
        **_SINGLE_NET,
        "hidden_layer_sizes": (60, 30),
        "dropout": (0.2, 0.0),
        "batch_normalization": True,
        "max_epochs": 30,
        "batch_size": 32,
        "validation_fraction": 0.3,
        "n_iter_no_change": 3,
    },
    # automobile customers, train and deploy
    "wide-dropout": {
        **_SINGLE_NET,
        "hidden_layer_sizes": (512, 512),
        "dropout": 0.3,
        "max_epochs": 100,
        "batch_size": 32,
        "validation_fraction": 0.3,
        "n_iter_no_change": 5,
    },
    # a bank's telephone campaign: who subscribes
    "campaign": {
        **_SINGLE_NET,
        "hidden_layer_sizes": (128, 128),
        "dropout": 0.3,
        "batch_normalization": True,
        "max_epochs": 100,
        "batch_size": 64,
        "validation_fraction": 0.3,
        "n_iter_no_change": 5,
    },
}
