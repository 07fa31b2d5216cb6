"""Arguments and options that several commands take."""

import pathlib
from typing import Annotated

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
Separator = Annotated[
    str, typer.Option("--sep", help="What separates cells; 'tab' for a tab.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show warnings and errors only.")]


def table_argument(content: str) -> typer.models.ArgumentInfo:
    """Return the argument for a file of customers."""
    return typer.Argument(metavar="CSV", help=content)
