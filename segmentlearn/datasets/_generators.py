"""Generated customers whose segments and class probabilities are known."""

from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from segmentlearn._compat import Interval, StrOptions, validate_params
from segmentlearn.datasets._conditions import Conditions, take_text
from segmentlearn.datasets._latent import LatentPopulation, latent_table
from segmentlearn.datasets._mall import MAX_SEGMENTS
from segmentlearn.datasets._population import class_mixture, class_table

# how noisy the labels are by default: makes the tables about as hard as the real ones
_FLIP_Y = {"automobile": 0.15, "bank": 0.02, "mall": 0.0, "latent": 0.0}
_SEGMENT_KINDS = ("mall", "latent")  # their labels are the planted segments
_N_SEGMENTS = 5
_N_NOISE_COLUMNS = 6  # of kind="latent"
_DRIFT_UNSEEN_SHARE = 0.03
_NOISE_LEVELS = [f"level_{i}" for i in range(5)]
_FIRST_AUTOMOBILE_ID = 458_982


@validate_params(
    {
        "kind": [StrOptions({"automobile", "bank", "mall", "latent"})],
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_segments": [Interval(Integral, 2, MAX_SEGMENTS, closed="both"), None],
        "weights": ["array-like", None],
        "flip_y": [Interval(Real, 0, 1, closed="both"), None],
        "missing_scale": [Interval(Real, 0, None, closed="left")],
        "unseen_share": [Interval(Real, 0, 1, closed="both")],
        "drift": [Interval(Real, 0, 10, closed="both")],
        "n_noise_columns": [Interval(Integral, 0, None, closed="left"), None],
        "population": [Interval(Integral, 0, None, closed="left"), None],
        "keep_id": ["boolean"],
        "return_truth": ["boolean"],
        "random_state": ["random_state", np.random.Generator],
    }
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
    n_noise_columns: int | None = None,
    population: int | None = None,
    keep_id: bool = False,
    return_truth: bool = False,
    random_state: Any = None,
) -> tuple:
    """Generate a customer table from planted segments.

    Every row is drawn from a latent segment: its features have that segment's
    distribution, its label follows the segment. Three kinds have the columns, value
    ranges, rare levels, missing values and class shares of public tables, and about
    their difficulty, but no row of them. The automobile table holds interactions that a
    linear model misses. The fourth kind, "latent", imitates no table: its segments are
    clear in four hidden dimensions, and curved in the columns.

    Parameters
    ----------
    kind : {"automobile", "bank", "mall", "latent"}, default="automobile"
        Which table to generate.

        - "automobile": nine features, mostly categories; `y` is one of "A", "B", "C",
          "D", and the best possible accuracy is about 0.58.
        - "bank": sixteen features of a phone campaign; `y` is 1 for one customer in
          ten, who subscribed to a term deposit. `last_contact_duration` is a leak: it
          is known only after the call.
        - "mall": gender, age, income and spending score; `y` is the planted segment,
          which the real table doesn't hold, for evaluating a clustering.
        - "latent": fourteen numbers of a retailer's customers, six of them with heavy
          tails, and five categories, all of them smooth functions of a position in
          four latent dimensions, with noise; beside them six noise columns. `y` is
          the planted segment. For measuring how well a method that learns
          representations finds segments.

    n_samples : int, default=1000
        Number of customers.

    n_segments : int, default=None
        Number of planted segments, 2 to 20, well separated in income and spending score
        ("mall") or in the latent dimensions ("latent"). Only for these two kinds;
        `None` means 5.

    weights : array-like of shape (n_classes,), default=None
        How frequent the classes are, in the order of the sorted labels; scaled to the
        sum one. What a customer of a class looks like stays the same. `None` takes
        the kind's own shares: about (0.23, 0.20, 0.23, 0.34) for "automobile",
        (0.893, 0.107) for "bank", unequal ones for "mall" and "latent".

    flip_y : float, default=None
        Share of rows whose label is drawn anew from the class shares. `None` means
        0.15 for "automobile" and 0.02 for "bank". The labels of "mall" and "latent"
        are the planted segments and can't be flipped.

    missing_scale : float, default=1.0
        Multiplies the kind's shares of missing values, for most kinds those of the
        real table. Most are missing completely at random,
        some depending on a complete column (work experience is missing more often
        for older customers). The mall table is complete unless it drifts. At 0 no value
        is missing: the bank's `days_since_prev_campaign_contact`, which customers
        without a previous campaign can't have at any scale, is then coded −1.

    unseen_share : float, default=0.0
        Share of cells in some category columns (profession, `Var_1`; job, education;
        the mall's gender; channel and favourite department of "latent") that get a
        level which the kind otherwise never has.

    drift : float, default=0.0
        How far the table has moved from that of `drift=0`, up to 10; 1 is a strong
        drift. Most numbers rise (1: they lie 15 % further from the lowest value, the
        bank's balance on its arcsinh scale), later levels of categories gain, 3 % of
        the cells in the columns of `unseen_share` get an unseen level, missing values
        become more frequent (1: doubled) and appear in columns that had none. Class
        shares stay those of `weights`.

    n_noise_columns : int, default=None
        Number of uninformative columns, named "noise_0", "noise_1", …: normal
        numbers and categories with five levels alternate. `None` means 6 for "latent"
        and none otherwise.

    population : int, default=None
        Seed of where the segments stand and of the map from there to the columns. Only
        for "latent"; `None` means 0. Tables of one population are tables of the same
        customers' segments, whatever their size and `random_state`; the map is the same
        for any `n_segments`.

    keep_id : bool, default=False
        Whether the table starts with its identifier: `ID`, `id`, `CustomerID` or
        `customer_id`.

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
            Exact probability of each label given the row with its missing values. For
            "latent": given the latent position, which holds more information than the
            columns.
        bayes_accuracy : float
            The accuracy that the best possible classifier can expect on these rows; a
            bound that the columns don't reach for "latent".
        bayes_log_loss : float
            The log loss, in nats, that the best possible classifier can expect; for
            "latent" a lower bound likewise.
        flipped : ndarray of shape (n_samples,)
            Whether the label was drawn anew because of `flip_y`.
        proba_before_contact : ndarray of shape (n_samples, n_classes)
            Only for "bank": the probabilities without `last_contact_duration`.
        latent : ndarray of shape (n_samples, 4)
            Only for "latent": the position of each customer.

    Raises
    ------
    ValueError
        If `weights` has not one non-negative number a class, if `n_segments` is given
        for "automobile" or "bank", `flip_y` for "mall" or "latent", or `population` for
        another kind than "latent".

    See Also
    --------
    load_automobile : Read the real table of this shape from a file.
    load_bank : Read the real table of this shape from a file.
    load_mall : Read the real table of this shape from a file.

    Notes
    -----
    Most kinds are a latent class model (Lazarsfeld and Henry, *Latent Structure
    Analysis*, 1968): independent features within each segment, and several segments in
    each class. The true probabilities are Bayes' theorem over the segments. A missing
    value carries no evidence there, which is exact as it depends on observed values
    only (Rubin, *Inference and missing data*, Biometrika 63, 1976). Class shares are
    exact up to rounding before labels are flipped.

    The kind "latent" is a Gaussian mixture seen through a random net with one hidden
    layer, the nonlinear factor model whose estimate is the autoencoder's aim (Hinton
    and Salakhutdinov, *Reducing the dimensionality of data with neural networks*,
    Science 313, 2006). Its categories follow the logit model of choice. A classifier
    trained on the segments finds them again in the columns, KMeans on standardised
    columns does so in part only.

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
    flip_share = _check_options_of_kind(kind, n_segments, flip_y, population)
    *streams, extra_rng = _streams(random_state, 6)
    unseen = min(unseen_share + _DRIFT_UNSEEN_SHARE * drift, 1.0)
    conditions = Conditions(n_samples, missing_scale, unseen, drift, *streams)
    n_planted = _N_SEGMENTS if n_segments is None else int(n_segments)
    planted: Any
    if kind == "latent":
        planted = LatentPopulation(n_planted, int(population or 0), weights)
        columns, y, make_truth = latent_table(planted, conditions)
    else:
        planted = class_mixture(kind, n_planted, weights)
        columns, y, make_truth = class_table(planted, flip_share, conditions)
    identifier = _identifier(kind, n_samples, extra_rng)
    if keep_id:
        columns = {planted.identifier: identifier} | columns
    if n_noise_columns is None:
        n_noise_columns = _N_NOISE_COLUMNS if kind == "latent" else 0
    columns |= _noise(n_noise_columns, n_samples, extra_rng)
    X = pd.DataFrame(columns, copy=False)
    return (X, y, make_truth()) if return_truth else (X, y)


def _check_options_of_kind(
    kind: str, n_segments: int | None, flip_y: float | None, population: int | None
) -> float:
    """Refuse options that the kind doesn't have; the share of labels to flip."""
    if n_segments is not None and kind not in _SEGMENT_KINDS:
        raise ValueError(
            f"n_segments={n_segments} is only for kind='mall' or 'latent': the "
            f"segments of kind={kind!r} are fixed. Leave n_segments=None."
        )
    if flip_y and kind in _SEGMENT_KINDS:
        raise ValueError(
            f"flip_y={flip_y} is not for kind={kind!r}: its labels are the planted "
            "segments. Leave flip_y=None."
        )
    if population is not None and kind != "latent":
        raise ValueError(
            f"population={population} is only for kind='latent': there is one "
            f"population of kind={kind!r}. Leave population=None."
        )
    return _FLIP_Y[kind] if flip_y is None else float(flip_y)


