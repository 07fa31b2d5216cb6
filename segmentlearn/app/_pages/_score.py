"""Score: new customers from a file, or one from a form."""

import datetime
from typing import Any

import pandas as pd
import streamlit as st

from segmentlearn._formatting import percent
from segmentlearn.app import _downloads, _scoring, _uploads
from segmentlearn.app._pages import _who_moved, _widgets
from segmentlearn.app._scoring import Field, Model, Scored
from segmentlearn.app._state import Session
from segmentlearn.inspection import Scores, name_of

_MANY_ROWS = 200_000


def draw() -> None:
    """Draw the page."""
    session = _widgets.heading(
        "Score",
        "Which segment new customers belong to, by what was found or learnt here, or "
        "by a model from an archive.",
    )
    model = _choose(session)
    if model is not None:
        _score_file(session, model)
        _score_form(session, model)
    _who_moved.draw(session)


def _choose(session: Session) -> Model | None:
    with st.expander("Load a model from an archive", expanded=not models(session)):
        _widgets.load_archive(session)
    found = models(session)
    if not found:
        st.info(
            "No model yet: find segments, learn known ones, or load an archive above."
        )
        return None
    title = st.selectbox("Model", list(found))
    return found[title]


def models(session: Session) -> dict[str, Model]:
    """Return the models of a session by their titles."""
    found = []
    customers, segmentation, known = (
        session.customers,
        session.segmentation,
        session.known,
    )
    if segmentation is not None and customers is not None:
        found.append(
            Model(
                "Segments found in this session",
                segmentation.model,
                customers.table.schema,
                _scoring.needed_columns(segmentation.model),
                train=segmentation.X,
            )
        )
    if known is not None and customers is not None:
        found.append(
            Model(
                f"Known segments: {known.settings.target}",
                known.model,
                customers.table.schema,
                _scoring.needed_columns(known.model),
                known.settings.target,
                known.X,
            )
        )
    if session.archive is not None:
        found.append(session.archive)
    return {model.title: model for model in found}


def _score_file(session: Session, model: Model) -> None:
    st.header("A file of customers", anchor=False)
    file = st.file_uploader(
        "Table of new customers, with the columns of the model's table",
        type=list(_uploads.TABLE_ENDINGS),
        key=f"new-{session.scored_counter}",
    )
    if file is not None:
        with _widgets.errors_in_words(), st.spinner("Reading the table"):
            loaded = _uploads.read_upload(
                file.getvalue(), file.name, session.options.most_bytes, model.schema
            )
            session.scored_counter += 1
            session.start(
                f"scoring {loaded.name}",
                lambda job: _scoring.score_table(job, model, loaded),
                lambda result: _keep(session, result),
            )
            st.rerun()
    if session.scored is not None:
        _show(session, session.scored)


def _keep(session: Session, scored: Scored) -> None:
    session.scored, session.movement = scored, None


def _show(session: Session, scored: Scored) -> None:
    loaded = scored.loaded
    st.subheader(_widgets.escape(loaded.name), anchor=False)
    for note in loaded.table.notes:
        st.warning(_widgets.escape(note))
    st.markdown(f"{len(loaded.table.frame):,} customers scored.")
    _widgets.table(scored.counts(), "Customers by segment")
    for finding in scored.findings:
        show = st.info if finding.severity == "note" else st.warning
        where = ", ".join(finding.columns[:5])
        show(_widgets.escape(f"{where}: {finding.message}" if where else
                             finding.message))  # fmt: skip
    with st.expander("The first customers, with their segments"):
        _widgets.table(scored.preview(), "The first customers", is_computed=False)
    download(session, loaded, scored.scores.new_columns(), "scored")


def download(
    session: Session, loaded: _uploads.Loaded, new: dict[str, Any], key: str
) -> None:
    """Offer a table with new columns in a format of the visitor's choice."""
    how = st.radio(
        "Format", list(_downloads.FORMATS), horizontal=True, key=f"format-{key}"
    )
    name = _downloads.download_name(loaded.name, _downloads.FORMATS[how])
    wanted = (key, loaded.digest, how, id(new["segment"]), _names_in(new))
    # one file at a time: it is as large as the table
    kept = session.results.get("file", (None, None))
    takes_long = kept[0] != wanted and len(loaded.table.frame) > _MANY_ROWS
    if takes_long and not st.button("Prepare the file", key=f"prepare-{key}"):
        return
    with _widgets.errors_in_words():
        if kept[0] != wanted:
            kept = wanted, _downloads.customers_file(loaded.table, new, name)
            session.results["file"] = kept
        data, names = kept[1]
        for asked, given in names.items():
            if asked != given:
                st.markdown(
                    _widgets.escape(
                        f"The file has a column {asked!r}; the new one is {given!r}."
                    )
                )
        st.download_button(
            "Download the customers with their segments",
            data,
            name,
            key=f"download-{key}",
            on_click="ignore",
        )
    st.markdown(
        "All columns as they were. In CSV and Excel an apostrophe stands before text "
        "that a spreadsheet would run as a formula."
    )


def _names_in(new: dict[str, Any]) -> tuple:
    return tuple(pd.unique(new["segment_name"])) if "segment_name" in new else ()


def _score_form(session: Session, model: Model) -> None:
    st.header("One customer: which segment am I?", anchor=False)
    fields = _scoring.form_fields(model)
    with st.form("one"):
        columns = st.columns(2)
        values = {
            field.name: _field(columns[at % 2], field, f"{model.title}-{at}")
            for at, field in enumerate(fields)
        }
        wanted = st.form_submit_button("Which segment?")
    key = f"one: {model.title}"
    if wanted:
        session.start(
            "scoring one customer",
            lambda job: _scoring.score_one(model, values),
            lambda scores: session.results.update({key: scores}),
        )
        st.rerun()
    if key in session.results:
        _show_one(session.results[key])


def _show_one(scores: Scores) -> None:
    segment = scores.segments[0]
    name = f": {name_of(scores.names, segment)}" if scores.names else ""
    own = f" (id {scores.lasting[0]})" if scores.ids is not None else ""
    st.success(_widgets.escape(f"Segment {segment}{own}{name}"))
    if scores.probabilities:
        rows = {
            "segment": list(scores.probabilities),
            "probability": [percent(p[0]) for p in scores.probabilities.values()],
        }
        _widgets.table(pd.DataFrame(rows), "Probability of each segment")


def _field(place: Any, field: Field, key: str) -> Any:
    """Draw a field; return what stands in it, None where nothing does."""
    label = _widgets.escape(field.name)
    if field.kind == "number":
        return place.number_input(label, value=field.default, key=key)
    if field.kind == "date":
        return place.date_input(
            label,
            field.default,
            min_value=datetime.date(1900, 1, 1),
            max_value=datetime.date(2199, 12, 31),
            key=key,
        )
    if field.kind == "category":
        return place.selectbox(
            label, list(field.levels), index=0 if field.levels else None, key=key,
            accept_new_options=True,
        )  # fmt: skip
    return place.text_input(label, key=key) or None
