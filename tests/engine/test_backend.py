"""Where and how TensorFlow is loaded."""

import gc
import os
import stat
import subprocess
import sys

import pytest

from segmentlearn import _startup
from segmentlearn.exceptions import SegmentLearnError


def test_importing_the_packages_does_not_load_tensorflow():
    """TensorFlow costs seconds: the first use of a name pays for it."""
    code = (
        "import sys, segmentlearn, segmentlearn.engine, segmentlearn.networks\n"
        "dir(segmentlearn.engine), dir(segmentlearn.networks)\n"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_loading_tensorflow_writes_nothing():
    """Its notes about absent graphics cards stay off the screen."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    code = "from segmentlearn.engine import fit"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=variables, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_nothing_is_collected_while_modules_load():
    """Looking for garbage among modules takes a quarter of TensorFlow's import."""
    with _startup.quiet_start():
        with _startup.quiet_start():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    """It is the user's, and comes back as it was."""
    gc.disable()
    try:
        with _startup.quiet_start():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.slow
def test_processes_within_are_quiet_too():
    """They inherit the log level that was set here, which is not the user's."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    code = (
        "import subprocess, sys\n"
        "from segmentlearn import _startup\n"
        "_startup._prepare_environment()\n"
        "code = 'from segmentlearn.engine import fit'\n"
        "subprocess.run([sys.executable, '-c', code], check=True)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=variables, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_another_backend_is_refused():
    """The error says how to come back to TensorFlow."""
    code = (
        "import os, sys, types\n"
        "fake = types.ModuleType('keras')\n"
        "fake.backend = types.SimpleNamespace(backend=lambda: 'jax')\n"
        "sys.modules['keras'] = fake\n"
        "sys.modules['tensorflow'] = types.ModuleType('tensorflow')\n"
        "sys.modules['tensorflow'].config = types.SimpleNamespace(\n"
        "    list_physical_devices=lambda: [])\n"
        "from segmentlearn.exceptions import SegmentLearnError\n"
        "try:\n"
        "    import segmentlearn.engine._keras_compat\n"
        "except SegmentLearnError as error:\n"
        "    assert 'KERAS_BACKEND=tensorflow' in str(error), error\n"
        "else:\n"
        "    raise SystemExit('no error')"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def environment(monkeypatch):
    """The environment as a dict that is put back afterwards, without our variables."""
    names = ("TF_XLA_FLAGS", "SEGMENTLEARN_XLA_CACHE", "TF_NUM_INTRAOP_THREADS")
    names = (*names, "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "KERAS_BACKEND")
    for name in (*names, "TF_CPP_MIN_LOG_LEVEL", _startup._OWN_LOG_LEVEL):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return monkeypatch


def test_a_private_folder_keeps_compiled_programs(environment, tmp_path):
    """The folder is made for the user alone, and the flag names it."""
    folder = tmp_path / "new" / "cache"
    _startup._enable_persistent_cache(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    flag = f"--tf_xla_persistent_cache_directory={folder}"
    assert os.environ["TF_XLA_FLAGS"] == flag


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o720, 0o777])
def test_a_folder_open_to_others_is_refused(environment, tmp_path, mode):
    """Programs in it are executed: nobody else may read or write there."""
    folder = tmp_path / "cache"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(SegmentLearnError, match=f"chmod 700 {folder}"):
        _startup._enable_persistent_cache(folder)
    assert "TF_XLA_FLAGS" not in os.environ


def test_a_folder_of_somebody_else_is_refused(environment, tmp_path):
    """Its owner could put programs there."""
    tmp_path.chmod(0o700)
    environment.setattr(os, "getuid", lambda: os.stat(tmp_path).st_uid + 1)
    with pytest.raises(SegmentLearnError, match="belong to you alone"):
        _startup._enable_persistent_cache(tmp_path)


def test_other_flags_stay(environment, tmp_path):
    """The user's own flags are kept, and a folder named there wins."""
    tmp_path.chmod(0o700)
    environment.setenv("TF_XLA_FLAGS", "--tf_xla_auto_jit=1")
    _startup._enable_persistent_cache(tmp_path)
    flags = os.environ["TF_XLA_FLAGS"]
    assert flags.startswith("--tf_xla_auto_jit=1 --tf_xla_persistent_cache")
    _startup._enable_persistent_cache(tmp_path)
    assert os.environ["TF_XLA_FLAGS"] == flags


def test_a_worker_takes_its_share_of_the_cores(environment):
    """What joblib tells OpenMP holds for TensorFlow, unless the user says more."""
    environment.setenv("OMP_NUM_THREADS", "1")
    _startup._prepare_environment()
    assert os.environ["TF_NUM_INTRAOP_THREADS"] == "1"
    assert os.environ["TF_NUM_INTEROP_THREADS"] == "1"
    environment.setenv("TF_NUM_INTRAOP_THREADS", "4")
    _startup._prepare_environment()
    assert os.environ["TF_NUM_INTRAOP_THREADS"] == "4"


@pytest.mark.parametrize("threads", ["", "many", "-1"])
def test_a_share_that_is_no_number_is_ignored(environment, threads):
    """OpenMP allows more than numbers."""
    environment.setenv("OMP_NUM_THREADS", threads)
    _startup._prepare_environment()
    assert "TF_NUM_INTRAOP_THREADS" not in os.environ
