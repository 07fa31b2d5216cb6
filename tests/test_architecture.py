"""The plan of the house: who may import whom, and what an import costs."""

import ast
import contextlib
import io
import pathlib
import subprocess
import sys
import tokenize

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "segmentlearn"
SOURCES = sorted(PACKAGE.rglob("*.py"))
NAMES = [str(path.relative_to(PACKAGE)) for path in SOURCES]

# the only places that import a foreign package
ROOMS = {
    "tensorflow": ("engine/",),
    "tensorboard": ("engine/_tensorboard_log.py",),
    "keras": ("engine/", "networks/", "persistence/"),
    "scikeras": ("neural_network/_keras/_wrapper.py",),
    "imblearn": ("sampling",),
    "skops": ("persistence/",),
    "typer": ("cli/",),
    "matplotlib": ("plotting/",),
    "jinja2": ("report/",),
    "onnx": ("export/_onnx/",),
    "sqlglot": ("export/_sql.py",),
    "mlflow": ("mlflow.py",),
    "streamlit": ("app/",),
    "dask": ("distributed/",),
    "distributed": ("distributed/",),
    "altair": ("app/_charts.py",),
}

every_source = pytest.mark.parametrize("path", SOURCES, ids=NAMES)


def nodes(path, *kinds):
    """Give the nodes of these kinds in a source file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def imports(path):
    """Give (module, name) for every import; name is None for a whole module."""
    found = []
    for node in nodes(path, ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names]
        else:
            found += [(node.module or "", alias.name) for alias in node.names]
    return found


def run(code):
    """Run Python code in a process of its own and return what it prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_contracts_are_kept():
    """No module imports from a higher floor; import-linter's contracts say which."""
    from importlinter.cli import lint_imports

    report = io.StringIO()
    with contextlib.redirect_stdout(report):
        status = lint_imports(
            config_filename=str(ROOT / "pyproject.toml"), no_cache=True
        )
    assert status == 0, report.getvalue()


@pytest.mark.slow
@every_source
def test_foreign_packages_stay_in_their_rooms(path):
    """TensorFlow, Keras and the like are imported in the named places only."""
    place = path.relative_to(PACKAGE).as_posix()
    for module, _ in imports(path):
        rooms = ROOMS.get(module.split(".")[0], ("",))
        assert place.startswith(rooms), f"{place} imports {module}"


@every_source
def test_private_names_of_scikit_learn_come_through_one_file(path):
    """Only _compat.py knows what scikit-learn does not document."""
    private = [
        (module, name)
        for module, name in imports(path)
        if module.startswith("sklearn")
        and any(part.startswith("_") for part in [*module.split("."), name or ""])
    ]
    assert not private or path.name == "_compat.py"


@pytest.mark.slow
@every_source
def test_imports_are_absolute(path):
    """Relative imports hide which floor a name comes from."""
    assert not [node for node in nodes(path, ast.ImportFrom) if node.level]


@every_source
def test_only_the_command_line_prints(path):
    """A library warns and raises; it does not write to the user's screen."""
    if path.relative_to(PACKAGE).parts[0] in ("cli", "cli.py", "__main__.py"):
        return
    calls = [node.func for node in nodes(path, ast.Call)]
    names = [call.id for call in calls if isinstance(call, ast.Name)]
    assert "print" not in names


def code_lines(path):
    """Count the lines that hold code, not documentation."""
    text = path.read_text(encoding="utf-8")
    blank = {
        *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER),
        *(tokenize.INDENT, tokenize.DEDENT),
    }
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in blank:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in nodes(path, ast.Module, ast.ClassDef, ast.FunctionDef):
        if ast.get_docstring(node):
            lines -= {*range(node.body[0].lineno, node.body[0].end_lineno + 1)}
    return len(lines)


@pytest.mark.slow
@every_source
def test_a_file_is_one_idea(path):
    """Files stay short, are documented, and are named for what they hold."""
    assert code_lines(path) <= 300
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert path.stem not in ("utils", "common", "helpers", "misc")


@pytest.mark.parametrize("folder", sorted({path.parent for path in SOURCES}), ids=str)
def test_a_folder_is_small_enough_to_know(folder):
    """More than fifteen modules side by side ask for packages within."""
    modules = [path for path in folder.glob("*.py") if path.stem != "__init__"]
    assert len(modules) <= 15


@every_source
def test_modules_below_a_package_are_private(path):
    """What others may import is what the package names."""
    if len(path.relative_to(PACKAGE).parts) > 1:
        assert path.stem.startswith("_")


@pytest.mark.slow
@every_source
def test_other_packages_are_imported_by_their_faces(path):
    """A module imports from another package only what its ``__init__`` names."""
    own = path.relative_to(PACKAGE).parts[0]
    for module, name in imports(path):
        parts = [part for part in (module, name) if part and part.startswith("_")]
        package = module.split(".")[1:2]
        if module.startswith("segmentlearn.") and package != [own]:
            assert module.count(".") == 1, module
            assert not parts, f"{module}: {name}"


def test_import_is_light():
    """`import segmentlearn` loads neither TensorFlow nor Keras."""
    heavy = ("tensorflow", "keras", "skops", "rich", "dask", "distributed")
    found = f"[m for m in {heavy} if m in sys.modules]"
    assert run(f"import segmentlearn, sys; print({found})") == "[]"


@pytest.mark.slow
def test_tasks_of_a_cluster_are_light():
    """A scheduler unpickles them, and keeps what they import."""
    code = (
        "import sys\n"
        "from segmentlearn.distributed import _parquet, _tasks\n"
        "print([m for m in ('dask', 'sklearn', 'scipy') if m in sys.modules])"
    )
    assert run(code) == "[]"


@pytest.mark.slow
def test_unfitted_estimator_is_light():
    """Making, printing, cloning and pickling an estimator needs no TensorFlow."""
    code = (
        "import pickle, sys\n"
        "from sklearn.base import clone\n"
        "from segmentlearn import SegmentClassifier\n"
        "clf = clone(SegmentClassifier.from_preset('campaign', random_state=0))\n"
        "pickle.loads(pickle.dumps(clf))\n"
        "print('tensorflow' in sys.modules, 'keras' in sys.modules, clf.max_epochs)"
    )
    assert run(code) == "False False 100"


@pytest.mark.slow
def test_wrong_parameters_are_refused_before_tensorflow_is_loaded():
    """A mistake costs no seconds: it is reported before the heavy import."""
    code = (
        "import sys\n"
        "from segmentlearn import SegmentClassifier\n"
        "try:\n"
        "    SegmentClassifier(max_epochs=0).fit([[0.0]] * 4, [0, 1, 0, 1])\n"
        "except ValueError as error:\n"
        "    print('max_epochs' in str(error), 'tensorflow' in sys.modules)"
    )
    assert run(code) == "True False"
