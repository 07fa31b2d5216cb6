"""The command ``cluster``, and what other commands make of its archives."""

import functools
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import DBSCAN, KMeans

import segmentlearn
from segmentlearn import (
    Autoencoder,
    AutoencoderClusterer,
    inspect,
    load,
    make_customers,
    save,
)
from segmentlearn.cluster import way_of
from segmentlearn.tables import read_table
from tests.command_line import assert_one_line_error, run


def tiny_autoencoder():
    return Autoencoder(hidden_layer_sizes=(8,), max_epochs=2)


@pytest.fixture(scope="module", autouse=True)
def quick():
    """A tiny net in place of the default one, and few samples for the number."""
    few = functools.partial(
        segmentlearn.select_n_clusters,
        criteria=["silhouette_gain", "bic", "stability"],
        n_bootstraps=3,
        n_references=2,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "segmentlearn.cluster._candidate_selection.Autoencoder",
            lambda max_epochs: tiny_autoencoder(),
        )
        patch.setattr(segmentlearn, "select_n_clusters", few)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table of customers, and one of customers to score."""
    folder = tmp_path_factory.mktemp("cluster")
    for name, n_rows, seed in (("mall.csv", 150, 0), ("new.csv", 30, 1)):
        X, _ = make_customers("mall", n_rows, n_segments=4, random_state=seed)
        X.insert(0, "CustomerID", [f"{number:04}" for number in range(n_rows)])
        X.to_csv(folder / name, index=False)
    return folder


@pytest.fixture(scope="module")
def clustered(folder):
    """What ``cluster`` printed when it had to find the number of segments."""
    before = (folder / "mall.csv").read_bytes()
    result = run(
        *("cluster", folder / "mall.csv", "--drop", "CustomerID"),
        *("--out", folder / "mall.seg", "--scored", folder / "scored.csv"),
    )
    assert result.exit_code == 0, result.stderr
    assert (folder / "mall.csv").read_bytes() == before
    return result


@pytest.fixture(scope="module")
def archive(clustered, folder):
    """The archive that ``cluster`` wrote."""
    return folder / "mall.seg"


@pytest.fixture
def one_kind(tmp_path):
    """A table of customers of one kind."""
    rows = np.random.default_rng(0).uniform(size=(150, 3))
    path = tmp_path / "one_kind.csv"
    pd.DataFrame(rows, columns=list("abc")).to_csv(path, index=False)
    return path


@pytest.mark.slow
def test_number_of_segments_is_found_and_explained(clustered, archive):
    """The recommended number is that of the model, and a reason follows."""
    head, reason = clustered.stdout.splitlines()[:2]
    n_clusters = load(archive).n_clusters_
    assert head == (
        f"How many segments? 2 to 10 were compared: {n_clusters} segments are "
        "recommended"
    )
    assert reason.startswith("  - ")
    assert f"\n  *{n_clusters:>9}" in clustered.stdout
    assert clustered.stderr == ""


@pytest.mark.slow
def test_next_period_goes_on_from_a_baseline(folder, archive):
    """Ids and edited names are those of the archive; the text says what happened."""
    april = load(archive)
    april.segment_names_[0] = "regulars"
    save(april, folder / "april.seg", metadata=inspect(archive).metadata)
    result = run(
        *("cluster", folder / "mall.csv", "--drop", "CustomerID", "--random-state", 1),
        *("--n-clusters", april.n_clusters_, "--baseline", folder / "april.seg"),
        *("--period", "May", "--out", folder / "may.seg"),
    )
    assert result.exit_code == 0, result.stderr
    assert "Segments since period 1, by id\n  Segment 0 (regulars)" in result.stdout
    may = inspect(folder / "may.seg")
    assert may.segments[0]["name"] == "regulars"
    assert list(may.segments[0]["sizes"]) == ["1", "May"]
    model = load(folder / "may.seg")
    assert model.baseline is None
    assert np.mean(model.labels_ == april.labels_) > 0.9


def test_baseline_holds_a_clusterer(folder, tmp_path):
    """Other models have no ids of segments."""
    save(KMeans(2, n_init=1).fit([[0.0], [1.0]]), tmp_path / "other.seg")
    result = run("cluster", folder / "mall.csv", "--baseline", tmp_path / "other.seg")
    assert_one_line_error(result, "--baseline", "holds a KMeans")


@pytest.mark.slow
def test_contest_is_told_in_words(clustered, archive):
    """Each candidate has a line, the selected one a mark and a sentence."""
    out = clustered.stdout
    (selected,) = [one for one in load(archive).candidates_ if one["selected"]]
    assert "3 ways to find segments competed" in out
    assert f"  * {way_of(selected)} " in out
    assert f"\nSelected (*): {way_of(selected)}" in out
    assert out.count(" on prepared columns  ") == 2


@pytest.mark.slow
def test_silhouettes_in_both_spaces(clustered, archive):
    """They are the model's."""
    model = load(archive)
    printed = " ".join(clustered.stdout.split())
    assert f"{model.silhouette_:.2f} in the prepared columns" in printed
    assert f"{model.latent_silhouette_:.2f} in the autoencoder's codes" in printed


