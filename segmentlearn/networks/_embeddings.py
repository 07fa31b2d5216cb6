"""Embeddings: numbers become features that a net can bend apart, categories numbers."""

from typing import Any

import keras
import numpy as np

from segmentlearn.networks._specs import PackedSpec

_FREQUENCIES_SEED = 2**16 + 1
_LEVELS_SEED = 2**16 + 2
# rows that quantiles are taken from; more of them move no border that matters
_MOST_ROWS = 100_000
# the pieces of a number are many: left at full height, they drown the other features
_PIECE_HEIGHT = 0.3
# pieces narrower than this cannot be distinguished in float32, on a natural scale
_NARROWEST = 1e-4
# borders of a table of about 32 numbers; wider ones leave out what no column has
_MOST_PIECES = 32 * 17
_ROUNDED_TO = 64


def quantile_edges(columns: np.ndarray, n_bins: int) -> np.ndarray:
    """Return borders that cut each column into pieces of about as many rows.

    Parameters
    ----------
    columns : ndarray of shape (n_rows, n_columns)
        Finite numbers on a natural scale.
    n_bins : int
        Pieces at most; a column of fewer distinct values has fewer.

    Returns
    -------
    edges : ndarray of float64, shape (n_columns, n_bins + 1)
        Increasing along each row; NaN behind a column's last border.

    Raises
    ------
    ValueError
        If there are no rows.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.networks import quantile_edges
    >>> quantile_edges(np.array([[0.0], [1.0], [2.0], [2.0]]), n_bins=4)
    array([[0.  , 0.75, 1.5 , 2.  ,  nan]])
    """
    if not len(columns):
        raise ValueError("columns has no rows, so there are no quantiles.")
    edges = np.full((columns.shape[1], n_bins + 1), np.nan)
    rows: Any = slice(None)
    if len(columns) > _MOST_ROWS:  # drawn: any step may be in step with the rows
        rows = np.random.default_rng(0).integers(0, len(columns), _MOST_ROWS)
    levels = np.linspace(0, 1, n_bins + 1)
    for position in range(columns.shape[1]):
        column = columns[rows, position].astype(np.float64)
        found = np.quantile(column, levels)
        kept = [found[0]]
        for border in found[1:]:
            if border - kept[-1] > _NARROWEST:
                kept.append(border)
        edges[position, : len(kept)] = kept
    return edges


def embed_features(
    inputs: keras.KerasTensor, spec: PackedSpec, edges: np.ndarray, seed: int
) -> tuple[keras.KerasTensor, np.ndarray]:
    """Append the embeddings of numbers and categories to the plain features.

    The piecewise-linear encoding says how far a number has come through each piece of
    its column; the periodic embedding is a small trained layer over cosines. Both are
    from Gorishniy, Rubachev and Babenko, "On embeddings for numerical features in
    tabular deep learning", NeurIPS 2022. The levels of a category have trained numbers
    each, which take the place of its one-hot columns (Guo and Berkhahn, "Entity
    embeddings of categorical variables", 2016).
    """
    n_features, numeric = spec.net.n_features, np.array(spec.numeric_features, int)
    parts, sources = [inputs], [np.arange(n_features)]
    if spec.categories:
        plain = np.setdiff1d(sources[0], np.concatenate(spec.categories))
        parts = [_select(inputs, plain, "plain")] if len(plain) else []
        sources = [plain] if len(plain) else []
        for number, positions in enumerate(spec.categories, start=1):
            parts.append(_levels(inputs, positions, spec, seed, number))
            sources.append(np.full(spec.n_category_outputs, positions[0]))
    if len(numeric) and (spec.n_bins or spec.n_frequencies):
        numbers = _select(inputs, numeric, "numbers")
        if spec.n_frequencies:
            parts.append(_waves(numbers, spec, seed))
            sources.append(np.repeat(numeric, spec.n_waves))
        if spec.n_bins:
            n_real = int(np.isfinite(edges[:, 1:]).sum())
            is_sparse = edges.size > _MOST_PIECES and 2 * n_real < edges.size
            encode = _distinct_pieces if is_sparse else _pieces
            pieces, columns = encode(numbers, edges)
            parts.append(pieces)
            sources.append(numeric[columns])
    if len(parts) == 1:
        return parts[0], sources[0]
    return keras.layers.Concatenate(name="embedded")(parts), np.concatenate(sources)


def frozen(
    layer: keras.Layer, x: keras.KerasTensor, weights: list[np.ndarray]
) -> keras.KerasTensor:
    """Call a layer whose weights are given and never trained."""
    layer.trainable = False
    outputs = layer(x)
    layer.set_weights([np.asarray(array, np.float32) for array in weights])
    return outputs


