"""The checks of an inputs file (spec/model-file.md, 9 to 11), on tensors."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..config import Config, Expected, describe, split_state
from ..errors import InvalidArgument, format_shape


def check_inputs(config: Config, dtype: torch.dtype, x: Any, state: Any, lengths: Any) -> list[Tensor]:
    """The parts of the state, none where none was given."""
    check_tensor("x", x, dtype, None)
    if x.dim() != 3:
        raise InvalidArgument("x", f"rank {x.dim()}", f"3 ({config.input_axes})")
    check_tensor("x", x, dtype, config.expected_input(x.shape[:2]))
    T, B = (x.shape[1], x.shape[0]) if config.batch_first else (x.shape[0], x.shape[1])
    states = []
    if state is not None:
        for name, value in zip(config.state, split_state(config, state), strict=False):
            states.append(check_tensor(f"{name}_0", value, dtype, config.expected_state(B, name)))
    if lengths is not None:
        check_tensor("lengths", lengths, torch.int64, Expected("(B,)", (B,)))
        for b, length in enumerate(lengths.tolist()):
            if not 0 <= length <= T:
                raise InvalidArgument(f"lengths[{b}]", str(length), f"0 <= length <= T = {T}")
    return states


def check_tensor(name: str, value: Any, dtype: torch.dtype, expected: Expected | None) -> Tensor:
    """Kind, dtype, then shape."""
    if not isinstance(value, Tensor):
        raise InvalidArgument(name, describe(value), "a torch.Tensor")
    if value.dtype != dtype:
        got, want = (str(d).removeprefix("torch.") for d in (value.dtype, dtype))
        raise InvalidArgument(name, f"dtype {got}", want)
    if expected is not None and tuple(value.shape) != expected.shape:
        raise InvalidArgument(name, f"shape {format_shape(value.shape)}", str(expected))
    return value
