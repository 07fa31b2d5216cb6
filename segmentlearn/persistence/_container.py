"""Zip files as plain bytes: packed, and unpacked with every limit checked first."""

import io
import re
import zipfile

from segmentlearn.exceptions import ArchiveError

# a zip may unfold to this many bytes whatever its own size, and beyond that to so many
# times its own size: what real arrays and texts need, and no bomb can live with
_FREE_BYTES = 16 * 2**20
_LARGEST_EXPANSION = 100

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def pack(members: dict[str, bytes]) -> bytes:
    """Write members into a zip file."""
    total = sum(map(len, members.values()))
    data = _write(members, zipfile.ZIP_DEFLATED)
    if total > _allowance(len(data)):
        data = _write(members, zipfile.ZIP_STORED)
    return data


def unpack(data: bytes, names: str, what: str) -> dict[str, bytes]:
    """Read all members of a zip file into memory; nothing is extracted to disk."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            _check_infos(infos, names, len(data), what)
            return {info.filename: _read(archive, info) for info in infos}
    except ArchiveError:
        raise
    # zipfile answers damage with a dozen kinds of error, from struct.error to
    # NotImplementedError
    except Exception as error:
        raise ArchiveError(
            f"{what} is not a zip file, or is truncated or damaged ({error}); write or "
            "copy it again."
        ) from error


def _allowance(size: int) -> int:
    return _FREE_BYTES + _LARGEST_EXPANSION * size


def _write(members: dict[str, bytes], method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression=method) as archive:
        for name, content in members.items():
            # a fixed date: the manifest has the true one
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return buffer.getvalue()


def _check_infos(
    infos: list[zipfile.ZipInfo], names: str, size: int, what: str
) -> None:
    seen: set[str] = set()
    for info in infos:
        name = info.orig_filename
        if name != info.filename or not re.fullmatch(names, name):
            raise ArchiveError(f"{what} holds {name!r}, which does not belong there.")
        if name in seen:
            raise ArchiveError(f"{what} holds {name!r} twice.")
        seen.add(name)
        if info.compress_type not in _METHODS:
            raise ArchiveError(f"{what} holds {name!r} in an unknown compression.")
    total = sum(info.file_size for info in infos)
    if total > _allowance(size):
        raise ArchiveError(
            f"{what} has {size:,} bytes and says that it unfolds to {total:,}; no "
            "archive written by segmentlearn does."
        )


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    # never more than was declared and allowed, even where the declaration is a lie
    with archive.open(info) as member:
        content = member.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise zipfile.BadZipFile(f"{info.filename!r} has another size than declared")
    return content
