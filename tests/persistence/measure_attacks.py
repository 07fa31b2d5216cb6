"""Read a genuine archive, then every attack; print what each took, as JSON.

Runs in a process of its own, so that the memory is that of reading alone.
"""

import io
import json
import pathlib
import sys
import time
import warnings

from segmentlearn import inspect, load
from segmentlearn.exceptions import ArchiveError
from tests.persistence import attacks, forgery

# a name in the command line asks for that attack alone
NAMES = sys.argv[1:] or list(attacks.ATTACKS)


def memory(entry):
    """Return what Linux counts for this process, in MB."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(entry):
            return int(line.split()[1]) / 1024
    raise LookupError(entry)


def measure(read, data):
    """Return outcome, seconds and MB beyond the most so far."""
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # forget the old peak
    before, start = memory("VmRSS"), time.perf_counter()
    try:
        read(io.BytesIO(data))
        outcome = "read"
    except ArchiveError as error:
        outcome = f"ArchiveError: {error}"
    except BaseException as error:
        outcome = f"{type(error).__name__}: {error}"
    return outcome[:300], time.perf_counter() - start, memory("VmHWM") - before


def main():
    warnings.simplefilter("ignore")
    for read in (inspect, load):
        read(io.BytesIO(forgery.GENUINE))
    for name in NAMES:
        data = attacks.ATTACKS[name]()
        for read in (inspect, load):
            found = measure(read, data)
            line = json.dumps([name, read.__name__, len(data), *found])
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
