"""Generated customers whose segments and class probabilities are known."""

from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch, check_random_state

from segmentlearn._compat import Interval, StrOptions, validate_params
from segmentlearn.datasets._automobile import automobile_population
from segmentlearn.datasets._bank import bank_population
from segmentlearn.datasets._mall import MAX_SEGMENTS, mall_population
from segmentlearn.datasets._population import (
    Population,
    draw_classes_and_segments,
    draw_features,
    hide_values,
    plant_unseen_levels,
    posterior,
    take_text,
    to_columns,
)

# how noisy the labels are by default: makes the tables about as hard as the real ones
_FLIP_Y = {"automobile": 0.15, "bank": 0.02, "mall": 0.0}
_DRIFT_UNSEEN_SHARE = 0.03
_NOISE_LEVELS = [f"level_{i}" for i in range(5)]
_FIRST_AUTOMOBILE_ID = 458_982


@validate_params(
    {
        "kind": [StrOptions({"automobile", "bank", "mall"})],
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_segments": [Interval(Integral, 2, MAX_SEGMENTS, closed="both"), None],
        "weights": ["array-like", None],
        "flip_y": [Interval(Real, 0, 1, closed="both"), None],
        "missing_scale": [Interval(Real, 0, None, closed="left")],
        "unseen_share": [Interval(Real, 0, 1, closed="both")],
        "drift": [Interval(Real, 0, 10, closed="both")],
        "n_noise_columns": [Interval(Integral, 0, None, closed="left")],
        "keep_id": ["boolean"],
        "return_truth": ["boolean"],
        "random_state": ["random_state", np.random.Generator],
    },
    prefer_skip_nested_validation=True,
)
def make_customers(
    kind: str = "automobile",
    n_samples: int = 1000,
    *,
    n_segments: int | None = None,
    weights: Any = None,
    flip_y: float | None = None,
    missing_scale: float = 1.0,
    unseen_share: float = 0.0,
    drift: float = 0.0,
    n_noise_columns: int = 0,
    keep_id: bool = False,
    return_truth: bool = False,
    random_state: Any = None,
) -> tuple:
    """Generate a customer table from planted segments.

    Every row is drawn from a latent segment: its features have that segment's
    distribution, its label follows the segment. The tables have the columns, value
    ranges, rare levels, gaps and class shares of three public tables, and about their
    difficulty, but no row of them. The automobile table holds interactions that a
    linear model misses.

    Parameters
    ----------
    kind : {"automobile", "bank", "mall"}, default="automobile"
        Which table to imitate.

        - "automobile": nine features, mostly categories; `y` is one of "A", "B", "C",
          "D", and the best possible accuracy is about 0.58.
        - "bank": sixteen features of a phone campaign; `y` is 1 for one customer in
          ten, who subscribed to a term deposit. `last_contact_duration` is a leak: it
          is known only after the call.
        - "mall": gender, age, income and spending score; `y` is the planted segment,
          which the real table doesn't tell, for judging a clustering.

    n_samples : int, default=1000
        Number of customers.

    n_segments : int, default=None
        Number of planted segments, 2 to 20, well apart in income and spending score.
        Only for "mall"; `None` means 5.

    weights : array-like of shape (n_classes,), default=None
        How frequent the classes are, in the order of the sorted labels; scaled to the
        sum one. What a customer of a class looks like stays the same. `None` takes
        the kind's own shares: about (0.23, 0.20, 0.23, 0.34) for "automobile",
        (0.893, 0.107) for "bank", unequal ones for "mall".

    flip_y : float, default=None
        Share of rows whose label is drawn anew from the class shares. `None` means
        0.15 for "automobile" and 0.02 for "bank". The labels of "mall" are the planted
        segments and can't be flipped.

    missing_scale : float, default=1.0
        Multiplies the real tables' shares of gaps. Most gaps come completely at random,
        some depend on a column that has none (work experience is missing more often
        for older customers). The mall table has no gaps unless it drifts. At 0 no value
        is missing: the bank's `days_since_prev_campaign_contact`, which customers
        without a previous campaign can't have at any scale, is then coded −1.

    unseen_share : float, default=0.0
        Share of cells in some category columns (profession, `Var_1`; job, education;
        the mall's gender) that get a level which the kind otherwise never has.

    drift : float, default=0.0
        How far the table has moved from that of `drift=0`, up to 10; 1 is a strong
        drift. Most numbers rise (1: they lie 15 % further from the lowest value, the
        bank's balance on its arcsinh scale), later levels of categories gain, 3 % of
        the cells in the columns of `unseen_share` get an unseen level, gaps become
        more frequent (1: doubled) and appear in columns that had none. Class
        shares stay as `weights` says.

    n_noise_columns : int, default=0
        Number of columns that tell nothing, named "noise_0", "noise_1", …: normal
        numbers and categories with five levels by turns.

    keep_id : bool, default=False
        Whether the table starts with its identifier: `ID`, `id` or `CustomerID`.

    return_truth : bool, default=False
        Whether the truth is returned too.

    random_state : int, RandomState instance, Generator or None, default=None
        Pass an int for the same table in every call. The same int also gives the same
        customers when only `missing_scale`, `unseen_share`, `flip_y`, `keep_id` or
        `n_noise_columns` differ.

    Returns
    -------
    X : DataFrame of shape (n_samples, n_features)
        The features, in the column order and dtypes in which the loaders return them.

    y : Series of shape (n_samples,)
        The labels, strings for "automobile" and integers otherwise.

    truth : :class:`~sklearn.utils.Bunch`
        Only with `return_truth=True`:

        segment : ndarray of shape (n_samples,)
            Number of the segment that the row was drawn from.
        segment_names : list of str
            What the segments are called.
        classes : ndarray of shape (n_classes,)
            The labels, sorted.
        proba : ndarray of shape (n_samples, n_classes)
            Exact probability of each label given the row as it stands, with its gaps.
        bayes_accuracy : float
            The accuracy that the best possible classifier can expect on these rows.
        bayes_log_loss : float
            The log loss, in nats, that the best possible classifier can expect.
        flipped : ndarray of shape (n_samples,)
            Whether the label was drawn anew because of `flip_y`.
        proba_before_contact : ndarray of shape (n_samples, n_classes)
            Only for "bank": the probabilities without `last_contact_duration`.

    Raises
    ------
    ValueError
        If `weights` has not one non-negative number a class, if `n_segments` is given
        for another kind than "mall", or `flip_y` for "mall".

    See Also
    --------
    load_automobile : Read the real table of this shape from a file.
    load_bank : Read the real table of this shape from a file.
    load_mall : Read the real table of this shape from a file.

    Notes
    -----
    The generator is a latent class model (Lazarsfeld and Henry, *Latent Structure
    Analysis*, 1968): independent features within each segment, and several segments in
    each class. The true probabilities are Bayes' theorem over the segments. A gap
    carries no evidence there, which is exact as gaps depend on observed values only
    (Rubin, *Inference and missing data*, Biometrika 63, 1976). Class shares are exact
    up to rounding before labels are flipped.

    Examples
    --------
    >>> from segmentlearn.datasets import make_customers
    >>> X, y = make_customers("automobile", n_samples=500, random_state=0)
    >>> X.shape, sorted(y.unique())
    ((500, 9), ['A', 'B', 'C', 'D'])
    >>> X, y, truth = make_customers(
    ...     "mall", n_segments=3, return_truth=True, random_state=0
    ... )
    >>> truth.proba.shape
    (1000, 3)
    """
    flip_share = _check_options_of_kind(kind, n_segments, flip_y)
    population = _population(kind, n_segments, weights).drifted(drift)
    label_rng, feature_rng, gap_rng, unseen_rng, value_rng, extra_rng = _streams(
        random_state, 6
    )
    true_classes, segments = draw_classes_and_segments(population, n_samples, label_rng)
    classes, flipped = _flip(true_classes, population, flip_share, label_rng)
    codes = draw_features(population, true_classes, segments, feature_rng)
    unseen = min(unseen_share + _DRIFT_UNSEEN_SHARE * drift, 1.0)
    codes = plant_unseen_levels(population, codes, unseen, unseen_rng)
    codes = hide_values(population, codes, missing_scale, drift, gap_rng)

    columns = to_columns(population, codes, missing_scale == 0, value_rng)
    identifier = _identifier(kind, n_samples, extra_rng)
    if keep_id:
        columns = {population.identifier: identifier} | columns
    columns |= _noise(n_noise_columns, n_samples, extra_rng)
    X = pd.DataFrame(columns, copy=False)
    y = _labels(population, classes)
    if not return_truth:
        return X, y
    return X, y, _truth(population, codes, segments, flipped, flip_share)


