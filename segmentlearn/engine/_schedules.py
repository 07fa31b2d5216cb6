"""Learning-rate schedules: the factor on the base rate as training goes on."""

from collections.abc import Callable

import numpy as np

Schedule = Callable[[np.ndarray], np.ndarray]


def constant(progress: np.ndarray) -> np.ndarray:
    """Keep the base rate from the first step to the last."""
    return np.ones_like(progress)


def cosine(progress: np.ndarray) -> np.ndarray:
    """Fall from the base rate to zero along half a cosine (Loshchilov and Hutter)."""
    return 0.5 * (1.0 + np.cos(np.pi * progress))


def flat_cosine(progress: np.ndarray) -> np.ndarray:
    """Keep the base rate for the first half, then fall to zero along a cosine."""
    return 0.5 * (1.0 + np.cos(np.pi * (np.maximum(1.0, 2.0 * progress) - 1.0)))


def coslog4(progress: np.ndarray) -> np.ndarray:
    """Four cosine cycles, each twice as long as the one before (RealMLP)."""
    return 0.5 * (1.0 - np.cos(2.0 * np.pi * np.log2(1.0 + 15.0 * progress)))


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "cosine": cosine,
    "coslog4": coslog4,
    "flat_cosine": flat_cosine,
}


def resolve_schedule(schedule: "str | Schedule | None") -> Schedule:
    """Return the function behind a schedule's name; a function passes through."""
    if schedule is None:
        return constant
    if callable(schedule):
        return schedule
    if schedule not in SCHEDULES:
        raise ValueError(
            f"learning_rate_schedule={schedule!r} is not known; use one of "
            f"{sorted(SCHEDULES)} or a function of the progress in [0, 1]."
        )
    return SCHEDULES[schedule]
