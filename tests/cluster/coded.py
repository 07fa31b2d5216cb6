"""Customers and tiny clusterers that the tests of AutoencoderClusterer share.

The table has one shape wherever that is possible: each new one compiles a program.
"""

import numpy as np
import pandas as pd

from segmentlearn import Autoencoder, AutoencoderClusterer

KIND = np.repeat([0, 1, 2], (60, 40, 20))


def draw_customers(random_state=0):
    """Draw 120 customers of three separate kinds; values are missing, one is text."""
    rng = np.random.default_rng(random_state)
    age = np.array([25.0, 45.0, 70.0])[KIND] + rng.normal(0, 2, 120)
    age[::15] = np.nan
    return pd.DataFrame(
        {
            "age": age,
            "income": np.array([20.0, 90.0, 50.0])[KIND] + rng.normal(0, 4, 120),
            "score": np.array([80.0, 50.0, 20.0])[KIND] + rng.normal(0, 4, 120),
            "job": np.where(rng.random(120) < 0.5, "Judge", "Artist"),
        }
    )


def tiny(**parameters):
    """Return a clusterer with an autoencoder of few numbers and steps."""
    coder = Autoencoder(2, hidden_layer_sizes=(8,), max_epochs=3, batch_size=32)
    settings = {"n_clusters": 3, "n_seeds": 1, "random_state": 0, **parameters}
    return AutoencoderClusterer(settings.pop("autoencoder", coder), **settings)
