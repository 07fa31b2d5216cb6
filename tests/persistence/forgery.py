"""Archives taken apart and put together again, with every hash made right."""

import hashlib
import io
import json
import pathlib
import zipfile

GENUINE = (
    pathlib.Path(__file__).resolve().parents[1] / "data" / "protocol_1.seg"
).read_bytes()
NETWORK = "networks/0.keras"
STATE = "estimator.skops"


def members(data):
    """Return what a zip file holds."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def pack(content, method=zipfile.ZIP_STORED):
    """Return a zip file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as new:
        for name, value in content.items():
            new.writestr(name, value)
    return file.getvalue()


def with_members(changes, data=GENUINE, method=zipfile.ZIP_STORED, **entries):
    """Return an archive with other members, and a manifest that knows them."""
    content = {**members(data), **changes}
    manifest = {**json.loads(content.pop("manifest.json")), **entries}
    manifest["members"] = {
        name: {"sha256": hashlib.sha256(value).hexdigest(), "size": len(value)}
        for name, value in content.items()
    }
    return pack({"manifest.json": json.dumps(manifest), **content}, method)


def with_state(edit, extra=None, data=GENUINE, method=zipfile.ZIP_STORED):
    """Return an archive whose state's JSON was edited in place."""
    state = members(members(data)[STATE])
    schema = json.loads(state["schema.json"])
    edit(schema)
    state["schema.json"] = json.dumps(schema).encode()
    return with_members({STATE: pack({**state, **(extra or {})}, method)}, data)


def with_attribute(node, extra=None, method=zipfile.ZIP_STORED):
    """Return an archive whose classifier has another attribute."""

    def edit(schema):
        schema["content"]["content"]["activation"] = node

    return with_state(edit, extra, method=method)


def with_network(edit, data=GENUINE, method=zipfile.ZIP_STORED):
    """Return an archive whose net's members were edited in place."""
    network = members(members(data)[NETWORK])
    edit(network)
    return with_members({NETWORK: pack(network, method)}, data)


def with_config(edit, method=zipfile.ZIP_STORED):
    """Return an archive whose net's configuration was edited or replaced."""

    def edit_network(network):
        config = json.loads(network["config.json"])
        network["config.json"] = json.dumps(edit(config) or config)

    return with_network(edit_network, method=method)


def with_weights(edit):
    """Return an archive whose net's HDF5 file was edited: file, name of an array."""
    import h5py

    def edit_network(network):
        file = io.BytesIO(network["model.weights.h5"])
        with h5py.File(file, "r+") as weights:
            found = []
            weights.visititems(
                lambda name, item: (
                    found.append(name) if getattr(item, "ndim", 0) == 2 else None
                )
            )
            edit(weights, found[0])
        network["model.weights.h5"] = file.getvalue()

    return with_network(edit_network)


def node(name, loader, content=None, **entries):
    """Return a node of a skops file; `name` is a class with its module."""
    module, _, short = name.rpartition(".")
    return {
        "__class__": short,
        "__module__": module,
        "__loader__": loader,
        "content": content,
        **entries,
    }


def plain(value):
    """Return the node of a plain value."""
    return node(f"builtins.{type(value).__name__}", "JsonNode", json.dumps(value))


def sequence(kind, *nodes):
    """Return the node of a list, a tuple or a set."""
    return node(f"builtins.{kind}", f"{kind.capitalize()}Node", list(nodes))


def mapping(**nodes):
    """Return the node of a dict with keys of text."""
    key = node("builtins.str", "TypeNode")
    return node(
        "builtins.dict",
        "DictNode",
        nodes,
        key_types=sequence("list", *[key] * len(nodes)),
    )


def layer(name, build=None, module="keras.layers", **config):
    """Return a layer as it stands in a configuration."""
    return {
        "module": module,
        "class_name": name,
        "config": {"name": name.lower(), **config},
        "registered_name": None,
        "name": name.lower(),
        **({} if build is None else {"build_config": {"input_shape": build}}),
    }


def sequential(*layers):
    """Return a model of layers one after the other."""
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "model", "layers": list(layers)},
        "registered_name": None,
    }
