"""Dates whose months are named in another language than English."""

import functools
import re

# by month: German, French, Spanish, Italian, Portuguese and Dutch names and their short
# forms; those that are as in English are left out
_NAMES = {
    "Jan": "januar jänner janvier janv enero ene gennaio gen janeiro januari",
    "Feb": "februar februari février févr fév febrero febbraio fevereiro fev",
    "Mar": "märz mär mrz mars marzo março maart mrt",
    "Apr": "avril avr abril abr aprile",
    "May": "mai mayo maggio mag maio mei",
    "Jun": "juni juin junio giugno giu junho",
    "Jul": "juli juillet juil julio luglio lug julho",
    "Aug": "août agosto ago augustus",
    "Sep": "septembre septiembre settembre setembro sept set",
    "Oct": "oktober okt octobre octubre ottobre ott outubro out",
    "Nov": "novembre noviembre novembro",
    "Dec": "dezember dez décembre déc diciembre dicembre dic dezembro",
}
_MONTH_OF = {name: month for month, names in _NAMES.items() for name in names.split()}
# not of `calendar`, which follows the locale
_ENGLISH = (
    "January February March April May June July August September October November "
    "December"
)
_LONG = {name[:3]: name for name in _ENGLISH.split()}
_WORD = re.compile(r"(?<!\w)([^\W\d_]{3,10})\b(?:\.(?=\s))?")
_FIRST = re.compile(r"^1er\b")


@functools.lru_cache(4096)
def in_english(text: str, is_short: bool = True) -> str:
    """Return a text with the names of months in English.

    "1er août 2024" is "1 Aug 2024", "3 de enero de 2024" is "3 Jan 2024". A text
    without a month of another language is returned as it is.
    """

    def translate(word: re.Match) -> str:
        month = _MONTH_OF.get(word[1].casefold())
        if month is None:
            return word[0]
        return month if is_short else _LONG[month]

    written = _WORD.sub(translate, text)
    if written == text:
        return text
    return _FIRST.sub("1", written.replace(" de ", " "))
