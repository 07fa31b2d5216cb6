"""Defects of single columns: missing, constant, numbers as text, copies."""

import collections
import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator

import numpy as np

from segmentlearn._formatting import names_text
from segmentlearn.auditing._audit_report import Finding, make_finding
from segmentlearn.tables import CATEGORY, MIXED, Column, level_counts, reads_as_number

_SOME_MISSING, _MOSTLY_MISSING = 0.05, 0.5
_NEARLY_EMPTY = 0.95
_NUMERIC_TEXT = 0.9  # share of the cells that read as numbers
_FEWEST_NUMBERS = 10  # fewer distinct numbers may well be names of levels
_MANY_LEVELS = 100
_JOINTS = re.compile(r"(?<=[^\W\d_])[\W_]+(?=[^\W\d_])")
_YES, _NO = "yes y true t ja oui si", "no n false f nein non"
_ANSWERS = {**dict.fromkeys(_YES.split(), "yes"), **dict.fromkeys(_NO.split(), "no")}
_FEWEST_LETTERS, _MISSPELT, _RARE = 5, 0.85, 0.05
_FEWEST_ROWS = 20  # in smaller tables columns agree by chance
_FEWEST_OUTSIDE_MODE = 5


def check_cells(columns: Iterable[Column], identifiers: set[str]) -> Iterator[Finding]:
    """Find what is wrong with single columns."""
    for column in columns:
        n_missing = int(np.count_nonzero(column.missing))
        yield from _check_missing(column, n_missing)
        if n_missing == len(column):
            continue
        if column.is_numeric and np.isinf(column.numbers).any():
            evidence = {"n_infinite": int(np.isinf(column.numbers).sum())}
            yield make_finding("infinite-values", "error", (column.name,), evidence)
        yield from _check_constant(column, n_missing)
        if column.name in identifiers or column.is_numeric:
            continue
        if column.kind == MIXED:
            yield _mixed(column)
        counts = level_counts(column.factor)
        counts.pop(None, None)
        if column.kind == CATEGORY:
            yield from _check_text_numbers(column.name, counts)
        yield from _check_variants(column.name, counts)
        if len(counts) > _MANY_LEVELS:
            evidence = {"n_levels": len(counts), "n_present": sum(counts.values())}
            mean = evidence["n_present"] / len(counts)
            of = (column.name,)
            yield make_finding("many-levels", "note", of, evidence, mean=mean)


def _check_missing(column: Column, n_missing: int) -> Iterator[Finding]:
    share = n_missing / len(column) if len(column) else 1.0
    evidence = {"n_missing": n_missing, "share_missing": share}
    severity, of = "warning" if share >= _NEARLY_EMPTY else "note", (column.name,)
    if share == 1:
        yield make_finding("empty-column", severity, of, evidence)
    elif share >= _MOSTLY_MISSING:
        n_rows = len(column)
        yield make_finding("mostly-missing", severity, of, evidence, n_rows=n_rows)
    elif share >= _SOME_MISSING:
        n_rows = len(column)
        yield make_finding("missing-values", severity, of, evidence, n_rows=n_rows)


def _check_constant(column: Column, n_missing: int) -> Iterator[Finding]:
    if column.n_distinct > 1 or len(column) < 2:
        return
    missing = f"; {n_missing:,} are missing" if n_missing else ""
    value = column.numbers if column.is_numeric else column.cells
    present = np.asarray(value, dtype=object)[~column.missing][0]
    # which cells are missing may still be informative
    severity = "note" if n_missing else "warning"
    evidence = {"value": present, "n_missing": n_missing}
    of = (column.name,)
    yield make_finding("constant-column", severity, of, evidence, missing=missing)


def _mixed(column: Column) -> Finding:
    cells = np.asarray(column.cells, dtype=object)[~column.missing]
    types = collections.Counter(type(cell).__name__ for cell in cells)
    listed = names_text(f"{name} {count:,}" for name, count in types.most_common())
    evidence, of = {"types": dict(types)}, (column.name,)
    return make_finding("mixed-types", "warning", of, evidence, listed=listed)


def _check_text_numbers(name: str, counts: dict) -> Iterator[Finding]:
    """Find text that reads as numbers, unless it is codes with leading zeros."""
    texts = {level: count for level, count in counts.items() if isinstance(level, str)}
    numbers = {text: count for text, count in texts.items() if _reads_as_number(text)}
    padded = any(re.fullmatch(r"\s*0\d+\s*", text) for text in numbers)
    n_readable = sum(numbers.values())
    share = n_readable / sum(counts.values())
    if padded or len(numbers) < _FEWEST_NUMBERS or share < _NUMERIC_TEXT:
        return
    words = sorted(texts.keys() - numbers.keys(), key=lambda text: -texts[text])
    rest = f"; the others are {names_text(map(repr, words))}" if words else ""
    evidence: dict = {"n_numbers": n_readable, "share_numbers": share}
    evidence |= {"n_distinct_numbers": len(numbers), "other_values": words[:20]}
    yield make_finding("numbers-as-text", "warning", (name,), evidence, rest=rest)


