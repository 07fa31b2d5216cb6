"""Understand: the portrait of each segment, two of them compared, the playbook."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from segmentlearn._formatting import number_text, percent
from segmentlearn.app import _charts, _over_time
from segmentlearn.app._pages import _widgets
from segmentlearn.app._segments import Segmentation
from segmentlearn.app._state import Session
from segmentlearn.inspection import SegmentProfile, segment_playbook, segment_profile

_MOST_FEATURES = 12
_PLAYBOOK = ("column", "direction", "level", "min_effect", "action")


def draw() -> None:
    """Draw the page."""
    session = _widgets.heading(
        "Understand",
        "What is in each segment, in words and numbers, and what you make of it.",
    )
    found = session.segmentation
    if found is None:
        st.info("First find segments on the page Find segments.")
        return
    _name(session, found)
    _portrait(found)
    _over_periods(found)
    _compare(session, found)
    _playbook(session, found)


def _name(session: Session, found: Segmentation) -> None:
    st.header("Names", anchor=False)
    profile = found.profile
    with st.form("names"):
        names = {
            label: st.text_input(
                f"Segment {label} ({_id(found, label)}{profile.sizes[at]:,} customers, "
                f"{percent(profile.shares[at])})",
                profile.names[label],
                max_chars=80,
                key=f"name-{session.counter}-{label}",
            )
            for at, label in enumerate(profile.labels)
            if label >= 0
        }
        if st.form_submit_button("Keep these names"):
            with _widgets.errors_in_words():
                names = {label: name.strip() for label, name in names.items()}
                profile.rename(names).store(found.model)
                session.results.pop(("map", found.settings), None)
                st.success("The names are kept: in lists, archives and reports.")


def _portrait(found: Segmentation) -> None:
    st.header("Portrait", anchor=False)
    profile = found.profile
    label = st.selectbox("Segment", profile.labels, format_func=_naming(found))
    at = profile.labels.index(label)
    customers, share = st.columns(2)
    customers.metric("Customers", f"{int(profile.sizes[at]):,}")
    share.metric("Share", percent(profile.shares[at]))
    if profile.is_small[at]:
        st.warning("Fewer than ten customers: little is certain about them.")
    st.subheader("What sets it apart from all other customers", anchor=False)
    features = [f for f in profile.distinguishing_features[at] if f.is_noticeable]
    frame = pd.DataFrame(
        {
            "column": [feature.title for feature in features],
            "in words": [feature.statement for feature in features],
            "numbers": [feature.evidence for feature in features],
            "effect": [feature.strength for feature in features],
        }
    ).head(_MOST_FEATURES)
    if frame.empty:
        st.markdown("No column differs much from the other customers.")
    else:
        finite = frame[np.isfinite(frame["effect"])]
        st.markdown(
            "Effects are Cohen's d of numbers and Cohen's h of shares: 0.2 is small, "
            "0.8 is large."
        )
        titles = ["column", "effect"]
        picture = _charts.bars(finite, "column", "effect", titles)
        _widgets.chart(picture, "What sets the segment apart", frame)
        for feature in features[:5]:
            st.markdown(f"- {_widgets.escape(f'{feature.title}: {feature.evidence}')}")
    if label >= 0:
        st.subheader("Typical customers", anchor=False)
        exemplars = profile.exemplars
        own = exemplars[exemplars.iloc[:, 0] == label].iloc[:, 2:]
        _widgets.table(own, "Typical customers", is_computed=False)
        st.subheader("A rule that finds it again", anchor=False)
        rules = profile.to_frame("rules")
        rules = rules[rules["segment"] == label].drop(columns="segment")
        if rules.empty:
            st.markdown("No short rule describes it.")
        else:
            _widgets.table(rules, "Rules of the segment")
    with st.expander("All numbers of the segment, beside all other customers"):
        for kind in ("numbers", "categories"):
            numbers = profile.to_frame(kind)
            own = numbers[numbers["segment"] == label].drop(columns="segment")
            if not own.empty:
                _widgets.table(own, f"All {kind} of the segment")


def _over_periods(found: Segmentation) -> None:
    past = _over_time.history(found.model)
    if past is None:
        return
    st.header("From period to period", anchor=False)
    st.markdown(
        "Each segment that there has been. An id is never given to another segment; "
        "the number of a segment may change, as numbers are without gaps."
    )
    _widgets.table(past, "History of the segments")
    if found.changes is not None:
        st.subheader("What changed", anchor=False)
        st.markdown(
            "What may be chance comes about as well if the same customers are only "
            "drawn again."
        )
        _widgets.sentences(found.changes, "What changed")


def _id(found: Segmentation, label: int) -> str:
    return "" if found.ids is None else f"id {found.ids[label]}, "


def _compare(session: Session, found: Segmentation) -> None:
    labels = [label for label in found.profile.labels if label >= 0]
    if len(labels) < 2:
        return
    st.header("Compare two segments", anchor=False)
    left, right = st.columns(2)
    naming = _naming(found)
    first = left.selectbox("One", labels, format_func=naming, key="first")
    second = right.selectbox("The other", labels, 1, format_func=naming, key="second")
    if first == second:
        st.info("Choose two different segments.")
        return
    key = ("pair", found.settings, first, second)
    with _widgets.errors_in_words():
        frame = session.cached(key, lambda: compare_pair(found, first, second))
        _widgets.table(frame, "Two segments compared")


def compare_pair(found: Segmentation, first: Any, second: Any) -> pd.DataFrame:
    """Return how two segments differ, the largest differences first."""
    rows = np.isin(found.labels, [first, second])
    pair: SegmentProfile = segment_profile(
        found.labels[rows],
        found.X[rows].reset_index(drop=True),
        columns=found.profile.columns,
        rule_depth=None,
        n_exemplars=1,
    )
    numbers = pair.to_frame("numbers")
    numbers = numbers[numbers["segment"] == first]
    levels = pair.to_frame("categories")
    levels = levels[levels["segment"] == first]
    effects = pair.to_frame("effects")
    effects = effects[effects["segment"] == first].set_index("column")["effect"]
    lines = [
        {
            "column": row.column,
            found.name_of(first): number_text(row.mean, row.kind),
            found.name_of(second): number_text(row.rest_mean, row.kind),
            "effect": effects[row.column],
        }
        for row in numbers.itertuples()
    ] + [
        {
            "column": f"{row.column}: {row.level}",
            found.name_of(first): percent(row.share),
            found.name_of(second): percent(row.rest_share),
            "effect": row.cohen_h,
        }
        for row in levels.itertuples()
    ]
    frame = pd.DataFrame(lines)
    order = frame["effect"].abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[order].reset_index(drop=True)


def _playbook(session: Session, found: Segmentation) -> None:
    st.header("Playbook", anchor=False)
    st.markdown(
        "Your own rules: where a column is high or low in a segment, do something. A "
        "rule needs a column, a direction and an action; a level for a category; the "
        "effect from which on it holds, 0.5 if empty."
    )
    key = f"playbook-{session.counter}"
    empty = pd.DataFrame({name: pd.Series(dtype=object) for name in _PLAYBOOK})
    rules = st.data_editor(
        session.results.get("rules", empty),
        num_rows="dynamic",
        key=key,
        hide_index=True,
        column_config={
            "column": st.column_config.SelectboxColumn(options=found.profile.columns),
            "direction": st.column_config.SelectboxColumn(options=["high", "low"]),
            "level": st.column_config.TextColumn(),
            "min_effect": st.column_config.NumberColumn(min_value=0.0),
            "action": st.column_config.TextColumn(width="large"),
        },
        alt="Rules of the playbook",
    )
    rules = rules.dropna(how="all")
    if rules.empty:
        return
    if rules[["column", "action"]].isna().any(axis=None):
        st.info("Each rule needs a column and an action.")
        return
    with _widgets.errors_in_words():
        playbook = segment_playbook(found.profile, rules)
        _widgets.table(playbook, "The playbook")


def _naming(found: Segmentation) -> Any:
    ids = {} if found.ids is None else dict(enumerate(found.ids))
    return lambda label: (
        f"{label}: {found.name_of(label)}"
        + (f" (id {ids[label]})" if label in ids else "")
    )
