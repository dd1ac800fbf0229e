"""The configuration of an LSTM and the tensors that go with it (spec/lstm.md section 1, spec/model-file.md F2)."""

import numbers
import operator
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .errors import InvalidArgument, format_shape

FORMAT_VERSION = 1
OP = "lstm"
MAX_SIZE = 2**24
SIZES = ("input_size", "hidden_size", "num_layers")
FLAGS = ("bias", "batch_first", "bidirectional")
CONFIG_KEYS = ("format_version", "op", *SIZES, *FLAGS)


class Expected(NamedTuple):
    """A shape in symbols and in numbers."""

    symbols: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.symbols} = {self.shape}"


@dataclass(frozen=True)
class LSTMConfig:
    """What decides the shapes: the constructor arguments of ``torch.nn.LSTM`` that matter for inference.

    Raises InvalidArgument when a size is not an integer from 1 to 2**24 or a flag is not a bool.
    """

    input_size: int
    hidden_size: int
    num_layers: int = 1
    bias: bool = True
    batch_first: bool = False
    bidirectional: bool = False

    def __post_init__(self) -> None:
        for key in SIZES:
            object.__setattr__(self, key, check_size(key, getattr(self, key)))
        for key in FLAGS:
            object.__setattr__(self, key, check_flag(key, getattr(self, key)))

    @property
    def directions(self) -> int:
        """D."""
        return 2 if self.bidirectional else 1

    def suffixes(self) -> Iterator[tuple[int, str]]:
        """(row of the state, name suffix) of each layer and direction: (0, "l0"), (1, "l0_reverse"), ..."""
        for layer in range(self.num_layers):
            for direction in range(self.directions):
                yield layer * self.directions + direction, f"l{layer}" + ("_reverse" if direction else "")

    def iter_expected(self) -> Iterator[tuple[str, Expected]]:
        """Names and shapes of the weights in canonical order, one at a time (num_layers may be hostile)."""
        hidden, directions = self.hidden_size, self.directions
        for row, suffix in self.suffixes():
            inputs = ("I", self.input_size) if row < directions else ("D*H", directions * hidden)
            yield f"weight_ih_{suffix}", Expected(f"(4*H, {inputs[0]})", (4 * hidden, inputs[1]))
            yield f"weight_hh_{suffix}", Expected("(4*H, H)", (4 * hidden, hidden))
            if self.bias:
                yield f"bias_ih_{suffix}", Expected("(4*H,)", (4 * hidden,))
                yield f"bias_hh_{suffix}", Expected("(4*H,)", (4 * hidden,))

    def expected_tensors(self) -> dict[str, Expected]:
        """Names and shapes of all weights in canonical order."""
        return dict(self.iter_expected())

    def expected_input(self, rows: tuple[int, int]) -> Expected:
        """Shape of x, given its first two sizes."""
        return Expected(f"({self.input_axes})", (*rows, self.input_size))

    @property
    def input_axes(self) -> str:
        return "B, T, I" if self.batch_first else "T, B, I"

    def expected_state(self, batch: int) -> Expected:
        """Shape of h_0 and c_0."""
        return Expected("(L*D, B, H)", (self.num_layers * self.directions, batch, self.hidden_size))

    def outputs_fit(self, steps: int, batch: int) -> bool:
        """Check 13 of spec/model-file.md: an x without elements may claim any number of rows."""
        y = 4 * prod(size for size in (steps, batch, self.directions * self.hidden_size) if size)
        states = 2 * 4 * prod(self.expected_state(batch).shape)
        return y < 2**63 and (steps * batch > 0 or states <= 2**32)

    def to_json(self) -> dict[str, Any]:
        return {"format_version": FORMAT_VERSION, "op": OP, **asdict(self)}


def check_size(parameter: str, value: Any) -> int:
    """An integer from 1 to 2**24, NumPy's included, bool excluded; raises InvalidArgument."""
    want = f"an integer from 1 to {MAX_SIZE}"
    if isinstance(value, (bool, np.bool_)):
        raise InvalidArgument(parameter, describe(bool(value)), want)
    try:
        size = operator.index(value)
    except TypeError:
        raise InvalidArgument(parameter, describe(value), want) from None
    if not 1 <= size <= MAX_SIZE:
        raise InvalidArgument(parameter, describe(size), want)
    return size