def _check_options_of_kind(
    kind: str, n_segments: int | None, flip_y: float | None
) -> float:
    """Refuse options that the kind doesn't have; the share of labels to flip."""
    if n_segments is not None and kind != "mall":
        raise ValueError(
            f"n_segments={n_segments} is only for kind='mall': the segments of "
            f"kind={kind!r} are fixed. Leave n_segments=None."
        )
    if flip_y and kind == "mall":
        raise ValueError(
            f"flip_y={flip_y} is not for kind='mall': its labels are the planted "
            "segments. Leave flip_y=None."
        )
    return _FLIP_Y[kind] if flip_y is None else float(flip_y)


def _population(kind: str, n_segments: int | None, weights: Any) -> Population:
    """The kind's mixture, with the class shares asked for."""
    if kind == "automobile":
        population = automobile_population()
    elif kind == "bank":
        population = bank_population()
        weights = (0.893, 0.107) if weights is None else weights
    else:
        population = mall_population(5 if n_segments is None else int(n_segments))
    if weights is None:
        return population
    try:
        shares = np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        shares = np.array([np.nan])
    n_classes = len(population.classes)
    if (
        shares.shape != (n_classes,)
        or not np.isfinite(shares).all()
        or (shares < 0).any()
        or shares.sum() == 0
    ):
        raise ValueError(
            f"weights={weights!r} must be {n_classes} numbers, none negative and not "
            f"all zero: one for each of the classes {population.classes.tolist()}."
        )
    return population.with_class_shares(shares)


