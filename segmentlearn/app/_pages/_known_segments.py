"""Known segments: learn them, see how good that is, and plan a campaign with it."""

import streamlit as st

from segmentlearn._formatting import percent
from segmentlearn.app import _charts, _known
from segmentlearn.app._columns import Customers
from segmentlearn.app._jobs import load_tensorflow
from segmentlearn.app._known import PRESETS, KnownSegments, KnownSettings
from segmentlearn.app._pages import _widgets
from segmentlearn.app._state import Session


def draw() -> None:
    """Draw the page."""
    session = _widgets.heading(
        "Known segments",
        "Where a column holds the segment of each customer: learn it, so that new "
        "customers get theirs.",
    )
    customers = _widgets.needed_customers(session)
    load_tensorflow()
    _choose(session, customers)
    if session.known is not None:
        _show(session, session.known)
        _show_comparison(session, session.known, customers)
        if len(session.known.classes) == 2:
            _show_campaign(session, session.known)


def _choose(session: Session, customers: Customers) -> None:
    roles = customers.roles
    names = customers.table.columns
    n_values = dict(zip(names, customers.description["values"], strict=True))
    last = session.known.settings if session.known else None
    # a class has few values, and stands at the end of most tables
    likely = [name for name in roles.features if 2 <= n_values[name] <= 20] or names
    guess = last.target if last else likely[-1]
    key = session.counter
    target = st.selectbox(
        "Column of the known segments",
        names,
        names.index(guess),
        key=f"target-{key}",
    )
    features = [name for name in roles.features if name != target]
    with st.form("known"):
        columns = st.multiselect(
            "Columns to learn from",
            features,
            default=features,
            help="Leave out what is not known yet when a new customer comes.",
            key=f"learn-{key}-{target}",
        )
        preset = st.selectbox(
            "Net",
            list(PRESETS),
            index=list(PRESETS).index(last.preset) if last else 0,
            format_func=PRESETS.__getitem__,
        )
        with st.expander("More settings"):
            is_balanced = st.checkbox(
                "All segments weigh the same, however few customers they have",
                last.is_balanced if last else False,
            )
            test_size = st.slider(
                "Share of the customers held out for the report, in percent",
                5,
                50,
                round(100 * last.test_size) if last else 20,
            )
            seed = st.number_input(
                "Random state: the same number gives the same result",
                min_value=0,
                max_value=2**31 - 1,
                value=last.random_state if last else 0,
            )
        if not st.form_submit_button("Learn the segments", type="primary"):
            return
    settings = KnownSettings(
        target, tuple(columns), preset, is_balanced, test_size / 100, int(seed)
    )
    session.start(
        "learning the segments",
        lambda job: _known.learn_segments(job, customers, settings),
        lambda result: setattr(session, "known", result),
        key=settings,
    )
    st.rerun()


def _show(session: Session, known: KnownSegments) -> None:
    result = known.result
    st.header("Held-out report", anchor=False)
    st.markdown(
        f"{len(result.y_true):,} customers took no part in training "
        f"({len(result.y_train):,} did); all figures are about them."
    )
    if known.n_unknown:
        st.info(f"{known.n_unknown:,} customers without a segment were left out.")
    own, baseline = st.columns(2)
    own.metric("Accuracy", percent(result.accuracy))
    baseline.metric("Always naming the largest segment", percent(result.baseline))
    if result.accuracy <= result.baseline + 0.01:
        st.warning(
            "The model is hardly better than naming the largest segment every time."
        )
    _widgets.table(known.report(), "Report by segment")
    st.subheader("Which segments are taken for which", anchor=False)
    confusion = known.confusion()
    _widgets.chart(_charts.confusion(confusion), "Confusion matrix", confusion)
    st.subheader("What drives it", anchor=False)
    st.markdown(
        "By how much the log-loss of held-out customers rises when a column is "
        "shuffled among them."
    )
    titles = ["column", "importance"]
    picture = _charts.bars(known.importances.head(20), "column", "importance", titles)
    _widgets.chart(picture, "Importance of the columns", known.importances)
    st.subheader("Learning curves", anchor=False)
    curves = session.cached(("curves", known.settings), known.curves)
    picture = _charts.lines(curves, "epoch", "loss", ["epoch", "loss"], "curve")
    _widgets.chart(picture, "Learning curves", curves)


def _show_comparison(
    session: Session, known: KnownSegments, customers: Customers
) -> None:
    st.header("Beside other models", anchor=False)
    key = ("comparison", known.settings)
    if key not in session.results:
        st.markdown(
            "Boosted trees, logistic regression and naming the largest segment, on the "
            "same folds. This takes several times as long as learning."
        )
        if st.button("Compare with other models"):
            session.start(
                "comparing with other models",
                lambda job: _known.compare_with_others(job, known, customers.roles),
                lambda result: None,
                key=key,
            )
            st.rerun()
        return
    comparison = session.results[key]
    _widgets.table(comparison.to_frame(), "Models compared")
    for line in comparison.verdict.splitlines():
        st.markdown(f"- {_widgets.escape(line)}")


def _show_campaign(session: Session, known: KnownSegments) -> None:
    st.header("A campaign under a budget", anchor=False)
    st.markdown(
        "Contact the customers who are most probably of one class. Figures are about "
        "the held-out customers."
    )
    with st.form("campaign"):
        wanted = st.selectbox("Class that is wanted", known.classes, 1)
        benefit = st.number_input(
            "What a contacted customer of it brings", min_value=0.0, value=100.0
        )
        cost = st.number_input("What a contact costs", min_value=0.0, value=5.0)
        percent_contacted = st.slider("Budget: contact, percent of all", 1, 100, 20)
        st.form_submit_button("Compute")
    share = percent_contacted / 100
    key = ("campaign", known.settings, wanted, benefit, cost, share)
    with _widgets.errors_in_words():
        campaign = session.cached(
            key, lambda: _known.plan_campaign(known, wanted, benefit, cost, share)
        )
        found = campaign.at_budget
        profit, response, threshold = st.columns(3)
        profit.metric("Profit", f"{found.profit:,.0f}")
        response.metric("Of those contacted, wanted", percent(found.response_rate))
        threshold.metric("Contact from this probability on", f"{found.threshold:.3f}")
        st.markdown(_widgets.escape(f"At this budget: {found}."))
        titles = ["share contacted", "share of the wanted ones found"]
        picture = _charts.lines(campaign.gain, "contacted", "found", titles)
        _widgets.chart(picture, "Gain", campaign.gain)
        titles = ["customers contacted", "profit"]
        picture = _charts.lines(campaign.profit, "contacted", "profit", titles)
        _widgets.chart(picture, "Profit", campaign.profit)