def _check_variants(name: str, counts: dict) -> Iterator[Finding]:
    """Find levels that are one level in several spellings."""
    texts = {level: count for level, count in counts.items() if isinstance(level, str)}
    keys = {level: _spelling_key(level) for level in texts}
    if _ANSWERS.keys() >= set(keys.values()):  # not a class Y beside a class Z
        keys = {level: _ANSWERS[key] for level, key in keys.items()}
    groups: dict[str, dict] = collections.defaultdict(dict)
    for level, count in texts.items():
        groups[keys[level]][level] = count
    _join_misspelt(groups)
    variants = [group for group in groups.values() if len(group) > 1]
    if not variants:
        return
    # the rarer spellings are those to correct
    n_rows = sum(sum(group.values()) - max(group.values()) for group in variants)
    evidence = {"variants": variants, "n_rows": n_rows}
    shown = names_text((" = ".join(map(repr, group)) for group in variants), 4)
    words: dict = {"n_variants": len(variants), "shown": shown}
    yield make_finding("level-variants", "warning", (name,), evidence, **words)


def _spelling_key(text: str) -> str:
    """Return what all spellings of a level share: no case, accents, blanks, hyphens."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return _JOINTS.sub("", " ".join(plain.split()))


def _join_misspelt(groups: dict[str, dict]) -> None:
    """Put rare long levels to the frequent one from which a letter or two differ."""
    sizes = {key: sum(group.values()) for key, group in groups.items()}
    if len(sizes) > _MANY_LEVELS:
        return
    for key in sorted(sizes, key=sizes.__getitem__):
        if len(key) < _FEWEST_LETTERS or not key.isalpha():
            continue
        usual = [k for k in groups if k.isalpha() and sizes[k] * _RARE >= sizes[key]]
        close = difflib.get_close_matches(key, usual, n=1, cutoff=_MISSPELT)
        if close:
            groups[close[0]] |= groups.pop(key)


def check_label_spelling(target: Column | None) -> Iterator[Finding]:
    """Find labels in several spellings."""
    if target is not None and not target.is_numeric:
        yield from _check_variants(target.name, level_counts(target.factor))


def check_copies(columns: Iterable[Column]) -> Iterator[Finding]:
    """Find columns that hold the same information."""
    groups = collections.defaultdict(list)
    for column in columns:
        if len(column) >= _FEWEST_ROWS and column.n_distinct > 1:
            key = _order_key(column) if column.is_numeric else _level_key(column)
            if key is not None:
                groups[key].append(column.name)
    for names in groups.values():
        if len(names) > 1:
            evidence = {"n_columns": len(names)}
            yield make_finding("copied-columns", "warning", names, evidence)


def _order_key(column: Column) -> tuple | None:
    """Return a hash that columns of numbers with the same or reversed order share."""
    present = column.numbers[~column.missing]
    values, ranks = np.unique(present, return_inverse=True)
    if not _enough_outside_mode(np.bincount(ranks)):
        return None
    codes = np.full(len(column), -1, dtype=np.int64)
    # counted from the end that the first row is nearer to, whatever the direction
    last = len(values) - 1
    first = next((rank for rank in ranks if 2 * rank != last), 0)
    codes[~column.missing] = ranks if 2 * first < last else last - ranks
    return ("numbers", hash(codes.tobytes()))


def _level_key(column: Column) -> tuple | None:
    """Return a hash that columns with the same partition of the rows share."""
    codes = column.factor.codes
    is_rare = column.n_distinct > len(codes) / 2
    if is_rare or not _enough_outside_mode(column.level_counts):
        return None
    used, first = np.unique(codes, return_index=True)
    rank = np.empty(len(column.factor.levels) + 1, dtype=np.int64)
    rank[used[np.argsort(first)]] = np.arange(len(used))
    missing = column.missing.tobytes() if column.missing.any() else b""
    return ("levels", hash(rank[codes].tobytes()), hash(missing))


def _enough_outside_mode(counts: np.ndarray) -> bool:
    """Return whether enough rows differ from the commonest value to prove anything."""
    return counts.sum() - counts.max() >= _FEWEST_OUTSIDE_MODE


def _reads_as_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return reads_as_number(text)
