"""Find segments: columns, number and method; the figures; whether they are real."""

import pandas as pd
import streamlit as st

from segmentlearn._formatting import value_text
from segmentlearn.app import _charts, _methods, _over_time, _segments
from segmentlearn.app._columns import Customers
from segmentlearn.app._jobs import load_tensorflow
from segmentlearn.app._methods import METHODS, SegmentSettings
from segmentlearn.app._pages import _widgets
from segmentlearn.app._segments import Segmentation
from segmentlearn.app._state import Session
from segmentlearn.model_selection import NumberOfClusters

_CRITERIA = {
    "silhouette": "Silhouette: how clearly segments are apart (higher is better)",
    "inertia": "Inertia: squared distances to the middles (look for the bend)",
    "calinski_harabasz": "Calinski-Harabasz index (higher is better)",
    "davies_bouldin": "Davies-Bouldin index (lower is better)",
    "stability": "Stability: agreement of samples (1 is full)",
    "silhouette_gain": "Silhouette above that of tables without segments",
}


def draw() -> None:
    """Draw the page."""
    session = _widgets.heading(
        "Find segments",
        "Groups of similar customers, in the columns that you choose.",
    )
    customers = _widgets.needed_customers(session)
    load_tensorflow()
    with st.expander("Continue an earlier segmentation, such as that of last month"):
        st.markdown(
            "Segments that live on keep their ids and their names. Load the archive "
            "that was taken away then, and choose it below."
        )
        _widgets.load_archive(session, is_continued=True)
        archive = session.archive
        if archive is not None and not _over_time.can_be_continued(archive):
            title = _widgets.escape(archive.title)
            st.info(f"{title} holds no segments that were found, with ids to continue.")
    _choose(session, customers)
    if "numbers" in session.results:
        _show_numbers(session.results["numbers"])
    if "methods" in session.results:
        _show_methods(session.results["methods"])
    if session.segmentation is not None:
        _show(session, session.segmentation)


def _choose(session: Session, customers: Customers) -> None:
    frame, roles = customers.table.frame, customers.roles
    last = session.segmentation.settings if session.segmentation else None
    archive = session.archive
    if archive is not None and not _over_time.can_be_continued(archive):
        archive = None
    features = [name for name in roles.features if frame[name].nunique() > 1]
    with st.form("segments"):
        columns = st.multiselect(
            "Columns",
            features,
            default=list(last.columns) if last else features,
            help="Leave out what segments should not be made of, such as an answer.",
            key=f"columns-{session.counter}",
        )
        method = st.selectbox(
            "Method",
            list(METHODS),
            index=list(METHODS).index(last.method) if last else 0,
            format_func=METHODS.__getitem__,
        )
        counts = [name for name in features if frame[name].dtype.kind in "iuf"]
        amounts = [None, *(name for name in counts if frame[name].sum() > 0)]
        kept = last.value if last else None
        value = st.selectbox(
            "What a customer is worth",
            amounts,
            index=amounts.index(kept) if kept in amounts else 0,
            format_func=lambda name: name or "(no column)",
            help="Such as revenue: the summary shows the share of each segment. Leave "
            "it out of the columns above to find segments without it.",
            key=f"value-{session.counter}",
        )
        n_clusters = st.slider(
            "Number of segments",
            2,
            _methods.MOST_SEGMENTS,
            last.n_clusters if last else 5,
        )
        continues, period = False, last.period or "" if last else ""
        if archive is not None:
            continues = st.checkbox(
                _widgets.escape(f"Continue the segments of {archive.title}"),
                value=session.is_continued,
                key=f"continue-{session.archive_counter}",
            )
        with st.expander("More settings"):
            period = st.text_input(
                "Name of the period, such as 2026-05 (empty: counted)",
                period,
                max_chars=40,
            )
            eps = st.number_input(
                "Distance of neighbours for DBSCAN (0: found by itself)",
                min_value=0.0,
                value=last.eps or 0.0 if last else 0.0,
                step=0.05,
            )
            seed = st.number_input(
                "Random state: the same number gives the same segments",
                min_value=0,
                max_value=2**31 - 1,
                value=last.random_state if last else 0,
            )
        found, numbers, methods = (
            st.form_submit_button("Find segments", type="primary"),
            st.form_submit_button("How many are there? Compare 2 to 12"),
            st.form_submit_button("Compare all methods"),
        )
    if not (found or numbers or methods):
        return
    session.is_continued = bool(continues)
    settings = SegmentSettings(
        tuple(columns),
        method,
        int(n_clusters),
        float(eps) or None,
        int(seed),
        archive.digest if archive is not None and continues else "",
        period.strip() or None,
        value,
    )
    earlier = archive if settings.baseline else None
    if found:
        session.start(
            "finding segments",
            lambda job: _segments.find_segments(job, customers, settings, earlier),
            lambda result: setattr(session, "segmentation", result),
            key=settings,
        )
    elif numbers:
        session.start(
            "comparing numbers of segments",
            lambda job: _segments.compare_numbers(job, customers, settings),
            lambda result: session.results.update(numbers=result),
        )
    else:
        session.start(
            "comparing methods",
            lambda job: _segments.compare_methods(job, customers, settings),
            lambda result: session.results.update(methods=result),
        )
    st.rerun()


