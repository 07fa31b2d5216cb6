"""Whole models for other programs: one ONNX graph from raw columns to segments."""

import os
import pathlib
from typing import Any

from segmentlearn.export._onnx._models import onnx_of


def to_onnx(model: Any) -> Any:
    """Return a fitted model as one ONNX graph from raw columns to segments.

    The graph holds what `predict` does: imputation, levels and "other", target means,
    scaling, embeddings, all nets of an ensemble, calibration and the order of the
    segments. ONNX Runtime scores rows with it, without Python or TensorFlow. Read more
    in the :doc:`user guide </user_guide/onnx>`.

    Parameters
    ----------
    model : estimator
        A fitted :class:`SegmentClassifier`, :class:`AutoencoderClusterer`,
        :class:`InductiveClusterer` or :class:`Autoencoder`; a ``Pipeline`` of
        :class:`TabularPreprocessor`, :class:`DistancePreprocessor` or scalers of
        scikit-learn that ends in one of them; or a search with one of them in
        ``best_estimator_``.

    Returns
    -------
    model : onnx.ModelProto
        Opset 20, IR version 9: ONNX Runtime 1.20 and later. Each column in use is an
        input of its own, of shape (customers, 1):

        - numbers are doubles, NaN where missing; truth values are 1 and 0, durations
          days;
        - text is a string, empty where missing. As in `predict`, blanks around it do
          not matter, and marks such as "n/a" are missing;
        - dates are strings such as "2024-03-31" or "2024-03-31 12:30:00", with
          "+02:00" or "Z" behind or without; any other text is missing.

        Outputs are ``label`` of shape (customers,) and ``probabilities`` of shape
        (customers, classes) of a classifier, in the order of `classes_`; ``label`` and
        ``membership`` of a clusterer, whose label -1 is noise; ``codes`` of an
        autoencoder. An underscore is appended where a column has the name. Metadata
        tell what each column holds, the segments and the graph's SHA-256.

    Raises
    ------
    ImportError
        If the package onnx is missing; it comes with ``segmentlearn[export]``.
    TypeError
        If the model, its preprocessor, the clusterer in it or a layer of its net is one
        that the graph cannot hold.
    ValueError
        If a column is text in one part of the model and numbers in another, or
        distances are not Euclidean.

    See Also
    --------
    export : Writes the file.
    segment_rules : A few rules in place of the model, for SQL.

    Notes
    -----
    Numbers are prepared in double precision; nets compute in single precision. A graph
    cannot warn or refuse: infinite numbers, for which `predict` raises an error, count
    as missing, and so do dates that cannot be read.

    Examples
    --------
    >>> from segmentlearn import SegmentClassifier, make_customers, to_onnx
    >>> X, y = make_customers("mall", 200, random_state=0)
    >>> classifier = SegmentClassifier(effort="fast", max_epochs=2, random_state=0)
    >>> model = to_onnx(classifier.fit(X, y))
    >>> [column.name for column in model.graph.input]
    ['Gender', 'Age', 'Annual Income (k$)', 'Spending Score (1-100)']
    >>> [output.name for output in model.graph.output]
    ['label', 'probabilities']
    """
    return onnx_of(model)


def export(model: Any, path: str | os.PathLike) -> None:
    """Write a fitted model to a file that other programs score rows with.

    Parameters
    ----------
    model : estimator
        A fitted model, as :func:`to_onnx` takes it.
    path : str or path-like
        File to write, whose name ends in ".onnx".

    Raises
    ------
    ImportError
        If the package onnx is missing; it comes with ``segmentlearn[export]``.
    TypeError
        If the graph cannot hold the model.
    ValueError
        If the file's name has another ending.

    See Also
    --------
    to_onnx : The same as an object, and what its inputs and outputs are.
    segmentlearn.save : An archive that Python loads again.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from segmentlearn import Autoencoder, make_customers
    >>> from segmentlearn.export import export
    >>> X, _ = make_customers("mall", 200, random_state=0)
    >>> coder = Autoencoder(hidden_layer_sizes=(8,), max_epochs=2, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "codes.onnx")
    ...     export(coder.fit(X), path)
    ...     path.stat().st_size < 100_000
    True
    """
    path = pathlib.Path(path)
    if path.suffix.lower() != ".onnx":
        raise ValueError(f"path={str(path)!r} must end in '.onnx'.")
    path.write_bytes(to_onnx(model).SerializeToString())
