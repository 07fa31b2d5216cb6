"""Rows on their way into a compiled program."""
