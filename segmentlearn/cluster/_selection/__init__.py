"""Candidate segmentations, their scores, and the one that is kept."""
