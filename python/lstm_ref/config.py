"""The configuration of a network and the tensors that go with it (spec/lstm.md section 1, spec/variants.md, spec/model-file.md F2)."""

import numbers
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, fields
from math import prod
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from .activation import SIGMOID, TANH, Activation, check_activation, check_number, shortest, to_float32
from .bfloat16 import BFLOAT16, is_bfloat16
from .environment import canonical_environment
from .errors import InvalidArgument, describe, format_shape

FORMAT_VERSION = 1
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


class Mask(NamedTuple):
    """What a mask of a training run is like: zoneout keeps, dropout scales (spec N14)."""

    expected: Expected
    rate: float
    keeps: bool


NORM_EPSILON = canonical_environment()(to_float32)(1e-5)
RATES = ("recurrent_dropout", "candidate_dropout", "zoneout_h", "zoneout_c", "dropout")


@dataclass(frozen=True)
class Config:
    """What decides the shapes, in every op: the constructor arguments of ``torch.nn.LSTM`` that matter for inference.

    Raises InvalidArgument when a size is not an integer from 1 to 2**24, a flag is not a bool, or an option not one of its values.
    """

    input_size: int
    hidden_size: int
    num_layers: int = 1
    bias: bool = True
    batch_first: bool = False
    bidirectional: bool = False

    _: KW_ONLY  # options that every op has (spec/variants.md)
    clip: float = 0.0
    candidate_activation: Activation = TANH
    layer_norm: str = "none"
    hidden_norm: bool = False
    norm_epsilon: float = NORM_EPSILON
    recurrent_dropout: float = 0.0
    zoneout_h: float = 0.0
    dropout: float = 0.0
    dtype: str = "float32"

    proj_size: ClassVar[int] = 0  # what only an LSTM may choose
    input_forget: ClassVar[bool] = False
    cell_norm: ClassVar[str] = "none"

    op: ClassVar[str]
    gates: ClassVar[str]  # a letter for each gate, in the order of the rows of weight_ih
    state: ClassVar[tuple[str, ...]] = ("h",)  # what is carried from step to step

    @canonical_environment()  # the numbers do not depend on the caller's
    def __post_init__(self) -> None:
        for key in (*SIZES, *FLAGS, *self.options()):
            object.__setattr__(self, key, CHECKS[key](key, getattr(self, key)))
        if self.proj_size >= self.hidden_size:
            limit = f"hidden_size - 1 = {self.hidden_size - 1}"
            raise InvalidArgument("proj_size", describe(self.proj_size), f"an integer from 0 to {limit}")
        for refusal in REFUSALS:
            if refusal.concerns(self):
                raise InvalidArgument(
                    refusal.option, describe(getattr(self, refusal.option)), f"{refusal.want}: {refusal.reason}"
                )

    @classmethod
    def options(cls) -> tuple[str, ...]:
        """The keys that this op has beyond the sizes and flags, in the order of the table in spec/variants.md."""
        names = {f.name for f in fields(cls)}
        return tuple(key for key in OPTIONS if key in names)

    @canonical_environment()
    def chosen(self) -> dict[str, Any]:
        """The options that are not at their defaults, as JSON holds them."""
        defaults = {f.name: f.default for f in fields(self)}
        values = {key: getattr(self, key) for key in self.options()}
        return {key: to_json(value) for key, value in values.items() if value != defaults[key]}

    @property
    def real(self) -> type[np.floating]:
        """What all arrays in memory hold, and what is computed in."""
        return np.float64 if self.dtype == "float64" else np.float32

    def stored_as(self, rank: int) -> np.dtype:
        """What a weight of this rank holds in a file: of bfloat16 only the matrices are."""
        return BFLOAT16 if self.dtype == "bfloat16" and rank == 2 else np.dtype(self.real)

    @property
    def directions(self) -> int:
        """D."""
        return 2 if self.bidirectional else 1

    @property
    def output_size(self) -> int:
        """R, the size of h."""
        return self.hidden_size

    @property
    def is_random(self) -> bool:
        """Whether a run may be given a seed or masks."""
        return any(getattr(self, key, 0) for key in RATES)

    @property
    def columns(self) -> tuple[str, ...]:
        """The pre-activations of one unit, in the order of z (spec/variants.md, section 1)."""
        return tuple(self.gates)

    @property
    def trace_sizes(self) -> dict[str, int]:
        """The intermediates of a step and the sizes of their last axes, in the order of computation (spec/runner.md)."""
        sizes = {"z": len(self.columns), "gates": len(self.gates), "c": 1}
        return {name: n * self.hidden_size for name, n in sizes.items() if name != "c" or "c" in self.state} | {
            "h": self.output_size
        }

    @classmethod
    def outputs(cls) -> tuple[str, ...]:
        """What a run gives: y, h_n, and c_n if there is a c."""
        return ("y", *(f"{name}_n" for name in cls.state))

    def inputs(self) -> tuple[str, ...]:
        """What a run may be given, besides masks."""
        return ("x", *(f"{name}_0" for name in self.state), "lengths", *(("seed",) if self.is_random else ()))

    def iter_masks(self, steps: int, batch: int) -> Iterator[tuple[str, "Mask"]]:
        """Names, shapes and rates of the masks of a training run, in canonical order (spec/variants.md, section 8)."""
        H, R, letter = self.hidden_size, self.output_size, self.output_letter
        each_step = Expected("(T, B, H)", (steps, batch, H))
        masks = {
            "recurrent_dropout": ("mask_h", Expected(f"(B, {letter})", (batch, R))),
            "candidate_dropout": ("mask_candidate", each_step),
            "zoneout_h": ("keep_h", Expected(f"(T, B, {letter})", (steps, batch, R))),
            "zoneout_c": ("keep_c", each_step),
        }
        if not self.is_random:
            return
        for row, suffix in self.suffixes():
            for key, (name, expected) in masks.items():
                if getattr(self, key, 0):
                    yield f"{name}_{suffix}", Mask(expected, getattr(self, key), key.startswith("zoneout"))
            layer, direction = divmod(row, self.directions)
            if self.dropout and direction + 1 == self.directions and layer + 1 < self.num_layers:
                shape = steps, batch, self.directions * R
                yield f"mask_y_l{layer}", Mask(Expected(f"(T, B, D*{letter})", shape), self.dropout, False)

    def suffixes(self) -> Iterator[tuple[int, str]]:
        """(row of the state, name suffix) of each layer and direction: (0, "l0"), (1, "l0_reverse"), ..."""
        for layer in range(self.num_layers):
            for direction in range(self.directions):
                yield layer * self.directions + direction, f"l{layer}" + ("_reverse" if direction else "")

    def iter_expected(self) -> Iterator[tuple[str, Expected]]:
        """Names and shapes of the weights in canonical order, one at a time (num_layers may be hostile)."""
        hidden, output, directions = self.hidden_size, self.output_size, self.directions
        rows, size = len(self.gates), "H" if len(self.gates) == 1 else f"{len(self.gates)}*H"
        letter = self.output_letter
        for row, suffix in self.suffixes():
            inputs = ("I", self.input_size) if row < directions else (f"D*{letter}", directions * output)
            yield f"weight_ih_{suffix}", Expected(f"({size}, {inputs[0]})", (rows * hidden, inputs[1]))
            yield f"weight_hh_{suffix}", Expected(f"({size}, {letter})", (rows * hidden, output))
            if self.bias:
                yield f"bias_ih_{suffix}", Expected(f"({size},)", (rows * hidden,))
                yield f"bias_hh_{suffix}", Expected(f"({size},)", (rows * hidden,))
            for name, expected in self._more_expected():
                yield f"{name}_{suffix}", expected

    def _more_expected(self) -> Iterator[tuple[str, Expected]]:
        """Further weights of one layer and direction."""
        yield from self._norms()

    def _norms(self) -> Iterator[tuple[str, Expected]]:
        """Gains and shifts of whatever is normalised (spec/variants.md, section 7)."""

        def multiple(n: int) -> Expected:
            return Expected("(H,)" if n == 1 else f"({n}*H,)", (n * self.hidden_size,))

        norms: dict[str, Expected] = {}
        if self.layer_norm == "separate":
            norms = {"norm_ih": multiple(len(self.gates)), "norm_hh": multiple(len(self.gates))}
        elif self.layer_norm != "none":
            norms = {"norm": multiple(len(self.columns))}
        if self.cell_norm != "none":
            norms["norm_c"] = multiple(1)
        if self.hidden_norm:
            norms["norm_h"] = Expected(f"({self.output_letter},)", (self.output_size,))
        for name, expected in norms.items():
            yield f"weight_{name}", expected
            yield f"bias_{name}", expected

    def expected_tensors(self) -> dict[str, Expected]:
        """Names and shapes of all weights in canonical order."""
        return dict(self.iter_expected())

    def expected_input(self, rows: tuple[int, int]) -> Expected:
        """Shape of x, given its first two sizes."""
        return Expected(f"({self.input_axes})", (*rows, self.input_size))

    @property
    def input_axes(self) -> str:
        return "B, T, I" if self.batch_first else "T, B, I"

    def expected_state(self, batch: int, name: str = "h") -> Expected:
        """Shape of h_0 or c_0."""
        letter, size = (self.output_letter, self.output_size) if name == "h" else ("H", self.hidden_size)
        return Expected(f"(L*D, B, {letter})", (self.num_layers * self.directions, batch, size))

    @property
    def output_letter(self) -> str:
        """Of the size of h in an error's words: R where it is not H."""
        return "R" if self.output_size < self.hidden_size else "H"

    def expected_output(self, rows: tuple[int, int]) -> Expected:
        """Shape of y, given its first two sizes."""
        return Expected(f"({self.input_axes[:-1]}D*{self.output_letter})", (*rows, self.directions * self.output_size))

    def expected_step(self, batch: int) -> Expected:
        """Shape of y of one step of a stream."""
        return Expected(f"(B, {self.output_letter})", (batch, self.output_size))

    def outputs_fit(self, steps: int, batch: int) -> bool:
        """Check 13 of spec/model-file.md: an x without elements may claim any number of rows."""
        size_of = np.dtype(self.real).itemsize
        y = size_of * prod(size for size in (steps, batch, self.directions * self.output_size) if size)
        states = size_of * sum(prod(self.expected_state(batch, name).shape) for name in self.state)
        return y < 2**63 and (steps * batch > 0 or states <= 2**32)

    def to_json(self) -> dict[str, Any]:
        """As a model file holds it: options only where they are chosen, so that a plain LSTM's file is what it always was."""
        return (
            {"format_version": FORMAT_VERSION, "op": self.op}
            | {key: getattr(self, key) for key in (*SIZES, *FLAGS)}
            | self.chosen()
        )


