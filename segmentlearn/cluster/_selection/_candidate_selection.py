"""The contest of deep and simple segments for one table."""

import numpy as np
from sklearn.base import clone
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from segmentlearn.cluster._consensus import ConsensusClusterer
from segmentlearn.cluster._fitting import segment_means
from segmentlearn.cluster._selection._candidates import (
    best_of,
    choose_mixture,
    default_clusterers,
    fit_candidate,
    judge_candidate,
    with_n_clusters,
)
from segmentlearn.cluster._selection._scorer import Judge
from segmentlearn.neural_network import (
    Autoencoder,
    as_matrix,
    fit_autoencoders,
    fit_jointly,
)

_JUDGED_ROWS = 3_000
_MOST_COMPONENTS = 10
# of the default autoencoder: small tables are gone through more often
_FEWEST_EPOCHS, _MOST_EPOCHS, _ROWS_SEEN = 40, 100, 300_000
_JOINT_LEARNING_RATE = 1e-3


class Contest:
    """Fits the candidates, and finds the best of them."""

    def __init__(self, plan, table, prepared, blocks, random_state):
        self.plan = plan
        self.table = table
        self.prepared = prepared
        self.categories = [block for block in blocks if len(block) > 1]
        self.random_state = random_state
        self.seed = self._draw_seed()
        self.autoencoders = []
        self.codes = []
        self.simple, self.deep, self.further = [], [], []
        self.judge = None
        if plan.guard:
            n_rows = len(prepared)
            drawn = random_state.permutation(n_rows)[:_JUDGED_ROWS]
            self.judged_rows = np.sort(drawn)
            self.judge = Judge(prepared[self.judged_rows], blocks)

    def run(self):
        """Return the candidate that is selected."""
        # many small problems: threads that wait for each other make them slower
        with threadpool_limits(1):
            return self._run()

    def _run(self):
        plan = self.plan
        if plan.guard:
            self.simple = self._fit(self.prepared, ())
        self._fit_autoencoders()
        for member, codes in enumerate(self.codes):
            self.deep += self._fit(codes, (member,))
        if plan.joint:
            self.further.append(self._fit_jointly(best_of(self.deep).members[0]))
        if plan.consensus and len(self.codes) > 1:
            self.further.append(self._fit_consensus())
        deep = [*self.further, best_of(self.deep)]
        if not plan.guard:
            return deep[0]
        candidates = [*self.simple, *deep]
        simplest, rival = candidates[0], best_of(candidates[1:])
        is_better = rival.judgement.is_clearly_better_than(simplest.judgement)
        return rival if is_better else simplest

    def autoencoders_of(self, winner):
        """Return the autoencoders that a candidate's codes come from, or the best."""
        members = winner.members or best_of([*self.further, *self.deep]).members
        return [self.autoencoders[member] for member in members]

    def finalists(self, winner):
        """Return what is known of the candidates among which one was selected."""
        found = [*self.simple, best_of(self.deep), *self.further]
        return [self._describe(one, one is winner, labels=True) for one in found]

    def members(self):
        """Return what is known of each autoencoder and clusterer."""
        best = best_of(self.deep)
        return [self._describe(one, one is best) for one in self.deep]

    def _fit_autoencoders(self):
        """Train autoencoders of several seeds and code lengths as one program."""
        plan = self.plan
        autoencoder = _copied_autoencoder(plan.autoencoder, len(self.prepared))
        if plan.verbose:
            autoencoder.set_params(verbose=plan.verbose)
        lengths = self._code_lengths(autoencoder.n_components)
        n_seeds = plan.n_seeds if plan.guard else 1
        if not plan.guard:
            lengths = lengths[:1]
        pairs = [(length, seed) for length in lengths for seed in range(n_seeds)]
        seeds = [self._draw_seed() for _ in range(n_seeds)]
        self.autoencoders = fit_autoencoders(
            autoencoder,
            self.table,
            [length for length, _ in pairs],
            [seeds[seed] for _, seed in pairs],
        )
        self.codes = [self._codes(member) for member in self.autoencoders]

    def _codes(self, autoencoder):
        """Return codes as an array, whatever container the user has set."""
        return as_matrix(autoencoder.transform(self.table))

    def _code_lengths(self, asked):
        """Return the lengths that compete, the longest first."""
        n_features = self.prepared.shape[1]
        n_columns = self.plan.n_features_in_
        longest = asked
        if asked == "auto":
            longest = min(_MOST_COMPONENTS, max(2, n_columns // 2), n_features - 1)
            longest = max(1, longest)
        shorter = max(1, min(longest, max(2, longest // 2)))
        return [longest] if shorter == longest else [longest, shorter]

    def _fit(self, features, members):
        """Fit the clusterers that compete to prepared columns or codes."""
        plan = self.plan
        n_clusters = plan._get_n_clusters()
        if plan.clusterer is not None:
            name = type(plan.clusterer).__name__
            clusterers = {name: with_n_clusters(plan.clusterer, n_clusters)}
        else:
            clusterers = default_clusterers(
                n_clusters,
                features,
                self.seed,
                with_mixture=plan.guard,
                blocks=() if members else self.categories,
            )
        return [
            self._judged(
                fit_candidate(name, clusterer, features, members, self.seed), features
            )
            for name, clusterer in clusterers.items()
        ]

    def _fit_jointly(self, member):
        """Train an autoencoder and centres together; return them as a candidate."""
        plan = self.plan
        start = self._start_of_joint(member)
        centers = segment_means(
            self.codes[member], start, None, int(start.max(initial=-1)) + 1
        )
        trained, centers = fit_jointly(
            self.autoencoders[member],
            self.table,
            centers,
            kind=plan.joint,
            weight=plan.joint_weight,
            max_epochs=plan.joint_epochs,
            learning_rate=_JOINT_LEARNING_RATE,
            seed=self.seed,
        )
        self.autoencoders.append(trained)
        codes = self._codes(trained)
        self.codes.append(codes)
        clusterer = KMeans(len(centers), init=centers.astype(codes.dtype), n_init=1)
        members = (len(self.autoencoders) - 1,)
        candidate = fit_candidate(plan.joint, clusterer, codes, members, self.seed)
        return self._judged(candidate, codes)

    def _start_of_joint(self, member):
        """Return the segments that joint training starts from."""
        if self.plan.guard or self.plan.clusterer is not None:
            return best_of([c for c in self.deep if c.members == (member,)]).labels
        # without a judge: a mixture, whose segments need not be round in the code
        mixture = choose_mixture(
            self.plan._get_n_clusters(), self.codes[member], self.seed
        )
        return fit_candidate(
            "mixture", mixture, self.codes[member], (member,), self.seed
        ).labels

    def _fit_consensus(self):
        """Let all autoencoders vote; return the vote as a candidate."""
        plan = self.plan
        members = sorted({member for one in self.deep for member in one.members})
        codes = [self.codes[member] for member in members]
        ends = np.cumsum([one.shape[1] for one in codes])
        views = [
            list(range(end - one.shape[1], end))
            for end, one in zip(ends.tolist(), codes, strict=True)
        ]
        best = best_of(self.deep).clusterer.clusterer
        voters = ConsensusClusterer(
            with_n_clusters(best, plan._get_n_clusters()),
            views=views,
            random_state=self.seed,
        )
        features = np.hstack(codes)
        candidate = fit_candidate("consensus", voters, features, members, self.seed)
        return self._judged(candidate, features)

    def _judged(self, candidate, features):
        if self.judge is None:
            return candidate
        return judge_candidate(
            candidate, features, self.judge, self.judged_rows, self.seed
        )

    def _describe(self, candidate, is_selected, labels=False):
        """Return a candidate as plain facts."""
        lengths = [self.autoencoders[one].n_components_ for one in candidate.members]
        judgement = candidate.judgement
        facts = {
            "name": candidate.name,
            "space": candidate.space,
            "n_components": lengths[0] if len(lengths) == 1 else lengths or None,
            "n_clusters": int(candidate.clusterer.n_clusters_),
            "separation": None if judgement is None else judgement.separation,
            "likelihood": None if judgement is None else judgement.likelihood,
            "stability": None if judgement is None else judgement.stability,
            "silhouette": None if judgement is None else judgement.silhouette,
            "score": None if judgement is None else judgement.score,
            "selected": bool(is_selected),
        }
        if labels:
            facts["labels"] = candidate.labels
        return facts

    def _draw_seed(self):
        return int(self.random_state.randint(np.iinfo(np.int32).max))


def _copied_autoencoder(autoencoder, n_rows):
    """Return the user's autoencoder or the default one, not fitted."""
    if autoencoder is not None:
        return clone(autoencoder)
    n_epochs = min(_MOST_EPOCHS, max(_FEWEST_EPOCHS, _ROWS_SEEN // n_rows))
    return Autoencoder(max_epochs=n_epochs)
