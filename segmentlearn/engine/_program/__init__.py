"""A compiled epoch of one architecture: its copy of the model, losses, dropout and weights."""
