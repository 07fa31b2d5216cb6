"""How many numbers a Keras layer keeps, computed from its configuration alone."""

import math
from collections.abc import Callable
from typing import Any

Shape = list[Any]
Config = dict[str, Any]

# layers that hold other layers are counted in network_size.py; the rest of Keras' own
# layers keep no weights worth counting
_WEIGHTLESS_PREFIXES = (
    "AdaptiveA",
    "AdaptiveMax",
    "AveragePooling",
    "AvgPool",
    "Cropping",
    "Gaussian",
    "Global",
    "MaxPool",
    "Random",
    "SpatialDropout",
    "UpSampling",
    "ZeroPadding",
)
_WEIGHTLESS = {
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Attention",
    "Average",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "Dot",
    "Dropout",
    "ELU",
    "Flatten",
    "Identity",
    "InputLayer",
    "LeakyReLU",
    "Masking",
    "Maximum",
    "Minimum",
    "Multiply",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "Softmax",
    "Subtract",
    "UnitNormalization",
}


def is_weightless(name: str) -> bool:
    """Whether a layer of Keras keeps no weights, by its class."""
    return name in _WEIGHTLESS or name.startswith(_WEIGHTLESS_PREFIXES)


def count_weights(name: str, config: Config, shape: Shape | None) -> int | None:
    """Return how many numbers a layer of Keras keeps; None for other classes."""
    count = _COUNTS.get(name)
    if count is None:
        return None
    n_weights = count(config, shape)
    # two matrices that are at least as long as the sides of a square of that many
    rank = _whole(config.get("lora_rank") or 0)
    return n_weights + 2 * rank * math.isqrt(n_weights)


def product(values: Any) -> int:
    """Return the product of the lengths in a shape; unknown lengths count as one."""
    if not isinstance(values, list):
        values = [values]
    return math.prod(1 if value is None else _whole(value) for value in values)


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is not a length")
    return value


def _length(shape: Shape | None, axis: int) -> int:
    if shape is None:
        raise ValueError("its input has no shape")
    return _whole(shape[axis])


def _dense(config: Config, shape: Shape | None) -> int:
    return (_length(shape, -1) + 1) * _whole(config["units"])


def _einsum_dense(config: Config, shape: Shape | None) -> int:
    inputs, _, outputs = config["equation"].replace(" ", "").partition("->")
    inputs, _, kernel = inputs.partition(",")
    output_shape = config["output_shape"]
    if not isinstance(output_shape, list):
        output_shape = [output_shape]
    if shape is None:
        raise ValueError("its input has no shape")
    lengths = {
        **_letters(outputs, [None, *output_shape]),
        **_letters(inputs, shape),
    }
    biases = config.get("bias_axes") or ""
    return product([lengths[letter] for letter in kernel]) + product(
        [lengths.get(letter) for letter in biases]
    )


def _letters(names: str, shape: Shape) -> dict[str, Any]:
    """Return the lengths of an equation's letters, from both sides of an ellipsis."""
    left, dots, right = names.partition("...")
    if not dots and len(left) != len(shape):
        raise ValueError(f"{names!r} and the shape {shape} do not match")
    lengths = dict(zip(left, shape, strict=False))
    lengths.update(zip(reversed(right), reversed(shape), strict=False))
    return lengths


def _embedding(config: Config, shape: Shape | None) -> int:
    return _whole(config["input_dim"]) * _whole(config["output_dim"])


def _channels(config: Config, shape: Shape | None) -> int:
    return _length(shape, 1 if config.get("data_format") == "channels_first" else -1)


