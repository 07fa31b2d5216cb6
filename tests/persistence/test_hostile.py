"""Archives made to do harm are refused before anything is built."""

import io
import json
import os
import sys
import warnings
import zipfile

import keras
import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from segmentlearn import inspect, load, save
from segmentlearn.exceptions import ArchiveError
from segmentlearn.networks import write_network


def attribute(schema, name):
    """Return the node of an attribute of the archived classifier."""
    return schema["content"]["content"][name]


def function_node(module, name):
    return {"__class__": name, "__module__": module, "__loader__": "FunctionNode"}


@pytest.fixture
def forge(archive, edit_state, rewrite):
    """A function that changes the state's JSON and makes all hashes right."""

    def make(function):
        return rewrite(archive, {"estimator.skops": edit_state(archive, function)})

    return make


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "exec"),
        ("subprocess", "Popen"),
        ("importlib", "import_module"),
        ("numpy", "load"),
        ("numpy", "fromfile"),
        ("segmentlearn.persistence._archive", "save"),
        ("sklearn.datasets._base", "load_files"),
    ],
)
@pytest.mark.parametrize(
    "loader",
    [
        "FunctionNode",
        "TypeNode",
        "ObjectNode",
        "ListNode",
        "DictNode",
        "TupleNode",
        "NdArrayNode",
        "ConstructorFromReduceNode",
        "LossNode",
        "TreeNode",
    ],
)
def test_code_is_refused_wherever_it_is_named(loader, module, name, forge):
    """No kind of node may stand for a function or for a foreign class."""

    def plant(schema):
        empty = {
            "__class__": "dict",
            "__module__": "builtins",
            "__loader__": "DictNode",
            "key_types": {"content": []},
            "content": {},
        }
        node = {**function_node(module, name), "__loader__": loader}
        node["content"] = {} if loader == "DictNode" else []
        node["key_types"] = {
            "__class__": "list",
            "__module__": "builtins",
            "__loader__": "ListNode",
            "content": [],
        }
        node["__reduce__"] = {"args": empty}
        schema["content"]["content"]["activation"] = node

    with pytest.raises(ArchiveError):
        load(io.BytesIO(forge(plant)))


@pytest.mark.parametrize("loader", ["MethodNode", "PartialNode", "OperatorFuncNode"])
def test_bound_code_is_refused_even_if_trusted(loader, forge):
    """Methods and partial functions are never built, whatever a user trusts."""

    def plant(schema):
        node = {**function_node("functools", "partial"), "__loader__": loader}
        schema["content"]["content"]["activation"] = node

    with pytest.raises(ArchiveError, match=r"functools\.partial"):
        load(io.BytesIO(forge(plant)), trusted=["functools.partial"])


def test_functions_are_refused_even_if_trusted(forge):
    """Trust is for classes."""

    def plant(schema):
        schema["content"]["content"]["activation"] = function_node("os", "getcwd")

    with pytest.raises(ArchiveError, match="functions are never built"):
        load(io.BytesIO(forge(plant)), trusted=["os.getcwd"])


def test_number_of_an_older_skops_protocol_is_no_way_round(forge):
    """skops' first protocol named functions in a second place."""

    def plant(schema):
        schema["protocol"] = 0
        schema["content"]["content"]["activation"] = {
            **function_node("numpy", "cbrt"),
            "content": {"module_path": "os", "function": "system"},
        }

    with pytest.raises(ArchiveError, match="protocol 0"):
        load(io.BytesIO(forge(plant)))


def test_two_things_under_one_number_are_refused(forge):
    """skops builds a number once; what stands at the second place must be the same."""

    def plant(schema):
        first = attribute(schema, "activation")["__id__"]
        attribute(schema, "classes_")["__id__"] = first

    with pytest.raises(ArchiveError, match="two things at once"):
        load(io.BytesIO(forge(plant)))


def test_keys_cannot_be_calls(forge):
    """The type of a key is called with the key, so it must be a plain type."""

    def plant(schema):
        schema["content"]["key_types"]["content"][0] = function_node("numpy", "cbrt")

    with pytest.raises(ArchiveError, match=r"keys of type numpy\.cbrt"):
        load(io.BytesIO(forge(plant)))


def test_net_inside_the_state_is_refused(forge):
    """A net must be a member of its own, where it is checked."""

    def plant(schema):
        attribute(schema, "model_").update(__id__=1, content='"net"')

    with pytest.raises(ArchiveError, match="its estimators want"):
        load(io.BytesIO(forge(plant)))


def test_optimizer_that_is_no_optimizer_is_refused(forge):
    """Keras objects are checked like nets before they are read."""

    def plant(schema):
        config = {"module": "os", "class_name": "system", "config": {}}
        schema["content"]["content"]["optimizer"] = {
            "__class__": "dict",
            "__module__": "builtins",
            "__loader__": "DictNode",
            "key_types": {
                "__class__": "list",
                "__module__": "builtins",
                "__loader__": "ListNode",
                "content": [
                    {**function_node("builtins", "str"), "__loader__": "TypeNode"}
                ],
            },
            "content": {
                "__keras__": {
                    "__class__": "str",
                    "__module__": "builtins",
                    "__loader__": "JsonNode",
                    "content": json.dumps(json.dumps(config)),
                }
            },
        }

    with pytest.raises(ArchiveError, match=r"os\.system"):
        load(io.BytesIO(forge(plant)))


