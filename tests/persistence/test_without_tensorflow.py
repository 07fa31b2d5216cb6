"""Loaded estimators predict without TensorFlow, and as the fitted ones did."""

import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.pipeline import make_pipeline

import segmentlearn as sl

pytestmark = pytest.mark.slow

# skops imports all of scikit-learn
HEAVY = ["tensorflow", "keras", "h5py", "skops"]
SCORING = """
import hashlib, json, pathlib, sys
import numpy as np
import segmentlearn as sl

X, _ = sl.make_customers("automobile", 300, random_state=1)

def digest(found):
    found = np.asarray(found)
    found = found.astype(str) if found.dtype == object else found
    return hashlib.sha256(found.tobytes()).hexdigest()

def outputs(model):
    names = ("predict", "predict_proba", "transform", "score_samples")
    found = {name: digest(getattr(model, name)(X)) for name in names
             if hasattr(model, name)}
    if isinstance(model, sl.Autoencoder):
        back = model.inverse_transform(model.transform(X))
        found["inverse_transform"] = digest(back["Age"].to_numpy())
    return found
"""


def estimators():
    """Return fitted estimators of every kind that has a net of its own."""
    X, y = sl.make_customers("automobile", 300, random_state=0)
    small = {"max_epochs": 3, "random_state": 0}
    coder = sl.Autoencoder(hidden_layer_sizes=(8,), noise=0.2, **small)
    names = ["Age", "Work_Experience"]
    numbers = make_pipeline(
        sl.TabularPreprocessor(), sl.SegmentClassifier((8,), **small)
    )
    return {
        "ensemble": sl.SegmentClassifier((8,), n_inner_folds=2, **small).fit(X, y),
        "net": sl.SegmentClassifier.from_preset("best-practices", **small).fit(X, y),
        "batch normalization": sl.SegmentClassifier.from_preset(
            "batch-norm", **small
        ).fit(X, y),
        "pipeline": numbers.fit(X, y),
        "autoencoder": coder.fit(X),
        "clusterer": sl.AutoencoderClusterer(n_clusters=3, random_state=0).fit(X),
        "inductive": sl.InductiveClusterer(
            AgglomerativeClustering(3),
            assign=sl.SegmentClassifier((4,), **small),
            random_state=0,
        ).fit(X[names].fillna(0)),
    }


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """Fitted estimators, and the archive of each."""
    folder = tmp_path_factory.mktemp("archives")
    fitted = estimators()
    for name, estimator in fitted.items():
        sl.save(estimator, folder / f"{name}.seg")
    return fitted, folder


def test_loaded_estimators_predict_without_tensorflow(archives):
    """Another process loads, predicts the same bits and never imports TensorFlow."""
    fitted, folder = archives
    code = (
        SCORING
        + f"HEAVY = {HEAVY}"
        + """
found = {}
for path in pathlib.Path(sys.argv[1]).glob("*.seg"):
    model = sl.load(path)
    if path.stem == "inductive":
        X = X[["Age", "Work_Experience"]].fillna(0)
    else:
        X, _ = sl.make_customers("automobile", 300, random_state=1)
    found[path.stem] = outputs(model)
heavy = [name for name in HEAVY if name in sys.modules]
print(json.dumps([found, heavy]))
"""
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found, heavy = json.loads(done.stdout.splitlines()[-1])
    assert heavy == []
    here = {}
    exec(SCORING, here)
    for name, estimator in fitted.items():
        X, _ = sl.make_customers("automobile", 300, random_state=1)
        here["X"] = X
        if name == "inductive":
            here["X"] = X[["Age", "Work_Experience"]].fillna(0)
        assert found[name] == here["outputs"](estimator), name


def test_command_line_scores_without_tensorflow(archives, tmp_path):
    """`segmentlearn predict` and `inspect` never import TensorFlow, nor skops."""
    _, folder = archives
    X, _ = sl.make_customers("automobile", 50, random_state=1)
    X.to_csv(tmp_path / "new.csv", index=False)
    for arguments in (
        ["predict", folder / "ensemble.seg", tmp_path / "new.csv"],
        ["predict", folder / "clusterer.seg", tmp_path / "new.csv"],
        ["inspect", folder / "ensemble.seg"],
    ):
        code = (
            "import sys\n"
            "from segmentlearn.cli import main\n"
            "try:\n"
            "    main()\n"
            "finally:\n"
            f"    found = sys.modules.keys() & set({HEAVY})\n"
            "    print(sorted(found), file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr.splitlines()[-1] == "[]"


def test_weights_set_by_hand_count(archives):
    """Whoever has the Keras model may set its weights; predictions follow."""
    fitted, folder = archives
    X, _ = sl.make_customers("automobile", 20, random_state=1)
    loaded = sl.load(folder / "net.seg")
    before = loaded.predict_proba(X)
    weights = loaded.model_.get_weights()
    np.testing.assert_array_equal(loaded.predict_proba(X), before)
    loaded.model_.set_weights([np.zeros_like(array) for array in weights])
    np.testing.assert_allclose(loaded.predict_proba(X), 0.25)
    np.testing.assert_array_equal(fitted["net"].predict_proba(X), before)


def test_loaded_estimator_is_saved_again_without_keras(archives, tmp_path):
    """An archive that is loaded and saved holds the same net."""
    fitted, folder = archives
    X, _ = sl.make_customers("automobile", 20, random_state=1)
    sl.save(sl.load(folder / "ensemble.seg"), tmp_path / "again.seg")
    again = sl.load(tmp_path / "again.seg").predict_proba(X)
    np.testing.assert_array_equal(again, fitted["ensemble"].predict_proba(X))
