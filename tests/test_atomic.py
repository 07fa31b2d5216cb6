"""Files are written whole or not at all."""

import errno
import os

import pytest

from segmentlearn.persistence import check_writable, write_atomically


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


def test_error_names_the_file_and_not_the_temporary_one(tmp_path, monkeypatch):
    """What a full disk says names no file at all."""

    def fail(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("segmentlearn._atomic.os.fsync", fail)
    with pytest.raises(OSError, match="No space left") as raised:
        write_atomically(tmp_path / "a.seg", b"new")
    assert raised.value.filename == str(tmp_path / "a.seg")


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


def test_a_place_to_write_to_is_left_as_it_was(tmp_path):
    """The check before any work leaves no file, new or old."""
    (tmp_path / "old.seg").write_bytes(b"old")
    for name in ("old.seg", "new.seg", "."):
        check_writable(tmp_path / name)
    assert os.listdir(tmp_path) == ["old.seg"]
    assert (tmp_path / "old.seg").read_bytes() == b"old"


def test_a_full_disk_is_noticed_beforehand(tmp_path, monkeypatch):
    """The error names the file that was to be written, not the one that was tried."""

    def fail(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("segmentlearn._atomic.os.fsync", fail)
    with pytest.raises(OSError, match=r"No space left on device: '.*new\.seg'"):
        check_writable(tmp_path / "new.seg")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_file_that_is_read_only_is_not_replaced(tmp_path):
    """Its owner has protected it."""
    (tmp_path / "kept.seg").write_bytes(b"")
    (tmp_path / "kept.seg").chmod(0o444)
    with pytest.raises(PermissionError, match="read-only"):
        check_writable(tmp_path / "kept.seg")
