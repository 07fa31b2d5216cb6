"""Nets as arrays: read from Keras' archives and evaluated by NumPy, without Keras."""