@pytest.mark.slow
def test_each_segment_has_name_size_and_rule(clustered, archive):
    """Sizes are those of the labels, names those of the archive."""
    model = load(archive)
    printed = " ".join(clustered.stdout.split())
    for label, name in model.segment_names_.items():
        size = int(np.sum(model.labels_ == label))
        assert (
            f"Segment {label}: {name} ({size} customers, {size / 150:.0%})" in printed
        )
    assert printed.count(" Rule: ") == model.n_clusters_


@pytest.mark.slow
def test_lines_fit_a_terminal(clustered):
    """No line is longer than 88 characters."""
    report = clustered.stdout.partition("\nSaved to ")[0]
    assert max(map(len, report.splitlines())) <= 88


@pytest.mark.slow
def test_archive_knows_its_segments(archive):
    """The facts are there without loading anything."""
    facts, model = inspect(archive).metadata, load(archive)
    assert facts["n_clusters"] == model.n_clusters_
    assert facts["selected"] == model.selected_
    assert facts["segment_names"] == {
        str(label): name for label, name in model.segment_names_.items()
    }
    assert sum(facts["segment_sizes"].values()) == facts["n_customers"] == 150
    assert facts["schema"]["Gender"]["kind"] == "category"
    assert model.verbose == 0


@pytest.mark.slow
def test_inspect_shows_the_segments(archive):
    """A line each, under their title."""
    page, facts = run("inspect", archive).stdout, inspect(archive).metadata
    assert page.startswith("AutoencoderClusterer")
    assert f"    selected = {facts['selected']}\n" in page
    assert f"    segment_names\n      0 = {facts['segment_names']['0']}\n" in page


@pytest.mark.slow
def test_scored_file_keeps_all_columns(clustered, archive, folder):
    """Dropped ones too, as they stand; then segment, name and probabilities."""
    old = (folder / "mall.csv").read_text().splitlines()
    new = (folder / "scored.csv").read_text().splitlines()
    for before, after in zip(old, new, strict=True):
        assert after.startswith(before + ",")
    scored, model = pd.read_csv(folder / "scored.csv"), load(archive)
    numbers = range(model.n_clusters_)
    assert list(scored.columns[5:]) == [
        *("segment", "segment_name"),
        *(f"probability_{number}" for number in numbers),
    ]
    assert scored["segment"].tolist() == model.labels_.tolist()
    names = scored["segment"].map(model.segment_names_)
    assert scored["segment_name"].tolist() == names.tolist()


@pytest.mark.slow
def test_predict_scores_new_customers(archive, folder, tmp_path):
    """The columns are those of --scored, the numbers those of Python."""
    out = tmp_path / "scored.csv"
    result = run("predict", archive, folder / "new.csv", "--out", out)
    assert result.exit_code == 0, result.stderr
    scored, model = pd.read_csv(out), load(archive)
    rows = pd.read_csv(folder / "new.csv")[model.feature_names_in_]
    assert scored["segment"].tolist() == model.predict(rows).tolist()
    np.testing.assert_allclose(
        scored.filter(like="probability_"), model.predict_proba(rows), atol=1e-6
    )
    first = scored["segment"].min()
    count = int(np.sum(scored["segment"] == first))
    name = model.segment_names_[first]
    assert "30 customers scored:\n" in result.stderr
    assert f"  segment {first}, {name}: {count}\n" in result.stderr


