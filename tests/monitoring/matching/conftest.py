"""Customers of two periods, and segments of both."""

import pytest
from sklearn.cluster import KMeans

from segmentlearn import InductiveClusterer, make_customer_panel

COLUMNS = ["Age", "Annual Income (k$)", "Spending Score (1-100)"]


def k_means(table, n_clusters, **parameters):
    """Return segments of the mall's customers."""
    clusterer = KMeans(n_clusters, n_init=5)
    parameters = {"random_state": 0, **parameters}
    return InductiveClusterer(clusterer, **parameters).fit(table[COLUMNS])


@pytest.fixture(scope="session")
def panel():
    """A segment splits, one dies, one is born and one drifts."""
    return make_customer_panel(
        n_samples=700,
        n_segments=5,
        transitions=["split", "death", "birth", "drift"],
        population=2,
        random_state=0,
    )


@pytest.fixture(scope="session")
def april(panel):
    """Segments of the first period."""
    fitted = k_means(panel.old, 5, period="April")
    fitted.segment_names_ = {label: f"kind {label}" for label in range(5)}
    return fitted


@pytest.fixture(scope="session")
def may(panel):
    """Segments of the second period, without a baseline."""
    return k_means(panel.new, 6, random_state=1)


@pytest.fixture(scope="session")
def quiet():
    """A period after which nothing happens, and segments of both."""
    found = make_customer_panel(
        n_samples=700, persistence=1.0, population=1, random_state=3
    )
    return found, k_means(found.old, 5), k_means(found.new, 5, random_state=1)
