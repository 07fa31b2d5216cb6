"""Defects that the cells of a column show: gaps, constants, text for numbers."""

import collections

import numpy as np

from segmentlearn._formatting import names_text, share_text
from segmentlearn.auditing._audit_report import Finding
from segmentlearn.tables import CATEGORY, MIXED

_MOSTLY_MISSING = 0.5
_NEARLY_EMPTY = 0.95
_NUMERIC_TEXT = 0.9  # share of the cells that read as numbers
_FEWEST_NUMBERS = 10  # fewer distinct numbers may well be names of levels
_MANY_LEVELS = 100
_FEWEST_ROWS = 20  # in smaller tables columns agree by chance
_FEWEST_OUTSIDE_MODE = 5


def check_cells(columns, identifiers):
    """Find what is wrong with single columns."""
    for column in columns:
        n_missing = int(np.count_nonzero(column.missing))
        share = n_missing / len(column.missing)
        if share == 1:
            yield Finding(
                "empty-column",
                "warning",
                (column.name,),
                f"None of the {n_missing:,} cells holds a value.",
                "Drop the column, or find out where its values were lost.",
                {"n_missing": n_missing, "share_missing": 1.0},
            )
            continue
        yield from _check_missing(column, n_missing, share)
        yield from _check_infinite(column)
        yield from _check_constant(column, n_missing)
        if column.name in identifiers or column.is_numeric:
            continue
        if column.kind == MIXED:
            yield _mixed(column)
        else:
            yield from _check_text_numbers(column)
        yield from _check_variants(column)
        yield from _check_many_levels(column)


def _check_missing(column, n_missing, share):
    if share < _MOSTLY_MISSING:
        return
    yield Finding(
        "mostly-missing",
        "warning" if share >= _NEARLY_EMPTY else "note",
        (column.name,),
        f"{share_text(share)} of the cells are missing ({n_missing:,} of "
        f"{len(column.missing):,}).",
        "Ask why. Where a gap has a meaning, such as 'never contacted', keep the "
        "column with an indicator of missing cells; where it has none, drop it.",
        {"n_missing": n_missing, "share_missing": share},
    )


def _check_infinite(column):
    if not column.is_numeric:
        return
    n_infinite = int(np.count_nonzero(np.isinf(column.numbers)))
    if n_infinite:
        yield Finding(
            "infinite-values",
            "error",
            (column.name,),
            f"{n_infinite:,} cells are infinite; estimators refuse them.",
            "Find the division by zero that made them, and replace them by missing "
            "values or by a limit.",
            {"n_infinite": n_infinite},
        )


def _check_constant(column, n_missing):
    if column.n_distinct > 1 or len(column.missing) < 2:
        return
    gaps = f"; {n_missing:,} are missing" if n_missing else ""
    value = column.numbers if column.is_numeric else column.cells
    present = np.asarray(value, dtype=object)[~column.missing][0]
    yield Finding(
        "constant-column",
        # a gap may still tell something
        "note" if n_missing else "warning",
        (column.name,),
        f"All cells that hold a value hold the same, {present!s}{gaps}.",
        "Drop the column"
        + (", or keep nothing but whether it is missing." if n_missing else "."),
        {"value": present, "n_missing": n_missing},
    )


def _mixed(column):
    types = collections.Counter(
        type(cell).__name__
        for cell in np.asarray(column.cells, dtype=object)[~column.missing]
    )
    listed = names_text(f"{name} {count:,}" for name, count in types.most_common())
    return Finding(
        "mixed-types",
        "warning",
        (column.name,),
        f"Cells are of several types: {listed}.",
        "Convert them to one: pandas.to_numeric(column, errors='coerce') for numbers, "
        "column.astype(str) for text.",
        {"types": dict(types)},
    )


