"""Who moved: customers of an earlier scored file, or a history, and those of now."""

import streamlit as st

from segmentlearn.app import _charts, _downloads, _over_time, _uploads
from segmentlearn.app._jobs import Job
from segmentlearn.app._over_time import Movement, MovementSettings
from segmentlearn.app._pages import _widgets
from segmentlearn.app._state import Session

_SCORED = "the customers scored above"


def draw(session: Session) -> None:
    """Draw the section."""
    st.header("Who moved", anchor=False)
    st.markdown(
        "Compares with a file that was scored earlier, as downloaded from here, or a "
        "history in Parquet. Segments are the same if one model has scored both, or "
        "one that continues the other."
    )
    file = st.file_uploader(
        "Table of earlier customers, with their segments",
        type=list(_uploads.TABLE_ENDINGS),
        key=f"earlier-{session.earlier_counter}",
    )
    if file is not None:
        with _widgets.errors_in_words(), st.spinner("Reading the table"):
            session.earlier = _uploads.read_upload(
                file.getvalue(), file.name, session.options.most_bytes
            )
            session.movement = None
            session.earlier_counter += 1
            st.rerun()
    if session.earlier is None:
        return
    _choose(session, session.earlier)
    if session.movement is not None:
        _show(session, session.movement)


def _choose(session: Session, earlier: _uploads.Loaded) -> None:
    scored = session.scored
    choices = session.cached(
        ("movement", earlier, scored),
        lambda: _over_time.find_choices(earlier, scored),
    )
    known = choices.periods
    if scored is None and len(known) < 2:
        st.info("First score the customers of now above.")
        return
    if not choices.keys:
        st.error(_widgets.escape(f"{earlier.name} shares no column with those of now."))
        return
    st.subheader(_widgets.escape(earlier.name), anchor=False)
    with st.form("moved"):
        key = st.selectbox("Column that names a customer", choices.keys)
        segment = "segment"
        periods: tuple[str | None, str | None] = (None, None)
        if known:
            behind = 1 if scored is None else 0  # now is a period of the history, too
            old = st.selectbox("Before", known, behind)
            now = [_SCORED, *known] if scored is not None else known
            new = st.selectbox("Now", now)
            periods = (old, None if new == _SCORED else new)
        else:
            segment = st.selectbox("Column of the segments before", choices.segments)
        value = st.selectbox(
            "Column of what a customer is worth, such as revenue",
            [None, *choices.values],
            format_func=lambda name: "none" if name is None else str(name),
        )
        # a click while customers are still scored would be lost
        wanted = st.form_submit_button("Who moved?", disabled=session.is_busy)
    if not wanted:
        return
    settings = MovementSettings(key, segment, value, periods)
    session.start(
        "comparing two periods",
        lambda job: _over_time.movement(job, earlier, scored, settings),
        lambda result: setattr(session, "movement", result),
    )
    st.rerun()


def _show(session: Session, found: Movement) -> None:
    migration = found.migration
    for doubt in found.doubts:
        st.warning(_widgets.escape(doubt))
    for sentence in migration.sentences():
        st.markdown(f"- {_widgets.escape(sentence)}")
    before, now = map(_widgets.escape, migration.periods)
    st.subheader("Customers by segment", anchor=False)
    st.markdown(f"Rows: {before}. Columns: {now}.")
    _widgets.table(found.matrix(), "Customers by their segments before and now")
    if migration.values is not None:
        st.subheader("What they are worth", anchor=False)
        _widgets.table(found.matrix(is_value=True), "Value by segments before and now")
    st.subheader("Flows", anchor=False)
    st.markdown(f"Left: {before}. Right: {now}. Those who stayed are pale.")
    titles = [migration.title(segment) for segment in migration.segments]
    picture = _charts.flows(*found.flows(), titles, migration.periods)
    _widgets.chart(picture, "Who moved", found.moves())
    _download(session, found)


def _download(session: Session, found: Movement) -> None:
    with st.form("moved-page"):
        title = st.text_input("Heading", "Movement between segments", max_chars=120)
        wanted = st.form_submit_button("Write the page")
    key = ("moved", found, title)
    if wanted:
        migration = found.migration

        def work(job: Job) -> bytes:
            job.step("drawing and writing", 0.1, 1.0)
            return _downloads.migration_file(migration, title)

        session.start("writing the page", work, lambda page: None, key=key)
        st.rerun()
    if key in session.results:
        st.download_button(
            "Download the page",
            session.results[key],
            "movement.html",
            on_click="ignore",
        )
    st.markdown("On the page numbers of fewer than ten customers are hidden.")
