"""The C++ engine for NumPy users."""

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

import numpy as np

from . import _binding, model_file, sequences
from .activation import Activation
from .config import (
    RATES,
    Config,
    Expected,
    GRUConfig,
    Inputs,
    LSTMConfig,
    RNNConfig,
    check_array,
    check_inputs,
    check_output,
    check_tensors,
    describe,
    dtype_name,
    is_integer,
    split_state,
    to_array,
)
from .convert import pytorch
from .errors import InvalidArgument
from .golden.fills import fill
from .stream import Stream

Array = np.ndarray
Function = str | tuple[str | float, ...] | Activation
Self = TypeVar("Self", bound="Recurrent")

MAX_THREADS = 1024


class Recurrent:
    """What LSTM, GRU and RNN have in common: their constructors make a configuration and weights of it.

    The weights are uniform in about +-1/sqrt(hidden_size), the same for the same seed; what a normalisation has are gains of 1 and
    shifts of 0. `num_threads` shares out the batch rows;
    `isa` is one of `available_isas()`, by default what the environment variable LSTM_REF_ISA says, or else the fastest.
    Neither changes a bit of any output. `dtype`: float32, float64 (all numbers) or bfloat16 (the weight matrices, which hold such values).
    Calls from several threads may run at the same time, without the interpreter's lock.
    Raises InvalidArgument for anything that does not fit (spec/errors.md).
    """

    op: ClassVar[str]

    def _initialize(self, config: Config, num_threads: int, isa: str | None, seed: int) -> None:
        if not is_integer(seed) or not 0 <= seed < 2**64:
            raise InvalidArgument("seed", describe(seed), "an integer from 0 to 2**64 - 1")
        self._build(config, _initial_weights(config, int(seed)), num_threads, isa)

    @classmethod
    def from_tensors(cls: type[Self], config: Config, tensors: Mapping[str, Any], *, num_threads: int = 1,
                     isa: str | None = None) -> Self:  # fmt: skip
        """From weights by name; they are copied."""
        network = cls.__new__(cls)
        network._build(config, tensors, num_threads, isa)
        return network

    @classmethod
    def load(cls: type[Self], path: str | os.PathLike, *, num_threads: int = 1, isa: str | None = None) -> Self:
        """From a model file (spec/model-file.md)."""
        config, tensors = model_file.load(path)
        try:
            cls._check_op(config)
        except InvalidArgument as error:
            raise error.at(path) from None
        return cls.from_tensors(config, tensors, num_threads=num_threads, isa=isa)

    @classmethod
    def from_torch(cls: type[Self], module: Any, *, num_threads: int = 1, isa: str | None = None) -> Self:
        """From the module of the same name in `torch.nn`, or in `lstm_ref.torch`."""
        module = getattr(module, "_orig_mod", module)  # what torch.compile wraps
        config = pytorch.config_of(module, cls.op)
        if module.training and config.is_random:
            key = next(key for key in RATES if getattr(config, key, 0))
            raise InvalidArgument(
                "module", f"training mode with {key} {getattr(config, key):g}", "evaluation mode: call eval() first"
            )
        tensors = {name: value.detach().cpu() for name, value in module.state_dict().items()}
        if any(str(value.dtype) == "torch.float64" for value in tensors.values()):
            config = replace(config, dtype="float64")
        for name, value in tensors.items():
            if str(value.dtype) != (want := f"torch.{np.dtype(config.real).name}"):
                raise InvalidArgument(name, f"dtype {value.dtype}", want)
        return cls.from_tensors(
            config, {name: value.numpy() for name, value in tensors.items()}, num_threads=num_threads, isa=isa
        )

    def to_torch(self) -> Any:
        """The module of the same name in `torch.nn` with these weights, in evaluation mode. It has few of the options."""
        try:
            import torch
        except ImportError:
            raise ModuleNotFoundError("to_torch needs PyTorch: pip install 'lstm_ref[torch]'") from None

        module = pytorch.make_module(self.config)
        module.load_state_dict({name: torch.from_numpy(value) for name, value in self.state_dict().items()})
        return module.eval()

    @property
    def config(self) -> Config:
        return self._config

    @property
    def isa(self) -> str:
        """The instruction set in use."""
        return _binding.engine.isa(self._engine)

    @property
    def num_threads(self) -> int:
        return self._num_threads

    def state_dict(self) -> dict[str, Array]:
        """Copies of the weights by name, in the order of spec/lstm.md."""
        return {name: value.copy() for name, value in self._tensors.items()}

    def load_state_dict(self, tensors: Mapping[str, Any]) -> None:
        """Replaces all weights; on an error none."""
        self._build(self.config, tensors, self.num_threads, self.isa)

    def save(self, path: str | os.PathLike) -> None:
        """Writes a model file (spec/model-file.md), which `load` and the other languages read."""
        model_file.save(path, self.config, self._tensors)

    def __call__(self, x: Any, state: Any = None, lengths: Any = None, out: Array | None = None, *,
                 seed: Any = None, masks: Mapping[str, Any] | None = None, trace: dict[str, Array] | None = None
                 ) -> tuple[Any, Any]:  # fmt: skip
        """y, (h_n, c_n), or y, h_n where there is no c, for x (T, B, I), or (B, T, I) when batch_first; spec/lstm.md, section 1.

        state: (h_0, c_0), or h_0 alone, default +0. lengths: (B,) integers, default T for every row; y is +0 past them.
        out: an array for y: of the network's type, C-contiguous, writable, sharing no memory with the inputs.
        seed, or masks by name: a training run, of a network with dropout or zoneout (spec/variants.md, section 8); else evaluation.
        trace: a dict that receives z_l0, gates_l0, c_l0, h_l0, ... (spec/runner.md), time-major.

        As in PyTorch, x may also be one sequence (T, I), then nothing else has a batch axis either; or a PackedSequence, then y is
        one, too, and the states are tensors (sequences.py).
        """
        if lengths is None and seed is None and masks is None and trace is None:
            outputs = _binding.engine.forward_plain(self._engine, x, state, out)
            if outputs is not None:  # None: not the usual arrays
                return outputs
        if trace is not None and not isinstance(trace, dict):
            raise InvalidArgument("trace", describe(trace), "a dict")
        if masks is not None and not isinstance(masks, Mapping):
            raise InvalidArgument("masks", describe(masks), "a mapping of names to arrays")
        for is_other, forward in sequences.OTHER_FORMS:
            if is_other(x):
                return forward(self, self._checked, x, state, lengths, out, trace, seed, masks)
        h_0, c_0 = split_state(self.config, state)
        given = {"x": x, "h_0": h_0, "c_0": c_0, "lengths": lengths}
        checked = check_inputs(self.config, **given, seed=seed, masks=masks, other_ranks=sequences.OTHER_RANKS)
        taken = {name: _contiguous(value) for name, value in (checked.masks or {}).items()}
        inputs = checked._replace(**{name: _contiguous(getattr(checked, name)) for name in given}, masks=taken)
        y = self._make_y(inputs, out, {**given, **(masks or {})})
        h_n, c_n = np.empty_like(inputs.h_0), None if inputs.c_0 is None else np.empty_like(inputs.c_0)
        arrays = (
            *inputs[:4],
            None if inputs.seed is None else np.array([inputs.seed], np.int64),
            list(taken.values()),
            y,
            h_n,
            c_n,
        )
        if trace is None:
            _binding.engine.forward(self._engine, *arrays)
        else:
            intermediates = self._make_trace(inputs)
            _binding.engine.forward_trace(self._engine, *arrays, list(intermediates.values()))
            trace.update(intermediates)
        return y, (h_n if c_n is None else (h_n, c_n))

    def stream(self, batch: int = 1, state: Any = None) -> Stream:
        """For steps as they come: `y = stream.step(x)` with x (B, I), y (B, R). state: (h_0, c_0), or h_0 alone, default +0."""
        return Stream(self.config, self._engine, batch, state)

    def __repr__(self) -> str:
        c = self.config
        options = "".join(f"{key}={value!r}, " for key, value in c.chosen().items())
        return (f"{type(self).__name__}({c.input_size}, {c.hidden_size}, num_layers={c.num_layers}, bias={c.bias}, "
                f"batch_first={c.batch_first}, bidirectional={c.bidirectional}, {options}num_threads={self.num_threads}, "
                f"isa={self.isa!r})")  # fmt: skip

    def __reduce__(self) -> tuple:  # pickled and copied by configuration and weights; a copy picks its instruction set anew
        return _unpickle, (type(self), self.config, self._tensors, self.num_threads)

    @classmethod
    def _check_op(cls, config: Config) -> None:
        if config.op != cls.op:
            raise InvalidArgument("op", describe(config.op), describe(cls.op))

    def _build(self, config: Config, tensors: Mapping[str, Any], num_threads: int, isa: str | None) -> None:
        if not is_integer(num_threads) or not 1 <= num_threads <= MAX_THREADS:
            raise InvalidArgument("num_threads", describe(num_threads), f"an integer from 1 to {MAX_THREADS}")
        if isa is not None and isa not in available_isas():
            raise InvalidArgument("isa", ascii(isa) if isinstance(isa, str) and not isa.isprintable() else describe(isa),
                                  "one of " + ", ".join(available_isas()))  # fmt: skip
        if not isinstance(tensors, Mapping):
            raise InvalidArgument("tensors", describe(tensors), "a mapping of names to arrays")
        self._check_op(config)
        arrays = {name: to_array(name, value) for name, value in tensors.items()}
        check_tensors(config, arrays, from_file=False)
        copies = {name: np.array(arrays[name], order="C") for name, _ in config.iter_expected()}
        make = _binding.engine.make64 if config.real is np.float64 else _binding.engine.make
        engine = make(model_file.config_text(config), list(copies.items()), isa or "", int(num_threads))
        # all at once, after everything that may fail
        self._config, self._tensors, self._engine, self._num_threads = config, copies, engine, int(num_threads)

    def _checked(self, name: str, value: Any, expected: Expected) -> Array:
        """For sequences.py."""
        if value is None:
            raise InvalidArgument(name, "missing", str(expected))
        array = to_array(name, value)
        check_array(name, array, self.config.real, expected, from_file=False)
        return array

    def _make_y(self, inputs: Inputs, out: Array | None, given: Mapping[str, Any]) -> Array:
        expected = self.config.expected_output(inputs.x.shape[:2])
        if out is None:
            return np.empty(expected.shape, self.config.real)
        taken = inputs._asdict() | (inputs.masks or {})
        check_output("out", out, self.config.real, expected, {name: (value, taken[name]) for name, value in given.items()})
        return out

    def _make_trace(self, inputs: Inputs) -> dict[str, Array]:
        """Arrays for the intermediates, in the order that the engine fills them."""
        T, B = inputs.x.shape[1::-1] if self.config.batch_first else inputs.x.shape[:2]
        sizes = self.config.trace_sizes
        return {f"{name}_{suffix}": np.empty((T, B, size), self.config.real)
                for _, suffix in self.config.suffixes() for name, size in sizes.items()}  # fmt: skip


