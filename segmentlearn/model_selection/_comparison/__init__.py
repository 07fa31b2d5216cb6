"""Models compared on the same folds."""
