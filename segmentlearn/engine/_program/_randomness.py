"""Random numbers that cost nothing inside a compiled epoch.

Under XLA on the CPU the generator behind ``keras.layers.Dropout`` takes thirty times
as long as the rest of a small net's epoch. A mask needs no cryptographic quality: a
hash of (seed, step, layer, element) is as good, has no state, and fuses with the
multiplication it feeds.
"""

from segmentlearn.engine._keras_compat import keras, tf

_GOLDEN = 0x9E3779B9  # 2**32 / golden ratio: consecutive counters land far apart
_MOST_LAYERS = 2**16  # dropout layers of one model


def _uint32(value: int) -> "tf.Tensor":
    return tf.constant(value, tf.uint32)


def _mix(bits: "tf.Tensor") -> "tf.Tensor":
    """Scramble 32-bit words so that every input bit reaches every output bit.

    The shift and multiplier constants are those of ``lowbias32``, found by exhaustive
    search for low bias (Wellons, "Prospecting for Hash Functions", 2018).
    """
    xor, shift = tf.bitwise.bitwise_xor, tf.bitwise.right_shift
    bits = xor(bits, shift(bits, _uint32(16))) * _uint32(0x7FEB352D)
    bits = xor(bits, shift(bits, _uint32(15))) * _uint32(0x846CA68B)
    return xor(bits, shift(bits, _uint32(16)))


def hash_uniform(
    shape: "tf.Tensor", seed: "tf.Tensor", step: "tf.Tensor", stream: int
) -> "tf.Tensor":
    """Uniform numbers in [0, 1) from a counter-based hash."""
    key = tf.cast(seed, tf.uint32) + _uint32((stream * 0x85EBCA6B + 1) & 0xFFFFFFFF)
    key = _mix(key) + tf.cast(step, tf.uint32) * _uint32(_GOLDEN)
    if key.shape.rank:
        key, shape_of_one = key[:, tf.newaxis], shape[1:]
    else:
        shape_of_one = shape
    index = tf.cast(tf.range(tf.reduce_prod(shape_of_one)), tf.uint32)
    bits = _mix(_mix(index + _mix(key)) + key)
    top = tf.cast(tf.bitwise.right_shift(bits, _uint32(8)), tf.int32)
    return tf.reshape(tf.cast(top, tf.float32) * 2.0**-24, shape)


class HashDropout(keras.layers.Layer):
    """Inverted dropout whose mask comes from :func:`hash_uniform`.

    It stands in for ``keras.layers.Dropout`` in the engine's own copy of a model; the
    user's model keeps the layer it was built with. Rate, seed and step are tensors that
    the program sets while it is traced, so that nets of different rates share one
    compiled program.
    """

    def __init__(self, stream: int = 0, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.stream = stream
        self.supports_masking = True
        self._source: tuple = ()
        self._n_uses = 0

    def set_source(
        self, rate: "tf.Tensor", seed: "tf.Tensor", step: "tf.Tensor"
    ) -> None:
        """Set the tensors that the calls of the next traced step draw from."""
        self._source = (rate, seed, step)
        self._n_uses = 0

    def call(self, inputs: "tf.Tensor", training: bool = False) -> "tf.Tensor":
        """Drop elements while training; pass the inputs through otherwise."""
        if not training or not self._source:
            return inputs
        rate, seed, step = self._source
        stream = self.stream + _MOST_LAYERS * self._n_uses  # of a shared layer
        self._n_uses += 1
        uniform = hash_uniform(tf.shape(inputs), seed, step, stream)
        if rate.shape.rank:  # one for each member
            rate = tf.reshape(rate, [-1] + [1] * (len(inputs.shape) - 1))
        scale = tf.where(uniform >= rate, 1.0 / (1.0 - rate), 0.0)
        return inputs * tf.cast(scale, inputs.dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Return the shape of the inputs: dropping changes no shape."""
        return input_shape

    def get_config(self) -> dict:
        """Return what rebuilds the layer."""
        return {**super().get_config(), "stream": self.stream}
