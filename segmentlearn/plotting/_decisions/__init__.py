"""Displays of classifiers and of decisions made with them."""
