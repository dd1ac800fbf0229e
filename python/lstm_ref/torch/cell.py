"""One step of the LSTM (spec/lstm.md, section 2) in elementary torch operations; autograd does the rest."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Weights(NamedTuple):
    """The parameters of one layer and direction, gates in the order i, f, g, o."""

    weight_ih: Tensor  # (4H, I_l)
    weight_hh: Tensor  # (4H, H)
    bias_ih: Tensor | None = None  # (4H,)
    bias_hh: Tensor | None = None  # (4H,)


class Step(NamedTuple):
    """Everything one step computes."""

    z: Tensor  # (B, 4H)  pre-activations
    gates: Tensor  # (B, 4H)  activated gates
    c: Tensor  # (B, H)   cell state
    h: Tensor  # (B, H)   hidden state


def lstm_step(x: Tensor, h: Tensor, c: Tensor, w: Weights) -> Step:
    """x (B, I_l), h and c (B, H) -> the next c and h, and what led to them."""
    b = 0 if w.bias_ih is None or w.bias_hh is None else w.bias_ih + w.bias_hh  # (4H,)   (2.5)
    z = b + x @ w.weight_ih.T + h @ w.weight_hh.T  # (B, 4H)   (2.1)
    z_i, z_f, z_g, z_o = z.chunk(4, dim=1)  # each (B, H)
    i, f, g, o = torch.sigmoid(z_i), torch.sigmoid(z_f), torch.tanh(z_g), torch.sigmoid(z_o)  # (2.2)
    c = f * c + i * g  # (B, H)    (2.3)
    h = o * torch.tanh(c)  # (B, H)    (2.4)
    return Step(z, torch.cat((i, f, g, o), dim=1), c, h)
