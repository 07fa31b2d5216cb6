"""What a command leaves when it is stopped, its folder read-only, its disk full.

    sudo setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-all \\
        python docs/benchmarks/interruptions.py         # all commands, ten moments
    ... python docs/benchmarks/interruptions.py --only predict --moments 4
    ... python docs/benchmarks/interruptions.py --trouble SIGINT full --fresh

Each command runs once undisturbed, which says how long it takes and what it writes.
Then it is disturbed at random moments between its start and its end; half of them are
drawn from its last fifth, where it writes. Afterwards the exit code must not be 0,
old files be as they were, no other file be left in the folder of the outputs or in that
of temporary files, and one line on stderr say what happened, without a traceback.

SIGINT, SIGTERM   the signal is sent at the moment; a command that had finished its work
                  before may end with 0, and has written all its files then
read-only         the folder of the outputs loses its write permission at the moment
                  (a half-written file of another name may stay there: it cannot go)
full              the file system of the outputs is left a few bytes at the moment
start             it is read-only, or full, from the start; the figure is the share of
                  the undisturbed time after which the command said so
temporary         the folder of temporary files and the home folder are full from the
                  start on: a command that needs neither may end with 0

A command is a fork of a process that has imported what it needs, unless it is to be
--fresh, which takes longer and is disturbed while it starts and while it ends, too.
Needs Linux and root, who may mount, without the capability by which root writes where
nobody may.
"""

import argparse
import collections
import contextlib
import importlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import numpy as np
import pandas as pd

from segmentlearn import make_customers
from segmentlearn.cli import main as main_of_commands

LIMIT = 300  # seconds
DISK = "8m"
PROGRAM = "import sys; from segmentlearn.cli import main; sys.exit(main())"
TROUBLES = ("SIGINT", "SIGTERM", "read-only", "full", "start", "temporary")
IMPORTED = (
    *("segmentlearn.cli._commands", "pandas", "pyarrow.parquet", "pyarrow.compute"),
    *("sklearn.ensemble", "scipy.stats", "skops.io", "xlsxwriter", "jinja2", "rich"),
    *("segmentlearn.auditing", "segmentlearn.inspection", "segmentlearn.export"),
    *("segmentlearn.monitoring", "segmentlearn.report", "segmentlearn.plotting"),
    *("segmentlearn.ensemble", "segmentlearn.persistence", "onnx", "sqlglot"),
    *("segmentlearn.model_selection", "matplotlib.figure"),
)
SMALL = "--max-epochs 3 --random-state 0"


def customers(n_rows, seed):
    """A table with keys and known segments."""
    X, y = make_customers("automobile", n_rows, random_state=seed)
    X.insert(0, "customer", [f"c{number:06d}" for number in range(n_rows)])
    return X.assign(Segmentation=y)


def prepare(folder):
    """Write what the commands read."""
    train, new = customers(600, 0), customers(2000, 1)
    train.to_csv(folder / "train.csv", index=False)
    new.to_csv(folder / "new.csv", index=False)
    yes = np.where(train["Segmentation"] == "A", "Yes", "No")
    train.drop(columns="Segmentation").assign(churn=yes).to_csv(
        folder / "churn.csv", index=False
    )
    pd.concat([new.drop(columns="Segmentation")] * 60).to_csv(
        folder / "many.csv", index=False
    )
    new[["customer"]].head(50).to_csv(folder / "contacted.csv", index=False)
    (folder / "parts").mkdir()
    for name in "abc":
        pd.concat([new] * 10).to_csv(folder / "parts" / f"{name}.csv", index=False)
    new.head(1000).to_csv(folder / "small.csv", index=False)
    make = (
        f"fit train.csv --target Segmentation --id customer --out m.seg {SMALL}",
        f"fit churn.csv --target churn --id customer --out churn.seg {SMALL}",
        "fit train.csv --target Segmentation --id customer --model trees --out t.seg",
        "cluster train.csv --drop Segmentation --id customer --n-clusters 3 "
        "--out c.seg",
        "rename c.seg --out names.csv",
        "predict c.seg new.csv --key customer --out before.csv",
        "predict c.seg new.csv --key customer --out now.csv",
        "score m.seg new.csv --key customer --history history --period 2026-01 "
        "--fail-on never",
    )
    for command in make:
        words = [sys.executable, "-c", PROGRAM, *command.split()]
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
    names = pd.read_csv(folder / "names.csv")
    names["name"] = [f"kind {number}" for number in range(len(names))]
    names.to_csv(folder / "names.csv", index=False)


