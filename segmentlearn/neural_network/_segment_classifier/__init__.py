"""SegmentClassifier and what its fit is made of."""
