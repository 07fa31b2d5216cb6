"""A net as a ``.keras`` file holds it, read without Keras."""

import io
import json
import re
import zipfile
from typing import Any, NamedTuple

import numpy as np

from segmentlearn.networks._numpy._hdf5 import StoredArray, array_of, read_arrays
from segmentlearn.networks._numpy._layers import NotEvaluableError

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"


class StoredNetwork(NamedTuple):
    """A net as a ``.keras`` file holds it, read and not built.

    Attributes
    ----------
    config : dict
        As Keras serializes a model.
    weights : bytes
        The HDF5 file in it.
    arrays : dict of str to StoredArray
        Where each array lies in that file, by its path.

    Examples
    --------
    >>> from segmentlearn import networks
    >>> spec = networks.ClassifierSpec(3, 2, hidden_layer_sizes=(4,))
    >>> file = networks.write_network(networks.build_classifier(spec, seed=0))
    >>> stored = networks.StoredNetwork.from_file(file)
    >>> sorted(stored.layer_weights())
    ['features', 'hidden_1', 'probabilities']
    """

    config: dict[str, Any]
    weights: bytes
    arrays: dict[str, StoredArray]

    @classmethod
    def from_file(cls, file: bytes) -> "StoredNetwork":
        """Read a file that is trusted; others are checked by `persistence` first."""
        with zipfile.ZipFile(io.BytesIO(file)) as members:
            weights = members.read(WEIGHTS)
            config = json.loads(members.read(CONFIG))
        return cls(config, weights, read_arrays(weights))

    def to_file(self) -> bytes:
        """Write the net anew, with what was read and nothing else.

        Whatever the original HDF5 file has beside its arrays never comes to the HDF5
        library, which is known to crash on damaged files.
        """
        import h5py

        weights = io.BytesIO()
        with h5py.File(weights, "w") as file:
            for path, stored in self.arrays.items():
                dataset = file.create_dataset(path, data=array_of(self.weights, stored))
                if stored.dtype == "bfloat16":
                    dataset.attrs["dtype"] = "bfloat16"
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as members:
            members.writestr(zipfile.ZipInfo(METADATA), b"{}")
            members.writestr(zipfile.ZipInfo(CONFIG), json.dumps(self.config))
            members.writestr(zipfile.ZipInfo(WEIGHTS), weights.getvalue())
        return written.getvalue()

    def part(self, name: str | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return configuration and weights of the net, or of a model in it."""
        config, weights = self.config, self.layer_weights()
        if name is None:
            return config, weights
        found = [
            layer
            for layer in config["config"]["layers"]
            if layer["name"] == name and name in weights
        ]
        if len(found) != 1:
            raise NotEvaluableError(f"no layer {name!r}")
        return found[0], weights[name]

    def layer_weights(self) -> dict[str, Any]:
        """Return each layer's arrays by its name; of a model in the net a dict."""
        arrays: dict[str, dict[int, np.ndarray]] = {}
        for path, stored in self.arrays.items():
            folder, _, number = path.rpartition("/vars/")
            if number.isdecimal():
                array = array_of(self.weights, stored)
                arrays.setdefault(folder, {})[int(number)] = array
        try:
            return _weights_of_layers(self.config["config"]["layers"], arrays, "")
        except (AttributeError, KeyError, TypeError) as error:
            raise NotEvaluableError(f"an unknown configuration ({error!r})") from error


def _weights_of_layers(
    layers: list[dict[str, Any]], arrays: dict[str, dict[int, np.ndarray]], path: str
) -> dict[str, Any]:
    """Find arrays as Keras names them: by the layers' classes, counted."""
    weights: dict[str, Any] = {}
    counts: dict[str, int] = {}
    for layer in layers:
        name = _snake_case(layer["class_name"])
        counts[name] = counts.get(name, -1) + 1
        own_path = f"{path}layers/{name}" + (f"_{counts[name]}" if counts[name] else "")
        inner = layer["config"].get("layers")
        if inner is not None:
            weights[layer["name"]] = _weights_of_layers(inner, arrays, f"{own_path}/")
            continue
        own = arrays.get(own_path.lstrip("/"), {})
        weights[layer["name"]] = [own[number] for number in sorted(own)]
    return weights


def _snake_case(name: str) -> str:
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
