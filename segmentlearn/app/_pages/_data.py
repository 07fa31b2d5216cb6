"""Data: a table is chosen, and how its columns are understood.

It is the first page: what takes long to import is imported when there is a table.
"""

import pathlib
from typing import TYPE_CHECKING

import streamlit as st

from segmentlearn.app import _generated
from segmentlearn.app._jobs import Job
from segmentlearn.app._pages import _widgets
from segmentlearn.app._serving import TABLE_ENDINGS
from segmentlearn.app._state import Session

if TYPE_CHECKING:
    from segmentlearn.app._columns import Customers
    from segmentlearn.app._uploads import Loaded
    from segmentlearn.auditing import AuditReport
    from segmentlearn.tables import TableFile

_SEVERITIES = {
    "error": "Error: results would mislead",
    "warning": "Warning: look at it first",
    "note": "Note",
}


def draw() -> None:
    """Draw the page."""
    session = _widgets.heading(
        "Data",
        "Choose a table: one row for each customer, one column for each thing that you "
        "know of them.",
    )
    _choose(session)
    customers = session.customers
    if customers is None:
        return
    _show_table(customers)
    _show_columns(session, customers)
    _show_missing(session, customers)
    _show_distribution(session, customers)
    _show_audit(session, customers)


def _choose(session: Session) -> None:
    most = session.options.most_bytes
    own, generated = st.columns(2, gap="large")
    with own:
        file = st.file_uploader(
            f"Your table (CSV, Excel or Parquet, at most {session.options.max_upload} "
            "MB)",
            type=list(TABLE_ENDINGS),
            key=f"upload-{session.counter}",
        )
        if file is not None:
            with _widgets.errors_in_words(), st.spinner("Reading the table"):
                from segmentlearn.app import _uploads

                _load(session, _uploads.read_upload(file.getvalue(), file.name, most))
        if session.options.data_dir is not None:
            from segmentlearn.app import _uploads

            files = _uploads.server_files(session.options.data_dir)
            with st.form("server-file"):
                name = st.selectbox("A table on the server", files)
                if st.form_submit_button("Read it") and name in files:
                    with _widgets.errors_in_words(), st.spinner("Reading the table"):
                        path = pathlib.Path(str(session.options.data_dir)) / name
                        _load(session, _uploads.read_server_file(path, most))
    with generated, st.form("generated"):
        kind = st.selectbox(
            "Or generated customers, to try it out",
            list(_generated.KINDS),
            format_func=_generated.KINDS.__getitem__,
        )
        if st.form_submit_button("Take these"):
            with _widgets.errors_in_words():
                _load(session, _generated.customers(kind))


def _load(session: Session, loaded: "Loaded") -> None:
    """Take a table, and start with a fresh uploader that holds no file in memory."""
    from segmentlearn.app import _uploads
    from segmentlearn.app._columns import Customers

    session.take(Customers.of(loaded))
    _uploads.release_memory()
    st.rerun()


def _show_table(customers: "Customers") -> None:
    loaded, frame = customers.loaded, customers.table.frame
    st.header(_widgets.escape(loaded.name), anchor=False)
    rows, columns, cells = st.columns(3)
    rows.metric("Customers", f"{len(frame):,}")
    columns.metric("Columns", f"{frame.shape[1]:,}")
    cells.metric("Missing cells", f"{int(frame.isna().sum().sum()):,}")
    if loaded.n_rows > len(frame):
        st.info(f"Drawn at random from {loaded.n_rows:,} rows.")
    for note in dict.fromkeys([*loaded.table.notes, *customers.table.notes]):
        st.warning(_widgets.escape(note))
    with st.expander("The first customers"):
        _widgets.table(frame.head(100), "The first customers", is_computed=False)


def _show_columns(session: Session, customers: "Customers") -> None:
    from segmentlearn.app import _columns

    st.header("How each column is understood", anchor=False)
    st.markdown("Correct what is wrong, then press the button below the table.")
    shown = customers.description[
        ["column", "read as", "why", "missing", "values", "examples"]
    ].copy()
    shown["read as"] = list(customers.roles.roles.values())
    with st.form("roles"):
        edited = st.data_editor(
            shown,
            key=f"roles-{session.counter}",
            hide_index=True,
            disabled=["column", "why", "missing", "values", "examples"],
            column_config={
                "read as": st.column_config.SelectboxColumn(
                    options=list(_columns.ROLES), required=True
                ),
                "why": st.column_config.TextColumn(width="large"),
            },
            alt="How each column is understood",
        )
        if st.form_submit_button("Understand them like this"):
            roles = dict(zip(edited["column"], edited["read as"], strict=True))
            with _widgets.errors_in_words():
                session.take(customers.with_roles(roles))
                st.rerun()


def _show_missing(session: Session, customers: "Customers") -> None:
    from segmentlearn.app import _charts, _columns

    st.header("Missing values", anchor=False)
    frame = session.cached("missing", lambda: _columns.missing_values(customers))
    incomplete = frame[frame["missing"] > 0]
    if incomplete.empty:
        st.markdown("No cell is missing.")
        return
    picture = _charts.bars(incomplete, "column", "missing", ["column", "missing cells"])
    _widgets.chart(picture, "Missing values by column", frame)


def _show_distribution(session: Session, customers: "Customers") -> None:
    from segmentlearn.app import _charts, _columns

    st.header("Distributions", anchor=False)
    names = customers.roles.features or customers.table.columns
    name = st.selectbox("Column", names, key=f"distribution-{session.counter}")
    frame = session.cached(
        ("distribution", name), lambda: _columns.distribution(customers, name)
    )
    picture = _charts.histogram(frame, _title(name))
    _widgets.chart(picture, f"Customers by {name}", frame)


def _title(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:59]}…"


def _show_audit(session: Session, customers: "Customers") -> None:
    st.header("What may be wrong with the table", anchor=False)
    table, roles = customers.table, customers.roles
    with st.form("audit"):
        target = st.selectbox(
            "Column of known segments, if there is one",
            [None, *roles.features],
            format_func=lambda name: "none" if name is None else str(name),
        )
        wanted = st.form_submit_button("Look for defects")
    if wanted:
        ids = roles.of("identifier")
        session.start(
            "looking for defects of the table",
            lambda job: _audit(job, table, target, ids),
            lambda report: session.results.update(audit=report),
        )
        st.rerun()
    if "audit" in session.results:
        _show_findings(session.results["audit"])


def _audit(
    job: Job, table: "TableFile", target: str | None, ids: list[str]
) -> "AuditReport":
    from segmentlearn.auditing import audit

    job.step("leaks, duplicates, defects of cells", 0.1, 1.0)
    return audit(table.frame, target, ids=ids or None)


def _show_findings(report: "AuditReport") -> None:
    if not report:
        st.success("Nothing was found.")
    for finding in report:
        where = f" ({', '.join(finding.columns[:5])})" if finding.columns else ""
        text = f"{_SEVERITIES[finding.severity]}{where}: {finding.message}"
        show = {"error": st.error, "warning": st.warning}.get(finding.severity, st.info)
        show(_widgets.escape(text))
    if report:
        frame = report.to_frame().drop(columns="evidence")
        frame["columns"] = frame["columns"].map(", ".join)
        with st.expander("All findings, and what to do about them"):
            _widgets.table(frame, "Findings of the audit")
