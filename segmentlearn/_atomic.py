"""Write a file whole or not at all."""

import contextlib
import errno
import os
import pathlib
import secrets
import shutil
import stat
from collections.abc import Iterator
from typing import BinaryIO

_ROOM = 2**20  # bytes that the smallest results take


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file so that a failure at any moment leaves the old one as it was."""
    with atomic_file(path) as file:
        file.write(data)


@contextlib.contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file that takes the place of the old one when all has been written.

    The bytes go to a new file in the same folder, which takes the old one's place once
    they have reached the disk. The old one's permissions are kept; a link stays a link.
    """
    # a link is followed, so that the file it points to is replaced, not the link
    target = pathlib.Path(os.path.realpath(path))
    temporary = _temporary_name(target)
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(temporary, flags, 0o666), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):  # the folder may be read-only by now
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and _is_about(error, temporary):
            raise type(error)(error.errno, error.strerror, os.fspath(path)) from error
        raise
    sync_folder(target.parent)


@contextlib.contextmanager
def atomic_folder(path: str | os.PathLike[str]) -> Iterator[pathlib.Path]:
    """Give a folder whose files appear under ``path`` when all have been written."""
    target = pathlib.Path(os.path.realpath(path))
    temporary = _temporary_name(target)
    temporary.mkdir()
    try:
        yield temporary
        for file in sorted(temporary.rglob("*")):
            if file.is_file():
                place = target / file.relative_to(temporary)
                place.parent.mkdir(parents=True, exist_ok=True)
                file.replace(place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    sync_folder(target.parent)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise OSError where a file could not be written: it is read-only or has no space.

    Writes a file beside it and removes it, since permissions say nothing of quotas,
    full disks and file systems that are read-only.
    """
    target = pathlib.Path(os.path.realpath(path))
    if target.is_file() and not target.stat().st_mode & stat.S_IWUSR:
        raise PermissionError(errno.EACCES, "the file is read-only", os.fspath(path))
    folder = target if target.is_dir() else target.parent
    temporary = _temporary_name(folder / target.name)
    try:
        with temporary.open("xb") as file:
            file.write(bytes(_ROOM))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        reason = error.strerror or str(error)
        raise type(error)(error.errno, reason, os.fspath(path)) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _is_about(error: OSError, path: pathlib.Path) -> bool:
    """Return whether a file's error names it by its temporary name, or not at all."""
    return error.errno is not None and error.filename in (None, os.fspath(path))


def _temporary_name(target: pathlib.Path) -> pathlib.Path:
    return target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")


def sync_folder(folder: pathlib.Path) -> None:
    """Make the new name of the file survive a power cut, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:  # some network file systems can't; the file itself is on the disk
        pass
    finally:
        os.close(descriptor)
