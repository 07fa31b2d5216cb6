"""Find segments in a table that has none, and the number of them if need be."""

import dataclasses
import pathlib
import shlex
import textwrap
import warnings
from typing import Any

import pandas as pd

from segmentlearn.cli._screen import InputError, waiting
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.tables import TableFile

AUTO = "auto"
_WIDTH = 88
NOTHING_FOUND = (
    "No segments: customers differ gradually in these columns, without clear groups. "
    "To divide them anyway, say into how many segments, as in --n-clusters 4; or leave "
    "out columns that say little with --drop."
)
FEWEST, MOST = 2, 10  # numbers of segments that are compared


@dataclasses.dataclass(frozen=True)
class ClusterOptions:
    """The options of ``cluster``.

    Parameters
    ----------
    n_clusters : int or None
        Number of segments; None to find it.
    joint : str or None
        "idec" or "dcn" to train code and segments together as well.
    compare_baselines : bool
        Whether baselines compete with the autoencoders.
    baseline : estimator or None
        Clusterer of an earlier period, whose segments keep their ids.
    period : str or None
        Name of the period of the customers.
    columns : dict of str to object
        Parameters of the preprocessor: which columns are numbers, categories, dates.
    random_state : int
        Decides everything that is drawn.
    verbose : int
        1 for a progress bar.
    """

    n_clusters: int | None = None
    joint: str | None = None
    compare_baselines: bool = True
    baseline: Any = None
    period: str | None = None
    columns: dict[str, Any] = dataclasses.field(default_factory=dict)
    random_state: int = 0
    verbose: int = 0


def segment_rows(table: TableFile, drop: list[str]) -> pd.DataFrame:
    """Return the columns to find segments in."""
    X = table.frame.drop(columns=drop)
    if X.shape[1] == 0:
        raise InputError("no column is left to find segments in; --drop fewer.")
    if len(X) > 1 and X.nunique(dropna=False).max() < 2:
        raise InputError(
            f"all {len(X):,} rows of {table.source} are the same in the columns "
            f"{', '.join(X.columns)}; there is nothing to segment."
        )
    return X


def value_role_text(value: str, is_used: bool) -> str:
    """Return whether segments are found in the column of the value, too."""
    if is_used:
        return (
            f"{value!r} is the value, and segments are found in it as in any other "
            f"column; --drop {shlex.quote(value)} finds them without it."
        )
    return f"{value!r} is the value; segments are found without it."


def number_wanted(text: str, n_rows: int) -> int | None:
    """Read the option ``--n-clusters``; None stands for "auto"."""
    if text == AUTO:
        if n_rows < 4:
            raise InputError(
                f"--n-clusters auto needs 4 customers or more; there are {n_rows}."
            )
        return None
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 2:
        raise InputError(
            f"--n-clusters {text!r} must be 'auto' or a whole number from 2 on."
        )
    if number > n_rows:
        raise InputError(
            f"--n-clusters {number} is more than the {n_rows:,} customers there are."
        )
    return number


def numbers_to_compare(
    wanted: int | None, fewest: int | None, most: int | None, n_rows: int
) -> range:
    """Return the numbers between ``--min-clusters`` and ``--max-clusters``."""
    if wanted is not None:
        if fewest or most:
            raise InputError(
                "--min-clusters and --max-clusters are for --n-clusters auto."
            )
        return range(wanted, wanted + 1)
    largest = n_rows // 2
    high = min(MOST, largest) if most is None else most
    low = min(FEWEST, high) if fewest is None else fewest
    if most is None and fewest is not None:
        high = max(high, min(fewest, largest))
    if high > largest:
        raise InputError(
            f"--max-clusters {high} is more than half of the {n_rows:,} customers."
        )
    if low > high:
        raise InputError(
            f"--min-clusters {low} is more than {high}, the most that are compared; "
            "name more with --max-clusters."
        )
    return range(low, high + 1)


def find_number(X: pd.DataFrame, options: ClusterOptions, numbers: range) -> Any:
    """Select the number of segments among these, or none."""
    from segmentlearn import select_n_clusters

    with warnings.catch_warnings():
        # fit warns of the columns that are left out
        warnings.simplefilter("ignore", SegmentLearnWarning)
        return select_n_clusters(
            _build(options, 2), X, numbers, random_state=options.random_state
        )


def find_segments(
    X: pd.DataFrame, options: ClusterOptions, n_clusters: int, value: Any = None
) -> tuple[Any, Any]:
    """Segment a table and name the segments."""
    from segmentlearn import segment_profile

    segmenter = _build(options, n_clusters).fit(X)
    with waiting("describing the segments"), warnings.catch_warnings():
        # fit has warned of the columns that are left out
        warnings.simplefilter("ignore", SegmentLearnWarning)
        seed = options.random_state
        profile = segment_profile(segmenter, X, value=value, random_state=seed)
    profile.store(segmenter)
    return segmenter, profile


def load_baseline(archive: pathlib.Path) -> Any:
    """Return the clusterer of an earlier period."""
    import segmentlearn

    baseline = segmentlearn.load(archive)
    if not hasattr(baseline, "segment_ids_"):
        raise InputError(
            f"--baseline {archive} holds a {type(baseline).__name__}; name an archive "
            "that segmentlearn cluster has written."
        )
    return baseline


def changes_text(segmenter: Any, X: pd.DataFrame) -> str:
    """Return what became of the segments of the baseline, by these customers."""
    from segmentlearn import match_segments

    match = match_segments(segmenter.baseline, segmenter, X, random_state=0)
    indents: dict = {"initial_indent": "  ", "subsequent_indent": "    "}
    periods: list[str] = segmenter.baseline.passport_periods()
    lines = [f"Segments since period {', '.join(periods[-1:])}, by id"]
    lines += [textwrap.fill(t.words, _WIDTH, **indents) for t in match.transitions]
    if match.unstable:
        lines.append("Explained by resampling alone")
        lines += [textwrap.fill(t.words, _WIDTH, **indents) for t in match.unstable]
    return "\n".join(lines)


def _build(options: ClusterOptions, n_clusters: int) -> Any:
    from segmentlearn import AutoencoderClusterer, DistancePreprocessor

    preprocessor = (
        DistancePreprocessor(**options.columns) if options.columns else "auto"
    )
    return AutoencoderClusterer(
        preprocessor=preprocessor,
        n_clusters=n_clusters,
        joint=options.joint,
        compare_baselines=options.compare_baselines,
        baseline=options.baseline,
        period=options.period,
        verbose=options.verbose,
        random_state=options.random_state,
    )
