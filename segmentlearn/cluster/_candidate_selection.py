"""The selection among deep and simple segmentations of a table."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from segmentlearn import engine
from segmentlearn.cluster._candidates import (
    Candidate,
    best_of,
    choose_mixture,
    default_clusterers,
    fit_candidate,
    stability_of,
    with_n_clusters,
)
from segmentlearn.cluster._centers import segment_means
from segmentlearn.cluster._consensus import ConsensusClusterer
from segmentlearn.cluster._passport import known_segments
from segmentlearn.cluster._segmentation_score import (
    STABILITY_WEIGHT,
    SegmentationScorer,
)
from segmentlearn.neural_network import (
    Autoencoder,
    as_matrix,
    draw_seed,
    fit_jointly,
    prepare_autoencoders,
)

_SCORED_ROWS = 3_000
_MAX_COMPONENTS = 10
# of the default autoencoder: small tables are trained for more epochs
_MIN_EPOCHS, _MAX_EPOCHS, _ROWS_SEEN = 20, 100, 240_000
_JOINT_LEARNING_RATE = 1e-3
_MEASURES = ("separation", "likelihood", "stability", "silhouette")


@dataclasses.dataclass(eq=False)
class CandidateSelection:
    """Fits the candidates that an AutoencoderClusterer asks for; selects one of them.

    `estimator` has the parameters, `table` the rows to learn from, of which `prepared`
    has the prepared columns.
    """

    estimator: Any
    n_clusters: Any
    table: Any
    prepared: np.ndarray
    column_groups: Sequence[Sequence[int]]
    random_state: np.random.RandomState

    def __post_init__(self) -> None:
        self.categories = [group for group in self.column_groups if len(group) > 1]
        self.seed = draw_seed(self.random_state)
        self.autoencoders: list[Autoencoder] = []
        self.codes: list[np.ndarray] = []
        self.simple: list[Candidate] = []
        self.deep: list[Candidate] = []
        self.further: list[Candidate] = []
        self.known: np.ndarray | None = None
        if self.estimator.baseline is not None:
            self.known = known_segments(self.estimator.baseline, self.table)
        self.scorer = None
        if self.estimator.compare_baselines:
            drawn = self.random_state.permutation(len(self.prepared))[:_SCORED_ROWS]
            self.scored_rows = np.sort(drawn)
            self.scorer = SegmentationScorer(
                self.prepared[self.scored_rows], self.column_groups
            )

    # many small problems: threads that wait for each other make them slower
    @threadpool_limits.wrap(limits=1)
    def run(self) -> Candidate:
        """Return the candidate that is selected."""
        estimator = self.estimator
        trainings = self._plan_trainings()
        if self.scorer:  # while the program of the autoencoders is compiled
            trainings.append(self._fit_simple)
        engine.run_side_by_side(trainings)
        # in turn: so small, in threads they only wait for the interpreter's lock
        self.codes = [as_matrix(net.transform(self.table)) for net in self.autoencoders]
        for member, codes in enumerate(self.codes):
            self.deep += self._fit_clusterers(codes, (member,))
        self._measure_leading(self.deep)
        if estimator.joint:
            self.further.append(self._fit_jointly(best_of(self.deep).members[0]))
        if estimator.consensus and len(self.codes) > 1:
            self.further.append(self._fit_consensus())
        for candidate in self.further:
            self._measure_stability(candidate)
        deep = [*self.further, best_of(self.deep)]
        if not self.scorer:
            return deep[0]
        simplest, *others = [*self.simple, *deep]
        best = best_of(others)
        # the best of many is ahead of the first by chance alone
        is_better = best.scores.is_clearly_better_than(simplest.scores)
        return best if is_better else simplest

    def autoencoders_of(self, winner: Candidate) -> list[Autoencoder]:
        """Return the autoencoders that a candidate's codes come from, or the best."""
        members = winner.members or best_of([*self.further, *self.deep]).members
        return [self.autoencoders[member] for member in members]

    def finalists(self, winner: Candidate) -> list[dict]:
        """Return a description of the candidates among which one was selected."""
        finalists = [*self.simple, best_of(self.deep), *self.further]
        return [
            {**self._describe(finalist, winner), "labels": finalist.clusterer.labels_}
            for finalist in finalists
        ]

    def members(self) -> list[dict]:
        """Return a description of each autoencoder and clusterer."""
        best = best_of(self.deep)
        return [self._describe(candidate, best) for candidate in self.deep]

    def _plan_trainings(self) -> list[Callable[[], Any]]:
        """Build autoencoders of several seeds and code lengths; return their trainings.

        Those that somebody watches are shown one at a time.
        """
        estimator = self.estimator
        n_epochs = max(_MIN_EPOCHS, _ROWS_SEEN // len(self.prepared))
        default = Autoencoder(max_epochs=min(_MAX_EPOCHS, n_epochs))
        autoencoder = clone(estimator.autoencoder or default)
        if estimator.verbose:
            autoencoder.set_params(verbose=estimator.verbose)
        lengths = self._code_lengths(autoencoder.n_components)
        n_seeds = estimator.n_seeds
        if not self.scorer:
            lengths, n_seeds = lengths[:1], 1
        seeds = [draw_seed(self.random_state) for _ in range(n_seeds)] * len(lengths)
        lengths = np.repeat(lengths, n_seeds).tolist()
        self.autoencoders, trainings = prepare_autoencoders(
            autoencoder, self.table, lengths, seeds
        )
        if autoencoder.verbose or autoencoder.callbacks:
            return [lambda: [train() for train in trainings]]
        return trainings

    def _code_lengths(self, longest: int | str) -> list[int]:
        """Return the lengths that are compared, the longest first."""
        if isinstance(longest, str):
            half = max(2, self.estimator.n_features_in_ // 2)
            longest = max(1, min(_MAX_COMPONENTS, half, self.prepared.shape[1] - 1))
        shorter = max(1, min(longest, max(2, longest // 2)))
        return [longest] if shorter == longest else [longest, shorter]

    def _fit_simple(self) -> None:
        self.simple = self._fit_clusterers(self.prepared, ())
        for candidate in self.simple:
            self._measure_stability(candidate)

    def _fit_clusterers(
        self, features: np.ndarray, members: tuple[int, ...]
    ) -> list[Candidate]:
        """Fit the clusterers that are compared to prepared columns or codes."""
        own, categories = self.estimator.clusterer, () if members else self.categories
        if own is not None:
            clusterers = {type(own).__name__: with_n_clusters(own, self.n_clusters)}
        else:
            clusterers = default_clusterers(
                self.n_clusters, features, self.seed, bool(self.scorer), categories
            )
        return [
            self._fit_candidate(name, clusterer, features, members)
            for name, clusterer in clusterers.items()
        ]

    def _fit_jointly(self, member: int) -> Candidate:
        """Train an autoencoder and centres together; return them as a candidate."""
        estimator = self.estimator
        trained, centers = fit_jointly(
            self.autoencoders[member],
            self.table,
            segment_means(self.codes[member], self._initial_labels(member)),
            kind=estimator.joint,
            weight=estimator.joint_weight,
            max_epochs=estimator.joint_epochs,
            learning_rate=_JOINT_LEARNING_RATE,
            seed=self.seed,
        )
        codes = as_matrix(trained.transform(self.table))
        self.autoencoders.append(trained)
        self.codes.append(codes)
        clusterer = KMeans(len(centers), init=centers.astype(codes.dtype), n_init=1)
        members = (len(self.autoencoders) - 1,)
        return self._fit_candidate(estimator.joint, clusterer, codes, members)

    def _initial_labels(self, member: int) -> np.ndarray:
        """Return the segments that joint training starts from."""
        if self.scorer or self.estimator.clusterer is not None:
            of_member = [c for c in self.deep if c.members == (member,)]
            return best_of(of_member).clusterer.labels_
        # without scores: a mixture, whose segments need not be round in the code
        codes = self.codes[member]
        mixture = choose_mixture(self.n_clusters, codes, self.seed)
        found = fit_candidate("mixture", mixture, codes, (member,), self.seed)
        return found.clusterer.labels_

    def _fit_consensus(self) -> Candidate:
        """Let all autoencoders vote; return the vote as a candidate."""
        members = sorted({at for candidate in self.deep for at in candidate.members})
        codes = [self.codes[member] for member in members]
        features = np.hstack(codes)
        ends = np.cumsum([code.shape[1] for code in codes])[:-1]
        views = np.split(np.arange(features.shape[1]), ends)
        best = best_of(self.deep).clusterer.clusterer
        voters = ConsensusClusterer(
            with_n_clusters(best, self.n_clusters),
            views=[view.tolist() for view in views],
            random_state=self.seed,
        )
        return self._fit_candidate("consensus", voters, features, members)

    def _fit_candidate(
        self, name: str, clusterer: Any, features: np.ndarray, members: Sequence[int]
    ) -> Candidate:
        how = members, self.seed, self.known
        candidate = fit_candidate(name, clusterer, features, *how)
        if self.scorer:
            labels = candidate.clusterer.labels_[self.scored_rows]
            candidate.scores = self.scorer.score(labels)
        return candidate

    def _measure_leading(self, candidates: Sequence[Candidate]) -> None:
        """Measure the stability of those that it may make the best of all."""
        highest = -np.inf
        for candidate in sorted(candidates, key=lambda each: each.total, reverse=True):
            if candidate.total + STABILITY_WEIGHT >= highest:
                self._measure_stability(candidate)
                highest = max(highest, candidate.total)

    def _measure_stability(self, candidate: Candidate) -> None:
        if self.scorer:
            codes = [self.codes[member] for member in candidate.members]
            features = np.hstack(codes) if codes else self.prepared
            clusterer = candidate.clusterer.clusterer
            stability = stability_of(clusterer, features, self.seed)
            candidate.scores = dataclasses.replace(
                candidate.scores, stability=stability
            )

    def _describe(self, candidate: Candidate, selected: Candidate) -> dict:
        lengths = [self.autoencoders[at].n_components_ for at in candidate.members]
        scores = candidate.scores
        return {
            "name": candidate.name,
            "space": candidate.space,
            "n_components": lengths[0] if len(lengths) == 1 else lengths or None,
            "n_clusters": int(candidate.clusterer.n_clusters_),
            **{measure: getattr(scores, measure, None) for measure in _MEASURES},
            "score": getattr(scores, "total", None),
            "selected": candidate is selected,
        }
