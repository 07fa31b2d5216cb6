"""Autoencoder: a few numbers for each customer, from which the columns come back."""

import os
import warnings
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_is_fitted

from segmentlearn import engine, networks
from segmentlearn._compat import HasMethods, Interval, StrOptions, fit_context
from segmentlearn.exceptions import CodeLengthWarning
from segmentlearn.neural_network import _neural_estimator, _settings
from segmentlearn.neural_network._autoencoder._column_layout import (
    ColumnLayout,
    principal_components,
    read_layout,
)
from segmentlearn.neural_network._log_folders import start_log
from segmentlearn.neural_network._split import Split

_MOST_COMPONENTS = 10
_ROWS_AT_ONCE = 16_384
_FEWEST_ROWS = 50  # to hold some of them out

# the published net of the mall customers: two encoding, two decoding layers
_PRESETS = {
    "mall": {
        "hidden_layer_sizes": (6,),
        "n_components": 3,
        "activation": "relu",
        "code_activation": "relu",
        "linear_path": False,
        "loss": "mse",
        "noise": 0.0,
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "learning_rate_schedule": "constant",
        "max_epochs": 100,
        "batch_size": 8,
        "early_stopping": False,
        "preprocessor": StandardScaler(),
    }
}


class Autoencoder(
    _neural_estimator.NeuralEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Transformer that codes each customer by a few numbers, learnt with a net.

    An encoder takes a row to its code, a decoder takes the code back to the row; both
    are trained together so that rows come back as they were. Raw frames with text and
    missing values are taken as they are. Codes are what a clusterer can work with, and
    a row that comes back badly is an anomalous customer.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Numbers of the code; "auto" is half the number of columns, from 2 to 10.
    hidden_layer_sizes : int or tuple of int, default=(128, 64)
        Units of the encoder's hidden layers; the decoder has them the other way round.
    activation : str, default="silu"
        Name of a Keras activation for the hidden layers.
    code_activation : str or None, default=None
        Name of a Keras activation for the code; None leaves it linear.
    linear_path : bool, default=True
        Whether a linear way leads past the hidden layers. Training then starts from the
        principal components of the table, and departs where that pays.
    loss : {"mixed", "mse"}, default="mixed"
        What coming back means. "mixed": a Gaussian likelihood with a learnt scale for
        each number, cross-entropy for each category, each cell counting the same and
        missing cells not at all. "mse": mean squared error over all prepared features.
    noise : float, default=0.1
        Share of the cells that are replaced, while training, by those of other
        customers, so that the code holds what columns say of each other.
    optimizer : str or keras.optimizers.Optimizer, default="adamw"
        Name of a Keras optimizer, or an object, which brings its own learning rate.
    learning_rate : float, default=2e-3
        Step size at the start of the schedule.
    learning_rate_schedule : str or callable, default="cosine"
        As in :class:`SegmentClassifier`.
    weight_decay : float, default=1e-4
        Decoupled weight decay of the optimizer.
    max_epochs : int, default=100
        Epochs at most.
    batch_size : int or "auto", default="auto"
        Rows of one step; "auto" grows with the table, from 16 to 1,024.
    early_stopping : bool, default=True
        Whether to hold rows out, stop when they come back no better, and keep the best
        epoch's weights. Tables of fewer than 50 rows hold none out.
    validation_fraction : float, default=0.1
        Share of the rows to hold out.
    n_iter_no_change : int, default=10
        Epochs without an improvement after which training stops.
    tol : float, default=0.0
        How much lower than the best a loss must be to count as an improvement.
    preprocessor : "auto", transformer or None, default="auto"
        As in :class:`SegmentClassifier`.
    callbacks : list of keras.callbacks.Callback or None, default=None
        Called at the beginning and end of training and of each epoch.
    log_dir : str, path-like or None, default=None
        Folder for TensorBoard, in which each fit makes one, named by its parameters.
        None writes nothing.
    verbose : {0, 1, 2}, default=0
        Silent, a progress bar, or one line an epoch.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, held-out rows, order of rows and noise.

    Attributes
    ----------
    model_ : keras.Model
        Its layers "encoder" and "decoder" are models of their own. Keras' own layers
        only.
    n_components_ : int
        Numbers of the code.
    history_ : dict of str to list of float
        ``loss``, ``val_loss`` (with early stopping) and ``learning_rate``, a value an
        epoch.
    n_iter_ : int
        Epochs trained.
    best_epoch_ : int or None
        Epoch (from 1) whose weights were kept; None without early stopping.
    preprocessor_ : transformer or None
        Fitted; None where tables are used as they come.
    n_features_in_ : int
        Columns seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns; only where `fit` was given a frame with text names.

    See Also
    --------
    sklearn.decomposition.PCA : The linear code of the same length.

    Notes
    -----
    Replacing cells by those of other rows is the denoising of [1]_ in the form that
    suits mixed columns.

    References
    ----------
    .. [1] P. Vincent, H. Larochelle, Y. Bengio and P.-A. Manzagol, "Extracting and
       composing robust features with denoising autoencoders", ICML 2008.

    Examples
    --------
    >>> from segmentlearn import Autoencoder, make_customers
    >>> X, _ = make_customers("mall", 200, random_state=0)
    >>> coder = Autoencoder(n_components=2, max_epochs=3, random_state=0).fit(X)
    >>> codes = coder.transform(X)
    >>> codes.shape
    (200, 2)
    >>> list(coder.inverse_transform(codes)) == list(coder.preprocessor_.column_kinds_)
    True
    """

    _parameter_constraints: dict = {
        **_neural_estimator.CONSTRAINTS,
        "n_components": [_neural_estimator.COUNT, _neural_estimator.AUTO],
        "hidden_layer_sizes": ["array-like", _neural_estimator.COUNT],
        "code_activation": [str, None],
        "linear_path": ["boolean"],
        "loss": [StrOptions({"mixed", "mse"})],
        "noise": [Interval(Real, 0, 1, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [_neural_estimator.COUNT],
        "preprocessor": [
            _neural_estimator.AUTO,
            HasMethods(["fit", "transform"]),
            None,
        ],
    }

    def __init__(
        self,
        n_components: int | str = "auto",
        *,
        hidden_layer_sizes: Any = (128, 64),
        activation: str = "silu",
        code_activation: str | None = None,
        linear_path: bool = True,
        loss: str = "mixed",
        noise: float = 0.1,
        optimizer: Any = "adamw",
        learning_rate: float = 2e-3,
        learning_rate_schedule: str | Callable = "cosine",
        weight_decay: float = 1e-4,
        max_epochs: int = 100,
        batch_size: int | str = "auto",
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 0.0,
        preprocessor: Any = "auto",
        callbacks: Sequence | None = None,
        log_dir: str | os.PathLike | None = None,
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.code_activation = code_activation
        self.linear_path = linear_path
        self.loss = loss
        self.noise = noise
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.weight_decay = weight_decay
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.preprocessor = preprocessor
        self.callbacks = callbacks
        self.log_dir = log_dir
        self.verbose = verbose
        self.random_state = random_state

    @classmethod
    def from_preset(cls, name: str, **parameters: Any) -> Self:
        """Return an autoencoder with the net and training of a published system.

        Parameters
        ----------
        name : {"mall"}
            "mall": 3-6-3-6-3 with ReLU, mean squared error, Adam, 100 epochs, batches
            of 8, on standardised columns.
        **parameters
            Parameters that replace the preset's.

        Returns
        -------
        autoencoder : Autoencoder
            Not fitted.

        Raises
        ------
        ValueError
            If there is no preset of that name.
        """
        if name not in _PRESETS:
            raise ValueError(f"preset {name!r} is not one of {sorted(_PRESETS)}.")
        return cls(**{**_PRESETS[name], **parameters})

    @fit_context(prefer_skip_nested_validation=True)
    @_neural_estimator.restore_on_failure
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn codes from which customers come back.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers.
        y : None
            Ignored.

        Returns
        -------
        self : Autoencoder
            Fitted.

        Raises
        ------
        SchemaError
            If a column cannot be used.
        ImportError
            If `log_dir` is given and the package ``tensorboard`` is missing.
        KeyboardInterrupt
            On Ctrl-C in the first epoch; the autoencoder is left as it was. If it comes
            later, `fit` warns and returns: the net has the best weights so far.
        """
        log = start_log(self, _PRESETS)
        self._plan_training(self._fit_table(X), log)()
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the code of each customer.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.

        Returns
        -------
        codes : ndarray of float32, shape (n_samples, n_components_)
        """
        check_is_fitted(self)
        return self._network.predict(self._read_table(X), "encoder")

    def inverse_transform(self, X: ArrayLike) -> pd.DataFrame | np.ndarray:
        """Return the customers that codes stand for.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components_)
            Codes.

        Returns
        -------
        X_original : frame or ndarray of shape (n_samples, n_features)
            In the columns of the table that `fit` was given, categories included;
            prepared features where the preprocessor has no `inverse_transform`.
        """
        check_is_fitted(self)
        codes = check_array(X, dtype=[np.float32, np.float64])
        if codes.shape[1] != self.n_components_:
            raise ValueError(
                f"X has {codes.shape[1]} columns; a code has {self.n_components_}."
            )
        features = self._network.predict(codes, "decoder")
        if hasattr(self.preprocessor_, "inverse_transform"):
            return self.preprocessor_.inverse_transform(features)
        return features

    def score_samples(self, X: Any) -> np.ndarray:
        """Return how well each customer comes back; the lower, the more anomalous.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.

        Returns
        -------
        scores : ndarray of float64, shape (n_samples,)
            The loss of each row with its sign changed. It grows with a likelihood
            under ``loss="mixed"`` and is at most 0 under ``loss="mse"``.
        """
        check_is_fitted(self)
        features = np.asarray(self._read_table(X), np.float32)
        scores = np.empty(len(features))
        outputs = self._network.predict(features)
        for start in range(0, len(features), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            scores[rows] = -self._measure(features[rows], outputs[rows])
        return scores

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean of `score_samples`, for searches.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.
        y : None
            Ignored.

        Returns
        -------
        score : float
        """
        return float(self.score_samples(X).mean())

    def _resolve_components(self, n_features: int, layout: ColumnLayout) -> int:
        """Return the length of the code, and warn where it compresses nothing."""
        n_columns = len(layout.columns)
        if self.n_components == "auto":
            return max(1, min(_MOST_COMPONENTS, max(2, n_columns // 2), n_features - 1))
        n_components = int(self.n_components)
        if n_components >= n_features:
            warnings.warn(
                f"n_components={n_components} is not less than the {n_features} "
                "prepared feature(s), so the code compresses nothing; use fewer.",
                CodeLengthWarning,
                stacklevel=5,
            )
        return n_components

    def _plan_training(
        self, features: np.ndarray, log: Any, width: int | None = None
    ) -> Callable[[], None]:
        """Build the net; return the function that trains it.

        A net whose code is shorter than `width` is trained with a code of that length,
        by the same program as the longest: what neither reaches a number of the code
        nor comes from it has no gradient, and stays zero.
        """
        random_state = check_random_state(self.random_state)
        seed = _neural_estimator.draw_seed(random_state)
        n_rows = len(features)
        model, settings = self._describe_fit(features, n_rows, seed)
        split = Split(np.arange(n_rows))
        if self._stops(n_rows):
            order = random_state.permutation(n_rows)
            n_held_out = max(1, round(self.validation_fraction * n_rows))
            split = Split(np.sort(order[n_held_out:]), np.sort(order[:n_held_out]))
        settings |= split.fit_arguments()
        trained = model
        if width is not None and self.n_components_ < width:
            trained = self._build(features, width, seed)
            networks.copy_padded(model, trained)

        fit = engine.fit  # which loads its modules, in this thread

        def train() -> None:
            result = fit(trained, features, features, log_dir=log, **settings)
            if trained is not model:
                networks.copy_padded(trained, model)
            self._set_fitted(model, result)

        return train

    def _stops(self, n_rows: int) -> bool:
        """Whether rows are held out, to stop on."""
        return self.early_stopping and n_rows >= _FEWEST_ROWS

    def _describe_fit(
        self, features: np.ndarray, n_rows: int, seed: int
    ) -> tuple[Any, dict]:
        """Return the net, and keywords of `engine.fit`.

        Features may be those of some of the rows.
        """
        n_features = features.shape[1]
        layout = read_layout(self.preprocessor_, n_features)
        self.n_components_ = self._resolve_components(n_features, layout)
        model = self._build(features, self.n_components_, seed)
        rule = engine.EarlyStopping(self.n_iter_no_change, self.tol)
        settings = {
            "loss": "mse" if self.loss == "mse" else _likelihood(layout),
            "seed": seed,
            "verbose": int(self.verbose),
            "callbacks": _settings.check_callbacks(self.callbacks),
            "optimizer": networks.build_optimizer(
                self.optimizer, self.learning_rate, self.weight_decay
            ),
            "learning_rate_schedule": self.learning_rate_schedule,
            "epochs": self.max_epochs,
            "batch_size": _settings.resolve_batch_size(self.batch_size, n_rows),
            "early_stopping": rule if self._stops(n_rows) else None,
        }
        return model, settings

    def _build(self, features: np.ndarray, n_components: int, seed: int) -> Any:
        """Build a net that starts from the principal components of the features."""
        layout = read_layout(self.preprocessor_, features.shape[1])
        spec = networks.AutoencoderSpec(
            n_features=features.shape[1],
            n_components=n_components,
            hidden_layer_sizes=tuple(
                _settings.check_layer_sizes(self.hidden_layer_sizes)
            ),
            activation=self.activation,
            code_activation=self.code_activation,
            is_linear_plus=bool(self.linear_path),
            noise=float(self.noise),
            columns=layout.columns,
        )
        directions, center = principal_components(features, n_components)
        n_scales = len(layout.numeric) if self.loss == "mixed" else 0
        return networks.build_autoencoder(spec, directions, center, seed, n_scales)

    def _set_fitted(self, model: Any, result: Any) -> None:
        """Set what a fitted autoencoder has."""
        self.model_, self.n_iter_ = model, result.n_epochs
        best = result.best_epoch
        self.best_epoch_ = None if best is None else int(best) + 1
        self.history_ = result.history

    def _measure(self, features: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        if self.loss == "mse":
            return ((features - outputs) ** 2).mean(axis=1, dtype=np.float64)
        layout = read_layout(self.preprocessor_, features.shape[1])
        return np.asarray(_likelihood(layout)(features, outputs), np.float64)

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


def _likelihood(layout: ColumnLayout) -> Callable:
    """Return the loss of rows of these columns."""
    return networks.mixed_likelihood(
        layout.numeric, layout.categories, layout.indicators
    )
