"""The masks of a training run (spec/variants.md, section 8), as tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..config import Config, check_masks, check_seed
from ..environment import canonical_environment
from ..errors import InvalidArgument
from ..reference import CANONICAL32, CANONICAL64, masks_of_seed
from .checks import check_tensor

OF_STEPS = ("mask_candidate", "keep_h", "keep_c")  # (T, B, ...); mask_h is (B, R) for all of them


def masks_of(config: Config, x: Tensor, seed: Any, given: Mapping[str, Any] | None, is_training: bool) -> dict[str, Tensor]:
    """Given ones, those of a seed (N14), in training mode those that PyTorch draws; none in evaluation. x (T, B, I)."""
    T, B, _ = x.shape
    if seed is not None:
        number = check_seed(config, seed)
        if given is not None:
            raise InvalidArgument("seed", "given with masks", "a seed or masks")
        arithmetic = CANONICAL64 if x.dtype == torch.float64 else CANONICAL32
        with canonical_environment():
            arrays = masks_of_seed(arithmetic, config, number, T, B)
        return {name: torch.from_numpy(array).to(x) for name, array in arrays.items()}
    if given is not None:
        return check_masks(config, T, B, given, lambda name, value, expected: check_tensor(name, value, x.dtype, expected))
    return _draw(config, x) if is_training else {}


def at(p: Mapping[str, Tensor], t: int) -> Mapping[str, Tensor]:
    """The parameters of one step: of a mask what concerns it, of the rest all."""
    return {**p, **{name: p[name][t] for name in OF_STEPS if name in p}}


def _draw(config: Config, x: Tensor) -> dict[str, Tensor]:
    def draw(shape: tuple[int, ...], rate: float, keeps: bool) -> Tensor:
        ones = x.new_ones(shape)
        return torch.bernoulli(ones * rate) if keeps else nn.functional.dropout(ones, rate)

    return {name: draw(m.expected.shape, m.rate, m.keeps) for name, m in config.iter_masks(*x.shape[:2])}
