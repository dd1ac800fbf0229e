"""Layers, directions and ragged lengths (spec/lstm.md, sections 3 and 4) as a drop-in for `torch.nn.LSTM`."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from .. import model_file
from ..config import Config, Expected, LSTMConfig, check_tensors, describe, plain_lstm
from ..errors import InvalidArgument, format_shape
from .cell import Step, Weights, lstm_step

State = tuple[Tensor, Tensor]


class LSTM(nn.Module):
    """`torch.nn.LSTM` from elementary operations: same constructor, parameters, `state_dict` and results.

    forward(x, (h_0, c_0), lengths) -> y, (h_n, c_n), shapes as in spec/lstm.md, section 1. `lengths` takes the place of
    packed sequences: row b ends after lengths[b] steps, y is 0 there, and h_n, c_n are the state after the last valid step.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.config = LSTMConfig(input_size, hidden_size, num_layers, bias, batch_first, bidirectional)
        if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1:
            raise InvalidArgument("dropout", str(dropout), "a number from 0 to 1")
        self.dropout = float(dropout)
        for name, expected in self.config.expected_tensors().items():
            self.register_parameter(name, nn.Parameter(torch.empty(expected.shape, device=device, dtype=dtype)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform in +-1/sqrt(H), drawn in the order of `torch.nn.LSTM`: the same seed gives the same weights."""
        bound = 1 / math.sqrt(self.config.hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def extra_repr(self) -> str:
        c = self.config
        return (
            f"{c.input_size}, {c.hidden_size}, num_layers={c.num_layers}, bias={c.bias}, batch_first={c.batch_first}, "
            f"dropout={self.dropout}, bidirectional={c.bidirectional}"
        )

    def forward(
        self,
        x: Tensor,
        state: State | None = None,
        lengths: Tensor | None = None,
        *,
        trace: dict[str, Tensor] | None = None,
    ) -> tuple[Tensor, State]:
        """`trace`, when a dict, receives the intermediates of spec/runner.md: z, gates, c and h of every layer and direction."""
        config = self.config
        self._check(x, state, lengths)
        if config.batch_first:
            x = x.transpose(0, 1)
        T, B, _ = x.shape
        L, D, H = config.num_layers, config.directions, config.hidden_size
        h_0, c_0 = state if state is not None else (x.new_zeros(L * D, B, H),) * 2
        valid = None  # (T, B, 1): row b takes part in step t
        if lengths is not None:
            valid = (torch.arange(T, device=x.device)[:, None] < lengths.to(x.device))[:, :, None]
            x = torch.where(valid, x, 0)  # what stands past a row's end is never read: not by a value, not by a gradient

        y = x  # (T, B, I_l), the layer's input
        outputs: list[Tensor] = []  # of the layer's directions so far
        finals: list[State] = []
        for row, suffix in config.suffixes():  # row = l*D + d
            h, final = self._direction(suffix, y, (h_0[row], c_0[row]), valid, trace)
            outputs.append(h)
            finals.append(final)
            if len(outputs) == D:
                y = torch.cat(outputs, dim=2)  # (T, B, D*H)   (4.1), (4.2)
                outputs = []
                if row < L * D - 1:
                    y = nn.functional.dropout(y, self.dropout, self.training)
        h_n, c_n = (torch.stack(states) for states in zip(*finals, strict=True))  # (L*D, B, H)
        return y.transpose(0, 1) if config.batch_first else y, (h_n, c_n)

    def _direction(
        self, suffix: str, x: Tensor, state: State, valid: Tensor | None, trace: dict[str, Tensor] | None
    ) -> tuple[Tensor, State]:
        """x (T, B, I_l), state h and c (B, H) -> outputs (T, B, H), final h and c (B, H).   (3.1)-(3.4)

        A row that has ended (forward) or not yet begun (reverse) keeps its state, so both directions read alike.
        """
        w = Weights._make(getattr(self, f"{name}_{suffix}", None) for name in Weights._fields)
        h, c = state
        steps: list[Step] = []
        for t in reversed(range(len(x))) if suffix.endswith("_reverse") else range(len(x)):
            step = lstm_step(x[t], h, c, w)
            if valid is None:
                h, c = step.h, step.c
            else:
                h, c = torch.where(valid[t], step.h, h), torch.where(valid[t], step.c, c)
                step = Step(*(torch.where(valid[t], value, 0) for value in step))
            steps.append(step)
        if suffix.endswith("_reverse"):
            steps.reverse()  # index t is the position in the sequence

        def over_time(name: str) -> Tensor:
            """(T, B, 4H) or (T, B, H)"""
            if not steps:
                return x.new_zeros(0, len(h), len(w.weight_hh) if name in ("z", "gates") else h.shape[1])
            return torch.stack([getattr(step, name) for step in steps])

        if trace is not None:
            trace.update({f"{name}_{suffix}": over_time(name) for name in Step._fields})
        return over_time("h"), (h, c)

    @classmethod
    def from_torch(cls, module: nn.LSTM) -> LSTM:
        """The same network with copies of `module`'s weights. Raises InvalidArgument for a projection (`proj_size`)."""
        if not isinstance(module, nn.LSTM):
            raise InvalidArgument("module", type(module).__name__, "torch.nn.LSTM")
        if module.proj_size != 0:
            raise InvalidArgument("proj_size", str(module.proj_size), "0")
        like = next(module.parameters())
        lstm = cls(
            module.input_size,
            module.hidden_size,
            module.num_layers,
            module.bias,
            module.batch_first,
            module.dropout,
            module.bidirectional,
            device=like.device,
            dtype=like.dtype,
        )
        lstm.load_state_dict(module.state_dict())
        return lstm.train(module.training)

    def to_torch(self) -> nn.LSTM:
        """`torch.nn.LSTM` with copies of these weights."""
        c, like = self.config, next(self.parameters())
        module = nn.LSTM(
            c.input_size,
            c.hidden_size,
            c.num_layers,
            c.bias,
            c.batch_first,
            self.dropout,
            c.bidirectional,
            device=like.device,
            dtype=like.dtype,
        )
        module.load_state_dict(self.state_dict())
        return module.train(self.training)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a model file (spec/model-file.md); the weights must be float32. Dropout is training's and not saved."""
        model_file.save(path, self.config, {name: value.numpy(force=True) for name, value in self.state_dict().items()})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> LSTM:
        """The network in a model file, ready for inference. Raises InvalidArgument when the file is not valid."""
        return cls.from_arrays(*model_file.load(path))

    @classmethod
    def from_arrays(cls, config: Config, tensors: Mapping[str, np.ndarray]) -> LSTM:
        """The network of a configuration and its NumPy tensors, ready for inference."""
        c = plain_lstm(config, "lstm_ref.torch")
        lstm = cls(c.input_size, c.hidden_size, c.num_layers, c.bias, c.batch_first, 0.0, c.bidirectional)
        check_tensors(config, tensors, from_file=False)
        lstm.load_state_dict({name: torch.from_numpy(np.array(tensors[name])) for name, _ in c.iter_expected()})
        return lstm.eval()

    def _check(self, x: Tensor, state: State | None, lengths: Tensor | None) -> None:
        """The checks of an inputs file (spec/model-file.md, 9 to 11), on tensors."""
        config, dtype = self.config, next(self.parameters()).dtype
        check_dtype("x", x, dtype)
        if x.dim() != 3:
            raise InvalidArgument("x", f"rank {x.dim()}", f"3 ({config.input_axes})")
        check_shape("x", x, config.expected_input((x.shape[0], x.shape[1])))
        T, B = (x.shape[1], x.shape[0]) if config.batch_first else (x.shape[0], x.shape[1])
        if state is not None:
            if not isinstance(state, (tuple, list)) or len(state) != 2:
                raise InvalidArgument("state", describe(state), "a pair (h_0, c_0)")
            for name, value in zip(("h_0", "c_0"), state, strict=True):
                check_dtype(name, value, dtype)
                check_shape(name, value, config.expected_state(B))
        if lengths is not None:
            check_dtype("lengths", lengths, torch.int64)
            check_shape("lengths", lengths, Expected("(B,)", (B,)))
            for b, length in enumerate(lengths.tolist()):
                if not 0 <= length <= T:
                    raise InvalidArgument(f"lengths[{b}]", str(length), f"0 <= length <= T = {T}")


def check_dtype(name: str, value: Tensor, dtype: torch.dtype) -> None:
    if not isinstance(value, Tensor):
        raise InvalidArgument(name, describe(value), "a torch.Tensor")
    if value.dtype != dtype:
        got, want = (str(d).removeprefix("torch.") for d in (value.dtype, dtype))
        raise InvalidArgument(name, f"dtype {got}", want)


def check_shape(name: str, value: Tensor, expected: Expected) -> None:
    if tuple(value.shape) != expected.shape:
        raise InvalidArgument(name, f"shape {format_shape(value.shape)}", str(expected))
