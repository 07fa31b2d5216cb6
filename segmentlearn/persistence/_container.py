"""Zip files as plain bytes: packed, and unpacked with every limit checked first."""

import io
import re
import stat
import zipfile

from segmentlearn.exceptions import ArchiveError
from segmentlearn.persistence._checks._budget import Budget

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENTRY = b"PK\x01\x02"
_BYTES_PER_ENTRY = 1000


def pack(members: dict[str, bytes], *, compress: bool = True) -> bytes:
    """Write members into a zip file."""
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression=method) as archive:
        for name, content in members.items():
            # a fixed date: the manifest has the true one
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return buffer.getvalue()


class Container:
    """A zip file in memory, its directory checked and its size counted.

    Attributes
    ----------
    sizes : dict of str to int
        Bytes of each member, unfolded.
    """

    def __init__(self, data: bytes, names: str, what: str, budget: Budget) -> None:
        self._what = what
        # before zipfile makes an object of each entry
        budget.spend(_BYTES_PER_ENTRY * data.count(_ENTRY), f"the directory of {what}")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        # zipfile answers damage with a dozen kinds of error, from struct.error to
        # NotImplementedError
        except Exception as error:
            raise self._damage(error) from error
        infos = self._archive.infolist()
        _check_infos(infos, names, what)
        self._infos = {info.filename: info for info in infos}
        self.sizes = {info.filename: info.file_size for info in infos}
        budget.spend(sum(self.sizes.values()), what)

    def read(self, name: str) -> bytes:
        """Return a member's content."""
        content = self.head(name, self.sizes[name] + 1)
        if len(content) != self.sizes[name]:
            raise self._damage(f"{name!r} has another size than declared")
        return content

    def head(self, name: str, n_bytes: int) -> bytes:
        """Return the first bytes of a member, without unfolding the rest."""
        try:
            with self._archive.open(self._infos[name]) as member:
                # never more than was declared, even where the declaration is a lie
                return member.read(min(n_bytes, self.sizes[name] + 1))
        except Exception as error:
            raise self._damage(error) from error

    def fingerprint(self, name: str) -> tuple[int, int]:
        """Return a member's size and checksum as the directory has them."""
        return self.sizes[name], self._infos[name].CRC

    def _damage(self, cause: object) -> ArchiveError:
        return ArchiveError(
            f"{self._what} is not a zip file, or is truncated or damaged ({cause}); "
            "write or copy it again."
        )


def unpack(data: bytes, names: str, what: str, budget: Budget) -> dict[str, bytes]:
    """Read all members of a zip file into memory; nothing is extracted to disk."""
    container = Container(data, names, what, budget)
    return {name: container.read(name) for name in container.sizes}


def _check_infos(infos: list[zipfile.ZipInfo], names: str, what: str) -> None:
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
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise ArchiveError(f"{what} holds {name!r}, which is not a plain file.")
