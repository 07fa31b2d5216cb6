"""How much memory and work an archive may ask for, counted over everything in it."""

from segmentlearn.exceptions import ArchiveError

# an archive may unfold to this many bytes whatever its own size
_FREE_BYTES = 64 * 2**20
# and to so many times its own size: text compresses well while an archive is small,
# and `save` stores a large one uncompressed if it needs more than that
_EXPANSION = 200
_SMALL_ARCHIVE = 2**20
_EXPANSION_OF_LARGE = 8

# a call of a layer takes Keras some 5 ms whatever its size
_FREE_CALLS = 500
_BYTES_PER_CALL = 500

# what Python makes of JSON: an empty list or dict, an entry of either
_BYTES_PER_BRACKET = 50
_BYTES_PER_COMMA = 16


class OverBudgetError(ArchiveError):
    """An archive asks for more than its own size can justify."""


class Budget:
    """What is left of the memory and the work that an archive may ask for.

    One budget goes with an archive through everything that is nested in it, so that
    many parts below a limit are no way round it.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._spent = 0
        self._calls = 0
        small = min(size, _SMALL_ARCHIVE)
        self._allowed = (
            _FREE_BYTES + _EXPANSION * small + _EXPANSION_OF_LARGE * (size - small)
        )

    def spend(self, n_bytes: int, what: str) -> None:
        """Count bytes of memory that something in the archive will take."""
        self._spent += n_bytes
        if self._spent > self._allowed:
            raise OverBudgetError(
                f"the archive has {self.size:,} bytes and says that it unfolds to "
                f"{self._spent:,} (at {what}); no archive written by segmentlearn does."
            )

    def spend_json(self, text: bytes, what: str) -> None:
        """Count what a JSON text takes once it is read."""
        brackets = text.count(b"{") + text.count(b"[")
        commas = text.count(b",")
        self.spend(
            _BYTES_PER_BRACKET * brackets + _BYTES_PER_COMMA * commas + len(text), what
        )

    def spend_calls(self, n_calls: int, what: str) -> None:
        """Count calls of layers that are made while nets are built."""
        self._calls += n_calls
        if self._calls > _FREE_CALLS + self.size // _BYTES_PER_CALL:
            raise OverBudgetError(
                f"the archive has {self.size:,} bytes and asks for {self._calls:,} "
                f"layers to be built (at {what}); no archive written by segmentlearn "
                "does."
            )
