"""The command line: fit, cluster, predict, audit, report, inspect and demo."""

import sys

from segmentlearn.cli._stopping import Stopped, exit_code, stopping_signals


def main() -> None:
    """Run the command line.

    The exit code is 2 for bad input, with one line on stderr, and for a command that
    was stopped what a shell expects: 130 for Ctrl-C, 143 for SIGTERM.
    """
    try:
        with stopping_signals():
            from segmentlearn.cli._commands import app

            app(prog_name="segmentlearn")
    except Stopped as stop:
        message = "Stopped: segmentlearn has not begun. Nothing was written."
        print(message, file=sys.stderr)  # noqa: T201
        sys.exit(exit_code(stop))
