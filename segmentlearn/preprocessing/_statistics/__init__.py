"""What is counted of a table that is larger than memory, part by part."""
