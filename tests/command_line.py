"""How tests of several commands run them, and what they look at."""

import inspect

from typer.main import get_command
from typer.testing import CliRunner

from segmentlearn.cli._commands import app

COMMANDS = sorted(get_command(app).commands)

# click has kept stderr apart from 8.2 on; before, it had to be asked to
_RUNNER = CliRunner(
    **{"mix_stderr": False}
    if "mix_stderr" in inspect.signature(CliRunner).parameters
    else {}
)


def run(*arguments):
    """Run the command line in this process."""
    return _RUNNER.invoke(app, [str(argument) for argument in arguments])


def assert_one_line_error(result, *parts):
    """Check for exit code 2, and one line on stderr that says all the parts."""
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    for part in parts:
        assert str(part) in line
