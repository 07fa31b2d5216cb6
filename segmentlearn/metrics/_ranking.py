"""Customers by falling probability, with those of the same probability as one group."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state


@dataclass(frozen=True, eq=False)
class Ranking:
    """Customers in the order in which a campaign contacts them.

    Parameters
    ----------
    order : ndarray of int, shape (n_samples,)
        Rows, by falling probability.
    starts : ndarray of int, shape (n_groups,)
        Where in `order` each group of equal probabilities starts.
    thresholds : ndarray of float64, shape (n_groups,)
        The probability of each group, falling.
    """

    order: np.ndarray
    starts: np.ndarray
    thresholds: np.ndarray

    @property
    def reached(self) -> np.ndarray:
        """Customers contacted at the end of each group, and 0 before the first."""
        return np.append(self.starts, len(self.order))

    def totals(self, values: np.ndarray) -> np.ndarray:
        """Return the sum of values over all that are contacted, group by group."""
        sums = np.add.reduceat(values[self.order].astype(np.float64), self.starts)
        return np.concatenate([[0.0], np.cumsum(sums)])

    def resampled(
        self,
        values: np.ndarray,
        n_contacted: np.ndarray,
        n_bootstrap: int,
        random_state: Any,
    ) -> np.ndarray:
        """Return the totals of bootstrap samples of the customers."""
        random_state = check_random_state(random_state)
        n, groups = len(self.order), self.starts
        # only the head of the ranking is drawn: a sample's contacts reach no further
        # than this, which is ten standard deviations of how many draws fall into it
        end = np.searchsorted(groups, np.max(n_contacted) + 10 * np.sqrt(n))
        n_head = int(groups[end]) if end < len(groups) else n
        groups = groups[:end]
        ordered = values[self.order[:n_head]].astype(np.float64)
        totals = np.empty((n_bootstrap, len(n_contacted)))
        for sample in totals:
            # sorted once: a sample is how often each row of the ranking is drawn
            n_drawn = random_state.binomial(n, n_head / n)
            rows = random_state.randint(0, n_head, n_drawn)
            counts = np.bincount(rows, minlength=n_head)
            reached = np.cumsum(np.add.reduceat(counts, groups))
            sums = np.cumsum(np.add.reduceat(counts * ordered, groups))
            drawn = np.flatnonzero(np.diff(reached, prepend=0))
            sample[:] = np.interp(
                n_contacted, np.append(0, reached[drawn]), np.append(0.0, sums[drawn])
            )
        return totals


def rank_customers(scores: np.ndarray) -> Ranking:
    """Return the order in which customers of these probabilities are contacted."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=np.inf))
    return Ranking(order=order, starts=starts, thresholds=ordered[starts])


def customers_of_budget(budget: float, n_samples: int) -> int:
    """Return how many customers a budget pays for."""
    if isinstance(budget, Integral):
        if budget < 0:
            raise ValueError(f"budget={budget!r} is negative; 0 contacts nobody.")
        return min(int(budget), n_samples)
    if not 0 <= budget <= 1:
        raise ValueError(
            f"budget={budget!r} is a float, so a share of the customers from 0 to 1; "
            "for a number of customers pass an int."
        )
    return int(np.floor(budget * n_samples + 1e-9))  # 0.29 * 100 is 28.999...
