"""The documentation is true: its code runs, and every public name has its place."""

import ast
import importlib
import re
import textwrap
from pathlib import Path

import pytest
import sklearn
from packaging.version import Version

import segmentlearn
from segmentlearn import make_customers

HOUSE = Path(__file__).parents[1]
PAGES = [
    *sorted((HOUSE / "docs").rglob("*.rst")),
    HOUSE / "README.md",
]
# what follows is Python; other blocks name their language
START_OF_CODE = re.compile(
    r"^(?!\s*\.\. )(?P<indent> *)\S?.*::$|^\.\. code-block:: python$"
)


def python_of(page):
    """Return the Python blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".md":
        return re.findall(r"^```python\n(.*?)^```$", text, flags=re.M | re.S)
    blocks, lines = [], text.splitlines()
    for number, line in enumerate(lines):
        if START_OF_CODE.match(line):
            indent = len(line) - len(line.lstrip())
            block = []
            for following in lines[number + 1 :]:
                if (
                    following.strip()
                    and len(following) - len(following.lstrip()) <= indent
                ):
                    break
                block.append(following)
            blocks.append(textwrap.dedent("\n".join(block)))
    return blocks


def pages_with_code():
    """Return the pages that have Python, generated ones left out."""
    generated = {"_build", "auto_examples", "generated"}
    return [
        page
        for page in PAGES
        if not generated & set(page.relative_to(HOUSE).parts) and python_of(page)
    ]


@pytest.fixture
def folder_of_a_reader(tmp_path, monkeypatch):
    """A folder with the tables that the pages read."""
    pytest.importorskip("matplotlib").use("agg")
    monkeypatch.chdir(tmp_path)
    X, y = make_customers("automobile", 600, random_state=0)
    X.assign(ID=range(len(X)), Segmentation=y).to_csv("auto_train.csv", index=False)
    make_customers("automobile", 60, random_state=1)[0].to_csv(
        "auto_new.csv", index=False
    )
    X, y = make_customers("bank", 1500, random_state=0)
    X.assign(id=range(len(X)), term_deposit_subscribed=y).to_csv(
        "bank.csv", index=False
    )
    X, _ = make_customers("mall", 200, random_state=0)
    X.assign(CustomerID=range(len(X))).to_csv("mall.csv", index=False)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", pages_with_code(), ids=lambda page: str(page.relative_to(HOUSE))
)
@pytest.mark.usefixtures("folder_of_a_reader")
def test_code_of_the_page_runs(page):
    """Blocks run one after the other, as a reader would paste them."""
    if page.name == "tuning.rst" and Version(sklearn.__version__) < Version("1.7"):
        pytest.skip("the extra 'tune' needs scikit-learn 1.7")
    pyplot = importlib.import_module("matplotlib.pyplot")
    names = {"__name__": "__main__"}
    try:
        for number, block in enumerate(python_of(page), start=1):
            exec(compile(block, f"{page.name}, block {number}", "exec"), names)
    finally:
        pyplot.close("all")


def test_links_of_the_readme_lead_somewhere():
    """Every file that the README links to is there."""
    links = re.findall(r"\]\(([^):]+)\)", (HOUSE / "README.md").read_text())
    assert links
    assert [link for link in links if not (HOUSE / link).exists()] == []


def test_every_public_name_is_in_the_reference():
    """Each name of ours has an entry in docs/api.rst, where it is imported from."""
    listed = set(
        re.findall(
            r"^   ([\w.]+)$", (HOUSE / "docs" / "api.rst").read_text(), flags=re.M
        )
    )
    wanted = set(segmentlearn._NAMES)
    for package in segmentlearn._SUBPACKAGES:
        module = importlib.import_module(f"segmentlearn.{package}")
        for name in getattr(module, "__all__", vars(module)):
            value = getattr(module, name)
            home = getattr(value, "__module__", "")
            is_on_top = name in segmentlearn._NAMES
            is_on_top = is_on_top and getattr(segmentlearn, name) is value
            if home.startswith("segmentlearn") and not is_on_top:
                wanted.add(f"{package}.{name}")
    assert listed == wanted


def test_every_example_has_its_place_in_the_gallery():
    """The order of the gallery names the files that are there, and no others."""
    story = (HOUSE / "docs" / "_ext" / "gallery_order.py").read_text()
    ordered = set(re.findall(r'"(plot_\w+\.py)"', story))
    assert ordered == {path.name for path in (HOUSE / "examples").glob("plot_*.py")}


@pytest.mark.parametrize(
    "example",
    sorted((HOUSE / "examples").glob("plot_*.py")),
    ids=lambda path: path.stem,
)
def test_examples_import_public_names(example):
    """An example shows what users may import, under the names of the API."""
    for node in ast.walk(ast.parse(example.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not node.module.startswith(
            "segmentlearn"
        ):
            continue
        assert "._" not in node.module
        module = importlib.import_module(node.module)
        for alias in node.names:
            assert alias.name in dir(module)
            assert not alias.name.startswith("_")
