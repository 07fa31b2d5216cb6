"""Two tables row by row: near copies, and whether a model tells them apart."""

import itertools

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer

from segmentlearn._formatting import share_text
from segmentlearn.auditing._audit_report import Finding
from segmentlearn.auditing._audited import salted

_MOST_QUERIES = 5_000
_MOST_NEIGHBOURS = 20_000
_MOST_SUBSETS = 150
_MOST_LEVELS = 50  # of more levels the rarest count as one
_FEWEST_ROWS = 100
_FEWEST_COLUMNS = 4  # rows of fewer columns agree in most of them by nature
_EXCESS = 0.05
_SURE = 1e-4
_CLOSE = 0.01  # quantile of the distances within the training table
_TELLS_APART = 0.7


def check_near_copies(pairs, random_state):
    """Find rows of the new table that repeat rows of the training table.

    How many new rows agree with some training row, in all columns or in all but one or
    two, is compared with how many training rows agree with another training row; and
    likewise for small distances.
    """
    pairs = [pair for pair in pairs if pair[0].n_distinct > 1]
    if not pairs:
        return
    n_rows, n_new = (len(column.missing) for column in pairs[0])
    if min(n_rows, n_new) < _FEWEST_ROWS:
        return
    hashed = [
        (salted(column, at), salted(new, at)) for at, (column, new) in enumerate(pairs)
    ]
    queries = _draw(n_new, _MOST_QUERIES, random_state)
    inner = _draw(n_rows, _MOST_QUERIES, random_state)
    subsets = _subsets(len(pairs), random_state)
    found = None
    for n_differing, left_out in subsets.items():
        shares = _agreeing(hashed, left_out, queries, inner)
        evidence = _compare(*shares, len(queries), len(inner))
        if evidence["p_value"] < _SURE and evidence["excess"] >= _EXCESS:
            found = n_differing, evidence
            break
    if found is not None:
        yield _copies(*found, n_new)
        return
    if len(pairs) >= _FEWEST_COLUMNS:
        yield from _check_distances(pairs, n_rows, n_new, random_state)


def check_separation(pairs, random_state):
    """Find out whether a model can tell the rows of both tables apart."""
    if not pairs:
        return
    n_rows, n_new = (len(column.missing) for column in pairs[0])
    n_drawn = min(n_rows, n_new, _MOST_QUERIES)
    if n_drawn < _FEWEST_ROWS:
        return
    rows = _draw(n_rows, n_drawn, random_state)
    new_rows = _draw(n_new, n_drawn, random_state)
    X = np.column_stack([_ordinal(*pair, rows, new_rows) for pair in pairs])
    is_new = np.repeat([0, 1], n_drawn)
    seed = int(random_state.randint(2**31 - 1))
    model = RandomForestClassifier(
        n_estimators=50, min_samples_leaf=10, random_state=seed
    )
    # rows that took no part in the fit make the test of their scores exact
    X_fit, X_test, fitted, is_new = train_test_split(
        X, is_new, test_size=0.5, stratify=is_new, random_state=seed
    )
    odds = model.fit(X_fit, fitted).predict_proba(X_test)[:, 1]
    auc = float(roc_auc_score(is_new, odds))
    test = stats.mannwhitneyu(odds[is_new == 1], odds[is_new == 0])
    if not (test.pvalue < _SURE and auc > 0.5):
        return
    yield Finding(
        "joint-drift",
        "warning" if auc >= _TELLS_APART else "note",
        (),
        f"A random forest tells new rows from training rows with an AUC of {auc:.3f} "
        f"on held-out rows (0.5 is chance; {n_drawn:,} rows of each table, half of "
        f"them held out; all columns together).",
        "See which columns drift; if none does alone, their combinations do. Scores "
        "measured on training rows may not hold for the new ones.",
        {"auc": auc, "p_value": float(test.pvalue), "n_sampled": n_drawn},
    )


def _draw(n_rows, n_wanted, random_state):
    """Draw rows, all of them where they are few enough."""
    if n_rows <= n_wanted:
        return np.arange(n_rows)
    return np.sort(random_state.choice(n_rows, n_wanted, replace=False))


def _subsets(n_columns, random_state):
    """Return the columns to leave out, for each number of them."""
    subsets = {0: [()]}
    for n_left_out in (1, 2):
        if n_columns < _FEWEST_COLUMNS + n_left_out - 1:
            break
        these = list(itertools.combinations(range(n_columns), n_left_out))
        if len(these) > _MOST_SUBSETS:
            drawn = random_state.choice(len(these), _MOST_SUBSETS, replace=False)
            these = [these[at] for at in np.sort(drawn)]
        subsets[n_left_out] = these
    return subsets


def _agreeing(hashed, left_out, queries, inner):
    """Return how many rows agree with one of the training table in some subset."""
    total = sum(old for old, _ in hashed)
    new_total = sum(new for _, new in hashed)[queries]
    agree, agree_inner = np.zeros(len(queries), bool), np.zeros(len(inner), bool)
    for subset in left_out:
        keys, new_keys = total, new_total
        for at in subset:
            keys = keys - hashed[at][0]
            new_keys = new_keys - hashed[at][1][queries]
        asked = np.concatenate([new_keys, keys[inner]])
        codes, wanted = pd.factorize(asked)
        places = pd.Index(wanted).get_indexer(keys)
        counts = np.bincount(places[places >= 0], minlength=len(wanted))[codes]
        agree |= counts[: len(queries)] > 0
        # a training row agrees with itself
        agree_inner |= counts[len(queries) :] > 1
    return int(agree.sum()), int(agree_inner.sum())


