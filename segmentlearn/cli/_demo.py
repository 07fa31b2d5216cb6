"""The main job on generated customers, from the table to scored rows."""

import pathlib
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from segmentlearn.cli import _screen as screen
from segmentlearn.cli._fit import FitOptions, build_classifier
from segmentlearn.cli._outputs import reference_of, write_scored
from segmentlearn.cli._screen import InputError, echo
from segmentlearn.cli._stopping import check_not_stopped
from segmentlearn.model_selection import HeldOutResult, fit_and_evaluate
from segmentlearn.persistence import write_atomically
from segmentlearn.tables import read_table

_N_NEW = 500
_N_SHOWN = 5
_N_CONTACTED = 50
_N_CHANGED = 100  # new customers who have changed a month later
_NAMES = ("customers.csv", "new_customers.csv", "auto.seg", "scored.csv")
_MORE = ("next_month.csv", "campaign.csv", "campaign_new.csv", "contacted.csv")


def run_demo(
    n_samples: int,
    random_state: int,
    show: Callable[[HeldOutResult], None],
    out: pathlib.Path | None = None,
) -> None:
    """Fit, evaluate, save and load a model, and score new customers."""
    if out is None:
        _run(n_samples, random_state, show, None)
        return
    files = _Files(out)
    try:
        _run(n_samples, random_state, show, files)
    except BaseException:
        files.remove_empty_folder()
        raise


def _run(
    n_samples: int,
    random_state: int,
    show: Callable[[HeldOutResult], None],
    files: "_Files | None",
) -> None:
    import segmentlearn

    started = time.perf_counter()
    X, y = segmentlearn.make_customers(
        "automobile", n_samples, random_state=random_state
    )
    echo(
        f"{n_samples:,} generated customers of an automobile company with "
        f"{X.shape[1]} columns, missing values and text among them; segments "
        f"{', '.join(np.unique(y))}"
    )
    echo()
    options = FitOptions(random_state=random_state, verbose=int(screen.is_watched()))
    result = fit_and_evaluate(
        build_classifier(options), X, y, options.test_size, random_state
    )
    show(result)
    echo()
    with tempfile.TemporaryDirectory() as folder:
        path = files.archive if files else pathlib.Path(folder) / "auto.seg"
        monitor = reference_of(result.classifier, X.iloc[result.train_rows])
        facts = {"target": "Segmentation", "monitor": monitor}
        facts |= result.facts(refit=False)
        model = result.classifier.set_params(verbose=0)
        segmentlearn.save(model, path, metadata=facts)
        size = path.stat().st_size
        model = segmentlearn.load(path)
    echo(f"Saved to an archive of {size:,} bytes and loaded again")
    echo()
    new, _ = segmentlearn.make_customers(
        "automobile", _N_NEW, random_state=random_state + 1
    )
    probabilities = model.predict_proba(new)
    same = np.array_equal(probabilities, result.classifier.predict_proba(new))
    echo(
        f"{_N_NEW} new customers scored with the loaded model; its probabilities are "
        f"{'identical to' if same else 'DIFFERENT FROM'} those before saving"
    )
    shown = new.head(_N_SHOWN).copy()
    shown["segment"] = model.predict(new)[:_N_SHOWN]
    shown["probability"] = probabilities[:_N_SHOWN].max(axis=1).round(3)
    echo(shown.to_string(index=False, na_rep=""))
    echo()
    if files:
        check_not_stopped()
        _write(files.customers, _with_ids(X.assign(Segmentation=y), 1))
        _write(files.new_customers, _with_ids(new, len(X) + 1))
        _write_more(files.folder, new, n_samples, random_state)
        write_scored(model, read_table(files.new_customers), files.scored)
        names = ", ".join(path.name for path in files.all())
        echo(f"Written to {files.folder}: {names}")
        echo()
    echo(f"Done in {time.perf_counter() - started:.0f} s. With files of your own:")
    echo("  segmentlearn fit customers.csv --target SEGMENT --out model.seg")
    echo("  segmentlearn predict model.seg new.csv --out scored.csv")
    echo("and without known segments:")
    echo("  segmentlearn cluster customers.csv --out segments.seg")


def output_files(folder: pathlib.Path | None) -> list[pathlib.Path]:
    """Return the files that the demo writes to a folder; none without one."""
    return [] if folder is None else [folder / name for name in (*_NAMES, *_MORE)]


def _with_ids(table: Any, first: int) -> Any:
    """Add the number of each customer."""
    ids = np.arange(first, first + len(table))
    table = table.copy()
    table.insert(0, "ID", ids)
    return table


def _write_more(
    folder: pathlib.Path, new: Any, n_samples: int, random_state: int
) -> None:
    """Write the new customers a month later, and those of a campaign."""
    import segmentlearn

    later = new.copy()
    changed, _ = segmentlearn.make_customers(
        "automobile", _N_CHANGED, random_state=random_state + 2
    )
    later.iloc[:_N_CHANGED] = changed.to_numpy()
    _write(folder / _MORE[0], _with_ids(later.astype(new.dtypes), n_samples + 1))
    X, responds = segmentlearn.make_customers(
        "bank", n_samples + _N_NEW, random_state=random_state
    )
    # known only after the contact
    X = _with_ids(X.drop(columns="last_contact_duration"), 1)
    X = X.rename(columns={"ID": "customer"})
    answers = np.where(responds == 1, "yes", "no")
    _write(folder / _MORE[1], X.assign(responded=answers)[:n_samples])
    _write(folder / _MORE[2], X[n_samples:])
    _write(folder / _MORE[3], X[["customer"]][n_samples:][:_N_CONTACTED])


def _write(path: pathlib.Path, table: Any) -> None:
    write_atomically(path, table.to_csv(index=False, lineterminator="\n").encode())


class _Files:
    """The files that the demo writes; none that is there is overwritten."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._all = output_files(folder)
        self.customers, self.new_customers, self.archive, self.scored = self._all[:4]
        self.folder, self._is_new = folder, not folder.exists()
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
        return self._all

    def remove_empty_folder(self) -> None:
        """Remove a folder that was made for files that were not written."""
        if self._is_new and not any(self.folder.iterdir()):
            self.folder.rmdir()
