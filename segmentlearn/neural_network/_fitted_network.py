"""The net of a fitted estimator: arrays that predict, a Keras model when asked for."""

from typing import Any

import numpy as np

from segmentlearn import engine, networks
from segmentlearn._building import BUILDING

# of a prediction by Keras: each row becomes many, one for each member
_ROWS_AT_ONCE = 4096


class FittedNetwork:
    """A net that was trained or read, and how it predicts.

    Predictions are NumPy's and need no TensorFlow. Only a net with layers that are not
    segmentlearn's, put into ``model_`` by hand, is left to Keras.

    Parameters
    ----------
    model : keras.Model, default=None
        The net where it was trained.
    stored : StoredNetwork, default=None
        The net where it was read.
    """

    def __init__(
        self, model: Any = None, stored: "networks.StoredNetwork | None" = None
    ) -> None:
        self._model, self._stored = model, stored
        # who has the Keras model may set its weights at any time
        self._is_shared = False
        self._evaluators: dict[str | None, Any] = {}

    @classmethod
    def from_file(cls, file: bytes) -> "FittedNetwork":
        """Return the net of a pickle, where it needs no check."""
        return cls(stored=networks.StoredNetwork.from_file(file))

    def to_file(self) -> bytes:
        """Return the net as the bytes of a ``.keras`` file."""
        if self._model is not None:
            return networks.write_network(self._model)
        assert self._stored is not None
        return self._stored.to_file()

    def check(self) -> None:
        """Make what predicts, so that a net that cannot be used fails here."""
        self._evaluators[None] = self._make_evaluator(None)
        if self._evaluators[None] is None:
            self.model  # noqa: B018

    @property
    def model(self) -> Any:
        """The Keras model, built when it is first asked for."""
        if self._model is None:
            with BUILDING:  # one model for all threads
                if self._model is None:
                    assert self._stored is not None
                    self._model = networks.read_network(self._stored.to_file())
        return self._model

    def share_model(self) -> Any:
        """Return the Keras model; from now on its weights are read at each call."""
        self._is_shared = True
        return self.model

    def predict(
        self,
        X: np.ndarray,
        part: str | None = None,
        *,
        dtype: Any = np.float32,
    ) -> np.ndarray:
        """Return the outputs of the net, or of a model in it, for each row."""
        if part not in self._evaluators or self._is_shared:
            self._evaluators[part] = self._make_evaluator(part)
        evaluator = self._evaluators[part]
        if evaluator is not None:
            return evaluator.predict(X, dtype)
        net = self.model if part is None else self.model.get_layer(part)
        return engine.predict(net, X, batch_size=_ROWS_AT_ONCE, dtype=dtype)

    def configuration(self, part: str | None = None) -> tuple[dict, dict]:
        """Return what the net, or a model in it, is made of."""
        if self._model is None:
            assert self._stored is not None
            return self._stored.part(part)
        net = self._model if part is None else self._model.get_layer(part)
        return networks.configuration_and_weights(net)

    def _make_evaluator(self, part: str | None) -> Any:
        """Return what evaluates a net in NumPy; None where that is Keras' business."""
        try:
            return networks.Evaluator(*self.configuration(part))
        except networks.NotEvaluableError:
            return None
