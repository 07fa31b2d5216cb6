"""Take away: customers, archive, report, rules, and the Python code of it all."""

from typing import Any

import streamlit as st

from segmentlearn.app import _code, _downloads
from segmentlearn.app._columns import IDENTIFIER, Customers
from segmentlearn.app._jobs import Job
from segmentlearn.app._pages import _widgets
from segmentlearn.app._pages._score import download
from segmentlearn.app._state import Session
from segmentlearn.export import segment_rules
from segmentlearn.inspection import Scores, segment_facts

_SEGMENTS, _KNOWN = (
    "The segments that were found",
    "The known segments that were learnt",
)


def draw() -> None:
    """Draw the page."""
    session = _widgets.heading(
        "Take away", "Files for your colleagues, for your systems and for next month."
    )
    customers = _widgets.needed_customers(session)
    choices = {_SEGMENTS: session.segmentation, _KNOWN: session.known}
    choices = {title: found for title, found in choices.items() if found is not None}
    if not choices:
        st.info("First find segments, or learn known ones.")
        return
    title = next(iter(choices))
    if len(choices) > 1:
        title = st.radio("Of what?", list(choices))
    found = choices[title]
    if title == _SEGMENTS:
        st.header("List of the customers", anchor=False)
        names = {label: found.name_of(label) for label in found.profile.labels}
        scores = Scores(found.labels, {}, names, found.ids)
        download(session, customers.loaded, scores.new_columns(), "segments")
        facts = segment_facts(found.model, found.profile)
        code = _code.segments_code(customers, found)
        y = None
    else:
        facts = {"target": found.settings.target, **found.result.facts(refit=False)}
        facts["refit"] = False
        code = _code.known_code(customers, found)
        y = found.y
    facts["schema"] = customers.table.schema.to_dict(found.X.columns)
    _archive(session, found, facts)
    _report(session, found, y, facts)
    _rules(session, customers, found)
    st.header("Python code", anchor=False)
    st.markdown("The same in a program, beside the file of your customers:")
    st.code(code, language="python", wrap_lines=True)
    st.download_button(
        "Download the code", code.encode(), "segments.py", on_click="ignore"
    )


def _archive(session: Session, found: Any, facts: dict[str, Any]) -> None:
    st.header("Archive of the model", anchor=False)
    st.markdown(
        "For the page Score, for `segmentlearn predict` and for Python. It holds no "
        "pickle, and names are kept in it."
    )
    with _widgets.errors_in_words():
        data = session.cached(
            ("archive", found.settings, _names_of(found)),
            lambda: _downloads.archive_file(found.model, facts),
        )
        st.download_button(
            "Download the archive", data, "segments.seg", on_click="ignore"
        )


def _report(session: Session, found: Any, y: Any, facts: dict[str, Any]) -> None:
    st.header("Report", anchor=False)
    st.markdown(
        "One page for readers who do not program; numbers of few customers are hidden."
    )
    key = ("report", found.settings, _names_of(found))
    with st.form("report"):
        title = st.text_input("Heading", "Customer segments", max_chars=120)
        wanted = st.form_submit_button("Write the report")
    if wanted:
        model, X = found.model, found.X

        def work(job: Job) -> bytes:
            job.step("drawing and writing", 0.1, 1.0)
            return _downloads.report_file(model, X, y, title, facts)

        session.start(
            "writing the report", work, lambda page: session.results.update({key: page})
        )
        st.rerun()
    if key in session.results:
        page = session.results[key]
        st.download_button(
            "Download the report", page, "report.html", on_click="ignore"
        )


def _rules(session: Session, customers: Customers, found: Any) -> None:
    st.header("Rules", anchor=False)
    st.markdown("A few conditions that stand in for the model, with their fidelity.")
    key = ("rules", found.settings, _names_of(found))
    if key not in session.results:
        if st.button("Find rules"):
            model, X = found.model, found.X

            def work(job: Job) -> Any:
                job.step("growing a tree and cutting it back", 0.1, 1.0)
                return segment_rules(model, X)

            session.start("finding rules", work, lambda rules: None, key=key)
            st.rerun()
        return
    rules = session.results[key]
    st.code(str(rules), language=None, wrap_lines=True)
    how = st.radio("Format of the rules", list(_downloads.RULE_FORMATS))
    ending = _downloads.RULE_FORMATS[how]
    dialect, column, table = "duckdb", None, "customers"
    if ending == ".sql":
        dialects = _downloads.SQL_DIALECTS
        dialect = st.selectbox("Dialect", dialects, dialects.index("duckdb"))
        table = st.text_input("Name of the table", "customers", max_chars=120)
        ids = customers.roles.of(IDENTIFIER)
        column = st.selectbox(
            "Column that names a customer",
            [None, *customers.table.columns],
            index=1 + customers.table.columns.index(ids[0]) if ids else 0,
            format_func=lambda name: "all columns" if name is None else str(name),
        )
    with _widgets.errors_in_words():
        text = _downloads.rules_text(rules, ending, dialect, column, table)
        st.download_button(
            "Download the rules", text.encode(), f"rules{ending}", on_click="ignore"
        )


def _names_of(found: Any) -> tuple[str, ...]:
    profile = getattr(found, "profile", None)
    return () if profile is None else tuple(profile.names.values())
