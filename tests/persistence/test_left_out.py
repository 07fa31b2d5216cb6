"""What an archive's writer may not decide for its reader, and what to install."""

import io

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from segmentlearn import SegmentClassifier, inspect, load, save
from segmentlearn.exceptions import ArchiveError
from tests.persistence.forgery import (
    GENUINE,
    mapping,
    node,
    plain,
    sequence,
    with_config,
    with_members,
    with_state,
)

ROWS = np.arange(12.0).reshape(4, 3)


def archive_of(estimator):
    file = io.BytesIO()
    save(estimator, file)
    return file.getvalue()


def forged(**attributes):
    """Return an archive whose classifier has other attributes."""

    def edit(schema):
        state = schema["content"]
        new = attributes.keys() - state["content"].keys()
        state["content"].update(attributes)
        state["key_types"]["content"] += [node("builtins.str", "TypeNode")] * len(new)

    return with_state(edit)


@pytest.mark.slow
def test_forged_log_dir_is_not_kept():
    """A later fit would write event files where the archive's writer chose."""
    assert load(io.BytesIO(forged(log_dir=plain("/tmp/evil")))).log_dir is None


@pytest.mark.slow
def test_forged_callbacks_are_not_kept():
    """Whatever stands there, a later fit runs none of it."""
    callbacks = sequence("list", mapping(filepath=plain("/tmp/evil")))
    assert load(io.BytesIO(forged(callbacks=callbacks))).callbacks is None


def test_forged_memory_of_a_pipeline_is_not_kept():
    """joblib unpickles what it finds in such a folder."""
    data = archive_of(make_pipeline(StandardScaler(), MinMaxScaler()).fit(ROWS))

    def forge(schema):
        schema["content"]["content"]["memory"] = plain("/tmp/evil")

    assert load(io.BytesIO(with_state(forge, data=data))).memory is None


def test_memory_is_not_written(tmp_path):
    """A folder of this machine; the pipeline itself keeps it."""
    pipeline = make_pipeline(StandardScaler(), MinMaxScaler(), memory=str(tmp_path))
    data = archive_of(pipeline.fit(ROWS))
    assert str(tmp_path).encode() not in data
    assert pipeline.memory == str(tmp_path)


def test_folder_among_the_parameters_of_a_search_is_not_kept():
    """Neither in the estimator of the search nor in the lists of what it tries."""
    pipeline = make_pipeline(StandardScaler(), MinMaxScaler())
    search = GridSearchCV(
        pipeline, {"memory": [None], "minmaxscaler__clip": [True]}, cv=2, scoring=_zero
    )
    search.scoring = None
    search.best_estimator_ = pipeline.fit(ROWS)
    search.param_grid = {"memory": ["/tmp/evil"], "minmaxscaler__clip": [True]}
    data = archive_of(search)
    assert load(io.BytesIO(data)).param_grid["memory"] == [None]


def _zero(estimator, X, y=None):
    return 0.0


def test_inspect_names_what_load_would_refuse():
    """Code by name is shown and not touched."""
    data = forged(activation=node("os.system", "FunctionNode"))
    info = inspect(io.BytesIO(data))
    assert "os.system" in info.refused
    assert "refused" in str(info)
    with pytest.raises(ArchiveError, match=r"os\.system"):
        load(io.BytesIO(data))


def test_inspect_names_layers_that_load_would_refuse():
    """A layer that holds code."""

    def forge(config):
        config["config"]["layers"][1]["class_name"] = "Lambda"
        config["config"]["layers"][1]["build_config"] = None

    assert "Lambda" in inspect(io.BytesIO(with_config(forge))).refused


def test_inspect_finds_nothing_to_refuse_in_an_honest_archive():
    """None, and no line on the page."""
    info = inspect(io.BytesIO(GENUINE))
    assert info.refused is None
    assert "refused" not in str(info)


def test_inspect_trusts_what_the_manifest_names(numbers):
    """The page says what to trust; that is no refusal."""

    class Shift(StandardScaler):
        pass

    Shift.__module__, Shift.__qualname__ = __name__, "Shift"
    globals()["Shift"] = Shift
    file = io.BytesIO()
    save(Shift().fit(ROWS), file, trusted=[Shift])
    assert inspect(file).refused is None


@pytest.mark.slow
@pytest.mark.parametrize("package", ["keras", "scikit-learn", "skops", "tensorflow"])
def test_error_names_the_newer_package_to_install(package):
    """A layer of tomorrow's Keras cannot be built today."""

    def forge(config):
        config["config"]["layers"][-1]["class_name"] = "LayerOfTomorrow"

    data = with_members({}, with_config(forge), versions={package: "99.1.0"})
    cure = rf'{package} 99\.1\.0 is newer.*pip install "{package}>=99\.1\.0"'
    with pytest.raises(ArchiveError, match=cure):
        load(io.BytesIO(data))


@pytest.mark.slow
def test_older_package_is_no_cure():
    """Only what is newer than here is to be installed."""

    def forge(config):
        config["config"]["layers"][-1]["class_name"] = "LayerOfTomorrow"

    data = with_members({}, with_config(forge), versions={"keras": "3.0.0"})
    with pytest.raises(ArchiveError) as caught:
        load(io.BytesIO(data))
    assert "pip install" not in str(caught.value)


@pytest.mark.slow
def test_net_of_two_estimators_is_built_once(numbers, make_net):
    """It was one net when it was saved."""
    net = make_net(n_members=1, n_inner_folds=0).fit(*numbers)
    other = SegmentClassifier()
    vars(other).update(vars(net))
    pipeline = make_pipeline(StandardScaler().fit(numbers[0]), net)
    pipeline.other_ = other
    file = io.BytesIO()
    save(pipeline, file)
    loaded = load(file)
    assert loaded.other_.model_ is loaded[-1].model_
