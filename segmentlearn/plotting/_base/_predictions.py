"""From estimators and customers to the probabilities that a display draws."""

from collections.abc import Mapping

import numpy as np
from sklearn.utils.validation import check_is_fitted

from segmentlearn.metrics import read_binary, read_labels


def named(value, name=None):
    """Return several things by their names, a single one by its own.

    Parameters
    ----------
    value : object or dict of str to object
        One, or several to compare.
    name : str or None, default=None
        What the single one is called.

    Returns
    -------
    values : dict of str or None to object

    Examples
    --------
    >>> from segmentlearn.plotting._base._predictions import named
    >>> named({"net": 1, "trees": 2}), named(1)
    ({'net': 1, 'trees': 2}, {None: 1})
    """
    if isinstance(value, Mapping):
        if not value:
            raise ValueError("there is nothing to draw: the dict is empty.")
        return dict(value)
    return {name: value}


def predicted(estimators, X, pos_label=None):
    """Return the probability of the positive class by each estimator.

    Parameters
    ----------
    estimators : dict of str to classifier
        Fitted, of the same two classes.
    X : frame or array of shape (n_samples, n_features)
        Customers.
    pos_label : int, float, bool or str, default=None
        The positive class; None is the second of the first one's `classes_`.

    Returns
    -------
    probabilities : dict of str to ndarray of shape (n_samples,)
    pos_label : int, float, bool or str

    Raises
    ------
    ValueError
        If an estimator has another number of classes than two, or not this one.
    """
    probabilities = {}
    for name, estimator in estimators.items():
        check_is_fitted(estimator)
        classes = read_labels(estimator.classes_).tolist()
        if len(classes) != 2:
            raise ValueError(
                f"the estimator has {len(classes)} classes, {classes!r}, and the "
                "picture is for two; pass from_predictions y == segment and its "
                "probability."
            )
        pos_label = classes[1] if pos_label is None else pos_label
        if pos_label not in classes:
            raise ValueError(
                f"pos_label={pos_label!r} is not a class of the estimator, {classes!r}."
            )
        shown = type(estimator).__name__ if name is None else name
        probabilities[shown] = estimator.predict_proba(X)[:, classes.index(pos_label)]
    return probabilities, pos_label


def thinned(x, *ys, n_points=1000):
    """Return curves at few enough points to draw.

    Parameters
    ----------
    x : ndarray of shape (n,)
        Rising.
    *ys : ndarray of shape (n,)
        Values there.
    n_points : int, default=1000
        Points at most.

    Returns
    -------
    curves : tuple of ndarray
        `x` and `ys` at some of the points, with the first and the last.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.plotting._base._predictions import thinned
    >>> thinned(np.arange(5), n_points=3)[0].tolist()
    [0, 2, 4]
    """
    if len(x) <= n_points:
        return (x, *ys)
    at = np.unique(np.linspace(0, len(x) - 1, n_points).round().astype(int))
    return tuple(values[at] for values in (x, *ys))


def read_all(y_true, proba, pos_label, name=None):
    """Return responders and probabilities under each name.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels of two classes.
    proba : array-like or dict of str to array-like
        Probabilities, by name where there are several.
    pos_label : int, float, bool or str or None
        The positive class.
    name : str or None, default=None
        What a single one is called.

    Returns
    -------
    read : dict of str to tuple of ndarrays
        Whether rows are positive, and their probabilities.
    """
    return {
        one: read_binary(y_true, values, pos_label)
        for one, values in named(proba, name).items()
    }