# name: words ({i} the inputs, {o} the outputs), and the files that there are before
COMMANDS = {
    "fit": (
        "fit {i}/train.csv --target Segmentation --id customer --out {o}/m.seg "
        "--max-epochs 3",
        ["m.seg"],
    ),
    "fit trees": (
        "fit {i}/train.csv --target Segmentation --id customer --model trees "
        "--out {o}/m.seg",
        ["m.seg"],
    ),
    "fit --out-of-core": (
        "fit {i}/train.csv --target Segmentation --id customer --out-of-core "
        "--out {o}/m.seg --max-epochs 3",
        ["m.seg"],
    ),
    "cluster": (
        "cluster {i}/small.csv --drop Segmentation --id customer --max-clusters 3 "
        "--out {o}/c.seg --scored {o}/scored.csv",
        ["c.seg", "scored.csv"],
    ),
    "predict": ("predict {i}/m.seg {i}/many.csv --out {o}/s.csv", ["s.csv"]),
    "predict parquet": (
        "predict {i}/m.seg {i}/many.csv --out {o}/s.parquet",
        ["s.parquet"],
    ),
    "predict xlsx": ("predict {i}/m.seg {i}/new.csv --out {o}/s.xlsx", ["s.xlsx"]),
    "predict gz": ("predict {i}/m.seg {i}/many.csv --out {o}/s.csv.gz", ["s.csv.gz"]),
    "predict folder": (
        "predict {i}/m.seg {i}/parts --out {o}/scored/",
        ["scored/a.csv", "scored/b.csv", "scored/c.csv"],
    ),
    "predict --top": (
        "predict {i}/churn.seg {i}/new.csv --top 100 --exclude {i}/contacted.csv "
        "--key customer --out {o}/list.csv",
        ["list.csv"],
    ),
    "predict --reasons": (
        "predict {i}/m.seg {i}/train.csv --reasons 2 --sets --novelty --out {o}/s.csv",
        ["s.csv"],
    ),
    "score": (
        "score {i}/m.seg {i}/new.csv --key customer --out {o}/s.csv "
        "--history {o}/history --report {o}/gates.html --fail-on never "
        "--period 2026-02",
        ["s.csv", "gates.html"],
    ),
    "compare": (
        "compare {i}/train.csv --target Segmentation --id customer --model trees "
        "--cv 2 --out {o}/c.xlsx",
        ["c.xlsx"],
    ),
    "rename": ("rename {i}/c.seg {i}/names.csv --out {o}/c.seg", ["c.seg"]),
    "rename (names)": ("rename {i}/c.seg --out {o}/names.xlsx", ["names.xlsx"]),
    "describe": ("describe {i}/many.csv", []),
    "audit": (
        "audit {i}/train.csv --target Segmentation --id customer --new {i}/new.csv "
        "--out {o}/a.md --fail-on never",
        ["a.md"],
    ),
    "audit xlsx": (
        "audit {i}/train.csv --target Segmentation --out {o}/a.xlsx --fail-on never",
        ["a.xlsx"],
    ),
    "migration": (
        "migration {i}/before.csv {i}/now.csv --key customer --out {o}/m.html",
        ["m.html"],
    ),
    "report": ("report {i}/m.seg {i}/train.csv --out {o}/r.html", ["r.html"]),
    "rules": ("rules {i}/t.seg {i}/small.csv --out {o}/r.md", ["r.md"]),
    "export onnx": ("export {i}/m.seg --to {o}/m.onnx", ["m.onnx"]),
    "export sql": ("export {i}/c.seg --to {o}/m.sql --key customer", ["m.sql"]),
    "inspect": ("inspect {i}/m.seg --markdown", []),
    "demo": ("demo --n-samples 200 --out {o}/demo", []),
}


