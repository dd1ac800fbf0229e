"""The one form of every error about an argument or a file (spec/errors.md)."""


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