class LSTM(Recurrent):
    """An LSTM as spec/lstm.md defines it, with the constructor, the names and the shapes of `torch.nn.LSTM`, and the options of
    spec/variants.md. For the rest see Recurrent.
    """

    op = "lstm"

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
                 bidirectional: bool = False, *, proj_size: int = 0, peephole: bool = False, input_forget: bool = False,
                 clip: float = 0, gate_activation: Function = "sigmoid", candidate_activation: Function = "tanh",
                 output_activation: Function = "tanh", layer_norm: str = "none", cell_norm: str = "none", hidden_norm: bool = False,
                 norm_epsilon: float = 1e-5, recurrent_dropout: float = 0, candidate_dropout: float = 0, zoneout_h: float = 0,
                 zoneout_c: float = 0, dropout: float = 0, dtype: Any = "float32", num_threads: int = 1, isa: str | None = None,
                 seed: int = 0) -> None:  # fmt: skip
        options: dict[str, Any] = {
            "proj_size": proj_size, "peephole": peephole, "input_forget": input_forget, "clip": clip,
            "gate_activation": gate_activation, "candidate_activation": candidate_activation, "output_activation": output_activation,
            "layer_norm": layer_norm, "cell_norm": cell_norm, "hidden_norm": hidden_norm, "norm_epsilon": norm_epsilon,
            "recurrent_dropout": recurrent_dropout, "candidate_dropout": candidate_dropout, "zoneout_h": zoneout_h,
            "zoneout_c": zoneout_c, "dropout": dropout, "dtype": dtype_name(dtype),
        }  # fmt: skip
        config = LSTMConfig(input_size, hidden_size, num_layers, bias, batch_first, bidirectional, **options)
        self._initialize(config, num_threads, isa, seed)


