"""The commands that put customers into segments: `predict` and `score`."""
