"""What Streamlit runs for each visitor: the pages, and imports behind the first."""

import importlib
import logging
import os
import threading
import time
from collections.abc import Callable

import streamlit as st

# without icons: a browser would fetch them from a server elsewhere
_PAGES = {
    "data": "Data",
    "find-segments": "Find segments",
    "understand": "Understand",
    "known-segments": "Known segments",
    "score": "Score",
    "take-away": "Take away",
}
_HEAD_START = 0.5  # seconds in which the first page has the processor for itself
# what the other pages need, in the order in which they do
_MODULES = (
    *("segmentlearn.tables", "altair", "segmentlearn.app._segments"),
    "segmentlearn.app._known",
)


def main() -> None:
    """Draw the page that the visitor is on."""
    st.set_page_config(page_title="segmentlearn", layout="wide")
    pages = [
        st.Page(_drawing(name), title=title, url_path=name)
        for name, title in _PAGES.items()
    ]
    page = st.navigation(pages)
    st.sidebar.markdown(
        "Your customers stay on this machine, in this session: nobody else sees them, "
        "and they are gone when you close the page."
    )
    page.run()
    _warm_up()


def _drawing(name: str) -> Callable[[], None]:
    def draw() -> None:
        module = name.replace("-", "_")
        importlib.import_module(f"segmentlearn.app._pages._{module}").draw()

    return draw


@st.cache_resource(show_spinner=False)
def _warm_up() -> threading.Thread:
    """Import what takes seconds while the visitor looks at the first page."""
    # beside stderr, which is off while TensorFlow is imported
    handler = logging.StreamHandler(os.fdopen(os.dup(2), "w"))
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("segmentlearn").addHandler(handler)
    thread = threading.Thread(target=_import_all, daemon=True)
    thread.start()
    return thread


def _import_all() -> None:
    time.sleep(_HEAD_START)
    for module in _MODULES:
        importlib.import_module(module)


if __name__ == "__main__":
    main()
