"""Displays of segments."""
