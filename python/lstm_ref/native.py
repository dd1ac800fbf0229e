"""The C++ engine for NumPy users."""

import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import _binding, model_file
from .config import (
    Config,
    Expected,
    Inputs,
    LSTMConfig,
    check_inputs,
    check_output,
    check_tensors,
    describe,
    is_integer,
    plain_lstm,
    split_state,
    to_array,
)
from .errors import InvalidArgument
from .golden.fills import fill
from .stream import Stream

Array = np.ndarray
State = tuple[Array, Array]

MAX_THREADS = 1024


class LSTM:
    """An LSTM as spec/lstm.md defines it, with the constructor, the names and the shapes of `torch.nn.LSTM`.

    The weights are uniform in about +-1/sqrt(hidden_size), the same for the same seed. `num_threads` shares out the batch rows;
    `isa` is one of `available_isas()`, by default what the environment variable LSTM_REF_ISA says, or else the fastest.
    Neither changes a bit of any output. Calls from several threads may run at the same time, without the interpreter's lock.
    Raises InvalidArgument for anything that does not fit (spec/errors.md).
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
                 bidirectional: bool = False, *, num_threads: int = 1, isa: str | None = None, seed: int = 0) -> None:  # fmt: skip
        config = LSTMConfig(input_size, hidden_size, num_layers, bias, batch_first, bidirectional)
        if not is_integer(seed) or not 0 <= seed < 2**64:
            raise InvalidArgument("seed", describe(seed), "an integer from 0 to 2**64 - 1")
        uniform = {"kind": "uniform", "exponent": math.floor(-math.log2(config.hidden_size) / 2)}
        tensors = {name: fill(int(seed), name, shape, uniform) for name, (_, shape) in config.iter_expected()}
        self._build(config, tensors, num_threads, isa)

    @classmethod
    def from_tensors(cls, config: Config, tensors: Mapping[str, Any], *, num_threads: int = 1,
                     isa: str | None = None) -> "LSTM":  # fmt: skip
        """From weights by name; they are copied."""
        lstm = cls.__new__(cls)
        lstm._build(config, tensors, num_threads, isa)
        return lstm

    @classmethod
    def load(cls, path: str | os.PathLike, *, num_threads: int = 1, isa: str | None = None) -> "LSTM":
        """From a model file (spec/model-file.md)."""
        config, tensors = model_file.load(path)
        return cls.from_tensors(config, tensors, num_threads=num_threads, isa=isa)

    @classmethod
    def from_torch(cls, module: Any, *, num_threads: int = 1, isa: str | None = None) -> "LSTM":
        """From a `torch.nn.LSTM` or a `lstm_ref.torch.LSTM`."""
        module = getattr(module, "_orig_mod", module)  # what torch.compile wraps
        if getattr(module, "mode", "LSTM") != "LSTM" or not hasattr(module, "weight_hh_l0"):
            raise InvalidArgument("module", f"a {type(module).__name__}", "a torch.nn.LSTM")
        if getattr(module, "proj_size", 0) != 0:
            raise InvalidArgument("proj_size", str(module.proj_size), "0")
        if module.training and module.dropout > 0:
            raise InvalidArgument("module", f"training mode with dropout {module.dropout}", "evaluation mode: call eval() first")
        described = getattr(module, "config", module)  # ours has a configuration, torch.nn.LSTM the members themselves
        config = LSTMConfig(described.input_size, described.hidden_size, described.num_layers, described.bias,
                            described.batch_first, described.bidirectional)  # fmt: skip
        tensors = {name: value.detach().cpu() for name, value in module.state_dict().items()}
        for name, value in tensors.items():
            if str(value.dtype) != "torch.float32":
                raise InvalidArgument(name, f"dtype {value.dtype}", "torch.float32")
        return cls.from_tensors(
            config, {name: value.numpy() for name, value in tensors.items()}, num_threads=num_threads, isa=isa
        )

    def to_torch(self) -> Any:
        """A `torch.nn.LSTM` with these weights, in evaluation mode."""
        try:
            import torch
        except ImportError:
            raise ModuleNotFoundError("to_torch needs PyTorch: pip install 'lstm_ref[torch]'") from None

        c = self.config
        module = torch.nn.LSTM(c.input_size, c.hidden_size, c.num_layers, c.bias, c.batch_first, bidirectional=c.bidirectional)
        module.load_state_dict({name: torch.from_numpy(value) for name, value in self.state_dict().items()})
        return module.eval()

    @property
    def config(self) -> LSTMConfig:
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

    def __call__(self, x: Any, state: tuple[Any, Any] | None = None, lengths: Any = None, out: Array | None = None, *,
                 trace: dict[str, Array] | None = None) -> tuple[Array, State]:  # fmt: skip
        """y, (h_n, c_n) for x (T, B, I), or (B, T, I) when batch_first; shapes as in spec/lstm.md, section 1.

        state: (h_0, c_0), each (L*D, B, H), default +0. lengths: (B,) integers, default T for every row; y is +0 past them.
        out: an array for y: float32, C-contiguous, writable, sharing no memory with the inputs.
        trace: a dict that receives z_l0, gates_l0, c_l0, h_l0, ... (spec/runner.md), time-major.
        """
        if lengths is None and trace is None:
            outputs = _binding.engine.forward_plain(self._engine, x, state, out)
            if outputs is not None:  # None: not the usual arrays
                return outputs
        if trace is not None and not isinstance(trace, dict):
            raise InvalidArgument("trace", describe(trace), "a dict")
        h_0, c_0 = split_state(state)
        checked = check_inputs(self.config, x, h_0, c_0, lengths)
        inputs = Inputs(*(np.require(value, requirements=["C", "A"]) for value in checked))
        y = self._make_y(inputs, out, (x, h_0, c_0, lengths))
        h_n, c_n = np.empty_like(inputs.h_0), np.empty_like(inputs.c_0)
        if trace is None:
            _binding.engine.forward(self._engine, *inputs, y, h_n, c_n)
        else:
            intermediates = self._make_trace(inputs)
            _binding.engine.forward_trace(self._engine, *inputs, y, h_n, c_n, list(intermediates.values()))
            trace.update(intermediates)
        return y, (h_n, c_n)

    def stream(self, batch: int = 1, state: tuple[Any, Any] | None = None) -> Stream:
        """For steps as they come: `y = stream.step(x)` with x (B, I), y (B, H). state: (h_0, c_0), each (L, B, H), default +0."""
        return Stream(self.config, self._engine, batch, state)

    def __repr__(self) -> str:
        c = self.config
        return (f"LSTM({c.input_size}, {c.hidden_size}, num_layers={c.num_layers}, bias={c.bias}, batch_first={c.batch_first}, "
                f"bidirectional={c.bidirectional}, num_threads={self.num_threads}, isa={self.isa!r})")  # fmt: skip

    def __reduce__(self) -> tuple:  # pickled and copied by configuration and weights; a copy picks its instruction set anew
        return _unpickle, (type(self), self.config, self._tensors, self.num_threads)

    def _build(self, config: Config, tensors: Mapping[str, Any], num_threads: int, isa: str | None) -> None:
        if not is_integer(num_threads) or not 1 <= num_threads <= MAX_THREADS:
            raise InvalidArgument("num_threads", describe(num_threads), f"an integer from 1 to {MAX_THREADS}")
        if isa is not None and isa not in available_isas():
            raise InvalidArgument("isa", ascii(isa) if isinstance(isa, str) and not isa.isprintable() else describe(isa),
                                  "one of " + ", ".join(available_isas()))  # fmt: skip
        if not isinstance(tensors, Mapping):
            raise InvalidArgument("tensors", describe(tensors), "a mapping of names to arrays")
        config = plain_lstm(config, "the C++ engine")
        arrays = {name: to_array(name, value) for name, value in tensors.items()}
        check_tensors(config, arrays, from_file=False)
        copies = {name: np.array(arrays[name], order="C") for name, _ in config.iter_expected()}
        engine = _binding.engine.make_lstm(config.input_size, config.hidden_size, config.num_layers, config.bias,
                                   config.batch_first, config.bidirectional, list(copies.items()),
                                   isa or "", int(num_threads))  # fmt: skip
        # all at once, after everything that may fail
        self._config, self._tensors, self._engine, self._num_threads = config, copies, engine, int(num_threads)

    def _make_y(self, inputs: Inputs, out: Array | None, given: tuple[Any, ...]) -> Array:
        c = self.config
        expected = Expected(f"({c.input_axes[:-1]}D*H)", (*inputs.x.shape[:2], c.directions * c.hidden_size))
        if out is None:
            return np.empty(expected.shape, np.float32)
        check_output("out", out, expected, dict(zip(Inputs._fields, zip(given, inputs, strict=True), strict=True)))
        return out

    def _make_trace(self, inputs: Inputs) -> dict[str, Array]:
        """Arrays for the intermediates, in the order that the engine fills them."""
        T, B = inputs.x.shape[1::-1] if self.config.batch_first else inputs.x.shape[:2]
        H = self.config.hidden_size
        sizes = {"z": 4 * H, "gates": 4 * H, "c": H, "h": H}
        return {f"{name}_{suffix}": np.empty((T, B, size), np.float32)
                for _, suffix in self.config.suffixes() for name, size in sizes.items()}  # fmt: skip


def available_isas() -> list[str]:
    """The instruction sets of this build that this machine has, "baseline" first, the fastest last."""
    return _binding.engine.available_isas()


def load(path: str | os.PathLike, *, num_threads: int = 1, isa: str | None = None) -> LSTM:
    """The LSTM in a model file (spec/model-file.md)."""
    return LSTM.load(path, num_threads=num_threads, isa=isa)


def _unpickle(cls: type[LSTM], config: LSTMConfig, tensors: dict[str, Array], num_threads: int) -> LSTM:
    return cls.from_tensors(config, tensors, num_threads=num_threads)
