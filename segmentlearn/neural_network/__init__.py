"""Neural estimators: Keras nets behind fit, predict and predict_proba."""

from segmentlearn.neural_network.autoencoder import Autoencoder
from segmentlearn.neural_network.classifier import SegmentClassifier

__all__ = ["Autoencoder", "SegmentClassifier"]
