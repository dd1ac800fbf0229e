"""One step of each cell in elementary torch operations: the equations of spec/lstm.md, section 2, and spec/variants.md.

A variant is a line here; autograd does the rest. p holds the weights of one layer and direction by name, bias: where the
columns of z start, and in training the masks of this step; k is the configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..config import IFGO, N_H, N_ONLY, N_X, RU, Columns, Config, GRUConfig, LSTMConfig, N, RNNConfig
from .functions import act

Parameters = Mapping[str, Tensor]


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
    z = affine(k, p, IFGO, x=x, h=dropped(p, "mask_h", h))  # (B, 4H)  (2.1)
    z_i, z_f, z_g, z_o = z.chunk(4, dim=1)  # each (B, H)
    if k.peephole:
        p_i, p_o, p_f = p["weight_peephole"].chunk(3)  # each (H,)
        z_i, z_f = z_i + p_i * c, z_f + p_f * c  # (V4)
    i, g = act(k.gate_activation, k.clip, z_i), act(k.candidate_activation, k.clip, z_g)  # (2.2)
    f = 1 - i if k.input_forget else act(k.gate_activation, k.clip, z_f)  # (V6), (2.2)
    new_c = f * c + i * dropped(p, "mask_candidate", g)  # (B, H)  (2.3), (V23)
    if k.cell_norm == "state":
        new_c = normalised(k, p, "norm_c", new_c)  # (V19)
    if k.peephole:
        z_o = z_o + p_o * new_c  # (V5)
    o = act(k.gate_activation, k.clip, z_o)  # (2.2)
    out = normalised(k, p, "norm_c", new_c) if k.cell_norm == "output" else new_c  # (V20)
    new_h = o * act(k.output_activation, k.clip, out)  # (B, H)  (2.4)
    if k.proj_size:
        new_h = new_h @ p["weight_hr"].T  # (B, R)  (V7)
    gates = torch.cat((i, f, g, o), dim=1)
    return LSTMStep(z, gates, kept(p, "keep_c", k.zoneout_c, c, new_c), finish(k, p, h, new_h))  # (V24)


def gru_step(x: Tensor, h: Tensor, p: Parameters, k: GRUConfig) -> GRUStep:
    """x (B, I_l), h (B, H) -> the next h."""
    masked = dropped(p, "mask_h", h)
    z_ru = affine(k, p, RU, x=x, h=masked)  # (B, 2H)  (V8)
    r, u = act(k.gate_activation, k.clip, z_ru).chunk(2, dim=1)  # each (B, H)  (V9)
    if k.reset_after:
        z_n = [affine(k, p, N_X, x=x), affine(k, p, N_H, h=masked)]  # n_x, n_h (B, H)  (V8)
        n = act(k.candidate_activation, k.clip, z_n[0] + r * z_n[1])  # (V10)
    else:
        z_n = [affine(k, p, N, x=x, h=r * masked)]  # (B, H)  (V11)
        n = act(k.candidate_activation, k.clip, z_n[0])  # (V12)
    new_h = u * h + (1 - u) * dropped(p, "mask_candidate", n)  # (V13), (V23)
    return GRUStep(torch.cat((z_ru, *z_n), dim=1), torch.cat((r, u, n), dim=1), finish(k, p, h, new_h))


def rnn_step(x: Tensor, h: Tensor, p: Parameters, k: RNNConfig) -> RNNStep:
    """x (B, I_l), h (B, H) -> the next h."""
    z = affine(k, p, N_ONLY, x=x, h=dropped(p, "mask_h", h))  # (B, H)  (V14)
    return RNNStep(z, finish(k, p, h, act(k.candidate_activation, k.clip, z)))  # (V15)


# The parts that cells share -----------------------------------------------------------------------------------------


def affine(k: Config, p: Parameters, columns: Columns, x: Tensor | None = None, h: Tensor | None = None) -> Tensor:
    """These columns of z (B, blocks*H) of x (B, I_l), of h (B, R), or of both: (2.1), and its normalisation (V16) to (V18)."""
    H, (first, blocks, gate) = k.hidden_size, columns
    here, rows = slice(first * H, (first + blocks) * H), slice(gate * H, (gate + blocks) * H)
    sums = {suffix: v @ p[f"weight_{suffix}"][rows].T for suffix, v in (("ih", x), ("hh", h)) if v is not None}
    z = p["bias"][here]
    for suffix, part in sums.items():
        z = z + (normalised(k, p, f"norm_{suffix}", part, rows) if k.layer_norm == "separate" else part)  # (2.1), (V18)
    if k.layer_norm == "joint":
        return normalised(k, p, "norm", z)  # (V16)
    if k.layer_norm == "gate":
        parts = zip(z.split(H, dim=1), range(first, first + blocks), strict=True)
        return torch.cat([normalised(k, p, "norm", part, slice(q * H, q * H + H)) for part, q in parts], dim=1)  # (V17)
    return z


def normalised(k: Config, p: Parameters, name: str, v: Tensor, rows: slice = slice(None)) -> Tensor:
    """v (B, N) with the gains and shifts of that name (N13)."""
    return nn.functional.layer_norm(v, v.shape[-1:], p[f"weight_{name}"][rows], p[f"bias_{name}"][rows], k.norm_epsilon)


def dropped(p: Parameters, mask: str, v: Tensor) -> Tensor:
    """v times the mask of that name, if the run has it: (V22), (V23)."""
    return v * p[mask] if mask in p else v


def kept(p: Parameters, mask: str, rate: float, old: Tensor, new: Tensor) -> Tensor:
    """(V24), (V25): the old value as far as the mask, or in evaluation the rate, keeps it."""
    if not rate:
        return new
    keep = p.get(mask, rate)
    return keep * old + (1 - keep) * new


def finish(k: Config, p: Parameters, old: Tensor, h: Tensor) -> Tensor:
    """The new h (B, R), normalised (V21), and what zoneout leaves of it (V25)."""
    if k.hidden_norm:
        h = normalised(k, p, "norm_h", h)  # (V21)
    return kept(p, "keep_h", k.zoneout_h, old, h)


STEPS: dict[str, Callable[..., Any]] = {"lstm": lstm_step, "gru": gru_step, "rnn": rnn_step}
