"""Small archives that ask for gigabytes or minutes are refused at once."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from tests.persistence import attacks

pytestmark = pytest.mark.skipif(
    not pathlib.Path("/proc/self/clear_refs").exists(),
    reason="the peak of a process's memory is read as Linux has it",
)


@pytest.fixture(scope="module")
def measured():
    """Outcome, seconds and MB by attack and function, all of one process."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.persistence.measure_attacks"],
        cwd=pathlib.Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert run.returncode == 0, run.stderr[-2000:]
    found = {}
    for line in run.stdout.splitlines():
        name, function, _, outcome, seconds, more = json.loads(line)
        found[name, function] = outcome, seconds, more
    return found


@pytest.mark.slow
@pytest.mark.parametrize("function", ["inspect", "load"])
@pytest.mark.parametrize("name", attacks.ATTACKS)
def test_attack_is_refused_before_it_costs_anything(name, function, measured):
    """An ArchiveError, within seconds, without the memory that the archive asks for."""
    outcome, seconds, more = measured[name, function]
    assert outcome.startswith("ArchiveError")
    assert more < 300
    assert seconds < 20  # five on an idle machine