def check_flag(parameter: str, value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise InvalidArgument(parameter, describe(value), "true or false")
    return bool(value)


def is_integer(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


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


def check_tensors(config: LSTMConfig, tensors: Mapping[str, np.ndarray], *, from_file: bool = True) -> None:
    """Checks 7 and 8 of spec/model-file.md: exactly the configuration's tensors, float32, of the right shapes."""
    seen = 0
    for name, expected in config.iter_expected():
        if name not in tensors:
            raise InvalidArgument(name, "missing", str(expected))
        check_array(name, to_array(name, tensors[name]), np.float32, expected, from_file=from_file)
        seen += 1
    if seen != len(tensors):
        names = config.expected_tensors()
        extra = next(name for name in tensors if name not in names)
        raise InvalidArgument(extra, "unexpected tensor", "only the tensors of the configuration")


DTYPE_NAMES = {np.dtype(np.float32): "F32", np.dtype(np.int64): "I64"}


def check_array(name: str, array: np.ndarray, dtype: type, expected: Expected | None, *, from_file: bool = True) -> None:
    """Dtype, then shape. From a file the dtype is written as there (F32), else as NumPy does (float32)."""
    if array.dtype != dtype:
        want = np.dtype(dtype)
        got, wanted = (
            (DTYPE_NAMES.get(array.dtype, str(array.dtype)), DTYPE_NAMES[want]) if from_file else (str(array.dtype), str(want))
        )
        raise InvalidArgument(name, f"dtype {got}", wanted)
    if expected is not None and array.shape != expected.shape:
        raise InvalidArgument(name, f"shape {format_shape(array.shape)}", str(expected))


class Inputs(NamedTuple):
    """Checked inputs of one call; h_0 and c_0 are +0 and lengths is T when they were absent."""

    x: np.ndarray
    h_0: np.ndarray
    c_0: np.ndarray
    lengths: np.ndarray


def check_inputs(
    config: LSTMConfig, x: Any, h_0: Any = None, c_0: Any = None, lengths: Any = None, *,
    from_file: bool = False, others: Iterable[str] = (),
) -> Inputs:  # fmt: skip
    """Checks 9 to 13 of spec/model-file.md; then fills in what may be absent. others: the names of further tensors in a file.

    x (T, B, I) or (B, T, I); h_0, c_0 (L*D, B, H); lengths (B,) int64. Raises InvalidArgument.
    """
    if x is None:
        raise InvalidArgument("x", "missing", f"({config.input_axes}) with I = {config.input_size}")
    x = to_array("x", x)
    check_array("x", x, np.float32, None, from_file=from_file)
    if x.ndim != 3:
        raise InvalidArgument("x", f"rank {x.ndim}", f"3 ({config.input_axes})")
    check_array("x", x, np.float32, config.expected_input(x.shape[:2]), from_file=from_file)
    steps, batch = x.shape[1::-1] if config.batch_first else x.shape[:2]

    h_0, c_0 = check_state(config, batch, h_0, c_0, from_file=from_file)
    if lengths is not None:
        lengths = _check_lengths(lengths, steps, batch, from_file)
    for name in others:
        raise InvalidArgument(name, "unexpected tensor", "only x, h_0, c_0, lengths")
    if not config.outputs_fit(steps, batch):
        raise InvalidArgument("memory", "too little for this case", "a smaller one")

    h_0, c_0 = (np.zeros(config.expected_state(batch).shape, np.float32) if value is None else value for value in (h_0, c_0))
    return Inputs(x, h_0, c_0, np.full(batch, steps, np.int64) if lengths is None else lengths)


def check_state(
    config: LSTMConfig, batch: int, h_0: Any, c_0: Any, *, from_file: bool = False
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Check 10 of spec/model-file.md: both (L*D, B, H) or both absent."""
    if h_0 is None and c_0 is None:
        return None, None
    expected = config.expected_state(batch)

    def check(name: str, value: Any) -> np.ndarray:
        if value is None:
            raise InvalidArgument(name, "missing", str(expected))
        array = to_array(name, value)
        check_array(name, array, np.float32, expected, from_file=from_file)
        return array

    return check("h_0", h_0), check("c_0", c_0)


def split_state(state: Any) -> tuple[Any, Any]:
    """h_0 and c_0 of a pair, or None for both."""
    if state is None:
        return None, None
    if not isinstance(state, (tuple, list)) or len(state) != 2:
        raise InvalidArgument("state", describe(state), "a pair (h_0, c_0)")
    return state[0], state[1]


def check_output(name: str, out: Any, expected: Expected, inputs: Mapping[str, Iterable[Any]]) -> None:
    """An array to be written as it is. inputs: by name, what the caller gave and what became of it; out may overlap neither."""
    if not isinstance(out, np.ndarray):
        raise InvalidArgument(name, describe(out), "a NumPy array")
    check_array(name, out, np.float32, expected, from_file=False)
    if not (out.flags.c_contiguous and out.flags.aligned):
        raise InvalidArgument(name, "not contiguous", "a C-contiguous array")
    if not out.flags.writeable:
        raise InvalidArgument(name, "read-only", "a writable array")
    for other, forms in inputs.items():
        if any(isinstance(form, np.ndarray) and np.may_share_memory(out, form) for form in forms):
            raise InvalidArgument(name, f"overlaps {other}", "memory of its own")


def _check_lengths(lengths: Any, steps: int, batch: int, from_file: bool) -> np.ndarray:
    is_empty_list = not isinstance(lengths, np.ndarray) and np.size(lengths) == 0  # NumPy makes float64 of it
    lengths = to_array("lengths", lengths)
    if not from_file and (is_empty_list or (lengths.dtype.kind in "iu" and lengths.dtype != np.uint64)):
        lengths = lengths.astype(np.int64)  # Python lists of int, int32: exact, and what callers have at hand
    check_array("lengths", lengths, np.int64, Expected("(B,)", (batch,)), from_file=from_file)
    for b, length in enumerate(lengths.tolist()):
        if not 0 <= length <= steps:
            raise InvalidArgument(f"lengths[{b}]", str(length), f"0 <= length <= T = {steps}")
    return lengths


def to_array(name: str, value: Any) -> np.ndarray:
    """As an array in this machine's byte order. What NumPy cannot take is refused by name, a tensor with gradients too."""
    if isinstance(value, np.ma.MaskedArray):  # its mask would be lost
        raise InvalidArgument(name, "a MaskedArray", "an array without a mask")
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError):
        raise InvalidArgument(name, describe(value), "an array, or what NumPy can make one of (a tensor: detach() it)") from None
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