@pytest.mark.slow
def test_predict_shows_noise_as_such(folder, tmp_path):
    """Customers without a segment are -1, and their name says it."""
    X = read_table(folder / "mall.csv").frame.drop(columns="CustomerID")
    clusterer = DBSCAN(eps=0.1, min_samples=4)
    model = AutoencoderClusterer(
        clusterer=clusterer, compare_baselines=False, random_state=0
    )
    model.fit(X).segment_names_ = {0: "the many"}
    save(model, tmp_path / "m.seg")
    out = tmp_path / "scored.csv"
    result = run("predict", tmp_path / "m.seg", folder / "new.csv", "--out", out)
    scored = pd.read_csv(out)
    names = scored.groupby("segment")["segment_name"].unique()
    assert names[-1].tolist() == ["noise (unassigned)"]
    assert names[0].tolist() == ["the many"]
    assert names[1].tolist() == ["segment 1"]
    assert "  segment -1, noise (unassigned): " in result.stderr


def test_predict_knows_clusterers_without_names(folder, tmp_path):
    """A plain k-means has numbers only: no column of names, no probabilities."""
    rows = read_table(folder / "mall.csv").frame[["Age"]]
    save(KMeans(2, n_init=1, random_state=0).fit(rows), tmp_path / "m.seg")
    result = run("predict", tmp_path / "m.seg", folder / "new.csv")
    assert result.stdout.splitlines()[0].endswith(",segment")


@pytest.mark.slow
def test_given_number_is_not_asked_for(folder):
    """Without a file to write, nothing is saved, and a line says so."""
    result = run(
        *("cluster", folder / "mall.csv", "--drop", "CustomerID"),
        *("--n-clusters", 3),
    )
    assert result.exit_code == 0, result.stderr
    assert "How many segments?" not in result.stdout
    assert "150 customers in 3 segments" in result.stdout
    assert result.stderr.startswith("Nothing was saved")


@pytest.mark.slow
def test_same_seed_writes_the_same_segments(folder, archive, tmp_path):
    """The number found, asked for, gives the same model."""
    again = tmp_path / "again.seg"
    result = run(
        *("cluster", folder / "mall.csv", "--drop", "CustomerID", "--quiet"),
        *("--n-clusters", load(archive).n_clusters_, "--out", again),
    )
    assert (result.exit_code, result.output) == (0, "")
    np.testing.assert_array_equal(load(again).labels_, load(archive).labels_)
    assert load(again).segment_names_ == load(archive).segment_names_


@pytest.mark.slow
@pytest.mark.parametrize("joint", ["idec", "dcn"])
def test_joint_training_without_baselines(joint, folder, tmp_path, monkeypatch):
    """The number can be asked for all the same, and the method is named."""
    fit = AutoencoderClusterer.fit
    monkeypatch.setattr(
        AutoencoderClusterer,
        "fit",
        lambda self, X: fit(self.set_params(joint_epochs=2), X),
    )
    out = tmp_path / "m.seg"
    result = run(
        *("cluster", folder / "mall.csv", "--drop", "CustomerID", "--out", out),
        *("--joint", joint, "--no-baselines"),
    )
    assert result.exit_code == 0, result.stderr
    assert f"Found by joint training ({joint.upper()}) on codes of 2" in result.stdout
    assert load(out).joint == joint


@pytest.mark.slow
def test_no_segments_is_an_answer(one_kind, tmp_path):
    """It is reported, with a cure, and nothing is written."""
    out = tmp_path / "m.seg"
    result = run("cluster", one_kind, "--out", out)
    assert result.exit_code == 1
    assert "no segments are found" in result.stdout
    assert result.stderr.startswith("No segments: ")
    assert "To divide them anyway" in result.stderr
    assert "--n-clusters 4" in result.stderr
    assert not out.exists()


@pytest.mark.slow
def test_identifiers_are_left_out_with_one_line(folder):
    """Neither fit nor profile takes them, and only one of the two says so."""
    result = run("cluster", folder / "mall.csv", "--n-clusters", 2, "--quiet")
    warning, hint = result.stderr.splitlines()
    assert warning.startswith("Warning: ")
    assert "'CustomerID'" in warning
    assert hint.startswith("Nothing was saved")