def test_deep_nesting_is_refused(forge):
    """A tree too deep for Python is an ArchiveError, not a crash."""

    def plant(schema):
        node = {"__class__": "int", "__module__": "builtins", "__loader__": "JsonNode"}
        node["content"] = "1"
        for _ in range(150):
            node = {
                "__class__": "list",
                "__module__": "builtins",
                "__loader__": "ListNode",
                "content": [node],
            }
        schema["content"]["content"]["activation"] = node

    data = forge(plant)
    limit = sys.getrecursionlimit()
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    sys.setrecursionlimit(depth + 200)
    try:
        with pytest.raises(ArchiveError, match=r"deeper|rebuilt|damaged"):
            load(io.BytesIO(data))
    finally:
        sys.setrecursionlimit(limit)


def lambda_network():
    inputs = keras.Input((7,))
    outputs = keras.layers.Lambda(lambda x: x)(inputs)
    return write_network(keras.Model(inputs, outputs))


def edit_config(network, function):
    with zipfile.ZipFile(io.BytesIO(network)) as old:
        members = {name: old.read(name) for name in old.namelist()}
    members["config.json"] = function(members["config.json"])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as new:
        for name, value in members.items():
            new.writestr(name, value)
    return file.getvalue()


def test_lambda_layer_is_refused(archive, rewrite):
    """A net with Python code in it is refused, also where Keras' safe mode is off."""
    data = rewrite(archive, {"networks/0.keras": lambda_network()})
    with pytest.raises(ArchiveError, match=r"keras\.layers\.Lambda"):
        load(io.BytesIO(data))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"class_name": "Dense"', b'"class_name": "TFSMLayer"'),
        (b'"module": "keras.layers"', b'"module": "os"'),
        (b'"module": "keras.layers"', b'"module": "keras.utils"'),
        (b'"module": "keras.layers"', b'"module": "keras_hub.layers"'),
        (b'"module": "keras.layers"', b'"module": null'),
    ],
)
def test_foreign_parts_of_a_net_are_refused(old, new, archive, rewrite, classifier):
    """A net may name only those parts of Keras that nets are built of."""
    network = write_network(classifier.model_)
    network = edit_config(network, lambda config: config.replace(old, new))
    data = rewrite(archive, {"networks/0.keras": network})
    with pytest.raises(ArchiveError, match=r"not Keras' own|do not have"):
        load(io.BytesIO(data))


@pytest.mark.slow
def test_class_registered_with_keras_is_built(numbers, make_net):
    """A layer of the user's own may come back while it is registered."""

    @keras.saving.register_keras_serializable("persistence_test")
    class Shift(keras.layers.Layer):
        def call(self, inputs):
            return inputs + 1.0

    net = make_net().fit(*numbers)
    net.model_ = keras.Sequential(
        [keras.Input((3,)), Shift(), keras.layers.Dense(2, "softmax")]
    )
    file = io.BytesIO()
    save(net, file)
    np.testing.assert_array_equal(
        load(file).predict_proba(numbers[0]), net.predict_proba(numbers[0])
    )
    registry = keras.saving.get_custom_objects()
    registry.pop("persistence_test>Shift")
    with pytest.raises(ArchiveError, match="Shift"):
        load(file)


def test_newer_protocol_names_the_writer_and_the_cure(archive, rewrite):
    """An archive of tomorrow says that segmentlearn must be upgraded."""
    data = rewrite(archive, {}, protocol=2, versions={"segmentlearn": "9.1"})
    expected = r"segmentlearn 9\.1 wrote the archive with protocol 2.*upgrade"
    for read in (load, inspect):
        with pytest.raises(ArchiveError, match=expected):
            read(io.BytesIO(data))


@pytest.mark.parametrize("protocol", [0, -1, True, "1", None, 1.0])
def test_protocol_must_be_a_number(protocol, archive, rewrite):
    """Nothing but a whole number from 1 on is a protocol."""
    with pytest.raises(ArchiveError, match="protocol is"):
        load(io.BytesIO(rewrite(archive, {}, protocol=protocol)))


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/passwd",
        "networks/../x.keras",
        "networks/01.keras",
        "a.pkl",
        "x/",
    ],
)
def test_other_members_are_refused(name, archive, rewrite):
    """Names that don't belong there, above all those that leave the archive."""
    with pytest.raises(ArchiveError, match="does not belong there"):
        load(io.BytesIO(rewrite(archive, {name: b"x"})))


@pytest.mark.parametrize(
    "changes",
    [
        {"networks/2.keras": b"x"},
        {"estimator.skops": None},
        {"networks/0.keras": None, "networks/1.keras": b"x"},
    ],
    ids=["gap", "no state", "no first net"],
)
def test_members_must_be_complete(changes, archive, rewrite):
    """The state, and nets numbered from 0 without a gap."""
    with pytest.raises(ArchiveError, match="in place of"):
        load(io.BytesIO(rewrite(archive, changes)))