def _compare(n_agree, n_inner_agree, n_queries, n_inner):
    """Compare how often new rows and training rows agree with training rows."""
    table = [[n_agree, n_queries - n_agree], [n_inner_agree, n_inner - n_inner_agree]]
    share, usual = n_agree / n_queries, n_inner_agree / n_inner
    return {
        "share_of_new": share,
        "share_within_training": usual,
        "excess": share - usual,
        "p_value": float(stats.fisher_exact(table, alternative="greater").pvalue),
        "n_sampled": n_queries,
    }


def _copies(n_differing, evidence, n_new):
    share, usual = evidence["share_of_new"], evidence["share_within_training"]
    agreement = (
        "in all columns",
        "in all columns but one at most",
        "in all columns but two at most",
    )[n_differing]
    sample = _sample_text(evidence["n_sampled"], n_new)
    return Finding(
        "near-copies" if n_differing else "copied-rows",
        "warning",
        (),
        f"{share_text(share)} of the new rows{sample} agree with a training row "
        f"{agreement}; among training rows themselves {share_text(usual)} agree with "
        f"another. Probably some of the new customers are those of the training table.",
        "Compare the tables by an identifier if there is one, and leave rows that are "
        "in both out of any judgement of a model.",
        {"n_differing_columns": n_differing, **evidence},
    )


def _check_distances(pairs, n_rows, n_new, random_state):
    """Find new rows that lie closer to training rows than these do to each other."""
    rows = _draw(n_rows, _MOST_NEIGHBOURS, random_state)
    queries = _draw(n_new, _MOST_QUERIES // 2, random_state)
    inner = np.sort(
        random_state.permutation(len(rows))[: min(len(rows), _MOST_QUERIES // 2)]
    )
    blocks = [_prepared(*pair, rows, queries) for pair in pairs]
    X = np.hstack([block for block, _ in blocks])
    new = np.hstack([block for _, block in blocks])
    near = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(X)
    distances = near.kneighbors(new, n_neighbors=1)[0][:, 0]
    # the nearest of a training row is itself
    usual = near.kneighbors(X[inner])[0][:, 1]
    limit = float(np.quantile(usual, _CLOSE))
    evidence = _compare(
        int((distances <= limit).sum()),
        int((usual <= limit).sum()),
        len(queries),
        len(inner),
    )
    if not (evidence["p_value"] < _SURE and evidence["excess"] >= _EXCESS):
        return
    sample = _sample_text(len(queries), n_new)
    yield Finding(
        "near-copies",
        "warning",
        (),
        f"{share_text(evidence['share_of_new'])} of the new rows{sample} lie as close "
        f"to a training row as {share_text(evidence['share_within_training'])} of the "
        f"training rows lie to another. Probably some of the new customers are those "
        f"of the training table with small changes.",
        "Compare the tables by an identifier if there is one, and leave rows that are "
        "in both out of any judgement of a model.",
        {"distance": limit, "n_neighbours_sampled": len(rows), **evidence},
    )


def _prepared(column, new, rows, queries):
    """Return columns in whose distances numbers and categories count about alike."""
    if column.is_numeric and new.is_numeric:
        parts = [one.numbers[at, None] for one, at in ((column, rows), (new, queries))]
        parts = [np.where(np.isinf(part), np.nan, part) for part in parts]
        if np.isnan(parts[0]).all():
            return [np.zeros_like(part) for part in parts]
        n_quantiles = min(1_000, len(rows))
        ranks = QuantileTransformer(n_quantiles=n_quantiles).fit(parts[0])
        # a gap lies at the side of all numbers
        return [
            np.nan_to_num(np.sqrt(12) * ranks.transform(part), nan=-1.0)
            for part in parts
        ]
    parts = [
        _level_texts(one)[at, None] for one, at in ((column, rows), (new, queries))
    ]
    encoder = OneHotEncoder(
        max_categories=_MOST_LEVELS, handle_unknown="ignore", sparse_output=False
    )
    return [encoder.fit(parts[0]).transform(part) for part in parts]


def _ordinal(column, new, rows, new_rows):
    """Return a column of both tables as numbers."""
    if column.is_numeric and new.is_numeric:
        numbers = np.concatenate([column.numbers[rows], new.numbers[new_rows]])
        return _gaps_low(np.where(np.isinf(numbers), np.nan, numbers))
    texts = np.concatenate([_level_texts(column)[rows], _level_texts(new)[new_rows]])
    codes = pd.factorize(texts, sort=True)[0].astype(np.float64)
    gaps = np.concatenate([column.missing[rows], new.missing[new_rows]])
    codes[gaps] = np.nan
    return _gaps_low(codes)


def _gaps_low(numbers):
    """Put gaps below all numbers, where a tree can part them from these."""
    gaps = np.isnan(numbers)
    low = numbers[~gaps].min() - 1 if not gaps.all() else 0.0
    return np.where(gaps, low, numbers)


def _level_texts(column):
    """Return the level of each cell as text; a gap has one of its own."""
    texts = [*(repr(level) for level in column.factor.levels), "None"]
    return np.array(texts, dtype=object)[column.factor.codes]


def _sample_text(n_sampled, n_rows):
    """Say that not all rows were looked at, where that is so."""
    return "" if n_sampled == n_rows else f" (of {n_sampled:,} drawn)"
