"""One step of each cell in elementary torch operations: the equations of spec/lstm.md, section 2, and spec/variants.md.

A variant is a line here and its name in OPTIONS; autograd does the rest. p holds the weights of one layer and direction by
name, and bias: where the columns of z start; k is the configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..config import GRUConfig, LSTMConfig, RNNConfig
from .functions import act

Parameters = Mapping[str, Tensor]

OPTIONS = (
    "proj_size", "peephole", "input_forget", "reset_after", "clip", "gate_activation", "candidate_activation", "output_activation",
)  # fmt: skip


class LSTMStep(NamedTuple):
    """Everything one step computes."""

    z: Tensor  # (B, 4H)  pre-activations
    gates: Tensor  # (B, 4H)  activated gates i, f, g, o
    c: Tensor  # (B, H)   cell state
    h: Tensor  # (B, R)   hidden state


class GRUStep(NamedTuple):
    z: Tensor  # (B, 4H)  r, u, n_x, n_h; or (B, 3H): r, u, n
    gates: Tensor  # (B, 3H)  r, u, n
    h: Tensor  # (B, H)


class RNNStep(NamedTuple):
    z: Tensor  # (B, H)
    h: Tensor  # (B, H)


def lstm_step(x: Tensor, h: Tensor, c: Tensor, p: Parameters, k: LSTMConfig) -> LSTMStep:
    """x (B, I_l), h (B, R), c (B, H) -> the next h and c, and what led to them."""
    z = p["bias"] + x @ p["weight_ih"].T + h @ p["weight_hh"].T  # (B, 4H)  (2.1)
    z_i, z_f, z_g, z_o = z.chunk(4, dim=1)  # each (B, H)
    if k.peephole:
        p_i, p_o, p_f = p["weight_peephole"].chunk(3)  # each (H,)
        z_i, z_f = z_i + p_i * c, z_f + p_f * c  # (V4)
    i, g = act(k.gate_activation, k.clip, z_i), act(k.candidate_activation, k.clip, z_g)  # (2.2)
    f = 1 - i if k.input_forget else act(k.gate_activation, k.clip, z_f)  # (V6), (2.2)
    c = f * c + i * g  # (B, H)  (2.3)
    if k.peephole:
        z_o = z_o + p_o * c  # (V5)
    o = act(k.gate_activation, k.clip, z_o)  # (2.2)
    h = o * act(k.output_activation, k.clip, c)  # (B, H)  (2.4)
    if k.proj_size:
        h = h @ p["weight_hr"].T  # (B, R)  (V7)
    return LSTMStep(z, torch.cat((i, f, g, o), dim=1), c, h)


def gru_step(x: Tensor, h: Tensor, p: Parameters, k: GRUConfig) -> GRUStep:
    """x (B, I_l), h (B, H) -> the next h."""
    H = h.shape[1]
    w_ru, w_n = p["weight_ih"].split((2 * H, H))  # (2H, I_l), (H, I_l)
    u_ru, u_n = p["weight_hh"].split((2 * H, H))  # (2H, H), (H, H)
    b_ru, b_n = p["bias"][: 2 * H], p["bias"][2 * H :].split(H)  # (2H,), and one or two (H,)
    z_ru = b_ru + x @ w_ru.T + h @ u_ru.T  # (B, 2H)  (V8)
    r, u = act(k.gate_activation, k.clip, z_ru).chunk(2, dim=1)  # each (B, H)  (V9)
    if k.reset_after:
        z_n = [b_n[0] + x @ w_n.T, b_n[1] + h @ u_n.T]  # n_x, n_h (B, H)  (V8)
        n = act(k.candidate_activation, k.clip, z_n[0] + r * z_n[1])  # (V10)
    else:
        z_n = [b_n[0] + x @ w_n.T + (r * h) @ u_n.T]  # (B, H)  (V11)
        n = act(k.candidate_activation, k.clip, z_n[0])  # (V12)
    h = u * h + (1 - u) * n  # (V13)
    return GRUStep(torch.cat((z_ru, *z_n), dim=1), torch.cat((r, u, n), dim=1), h)


def rnn_step(x: Tensor, h: Tensor, p: Parameters, k: RNNConfig) -> RNNStep:
    """x (B, I_l), h (B, H) -> the next h."""
    z = p["bias"] + x @ p["weight_ih"].T + h @ p["weight_hh"].T  # (B, H)  (V14)
    return RNNStep(z, act(k.candidate_activation, k.clip, z))  # (V15)


STEPS: dict[str, Callable[..., Any]] = {"lstm": lstm_step, "gru": gru_step, "rnn": rnn_step}
