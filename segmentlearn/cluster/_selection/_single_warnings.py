"""Each warning of a fit told once, however many candidates give it."""

import warnings
from collections.abc import Sequence
from types import TracebackType


class SingleWarnings:
    """Context that holds warnings back, and gives each of them once at its end.

    To be used by a public method behind two decorators: the warnings then point to the
    line that called it.
    """

    def __init__(
        self, left_out: Sequence[str], categories: tuple[type[Warning], ...] = ()
    ) -> None:
        self.left_out = list(left_out)
        self.categories = categories
        self._hold = warnings.catch_warnings(record=True)
        self._told: list[warnings.WarningMessage] = []

    def __enter__(self) -> "SingleWarnings":
        """Begin to hold warnings back."""
        told = self._hold.__enter__()
        self._told = [] if told is None else told
        for text in self.left_out:
            warnings.filterwarnings("ignore", f"(?s).*{text}")
        for category in self.categories:
            warnings.simplefilter("ignore", category)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give each warning once, after an error too."""
        self._hold.__exit__(kind, error, trace)
        distinct = {(one.category, str(one.message)): one for one in self._told}
        for one in distinct.values():
            warnings.warn(one.message, stacklevel=5)