@dataclass(frozen=True)
class LSTMConfig(Config):
    """An LSTM; without options that of ``torch.nn.LSTM``. The options: spec/variants.md."""

    _: KW_ONLY
    proj_size: int = 0  # type: ignore[misc]
    peephole: bool = False
    input_forget: bool = False  # type: ignore[misc]
    gate_activation: Activation = SIGMOID
    output_activation: Activation = TANH
    cell_norm: str = "none"  # type: ignore[misc]
    candidate_dropout: float = 0.0
    zoneout_c: float = 0.0

    op = "lstm"
    gates = "ifgo"
    state = ("h", "c")

    @property
    def output_size(self) -> int:
        return self.proj_size or self.hidden_size

    def _more_expected(self) -> Iterator[tuple[str, Expected]]:
        if self.proj_size:
            yield "weight_hr", Expected("(R, H)", (self.proj_size, self.hidden_size))
        if self.peephole:
            yield "weight_peephole", Expected("(3*H,)", (3 * self.hidden_size,))
        yield from self._norms()


@dataclass(frozen=True)
class GRUConfig(Config):
    """A GRU; without options that of ``torch.nn.GRU``."""

    _: KW_ONLY
    reset_after: bool = True
    gate_activation: Activation = SIGMOID
    candidate_dropout: float = 0.0

    op = "gru"
    gates = "run"

    @property
    def columns(self) -> tuple[str, ...]:
        return ("r", "u", "n_x", "n_h") if self.reset_after else ("r", "u", "n")


