"""The server: a process of Streamlit with safe settings, ended with its parent."""

import contextlib
import dataclasses
import importlib.util
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Self

from segmentlearn.exceptions import SegmentLearnError

# of the files that an uploader takes; what they hold is looked at afterwards
TABLE_ENDINGS = ("csv", "tsv", "txt", "xlsx", "xls", "parquet", "jsonl", "gz", "zip")
LOCAL = "127.0.0.1"
_VARIABLE = "SEGMENTLEARN_APP"
_FIRST_PORT, _N_PORTS = 8501, 20
_SCRIPT = pathlib.Path(__file__).with_name("_main.py")
_SECONDS_TO_START, _SECONDS_TO_END = 60.0, 1.0
# whatever the user's own configuration of Streamlit says
_SETTINGS = {
    "server.headless": "true",  # no question about an e-mail address
    "server.enableXsrfProtection": "true",
    "server.enableCORS": "true",
    "server.enableStaticServing": "false",
    "server.enableAgentApi": "false",
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.disableDataExport": "true",  # it would write formulas as they are
    "client.toolbarMode": "minimal",
    "runner.magicEnabled": "false",
    "runner.postScriptGC": "false",
    "global.developmentMode": "false",
    "logger.hideWelcomeMessage": "true",
}


@dataclasses.dataclass(frozen=True)
class AppOptions:
    """What the command line tells the pages.

    Parameters
    ----------
    data_dir : str or None
        Folder on the server whose tables can be chosen.
    archive : str or None
        Archive to start with.
    demo : bool
        Whether to start with generated customers.
    max_upload : int
        Megabytes of an upload at most.
    """

    data_dir: str | None = None
    archive: str | None = None
    demo: bool = False
    max_upload: int = 200

    @property
    def most_bytes(self) -> int:
        """Bytes of an upload at most, and of what it unpacks to."""
        return self.max_upload * 2**20

    @classmethod
    def from_environment(cls) -> Self:
        """Return what the parent process was started with."""
        return cls(**json.loads(os.environ.get(_VARIABLE, "{}")))

    def to_environment(self) -> dict[str, str]:
        """Return the environment of the server's process."""
        return {**os.environ, _VARIABLE: json.dumps(dataclasses.asdict(self))}


def serve(
    options: AppOptions,
    *,
    address: str = LOCAL,
    port: int | None = None,
    on_start: Callable[[str], None] = lambda url: None,
) -> int:
    """Run the app until it ends or an exception, such as Ctrl-C, ends it.

    Parameters
    ----------
    options : AppOptions
        Options for the pages.
    address : str
        Where to listen.
    port : int or None
        None for the first from 8501 on that is free.
    on_start : callable
        Called with the address of the app when it can be opened.

    Returns
    -------
    code : int
        Exit code of the server.
    """
    if importlib.util.find_spec("streamlit") is None:
        raise SegmentLearnError(
            "the app needs Streamlit: pip install 'segmentlearn[app]'"
        )
    port = _free_port(address, port)
    process = subprocess.Popen(
        _command(options, address, port),
        env=options.to_environment(),
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches the parent alone, which ends the child
    )
    try:
        if _answers(process, address, port):
            host = LOCAL if address in ("0.0.0.0", "::") else address
            on_start(f"http://{host}:{port}")
        return process.wait()
    finally:
        _end(process)


def _command(options: AppOptions, address: str, port: int) -> list[str]:
    """Return the command line of the server."""
    settings = {
        **_SETTINGS,
        "server.address": address,
        "server.port": str(port),
        "server.maxUploadSize": str(options.max_upload),
    }
    flags = [f"--{name}={value}" for name, value in settings.items()]
    if address == LOCAL:
        # a page elsewhere must not reach the app by a name of its own for this address
        flags += ["--server.allowedHosts=localhost", f"--server.allowedHosts={LOCAL}"]
    return [sys.executable, "-m", "streamlit", "run", str(_SCRIPT), *flags]


def _free_port(address: str, port: int | None) -> int:
    """Return a port that nobody listens on."""
    wanted = range(_FIRST_PORT, _FIRST_PORT + _N_PORTS) if port is None else [port]
    for number in wanted:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, number))
            except PermissionError:
                raise SegmentLearnError(
                    f"--port {number} needs rights that you do not have; name one from "
                    "1024 on."
                ) from None
            except OSError:
                continue
            return number
    if port is None:
        raise SegmentLearnError(
            f"no port from {wanted[0]} to {wanted[-1]} of {address} can be used; name "
            "another with --port."
        )
    raise SegmentLearnError(f"--port {port} of {address} is in use; name another.")


def _answers(process: subprocess.Popen, address: str, port: int) -> bool:
    """Wait until the server listens; return False if it ends before."""
    host = {"0.0.0.0": LOCAL, "::": "::1"}.get(address, address)
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection((host, port), timeout=1),
        ):
            return True
        time.sleep(0.05)
    return False


def _end(process: subprocess.Popen) -> None:
    """End the server: politely, then for sure, as a net may be in training."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
