"""Fixtures of the clusterers' tests."""

import pytest

from tests.cluster.planted import draw


@pytest.fixture(scope="module")
def X():
    """Rows to fit to."""
    return draw(0)


@pytest.fixture(scope="module")
def new_rows():
    """Rows of the same segments that no clusterer has seen."""
    return draw(1)
