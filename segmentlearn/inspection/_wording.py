"""Words for columns, levels and numbers that a reader without statistics takes in."""

import re

from segmentlearn._formatting import BARE_LEVELS, FILLER_LEVELS, level_text

SLIGHT, SIZEABLE, VERY = 0.2, 0.5, 1.5  # steps of |d| and |h|

_IN_PARENTHESES = re.compile(r"\s*[(\[][^)\]]*[)\]]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_AGE = re.compile(r"(?:(?:customer|client|user|member|person|buyer) )?age")
_TELLS_ITSELF = re.compile(r"[^\W\d_]{4,}.*")
_EDGES = {
    "number": ("low", "high"),
    "datetime": ("early", "late"),
    "timedelta": ("short", "long"),
}
_SLIGHT_EDGES = {
    "number": ("lower", "higher"),
    "datetime": ("earlier", "later"),
    "timedelta": ("shorter", "longer"),
}


def short_name(column):
    """Return a column's name as words, its unit left out."""
    text = _IN_PARENTHESES.sub("", column) or column
    words = re.split(r"[\s_.\-]+", _CAMEL.sub(" ", text).strip())
    kept = [
        word if word.isupper() and 2 <= len(word) <= 4 else word.lower()
        for word in words
    ]
    return " ".join(word for word in kept if word) or column


def number_words(column, kind, d):
    """Say that a column's numbers are low or high."""
    name = short_name(column)
    size = abs(d)
    if kind == "number" and _AGE.fullmatch(name):
        much = "much " if size >= VERY else "slightly " if size < SIZEABLE else ""
        return f"{much}{'younger' if d < 0 else 'older'}"
    if size < SIZEABLE:
        return f"slightly {_SLIGHT_EDGES[kind][int(d > 0)]} {name}"
    return f"{'very ' if size >= VERY else ''}{_EDGES[kind][int(d > 0)]} {name}"


def level_words(column, level, share, h, tells_itself):
    """Say that a level is frequent or rare."""
    text = level_text(level, column if not tells_itself else None)
    slightly = "slightly " if abs(h) < SIZEABLE else ""
    if h > 0 and share >= 0.5 and not slightly:
        words = f"{'almost all' if share >= 0.95 else 'mostly'} {text}"
    elif h < 0 and share < 0.02 and not slightly:
        words = f"hardly {'any' if tells_itself else 'ever'} {text}"
    elif tells_itself:
        words = f"{slightly}{'more' if h > 0 else 'fewer'} {text} than others"
    else:
        words = f"{slightly}{'more' if h > 0 else 'less'} often {text}"
    return words if tells_itself else f"{short_name(column)}: {words}"


def missing_words(column, share, h):
    """Say that cells are missing, or are not."""
    if h > 0:
        often = "mostly" if share >= 0.5 else "more often"
        return f"{often} without {short_name(column)}"
    often = "mostly" if share < 0.5 else "more often"
    return f"{often} with {short_name(column)}"


def tell_themselves(columns):
    """Return the levels that need no column name beside them."""
    seen = {}
    for column, levels in columns.items():
        for level in levels:
            seen.setdefault(str(level).lower(), []).append((column, level))
    measures = {
        column
        for text, places in seen.items()
        for column, _ in places
        if (BARE_LEVELS - FILLER_LEVELS) & set(re.split(r"[\s_\-]+", text))
    }
    return {
        places[0]
        for text, places in seen.items()
        if len(places) == 1
        and isinstance(places[0][1], str)
        and places[0][0] not in measures
        and text not in FILLER_LEVELS
        and _TELLS_ITSELF.fullmatch(text)
        and not re.search(r"\d", text)
    }
