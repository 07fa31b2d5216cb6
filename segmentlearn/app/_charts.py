"""Charts that can be pointed at, from frames; colour is never all that tells apart."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

# of Okabe and Ito, distinct to people who see few colours, on light and on dark
_COLOURS = (
    *("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"),
    *("#8a7a00", "#7f7f7f", "#8c6bb1", "#2ca25f", "#b2182b", "#4d7fc4"),
)
_SHAPES = (
    *("circle", "square", "triangle-up", "diamond", "cross", "triangle-down"),
    *("triangle-right", "triangle-left", "stroke", "arrow", "wedge", "triangle"),
)
_BLUE = _COLOURS[0]
_MEANINGS = ("image", "title")  # names that tooltips give a meaning to


def bars(
    frame: pd.DataFrame, category: str, value: str, titles: Sequence[str]
) -> alt.Chart:
    """Return horizontal bars, a row each, in the order of the frame."""
    data = pd.DataFrame({"c": frame[category].map(str), "v": frame[value]})
    return (
        alt.Chart(data)
        .mark_bar(color=_BLUE)
        .encode(
            x=alt.X("v:Q", title=titles[1]),
            y=alt.Y("c:N", sort=None, title=titles[0], axis=alt.Axis(labelLimit=160)),
            tooltip=_tips(c=titles[0], v=titles[1]),
        )
        .properties(height=alt.Step(20))
    )


def histogram(frame: pd.DataFrame, title: str) -> alt.Chart:
    """Return upright bars of the customers by the values of a column."""
    data = pd.DataFrame({"c": frame["value"].map(str), "v": frame["customers"]})
    return (
        alt.Chart(data)
        .mark_bar(color=_BLUE)
        .encode(
            x=alt.X(
                "c:N",
                sort=None,
                title=title,
                axis=alt.Axis(labelLimit=90, labelAngle=-40),
            ),
            y=alt.Y("v:Q", title="customers"),
            tooltip=_tips(c=title, v="customers"),
        )
        .properties(height=280)
    )


def scatter(points: pd.DataFrame, axes: Sequence[str], names: Sequence[str]) -> Any:
    """Return customers by two columns, marked by segment, a number on each middle."""
    names = list(names)
    colour = alt.Scale(domain=names, range=_cycle(_COLOURS, len(names)))
    shape = alt.Scale(domain=names, range=_cycle(_SHAPES, len(names)))
    legend = alt.Legend(
        title=None, orient="bottom", columns=1, labelLimit=600, symbolLimit=40
    )
    base = alt.Chart(points).encode(
        x=alt.X("x:Q", title=axes[0], scale=alt.Scale(zero=False)),
        y=alt.Y("y:Q", title=axes[1], scale=alt.Scale(zero=False)),
    )
    marks = base.mark_point(filled=True, opacity=0.75, size=45).encode(
        color=alt.Color("segment:N", scale=colour, legend=legend),
        shape=alt.Shape("segment:N", scale=shape, legend=legend),
        tooltip=_tips(segment="segment", x=axes[0], y=axes[1]),
    )
    middles = points.groupby("segment", as_index=False)[["x", "y"]].median()
    middles["number"] = [str(names.index(name)) for name in middles["segment"]]
    labels = alt.Chart(middles).encode(x="x:Q", y="y:Q", text="number:N")
    outlined = _outlined(labels, fontSize=17)
    return alt.layer(marks, *outlined).properties(height=420)


def lines(
    frame: pd.DataFrame,
    x: str,
    y: str,
    titles: Sequence[str],
    series: str | None = None,
) -> alt.Chart:
    """Return curves; several differ in colour and in dashes."""
    data = pd.DataFrame({"x": frame[x], "y": frame[y]})
    tips = {"x": titles[0], "y": titles[1]}
    chart = alt.Chart(data)
    options: dict = {}
    if series is not None:
        data["s"] = frame[series].map(str)
        legend = alt.Legend(title=None, orient="bottom", columns=1, labelLimit=400)
        options = {
            "color": alt.Color("s:N", scale=alt.Scale(range=_COLOURS), legend=legend),
            "strokeDash": alt.StrokeDash("s:N", legend=legend),
        }
        tips["s"] = series
    is_short = len(data) <= 40 * (1 if series is None else data["s"].nunique())
    return (
        chart.mark_line(point=is_short, color=_BLUE)
        .encode(
            x=alt.X("x:Q", title=titles[0], scale=alt.Scale(zero=False)),
            y=alt.Y("y:Q", title=titles[1], scale=alt.Scale(zero=False)),
            tooltip=_tips(**tips),
            **options,
        )
        .properties(height=280)
    )


def confusion(frame: pd.DataFrame) -> Any:
    """Return counts of known and predicted segments, with the numbers in the cells."""
    most = max(1, int(frame["customers"].max()))
    data = frame.assign(is_dark=frame["customers"] > most / 2)
    base = alt.Chart(data).encode(
        x=alt.X("predicted:N", sort=None, axis=alt.Axis(orient="top", labelAngle=0)),
        y=alt.Y("known:N", sort=None),
        tooltip=_tips(known="known", predicted="predicted", customers="customers"),
    )
    cells = base.mark_rect().encode(
        color=alt.Color("customers:Q", scale=alt.Scale(scheme="blues"), legend=None)
    )
    numbers = base.mark_text(fontSize=14).encode(
        text="customers:Q",
        color=alt.condition("datum.is_dark", alt.value("white"), alt.value("black")),
    )
    return alt.layer(cells, numbers).properties(height=alt.Step(48))


def flows(
    bands: pd.DataFrame, labels: pd.DataFrame, names: Sequence[str], ends: Sequence[str]
) -> Any:
    """Return bands from the segments before (left) to those of now.

    Those who stayed are pale. `names` are the segments in the order of their colours.
    """
    colours = alt.Scale(domain=list(names), range=_cycle(_COLOURS, len(names)))
    x = alt.X("step:Q", axis=None, scale=alt.Scale(domain=[-0.15, 1.15]))
    y = alt.Y("upper:Q", axis=None, scale=alt.Scale(reverse=True, nice=False))
    areas = (
        alt.Chart(bands)
        .mark_area()
        .encode(
            x=x,
            y=y,
            y2="lower:Q",
            detail="flow:N",
            color=alt.Color("segment:N", scale=colours, legend=None),
            opacity=alt.condition("datum.stayed", alt.value(0.35), alt.value(0.8)),
            tooltip=_tips(before=ends[0], now=ends[1], customers="customers"),
        )
    )
    texts = []
    for side, align, offset in ((0, "right", -8), (1, "left", 8)):
        own = alt.Chart(labels[labels["step"] == side])
        texts += _outlined(own.encode(x=x, y=y, text="label:N"), align=align, dx=offset)
    height = max(260, 60 * (len(names) + 1))
    return alt.layer(areas, *texts).properties(height=height)


def _outlined(texts: alt.Chart, **style: Any) -> list[alt.Chart]:
    """Return texts that can be read on whatever lies behind them."""
    style = {"fontSize": 14, "fontWeight": "bold", **style}
    outline = texts.mark_text(stroke="white", strokeWidth=4, **style)
    return [outline, texts.mark_text(color="black", **style)]


def _tips(**titles: str) -> list[alt.Tooltip]:
    # a tooltip shows what is called "image" as a picture, wherever that may lie
    named = {n: f"{t} (column)" if t in _MEANINGS else t for n, t in titles.items()}
    return [alt.Tooltip(name, title=title) for name, title in named.items()]


def _cycle(values: Sequence[str], length: int) -> list[str]:
    return [values[at % len(values)] for at in range(length)]
