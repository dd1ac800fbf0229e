"""The activation functions in torch operations, an equation a line (spec/variants.md, section 3). x may have any shape."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..activation import Activation


def act(f: Activation, k: float, z: Tensor) -> Tensor:
    """(V1): f of z clipped at k, elementwise."""
    return FUNCTIONS[f.name](clip(k, z), *f.parameters)


def clip(k: float, z: Tensor) -> Tensor:
    """(V2); k = 0: z itself."""
    return z.clamp(-k, k) if k else z


def leaky_relu(x: Tensor, alpha: float) -> Tensor:
    return torch.where(x < 0, alpha * x, x)  # (V3.4)


def elu(x: Tensor, alpha: float) -> Tensor:
    return torch.where(x < 0, alpha * torch.expm1(x.clamp(max=0)), x)  # (V3.5)


def hard_sigmoid(x: Tensor, alpha: float, beta: float) -> Tensor:
    return (alpha * x + beta).clamp(0, 1)  # (V3.6)


def softsign(x: Tensor) -> Tensor:
    y = x.clamp(-(2.0**64), 2.0**64)  # infinity over infinity would be a NaN
    return y / (1 + y.abs())  # (V3.9)


def softplus(x: Tensor) -> Tensor:
    return torch.nn.functional.softplus(x, threshold=40)  # (V3.10); from 40 on it is x, in float64, too


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "sigmoid": torch.sigmoid,  # (V3.1)
    "tanh": torch.tanh,  # (V3.2)
    "relu": torch.relu,  # (V3.3)
    "leaky_relu": leaky_relu,
    "elu": elu,
    "hard_sigmoid": hard_sigmoid,
    "affine": lambda x, alpha, beta: alpha * x + beta,  # (V3.7)
    "scaled_tanh": lambda x, alpha, beta: alpha * torch.tanh(beta * x),  # (V3.8)
    "softsign": softsign,
    "softplus": softplus,
    "thresholded_relu": lambda x, alpha: torch.where(x < alpha, 0, x),  # (V3.11)
}
