"""A compiled epoch of one architecture: model copy, losses, dropout, weights."""
