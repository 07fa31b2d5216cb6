"""TensorFlow and Keras as the engine imports them: quietly, on the right backend."""

from segmentlearn._startup import quiet_start
from segmentlearn.exceptions import SegmentLearnError

with quiet_start():
    import keras
    import tensorflow as tf

if keras.backend.backend() != "tensorflow":
    raise SegmentLearnError(
        f"Keras runs on the {keras.backend.backend()!r} backend here, and segmentlearn "
        "trains on TensorFlow; start Python with KERAS_BACKEND=tensorflow."
    )

__all__ = ["keras", "tf"]
