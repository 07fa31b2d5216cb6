"""Generated customers with a known truth, and loaders that check real tables."""

from segmentlearn.datasets._generators import make_customers
from segmentlearn.datasets._loaders import load_automobile, load_bank, load_mall
from segmentlearn.datasets._panel import make_customer_panel

__all__ = [
    "load_automobile",
    "load_bank",
    "load_mall",
    "make_customer_panel",
    "make_customers",
]
