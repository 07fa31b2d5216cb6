"""Displays of the columns of tables."""
