"""The same customers in two periods, with changes of their segments planted between.

Each change has a site of its own, far from the others: a segment that splits is at the
middle of its site before, and its parts are at either side after; a merge is the same
backwards. So every segment is well separated from all others of its period, and which
change is which is known.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist, pdist
from sklearn.utils import Bunch, check_random_state

from segmentlearn._compat import Interval, StrOptions, validate_params
from segmentlearn.datasets._conditions import Conditions, take_text
from segmentlearn.datasets._latent import (
    LatentPopulation,
    separate_centers,
    to_columns,
)

# how many segments of the first period a change takes
_SEGMENTS_OF = {
    "split": 1,
    "merge": 2,
    "birth": 0,
    "death": 1,
    "growth": 1,
    "drift": 1,
}
_ROOM = 5.0  # standard deviations between the nearest two segments of a period
_REACH = 0.3  # from a site's middle to its parts, against the nearest other site
_GROWTH = 2.0
_DRIFT = 2.0  # standard deviations of the segment
_LARGEST_SHARE = 2.0  # against a segment of share 1
_CANDIDATES = 30  # positions tried for a site, for each site so far
_N_STREAMS = 10
# of kind="mall": middle and radius of the disc in which segments are; age leans on both
_INCOME, _SCORE, _AGE = (76.0, 50.0), (50.0, 38.0), (44.0, 18.0)
_AGE_DEVIATION = 3.0


@dataclass
class _Segments:
    """The segments of one period."""

    centers: list
    sizes: list  # expected customers, in segments of the first period

    def add(self, center: np.ndarray, size: float) -> int:
        """Add a segment; return its number."""
        self.centers.append(center)
        self.sizes.append(size)
        return len(self.sizes) - 1


@validate_params(
    {
        "kind": [StrOptions({"mall", "latent"})],
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_segments": [Interval(Integral, 2, 20, closed="both")],
        "transitions": ["array-like"],
        "returning_share": [Interval(Real, 0, 1, closed="both")],
        "moving_share": [Interval(Real, 0, 1, closed="both")],
        "persistence": [Interval(Real, 0, 1, closed="both")],
        "n_noise_columns": [Interval(Integral, 0, None, closed="left")],
        "population": [Interval(Integral, 0, None, closed="left")],
        "random_state": ["random_state"],
    }
)
def make_customer_panel(
    kind: str = "mall",
    n_samples: int = 1000,
    *,
    n_segments: int = 5,
    transitions: Sequence[str] = (),
    returning_share: float = 0.8,
    moving_share: float = 0.0,
    persistence: float = 0.7,
    n_noise_columns: int = 0,
    population: int = 0,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch:
    """Generate customers in two periods, between which their segments change.

    For measuring whether the changes of a segmentation are found: some customers are in
    both tables, some leave and others enter, and segments split, merge, are born, die,
    grow and drift as asked for.

    Parameters
    ----------
    kind : {"mall", "latent"}, default="mall"
        The columns, as those of :func:`make_customers`. The segments of "mall" are
        round in income and spending score, those of "latent" are curved in the columns.
    n_samples : int, default=1000
        Customers of the first period.
    n_segments : int, default=5
        Segments of the first period, 2 to 20.
    transitions : sequence of str, default=()
        What happens, each to segments of its own, drawn at random: "split" (one into
        two of the same size), "merge" (two into one), "birth" (of customers that are
        all new), "death" (all its customers leave), "growth" (to twice its customers)
        and "drift" (by two of its standard deviations). One may be named several times.
    returning_share : float, default=0.8
        Share of the customers of a segment that are in the second period as well. As
        many others enter, so that a segment to which nothing happens keeps its size.
    moving_share : float, default=0.0
        Share of the returning customers that change to any other segment there is in
        both periods.
    persistence : float, default=0.7
        Correlation of the values of a customer who stays with those before, within the
        segment. With 1 nothing changes where no segment does.
    n_noise_columns : int, default=0
        Columns "noise_0", "noise_1", … of normal numbers without any information.
    population : int, default=0
        Seed of where the segments are and of what happens to which of them.
    random_state : int, RandomState instance or None, default=None
        Draws the customers. Pass an int for the same panel in every call.

    Returns
    -------
    panel : :class:`~sklearn.utils.Bunch`
        Both periods, and what is planted.

        old, new : DataFrame
            The customers of both periods, first the key: "CustomerID" or "customer_id".
        old_segment, new_segment : ndarray of int64
            The segment of each row of them, numbered from 0 in each period.
        transitions : list of dict
            What happened: ``kind``, and the segments it happened to, ``old`` and
            ``new``. Segments that are not named here are the same in both periods.
        partners : dict of int to int
            The segments that live on, with their numbers in the second period; those of
            a growth and a drift are among them.

    Raises
    ------
    ValueError
        If a transition is unknown, or more segments are needed than there are.

    See Also
    --------
    make_customers : Tables of one period.

    Examples
    --------
    >>> from segmentlearn.datasets import make_customer_panel
    >>> panel = make_customer_panel(transitions=["split"], random_state=0)
    >>> panel.old.shape
    (1000, 5)
    >>> panel.transitions
    [{'kind': 'split', 'old': [4], 'new': [4, 5]}]
    """
    names = _check_transitions(transitions, n_segments)
    plan_rng = np.random.default_rng([population, n_segments])
    n_dimensions = 4 if kind == "latent" else 2
    before, after, happened, partners = _plan(names, n_segments, n_dimensions, plan_rng)
    gaps = [pdist(np.array(s.centers)).min() for s in (before, after)]
    deviation = min([0.4, *(gap / _ROOM for gap in gaps)])
    for event in happened:
        if event["kind"] == "drift":
            (number,) = event["new"]
            after.centers[number] = _drifted(after.centers, number, deviation, plan_rng)
    legacy = check_random_state(random_state)
    rngs = np.random.default_rng(legacy.randint(2**31, size=2)).spawn(_N_STREAMS)
    members, *column_rngs = rngs
    old_segment, source, new_segment = _draw_members(
        before, after, partners, happened, n_samples, returning_share, members
    )
    _move(new_segment, source, partners, moving_share, members)
    old_around = members.standard_normal((n_samples, n_dimensions))
    fresh = members.standard_normal((len(source), n_dimensions))
    stays = source >= 0
    change = np.sqrt(1.0 - persistence**2)
    around = np.where(stays[:, None], persistence * old_around[source], 0.0)
    around += np.where(stays, change, 1.0)[:, None] * fresh
    positions = (
        np.array(before.centers)[old_segment] + deviation * old_around,
        np.array(after.centers)[new_segment] + deviation * around,
    )
    keys = np.arange(1, n_samples + 1)
    n_entered = int((~stays).sum())
    new_keys = np.where(stays, keys[source], 0)
    new_keys[~stays] = n_samples + 1 + np.arange(n_entered)
    columns_of = _latent_columns if kind == "latent" else _mall_columns
    tables = columns_of(positions, source, population, column_rngs)
    key = "customer_id" if kind == "latent" else "CustomerID"
    old, new = (
        pd.DataFrame({key: of_rows, **columns, **_noise(n_noise_columns, rng, of_rows)})
        for of_rows, columns, rng in zip(
            (keys, new_keys), tables, column_rngs[-2:], strict=True
        )
    )
    return Bunch(
        old=old,
        new=new,
        old_segment=old_segment,
        new_segment=new_segment,
        transitions=happened,
        partners=partners,
    )


def _check_transitions(transitions: Any, n_segments: int) -> list[str]:
    """Return the transitions as a list of known names."""
    names = [transitions] if isinstance(transitions, str) else list(transitions)
    unknown = [name for name in names if name not in _SEGMENTS_OF]
    if unknown:
        raise ValueError(
            f"transitions has {unknown[0]!r}; known are {list(_SEGMENTS_OF)}."
        )
    n_needed = sum(_SEGMENTS_OF[name] for name in names)
    if n_needed > n_segments:
        raise ValueError(
            f"transitions={names} happen to {n_needed} segments and n_segments="
            f"{n_segments}; ask for fewer transitions or more segments."
        )
    # one segment alone, before or after, would have no distance to another
    n_after = n_segments + sum(
        {"split": 1, "merge": -1, "birth": 1, "death": -1}.get(name, 0)
        for name in names
    )
    if n_after < 2:
        raise ValueError(
            f"transitions={names} leave {n_after} segment(s) of n_segments="
            f"{n_segments}; the second period needs two."
        )
    return names


def _plan(
    names: list[str], n_segments: int, n_dimensions: int, rng: np.random.Generator
) -> tuple[_Segments, _Segments, list[dict], dict[int, int]]:
    """Return the segments of both periods, what happens, and who lives on."""
    counts = Counter(names)
    n_quiet = n_segments - sum(_SEGMENTS_OF[name] for name in names)
    n_sites = n_quiet + len(names)
    sites = separate_centers(n_sites, rng, n_dimensions, _CANDIDATES)
    gaps = cdist(sites, sites)
    np.fill_diagonal(gaps, np.inf)
    directions = rng.standard_normal(sites.shape)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    arms = _REACH * gaps.min(axis=1, keepdims=True) * directions
    what = rng.permutation([*names, *[""] * n_quiet])
    before, after = _Segments([], []), _Segments([], [])
    happened: list[dict] = []
    partners: dict[int, int] = {}
    shares = rng.uniform(1.0, _LARGEST_SHARE, n_sites)
    mean_share = float(shares.mean())
    for site, arm, kind, share in zip(sites, arms, what, shares, strict=True):
        old: list[int] = []
        new: list[int] = []
        if kind == "merge":
            old = [before.add(site + side * arm, share / 1.5) for side in (-1, 1)]
            new = [after.add(site, 2 * share / 1.5)]
        elif kind == "split":
            share = max(share, mean_share)  # its parts are segments as others are
            old = [before.add(site, share)]
            new = [after.add(site + side * arm, share / 2) for side in (-1, 1)]
        elif kind == "birth":
            new = [after.add(site, mean_share)]
        elif kind == "death":
            old = [before.add(site, share)]
        else:
            old = [before.add(site, share)]
            new = [after.add(site, share * (_GROWTH if kind == "growth" else 1.0))]
            partners[old[0]] = new[0]
        if kind:
            happened.append({"kind": str(kind), "old": old, "new": new})
    order = list(counts)  # as asked for
    happened.sort(key=lambda event: order.index(event["kind"]))
    return before, after, happened, partners


def _drifted(
    centers: list, number: int, deviation: float, rng: np.random.Generator
) -> np.ndarray:
    """Return the centre of a segment moved to where there is most room."""
    others = np.delete(np.array(centers), number, axis=0)
    tried = rng.standard_normal((64, len(centers[number])))
    tried *= _DRIFT * deviation / np.linalg.norm(tried, axis=1, keepdims=True)
    tried += centers[number]
    return tried[cdist(tried, others).min(axis=1).argmax()]


def _draw_members(
    before: _Segments,
    after: _Segments,
    partners: dict[int, int],
    happened: list[dict],
    n_samples: int,
    returning_share: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the first segments, each new row's old row or -1, and new segments."""
    sizes = np.array(before.sizes)
    old_segment = rng.choice(len(sizes), size=n_samples, p=sizes / sizes.sum())
    unit = n_samples / sizes.sum()  # customers of a segment of size 1
    heirs = {old: [new] for old, new in partners.items()}
    heirs |= {old: event["new"] for event in happened for old in event["old"]}
    returns = rng.random(n_samples) < returning_share
    returns &= np.array([bool(heirs[old]) for old in range(len(sizes))])[old_segment]
    source = np.flatnonzero(returns)
    chosen = rng.random(len(source))
    new_segment = np.array(
        [
            heirs[old][int(at * len(heirs[old]))]
            for old, at in zip(old_segment[source].tolist(), chosen, strict=True)
        ],
        dtype=np.int64,
    )
    wanted = rng.poisson(np.array(after.sizes) * unit)
    present = np.bincount(new_segment, minlength=len(wanted))
    entering = np.repeat(np.arange(len(wanted)), np.maximum(wanted - present, 0))
    source = np.concatenate([source, np.full(len(entering), -1)])
    new_segment = np.concatenate([new_segment, entering])
    shuffled = rng.permutation(len(source))
    return old_segment.astype(np.int64), source[shuffled], new_segment[shuffled]


