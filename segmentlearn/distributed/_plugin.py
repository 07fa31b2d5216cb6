"""The plugin that brings an archive to each worker; the only one to import it."""

from typing import Any

from distributed import WorkerPlugin

from segmentlearn.distributed._archives import Archive, hold, release


class ArchivePlugin(WorkerPlugin):
    """Gives an archive to each worker, those that join or come back later too."""

    idempotent = True  # the same archive is not sent a second time

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.name = f"segmentlearn-{archive.key}"

    def setup(self, worker: Any) -> None:
        """Keep the archive."""
        hold(self.archive)

    def teardown(self, worker: Any) -> None:
        """Let it go."""
        release(self.archive)
