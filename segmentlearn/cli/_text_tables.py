"""Numbers as text: the held-out report, learning curves, counts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.cli._fit import HeldOutResult

_BLOCKS = "▁▂▃▄▅▆▇█"
_DIGITS = "01234567"
_WIDTH = 40


def held_out_text(result: HeldOutResult) -> str:
    """Return the report on the held-out customers."""
    from sklearn.metrics import classification_report

    n_train, n_held_out = len(result.y_train), len(result.y_true)
    names = [str(label) for label in result.labels]
    report = classification_report(
        result.y_true,
        result.y_pred,
        labels=result.labels,
        target_names=names,
        digits=3,
        zero_division=0,
    )
    confusion = pd.DataFrame(
        result.confusion,
        index=[f"  {name}" for name in names],
        columns=[f" {name}" for name in names],
    )
    return "\n".join(
        [
            f"Held-out report: {n_held_out:,} customers that took no part in training "
            f"({n_train:,} did)",
            "",
            f"accuracy {result.accuracy:.3f}; always naming the largest segment gives "
            f"{result.baseline:.3f}",
            "",
            report.rstrip(),
            "",
            "confusion matrix (rows: true segment, columns: predicted)",
            confusion.to_string(),
        ]
    )


def curves_text(
    history: dict[str, list[float]], best_epoch: int | list[int] | None, blocks: bool
) -> str:
    """Return the learning curves, one line each."""
    shown = {
        name: values for name, values in history.items() if name != "learning_rate"
    }
    n_epochs = len(next(iter(shown.values())))
    head = f"Learning curves over {n_epochs} epoch{'s' if n_epochs > 1 else ''}"
    if isinstance(best_epoch, list):
        epochs = ", ".join(str(epoch or "none") for epoch in best_epoch)
        head += f", means of {len(best_epoch)} nets; kept were epochs {epochs}"
    elif best_epoch is not None:
        head += f"; the weights of epoch {best_epoch} were kept"
    longest = max(map(len, shown))
    lines = [
        f"  {name:<{longest}}  {_sparkline(values, blocks)}  "
        f"{values[0]:.3f} to {values[-1]:.3f}"
        for name, values in shown.items()
    ]
    return "\n".join([head, *lines])


def counts_text(counts: Mapping[Any, int]) -> str:
    """Return how often each label occurs."""
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))


def _sparkline(values: list[float], blocks: bool) -> str:
    """Draw values from left to right, at most forty of them."""
    array = np.array(values, dtype=float)
    if len(array) > _WIDTH:
        array = np.array([part.mean() for part in np.array_split(array, _WIDTH)])
    low, high = array.min(), array.max()
    scale = (array - low) / (high - low) if high > low else np.zeros(len(array))
    marks = _BLOCKS if blocks else _DIGITS
    return "".join(marks[round(share * (len(marks) - 1))] for share in scale)