def _conv(config: Config, shape: Shape | None) -> int:
    groups = max(1, _whole(config.get("groups") or 1))
    inputs = -(-_channels(config, shape) // groups)
    filters = _whole(config["filters"])
    return product(config["kernel_size"]) * inputs * filters + filters


def _depthwise(config: Config, shape: Shape | None) -> int:
    outputs = _channels(config, shape) * _whole(config.get("depth_multiplier") or 1)
    return (product(config["kernel_size"]) + 1) * outputs


def _separable(config: Config, shape: Shape | None) -> int:
    outputs = _channels(config, shape) * _whole(config.get("depth_multiplier") or 1)
    return _depthwise(config, shape) + (outputs + 1) * _whole(config["filters"])


def _recurrent(n_gates: int) -> Callable[[Config, Shape | None], int]:
    def count(config: Config, shape: Shape | None) -> int:
        units = _whole(config["units"])
        return n_gates * units * (_length(shape, -1) + units + 2)

    return count


def _conv_lstm(config: Config, shape: Shape | None) -> int:
    # the first axis after the batch is time
    inner = None if shape is None else [shape[0], *shape[2:]]
    filters = _whole(config["filters"])
    inputs = _channels(config, inner) + filters
    return 4 * (product(config["kernel_size"]) * inputs * filters + filters)


def _normalised(n_arrays: int) -> Callable[[Config, Shape | None], int]:
    def count(config: Config, shape: Shape | None) -> int:
        axes = config.get("axis", -1)
        if axes is None:
            return n_arrays
        axes = axes if isinstance(axes, list) else [axes]
        return n_arrays * product([_length(shape, axis) for axis in axes])

    return count


def _prelu(config: Config, shape: Shape | None) -> int:
    if shape is None:
        raise ValueError("its input has no shape")
    shared = config.get("shared_axes") or []
    kept = [
        length for axis, length in enumerate(shape) if axis > 0 and axis not in shared
    ]
    return product([_whole(length) for length in kept])


def _attention(config: Config, shape: Shape | None) -> int:
    n_heads = _whole(config.get("num_heads") or config.get("num_query_heads"))
    keys = _whole(config.get("key_dim") or config.get("head_dim"))
    values = _whole(config.get("value_dim") or keys)
    inputs = _length(shape, -1)
    outputs = config.get("output_shape")
    n_outputs = inputs if outputs is None else product(outputs)
    return n_heads * (2 * keys * (inputs + 1) + values * (inputs + n_outputs + 1))


def _spectrogram(config: Config, shape: Shape | None) -> int:
    return 2 * _whole(config["fft_length"]) ** 2


def _mel_spectrogram(config: Config, shape: Shape | None) -> int:
    # a matrix that is no weight, made when the layer is called
    if _whole(config["fft_length"]) * _whole(config["num_mel_bins"]) > 2**24:
        raise ValueError("a spectrogram of more than 16 million numbers")
    return 0


_COUNTS: dict[str, Callable[[Config, Shape | None], int]] = {
    "AdditiveAttention": lambda config, shape: _length(shape, -1),
    "BatchNormalization": _normalised(4),
    "Dense": _dense,
    "EinsumDense": _einsum_dense,
    "Embedding": _embedding,
    "GRU": _recurrent(3),
    "GRUCell": _recurrent(3),
    "GroupNormalization": _normalised(2),
    "GroupQueryAttention": _attention,
    "LSTM": _recurrent(4),
    "LSTMCell": _recurrent(4),
    "LayerNormalization": _normalised(2),
    "MelSpectrogram": _mel_spectrogram,
    "MultiHeadAttention": _attention,
    "Normalization": _normalised(2),
    "PReLU": _prelu,
    "RMSNormalization": _normalised(1),
    "ReversibleEmbedding": _embedding,
    "STFTSpectrogram": _spectrogram,
    "SimpleRNN": _recurrent(1),
    "SimpleRNNCell": _recurrent(1),
}
for _rank in "123":
    for _stem in ("Conv", "Convolution"):
        _COUNTS[f"{_stem}{_rank}D"] = _conv
        _COUNTS[f"{_stem}{_rank}DTranspose"] = _conv
    for _stem in ("SeparableConv", "SeparableConvolution"):
        _COUNTS[f"{_stem}{_rank}D"] = _separable
    _COUNTS[f"DepthwiseConv{_rank}D"] = _depthwise
    _COUNTS[f"ConvLSTM{_rank}D"] = _conv_lstm
