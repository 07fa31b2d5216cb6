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
    typer.Option(
        metavar="COLUMNS",
        help="Columns to leave out: repeat it, or separate by commas.",
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMNS",
        help="Columns of the table to write beside the new ones; all by default.",
    ),
]
Seed = Annotated[
    int, typer.Option(min=0, max=2**32 - 1, help="Seed of everything that is drawn.")
]
Clusters = Annotated[
    int | None,
    typer.Option(min=2, help="Ends of the numbers of segments compared; 2 and 10."),
]
Value = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="What a customer is worth, such as a column of revenue."
    ),
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
    "sep": (str | None, "TEXT", "Between cells; 'tab' for a tab. Found by default."),
    "encoding": (str | None, "NAME", "Encoding of a text file. Found by default."),
    "decimal": (str | None, ".|,", "Decimal mark. Found by default."),
    "skip_rows": (int | None, "N", "Lines above the column names. Found by default."),
    "quotes": (str | None, "yes|no", "Whether cells have quotes. Found by default."),
    "sheet": (str | None, "NAME", "Sheet of a workbook, by name or number."),
    "query": (str | None, "SQL", "Query for a database."),
}
_MANY = list[str] | None
_TYPES = {
    "numeric": (_MANY, "COLUMNS", "Numbers, whatever they look like."),
    "categorical": (_MANY, "COLUMNS", "Categories, such as codes that are numbers."),
    "date": (_MANY, "COLUMN=FORMAT", "Dates and their format, as born=%d/%m/%Y."),
    "id": (
        _MANY,
        "COLUMNS",
        "Columns that name a customer, left out: repeat it, or separate by commas.",
    ),
}
_AMOUNTS = {
    "positive": (
        str | None,
        "CLASS",
        "The class to find, such as Yes; chosen of two classes.",
    ),
    "cost_per_contact": (
        float | None,
        "AMOUNT",
        "What it costs to contact a customer.",
    ),
    "value_per_response": (
        float | None,
        "AMOUNT",
        "What a response brings, before the cost.",
    ),
}
_LEARNING = {
    **_AMOUNTS,
    "bins": (
        int | None,
        "NUMBER",
        "Classes to cut a target of amounts into, such as 4.",
    ),
}
_LISTING = {
    "top": (
        int | None,
        "NUMBER",
        "List the customers of the highest probabilities: how many.",
    ),
    "budget": (float | None, "AMOUNT", "List as many as a budget pays contacts for."),
    "min_probability": (
        float | None,
        "PROBABILITY",
        "List customers from this probability on.",
    ),
    **_AMOUNTS,
    "exclude": (
        str | None,
        "TABLE",
        "Table of customers, by their --key, who are not listed.",
    ),
    "control_share": (
        float | None,
        "SHARE",
        "Share of a list not to contact; 0.05 by default.",
    ),
    "random_state": (int | None, "SEED", "Seed of who is drawn for the control group."),
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


def _names_of(name: str, signature: inspect.Signature) -> list[str]:
    """Return an option's names: identifiers and keys are the same to most commands."""
    names = [f"--{name.replace('_', '-')}"]
    return (
        [*names, "--key"]
        if name == "id" and "key" not in signature.parameters
        else names
    )


def finds_responders(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of responders to `fit`, which gets them as one dict."""
    return _with_options(command, "responders", _LEARNING)


def lists_contacts(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a contact list to a command, which gets them as one dict."""
    return _with_options(command, "listing", _LISTING)


def reports_responders(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of amounts to `report`, which gets them as one dict."""
    options = {name: how for name, how in _AMOUNTS.items() if name != "positive"}
    return _with_options(command, "amounts", options)


def _with_options(
    command: Callable[..., None],
    parameter: str,
    options: dict[str, tuple[Any, str, str]],
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
                kind,
                typer.Option(*_names_of(name, signature), metavar=value, help=text),
            ],
        )
        for name, (kind, value, text) in options.items()
    ]
    kept = [p for name, p in signature.parameters.items() if name != parameter]
    with_options.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*kept, *added]
    )
    with_options.__annotations__ = {p.name: p.annotation for p in [*kept, *added]}
    return with_options