@dataclass(frozen=True)
class RNNConfig(Config):
    """A plain RNN; without options that of ``torch.nn.RNN``."""

    op = "rnn"
    gates = "n"

    @property
    def trace_sizes(self) -> dict[str, int]:
        """Its only gate is h itself."""
        return {"z": self.hidden_size, "h": self.hidden_size}


class Columns(NamedTuple):
    """Some columns of z that are computed together: their places in z, in blocks of H, and the gates whose weights they have."""

    first: int
    blocks: int
    gate: int


IFGO = Columns(0, 4, 0)
RU, N, N_X, N_H = Columns(0, 2, 0), Columns(2, 1, 2), Columns(2, 1, 2), Columns(3, 1, 2)
N_ONLY = Columns(0, 1, 0)


CONFIGS: dict[str, type[Config]] = {config.op: config for config in (LSTMConfig, GRUConfig, RNNConfig)}


def to_json(value: Any) -> Any:
    if isinstance(value, Activation):
        return value.to_json()
    return shortest(value) if isinstance(value, float) else value


def check_size(parameter: str, value: Any, what: str = "an integer") -> int:
    """An integer from 1 to 2**24, NumPy's included, bool excluded; raises InvalidArgument."""
    want = f"{what} from 1 to {MAX_SIZE}"
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


