"""What is computed for one row: a graph of numbers, truths and texts.

Constants are Python's; everything else is a `Scalar`, and equal ones are one object.
"""

import math
import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

_FOLDED: dict[str, Callable[..., Any]] = {
    "add": lambda *terms: math.fsum(terms),
    "mul": operator.mul,
    "div": operator.truediv,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "not": operator.not_,
    "greatest": max,
    "least": min,
    "exp": math.exp,
    "ln": math.log,
    "sqrt": math.sqrt,
    "cos": math.cos,
    "abs": abs,
}
_COMPARED = frozenset(("lt", "le", "gt", "ge", "eq"))
_TRUTHS = _COMPARED | {"and", "or", "not", "missing", "no level"}


class Scalar:
    """A value of a row.

    Attributes
    ----------
    op : str
        What computes it.
    args : tuple
        Of scalars, constants and, for cells, what they are read from.
    choices : frozenset or None
        The whole numbers that it can be, where they are known.
    """

    __slots__ = ("args", "choices", "op")

    def __init__(self, op: str, args: tuple, choices: Any = None) -> None:
        self.op, self.args, self.choices = op, args, choices

    @property
    def is_truth(self) -> bool:
        """Whether it is true or false, never NULL."""
        return self.op in _TRUTHS

    def parts(self) -> Iterable["Scalar"]:
        """Return the scalars that it is computed from, each as often as it appears."""
        return (part for part in self.args if isinstance(part, Scalar))


class Scalars:
    """Makes scalars, each once, and counts what a row costs.

    Parameters
    ----------
    most : int
        Operations that a row may cost.
    """

    def __init__(self, most: int) -> None:
        self._known: dict[tuple, Scalar] = {}
        self._most, self.n_operations = most, 0

    def make(self, op: str, *args: Any, choices: Any = None) -> Any:
        """Return a scalar, or a constant where all arguments are constants."""
        if op in _FOLDED and not any(isinstance(arg, Scalar) for arg in args):
            return _FOLDED[op](*args)
        if op in _COMPARED and args[0].choices and not isinstance(args[1], Scalar):
            found = {_FOLDED[op](choice, args[1]) for choice in args[0].choices}
            if len(found) == 1:
                return found.pop()
        key = op, *(id(a) if isinstance(a, Scalar) else (type(a), a) for a in args)
        if key not in self._known:
            self._known[key] = Scalar(op, args, choices)
            self.n_operations += max(1, len(args) - 1)
            if self.n_operations > self._most:
                raise ValueError(
                    f"the model costs more than {self._most:,} operations a row in SQL."
                )
        return self._known[key]

    def both(self, a: Any, b: Any) -> Any:
        """Return whether two truths hold."""
        for truth, other in ((a, b), (b, a)):
            if not isinstance(truth, Scalar):
                return other if truth else False
        return self.make("and", a, b)

    def any(self, a: Any, b: Any) -> Any:
        """Return whether one of two truths holds."""
        for truth, other in ((a, b), (b, a)):
            if not isinstance(truth, Scalar):
                return True if truth else other
        return self.make("or", a, b)

    def add(self, *terms: Any) -> Any:
        """Return a sum."""
        flat: list[Any] = []
        constant = 0.0
        for term in terms:
            if isinstance(term, Scalar):
                flat.append(term)
            else:
                constant += term
        if constant != 0 or not flat:
            flat.append(constant)
        return flat[0] if len(flat) == 1 else self.make("add", *flat)

    def mul(self, a: Any, b: Any) -> Any:
        """Return a product."""
        for factor, other in ((a, b), (b, a)):
            if not isinstance(factor, Scalar):
                if factor == 0:
                    return 0.0
                if factor == 1:
                    return other
        return self.make("mul", a, b)

    def sub(self, a: Any, b: Any) -> Any:
        """Return a difference."""
        return self.add(a, self.mul(-1.0, b))

    def case(self, condition: Any, this: Any, that: Any) -> Any:
        """Return one of two values."""
        if not isinstance(condition, Scalar):
            return this if condition else that
        if this is that or (not isinstance(this, Scalar) and this == that):
            return this
        choices = _choices(this), _choices(that)
        known = None if None in choices else choices[0] | choices[1]
        return self.make("case", condition, this, that, choices=known)

    def as_number(self, x: Any) -> Any:
        """Return a truth as 1 or 0, numbers as they are."""
        if isinstance(x, bool | np.bool_):
            return float(x)
        return self.case(x, 1.0, 0.0) if isinstance(x, Scalar) and x.is_truth else x

    def lookup(self, index: Any, values: Any) -> Any:
        """Return one of constants by its place."""
        if not isinstance(index, Scalar):
            return values[int(index)]
        places = sorted(index.choices or range(len(values)))
        found = tuple((place, values[place]) for place in places)
        if len({value for _, value in found}) == 1:
            return found[0][1]
        known = [_choices(value) for _, value in found]
        choices = None if None in known else frozenset().union(*known)
        return self.make("lookup", index, found, choices=choices)


def _choices(value: Any) -> Any:
    """Return the whole numbers that a value can be; None where that is not known."""
    if isinstance(value, Scalar):
        return value.choices
    return frozenset([value]) if isinstance(value, int) else None
