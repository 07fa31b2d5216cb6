"""What tests of several commands look at."""


def assert_one_line_error(result, *parts):
    """Check for exit code 2, and one line on stderr that says all the parts."""
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    for part in parts:
        assert str(part) in line
