"""Files are written whole or not at all."""

import os

import pytest

from segmentlearn._atomic import write_atomically


def test_new_file_has_the_bytes(tmp_path):
    """The file is there, and nothing beside it."""
    write_atomically(tmp_path / "a.seg", b"new")
    assert (tmp_path / "a.seg").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.seg"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_failing_write_leaves_the_old_file(step, tmp_path, monkeypatch):
    """A full disk, or a system that fails at the last step, costs nothing."""
    path = tmp_path / "a.seg"
    path.write_bytes(b"old")

    def fail(*args, **kwargs):
        raise OSError("no space left on device")

    monkeypatch.setattr(f"segmentlearn._atomic.os.{step}", fail)
    with pytest.raises(OSError, match="no space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.seg"]


def test_interrupt_leaves_nothing_behind(tmp_path, monkeypatch):
    """Ctrl-C while writing leaves no file at all."""

    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr("segmentlearn._atomic.os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a.seg", b"new")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_permissions(tmp_path):
    """A new file has the permissions of any new file; an old one's are kept."""
    write_atomically(tmp_path / "new.seg", b"")
    (tmp_path / "usual").write_bytes(b"")
    assert (tmp_path / "new.seg").stat().st_mode == (tmp_path / "usual").stat().st_mode
    secret = tmp_path / "secret.seg"
    secret.write_bytes(b"")
    secret.chmod(0o600)
    write_atomically(secret, b"more")
    assert secret.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_link_stays_a_link(tmp_path):
    """The file that a link points to is replaced, not the link."""
    (tmp_path / "real.seg").write_bytes(b"old")
    (tmp_path / "link.seg").symlink_to("real.seg")
    write_atomically(tmp_path / "link.seg", b"new")
    assert (tmp_path / "link.seg").is_symlink()
    assert (tmp_path / "real.seg").read_bytes() == b"new"


def test_missing_folder_is_an_error(tmp_path):
    """No folder is made unasked."""
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "absent" / "a.seg", b"")
