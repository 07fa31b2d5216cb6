"""Arguments and options that several commands take."""

import functools
import inspect
import pathlib
from collections.abc import Callable
from typing import Annotated, Any

import typer

Archive = Annotated[
    pathlib.Path, typer.Argument(metavar="ARCHIVE", help="A .seg archive.")
]
Drop = Annotated[
    list[str] | None,
    typer.Option(help="Columns to leave out: repeat it, or separate by commas."),
]
Numeric = Annotated[
    list[str] | None, typer.Option(help="Columns of numbers, whatever they look like.")
]
Categorical = Annotated[
    list[str] | None,
    typer.Option(help="Columns of categories, such as codes written as numbers."),
]
Dates = Annotated[
    list[str] | None,
    typer.Option("--date", help="Format of a column of dates, such as born=%d/%m/%Y."),
]
Seed = Annotated[
    int, typer.Option(min=0, max=2**32 - 1, help="Seed of everything that is drawn.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show warnings and errors only.")]


# how a table is read; what is not given is found out
_READING = {
    "sep": (str | None, "What separates cells; 'tab' for a tab. Found by default."),
    "encoding": (str | None, "Encoding of a text file. Found by default."),
    "decimal": (str | None, "Decimal mark, '.' or ','. Found by default."),
    "skip_rows": (int | None, "Lines above the column names. Found by default."),
    "quotes": (str | None, "'no' takes quotes as text. Found by default."),
    "sheet": (str | None, "Sheet of a workbook, by name or number."),
    "query": (str | None, "SQL query for a database."),
}
LABELS = {
    **{name: f"--{name.replace('_', '-')} " for name in _READING},
    "separator": "--sep ",
}


def table_argument(content: str) -> typer.models.ArgumentInfo:
    """Return the argument for a file of customers."""
    return typer.Argument(
        metavar="TABLE",
        help=f"{content} CSV, Excel, Parquet, JSON lines, SQLite, DuckDB; - for stdin.",
    )


def reads_tables(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of reading to a command, which gets them as one dict."""
    signature = inspect.signature(command)

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        reading = {name: given.pop(name) for name in _READING}
        command(**given, reading=reading)

    options = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[kind, typer.Option(help=text)],
        )
        for name, (kind, text) in _READING.items()
    ]
    kept = [one for name, one in signature.parameters.items() if name != "reading"]
    with_options.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*kept, *options]
    )
    with_options.__annotations__ = {
        one.name: one.annotation for one in [*kept, *options]
    }
    return with_options
