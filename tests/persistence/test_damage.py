"""A damaged archive loads identically or raises ArchiveError: nothing else ever."""

import dataclasses
import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from segmentlearn import inspect, load, save
from segmentlearn.exceptions import ArchiveError


def scaler_archive():
    """Return an archive without a net, which is quick to load."""
    rows = np.arange(12.0).reshape(4, 3)
    file = io.BytesIO()
    save(StandardScaler().fit(rows), file)
    return file.getvalue()


ARCHIVE = scaler_archive()


def outcome(data):
    """Return what loading gives; None for an ArchiveError."""
    try:
        scaler = load(io.BytesIO(data))
        info = dataclasses.replace(inspect(io.BytesIO(data)), size=0, sha256="")
    except ArchiveError:
        return None
    return scaler.mean_.tolist(), scaler.scale_.tolist(), scaler.get_params(), info


INTACT = outcome(ARCHIVE)


@settings(max_examples=400, deadline=None)
@given(
    place=st.integers(0, len(ARCHIVE) - 1),
    mask=st.integers(1, 255),
)
def test_any_changed_byte(place, mask):
    """Whichever byte changes, in whatever way."""
    data = bytearray(ARCHIVE)
    data[place] ^= mask
    assert outcome(bytes(data)) in (None, INTACT)


def test_each_byte_of_the_headers():
    """Each byte outside the members' contents, turned over."""
    start = ARCHIVE.index(b"PK\x01\x02")
    for place in [*range(30), *range(start, len(ARCHIVE))]:
        data = bytearray(ARCHIVE)
        data[place] ^= 0xFF
        assert outcome(bytes(data)) in (None, INTACT), place


@settings(max_examples=150, deadline=None)
@given(length=st.integers(0, len(ARCHIVE) - 1))
def test_any_truncation(length):
    """A file that ends too early is refused, wherever it ends."""
    assert outcome(ARCHIVE[:length]) is None


@settings(max_examples=50, deadline=None)
@given(data=st.binary(max_size=400))
def test_bytes_that_never_were_an_archive(data):
    """Any other file is refused."""
    assert outcome(data) is None


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(share=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_any_changed_byte_of_an_archive_with_a_net(
    archive, classifier, table, share, mask
):
    """The same with a net and a preprocessor inside."""
    data = bytearray(archive)
    data[int(share * len(data))] ^= mask
    try:
        loaded = load(io.BytesIO(data))
    except ArchiveError:
        return
    rows = table[0][:3]
    np.testing.assert_array_equal(
        loaded.predict_proba(rows), classifier.predict_proba(rows)
    )


@pytest.mark.parametrize("extra", [b"more", b"PK\x05\x06" + bytes(18)])
def test_bytes_after_the_end(extra):
    """Appended bytes are refused or change nothing."""
    assert outcome(ARCHIVE + extra) in (None, INTACT)
