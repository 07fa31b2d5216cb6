"""Train/new overlap: near copies, and a classifier two-sample test."""

import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer

from segmentlearn.auditing._audit_report import Finding, make_finding
from segmentlearn.auditing._repeats import row_hashes, salted_hashes
from segmentlearn.tables import Column, draw_rows

_MOST_QUERIES = 5_000
_MOST_NEIGHBOURS = 20_000
_MOST_SUBSETS = 150
_MOST_LEVELS = 50  # of more levels the rarest count as one
_FEWEST_ROWS = 100
_FEWEST_COLUMNS = 4  # rows of fewer columns agree in most of them by nature
_EXCESS = 0.05
_SURE = 1e-4
_CLOSE = 0.01  # quantile of the distances within the training table
_SEPARATES = 0.7

Pairs = list[tuple[Column, Column]]
Random = np.random.RandomState


def check_near_copies(pairs: Pairs, random_state: Random) -> Iterator[Finding]:
    """Find rows of the new table that repeat rows of the training table.

    How many new rows agree with some training row, in all columns or in all but one or
    two, is compared with how many training rows agree with another training row; and
    likewise for small distances.
    """
    pairs = [pair for pair in pairs if pair[0].n_distinct > 1]
    if not pairs:
        return
    n_rows, n_new = map(len, pairs[0])
    if min(n_rows, n_new) < _FEWEST_ROWS:
        return
    old, new = (salted_hashes(list(columns)) for columns in zip(*pairs, strict=True))
    queries = draw_rows(n_new, _MOST_QUERIES, random_state)
    inner = draw_rows(n_rows, _MOST_QUERIES, random_state)
    new = [hashes[queries] for hashes in new]
    for n_differing, left_out in _subsets(len(pairs), random_state).items():
        evidence = _compare(*_agreeing(old, new, left_out, inner))
        if evidence is not None:
            code = "near-copies" if n_differing else "copied-rows"
            evidence = {"n_differing_columns": n_differing, **evidence}
            words = {"most": ("", "one", "two")[n_differing]}
            words["sample"] = _sample_text(evidence["n_sampled"], n_new)
            yield make_finding(code, "warning", (), evidence, **words)
            return
    if len(pairs) >= _FEWEST_COLUMNS:
        yield from _check_distances(pairs, random_state)


def check_separation(pairs: Pairs, random_state: Random) -> Iterator[Finding]:
    """Check whether a model can separate the rows of both tables."""
    if not pairs:
        return
    n_rows, n_new = map(len, pairs[0])
    n_drawn = min(n_rows, n_new, _MOST_QUERIES)
    if n_drawn < _FEWEST_ROWS:
        return
    rows = draw_rows(n_rows, n_drawn, random_state)
    new_rows = draw_rows(n_new, n_drawn, random_state)
    drawn = [(column.take(rows), new.take(new_rows)) for column, new in pairs]
    X = np.column_stack([_ordinal(*pair) for pair in drawn])
    is_new = np.repeat([0, 1], n_drawn)
    seed = int(random_state.randint(2**31 - 1))
    model = RandomForestClassifier(50, min_samples_leaf=10, random_state=seed)
    # rows that took no part in the fit make the test of their scores exact
    half: dict = {"test_size": 0.5, "stratify": is_new, "random_state": seed}
    X_fit, X_test, fitted, is_new = train_test_split(X, is_new, **half)
    odds = model.fit(X_fit, fitted).predict_proba(X_test)[:, 1]
    auc = float(roc_auc_score(is_new, odds))
    test = stats.mannwhitneyu(odds[is_new == 1], odds[is_new == 0])
    if not (test.pvalue < _SURE and auc > 0.5):
        return
    evidence = {"auc": auc, "p_value": float(test.pvalue), "n_sampled": n_drawn}
    severity = "warning" if auc >= _SEPARATES else "note"
    yield make_finding("joint-drift", severity, (), evidence)


def _subsets(n_columns: int, random_state: Random) -> dict[int, list[tuple]]:
    """Return the columns to leave out, for each number of them."""
    subsets: dict[int, list[tuple]] = {0: [()]}
    for n_left_out in (1, 2):
        if n_columns < _FEWEST_COLUMNS + n_left_out - 1:
            break
        these = list(itertools.combinations(range(n_columns), n_left_out))
        if len(these) > _MOST_SUBSETS:
            drawn = random_state.choice(len(these), _MOST_SUBSETS, replace=False)
            these = [these[at] for at in np.sort(drawn)]
        subsets[n_left_out] = these
    return subsets