class GRU(Recurrent):
    """A GRU as spec/variants.md, section 5, defines it: that of `torch.nn.GRU`, or with reset_after=False that of the paper.

    Its state is h alone. For the rest see Recurrent.
    """

    op = "gru"

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
                 bidirectional: bool = False, *, reset_after: bool = True, clip: float = 0,
                 gate_activation: Function = "sigmoid", candidate_activation: Function = "tanh", layer_norm: str = "none",
                 hidden_norm: bool = False, norm_epsilon: float = 1e-5, recurrent_dropout: float = 0, candidate_dropout: float = 0,
                 zoneout_h: float = 0, dropout: float = 0, dtype: Any = "float32", num_threads: int = 1, isa: str | None = None,
                 seed: int = 0) -> None:  # fmt: skip
        options: dict[str, Any] = {
            "reset_after": reset_after, "clip": clip, "gate_activation": gate_activation, "candidate_activation": candidate_activation,
            "layer_norm": layer_norm, "hidden_norm": hidden_norm, "norm_epsilon": norm_epsilon,
            "recurrent_dropout": recurrent_dropout, "candidate_dropout": candidate_dropout, "zoneout_h": zoneout_h, "dropout": dropout,
            "dtype": dtype_name(dtype),
        }  # fmt: skip
        config = GRUConfig(input_size, hidden_size, num_layers, bias, batch_first, bidirectional, **options)
        self._initialize(config, num_threads, isa, seed)


