"""The main job on generated customers, from the table to scored rows."""

import pathlib
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from segmentlearn.cli import _screen as screen
from segmentlearn.cli._fit import Judged, Settings, fit_and_judge
from segmentlearn.cli._predict import score
from segmentlearn.cli._screen import InputError, tell
from segmentlearn.cli._stopping import check_not_stopped
from segmentlearn.persistence import write_atomically
from segmentlearn.tables import read_table, table_to_bytes

_N_NEW = 500
_N_SHOWN = 5
_NAMES = ("customers.csv", "new_customers.csv", "auto.seg", "scored.csv")


def run_demo(
    n_samples: int,
    random_state: int,
    show: Callable[[Judged], None],
    out: pathlib.Path | None = None,
) -> None:
    """Fit a model, show what it is worth, save and load it, score new customers."""
    import segmentlearn

    files = _Files(out) if out is not None else None
    started = time.perf_counter()
    X, y = segmentlearn.make_customers(
        "automobile", n_samples, random_state=random_state
    )
    tell(
        f"{n_samples:,} generated customers of an automobile company with "
        f"{X.shape[1]} columns, gaps and text among them; segments "
        f"{', '.join(np.unique(y))}"
    )
    tell()
    settings = Settings(random_state=random_state, verbose=int(screen.is_watched()))
    judged = fit_and_judge(X, y, settings)
    show(judged)
    tell()
    with tempfile.TemporaryDirectory() as folder:
        path = files.archive if files else pathlib.Path(folder) / "auto.seg"
        segmentlearn.save(judged.classifier.set_params(verbose=0), path)
        size = path.stat().st_size
        model = segmentlearn.load(path)
    tell(f"Saved to an archive of {size:,} bytes and loaded again")
    tell()
    new, _ = segmentlearn.make_customers(
        "automobile", _N_NEW, random_state=random_state + 1
    )
    probabilities = model.predict_proba(new)
    same = np.array_equal(probabilities, judged.classifier.predict_proba(new))
    tell(
        f"{_N_NEW} new customers scored with the loaded model; its probabilities are "
        f"{'identical to' if same else 'DIFFERENT FROM'} those before saving"
    )
    shown = new.head(_N_SHOWN).copy()
    shown["segment"] = model.predict(new)[:_N_SHOWN]
    shown["probability"] = probabilities[:_N_SHOWN].max(axis=1).round(3)
    tell(shown.to_string(index=False, na_rep=""))
    tell()
    if files:
        check_not_stopped()
        _write(files.customers, X.assign(Segmentation=y))
        _write(files.new_customers, new)
        table = read_table(files.new_customers)
        scored, _ = table_to_bytes(table, score(model, table).new_columns())
        write_atomically(files.scored, scored)
        tell(f"Written to {out}: {', '.join(path.name for path in files.all())}")
        tell()
    tell(f"Done in {time.perf_counter() - started:.0f} s. With files of your own:")
    tell("  segmentlearn fit customers.csv --target SEGMENT --out model.seg")
    tell("  segmentlearn predict model.seg new.csv --out scored.csv")
    tell("and without known segments:")
    tell("  segmentlearn cluster customers.csv --out segments.seg")


def output_files(folder: pathlib.Path | None) -> list[pathlib.Path]:
    """Return what the demo is to leave in a folder; nothing without one."""
    return [] if folder is None else [folder / name for name in _NAMES]


def _write(path: pathlib.Path, table: Any) -> None:
    write_atomically(path, table.to_csv(index=False, lineterminator="\n").encode())


class _Files:
    """What the demo leaves in a folder; nothing that is there is written over."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.customers, self.new_customers, self.archive, self.scored = output_files(
            folder
        )
        present = [path.name for path in self.all() if path.exists()]
        if present:
            raise InputError(
                f"--out {folder} has {', '.join(present)} already; name another folder."
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"--out {folder} cannot be made: {error.strerror}"
            ) from None

    def all(self) -> list[pathlib.Path]:
        return [self.customers, self.new_customers, self.archive, self.scored]