def _check_text_numbers(column):
    """Find text that reads as numbers, unless it is codes with leading zeros."""
    if column.kind != CATEGORY:
        return
    counts, levels = column.level_counts, column.factor.levels
    used = [at for at in range(len(levels)) if counts[at]]
    readable, others, padded = 0, [], False
    n_numbers = 0
    for at in used:
        level = levels[at]
        if not isinstance(level, str):
            continue
        if _reads_as_number(level):
            readable += int(counts[at])
            n_numbers += 1
            text = level.strip()
            padded |= len(text) > 1 and text[0] == "0" and text.isdigit()
        else:
            others.append((int(counts[at]), level))
    n_present = int(counts.sum())
    if padded or n_numbers < _FEWEST_NUMBERS or readable < _NUMERIC_TEXT * n_present:
        return
    words = [level for _, level in sorted(others, key=lambda one: -one[0])]
    rest = f"; the others are {names_text(map(repr, words))}" if words else ""
    share = readable / n_present
    yield Finding(
        "numbers-as-text",
        "warning",
        (column.name,),
        f"{share_text(share)} of the cells that hold a value are text that reads as "
        f"a number ({n_numbers:,} different ones){rest}.",
        "Convert with pandas.to_numeric(column, errors='coerce'); keep it as text "
        "only if the numbers are names.",
        {
            "n_numbers": readable,
            "share_numbers": share,
            "n_distinct_numbers": n_numbers,
            "other_values": words[:20],
        },
    )


def _check_variants(column):
    """Find levels that differ in case and white space alone."""
    groups = collections.defaultdict(list)
    counts = column.level_counts
    for at, level in enumerate(column.factor.levels):
        if counts[at] and isinstance(level, str):
            groups[" ".join(level.split()).casefold()].append((level, int(counts[at])))
    variants = [group for group in groups.values() if len(group) > 1]
    if not variants:
        return
    # the rarer spellings are those to mend
    n_rows = sum(
        sum(count for _, count in group) - max(count for _, count in group)
        for group in variants
    )
    shown = names_text(
        (" = ".join(repr(level) for level, _ in group) for group in variants), 4
    )
    yield Finding(
        "level-variants",
        "warning",
        (column.name,),
        f"{len(variants)} level(s) are written in several ways that differ in case or "
        f"white space: {shown}. {n_rows:,} rows have a rarer spelling.",
        "Write them alike, for example column.str.strip().str.lower().",
        {
            "variants": [dict(group) for group in variants],
            "n_rows": n_rows,
        },
    )


def _check_many_levels(column):
    n_present = int(column.level_counts.sum())
    if column.n_distinct <= _MANY_LEVELS:
        return
    yield Finding(
        "many-levels",
        "note",
        (column.name,),
        f"{column.n_distinct:,} levels in {n_present:,} rows, "
        f"{n_present / column.n_distinct:.1f} rows a level.",
        "Put rare levels together, use target encoding or embeddings within folds, or "
        "derive a coarser column.",
        {"n_levels": column.n_distinct, "n_present": n_present},
    )


def check_copies(columns):
    """Find columns that tell the same in other words."""
    groups = collections.defaultdict(list)
    for column in columns:
        if len(column.missing) < _FEWEST_ROWS or column.n_distinct < 2:
            continue
        key = _order_key(column) if column.is_numeric else _level_key(column)
        if key is not None:
            groups[key].append(column.name)
    for names in groups.values():
        if len(names) > 1:
            yield Finding(
                "copied-columns",
                "warning",
                tuple(names),
                f"{len(names)} columns hold the same information: each value of one "
                f"goes with one value of the others, in all rows.",
                f"Keep one, such as {names[0]!r}; copies count twice in distances and "
                f"share the importance of a feature.",
                {"n_columns": len(names)},
            )


def _order_key(column):
    """Return a hash that columns of numbers with the same or reversed order share."""
    present = column.numbers[~column.missing]
    values, ranks = np.unique(present, return_inverse=True)
    if not _enough_outside_mode(np.bincount(ranks)):
        return None
    codes = np.full(len(column.missing), -1, dtype=np.int64)
    # counted from the end that the first row is nearer to, whatever the direction
    last = len(values) - 1
    first = next((rank for rank in ranks if 2 * rank != last), 0)
    codes[~column.missing] = ranks if 2 * first < last else last - ranks
    return ("numbers", hash(codes.tobytes()))


def _level_key(column):
    """Return a hash that columns with the same partition of the rows share."""
    codes = column.factor.codes
    counts = column.level_counts
    if not _enough_outside_mode(counts) or column.n_distinct > len(codes) / 2:
        return None
    used, first = np.unique(codes, return_index=True)
    rank = np.empty(len(column.factor.levels) + 1, dtype=np.int64)
    rank[used[np.argsort(first)]] = np.arange(len(used))
    has_gaps = column.missing.tobytes() if column.missing.any() else b""
    return ("levels", hash(rank[codes].tobytes()), hash(has_gaps))


def _enough_outside_mode(counts):
    """Tell whether enough rows differ from the commonest value to prove anything."""
    return counts.sum() - counts.max() >= _FEWEST_OUTSIDE_MODE


def _reads_as_number(text):
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