def _move(
    new_segment: np.ndarray,
    source: np.ndarray,
    partners: dict[int, int],
    moving_share: float,
    rng: np.random.Generator,
) -> None:
    """Let some of the customers who stay change to another segment that lives on."""
    alive = np.array(sorted(partners.values()), dtype=np.int64)
    movers = (source >= 0) & (rng.random(len(source)) < moving_share)
    movers &= np.isin(new_segment, alive)
    if len(alive) > 1:
        place = np.searchsorted(alive, new_segment[movers])
        step = rng.integers(1, len(alive), size=len(place))
        new_segment[movers] = alive[(place + step) % len(alive)]


def _mall_columns(
    positions: tuple, source: np.ndarray, population: int, rngs: list
) -> list[dict[str, Any]]:
    """The columns of the mall's customers; gender stays with a customer."""
    angle = np.random.default_rng(population).uniform(0, 2 * np.pi)
    direction = np.array([np.cos(angle), np.sin(angle)])
    stays = source >= 0
    persons = [
        (rng.normal(0, _AGE_DEVIATION, len(place)), rng.random(len(place)) < 0.5)
        for rng, place in zip(rngs, positions, strict=False)
    ]
    for of_old, of_new in zip(*persons, strict=True):
        of_new[stays] = of_old[source[stays]]
    tables = []
    for place, (deviation, is_male) in zip(positions, persons, strict=True):
        age = _AGE[0] + _AGE[1] * (place @ direction) + deviation
        income = _INCOME[0] + _INCOME[1] * place[:, 0]
        score = _SCORE[0] + _SCORE[1] * place[:, 1]
        tables.append(
            {
                "Gender": take_text(["Female", "Male"], is_male.astype(int)),
                "Age": age.clip(18, 70).round().astype(np.int64),
                "Annual Income (k$)": income.clip(1).round(1),
                "Spending Score (1-100)": score.clip(1, 100).round(1),
            }
        )
    return tables


def _latent_columns(
    positions: tuple, source: np.ndarray, population: int, rngs: list
) -> list[dict[str, Any]]:
    """The columns of ``make_customers("latent")``, drawn anew in each period."""
    planted = LatentPopulation(2, population, None)  # for its map
    tables = []
    for place, streams in zip(positions, (rngs[:4], rngs[4:8]), strict=True):
        conditions = Conditions(len(place), 1.0, 0.0, 0.0, streams[0], *streams)
        drawn = planted.draw_columns(place, 0.0, streams[0])
        tables.append(to_columns(planted.columns, drawn, conditions))
    return tables


def _noise(
    n_columns: int, rng: np.random.Generator, keys: np.ndarray
) -> dict[str, np.ndarray]:
    """Columns without information."""
    return {f"noise_{at}": rng.standard_normal(len(keys)) for at in range(n_columns)}
