"""Rows as ONNX Runtime takes them, and what it makes of them."""

import numpy as np
import pandas as pd

from segmentlearn import to_onnx


def session_of(model):
    """Return a session that scores rows by a fitted estimator's graph."""
    import onnxruntime

    return onnxruntime.InferenceSession(to_onnx(model).SerializeToString())


def cell_text(cell):
    """Write a cell as text, a missing one as none."""
    if pd.isna(cell):
        return ""
    return cell.isoformat(sep=" ") if hasattr(cell, "isoformat") else str(cell)


def inputs_of(session, X):
    """Return the columns of a frame as the graph's inputs."""
    feed, X = {}, X.rename(columns=str)
    for column in session.get_inputs():
        cells = X[column.name]
        if column.type == "tensor(string)":
            found = np.array([cell_text(cell) for cell in cells], object)
        else:
            if cells.dtype.kind == "m":
                cells = cells / pd.Timedelta(days=1)
            found = np.array([np.nan if pd.isna(x) else float(x) for x in cells])
        feed[column.name] = found.reshape(-1, 1)
    return feed


def assert_scored_alike(model, X, session=None):
    """Check labels and probabilities of rows by both; return the graph's."""
    session = session or session_of(model)
    label, proba = session.run(None, inputs_of(session, X))
    expected = model.predict_proba(X)
    np.testing.assert_allclose(proba, expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(label, model.predict(X))
    return label, proba
