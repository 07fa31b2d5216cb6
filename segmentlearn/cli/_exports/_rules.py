"""Write rules that stand in for a model."""

import pathlib
from typing import Annotated, Any

import typer

from segmentlearn.cli._options import (
    Archive,
    Seed,
    Value,
    reads_tables,
    table_argument,
    types_columns,
)
from segmentlearn.cli._screen import InputError, echo, note, plain_errors, waiting

_ENDINGS = (".sql", ".py", ".json", ".md")


@types_columns
@reads_tables
def rules(
    archive: Archive,
    table: Annotated[str, table_argument("Customers to make the rules from.")],
    out: Annotated[
        pathlib.Path | None,
        typer.Option(help="File to write: .sql, .py, .json or .md."),
    ] = None,
    dialect: Annotated[
        str | None,
        typer.Option(
            help="Dialect of a .sql file: bigquery, databricks, duckdb (the default), "
            "mysql, oracle, postgres, redshift, snowflake, spark, sqlite or tsql."
        ),
    ] = None,
    max_rules: Annotated[
        str, typer.Option(help="Number of rules at most; 'auto' chooses it.")
    ] = "auto",
    min_customers: Annotated[
        int, typer.Option(min=1, help="Customers behind every rule at least.")
    ] = 10,
    min_confidence: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Share of a rule's customers that are in its segment at least; "
            "below it the model is asked.",
        ),
    ] = 0.5,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMNS",
            help="Columns that rules may use: repeat it, or separate by commas.",
        ),
    ] = None,
    value: Value = None,
    sql_table: Annotated[
        str, typer.Option(help="Name of the table in a .sql file.")
    ] = "customers",
    key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMNS", help="Columns that name a customer in a .sql file."
        ),
    ] = None,
    random_state: Seed = 0,
    *,
    reading: dict[str, Any],
    types: dict[str, Any],
) -> None:
    """Describe a model by a few rules: SQL, Python, JSON or Markdown."""
    import segmentlearn
    from segmentlearn.cli._tables import (
        check_output,
        named_columns,
        read_typed,
        values_of,
    )
    from segmentlearn.export import segment_rules
    from segmentlearn.inspection import used_columns
    from segmentlearn.tables import select_columns, stored_schema

    with plain_errors("rules", out):
        most = _number_wanted(max_rules)
        _check_dialect(out, dialect, key)
        check_output(out, archive, table)
        info = segmentlearn.inspect(archive)
        customers, roles = read_typed(
            table,
            reading,
            types,
            stored_schema(info.metadata),
            quiet=True,
            sampled=True,
        )
        allowed = named_columns(customers, columns, "--columns") or None
        values_of(customers, value)
        model = segmentlearn.load(archive)
        if not hasattr(model, "predict"):
            raise InputError(
                f"{archive} holds a {type(model).__name__}, which predicts nothing."
            )
        names = getattr(model, "feature_names_in_", None)
        if names is not None:
            needed = used_columns(model, [str(name) for name in names])
            select_columns(customers, needed)
        X = customers.frame
        if names is not None and allowed is None:
            X = X[needed]  # rules are made of what the model knows
        ids = [*roles.ids, info.metadata.get("target")]
        X = X.drop(columns=[name for name in ids if name in X.columns])
        worth = None if value is None else customers.frame[value]
        if len(X) < min_customers:
            raise InputError(
                f"{table} has {len(X)} customers, fewer than --min-customers "
                f"{min_customers}."
            )
        with waiting("finding rules"):
            found = segment_rules(
                model,
                X,
                max_rules=most,
                min_customers=min_customers,
                min_confidence=min_confidence,
                columns=allowed,
                value=worth,
                random_state=random_state,
            )
        echo(str(found))
        for name in found.columns_:
            written = customers.schema.written(name)
            if written:
                note(
                    f"Note: {name!r} is compared as a number or date; in {table} it is "
                    f"text ({written})."
                )
        if out is None:
            note("Nothing was written; name a file with --out to keep the rules.")
            return
        _write(found, out, dialect or "duckdb", sql_table, key)
        note(f"Written to {out}")


def _number_wanted(max_rules: str) -> int | str:
    if max_rules == "auto":
        return max_rules
    if not max_rules.isdecimal() or int(max_rules) < 1:
        raise InputError(f"--max-rules {max_rules!r} must be 'auto' or 1 at least.")
    return int(max_rules)


def _check_dialect(
    out: pathlib.Path | None, dialect: str | None, key: list[str] | None
) -> None:
    """Refuse, before any work, a file or dialect that cannot be written."""
    from segmentlearn.export import DIALECTS

    if out is not None and out.suffix.lower() not in _ENDINGS:
        raise InputError(f"--out {out} must end in {', '.join(_ENDINGS)}.")
    if dialect is not None and dialect not in DIALECTS:
        raise InputError(f"--dialect {dialect!r} is not one of {', '.join(DIALECTS)}.")
    is_sql = out is not None and out.suffix.lower() == ".sql"
    for option, given in (("--dialect", dialect), ("--key", key)):
        if given and not is_sql:
            raise InputError(f"{option} is for a .sql file; name one with --out.")


def _write(
    found: Any, out: pathlib.Path, dialect: str, table: str, key: list[str] | None
) -> None:
    """Write the rules in the format of the file's name."""
    from segmentlearn.persistence import atomic_file

    ending = out.suffix.lower()
    try:
        if ending == ".sql":
            text = found.to_sql(dialect, table, key or None)
        elif ending == ".py":
            text = found.to_python()
        else:
            text = found.to_json() if ending == ".json" else found.to_markdown()
    except ImportError as error:
        raise InputError(str(error)) from error
    with atomic_file(out) as stream:
        stream.write(text.encode("utf-8"))
