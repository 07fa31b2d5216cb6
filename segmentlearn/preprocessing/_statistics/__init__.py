"""Statistics of a table in parts, which can be merged."""
