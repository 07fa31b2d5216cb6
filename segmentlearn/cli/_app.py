"""Start the app in a browser."""

import os
import pathlib
import sys
import webbrowser
from typing import Annotated

import typer

from segmentlearn.cli._screen import InputError, note, plain_errors
from segmentlearn.cli._stopping import Stopped


def app(
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port; by default a free one from 8501."),
    ] = None,
    data_dir: Annotated[
        pathlib.Path | None,
        typer.Option(help="Folder whose tables can be chosen, however large."),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Start with generated customers.")
    ] = False,
    archive: Annotated[
        pathlib.Path | None, typer.Option(help="Archive to start with, such as m.seg.")
    ] = None,
    max_upload: Annotated[
        int, typer.Option(min=1, max=4096, help="Megabytes of an upload at most.")
    ] = 200,
    address: Annotated[
        str, typer.Option(help="Where to listen; this machine alone by default.")
    ] = "127.0.0.1",
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open a browser.")
    ] = False,
) -> None:
    """Open the app: from a file to named segments, without code."""
    from segmentlearn.app import AppOptions, serve

    with plain_errors("app"):
        if data_dir is not None and not data_dir.is_dir():
            raise InputError(f"--data-dir {data_dir} is no folder.")
        if archive is not None and not archive.is_file():
            raise InputError(f"--archive {archive} is no file.")
        options = AppOptions(
            data_dir=None if data_dir is None else str(data_dir.resolve()),
            archive=None if archive is None else str(archive.resolve()),
            demo=demo,
            max_upload=max_upload,
        )

        def show(url: str) -> None:
            note(f"The app is at {url} - Ctrl-C ends it.")
            if address != "127.0.0.1":
                note("Warning: whoever reaches this address can use it.")
            if not no_browser and _has_screen():
                webbrowser.open(url)

        try:
            code = serve(options, address=address, port=port, on_start=show)
        except (Stopped, KeyboardInterrupt):
            note("The app has ended.")
            raise typer.Exit from None  # as it is meant to end: the code is 0
        if code:
            raise InputError(f"the app has ended with the exit code {code}.")


def _has_screen() -> bool:
    """Return whether there is a screen that a browser could open on."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
