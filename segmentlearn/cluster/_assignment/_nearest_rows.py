"""Rules that give a new row the segment of clustered rows that are near to it."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.neighbors import NearestNeighbors

# A segment is searched for rows that are far from it, too: beyond a few columns a tree
# rules out little for those, and comparing all rows is several times faster.
_MOST_COLUMNS_OF_TREES = 6


class LabelledRows(BaseEstimator):
    """Rows whose segments are known, searched for the nearest ones.

    Only the rows travel in pickles and archives; search trees are built at first use.
    Being an estimator is what lets an archive hold it.
    """

    def __init__(self, rows, codes, metric):
        self.rows = rows
        self.codes = codes
        self.metric = metric

    def __getstate__(self):
        state = super().__getstate__()
        return {name: state[name] for name in ("rows", "codes", "metric")}

    def neighbors(self, X, n_neighbors, left_out=None):
        """Return distances and positions of the nearest rows, nearest first."""
        n_found = min(n_neighbors + (left_out is not None), len(self.rows))
        distance, position = self._search().kneighbors(X, n_found)
        if left_out is None:
            return distance, position
        passed = position == left_out[:, None]
        # where copies of a row, or nothing to leave out, hide it: one too many is found
        passed[~passed.any(axis=1), -1] = True
        shape = (len(X), n_found - 1)
        return distance[~passed].reshape(shape), position[~passed].reshape(shape)

    def segment_distances(self, X):
        """Return the distance of each row of X to the nearest row of each segment."""
        if not hasattr(self, "_segment_searches"):
            many = self.rows.shape[1] > _MOST_COLUMNS_OF_TREES
            algorithm = "brute" if many else "auto"
            self._segment_searches = [
                self._build_search(self.rows[self.codes == code], algorithm)
                for code in range(self.codes.max() + 1)
            ]
        found = [search.kneighbors(X, 1)[0] for search in self._segment_searches]
        return np.hstack(found)

    def _search(self):
        if not hasattr(self, "_whole_search"):
            self._whole_search = self._build_search(self.rows)
        return self._whole_search

    def _build_search(self, rows, algorithm="auto"):
        return NearestNeighbors(algorithm=algorithm, **self.metric).fit(rows)


class NearestRowRule(BaseEstimator):
    """The segment of the nearest row, or noise where that is too far away."""

    def __init__(self, labelled, bounds, squared_scale):
        self.labelled = labelled
        self.bounds = bounds
        self.squared_scale = squared_scale

    def assign(self, X):
        """Return the segment of each row of X, -1 for noise."""
        distance, position = self.labelled.neighbors(X, 1)
        return within_bounds(
            distance[:, 0], self.labelled.codes[position[:, 0]], self.bounds
        )

    def shares(self, X):
        """Return each row's membership in each segment."""
        distance = self.labelled.segment_distances(X)
        return shares_of_distances(distance, self.squared_scale)


class VotingRule(BaseEstimator):
    """The segment of most of the nearest rows, a row's vote being 1 / distance."""

    def __init__(self, labelled, n_neighbors):
        self.labelled = labelled
        self.n_neighbors = n_neighbors

    def assign(self, X, left_out=None):
        """Return the segment of each row of X, -1 where no row is left to vote."""
        shares = self.shares(X, left_out)
        return np.where(shares.sum(axis=1) > 0, shares.argmax(axis=1), -1)

    def shares(self, X, left_out=None):
        """Return each segment's share of the votes."""
        distance, position = self.labelled.neighbors(X, self.n_neighbors, left_out)
        votes = np.zeros((len(X), self.labelled.codes.max() + 1))
        if not distance.shape[1]:
            return votes
        nearest = distance[:, :1]
        # relative to the nearest; rows at distance 0 outvote all others
        weight = np.divide(
            nearest, distance, out=np.ones_like(distance), where=distance > 0
        )
        codes = self.labelled.codes[position]
        every_row = np.arange(len(X))
        for rank in range(distance.shape[1]):
            votes[every_row, codes[:, rank]] += weight[:, rank]
        return votes / votes.sum(axis=1, keepdims=True)


def within_bounds(distance, found, bounds):
    """Return the segments found, -1 where they are farther away than they reach."""
    return np.where(distance <= bounds[found], found, -1)


def learn_bounds(distance, found, codes, n_segments):
    """Learn how far each segment reaches beyond its rows."""
    bounds = np.zeros(n_segments)
    order = np.argsort(distance, kind="stable")
    for code in range(n_segments):
        near = order[found[order] == code]
        gain = np.cumsum(np.where(codes[near] == code, 1, -1))
        if len(gain) and gain.max() > 0:
            bounds[code] = distance[near[gain.argmax()]]
    return bounds


def shares_of_distances(distance, squared_scale):
    """Return memberships by Student's t kernel, each row summing to 1."""
    kernel = squared_scale + np.asarray(distance, dtype=np.float64) ** 2
    nearest = kernel.min(axis=1, keepdims=True)
    # a scale of 0: rows at distance 0 belong wholly to that segment
    shares = np.divide(nearest, kernel, out=np.ones_like(kernel), where=kernel > 0)
    return shares / shares.sum(axis=1, keepdims=True)
