"""A visitor who clicks through the pages, without a browser."""

import copy
import sys

import pytest

from segmentlearn.app import AppOptions
from segmentlearn.datasets import make_customers

streamlit = pytest.importorskip("streamlit")
from streamlit.testing.v1 import AppTest  # noqa: E402

from segmentlearn.app._jobs import Job  # noqa: E402
from segmentlearn.app._state import Session  # noqa: E402
from segmentlearn.app._uploads import read_upload  # noqa: E402

_MAIN = sys.modules["__main__"]
NUMBERS = ["Age", "Annual Income (k$)", "Spending Score (1-100)"]


@pytest.fixture(autouse=True)
def _own_main_module():
    """Streamlit replaces it by a page, which processes started later would run."""
    yield
    sys.modules["__main__"] = _MAIN


def _page(name):
    import importlib

    importlib.import_module(f"segmentlearn.app._pages._{name}").draw()


class Visitor:
    """One session; it keeps what it has found from page to page."""

    def __init__(self):
        self.at = None
        self.session = None

    def go(self, page):
        """Draw a page."""
        at = AppTest.from_function(_page, default_timeout=120, args=(page,))
        if self.session is not None:
            at.session_state["segmentlearn"] = self.session
        return self._drawn(at.run())

    def click(self, label):
        """Press a button, and wait for what it starts."""
        buttons = [*self.at.button, *self.at.get("form_submit_button")]
        button = next(found for found in buttons if found.label == label)
        self._drawn(button.click().run())
        if self.session.job is not None:
            assert self.session.job.wait(120)
            self._drawn(self.at.run())
        return self.at

    def upload(self, name, data, at=0):
        """Upload a file."""
        self.at.file_uploader[at].set_value((name, data, "text/csv"))
        self._drawn(self.at.run())
        if self.session.job is not None:
            assert self.session.job.wait(120)
            self._drawn(self.at.run())
        return self.at

    def widget(self, kind, label):
        """Return the widget of a label."""
        return next(found for found in self.at.get(kind) if found.label == label)

    def texts(self, kind):
        """Return what boxes of a kind say, as it is read."""
        return [found.value.replace("\\", "") for found in self.at.get(kind)]

    def _drawn(self, at):
        assert not at.exception, at.exception[0].value
        self.at, self.session = at, at.session_state["segmentlearn"]
        return at


@pytest.fixture
def visitor():
    """A new session."""
    return Visitor()


@pytest.fixture
def start():
    """A function that starts work in the background."""
    return lambda name, work: Job(name, work).start()


@pytest.fixture
def upload():
    """A function that reads an upload of one megabyte at most."""
    return lambda data, name, most=2**20: read_upload(data, name, most)


@pytest.fixture(scope="session")
def mall():
    """Sixty visitors of a mall, as a CSV file."""
    X, _ = make_customers("mall", 60, random_state=0)
    X.insert(0, "CustomerID", range(1, 61))
    return X.to_csv(index=False).encode()


@pytest.fixture(scope="session")
def found(mall):
    """Three segments of them, found by k-means."""
    visitor = Visitor()
    visitor.go("data")
    visitor.upload("mall.csv", mall)
    visitor.go("find_segments")
    visitor.widget("selectbox", "Method").set_value("kmeans")
    visitor.widget("slider", "Number of segments").set_value(3)
    visitor.click("Find segments")
    return visitor.session


@pytest.fixture
def with_segments(visitor, found):
    """A visitor who has found them, and looks at the page."""
    segmentation = copy.deepcopy(found.segmentation)
    visitor.session = Session(
        AppOptions(), customers=found.customers, segmentation=segmentation
    )
    visitor.session.results[segmentation.settings] = segmentation
    visitor.go("find_segments")
    return visitor
