"""A method that fails leaves its estimator as it was."""

import inspect

import pytest

from segmentlearn.neural_network import restore_on_failure


class Estimator:
    """Sets two attributes, and fails in between if it is asked to."""

    @restore_on_failure
    def fit(self, X, y=None, *, error=None):
        """Learn something."""
        self.classes_ = X
        if error is not None:
            raise error
        self.model_ = y
        return self


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_failure_before_the_first_fit(error):
    """An estimator that was not fitted is not fitted afterwards."""
    estimator = Estimator()
    with pytest.raises(type(error)):
        estimator.fit("ab", error=error)
    assert vars(estimator) == {}


def test_failure_after_a_fit():
    """What was learnt before is still there."""
    estimator = Estimator().fit("ab", "net")
    with pytest.raises(ValueError, match="no"):
        estimator.fit("cd", error=ValueError("no"))
    assert vars(estimator) == {"classes_": "ab", "model_": "net"}


def test_signature_and_docstring_are_kept():
    """Metadata routing reads the signature, people the docstring."""
    assert list(inspect.signature(Estimator.fit).parameters) == [
        "self",
        "X",
        "y",
        "error",
    ]
    assert Estimator.fit.__doc__ == "Learn something."
