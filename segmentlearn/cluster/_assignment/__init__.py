"""Rules that assign new rows to segments."""