class RNN(Recurrent):
    """A plain RNN as spec/variants.md, section 6, defines it: that of `torch.nn.RNN`, whose `nonlinearity` may be given instead of
    candidate_activation. Its state is h alone. For the rest see Recurrent.
    """

    op = "rnn"

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
                 bidirectional: bool = False, *, nonlinearity: str | None = None, clip: float = 0,
                 candidate_activation: Function | None = None, layer_norm: str = "none", hidden_norm: bool = False,
                 norm_epsilon: float = 1e-5, recurrent_dropout: float = 0, zoneout_h: float = 0, dropout: float = 0,
                 dtype: Any = "float32", num_threads: int = 1, isa: str | None = None, seed: int = 0) -> None:  # fmt: skip
        if nonlinearity not in (None, "tanh", "relu"):
            raise InvalidArgument("nonlinearity", describe(nonlinearity), "one of tanh, relu")
        if nonlinearity is not None and candidate_activation is not None:
            raise InvalidArgument("nonlinearity", describe(nonlinearity), "nothing beside candidate_activation")
        activation = nonlinearity or ("tanh" if candidate_activation is None else candidate_activation)
        options: dict[str, Any] = {
            "clip": clip, "candidate_activation": activation, "layer_norm": layer_norm, "hidden_norm": hidden_norm,
            "norm_epsilon": norm_epsilon, "recurrent_dropout": recurrent_dropout, "zoneout_h": zoneout_h, "dropout": dropout,
            "dtype": dtype_name(dtype),
        }  # fmt: skip
        config = RNNConfig(input_size, hidden_size, num_layers, bias, batch_first, bidirectional, **options)
        self._initialize(config, num_threads, isa, seed)


CLASSES: dict[str, type[Recurrent]] = {cls.op: cls for cls in (LSTM, GRU, RNN)}


def available_isas() -> list[str]:
    """The instruction sets of this build that this machine has, "baseline" first, the fastest last."""
    return _binding.engine.available_isas()


def load(path: str | os.PathLike, *, num_threads: int = 1, isa: str | None = None) -> Any:
    """The LSTM, GRU or RNN in a model file (spec/model-file.md)."""
    config, tensors = model_file.load(path)
    return CLASSES[config.op].from_tensors(config, tensors, num_threads=num_threads, isa=isa)


def _initial_weights(config: Config, seed: int) -> dict[str, Array]:
    uniform = {"kind": "uniform", "exponent": math.floor(-math.log2(config.hidden_size) / 2)}

    def values(name: str, shape: tuple[int, ...]) -> Array:
        if name.startswith(("weight_norm", "bias_norm")):
            return np.full(shape, name.startswith("weight"), config.real)
        return fill(seed, name, shape, uniform, config.stored_as(len(shape)))

    return {name: values(name, shape) for name, (_, shape) in config.iter_expected()}


def _contiguous(value: Any) -> Any:
    """As the engine takes arrays; None as it is."""
    return value if value is None else np.require(value, requirements=["C", "A"])


def _unpickle(cls: type[Recurrent], config: Config, tensors: dict[str, Array], num_threads: int) -> Recurrent:
    return cls.from_tensors(config, tensors, num_threads=num_threads)
