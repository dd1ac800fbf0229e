"""Layers, directions and ragged lengths (spec/lstm.md, sections 3 and 4) as drop-ins for `torch.nn.LSTM`, `GRU` and `RNN`."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from .. import model_file
from ..config import CONFIGS, Config, GRUConfig, check_tensors, describe
from ..convert import pytorch
from ..errors import InvalidArgument
from ..sequences import OTHER_FORMS, join_state
from .cells import STEPS
from .checks import check_dtype, check_inputs, check_tensor, common_dtype
from .masks import at, masks_of

State = Any  # a pair of tensors (h, c), or h where there is no c
Self = TypeVar("Self", bound="Recurrent")


class Recurrent(nn.Module):
    """What LSTM, GRU and RNN have in common: constructor, parameters, `state_dict` and results of their namesakes in `torch.nn`.

    Beyond `proj_size` the options are those of spec/variants.md, section 2, by keyword. In training mode, dropout and zoneout draw
    from PyTorch's random numbers, unless forward() is given a seed or masks. `dtype` is one of PyTorch's, or a name as in lstm_ref:
    of "bfloat16" the parameters are float32, and the matrices hold bfloat16 values at first.
    """

    op: ClassVar[str]

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
        dtype: torch.dtype | str | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        is_number = isinstance(dropout, (int, float)) and not isinstance(dropout, bool)
        if num_layers == 1 and is_number and 0 <= dropout <= 1:
            dropout = 0.0  # torch.nn takes it, too, and it does nothing there
        options["dtype"], held = check_dtype(dtype)
        self.config = CONFIGS[self.op](
            input_size, hidden_size, num_layers, bias, batch_first, bidirectional, dropout=dropout, **options
        )
        for name, expected in self.config.expected_tensors().items():
            self.register_parameter(name, nn.Parameter(torch.empty(expected.shape, device=device, dtype=held)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform in +-1/sqrt(H), drawn in the order of `torch.nn`: the same seed gives the same weights. Gains are 1, shifts 0."""
        bound = 1 / math.sqrt(self.config.hidden_size)
        for name, parameter in self.named_parameters():
            if "_norm" in name:
                nn.init.constant_(parameter, float(name.startswith("weight")))
            else:
                nn.init.uniform_(parameter, -bound, bound)
            if self.config.dtype == "bfloat16" and parameter.dim() == 2:
                parameter.data.copy_(parameter.data.bfloat16())

    @property
    def dropout(self) -> float:
        """Between the layers, as torch.nn has it."""
        return self.config.dropout

    def extra_repr(self) -> str:
        c = self.config
        options = "".join(f", {key}={value!r}" for key, value in c.chosen().items())
        return (
            f"{c.input_size}, {c.hidden_size}, num_layers={c.num_layers}, bias={c.bias}, batch_first={c.batch_first}, "
            f"bidirectional={c.bidirectional}{options}"
        )

    def forward(
        self, x: Any, state: State = None, lengths: Tensor | None = None, *, seed: int | None = None,
        masks: Mapping[str, Tensor] | None = None, trace: dict[str, Tensor] | None = None
    ) -> tuple[Any, State]:  # fmt: skip
        """y, (h_n, c_n), or y, h_n where there is no c, for x (T, B, I), or (B, T, I) when batch_first; spec/lstm.md, section 1.

        x may also be one sequence (T, I), or a PackedSequence. lengths (B,): row b ends after lengths[b] steps, y is 0 past them.
        seed, or masks by name: whatever the mode, a training run with these (spec/variants.md, section 8).
        trace: a dict that receives the intermediates of spec/runner.md: z, gates, c and h of every layer and direction.
        """
        for is_other, forward in OTHER_FORMS:
            if is_other(x):
                return forward(self, self._checked, x, state, lengths, None, trace, seed, masks)
        config = self.config
        states = check_inputs(config, next(self.parameters()).dtype, x, state, lengths)
        if config.batch_first:
            x = x.transpose(0, 1)
        T, B, _ = x.shape
        states = states or [x.new_zeros(config.expected_state(B, name).shape) for name in config.state]
        drawn = masks_of(config, x, seed, masks, self.training)
        valid = None  # (T, B, 1): row b takes part in step t
        if lengths is not None:
            valid = (torch.arange(T, device=x.device)[:, None] < lengths.to(x.device))[:, :, None]
            x = torch.where(valid, x, 0)  # what stands past a row's end is never read: not by a value, not by a gradient

        y = x  # (T, B, I_l), the layer's input
        outputs: list[Tensor] = []  # of the layer's directions so far
        finals: list[list[Tensor]] = []
        for row, suffix in config.suffixes():  # row = l*D + d
            p = self._parameters_of(suffix) | of_layer(drawn, suffix)
            h, final = self._direction(suffix, y, [value[row] for value in states], p, valid, trace)
            outputs.append(h)
            finals.append(final)
            if len(outputs) == config.directions:
                y = torch.cat(outputs, dim=2)  # (T, B, D*R)   (4.1), (4.2)
                outputs = []
                mask = drawn.get(f"mask_y_l{row // config.directions}")
                y = y if mask is None else y * mask  # (V26)
        final_state = join_state([torch.stack(values) for values in zip(*finals, strict=True)])  # (L*D, B, R or H)
        return y.transpose(0, 1) if config.batch_first else y, final_state

    def _direction(
        self, suffix: str, x: Tensor, state: list[Tensor], p: Mapping[str, Tensor], valid: Tensor | None,
        trace: dict[str, Tensor] | None
    ) -> tuple[Tensor, list[Tensor]]:  # fmt: skip
        """x (T, B, I_l), state h (B, R) and c (B, H) -> outputs (T, B, R), the final state.   (3.1)-(3.4)

        A row that has ended (forward) or not yet begun (reverse) keeps its state, so both directions read alike.
        """
        step, k = STEPS[self.op], self.config
        steps: list[Any] = []
        for t in reversed(range(len(x))) if suffix.endswith("_reverse") else range(len(x)):
            made = step(x[t], *state, at(p, t), k)
            following = [getattr(made, name) for name in k.state]
            if valid is not None:
                following = [torch.where(valid[t], new, old) for new, old in zip(following, state, strict=True)]
                made = made._make(torch.where(valid[t], value, 0) for value in made)
            state = following
            steps.append(made)
        if suffix.endswith("_reverse"):
            steps.reverse()  # index t is the position in the sequence

        def over_time(name: str) -> Tensor:
            """(T, B, size)"""
            if not steps:
                return x.new_zeros(0, x.shape[1], k.trace_sizes[name])
            return torch.stack([getattr(made, name) for made in steps])

        if trace is not None:
            trace.update({f"{name}_{suffix}": over_time(name) for name in k.trace_sizes})
        return over_time("h"), state

    def _parameters_of(self, suffix: str) -> dict[str, Tensor]:
        """The weights of one layer and direction, and both biases in one (2.5); for the n of a GRU see (V8)."""
        k, p = self.config, of_layer(dict(self.named_parameters()), suffix)
        if not k.bias:
            return p | {"bias": p["weight_ih"].new_zeros(len(k.columns) * k.hidden_size)}
        b_ih, b_hh = p["bias_ih"], p["bias_hh"]
        bias = b_ih + b_hh
        if isinstance(k, GRUConfig) and k.reset_after:
            n = 2 * k.hidden_size
            bias = torch.cat((bias[:n], b_ih[n:], b_hh[n:]))
        return p | {"bias": bias}

    def _checked(self, name: str, value: Any, expected: Any) -> Tensor:
        return check_tensor(name, value, next(self.parameters()).dtype, expected)

    @classmethod
    def from_torch(cls: type[Self], module: Any) -> Self:
        """The same network with copies of the weights of the module of the same name in `torch.nn`, dropout and mode included."""
        module = getattr(module, "_orig_mod", module)  # what torch.compile wraps
        config, like = pytorch.config_of(module, cls.op), next(module.parameters())
        network = cls._of(config, device=like.device, dtype=common_dtype(module))
        if config.dtype == "bfloat16" and like.dtype == torch.float32:
            network.config = config
        network.load_state_dict(module.state_dict())
        return network.train(module.training)

    def to_torch(self) -> Any:
        """The module of the same name in `torch.nn` with copies of these weights. It has few of the options."""
        like = next(self.parameters())
        module = pytorch.make_module(self.config, device=like.device, dtype=common_dtype(self))
        module.load_state_dict(self.state_dict())
        return module.train(self.training)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a model file (spec/model-file.md); the weights must be of the configuration's dtype."""
        held = torch.float64 if self.config.dtype == "float64" else torch.float32
        for name, value in self.state_dict().items():
            check_tensor(name, value, held, None)
        model_file.save(path, self.config, {name: value.numpy(force=True) for name, value in self.state_dict().items()})

    @classmethod
    def load(cls: type[Self], path: str | os.PathLike[str]) -> Self:
        """The network in a model file, ready for inference. Raises InvalidArgument when the file is not valid."""
        config, tensors = model_file.load(path)
        try:
            return cls.from_arrays(config, tensors)
        except InvalidArgument as error:
            raise error.at(path) from None

    @classmethod
    def from_arrays(cls: type[Self], config: Config, tensors: Mapping[str, np.ndarray]) -> Self:
        """The network of a configuration and its NumPy tensors, ready for inference."""
        if config.op != cls.op:
            raise InvalidArgument("op", describe(config.op), describe(cls.op))
        network = cls._of(config, dtype=torch.float64 if config.dtype == "float64" else torch.float32)
        network.config = config
        check_tensors(config, tensors, from_file=False)
        network.load_state_dict({name: torch.from_numpy(np.array(tensors[name])) for name, _ in config.iter_expected()})
        return network.eval()

    @classmethod
    def _of(cls: type[Self], c: Config, **more: Any) -> Self:
        options = {key: getattr(c, key) for key in c.options() if key != "dtype"}
        return cls(c.input_size, c.hidden_size, c.num_layers, c.bias, c.batch_first, bidirectional=c.bidirectional,
                   **options, **more)  # fmt: skip


def of_layer(tensors: Mapping[str, Tensor], suffix: str) -> dict[str, Tensor]:
    """Those of one layer and direction, without the suffix."""
    end = f"_{suffix}"
    return {name.removesuffix(end): value for name, value in tensors.items() if name.endswith(end)}


class LSTM(Recurrent):
    """forward(x, (h_0, c_0), lengths) -> y, (h_n, c_n). For the rest see Recurrent."""

    op = "lstm"


class GRU(Recurrent):
    """forward(x, h_0, lengths) -> y, h_n. `reset_after=False` is the GRU of the paper. For the rest see Recurrent."""

    op = "gru"


class RNN(Recurrent):
    """forward(x, h_0, lengths) -> y, h_n. `candidate_activation` is what torch.nn.RNN calls `nonlinearity`. For the rest see Recurrent."""

    op = "rnn"


CLASSES: dict[str, type[Recurrent]] = {cls.op: cls for cls in (LSTM, GRU, RNN)}


def load(path: str | os.PathLike[str]) -> Recurrent:
    """The LSTM, GRU or RNN in a model file (spec/model-file.md), ready for inference."""
    return CLASSES[model_file.load(path)[0].op].load(path)
