"""The number of segments, and their stability."""
