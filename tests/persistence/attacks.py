"""Small archives that would take gigabytes or minutes, one function each."""

import io
import json
import warnings
import zipfile

import numpy as np

from tests.persistence import forgery
from tests.persistence.forgery import (
    GENUINE,
    layer,
    mapping,
    node,
    pack,
    plain,
    sequence,
    sequential,
    with_attribute,
    with_config,
    with_members,
    with_network,
    with_state,
    with_weights,
)

HUGE = 6 * 10**7
RANGE = node(
    "builtins.range",
    "ConstructorFromReduceNode",
    sequence("tuple", plain(0), plain(10**8)),
)
DEFLATED = zipfile.ZIP_DEFLATED
DEEP = b'{"a":' * 10**5 + b"1" + b"}" * 10**5


def npy(array):
    """Return an npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def array_node(kind="numpy.ndarray", file="1.npy"):
    return node(kind, "NdArrayNode", None, type="numpy", file=file)


def object_array(items, *shape):
    return node(
        "numpy.ndarray",
        "NdArrayNode",
        items,
        type="json",
        shape=sequence("tuple", *map(plain, shape)),
    )


def input_layer(*shape):
    return layer("InputLayer", batch_shape=[None, *shape], dtype="float32")


def net(*layers):
    """Return an archive whose net is another model."""
    return with_config(lambda config: sequential(input_layer(4), *layers))


def nested(depth, inner):
    """Return a layer in so many models."""
    for _ in range(depth):
        inner = sequential(inner)
    return inner


def sparse_bomb():
    file = io.BytesIO()
    np.savez_compressed(
        file,
        indices=np.zeros(1, np.int32),
        indptr=np.zeros(2, np.int32),
        format=np.array(b"csr"),
        shape=np.array([1, 1]),
        data=np.zeros(2**27),
    )
    return file.getvalue()


def small_net():
    """Return a net of 16 KB that unfolds to 16 MB."""
    text = json.dumps({"a": " " * (16 * 2**20 - 100)})
    network = forgery.members(forgery.members(GENUINE)[forgery.NETWORK])
    return pack({**network, "config.json": text}, DEFLATED)


def compressed(file, name):
    del file[name]
    file.create_dataset(name, (2**28,), "f4", chunks=(2**20,), compression="gzip")
    file[name][: 2**20] = 0


def never_written(file, name):
    import h5py

    del file[name]
    space = h5py.h5s.create_simple((2**30,))
    h5py.h5d.create(file.id, name.encode(), h5py.h5t.IEEE_F32LE, space)


def external(file, name):
    shape = file[name].shape
    del file[name]
    file.create_dataset(name, shape, "f4", external=[("/etc/passwd", 0, 10**6)])


def virtual(file, name):
    import h5py

    layout = h5py.VirtualLayout(shape=(2**28,), dtype="f4")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "w", shape=(2**28,))
    del file[name]
    file.create_virtual_dataset(name, layout)


def linked(kind, *arguments):
    def edit(file, name):
        import h5py

        del file[name]
        file[name] = getattr(h5py, kind)(*arguments)

    return edit


def hard_link(file, name):
    for number in range(1000):
        file[f"again/{number}"] = file[name]


def many_groups(file, name):
    group = file
    for _ in range(500):
        group = group.create_group("g")


def twice(name):
    file = io.BytesIO(GENUINE)
    with warnings.catch_warnings(), zipfile.ZipFile(file, "a") as new:
        warnings.simplefilter("ignore")
        new.writestr(name, b"x")
    return file.getvalue()


def symbolic_link():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as new:
        for name, content in forgery.members(GENUINE).items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o120777 << 16
            new.writestr(info, content)
    return file.getvalue()


def many_entries():
    state = {f"{number}.bin": b"" for number in range(60_000)}
    return with_state(lambda schema: None, state, method=DEFLATED)


def text_in_state(text):
    state = forgery.members(forgery.members(GENUINE)["estimator.skops"])
    state["schema.json"] = text
    return with_members({"estimator.skops": pack(state, DEFLATED)})


def chain(n_layers, kind="Activation", **config):
    layers = []
    for number in range(n_layers):
        one = layer(kind, **config)
        one["name"] = one["config"]["name"] = f"l{number}"
        layers.append(one)
    return sequential(input_layer(4), *layers)


def branching(depth):
    """Return a model that calls one that calls another twice, and so on."""
    inner = chain(2, activation="relu")
    for number in range(depth):
        name = f"m{number}"
        inner = {**inner, "name": name, "module": "keras.src.models.sequential"}
        tensor = {
            "class_name": "__keras_tensor__",
            "config": {"shape": [None, 4], "dtype": "float32", "keras_history": []},
        }
        inner["inbound_nodes"] = [{"args": [tensor], "kwargs": {}}] * 8
        inner = {
            "module": "keras.src.models.functional",
            "class_name": "Functional",
            "config": {"name": "f", "layers": [input_layer(4), inner]},
            "registered_name": None,
        }
    return inner


def repeated_reference():
    """Return an archive in which one array of 4 MB is read a thousand times."""
    nodes = [array_node() for _ in range(1000)]
    return with_attribute(
        sequence("list", *nodes), {"1.npy": npy(np.zeros(2**19))}, DEFLATED
    )


def shared_lists():
    """Return an archive with a list in a list ... written once each, read as array."""
    inner = sequence("list", plain(0), plain(0))
    for number in range(1, 30):
        inner["__id__"] = number
        reference = {**inner, "content": []}
        inner = sequence("list", inner, reference)
    return with_attribute(object_array(inner["content"], *[2] * 30))


def seed_pool():
    state = mapping(entropy=plain(1), pool_size=plain(10**9))
    return with_attribute(
        node(
            "numpy.random._generator.Generator",
            "RandomGeneratorNode",
            {"bit_generator": mapping(bit_generator=plain("PCG64")), "seed_seq": state},
        )
    )


def numbered(value):
    """Return a layer that says it is the same as others of that number."""
    return {**value, "shared_object_id": 7}


def wide(name, build, **config):
    return lambda: net(layer(name, build, **config))


BIG_DENSE = layer("Dense", [None, 1000], units=10**6, use_bias=False)


def nested_wrapper(depth, inner):
    """Return a layer in so many wrappers, each of which makes two of it."""
    for _ in range(depth):
        inner = layer("Bidirectional", [None, 3, 4], layer=inner)
    return inner


def keras_object():
    """Return an archive whose optimizer is a wide layer."""
    return with_attribute(mapping(__keras__=plain(json.dumps(BIG_DENSE))))


ATTACKS = {
    # the zip file
    "bomb": lambda: pack({"manifest.json": bytes(2**30)}, DEFLATED),
    "bomb in a net": lambda: with_members({forgery.NETWORK: small_net()}),
    "member twice": lambda: twice("networks/0.keras"),
    "path name": lambda: with_members({"../../evil": b"x"}),
    "absolute path": lambda: with_members({"/tmp/evil": b"x"}),
    "archive in an archive": lambda: with_members({"estimator.skops": GENUINE}),
    "symbolic link": symbolic_link,
    "many entries": many_entries,
    "many nets": lambda: with_members(
        dict.fromkeys(
            [f"networks/{number}.keras" for number in range(300)], small_net()
        )
    ),
    "net that nobody wants": lambda: with_members(
        {"networks/1.keras": forgery.members(GENUINE)[forgery.NETWORK]}
    ),
    # JSON
    "deep manifest": lambda: pack({"manifest.json": b"[" * 10**6}, DEFLATED),
    "deep schema": lambda: text_in_state(DEEP),
    "empty lists": lambda: text_in_state(b"[" + b"[]," * (6 * 10**6) + b"1]"),
    "huge integer": lambda: text_in_state(b'{"protocol": ' + b"9" * 10**6 + b"}"),
    "huge text": lambda: text_in_state(b'{"a": "' + b"x" * (256 * 2**20) + b'"}'),
    "deep configuration": lambda: with_network(
        lambda network: network.update(
            {"config.json": '{"a":' * 10**5 + "1" + "}" * 10**5}
        )
    ),
    "json in json": lambda: with_attribute(
        node("builtins.str", "JsonNode", "[" + "[]," * (3 * 10**6) + "1]"),
        method=DEFLATED,
    ),
    # the state
    "set of a range": lambda: with_attribute(
        node(
            "builtins.frozenset", "ConstructorFromReduceNode", sequence("tuple", RANGE)
        )
    ),
    "array of a range": lambda: with_attribute(object_array([RANGE], 1, 10**8)),
    "masked array of a range": lambda: with_attribute(
        node("numpy.ma.MaskedArray", "MaskedArrayNode", {"data": RANGE, "mask": RANGE})
    ),
    "shared lists": shared_lists,
    "scalar of a number of bytes": lambda: with_attribute(
        array_node("numpy.void"), {"1.npy": npy(np.array(2**31 - 1))}
    ),
    "header of a huge array": lambda: with_attribute(
        array_node(),
        {"1.npy": npy(np.zeros(10)).replace(b"(10,), }", b"(10000000000,), }")},
    ),
    "npz in the state": lambda: with_attribute(
        node(
            "scipy.sparse._csr.csr_matrix",
            "SparseMatrixNode",
            type="scipy",
            file="1.npz",
        ),
        {"1.npz": sparse_bomb()},
    ),
    "array in the state": lambda: with_attribute(
        array_node(), {"1.npy": npy(np.zeros(2**26))}, DEFLATED
    ),
    "one array a thousand times": repeated_reference,
    "a million nodes": lambda: with_attribute(
        sequence("list", *[plain(1)] * 10**6), method=DEFLATED
    ),
    "seed of a billion words": seed_pool,
    # the net's weights
    "compressed weights": lambda: with_weights(compressed),
    "weights never written": lambda: with_weights(never_written),
    "weights in another file": lambda: with_weights(external),
    "virtual weights": lambda: with_weights(virtual),
    "external link": lambda: with_weights(linked("ExternalLink", "/tmp/o.h5", "/w")),
    "soft link": lambda: with_weights(linked("SoftLink", "/vars")),
    "hard links": lambda: with_weights(hard_link),
    "deep groups": lambda: with_weights(many_groups),
    "no weights": lambda: with_network(
        lambda network: network.update({"model.weights.h5": bytes(2000)})
    ),
    # the net's layers
    "wide Dense": wide("Dense", [None, 4], units=HUGE),
    "many Dense below any limit": lambda: net(
        *[layer("Dense", [None, 1000], units=1000) for _ in range(150)]
    ),
    "wide Dense without a shape": lambda: net(layer("Dense", units=10**5)),
    "wide LSTM": wide("LSTM", [None, 3, 4], units=20_000),
    "wide Embedding": wide("Embedding", [None, 4], input_dim=10**6, output_dim=10**3),
    "wide EinsumDense": wide(
        "EinsumDense", [None, 4], equation="ab,bc->ac", output_shape=[10**8]
    ),
    "wide Conv2D": wide(
        "Conv2D", [None, 8, 8, 3], filters=10**6, kernel_size=[100, 100]
    ),
    "wide SeparableConv1D": wide(
        "SeparableConv1D",
        [None, 8, 3],
        filters=10**6,
        kernel_size=9,
        depth_multiplier=99,
    ),
    "wide attention": wide(
        "MultiHeadAttention", [None, 8, 4], num_heads=10**4, key_dim=10**4
    ),
    "wide values of an attention": lambda: net(
        {
            **layer("MultiHeadAttention", num_heads=8, key_dim=64),
            "build_config": {
                "shapes_dict": {
                    "query_shape": [None, 1, 4],
                    "value_shape": [None, 1, 10**6],
                }
            },
        }
    ),
    "one number for two layers": lambda: net(
        layer("Dense", [None, 4], units=1, kernel_regularizer=numbered(BIG_DENSE)),
        numbered(layer("Dense", [None, 4], units=1)),
    ),
    "wide normalization": wide("LayerNormalization", [None, 10**4, 10**4], axis=[1, 2]),
    "wide PReLU": wide("PReLU", [None, 10**4, 10**4]),
    "wide layer in a wrapper": lambda: net(
        layer("TimeDistributed", [None, 3, 4], layer=layer("Dense", units=10**6 - 1))
    ),
    "wide layer in a nested model": lambda: net(
        nested(3, layer("Dense", [None, 100], units=10**6))
    ),
    "layer in a regularizer's place": lambda: net(
        layer("Dense", [None, 4], units=1, kernel_regularizer=BIG_DENSE)
    ),
    "layer in a constant": lambda: net(
        layer(
            "Dense",
            [None, 4],
            units=1,
            kernel_initializer={
                "module": "keras.initializers",
                "class_name": "Constant",
                "config": {"value": BIG_DENSE},
            },
        )
    ),
    "array of long texts": lambda: net(
        layer(
            "Rescaling",
            scale={
                "class_name": "__numpy__",
                "config": {"value": ["a"] * 9, "dtype": "S1000000000"},
            },
        )
    ),
    "low rank that is high": wide("Dense", [None, 4], units=4, lora_rank=10**9),
    "huge InputLayer": lambda: with_config(
        lambda config: sequential(input_layer(10**4, 10**4, 10**4))
    ),
    "huge RepeatVector": wide("RepeatVector", None, n=10**9),
    "huge Reshape": wide("Reshape", None, target_shape=[10**5, 10**5]),
    "huge ZeroPadding": wide("ZeroPadding1D", None, padding=[10**9, 10**9]),
    "huge UpSampling": wide("UpSampling2D", None, size=[10**6, 10**6]),
    "huge integer in a layer": wide("Dense", [None, 4], units=10**4000),
    "20,000 layers": lambda: with_config(
        lambda config: chain(20_000, activation="relu"), method=DEFLATED
    ),
    "20,000 Dense layers": lambda: with_config(
        lambda config: chain(20_000, "Dense", units=1), method=DEFLATED
    ),
    "models in models": lambda: net(nested(200, layer("Dropout", rate=0.1))),
    "models that call models": lambda: with_config(lambda config: branching(10)),
    "wrappers in wrappers": lambda: net(
        nested_wrapper(11, layer("LSTM", [None, 3, 4], units=4))
    ),
    "unrolled steps": wide("SimpleRNN", [None, 10**6, 4], units=1, unroll=True),
    "split into a million": lambda: net(
        layer("Split", module="keras.src.ops.numpy", indices_or_sections=10**6)
    ),
    "file for a vocabulary": wide("StringLookup", None, vocabulary="/etc/passwd"),
    "a million initializers": lambda: with_config(
        lambda config: {
            **config,
            "extra": [{"class_name": "Zeros", "module": "keras.initializers"}] * 10**6,
        },
        method=DEFLATED,
    ),
    "layer for an optimizer": keras_object,
}
