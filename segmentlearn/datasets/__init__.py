"""Generated customers with a known truth, and loaders that check real tables."""

from segmentlearn.datasets._generators import make_customers
from segmentlearn.datasets._loaders import load_automobile, load_bank, load_mall

__all__ = ["load_automobile", "load_bank", "load_mall", "make_customers"]
