"""Fits of tables larger than memory: statistics, shards on the disk, training."""
