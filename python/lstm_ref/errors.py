"""The one form of every error about an argument or a file (spec/errors.md)."""

from collections.abc import Mapping
from typing import Any

import numpy as np


class InvalidArgument(ValueError):
    """``PARAMETER: GOT, want WANTED``; the three parts are attributes."""

    def __init__(self, parameter: str, got: str, want: str) -> None:
        super().__init__(f"{parameter}: {got}, want {want}")
        self.parameter = parameter
        self.got = got
        self.want = want

    def __reduce__(self):  # so that it survives pickling between processes
        return type(self), (self.parameter, self.got, self.want)

    def at(self, path: object) -> "InvalidArgument":
        """The same error with ``PATH: `` in front, for functions that take a path."""
        return InvalidArgument(f"{path}: {self.parameter}", self.got, self.want)


def format_shape(shape) -> str:
    """``(4, 3)`` as Python writes a tuple of ints, also when the numbers are NumPy's."""
    return str(tuple(int(n) for n in shape))


def describe(value: Any) -> str:
    """A value as errors.md writes it: integers and strings themselves, anything else by kind."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value) if abs(value) < 2**53 else "a number"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, float):
        return "a number"
    if isinstance(value, (list, tuple, np.ndarray)):
        return "an array"
    if isinstance(value, Mapping):
        return "an object"
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiouAEIO" else f"a {name}"
