"""Pictures look as they did: compared with the images in the folder `baseline`.

After a wanted change draw them anew, and look at each:
``pytest -n 0 --mpl-generate-path=tests/plotting/baseline tests/plotting``.
"""

import numpy as np
import pytest

from segmentlearn.plotting import GainDisplay


@pytest.mark.mpl_image_compare
def test_gain():
    """The gain chart of twenty customers, with both references."""
    y = np.array([1, 0] * 4 + [0] * 12)
    proba = np.linspace(0.9, 0.1, 20)
    return GainDisplay.from_predictions(y, proba).figure_
