"""An autoencoder fitted to a table larger than memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from segmentlearn import engine
from segmentlearn.neural_network._autoencoder._estimator import Autoencoder
from segmentlearn.neural_network._neural_estimator import draw_seed
from segmentlearn.neural_network._sharded._fit import ShardedFit, epochs_for
from segmentlearn.neural_network._sharded._plan import MOST_HELD_OUT, ShardPlan
from segmentlearn.preprocessing import TableStatistics


class ShardedAutoencoderFit(ShardedFit):
    """The fit of an autoencoder to a table that is read in partitions.

    Parameters
    ----------
    estimator : Autoencoder
        What is fitted, in place.
    """

    estimator: Autoencoder
    n_nets = 1

    def plan(self, statistics: TableStatistics) -> ShardPlan:
        """Fit the preprocessor, and decide where each row goes.

        Parameters
        ----------
        statistics : TableStatistics
            Of the whole table.

        Returns
        -------
        plan : ShardPlan
            What writes the shards of any partition.
        """
        means, n_rows = self._fit_preprocessor(statistics), statistics.n_rows
        share = min(self.estimator.validation_fraction, MOST_HELD_OUT / n_rows)
        stops = self.estimator._stops(n_rows)
        return self._set_plan(means, n_rows, held_out_share=share if stops else 0.0)

    def train_net(self, number: int = 0) -> tuple[list[np.ndarray], Any]:
        """Train the net.

        Parameters
        ----------
        number : int, default=0
            There is one.

        Returns
        -------
        weights : list of ndarray
            Those of the net.
        result : TrainingResult
            Its history.
        """
        autoencoder = self.estimator
        n_rows = int(self.shards_.sizes.sum())
        (features,) = self.held_out_
        model, settings = self._build()
        own = epochs_for(autoencoder, n_rows, settings["early_stopping"])
        result = engine.fit(
            model,
            self.shards_,
            None,
            validation_data=(features, features) if len(features) else None,
            log_dir=self.log,
            **settings | own,
        )
        return model.get_weights(), result

    def finish(self, trained: Sequence[tuple]) -> Autoencoder:
        """Set what a fitted autoencoder has.

        Parameters
        ----------
        trained : list of (list of ndarray, TrainingResult)
            What `train_net` has returned.

        Returns
        -------
        autoencoder : Autoencoder
            Fitted.
        """
        ((weights, result),) = trained
        model, _ = self._build()
        model.set_weights(weights)
        self.estimator._set_fitted(model, result)
        return self.estimator

    def _draw_seed(self) -> int:
        return draw_seed(check_random_state(self.estimator.random_state))

    def _build_nets(self) -> tuple[Any, Any]:
        n_rows = self.plan_.n_rows
        return self.estimator._describe_fit(self.sample_, n_rows, self.seed)
