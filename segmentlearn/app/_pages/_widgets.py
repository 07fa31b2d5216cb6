"""Pieces that several pages draw; what comes from a visitor is shown, never read."""

import contextlib
import logging
import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import streamlit as st

from segmentlearn.app._jobs import DEFECT, OUT_OF_MEMORY
from segmentlearn.app._state import Session, current
from segmentlearn.exceptions import SegmentLearnError

if TYPE_CHECKING:
    import pandas as pd

    from segmentlearn.app._columns import Customers

_LOG = logging.getLogger(__name__)
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_MOST_ROWS = 1_000
_MOST_COLUMNS = 60
_SHARES = {"share", "largest", "smallest", "noise", "precision", "recall"}
_SHOW = {"error": st.error, "warning": st.warning, "success": st.success}


def escape(text: Any) -> str:
    """Return text in which Markdown finds no markup, picture, formula or colour."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(str(text).split()))


def heading(title: str, text: str) -> Session:
    """Draw the top of a page and what is going on; return the visitor's session."""
    session = current()
    session.settle()
    st.title(title, anchor=False)
    st.markdown(text)
    show_notes(session)
    show_job(session)
    return session


def show_notes(session: Session) -> None:
    """Show what has happened since the last page was drawn."""
    for kind, text in session.notes:
        _SHOW[kind](escape(text))
    session.notes = []


def show_job(session: Session) -> None:
    """Show the work in the background, with a button that stops it."""
    if session.job is not None:
        st.fragment(_watch, run_every=1.0)()


def _watch() -> None:
    session = current()
    job = session.job
    if job is None or job.is_done:
        st.rerun()
    with st.container(border=True):
        text = f"{escape(job.title)}: {escape(job.text)}"
        st.progress(min(1.0, max(0.0, job.fraction)), text=text)
        if job.is_stopped:
            st.markdown("It stops as soon as it can.")
        st.button("Stop", key="stop-job", on_click=job.stop, disabled=job.is_stopped)


@contextlib.contextmanager
def errors_in_words() -> Iterator[None]:
    """Show an error as a sentence; what is a defect goes to the log."""
    try:
        yield
    except (SegmentLearnError, ValueError, OSError, ImportError) as error:
        _LOG.info("%s", error, exc_info=error)
        st.error(escape(str(error) or type(error).__name__))
    except MemoryError:
        st.error(OUT_OF_MEMORY)
    except Exception as error:
        _LOG.error("a page failed", exc_info=error)
        st.error(DEFECT)


def table(
    frame: "pd.DataFrame", label: str, *, is_computed: bool = True, **options: Any
) -> None:
    """Show a frame, the first rows and columns of a large one.

    Numbers that were computed are rounded to four digits, cells of a file are not.
    """
    from pandas.api.types import infer_dtype

    shown = frame.iloc[:_MOST_ROWS, :_MOST_COLUMNS].copy()
    config = {}
    for name, dtype in shown.dtypes.items():
        if dtype.kind == "O" and infer_dtype(shown[name]).startswith("mixed"):
            # a column of Arrow has cells of one kind
            shown[name] = shown[name].map(str, na_action="ignore")
        elif dtype.kind == "f" and str(name) in _SHARES:
            config[name] = st.column_config.NumberColumn(format="percent")
        elif dtype.kind == "f" and is_computed:
            shown[name] = shown[name].map(_rounded)
    st.dataframe(
        shown, hide_index=True, alt=label, column_config=config or None, **options
    )
    if len(shown) < len(frame):
        st.markdown(f"The first {len(shown):,} of {len(frame):,} rows.")
    if shown.shape[1] < frame.shape[1]:
        st.markdown(f"The first {shown.shape[1]} of {frame.shape[1]} columns.")


def sentences(frame: "pd.DataFrame", label: str) -> None:
    """Show a frame of texts whose lines are broken, not cut off."""
    st.table(frame.map(escape), hide_index=True, alt=label)


def _rounded(value: float) -> float:
    """Return a number with four digits, and all of those before the point."""
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, max(0, 3 - math.floor(math.log10(abs(value)))))


def chart(picture: Any, label: str, behind: "pd.DataFrame") -> None:
    """Show a chart, and the table behind it."""
    st.altair_chart(picture, alt=label, width="stretch")
    with st.expander(f"Table behind the chart: {escape(label)}"):
        table(behind, label)


def load_archive(session: Session, is_continued: bool = False) -> None:
    """Ask for an archive, and keep its model in the session."""
    file = st.file_uploader(
        "Archive (.seg)", type=["seg"], key=f"archive-{session.archive_counter}"
    )
    if file is None:
        return
    with errors_in_words():
        from segmentlearn.app import _scoring, _uploads

        data = file.getvalue()
        _uploads.check_size(len(data), file.name, session.options.most_bytes)
        session.archive, _ = _scoring.load_model(data, file.name)
        session.is_continued = is_continued
        session.archive_counter += 1
        st.rerun()


def needed_customers(session: Session) -> "Customers":
    """Return the table; end the page with a hint where none is loaded yet."""
    if session.customers is None:
        st.info("First choose a table of customers on the page Data.")
        st.stop()
    return session.customers
