"""Rules that several tests look at."""

import pytest

from segmentlearn import segment_rules
from tests.export.customers import awkward_customers


@pytest.fixture(scope="session")
def awkward():
    """Customers with awkward names and cells, and their segments."""
    return awkward_customers()


@pytest.fixture(scope="session")
def rules(awkward):
    """Rules for these segments."""
    X, segments = awkward
    return segment_rules(segments, X, max_rules=14, min_confidence=0.7)
