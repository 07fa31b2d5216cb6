"""The command ``audit``."""

import functools
import json

import numpy as np
import pandas as pd
import pytest

from segmentlearn import audit, make_customers
from tests import command_line
from tests.command_line import assert_one_line_error

run = functools.partial(command_line.run, "audit")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A clean table, one with an identifier, and new customers that are not new."""
    folder = tmp_path_factory.mktemp("audit")
    X, y = make_customers("automobile", 300, keep_id=True, random_state=0)
    whole = X.assign(Segmentation=y)
    whole.drop(columns="ID").to_csv(folder / "clean.csv", index=False)
    whole.to_csv(folder / "train.csv", index=False)
    X.head(120).to_csv(folder / "new.csv", index=False)
    return folder


def test_report_is_that_of_the_function(folder):
    """The command reads the file and shows what `audit` finds."""
    result = run(folder / "train.csv", "--target", "Segmentation")
    report = audit(pd.read_csv(folder / "train.csv"), "Segmentation")
    assert result.stdout == f"{report}\n"
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("file", "fail_on", "code"),
    [
        ("clean.csv", "error", 0),
        ("clean.csv", "warning", 0),
        ("train.csv", "error", 0),
        ("train.csv", "warning", 1),
        ("train.csv", "never", 0),
    ],
)
def test_exit_code(folder, file, fail_on, code):
    """1 where something so severe is found; the identifier is a warning."""
    result = run(folder / file, "--target", "Segmentation", "--fail-on", fail_on)
    assert result.exit_code == code


def test_known_customers_are_an_error(folder):
    """By default errors make the exit code 1."""
    arguments = ("--target", "Segmentation", "--new", folder / "new.csv", "--id", "ID")
    result = run(folder / "train.csv", *arguments)
    assert result.exit_code == 1
    assert "ERROR shared-entities: ID" in result.stdout
    assert "120 of 120 new rows (100%)" in " ".join(result.stdout.split())


def test_csv(folder):
    """A line a finding; the evidence is JSON."""
    out = folder / "findings.csv"
    arguments = ("--new", folder / "new.csv", "--out", out, "--fail-on", "never")
    result = run(folder / "train.csv", *arguments)
    assert (result.exit_code, result.stdout) == (0, "")
    frame = pd.read_csv(out).set_index("code")
    assert frame.loc["shared-entities", "columns"] == "ID"
    assert json.loads(frame.loc["shared-entities", "evidence"])["n_shared"] == 120


def test_markdown_by_name_of_the_file(folder):
    """The suffix decides where --format does not."""
    out = folder / "findings.md"
    run(folder / "train.csv", "--out", out)
    assert out.read_text(encoding="utf-8").startswith("# Audit\n")
    assert run(folder / "train.csv", "--format", "markdown").stdout == out.read_text(
        encoding="utf-8"
    )


def test_text_of_one_file_is_text_in_the_other(folder, tmp_path):
    """A column of text whose new cells all look like numbers has not changed."""
    for name, levels in (("a.csv", ["1", "x"]), ("b.csv", ["1", "1"])):
        numbers = np.random.default_rng(0).normal(size=40)
        frame = pd.DataFrame({"code": levels * 20, "number": numbers})
        frame.to_csv(tmp_path / name, index=False)
    result = run(tmp_path / "a.csv", "--new", tmp_path / "b.csv", "--format", "csv")
    assert "changed-kind" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--target", "Segmentatoin"), ("--target", "Did you mean 'Segmentation'?")),
        (("--id", "absent"), ("--id 'absent'",)),
        (("--target", "ID", "--id", "ID"), ("--id 'ID' is the --target",)),
        (("--format", "xml"), ("--format 'xml'", "'csv'")),
        (("--fail-on", "note"), ("--fail-on 'note'", "'never'")),
    ],
)
def test_wrong_options(folder, arguments, parts):
    """One line that names the option and the value; exit code 2."""
    assert_one_line_error(run(folder / "train.csv", *arguments), *parts)


def test_inputs_are_never_overwritten(folder):
    """--out must not be one of the files that are read."""
    new = folder / "new.csv"
    result = run(folder / "train.csv", "--new", new, "--out", new)
    assert_one_line_error(result, "is the input file")


def test_absent_file(folder):
    """The error names the file."""
    assert_one_line_error(run(folder / "absent.csv"), "absent.csv")
