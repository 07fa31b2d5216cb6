"""What one visitor has loaded and found: kept in the session, shared with nobody."""

import collections
import dataclasses
import weakref
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx, script_runner

from segmentlearn.app._jobs import Job
from segmentlearn.app._serving import AppOptions
from segmentlearn.exceptions import SegmentLearnError

if TYPE_CHECKING:
    from segmentlearn.app._columns import Customers

_KEY = "segmentlearn"
_MOST_KEPT = 24  # results of earlier settings
_PATIENCE = 0.4  # seconds in which short work is waited for, without a progress bar

T = TypeVar("T")

# Streamlit resets Keras and closes all figures of Matplotlib whenever a page has been
# drawn, which would take both away from the work in the background
script_runner._clean_problem_modules = lambda: None


@dataclasses.dataclass(eq=False)
class Session:
    """Everything of one visitor.

    Parameters
    ----------
    options : AppOptions
        What the command line was given.
    customers : Customers or None
        The table, and how its columns are understood.
    segmentation : Segmentation or None
        Segments that were found.
    known : KnownSegments or None
        A classifier of known segments.
    archive : Model or None
        A model from an archive.
    is_continued : bool
        Whether its segments live on in those that are found.
    scored : Scored or None
        New customers.
    earlier : Loaded or None
        A file that was scored earlier, or a history.
    movement : Movement or None
        Who moved since.
    job : Job or None
        What is being done.
    notes : list of (str, str)
        What to show once: "error", "warning" or "success", and a sentence.
    results : OrderedDict
        Results of computations by their parameters, the latest last.
    counter, archive_counter, scored_counter, earlier_counter : int
        Parts of the keys of widgets that start anew with each table, archive and file
        of new or of earlier customers: an uploader keeps its file in memory.
    """

    options: AppOptions
    customers: "Customers | None" = None
    segmentation: Any = None
    known: Any = None
    archive: Any = None
    is_continued: bool = False
    scored: Any = None
    earlier: Any = None
    movement: Any = None
    job: Job | None = None
    notes: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    results: collections.OrderedDict = dataclasses.field(
        default_factory=collections.OrderedDict
    )
    counter: int = 0
    archive_counter: int = 0
    scored_counter: int = 0
    earlier_counter: int = 0
    _on_result: Callable[[Any], None] | None = None
    _finalizer: weakref.finalize | None = None

    def take(self, customers: "Customers") -> None:
        """Take another table, or the same one in other types; what was found goes."""
        self.customers = customers
        self.segmentation = self.known = self.scored = self.movement = None
        self.results.clear()
        self.counter += 1

    def cached(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return a result of this session, computed unless it is there."""
        if key not in self.results:
            self.results[key] = compute()
            while len(self.results) > _MOST_KEPT:
                self.results.popitem(last=False)
        self.results.move_to_end(key)
        return self.results[key]

    def start(
        self,
        title: str,
        work: Callable[[Job], Any],
        on_result: Callable[[Any], None],
        key: Hashable = None,
    ) -> None:
        """Start work in the background, unless its result is there already."""
        if key is not None and key in self.results:
            on_result(self.results[key])
            return
        if self.job is not None and self.is_busy:
            self.notes.append(("warning", f"First let this end: {self.job.title}."))
            return

        def keep(result: Any) -> None:
            if key is not None:
                self.cached(key, lambda: result)
            on_result(result)

        self.job, self._on_result = Job(title, work, _visitor()).start(), keep
        # the thread must not outlive the visitor: it holds no reference to the session
        self._finalizer = weakref.finalize(self, self.job.stop)
        self.job.wait(_PATIENCE)

    @property
    def is_busy(self) -> bool:
        """Whether work goes on, so that no other can be started."""
        return self.job is not None and not self.job.is_done

    def settle(self) -> None:
        """Take the result of work that has ended."""
        job = self.job
        if job is None or not job.is_done:
            return
        self.job, on_result, self._on_result = None, self._on_result, None
        if self._finalizer is not None:
            self._finalizer.detach()
        self.notes += [("warning", text) for text in job.warnings]
        if job.error is not None:
            self.notes.append(("error", job.error))
        elif job.is_stopped:
            self.notes.append(("warning", f"Stopped: {job.title}. Nothing changed."))
        elif on_result is not None:
            on_result(job.result)
            self.notes.append(("success", f"Done: {job.title}."))


def _visitor() -> Callable[[], bool] | None:
    """Return what tells whether the visitor is there: a reload begins a new session.

    Streamlit keeps the old one for minutes, and with it the work that was begun.
    """
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return None
    number = context.session_id
    return lambda: runtime.get_instance().is_active_session(number)


def current() -> Session:
    """Return the session of the visitor whose page is drawn."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Session(AppOptions.from_environment())
        _begin(st.session_state[_KEY])
    return st.session_state[_KEY]


def _begin(session: Session) -> None:
    """Load what the command line has named."""
    from segmentlearn.app import _generated

    if not (session.options.demo or session.options.archive):
        return
    from segmentlearn.app._columns import Customers

    try:
        if session.options.demo:
            session.take(Customers.of(_generated.customers("mall", 400)))
        if session.options.archive is not None:
            session.archive = _generated.read_archive(session.options.archive)
    except (SegmentLearnError, OSError, ValueError) as error:
        session.notes.append(("error", str(error)))