def _agreeing(
    hashed: list, new_hashed: list, left_out: list[tuple], inner: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows agree with one of the training table in some subset."""
    total, new_total = row_hashes(hashed), row_hashes(new_hashed)
    agree, agree_inner = np.zeros(len(new_total), bool), np.zeros(len(inner), bool)
    for subset in left_out:
        keys, new_keys = total, new_total
        for at in subset:
            keys = keys - hashed[at]
            new_keys = new_keys - new_hashed[at]
        asked = np.concatenate([new_keys, keys[inner]])
        codes, wanted = pd.factorize(asked)
        places = pd.Index(wanted).get_indexer(keys)
        counts = np.bincount(places[places >= 0], minlength=len(wanted))[codes]
        agree |= counts[: len(agree)] > 0
        # a training row agrees with itself
        agree_inner |= counts[len(agree) :] > 1
    return agree, agree_inner


def _compare(agree: np.ndarray, agree_inner: np.ndarray) -> dict | None:
    """Return how often new and training rows agree with training rows.

    None where new rows do not agree clearly more often.
    """
    table = [[rows.sum(), (~rows).sum()] for rows in (agree, agree_inner)]
    p_value = float(stats.fisher_exact(table, alternative="greater").pvalue)
    share, usual = float(agree.mean()), float(agree_inner.mean())
    if p_value >= _SURE or share - usual < _EXCESS:
        return None
    shares = {"share_of_new": share, "share_within_training": usual}
    test = {"excess": share - usual, "p_value": p_value, "n_sampled": len(agree)}
    return shares | test


def _check_distances(pairs: Pairs, random_state: Random) -> Iterator[Finding]:
    """Find new rows that lie closer to training rows than these do to each other."""
    n_rows, n_new = map(len, pairs[0])
    rows = draw_rows(n_rows, _MOST_NEIGHBOURS, random_state)
    queries = draw_rows(n_new, _MOST_QUERIES // 2, random_state)
    inner = np.sort(random_state.permutation(len(rows))[: _MOST_QUERIES // 2])
    parts = [_prepared(column.take(rows), new.take(queries)) for column, new in pairs]
    X, new = (np.hstack(matrices) for matrices in zip(*parts, strict=True))
    near = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(X)
    distances = near.kneighbors(new, n_neighbors=1)[0][:, 0]
    # the nearest of a training row is itself
    usual = near.kneighbors(X[inner])[0][:, 1]
    limit = float(np.quantile(usual, _CLOSE))
    evidence = _compare(distances <= limit, usual <= limit)
    if evidence is None:
        return
    evidence = {"distance": limit, "n_neighbours_sampled": len(rows), **evidence}
    words = {"sample": _sample_text(len(queries), n_new), "template": "by_distance"}
    yield make_finding("near-copies", "warning", (), evidence, **words)


def _prepared(column: Column, new: Column) -> list[np.ndarray]:
    """Return columns in whose distances numbers and categories count about the same."""
    if column.is_numeric and new.is_numeric:
        parts = [_finite(table)[:, None] for table in (column, new)]
        if np.isnan(parts[0]).all():
            return [np.zeros_like(part) for part in parts]
        ranks = QuantileTransformer(n_quantiles=min(1_000, len(column))).fit(parts[0])
        scaled = [np.sqrt(12) * ranks.transform(part) for part in parts]
        # missing values lie at the side of all numbers
        return [np.nan_to_num(part, nan=-1.0) for part in scaled]
    parts = [_level_texts(table)[:, None] for table in (column, new)]
    how: dict = {"handle_unknown": "ignore", "sparse_output": False}
    encoder = OneHotEncoder(max_categories=_MOST_LEVELS, **how).fit(parts[0])
    return [encoder.transform(part) for part in parts]


def _ordinal(column: Column, new: Column) -> np.ndarray:
    """Return a column of both tables as numbers.

    Missing values lie below all numbers, where a tree can split them off.
    """
    if column.is_numeric and new.is_numeric:
        numbers = np.concatenate([_finite(column), _finite(new)])
    else:
        texts = np.concatenate([_level_texts(column), _level_texts(new)])
        numbers = pd.factorize(texts, sort=True)[0].astype(np.float64)
        numbers[np.concatenate([column.missing, new.missing])] = np.nan
    missing = np.isnan(numbers)
    lowest = 0.0 if missing.all() else numbers[~missing].min() - 1
    return np.where(missing, lowest, numbers)


def _finite(column: Column) -> np.ndarray:
    """Return the numbers of a column, infinite ones as missing."""
    return np.where(np.isinf(column.numbers), np.nan, column.numbers)


def _level_texts(column: Column) -> np.ndarray:
    """Return the level of each cell as text; a missing cell has one of its own."""
    texts = [*(repr(level) for level in column.factor.levels), "None"]
    return np.array(texts, dtype=object)[column.factor.codes]


def _sample_text(n_sampled: int, n_rows: int) -> str:
    """Return how many rows were drawn, where not all were."""
    return "" if n_sampled == n_rows else f" (of {n_sampled:,} drawn)"
