"""Write a model for other programs."""

import pathlib
from typing import Annotated, Any

import typer

from segmentlearn.cli._options import Archive
from segmentlearn.cli._screen import InputError, note, plain_errors, waiting


def export(
    archive: Archive,
    to: Annotated[
        pathlib.Path,
        typer.Option(help="File to write: .onnx, or .sql for a small model."),
    ],
    dialect: Annotated[
        str | None, typer.Option(help="Dialect of a .sql file, as of 'rules'.")
    ] = None,
    sql_table: Annotated[
        str, typer.Option(help="Name of the table in a .sql file.")
    ] = "customers",
    key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMNS", help="Columns that name a customer in a .sql file."
        ),
    ] = None,
) -> None:
    """Write a whole model as ONNX or SQL, which scores raw rows without Python."""
    import segmentlearn
    from segmentlearn.cli._tables import check_output
    from segmentlearn.persistence import atomic_file

    with plain_errors("export", to):
        ending = to.suffix.lower()
        if ending not in (".onnx", ".sql"):
            raise InputError(f"--to {to} must end in .onnx or .sql.")
        if ending == ".sql" and not key:
            raise InputError("A .sql file needs --key, the column of a customer's key.")
        if ending == ".onnx" and (dialect or key):
            raise InputError("--dialect and --key are for a .sql file.")
        check_output(to, archive, option="--to")
        model = segmentlearn.load(archive)
        try:
            with waiting("writing the model"):
                content = _content(model, ending, dialect or "duckdb", sql_table, key)
        except (ImportError, TypeError) as error:
            raise InputError(str(error)) from error
        with atomic_file(to) as stream:
            stream.write(content)
        note(f"Written to {to}: {len(content):,} bytes")


def _content(model: Any, ending: str, dialect: str, table: str, key: Any) -> bytes:
    from segmentlearn.export import model_to_sql, to_onnx

    if ending == ".onnx":
        content: bytes = to_onnx(model).SerializeToString()
        return content
    return model_to_sql(model, key, dialect, table).encode("utf-8")