def _select(
    inputs: keras.KerasTensor, positions: np.ndarray, name: str
) -> keras.KerasTensor:
    """Take some of the features."""
    layer = keras.layers.Dense(len(positions), use_bias=False, name=name)
    return frozen(layer, inputs, [np.eye(inputs.shape[-1])[:, positions]])


def _levels(
    inputs: keras.KerasTensor,
    positions: tuple[int, ...],
    spec: PackedSpec,
    seed: int,
    number: int,
) -> keras.KerasTensor:
    """Embed one category: each level has trained numbers of its own."""
    columns = _select(inputs, np.array(positions), f"category_{number}")
    draw = np.random.default_rng([seed, _LEVELS_SEED, number])
    initializer = keras.initializers.RandomNormal(
        stddev=1.0, seed=int(draw.integers(2**31))
    )
    return keras.layers.Dense(
        spec.n_category_outputs,
        use_bias=False,
        kernel_initializer=initializer,
        name=f"levels_{number}",
    )(columns)


def _pieces(
    numbers: keras.KerasTensor, edges: np.ndarray
) -> tuple[keras.KerasTensor, np.ndarray]:
    """Encode each number by how far it has come through each piece, from 0 up.

    A piece that a column does not have is 0 for every row. Returns the column of each
    piece as well.
    """
    scale, shift = _scale_and_shift(edges)
    layer = keras.layers.EinsumDense(
        "bn,np->bnp", scale.shape, bias_axes="np", name="pieces"
    )
    x = frozen(layer, numbers, [scale, shift])
    x = keras.layers.ReLU(max_value=_PIECE_HEIGHT, name="piecewise")(x)
    columns = np.repeat(np.arange(len(scale)), scale.shape[1])
    return keras.layers.Flatten(name="piecewise_linear")(x), columns


def _distinct_pieces(
    numbers: keras.KerasTensor, edges: np.ndarray
) -> tuple[keras.KerasTensor, np.ndarray]:
    """Encode the numbers of a wide table, whose columns often have few values.

    Pieces that no column has are left out. Their number is rounded up, so that nets for
    folds in which a rare value is missing have one architecture.
    """
    scale, shift = _scale_and_shift(edges)
    columns, positions = np.nonzero(scale)
    n_pieces = -(-(len(columns) + 1) // _ROUNDED_TO) * _ROUNDED_TO
    kernel, bias = np.zeros((len(scale), n_pieces)), np.zeros(n_pieces)
    places = np.arange(len(columns))
    kernel[columns, places] = scale[columns, positions]
    bias[: len(columns)] = shift[columns, positions]
    layer = keras.layers.Dense(n_pieces, name="pieces")
    x = frozen(layer, numbers, [kernel, bias])
    x = keras.layers.ReLU(max_value=_PIECE_HEIGHT, name="piecewise_linear")(x)
    return x, np.append(columns, np.zeros(n_pieces - len(columns), int))


def _scale_and_shift(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what takes each number to its height on each piece; 0 for no piece."""
    with np.errstate(invalid="ignore"):
        scale = _PIECE_HEIGHT / np.diff(edges, axis=1)
    shift = -edges[:, :-1] * scale
    return np.nan_to_num(scale), np.nan_to_num(shift)


def _waves(
    numbers: keras.KerasTensor, spec: PackedSpec, seed: int
) -> keras.KerasTensor:
    """Embed each number by a trained layer over cosines of trained frequencies."""
    n_numbers = numbers.shape[-1]
    frequencies = np.random.default_rng([seed, _FREQUENCIES_SEED])
    shape = (n_numbers, spec.n_frequencies)
    angle = keras.layers.EinsumDense("bn,nf->bnf", shape, bias_axes="nf", name="angles")
    x = angle(numbers)
    angle.set_weights(
        [
            2 * np.pi * frequencies.normal(0, spec.frequency_scale, shape),
            frequencies.uniform(-np.pi, np.pi, shape),
        ]
    )
    x = keras.ops.cos(x)
    limit = 1.0 / np.sqrt(spec.n_frequencies)
    initializer = keras.initializers.RandomUniform(
        -limit, limit, int(frequencies.integers(2**31))
    )
    x = keras.layers.EinsumDense(
        "bnf,nfw->bnw",
        (n_numbers, spec.n_waves),
        bias_axes="nw",
        activation="relu",
        kernel_initializer=initializer,
        bias_initializer=initializer,
        name="waves",
    )(x)
    return keras.layers.Flatten(name="periodic")(x)