def test_member_missing_from_the_manifest(archive):
    """A member that was slipped in is found."""
    file = io.BytesIO(archive)
    with zipfile.ZipFile(file, "a") as new:
        new.writestr("networks/1.keras", b"x")
    with pytest.raises(ArchiveError, match=r"networks/1\.keras"):
        load(file)


def test_member_twice(archive):
    """Two members of one name are refused: readers differ in which one they take."""
    file = io.BytesIO(archive)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with zipfile.ZipFile(file, "a") as new:
            new.writestr("networks/0.keras", b"x")
    with pytest.raises(ArchiveError, match="twice"):
        load(file)


def test_other_bytes_than_the_manifest_says(archive, rewrite):
    """The hashes are compared."""
    members = {
        "estimator.skops": {"sha256": "0" * 64, "size": 3},
        "networks/0.keras": {"sha256": "0" * 64, "size": 3},
    }
    with pytest.raises(ArchiveError, match="other bytes"):
        load(io.BytesIO(rewrite(archive, {}, members=members)))


@pytest.mark.slow
def test_bomb_is_refused_before_it_unfolds():
    """A small file that unfolds to much more is refused by its own declaration."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("manifest.json", bytes(2**30))
    with pytest.raises(ArchiveError, match="unfolds to 1,073,74"):
        load(file)


@pytest.mark.slow
def test_large_constant_arrays_are_not_taken_for_a_bomb():
    """What compresses too well is stored as it is, and can be read."""
    scaler = StandardScaler().fit(np.zeros((2, 3)))
    scaler.extra_ = np.zeros(3 * 2**20)
    file = io.BytesIO()
    save(scaler, file)
    assert load(file).extra_.shape == (3 * 2**20,)


@pytest.mark.parametrize(
    "name", ["created", "versions", "estimator", "classes", "feature_names", "metadata"]
)
def test_manifest_entries_have_their_kinds(name, archive, rewrite):
    """An entry of another kind is refused, also by inspect."""
    data = rewrite(archive, {}, **{name: 3.5})
    for read in (load, inspect):
        with pytest.raises(ArchiveError, match=f"no valid entry '{name}'"):
            read(io.BytesIO(data))


def test_estimator_is_what_the_manifest_names(archive, rewrite):
    """An archive cannot show one class and build another."""
    data = rewrite(archive, {}, estimator="sklearn.preprocessing._data.StandardScaler")
    with pytest.raises(ArchiveError, match="something else"):
        load(io.BytesIO(data))


def test_nothing_runs_while_a_hostile_archive_is_refused(forge, tmp_path, monkeypatch):
    """A call that would leave a trace leaves none."""
    monkeypatch.chdir(tmp_path)

    def plant(schema):
        schema["content"]["content"]["activation"] = {
            "__class__": "system",
            "__module__": "os",
            "__loader__": "ConstructorFromReduceNode",
            "content": {
                "__class__": "tuple",
                "__module__": "builtins",
                "__loader__": "TupleNode",
                "content": [
                    {
                        "__class__": "str",
                        "__module__": "builtins",
                        "__loader__": "JsonNode",
                        "content": '"touch trace"',
                    }
                ],
            },
        }

    with pytest.raises(ArchiveError, match=r"os\.system"):
        load(io.BytesIO(forge(plant)))
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_loading_never_unpickles(archive, monkeypatch):
    """Neither pickle nor what is built on it is called."""
    import pickle

    def fail(*args, **kwargs):
        raise AssertionError("pickle was called")

    monkeypatch.setattr(pickle, "load", fail)
    monkeypatch.setattr(pickle, "loads", fail)
    monkeypatch.setattr(pickle, "Unpickler", fail)
    load(io.BytesIO(archive))


def test_pickled_array_in_the_state_is_refused(numbers, edit_state, rewrite):
    """An array that NumPy would unpickle is refused by NumPy's own switch."""
    file = io.BytesIO()
    save(StandardScaler().fit(numbers[0]), file)
    state = edit_state(file.getvalue(), lambda schema: None)
    with zipfile.ZipFile(io.BytesIO(state)) as old:
        members = {name: old.read(name) for name in old.namelist()}
    pickled = io.BytesIO()
    np.save(pickled, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    evil = io.BytesIO()
    with zipfile.ZipFile(evil, "w") as new:
        for name, value in members.items():
            new.writestr(name, pickled.getvalue() if name.endswith("npy") else value)
    data = rewrite(file.getvalue(), {"estimator.skops": evil.getvalue()})
    with pytest.raises(ArchiveError, match="allow_pickle"):
        load(io.BytesIO(data))


def test_ufuncs_of_numpy_are_no_code():
    """Arithmetic by name is allowed: log1p of a transformer comes back."""
    file = io.BytesIO()
    save(FunctionTransformer(np.log1p).fit([[1.0]]), file)
    assert load(file).transform([[0.0]]).tolist() == [[0.0]]