def check_proj_size(parameter: str, value: Any) -> int:
    """0, or a size."""
    return 0 if is_integer(value) and value == 0 else check_size(parameter, value, "0, or an integer")


def check_clip(parameter: str, value: Any) -> float:
    """0, or a number that is greater in float32, too."""
    want = "0, or a number > 0 that is finite and not 0 in float32"
    clip = check_number(parameter, value, want)
    if clip < 0 or (clip == 0 and value != 0):
        raise InvalidArgument(parameter, describe(value), want)
    return abs(clip)


def check_choice(*values: str) -> Callable[[str, Any], str]:
    """One of some words."""
    want = f"{', '.join(map(describe, values[:-1]))} or {describe(values[-1])}"

    def check(parameter: str, value: Any) -> str:
        if not isinstance(value, str) or value not in values:
            raise InvalidArgument(parameter, describe(value), want)
        return str(value)

    return check


def check_epsilon(parameter: str, value: Any) -> float:
    want = "a number > 0 that is finite and not 0 in float32"
    epsilon = check_number(parameter, value, want)
    if epsilon <= 0:
        raise InvalidArgument(parameter, describe(value), want)
    return epsilon


def check_rate(parameter: str, value: Any) -> float:
    want = "a number from 0 to less than 1 in float32"
    rate = check_number(parameter, value, want)
    if not 0 <= rate < 1:
        raise InvalidArgument(parameter, describe(value), want)
    return abs(rate)


def dtype_name(dtype: Any) -> Any:
    """np.float64 and torch.float64 as "float64". Another type of torch becomes its name and what is no type stays as it is, both to
    be refused: torch.bfloat16, too, for as a parameter's type it would be that of all numbers, not of weights alone."""
    if str(dtype).startswith("torch."):
        return {"torch.float32": "float32", "torch.float64": "float64"}.get(str(dtype), str(dtype))
    try:
        return np.dtype(dtype).name if isinstance(dtype, type | np.dtype) else dtype
    except (TypeError, ValueError):  # a class that is no number type
        return dtype


