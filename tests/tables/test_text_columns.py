"""What a column of text holds, whichever way it is written."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.preprocessing import TabularPreprocessor
from segmentlearn.tables import TableSchema

AMOUNTS = np.random.default_rng(0).lognormal(10, 0.5, 60).round(2)
DAYS = pd.Timestamp("2016-01-01") + pd.to_timedelta(
    np.random.default_rng(0).integers(0, 3000, 60), "D"
)


def read(cells):
    """Return the cells of one column as they are read, and what was noted."""
    columns = {"column": np.array(cells, dtype=object)}
    frame, notes = TableSchema.infer(columns).read(columns)
    return frame["column"], notes


def continental(number, digits=2):
    return f"{number:,.{digits}f}".translate(str.maketrans(",.", ".,"))


@pytest.mark.parametrize(
    "write",
    [
        lambda x: f"{x}",
        lambda x: f" {x} ",
        lambda x: f"{x:,.2f}",
        lambda x: f"${x:,.2f}",
        lambda x: f"US$ {x:,.2f}",
        lambda x: f"{continental(x)} €",
        lambda x: f"EUR {continental(x)}",
        lambda x: f"R$ {continental(x)}",
        lambda x: f"Rs. {x:,.2f}",
        lambda x: f"{x:.2f}".replace(".", ","),
        lambda x: f"{x:,.2f}".replace(",", "'"),
        lambda x: f"{x:,.2f}".replace(",", "\u202f").replace(".", ",") + "\u00a0€",
        lambda x: f"{x} km",
        lambda x: f"{x:.2f}m²",
        lambda x: f"+{x}",
        lambda x: f"{x:.8e}",
    ],
)
def test_amounts(write):
    """They are the same numbers, however they are written."""
    column, notes = read([write(x) for x in AMOUNTS])
    np.testing.assert_allclose(column, AMOUNTS, rtol=1e-9)
    assert notes == []


@pytest.mark.parametrize(
    "write",
    [
        lambda x: f"{x:,.2f}" if x % 3 < 2 else f"-${x:.2f}",
        lambda x: continental(x) + " €",
        lambda x: f"{x:,.2f}".replace(",", "'"),
        lambda x: f"{x / 1000:.4f}%",
        lambda x: str(np.datetime64("1990-01-01") + np.timedelta64(int(1e5 * x), "s")),
        lambda x: f"2019-05-{int(x) % 40:02d} 10:{x % 60:02.0f}:00+02:00",
        lambda x: f"{int(x) % 40:02d}.02.2019 23:{x % 60:02.0f}:59",
        lambda x: f" {x}",
    ],
)
def test_long_columns_are_read_as_short_ones(write):
    """A column whose texts differ is read in another way, to the same cells."""
    rng = np.random.default_rng(0)
    cells = [write(x) for x in rng.lognormal(10, 0.5, 500)]
    cells[7], cells[300], cells[301] = "n/a", None, "(no)"
    columns = {"column": np.array(cells, dtype=object)}
    schema = TableSchema.infer(columns)
    pieces = [
        schema.read({"column": columns["column"][start : start + 20]}, {})[0]
        for start in range(0, 500, 20)
    ]
    whole = schema.read(columns, {})[0]
    pd.testing.assert_frame_equal(whole, pd.concat(pieces, ignore_index=True))


@pytest.mark.parametrize(
    "write",
    ["({:,.2f})", "-${:,.2f}", "$-{:,.2f}", "{:.2f}-", "\u2212{}", "(${:,.2f})"],
)
def test_negative_amounts(write):
    """Brackets and minus signs of all kinds."""
    column, _ = read([write.format(x) for x in AMOUNTS])
    np.testing.assert_allclose(column, -AMOUNTS)


def test_a_column_of_objects_as_a_pandas_array():
    """Is read as the same cells are elsewhere."""
    cells = pd.Series(["$1,200", None, "$3,400"], dtype=object).array
    assert TableSchema.infer({"spend": cells}).readings["spend"].kind == "number"


def test_percent():
    """As spreadsheets keep it."""
    np.testing.assert_allclose(read(["12.5%", "7 %", "0%"])[0], [0.125, 0.07, 0.0])


def test_units_in_singular_and_plural():
    """And a zero without one."""
    assert read(["1 year", "2 years", "0", "12 years"])[0].tolist() == [1, 2, 0, 12]


@pytest.mark.parametrize(
    "mark", ["-", "n/a", "N/A", "null", "$null$", "#N/A", "?", " "]
)
def test_marks_of_missing_values(mark):
    """They neither cost the column nor a word."""
    column, notes = read([*map(str, AMOUNTS), mark])
    assert np.isnan(column.iloc[-1])
    assert column.notna().sum() == len(AMOUNTS)
    assert notes == []


def test_rare_text_among_numbers_is_counted():
    """By column, with an example."""
    column, (note,) = read([*map(str, AMOUNTS), "ask Bob"])
    assert column.isna().sum() == 1
    assert "1 of 61 cells of column 'column'" in note
    assert "'ask Bob'" in note


@pytest.mark.parametrize(
    "cells",
    [
        ["007", "012", "100"],
        ["+4915112345678", "+4915187654321"],
        ["4111111111111111", "4222222222222222"],
        ["$5", "€6", "$7", "€8"],
        ["Branch 1", "Branch 2"],
        ["18-25", "26-35"],
        ["0", "1", "2", "3+"] * 20,
        ["192.168.1.1", "10.0.0.2"],
        ["12:30", "08:15"],
        ["5 km", "6 miles", "7 km", "8 miles"],
    ],
)
def test_what_is_no_number_stays_text(cells):
    """Codes, several currencies, ranges, levels."""
    assert read(cells)[0].tolist() == cells


def test_names_of_nothing_can_be_levels():
    """ "None" and "NA" are levels in a column of levels, "n/a" is not."""
    column, _ = read(["None", "NA", "Gold", "n/a", ""])
    assert column.tolist()[:3] == ["None", "NA", "Gold"]
    assert column.isna().tolist() == [False, False, False, True, True]


def test_another_column_tells_the_decimal_mark():
    """ "1.234" is a thousand where the table writes decimal commas."""
    columns = {
        "price": np.array(["1,50", "2,25"], dtype=object),
        "stock": np.array(["1.234", "5.678"], dtype=object),
    }
    frame, _ = TableSchema.infer(columns).read(columns)
    assert frame["stock"].tolist() == [1234, 5678]


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%d 00:00:00+00:00",
        "%Y/%m/%d",
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d/%m/%Y %H:%M",
        "%m/%d/%Y %I:%M %p",
        "%d-%b-%Y",
        "%b %d, %Y",
    ],
)
def test_dates(form):
    """Day or month first follows from the days above twelve."""
    column, notes = read([f"{day:{form}}" for day in DAYS])
    assert (column.to_numpy() == DAYS.to_numpy()).all()
    assert notes == []


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y %H:%M"])
@pytest.mark.parametrize("year", [1893, 2300, 9999])
def test_dates_that_nanoseconds_do_not_hold(form, year):
    """As of contracts without an end: the old pandas has no such dates itself."""
    days = [day.to_pydatetime() for day in DAYS]
    days[3] = days[3].replace(year=year, month=12, day=31)
    column, notes = read([f"{day:{form}}" for day in days])
    assert (column.to_numpy() == np.array(days, dtype="M8[us]")).all()
    assert notes == []


def test_dates_that_could_be_either_are_refused_with_a_cure():
    """03/04 is in March or in April."""
    X = pd.DataFrame({"since": ["03/04/2020", "05/06/2021"] * 20, "age": range(40)})
    with pytest.raises(SchemaError, match=r"'since'.*%d/%m/%Y or %m/%d/%Y.*dates="):
        TabularPreprocessor().fit(X)
    preprocessor = TabularPreprocessor(dates={"since": "%d/%m/%Y"}).fit(X)
    assert preprocessor.column_kinds_["since"] == "datetime"


def test_truth_values():
    """With a missing one."""
    assert read(["True", "FALSE", "true"])[0].tolist() == [True, False, True]
    assert read(["True", "", "false"])[0].tolist() == [True, None, False]


def test_codes_are_read_as_in_the_training_table():
    """As text with leading zeros, and as whole numbers from a spreadsheet."""
    X = pd.DataFrame({"branch": ["01", "02", "10"] * 10, "spend": np.arange(30) / 7})
    preprocessor = TabularPreprocessor().fit(X)
    new = X.assign(branch=X["branch"].astype(int))
    np.testing.assert_array_equal(
        preprocessor.transform(new), preprocessor.transform(X)
    )


def test_new_rows_with_other_text_are_refused():
    """More than a few cells that are no number."""
    preprocessor = TabularPreprocessor().fit(pd.DataFrame({"a": [1.5, 2.5] * 10}))
    with pytest.raises(SchemaError, match=r"'a'.*'many'"):
        preprocessor.transform(pd.DataFrame({"a": ["1.5", "many"]}))


def test_few_unreadable_cells_of_new_rows_are_counted():
    """They become missing."""
    preprocessor = TabularPreprocessor().fit(pd.DataFrame({"a": [1.5, 2.5] * 10}))
    new = pd.DataFrame({"a": [*map(str, AMOUNTS), "?", "oops"]})
    with pytest.warns(
        SegmentLearnWarning, match=r"1 of 62 cells of column 'a'.*'oops'"
    ):
        preprocessor.transform(new)


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=30))
def test_any_text_is_read(cells):
    """Every row stays, and a cell is what it was or missing where it is text."""
    column, _ = read(cells)
    assert len(column) == len(cells)
    if column.dtype == "str":
        for value, cell in zip(column, cells, strict=True):
            assert pd.isna(value) or value == cell.strip()


TEXTS = {
    "level": ["a", " a ", "A", "b", "n/a", "NA", "", " ", "-", None],
    "amount": ["$1,250.00", "$7", " $7 ", "($3.50)", "$", "n/a", "12 EUR", "inf", None],
    "number": ["1.5", "2", " 2 ", "1,5", "1e3", "none", "oops", None],
    "day": ["31.12.2024", "01.02.2024 ", "2024-12-31", "32.12.2024", "k.a.", None],
    "is": ["true", "FALSE", " True", "yes", "?", None],
}


@settings(deadline=None, max_examples=30)
@pytest.mark.parametrize("name", TEXTS)
@given(places=st.lists(st.integers(0, 9), min_size=1, max_size=20))
def test_a_cell_is_read_alike_in_few_rows_and_in_many(name, places):
    """Whatever was read before."""
    texts = TEXTS[name]
    usual = [texts[0]] * 80
    few = [texts[place % len(texts)] for place in places]
    schema = TableSchema.infer({name: np.array(usual, dtype=object)})
    read = [
        # counted, not refused, whatever share of the cells is something else
        schema.read({name: np.array(cells, dtype=object)}, tally)[0][name][: len(few)]
        for cells, tally in ((few, {}), (few + usual, {}))
    ]
    one, many = ([None if pd.isna(x) else x for x in column] for column in read)
    assert one == many


@pytest.mark.parametrize(
    ("cells", "month"),
    [
        (["1. Januar 2024", "2. März 2024", "31. Dezember 2024"], 3),
        (["01-Mai-2024", "02-Mrz-2024", "03-Okt-2024"], 3),
        (["1er août 2024", "2 mars 2024", "3 déc. 2024"], 3),
        (["3 de enero de 2024", "4 de marzo de 2024"], 3),
        (["gennaio 2024", "marzo 2024", "ottobre 2024"], 3),
        (["5 januari 2024", "6 maart 2024"], 3),
    ],
)
def test_months_in_other_languages(cells, month):
    """In words or short, as people write them."""
    column, _ = read(cells)
    assert column.dtype.kind == "M"
    assert column.iloc[1].month == month


def test_a_format_reads_months_in_other_languages():
    """Where the user names it."""
    cells = np.array(["1. Januar 2024", "2. February 2024"], dtype=object)
    schema = TableSchema.infer({"a": cells}).with_types(
        {"a": cells}, dates={"a": "%d. %B %Y"}
    )
    frame, _ = schema.read({"a": cells})
    assert frame["a"].dt.month.tolist() == [1, 2]


def test_words_like_months_are_levels():
    """Without days and years there is no date."""
    column, _ = read(["mai", "set", "dez", "out"] * 5)
    assert column.tolist() == ["mai", "set", "dez", "out"] * 5


DIFFERENT = {
    "amount": (
        [f"${number:,}.25" for number in range(900, 1000)],
        "$-+,. 0123e'\u00a0(",
    ),
    "euros": ([f"{number:_}.000,5 €".replace("_", ".") for number in range(100)], None),
    "share": ([f"{number}.5%" for number in range(100)], "%-., 0123"),
    "moment": ([f"{n % 28 + 1:02}.02.20{n:02} 12:30:00" for n in range(100)], None),
    "day": ([f"20{n:02}-02-{n % 28 + 1:02}" for n in range(100)], "-0123TZ: "),
    "name": ([f"customer {number}" for number in range(100)], " nN/aA-?\ufeff\u00a0\n"),
}


@settings(deadline=None, max_examples=60)
@pytest.mark.parametrize("name", DIFFERENT)
@given(data=st.data())
def test_a_cell_is_read_alike_among_different_ones(name, data):
    """Long columns of different texts are read in another way than few cells."""
    usual, signs = DIFFERENT[name]
    # texts of some of these signs, and usual ones with a sign in place of another
    texts = st.tuples(st.sampled_from(usual), st.integers(0, 30), st.characters())
    texts = texts.map(lambda x: x[0][: x[1]] + x[2] + x[0][x[1] + 1 :])
    digits = st.tuples(st.sampled_from(usual), st.integers(0, 9)).map(
        lambda x: x[0].replace("2", str(x[1])).replace("0", "9", x[1] % 3)
    )
    texts = st.one_of(texts, digits, st.text(signs or usual[0], max_size=12))
    few = data.draw(st.lists(texts, min_size=1, max_size=8))
    schema = TableSchema.infer({name: np.array(usual, dtype=object)})
    one, many = (
        schema.read({name: np.array(cells, dtype=object)}, {})[0][name][: len(few)]
        for cells in (few, few + usual)
    )
    assert [None if pd.isna(x) else x for x in one] == [
        None if pd.isna(x) else x for x in many
    ]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(-1e9, 1e9).map(lambda x: round(x, 2)), min_size=5, max_size=30),
    st.sampled_from([".", ","]),
    st.sampled_from(["", "$", "€", "CHF "]),
)
def test_numbers_come_back(numbers, decimal, prefix):
    """Whatever stands around them; thousands are not grouped."""
    numbers = [0.25, *numbers]
    cells = [f"{prefix}{x:.2f}".replace(".", decimal) for x in numbers]
    np.testing.assert_allclose(read(cells)[0], numbers, rtol=1e-12)
