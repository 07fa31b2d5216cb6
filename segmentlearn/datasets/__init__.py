"""Generated customers with a known truth, and loaders that check real tables."""

from segmentlearn.datasets.generators import make_customers
from segmentlearn.datasets.loaders import load_automobile, load_bank, load_mall

__all__ = ["load_automobile", "load_bank", "load_mall", "make_customers"]
