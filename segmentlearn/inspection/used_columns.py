"""Which columns of its table a fitted estimator uses, and which it has left out."""

from sklearn.pipeline import Pipeline

_LEFT_OUT = ("identifier", "all-missing")
# where an estimator keeps what reads its table
_READERS = ("preprocessor_", "table_")


def columns_left_out(estimator):
    """Return the columns that `fit` was given and that nothing depends on.

    Parameters
    ----------
    estimator : estimator instance
        Fitted, or a pipeline, whose first step is asked.

    Returns
    -------
    names : list of str
        Identifiers and columns without a value; none where that is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> from segmentlearn import TabularPreprocessor
    >>> from segmentlearn.inspection.used_columns import columns_left_out
    >>> X = pd.DataFrame({"age": [20, 30, 40], "fax": [None, None, None]})
    >>> preprocessor = TabularPreprocessor()
    >>> columns_left_out(preprocessor.fit(X))  # with a warning
    ['fax']
    """
    while isinstance(estimator, Pipeline) and len(estimator.steps) > 0:
        estimator = estimator[0]
    for name in _READERS:
        estimator = getattr(estimator, name, estimator)
    roles = getattr(estimator, "column_roles_", {})
    return [name for name, role in roles.items() if role in _LEFT_OUT]