def begin(words, env, files, is_fresh):
    """Start a command; return its process id."""
    if is_fresh:
        words = [sys.executable, "-c", PROGRAM, *words]
        return subprocess.Popen(words, stdout=files[0], stderr=files[1], env=env).pid
    if process := os.fork():
        return process
    code = 70
    try:
        for number, file in enumerate(files, start=1):
            os.dup2(file.fileno(), number)
        os.environ.update(env)
        tempfile.tempdir, sys.argv = None, ["segmentlearn", *words]
        main_of_commands()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)


class Run:
    """A command in folders of its own, and what it left."""

    def __init__(
        self, words, old, inputs, trouble=None, moment=0.0, seed=0, is_fresh=False
    ):
        with contextlib.ExitStack() as stack:
            root = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
            out, temporary, home = (root / n for n in ("out", "tmp", "home"))
            for folder in (out, temporary, home):
                folder.mkdir()
            if trouble in ("full", "start full", "start read-only"):
                stack.enter_context(mounted(out, DISK))
            if trouble == "temporary":
                for folder in (temporary, home):
                    stack.enter_context(mounted(folder, "64k"))
                    fill(folder, 0)
            for name in old:
                (out / name).parent.mkdir(exist_ok=True)
                (out / name).write_text(f"old {name}")
            if "{o}/history" in words:
                shutil.copytree(inputs / "history", out / "history")
            before = contents(out)
            if trouble == "start full":
                fill(out, 0)
            if trouble == "start read-only":
                out.chmod(0o555)
            self._run(
                words.format(i=inputs, o=out).split(),
                {**os.environ, "TMPDIR": str(temporary), "HOME": str(home)},
                lambda process: disturb(process, out, trouble, seed),
                moment,
                is_fresh,
            )
            self.is_read_only = "read-only" in (trouble or "")
            out.chmod(0o755)
            after = {n: b for n, b in contents(out).items() if n != ".filler"}
            self.left = sorted(
                [n for n in after if n not in before]
                + [f"tmp/{n}" for n in contents(temporary) if n != ".filler"]
            )
            self.changed = sorted(n for n in before if after.get(n) != before[n])
            self.files = after

    def _run(self, words, env, disturb, moment, is_fresh):
        started = time.perf_counter()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            process = begin(words, env, (out, errors), is_fresh)
            killer = threading.Timer(LIMIT, os.kill, [process, signal.SIGKILL])
            timer = threading.Timer(moment, disturb, [process])
            killer.start()
            if moment:
                timer.start()
            self.code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            self.seconds = time.perf_counter() - started
            for each in (timer, killer):
                each.cancel()
            if moment:
                timer.join()
            errors.seek(0)
            self.stderr = errors.read().decode()

    @property
    def said(self):
        """Lines on stderr that say what happened."""
        return [
            line
            for line in self.stderr.splitlines()
            if line.startswith(("Stopped: ", "Error: "))
        ]

    def check(self, codes, reference):
        """Return what is wrong; nothing where the command had done its work."""
        wrong = []
        if self.code == 0:
            # all was written: as by the undisturbed run, in names and number
            return [] if len(self.files) == len(reference.files) else ["half"]
        if self.code not in codes:
            wrong.append(f"exit code {self.code}")
        own = [n for n in self.changed if "had been written" not in self.stderr]
        new = [n for n in self.left if "had been written" not in self.stderr]
        if own:
            wrong.append(f"changed: {', '.join(own)}")
        half = [n for n in self.left if n.startswith("tmp/") or n.endswith(".part")]
        if (new or half) and not self.is_read_only:
            wrong.append(f"left: {', '.join(self.left)}")
        if len(self.said) != 1 or self.stderr.splitlines()[-1:] != self.said:
            wrong.append(f"{len(self.said)} lines say what happened, or not the last")
        known = {line[:24] for line in reference.stderr.splitlines()}
        others = [
            line
            for line in self.stderr.splitlines()
            if line not in self.said
            and line[:24] not in known
            and not line.startswith(("Note: ", "Warning: "))
        ]
        if others:
            wrong.append(f"stderr: {others[:3]}")
        return wrong


