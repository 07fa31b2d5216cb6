"""What Streamlit runs for each visitor: the pages, and TensorFlow behind the first."""

import importlib
import threading
from collections.abc import Callable

import streamlit as st

_PAGES = {
    "data": ("Data", ":material/table:"),
    "find-segments": ("Find segments", ":material/scatter_plot:"),
    "understand": ("Understand", ":material/groups:"),
    "known-segments": ("Known segments", ":material/school:"),
    "score": ("Score", ":material/fact_check:"),
    "take-away": ("Take away", ":material/download:"),
}
# what the other pages need, in the order in which they do
_MODULES = (
    *("segmentlearn.tables", "altair", "segmentlearn.app._segments"),
    "segmentlearn.app._known",
)


def main() -> None:
    """Draw the page that the visitor is on."""
    st.set_page_config(page_title="segmentlearn", layout="wide")
    pages = [
        st.Page(_drawing(name), title=title, icon=icon, url_path=name)
        for name, (title, icon) in _PAGES.items()
    ]
    st.navigation(pages).run()
    st.sidebar.caption(
        "Your customers stay on this machine, in this session: nobody else sees them, "
        "and they are gone when you close the page."
    )
    _warm_up()


def _drawing(name: str) -> Callable[[], None]:
    def draw() -> None:
        module = name.replace("-", "_")
        importlib.import_module(f"segmentlearn.app._pages._{module}").draw()

    return draw


@st.cache_resource(show_spinner=False)
def _warm_up() -> threading.Thread:
    """Import what takes seconds while the visitor looks at the first page."""
    thread = threading.Thread(target=_import_all, daemon=True)
    thread.start()
    return thread


def _import_all() -> None:
    from segmentlearn import engine

    for module in _MODULES:
        importlib.import_module(module)
    engine.cache_info()  # imports TensorFlow, quietly


if __name__ == "__main__":
    main()