@pytest.mark.slow
def test_most_that_was_asked_about_is_a_doubt(folder, monkeypatch):
    """A recommendation at the end of the range is not sold as a finding."""
    found = segmentlearn.select_n_clusters(
        KMeans(n_init=1), read_table(folder / "mall.csv").frame[["Age"]], [2, 3]
    )
    object.__setattr__(found, "recommended", 3)
    monkeypatch.setattr(segmentlearn, "select_n_clusters", lambda *_, **__: found)
    result = run("cluster", folder / "mall.csv", "--drop", "CustomerID")
    assert "3 is the most that was asked about" in result.stdout


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--n-clusters", "few"], ["--n-clusters 'few'", "'auto'"]),
        (["--n-clusters", "1"], ["--n-clusters '1'", "from 2 on"]),
        (["--n-clusters", "3", "--max-clusters", "4"], ["for --n-clusters auto"]),
        (["--max-clusters", "76"], ["--max-clusters 76", "half of the 150"]),
        (["--min-clusters", "6", "--max-clusters", "4"], ["--min-clusters 6"]),
        (["--n-clusters", "151"], ["--n-clusters 151", "150 customers"]),
        (["--joint", "dec"], ["--joint 'dec'", "'idec' or 'dcn'"]),
        (["--drop", "Agee"], ["--drop 'Agee'", "Did you mean 'Age'?"]),
        (["--sep", ",,"], ["--sep ',,'"]),
        (["--out", "/nonexistent/m.seg"], ["--out /nonexistent"]),
        (["--scored", "/nonexistent/m.csv"], ["--scored /nonexistent"]),
        (["--scored", "."], ["--scored . is a folder"]),
        (["--out", "m.seg", "--scored", "m.seg"], ["is the file of --out"]),
    ],
)
def test_bad_options(options, parts, folder):
    """The option and its value are named."""
    assert_one_line_error(run("cluster", folder / "mall.csv", *options), *parts)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["is empty"]),
        ("a,b\n", ["no rows"]),
        ("a,b\n1,2\n2,3\n3,4\n", ["4 customers or more", "there are 3"]),
        ("a,b\n" + "1,2\n" * 20, ["all 20 rows", "a, b", "are the same"]),
        ("a,b\ninf,2\n" + "1,2\n2,3\n" * 10, ["'a'", "inf"]),
    ],
)
def test_bad_tables(text, parts, tmp_path):
    """Each is exit code 2 and one line that names the cure or the place."""
    path = tmp_path / "table.csv"
    path.write_text(text)
    assert_one_line_error(run("cluster", path), *parts)


def test_nothing_left_to_find_segments_in(folder):
    """All columns may be dropped by mistake."""
    names = ",".join(read_table(folder / "new.csv").columns)
    result = run("cluster", folder / "new.csv", "--drop", names)
    assert_one_line_error(result, "no column is left", "--drop")


def test_input_files_are_never_overwritten(folder):
    """Neither by the archive nor by the scored customers."""
    path = folder / "mall.csv"
    before = path.read_bytes()
    for option in ("--out", "--scored"):
        result = run("cluster", path, option, path)
        assert_one_line_error(result, f"{option} {path} is the input file")
    assert path.read_bytes() == before


def test_profile_says_where_nothing_differs(folder, monkeypatch):
    """Segments drawn at random have no distinguishing features and hardly a rule."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=60)})
    profile = segmentlearn.segment_profile(rng.integers(0, 2, 60), X, rule_depth=None)
    monkeypatch.setattr(segmentlearn, "segment_profile", lambda *_, **__: profile)
    text = run("cluster", folder / "mall.csv", "--n-clusters", 2).stdout
    assert "60 customers in 2 segments" in text
    assert text.count("no column differs much from the other customers") == 2
    assert "Rule: " not in text


def test_segments_have_their_share_of_the_value(folder):
    """Beside their share of the customers."""
    value = ("--value", "Annual Income (k$)")
    shown = run("cluster", folder / "mall.csv", "--n-clusters", 2, *value).stdout
    text = " ".join(shown.split())
    of = re.escape("% of Annual Income (k$)")
    assert len(re.findall(rf"customers, \d+%, with \d+{of}", text)) == 2


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (("idec on codes", 3), "joint training (IDEC) on codes of 3 numbers"),
        (("consensus on codes of 2 autoencoders", [4, 2]), "on the codes of 2 auto"),
        (("mixture on codes", 1), "Gaussian mixture on codes of 1 number"),
        (("Birch on prepared", None), "Birch on prepared columns"),
    ],
)
def test_ways_in_words(facts, words):
    """Methods have their usual names, others that of their class."""
    name, length = facts
    space = name.split()[2]
    candidate = {"name": name, "space": space, "n_components": length}
    assert words in way_of(candidate)
