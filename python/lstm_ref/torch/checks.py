"""The checks of an inputs file (spec/model-file.md, 9 to 11), on tensors."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..config import Config, Expected, describe, dtype_name, split_state
from ..config import check_dtype as check_name
from ..errors import InvalidArgument, format_shape
from ..sequences import OTHER_RANKS


def check_inputs(config: Config, dtype: torch.dtype, x: Any, state: Any, lengths: Any) -> list[Tensor]:
    """The parts of the state, none where none was given."""
    check_tensor("x", x, dtype, None)
    if x.dim() != 3:
        raise InvalidArgument("x", f"rank {x.dim()}", f"3 ({config.input_axes}){OTHER_RANKS}")
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


def check_dtype(dtype: Any) -> tuple[str, torch.dtype]:
    """The dtype of a configuration, and that of its parameters, for a name as in lstm_ref or for a type of PyTorch's.

    None is PyTorch's default. "bfloat16" is what weights are stored in; torch.bfloat16 and torch.float16 are computed in, and no
    file holds them.
    """
    if dtype is None:
        dtype = torch.get_default_dtype()
    if isinstance(dtype, torch.dtype) and dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        return "float64" if dtype == torch.float64 else "float32", dtype
    name = check_name("dtype", short(dtype) if isinstance(dtype, torch.dtype) else dtype_name(dtype))
    return name, torch.float64 if name == "float64" else torch.float32


def common_dtype(module: nn.Module) -> torch.dtype:
    """That of all parameters: a conversion would give some of them another one in silence."""
    (first, like), *others = module.named_parameters()
    for name, parameter in others:
        if parameter.dtype != like.dtype:
            raise InvalidArgument(name, f"dtype {short(parameter.dtype)}", f"{short(like.dtype)}, as {first} has")
    return like.dtype


def short(dtype: torch.dtype) -> str:
    """float32 for torch.float32."""
    return str(dtype).removeprefix("torch.")


def check_tensor(name: str, value: Any, dtype: torch.dtype, expected: Expected | None) -> Tensor:
    """Kind, dtype, then shape."""
    if not isinstance(value, Tensor):
        raise InvalidArgument(name, describe(value), "a torch.Tensor")
    if value.dtype != dtype:
        raise InvalidArgument(name, f"dtype {short(value.dtype)}", short(dtype))
    if expected is not None and tuple(value.shape) != expected.shape:
        raise InvalidArgument(name, f"shape {format_shape(value.shape)}", str(expected))
    return value
