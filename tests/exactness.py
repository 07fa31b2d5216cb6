"""How equal two trainings are that ought to be the same.

XLA adds up in the same order whether a net is trained alone or among the members of a
program, from TensorFlow 2.21 on. Before, last bits may differ.
"""

import importlib.metadata

import numpy as np
from packaging.version import Version

IS_EXACT = Version(importlib.metadata.version("tensorflow")) >= Version("2.21")


def assert_same_training(found, expected):
    """Compare arrays, or histories, to the last bit where TensorFlow allows it."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            assert_same_training(found[name], values)
    elif IS_EXACT:
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)