@contextlib.contextmanager
def mounted(folder, size):
    """A small disk in memory."""
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True
    )
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder, left):
    """Fill a disk but for some bytes."""
    with open(folder / ".filler", "ab", buffering=0) as file:
        facts = os.statvfs(folder)
        room = facts.f_bavail * facts.f_frsize - left
        with contextlib.suppress(OSError):
            file.write(bytes(max(0, room)))


def disturb(process, out, trouble, seed):
    """Let the trouble begin."""
    if trouble in ("SIGINT", "SIGTERM"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, getattr(signal, trouble))
    elif trouble == "read-only":
        out.chmod(0o555)
    elif trouble == "full":
        fill(out, int(np.random.default_rng(seed).integers(0, 40_000)))


def contents(folder):
    """Bytes of all files of a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def moments(n, seconds, rng):
    """Random moments, half of them in the last fifth."""
    early = rng.uniform(0.05, seconds, n - n // 2)
    return np.concatenate([early, rng.uniform(0.8 * seconds, seconds, n // 2)])


def measure(name, inputs, troubles, n_moments, show, is_fresh):
    """Disturb one command."""
    words, old = COMMANDS[name]
    reference = Run(words, old, inputs, is_fresh=is_fresh)
    if reference.code:
        print(f"{name}: ends with {reference.code} undisturbed: {reference.stderr}")
        return
    rng = np.random.default_rng(0)
    print(f"{name}: {reference.seconds:.1f} s undisturbed", flush=True)
    for trouble in troubles:
        codes = {"SIGINT": [130], "SIGTERM": [143]}.get(trouble, [2])
        kinds, when = [trouble] * n_moments, moments(n_moments, reference.seconds, rng)
        if trouble == "start":
            kinds, when = ["start read-only", "start full"], [0, 0]
        elif trouble == "temporary":
            kinds, when = [trouble], [0]
        if "{o}" not in words and trouble in ("read-only", "full", "start"):
            continue  # it writes nothing
        results = collections.Counter()
        for at, (kind, moment) in enumerate(zip(kinds, when, strict=True)):
            run = Run(words, old, inputs, kind, moment, at, is_fresh)
            wrong = run.check(codes, reference)
            results["wrong" if wrong else "done" if run.code == 0 else "right"] += 1
            if wrong or show:
                print(f"    {kind} at {moment:.2f} s: {'; '.join(wrong) or 'right'}")
                print(f"      {run.stderr[-3000:] if wrong else run.said}", flush=True)
            if trouble == "start":
                share = run.seconds / reference.seconds
                results[f"{kind[6:]} said at {share:.0%}"] += 1
        text = ", ".join(f"{what} {n}" for what, n in results.items())
        print(f"  {trouble}: {text}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=COMMANDS, nargs="*", default=list(COMMANDS))
    parser.add_argument("--trouble", choices=TROUBLES, nargs="*", default=TROUBLES)
    parser.add_argument("--moments", type=int, default=10)
    parser.add_argument("--inputs", type=pathlib.Path, help="folder kept for later")
    parser.add_argument("--fresh", action="store_true", help="processes of their own")
    parser.add_argument("--show", action="store_true", help="show each line")
    options = parser.parse_args()
    # what a shell starts in the background ignores it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.ExitStack() as stack:
        inputs = options.inputs
        if inputs is None:
            inputs = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        inputs.mkdir(exist_ok=True)
        for module in IMPORTED:
            importlib.import_module(module)
        if not (inputs / "names.csv").exists():
            prepare(inputs)
        for name in options.only:
            measure(
                *(name, inputs, options.trouble, options.moments, options.show),
                options.fresh,
            )


if __name__ == "__main__":
    main()
