"""The command line: fit, cluster, predict, audit, report, inspect and demo."""


def main() -> None:
    """Run the command line; exit code 2 and one line on stderr for bad input."""
    from segmentlearn.cli._commands import app

    app(prog_name="segmentlearn")
