"""Axes to draw on, and colours that colour-blind readers can tell apart."""

# M. Okabe and K. Ito, "Color universal design", 2008, without yellow and black
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#7F7F7F")
BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, GREY = COLORS


def require_pyplot():
    """Import and return `matplotlib.pyplot`.

    Returns
    -------
    pyplot : module

    Raises
    ------
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from segmentlearn.plotting._base._canvas import require_pyplot
    >>> require_pyplot().__name__
    'matplotlib.pyplot'
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "pictures need Matplotlib; install it with: "
            "pip install 'segmentlearn[plot]'"
        ) from error
    return plt


def open_axes(ax, *, width=6.4, height=4.0):
    """Return the axes to draw on, new ones in a figure of their own for None.

    Parameters
    ----------
    ax : matplotlib Axes or None
        Axes of the caller.
    width, height : float, default=6.4, 4.0
        Inches of a new figure.

    Returns
    -------
    ax : matplotlib Axes

    Examples
    --------
    >>> from segmentlearn.plotting._base._canvas import open_axes, require_pyplot
    >>> axes = open_axes(None)
    >>> open_axes(axes) is axes
    True
    >>> require_pyplot().close(axes.figure)
    """
    plt = require_pyplot()
    if ax is not None:
        return ax
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def laid_out_width(*all_axes):
    """Lay a figure out, and return how wide axes in it are.

    Parameters
    ----------
    *all_axes : matplotlib Axes
        Of the same figure.

    Returns
    -------
    widths : list of float
        In points, without ticks and labels.

    Examples
    --------
    >>> from segmentlearn.plotting._base._canvas import (
    ...     laid_out_width, open_axes, require_pyplot
    ... )
    >>> axes = open_axes(None, width=4.0)
    >>> bool(200 < laid_out_width(axes)[0] < 4 * 72)
    True
    >>> require_pyplot().close(axes.figure)
    """
    figure = all_axes[0].figure.canvas.figure  # of a subfigure the whole one
    figure.draw_without_rendering()
    return [72 * ax.bbox.width / figure.dpi for ax in all_axes]


def lasting_width(ax, *beside):
    """Return how wide axes stay when others in the figure get labels as they have.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes of which the rest of the figure may not be drawn yet.
    *beside : matplotlib Axes
        What belongs to them, as a colorbar.

    Returns
    -------
    width : float
        In points, without ticks and labels.

    Examples
    --------
    >>> from segmentlearn.plotting._base._canvas import lasting_width, require_pyplot
    >>> figure, axes = require_pyplot().subplots(1, 2, layout="constrained")
    >>> _ = axes[0].set_yticks([0.5], ["a long name"])
    >>> bool(100 < lasting_width(axes[0]) < axes[0].bbox.width * 72 / figure.dpi)
    True
    >>> require_pyplot().close(figure)
    """
    width = laid_out_width(ax)[0]
    figure, place = ax.figure, ax.get_subplotspec()
    if place is None or figure.get_layout_engine() is None:
        return width  # nothing moves any more
    boxes = [one.get_tightbbox() for one in (ax, *beside)]
    labels = max(box.x1 for box in boxes) - min(box.x0 for box in boxes)
    labels -= ax.bbox.width
    edges = figure.subplotpars
    share = place.get_position(figure).width / (edges.right - edges.left)
    in_points = 72 / figure.canvas.figure.dpi
    return min(width, in_points * (share * figure.bbox.width - labels))


def tidy(ax, grid="y"):
    """Take the box of axes away and lay a light grid behind what is drawn.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes to change.
    grid : {"x", "y", "both"}, default="y"
        Direction of values.

    Examples
    --------
    >>> from segmentlearn.plotting._base._canvas import open_axes, require_pyplot, tidy
    >>> axes = open_axes(None)
    >>> tidy(axes)
    >>> axes.spines["top"].get_visible()
    False
    >>> require_pyplot().close(axes.figure)
    """
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(True, axis=grid, color="#E5E5E5", linewidth=0.8)
    ax.set_axisbelow(True)
