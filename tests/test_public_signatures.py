"""The public interface changes only on purpose."""

from tests.public_signatures import STORED, public_signatures


def test_public_signatures_are_those_of_the_stored_list():
    """A wanted change is written down by ``python -m tests.public_signatures``."""
    stored = STORED.read_text(encoding="utf-8").splitlines()
    found = public_signatures()
    assert sorted(set(stored) - set(found)) == []
    assert sorted(set(found) - set(stored)) == []