def _streams(random_state: Any, n_streams: int) -> list[np.random.Generator]:
    """Independent generators, so that one option's draws don't move another's."""
    if isinstance(random_state, np.random.Generator):
        seeds = random_state.integers(2**63, size=n_streams)
    else:
        legacy = check_random_state(random_state)
        seeds = legacy.randint(2**31, size=(n_streams, 2), dtype=np.int64)
    return [np.random.default_rng(seed) for seed in seeds]


def _flip(
    classes: np.ndarray, population: Population, share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the labels of a share of the rows anew from the class shares."""
    flipped = rng.random(len(classes)) < share
    edges = np.cumsum(population.joint.sum(axis=0))
    anew = np.searchsorted(edges / edges[-1], rng.random(len(classes)), side="right")
    return np.where(flipped, anew.astype(np.int16), classes), flipped


def _labels(population: Population, classes: np.ndarray) -> pd.Series:
    """The labels as a named column."""
    if population.classes.dtype.kind == "O":
        values = take_text(population.classes.tolist(), classes)
    else:
        values = population.classes[classes].astype(np.int64)
    return pd.Series(values, name=population.target)


def _identifier(kind: str, n_samples: int, rng: np.random.Generator) -> Any:
    """Identifiers as the kind has them: shuffled with holes, or just counted."""
    if kind == "mall":
        return np.arange(1, n_samples + 1)
    numbers = rng.permutation(n_samples + n_samples // 9 + 1)[:n_samples]
    if kind == "automobile":
        return numbers + _FIRST_AUTOMOBILE_ID
    return pd.Series([f"id_{number}" for number in numbers.tolist()]).array


def _noise(n_columns: int, n_samples: int, rng: np.random.Generator) -> dict[str, Any]:
    """Columns that tell nothing, numbers and categories by turns."""
    noise: dict[str, Any] = {}
    for number in range(n_columns):
        if number % 2 == 0:
            noise[f"noise_{number}"] = rng.standard_normal(n_samples)
        else:
            codes = rng.integers(len(_NOISE_LEVELS), size=n_samples)
            noise[f"noise_{number}"] = take_text(_NOISE_LEVELS, codes)
    return noise


def _truth(
    population: Population,
    codes: dict[str, np.ndarray],
    segments: np.ndarray,
    flipped: np.ndarray,
    flip_share: float,
) -> Bunch:
    """What the generator knows about the rows that it drew."""
    class_shares = population.joint.sum(axis=0)

    def label_proba(**how: bool) -> np.ndarray:
        clean = posterior(population, codes, **how)
        return (1 - flip_share) * clean + flip_share * class_shares

    proba = label_proba()
    log_proba = np.log(np.maximum(proba, np.finfo(float).tiny))
    truth = Bunch(
        segment=segments.astype(np.int64),
        segment_names=list(population.segments),
        classes=population.classes.copy(),
        proba=proba,
        bayes_accuracy=float(proba.max(axis=1).mean()),
        bayes_log_loss=float((proba * -log_proba).sum(axis=1).mean()),
        flipped=flipped,
    )
    if any(feature.after_outcome for feature in population.features):
        truth.proba_before_contact = label_proba(after_outcome=False)
    return truth
