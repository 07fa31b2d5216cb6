"""What a session can start with: generated customers, and an archive of the server."""

import functools
import pathlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segmentlearn.app._uploads import Loaded

KINDS = {
    "mall": "Visitors of a mall (age, income, spending)",
    "automobile": "Customers of a car maker, with known segments A to D",
    "bank": "Customers of a bank, with the answer to a campaign",
}
_TARGETS = {"automobile": "Segmentation", "bank": "term_deposit_subscribed"}
_SIZES = {"mall": 400, "automobile": 2_000, "bank": 3_000}
_MOST = 2**30


@functools.lru_cache(maxsize=8)  # nobody's customers, so that all may share them
def _as_csv(kind: str, n_samples: int) -> bytes:
    from segmentlearn.datasets import make_customers

    X, y = make_customers(kind, n_samples, random_state=0)
    if kind in _TARGETS:
        X = X.assign(**{_TARGETS[kind]: y})
    return X.to_csv(index=False, lineterminator="\n").encode()


def customers(kind: str, n_samples: int | None = None) -> "Loaded":
    """Return generated customers as if they had been uploaded."""
    from segmentlearn.app._uploads import read_upload

    data = _as_csv(kind, n_samples or _SIZES[kind])
    return read_upload(data, f"generated-{kind}.csv", _MOST)


def read_archive(path: str) -> Any:
    """Return the model in an archive of the server."""
    from segmentlearn.app._scoring import load_model

    file = pathlib.Path(path)
    return load_model(file.read_bytes(), file.name)[0]
