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
Seed = Annotated[
    int, typer.Option(min=0, max=2**32 - 1, help="Seed of everything that is drawn.")
]
Clusters = Annotated[
    int | None,
    typer.Option(min=2, help="Ends of the numbers of segments compared; 2 and 10."),
]
Refit = Annotated[
    bool, typer.Option("--refit", help="Save a model fitted again to all rows.")
]
OutOfCore = Annotated[
    bool,
    typer.Option(
        "--out-of-core",
        help="Read the table in parts, as tables of 256 MB or 2,000,000 rows are.",
    ),
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
_MANY = list[str] | None
_TYPES = {
    "numeric": (_MANY, "Columns of numbers, whatever they look like."),
    "categorical": (_MANY, "Columns of categories, such as codes written as numbers."),
    "date": (_MANY, "Format of a column of dates, such as born=%d/%m/%Y."),
    "id": (_MANY, "Columns that name a customer: repeat it, or separate by commas."),
}
LABELS = {
    **{name: f"--{name.replace('_', '-')} " for name in _READING},
    "separator": "--sep ",
}


def table_argument(content: str) -> typer.models.ArgumentInfo:
    """Return the argument for a file of customers."""
    return typer.Argument(
        metavar="TABLE",
        help=f"{content} CSV, Excel, Parquet, JSON lines, SQLite, DuckDB, a folder of "
        "such files; - for stdin.",
    )


def reads_tables(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of reading to a command, which gets them as one dict."""
    return _with_options(command, "reading", _READING)


def types_columns(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of columns to a command, which gets them as one dict."""
    return _with_options(command, "types", _TYPES)


def _with_options(
    command: Callable[..., None], parameter: str, options: dict[str, tuple[Any, str]]
) -> Callable[..., None]:
    signature = inspect.signature(command)

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        found = {name: given.pop(name) for name in options}
        command(**given, **{parameter: found})

    added = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                kind, typer.Option(f"--{name.replace('_', '-')}", help=text)
            ],
        )
        for name, (kind, text) in options.items()
    ]
    kept = [p for name, p in signature.parameters.items() if name != parameter]
    with_options.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*kept, *added]
    )
    with_options.__annotations__ = {p.name: p.annotation for p in [*kept, *added]}
    return with_options
