"""The plugin that brings an archive to each worker; the only one to import it."""

import secrets
from typing import Any

from distributed import WorkerPlugin

from segmentlearn.distributed._archives import Archive, hold, release


class ArchivePlugin(WorkerPlugin):
    """Gives an archive to each worker, those that join or come back later too.

    Each has a name of its own: clients of one scheduler may have the same archive, and
    the one that is done first must not take it from the others.
    """

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.name = f"segmentlearn-{archive.key}-{secrets.token_hex(8)}"

    def setup(self, worker: Any) -> None:
        """Keep the archive."""
        hold(self.archive)

    def teardown(self, worker: Any) -> None:
        """Let it go."""
        release(self.archive)
