"""How often customers of a probability respond, as held-out customers show it."""

import numpy as np
from scipy import special

_LIMIT = 1e-6  # what is nearer to 0 or 1 says no more
# standard deviations of intercept, slope and curvature on the scale of logits: of a
# model that is calibrated, and of one that need not be (weighted classes)
_PRIORS = np.array([[0.1, 0.1, 0.03], [2.0, 1.0, 0.3]])
_MOST_STEPS = 50
_MOST_GROUPS = 64


class ResponseCalibration:
    """Distribution of the response rate at each probability, given held-out counts.

    The logit of the rate is that of the probability plus a polynomial of the second
    degree. Its coefficients are near zero for a calibrated model and may be anything
    for another one; the evidence of the held-out counts weighs the two. Laplace's
    approximation gives the distribution of the coefficients: few held-out customers
    leave it wide, many make it narrow.

    Parameters
    ----------
    probabilities : ndarray of shape (n_groups,)
        Mean probability of each group of held-out customers.
    counts, responders : ndarray of int, shape (n_groups,)
        Customers in each group, and how many of them responded.
    of_other_fit : bool
        Whether another fit gave the probabilities. What these customers say of it may
        not hold for the model: the calibration of each fit comes from about as many
        rows as there are here, and errs as they do.
    """

    def __init__(
        self,
        probabilities: np.ndarray,
        counts: np.ndarray,
        responders: np.ndarray,
        of_other_fit: bool,
    ) -> None:
        logits = _logits(probabilities)
        self._ends = logits.min(), logits.max()
        self._center = np.average(logits, weights=counts)
        variance = np.average((logits - self._center) ** 2, weights=counts)
        self._scale = max(float(np.sqrt(variance)), 0.1)
        basis = self._basis(logits)
        found = [_laplace(basis, logits, counts, responders, sd) for sd in _PRIORS]
        self._modes, self._covariances, evidences = zip(*found, strict=True)
        self._weights = special.softmax(evidences)
        self._of_another_fit = of_other_fit * self._covariances[-1]

    def mean(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the response rate to expect at each probability."""
        logits = _logits(probabilities)
        basis = self._basis(logits)
        rates = [special.expit(logits + basis @ mode) for mode in self._modes]
        return np.average(rates, axis=0, weights=self._weights)

    def draw(
        self, probabilities: np.ndarray, n_draws: int, rng: np.random.RandomState
    ) -> np.ndarray:
        """Draw response rates, an array of shape (n_draws, n_probabilities)."""
        sizes = rng.multinomial(n_draws, self._weights)
        drawn = zip(self._modes, self._covariances, sizes, strict=True)
        coefficients = np.vstack([rng.multivariate_normal(*each) for each in drawn])
        nothing = np.zeros(len(self._of_another_fit))
        coefficients += rng.multivariate_normal(nothing, self._of_another_fit, n_draws)
        logits = _logits(probabilities)
        return special.expit(logits + coefficients @ self._basis(logits).T)

    def _basis(self, logits: np.ndarray) -> np.ndarray:
        # beyond the held-out probabilities nothing is known of slope and curvature
        z = (np.clip(logits, *self._ends) - self._center) / self._scale
        return np.column_stack([np.ones_like(z), z, z**2 - 1])


def draw_responders(
    scores: np.ndarray,
    calibration: ResponseCalibration | None,
    n_draws: int,
    rng: np.random.RandomState,
) -> np.ndarray:
    """Draw how many of some customers respond, as their probabilities say.

    Without a calibration the probabilities are taken for true.
    """
    parts = np.array_split(np.sort(scores), min(_MOST_GROUPS, max(len(scores), 1)))
    counts = np.array([len(part) for part in parts])
    means = np.array([part.mean() if len(part) else 0.0 for part in parts])
    rates = np.broadcast_to(means, (n_draws, len(parts)))
    if calibration is not None:
        rates = calibration.draw(means, n_draws, rng)
    return rng.binomial(counts, rates).sum(axis=1)


def _logits(probabilities: np.ndarray) -> np.ndarray:
    return special.logit(np.clip(probabilities, _LIMIT, 1 - _LIMIT))


def _laplace(
    basis: np.ndarray,
    offsets: np.ndarray,
    counts: np.ndarray,
    responders: np.ndarray,
    deviations: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return mode and covariance of the coefficients, and the log evidence."""
    precision = np.diag(deviations**-2)

    def log_posterior(at: np.ndarray) -> float:
        logits = offsets + basis @ at
        likelihood = responders @ logits - counts @ np.logaddexp(0, logits)
        return float(likelihood - at @ precision @ at / 2)

    mode = np.zeros(basis.shape[1])
    for _ in range(_MOST_STEPS):
        rates = special.expit(offsets + basis @ mode)
        slope = basis.T @ (responders - counts * rates) - precision @ mode
        curvature = (basis.T * (counts * rates * (1 - rates))) @ basis + precision
        step, before = np.linalg.solve(curvature, slope), log_posterior(mode)
        while (
            log_posterior(mode + step) < before - 1e-9
        ):  # too far: concave, not square
            step /= 2
        mode = mode + step
        if np.abs(step).max() < 1e-8:
            break
    sign_and_size = np.linalg.slogdet(curvature)
    evidence = log_posterior(mode) - sign_and_size[1] / 2 - np.log(deviations).sum()
    return mode, np.linalg.inv(curvature), evidence
