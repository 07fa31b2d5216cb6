"""Each page, clicked through without a browser."""

import pytest


def test_an_upload_is_described(visitor, mall):
    """The page Data shows how many customers there are and what the columns are."""
    visitor.go("data")
    at = visitor.upload("mall.csv", mall)
    assert [metric.value for metric in at.metric] == ["60", "5", "0"]
    roles = visitor.session.customers.roles.roles
    assert roles["CustomerID"] == "identifier"
    assert roles["Gender"] == "category"
    assert roles["Age"] == "number"


def test_segments_are_found_and_shown(with_segments):
    print(with_segments.texts("warning"), with_segments.texts("error"), [m.value for m in with_segments.at.metric])
    for p in ("understand","known_segments","score","take_away"):
        at=with_segments.go(p)
        print(p, with_segments.texts("error"), with_segments.texts("info"), [h.value for h in at.header])
