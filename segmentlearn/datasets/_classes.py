"""Tables whose features are independent in each segment, with labels and truth."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from segmentlearn.datasets._automobile import automobile_population
from segmentlearn.datasets._bank import bank_population
from segmentlearn.datasets._mall import mall_population
from segmentlearn.datasets._population import (
    MISSING,
    Conditions,
    GeneratedTable,
    Population,
    class_shares,
    draw_classes_and_segments,
    draw_features,
    expected_scores,
    missing_rows,
    plant_unseen_levels,
    posterior,
    take_text,
    to_columns,
)


def class_mixture(kind: str, n_segments: int, weights: Any) -> Population:
    """The kind's mixture, with the class shares asked for."""
    if kind == "automobile":
        population = automobile_population()
    elif kind == "bank":
        population = bank_population()
        weights = (0.893, 0.107) if weights is None else weights
    else:
        population = mall_population(n_segments)
    if weights is None:
        return population
    return population.with_class_shares(class_shares(weights, population.classes))


def class_table(
    population: Population, flip_share: float, conditions: Conditions
) -> GeneratedTable:
    """Draw customers, and the labels that follow their segments."""
    population = population.drifted(conditions.drift)
    n_samples, label_rng = conditions.n_samples, conditions.label_rng
    drawn = draw_classes_and_segments(population, n_samples, label_rng)
    classes, flipped = _flip(drawn[0], population, flip_share, label_rng)
    codes = draw_features(population, *drawn, conditions.feature_rng)
    codes = plant_unseen_levels(population.features, codes, conditions)
    missing = {f.name: missing_rows(f, codes, conditions) for f in population.features}
    codes = {
        name: np.where(missing[name], np.int16(MISSING), column)
        for name, column in codes.items()
    }
    is_complete = conditions.missing_scale == 0
    return GeneratedTable(
        columns=to_columns(population, codes, is_complete, conditions.value_rng),
        y=_labels(population, classes),
        identifier=population.identifier,
        make_truth=partial(_truth, population, codes, drawn[1], flipped, flip_share),
    )


def _flip(
    classes: np.ndarray, population: Population, share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the labels of a share of the rows anew from the class shares."""
    flipped = rng.random(len(classes)) < share
    edges = np.cumsum(population.joint.sum(axis=0))
    anew = np.searchsorted(edges / edges[-1], rng.random(len(classes)), side="right")
    return np.where(flipped, anew.astype(np.int16), classes), flipped


def _labels(population: Population, classes: np.ndarray) -> pd.Series:
    """The labels as a named column."""
    if population.classes.dtype.kind == "O":
        values = take_text(population.classes.tolist(), classes)
    else:
        values = population.classes[classes].astype(np.int64)
    return pd.Series(values, name=population.target)


def _truth(
    population: Population,
    codes: dict[str, np.ndarray],
    segments: np.ndarray,
    flipped: np.ndarray,
    flip_share: float,
) -> Bunch:
    """What the generator knows about the rows that it drew."""
    shares = population.joint.sum(axis=0)

    def label_proba(after_outcome: bool = True) -> np.ndarray:
        clean = posterior(population, codes, after_outcome)
        return (1 - flip_share) * clean + flip_share * shares

    proba = label_proba()
    truth = Bunch(
        segment=segments.astype(np.int64),
        segment_names=list(population.segments),
        classes=population.classes.copy(),
        proba=proba,
        flipped=flipped,
        **expected_scores(proba),
    )
    if any(feature.after_outcome for feature in population.features):
        truth.proba_before_contact = label_proba(after_outcome=False)
    return truth