def _show_numbers(found: NumberOfClusters) -> None:
    st.header("How many segments?", anchor=False)
    if found.recommended == 1:
        st.warning("No segments: customers differ gradually, without clear groups.")
    else:
        st.success(f"{found.recommended} segments are recommended.")
    for reason in found.reasons:
        st.markdown(f"- {_widgets.escape(reason)}")
    frame = found.table.reset_index().rename(columns={"n_clusters": "segments"})
    shown = [name for name in _CRITERIA if name in frame]
    criterion = st.selectbox("Criterion", shown, format_func=_CRITERIA.__getitem__)
    curve = frame[["segments", criterion]].dropna()
    picture = _charts.lines(
        curve, "segments", criterion, ["number of segments", criterion]
    )
    _widgets.chart(picture, "Criteria by number of segments", frame)


def _show_methods(frame: pd.DataFrame) -> None:
    st.header("Methods compared", anchor=False)
    st.markdown(
        "Silhouette: 1 is far apart, 0 is overlapping. Inertia: lower is tighter, for "
        "the same number of segments. Both are measured in the prepared columns."
    )
    _widgets.table(frame, "Methods compared")


def _show(session: Session, found: Segmentation) -> None:
    st.header("Segments", anchor=False)
    st.markdown(_widgets.escape(found.how))
    if found.earlier is not None:
        title = _widgets.escape(found.earlier.title)
        st.markdown(f"Segments that live on have the ids and names of {title}.")
    for doubt in found.doubts:
        st.warning(_widgets.escape(doubt))
    _show_figures(found)
    st.subheader("What is in them", anchor=False)
    profile = found.profile
    if profile.value_shares is not None:
        titles = [found.name_of(label) for label in profile.labels]
        shares = profile.shares, profile.value_shares
        text = value_text(titles, *shares, profile.value_name)
        st.markdown(_widgets.escape(text))
    _widgets.table(found.summary(), "Summary of the segments")
    if found.candidates is not None:
        with st.expander("What competed"):
            _widgets.table(found.candidates, "Ways to find segments")
    if found.changes is not None:
        st.subheader("What became of the earlier segments", anchor=False)
        _widgets.sentences(found.changes, "What became of the earlier segments")
    _show_map(session, found)
    if found.stability is not None:
        st.subheader("Do they come back?", anchor=False)
        st.markdown(_widgets.escape(_segments.stability_text(found.stability)))
        with st.expander("Each segment"):
            _widgets.table(found.stability.to_frame(), "Stability of the segments")


def _show_figures(found: Segmentation) -> None:
    figures = found.figures
    columns = st.columns(4)
    sizes = found.profile.sizes
    n_segments = sum(label >= 0 for label in found.profile.labels)
    columns[0].metric("Customers", f"{int(sizes.sum()):,}")
    columns[1].metric("Segments", n_segments)
    columns[2].metric(
        "Silhouette",
        f"{figures['silhouette']:.3f}",
        help="1 is far apart, 0 is overlapping; in the prepared columns.",
    )
    columns[3].metric(
        "Inertia",
        f"{figures['inertia']:,.1f}",
        help="Sum of squared distances to the middle of the segment.",
    )
    codes = figures.get("silhouette of the codes")
    if codes is None:
        return
    text = (
        f"In the autoencoder's codes: silhouette {codes:.3f}, inertia "
        f"{figures['inertia of the codes']:,.1f}."
    )
    if codes > figures["silhouette"]:
        text += " Codes flatter: compare by the figures above."
    st.markdown(text)


def _show_map(session: Session, found: Segmentation) -> None:
    st.subheader("Where they lie", anchor=False)
    numbers = [name for name in found.X if found.X[name].dtype.kind in "iufmM"]
    key = f"axis-{session.counter}"
    view = "map"
    if len(numbers) >= 2:
        view = st.radio(
            "Picture of", ["two columns", "map of all columns"], horizontal=True
        )
    if view == "two columns":
        left, right = st.columns(2)
        first, second = _default_axes(found, numbers)
        x = left.selectbox("Across", numbers, numbers.index(first), key=f"{key}-x")
        y = right.selectbox("Upwards", numbers, numbers.index(second), key=f"{key}-y")
        points, axes = _segments.points(found, x, y)
    else:
        points, axes = session.cached(
            ("map", found.settings), lambda: _segments.points(found)
        )
    names = [found.name_of(label) for label in found.profile.labels]
    picture = _charts.scatter(points, axes, names)
    _widgets.chart(picture, "Customers by segment", points)
    legend = ", ".join(f"{at}: {name}" for at, name in enumerate(names))
    st.markdown(_widgets.escape(f"Numbers stand on the middle of a segment. {legend}"))


def _default_axes(found: Segmentation, numbers: list[str]) -> tuple[str, str]:
    """Return the two columns in which segments differ most."""
    effects = found.profile.to_frame("effects")
    effects["effect"] = effects["effect"].abs()
    order = (
        effects.groupby("column")["effect"]
        .mean()
        .reindex(numbers)
        .fillna(0)
        .sort_values(ascending=False)
    )
    return str(order.index[0]), str(order.index[1])
