"""Arrays in NumPy's and SciPy's files: what their headers say, and nothing read."""

import io
import math
from typing import Any

import numpy as np
from numpy.lib import format as npy

from segmentlearn.exceptions import ArchiveError
from segmentlearn.persistence._checks._budget import Budget
from segmentlearn.persistence._container import Container

# NumPy's own limit for headers that are not trusted, and the bytes before them
_LONGEST_HEADER = 10_012
_SPARSE_MEMBERS = r"[a-z_]+\.npy"


def read_header(
    container: Container, name: str, what: str
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and type of an array in an npy file, which must be complete."""
    start = io.BytesIO(container.head(name, _LONGEST_HEADER))
    try:
        version = npy.read_magic(start)
        read = (
            npy.read_array_header_1_0
            if version == (1, 0)
            else npy.read_array_header_2_0
        )
        shape, _, dtype = read(start)
    # whatever NumPy's parser stumbles over
    except Exception as error:
        raise ArchiveError(f"{what} is a damaged array ({error}).") from error
    if dtype.hasobject:
        raise ArchiveError(
            f"{what} is an array of Python objects, which NumPy would unpickle "
            "(allow_pickle); it was altered."
        )
    n_bytes = math.prod(shape) * dtype.itemsize
    if any(length < 0 for length in shape) or (
        start.tell() + n_bytes != container.sizes[name]
    ):
        raise ArchiveError(
            f"{what} says that it is an array of shape {shape} and type {dtype}, and "
            f"has {container.sizes[name] - start.tell():,} bytes; it was altered."
        )
    return shape, dtype


def check_sparse(data: bytes, what: str, budget: Budget) -> None:
    """Check the arrays of a sparse matrix in an npz file."""
    container = Container(data, _SPARSE_MEMBERS, what, budget)
    for name in container.sizes:
        read_header(container, name, f"{what}, {name}")
