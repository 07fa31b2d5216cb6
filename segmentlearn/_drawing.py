"""The way from a result to its picture, without importing what draws it."""

import importlib


def draw(display: str, result, *, ax=None, **how):
    """Draw a result with a display of `segmentlearn.plotting`, and return the display.

    Results come from floors below the displays, and Matplotlib is an optional extra: so
    the display is looked up by its name when a picture is asked for.
    """
    displays = importlib.import_module("segmentlearn.plotting")
    return getattr(displays, display).from_result(result).plot(ax=ax, **how)