def _streams(random_state: Any, n_streams: int) -> list[np.random.Generator]:
    """Independent generators, so that one option's draws don't move another's."""
    if isinstance(random_state, np.random.Generator):
        seeds = random_state.integers(2**63, size=n_streams)
    else:
        legacy = check_random_state(random_state)
        seeds = legacy.randint(2**31, size=(n_streams, 2), dtype=np.int64)
    return [np.random.default_rng(seed) for seed in seeds]


def _identifier(kind: str, n_samples: int, rng: np.random.Generator) -> Any:
    """Identifiers as the kind has them: shuffled with holes, or just counted."""
    if kind in _SEGMENT_KINDS:
        return np.arange(1, n_samples + 1)
    numbers = rng.permutation(n_samples + n_samples // 9 + 1)[:n_samples]
    if kind == "automobile":
        return numbers + _FIRST_AUTOMOBILE_ID
    return pd.Series([f"id_{number}" for number in numbers.tolist()]).array


def _noise(n_columns: int, n_samples: int, rng: np.random.Generator) -> dict[str, Any]:
    """Uninformative columns, alternately numbers and categories."""
    noise: dict[str, Any] = {}
    for number in range(n_columns):
        if number % 2 == 0:
            noise[f"noise_{number}"] = rng.standard_normal(n_samples)
        else:
            codes = rng.integers(len(_NOISE_LEVELS), size=n_samples)
            noise[f"noise_{number}"] = take_text(_NOISE_LEVELS, codes)
    return noise
