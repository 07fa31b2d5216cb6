"""Fitting as all or nothing: an error leaves an estimator as it was."""

import functools
from collections.abc import Callable
from typing import Any


def all_or_nothing(method: Callable) -> Callable:
    """Let a method that fails take back every attribute that it has set.

    A fitted estimator whose next `fit` stops at an error, or at Ctrl-C before there is
    anything to keep, goes on to predict what it predicted before.
    """

    @functools.wraps(method)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = dict(vars(self))
        try:
            return method(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return guarded