def check_dtype(parameter: str, value: Any) -> str:
    if not isinstance(value, str) or value not in DTYPES:
        raise InvalidArgument(parameter, describe(value), '"float32", "float64" or "bfloat16"')
    return value


DTYPES = ("float32", "float64", "bfloat16")
CHECKS: dict[str, Callable[[str, Any], Any]] = {  # of one key by itself, in the order of spec/model-file.md
    **dict.fromkeys(SIZES, check_size),
    **dict.fromkeys(FLAGS, check_flag),
    "proj_size": check_proj_size,
    **dict.fromkeys(("peephole", "input_forget", "reset_after"), check_flag),
    "clip": check_clip,
    **dict.fromkeys(("gate_activation", "candidate_activation", "output_activation"), check_activation),
    "layer_norm": check_choice("none", "joint", "gate", "separate"),
    "cell_norm": check_choice("none", "output", "state"),
    "hidden_norm": check_flag,
    "norm_epsilon": check_epsilon,
    **dict.fromkeys(RATES, check_rate),
    "dtype": check_dtype,
}
OPTIONS = tuple(CHECKS)[len(SIZES) + len(FLAGS) :]
VARIANTS = OPTIONS[: OPTIONS.index("dtype")]  # what a runner calls its options: it says by itself which dtypes it has
REASONS = {  # why an op does not have an option
    ("gru", "proj_size"): "only an LSTM is projected, as in PyTorch",
    ("gru", "peephole"): "a GRU has no cell state to look at",
    ("gru", "input_forget"): "the gates of a GRU are coupled as it is",
    ("gru", "output_activation"): "the output of a GRU is its state",
    ("rnn", "proj_size"): "only an LSTM is projected, as in PyTorch",
    ("rnn", "peephole"): "a plain RNN has no cell state to look at",
    ("rnn", "input_forget"): "a plain RNN has no gates",
    ("rnn", "reset_after"): "a plain RNN has no gates",
    ("rnn", "gate_activation"): "a plain RNN has no gates",
    ("rnn", "output_activation"): "the output of a plain RNN is its state",
    ("lstm", "reset_after"): "an LSTM has no reset gate",
    ("gru", "cell_norm"): "a GRU has no cell state to normalise",
    ("rnn", "cell_norm"): "a plain RNN has no cell state to normalise",
    ("rnn", "candidate_dropout"): "the candidate of a plain RNN is its state",
    ("gru", "zoneout_c"): "a GRU has no cell state to keep",
    ("rnn", "zoneout_c"): "a plain RNN has no cell state to keep",
}


class Refusal(NamedTuple):
    """A value of an option that makes no sense together with something else."""

    option: str
    concerns: Callable[[Config], bool]
    want: str
    reason: str


def _normalises(config: Config) -> bool:
    return config.layer_norm != "none" or config.cell_norm != "none" or config.hidden_norm


REFUSALS = (  # in the order of the second table of spec/variants.md, section 2
    Refusal("layer_norm", lambda c: c.op == "gru" and c.layer_norm == "joint", '"none", "gate" or "separate"', "the candidate of a GRU waits for its reset gate"),
    Refusal("layer_norm", lambda c: c.op == "rnn" and c.layer_norm == "gate", '"none", "joint" or "separate"', "a plain RNN has no gates"),
    Refusal("layer_norm", lambda c: c.input_forget and c.layer_norm in ("joint", "separate"), '"none" or "gate"', "coupled gates have no forget gate to normalise"),
    Refusal("norm_epsilon", lambda c: c.norm_epsilon != NORM_EPSILON and not _normalises(c), "1e-05", "nothing is normalised"),
    Refusal("dropout", lambda c: bool(c.dropout) and c.num_layers == 1, "0", "nothing is between the layers of one"),
)  # fmt: skip


def is_integer(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def check_tensors(config: Config, tensors: Mapping[str, np.ndarray], *, from_file: bool = True) -> None:
    """Checks 7 and 8 of spec/model-file.md: exactly the configuration's tensors, of the right types, shapes and, for bfloat16, values."""
    seen = 0
    for name, expected in config.iter_expected():
        if name not in tensors:
            raise InvalidArgument(name, "missing", str(expected))
        array, stored_as = to_array(name, tensors[name]), config.stored_as(len(expected.shape))
        check_array(name, array, stored_as if from_file else config.real, expected, from_file=from_file)
        if stored_as == BFLOAT16 and not from_file and (others := np.count_nonzero(~is_bfloat16(array))):
            raise InvalidArgument(
                name, f"{others} elements that are no bfloat16", "bfloat16 values (round_to_bfloat16 gives them)"
            )
        seen += 1
    if seen != len(tensors):
        names = config.expected_tensors()
        extra = next(name for name in tensors if name not in names)
        raise InvalidArgument(extra, "unexpected tensor", "only the tensors of the configuration")


DTYPE_NAMES = {BFLOAT16: "BF16", np.dtype(np.float32): "F32", np.dtype(np.float64): "F64", np.dtype(np.int64): "I64"}


def check_array(name: str, array: np.ndarray, dtype: DTypeLike, expected: Expected | None, *, from_file: bool = True) -> None:
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
    """Checked inputs of one call; h_0 and c_0 are +0 and lengths is T when they were absent. c_0 is None where there is no c.

    seed and masks: at most one of them is given; neither in evaluation.
    """

    x: np.ndarray
    h_0: np.ndarray
    c_0: np.ndarray | None
    lengths: np.ndarray
    seed: int | None = None
    masks: dict[str, np.ndarray] | None = None

    def arguments(self) -> dict[str, Any]:
        """By name, as whoever checked them was given them."""
        return self._asdict()

    def states(self) -> list[np.ndarray]:
        """h_0, and c_0 where there is one."""
        return [self.h_0] if self.c_0 is None else [self.h_0, self.c_0]


def check_inputs(
    config: Config, x: Any, h_0: Any = None, c_0: Any = None, lengths: Any = None, *,
    seed: Any = None, masks: Mapping[str, Any] | None = None, from_file: bool = False, other_ranks: str = "",
) -> Inputs:  # fmt: skip
    """Checks 9 to 13 of spec/model-file.md; then fills in what may be absent. From a file, masks are all its further tensors.

    other_ranks: what the caller takes besides, for the error about x.
    x (T, B, I) or (B, T, I); h_0, c_0 (L*D, B, H); lengths (B,) int64; seed an integer, or (1,) int64. Raises InvalidArgument.
    """

    def checked_mask(name: str, value: Any, expected: Expected) -> np.ndarray:
        array = to_array(name, value)
        check_array(name, array, config.real, expected, from_file=from_file)
        return array

    if x is None:
        raise InvalidArgument("x", "missing", f"({config.input_axes}) with I = {config.input_size}")
    x = to_array("x", x)
    check_array("x", x, config.real, None, from_file=from_file)
    if x.ndim != 3:
        raise InvalidArgument("x", f"rank {x.ndim}", f"3 ({config.input_axes}){other_ranks}")
    check_array("x", x, config.real, config.expected_input(x.shape[:2]), from_file=from_file)
    steps, batch = x.shape[1::-1] if config.batch_first else x.shape[:2]

    h_0, c_0 = check_state(config, batch, h_0, c_0, from_file=from_file)
    if lengths is not None:
        lengths = _check_lengths(lengths, steps, batch, from_file)
    checked_seed = None if seed is None else check_seed(config, seed, from_file=from_file)
    if from_file:
        masks = masks or None  # beside a file's other tensors, none is none given
    checked_masks = None if masks is None else check_masks(config, steps, batch, masks, checked_mask, seed)
    if not config.outputs_fit(steps, batch):
        raise InvalidArgument("memory", "too little for this case", "a smaller one")

    if h_0 is None:
        h_0, c_0 = (np.zeros(config.expected_state(batch, name).shape, config.real) for name in ("h", "c"))
    lengths = np.full(batch, steps, np.int64) if lengths is None else lengths
    return Inputs(x, h_0, c_0 if "c" in config.state else None, lengths, checked_seed, checked_masks or None)


def check_state(
    config: Config, batch: int, h_0: Any, c_0: Any, *, from_file: bool = False
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Check 10 of spec/model-file.md: h_0 (L*D, B, R) and c_0 (L*D, B, H) both there or both absent; c_0 never where there is no c."""
    if h_0 is None and c_0 is None:
        return None, None

    def check(name: str, value: Any) -> np.ndarray:
        expected = config.expected_state(batch, name[0])
        if value is None:
            raise InvalidArgument(name, "missing", str(expected))
        array = to_array(name, value)
        check_array(name, array, config.real, expected, from_file=from_file)
        return array

    if "c" not in config.state:
        h_0 = check("h_0", h_0)
        if c_0 is not None:
            raise unexpected("c_0", config)
        return h_0, None
    return check("h_0", h_0), check("c_0", c_0)


def unexpected(name: str, config: Config) -> InvalidArgument:
    """Check 12."""
    return InvalidArgument(
        name, "unexpected tensor", f"only {', '.join((*config.inputs(), *(('masks',) if config.is_random else ())))}"
    )


def check_seed(config: Config, seed: Any, *, from_file: bool = False) -> int:
    """Of check 11: an integer, or (1,) int64."""
    if not config.is_random:
        raise unexpected("seed", config)
    array = to_array("seed", seed)
    if is_integer(seed) or (array.ndim == 0 and array.dtype.kind in "iu" and not from_file):
        number = int(seed)
        if not 0 <= number < 2**63:
            raise InvalidArgument("seed[0]", str(number), "an integer of at least 0" if number < 0 else "an integer below 2^63")
        return number
    check_array("seed", array, np.int64, Expected("(1,)", (1,)), from_file=from_file)
    if array[0] < 0:
        raise InvalidArgument("seed[0]", str(array[0]), "an integer of at least 0")
    return int(array[0])


def check_masks(
    config: Config, steps: int, batch: int, masks: Mapping[str, Any], check: Callable[[str, Any, Expected], Any], seed: Any = None
) -> dict[str, Any]:
    """Of check 11: all masks of the configuration, whatever `check` makes of them, none beside a seed; and no other tensor."""
    known = dict(config.iter_masks(steps, batch))
    checked = {}
    if not masks or known.keys() & masks.keys():
        for name, mask in known.items():
            if seed is not None:
                raise InvalidArgument("seed", "given with masks", "a seed or masks")
            if name not in masks:
                raise InvalidArgument(name, "missing", str(mask.expected))
            checked[name] = check(name, masks[name], mask.expected)
    for name in masks:
        if name not in checked:
            raise unexpected(name, config)
    return checked


def split_state(config: Config, state: Any) -> tuple[Any, Any]:
    """h_0 and c_0 of a pair, or None for both; where there is no c, the state is h_0."""
    if state is None or "c" not in config.state:
        return state, None
    if not isinstance(state, (tuple, list)) or len(state) != 2:
        raise InvalidArgument("state", describe(state), "a pair (h_0, c_0)")
    return state[0], state[1]


def check_output(name: str, out: Any, dtype: DTypeLike, expected: Expected, inputs: Mapping[str, Iterable[Any]]) -> None:
    """An array to be written as it is. inputs: by name, what the caller gave and what became of it; out may overlap neither."""
    if not isinstance(out, np.ndarray):
        raise InvalidArgument(name, describe(out), "a NumPy array")
    check_array(name, out, dtype, expected, from_file=False)
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
