"""One step of each cell: the equations of spec/lstm.md section 2 and spec/variants.md.

A step is a reduction (`affine`) and a pointwise part; the projection and a GRU that resets before have two of each.
A variant of the pointwise part is a line in one of the functions named after it, and nothing else.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..config import IFGO, N_H, N_ONLY, N_X, RU, Columns, Config, GRUConfig, LSTMConfig, N, RNNConfig
from .arithmetic import Arithmetic
from .functions import act
from .normalisation import norm

Array = np.ndarray
# Of one layer and direction: weights by name, bias, where the columns of z start, and in training the masks of this step.
Parameters = Mapping[str, Array]


class Step(NamedTuple):
    """One LSTM step's result and how it came about: z, gates (B, 4H) in the order i, f, g, o; c (B, H), h (B, R)."""

    z: Array
    gates: Array
    c: Array
    h: Array


class GRUStep(NamedTuple):
    """z (B, 4H) in the order r, u, n_x, n_h, or (B, 3H): r, u, n; gates (B, 3H): r, u, n; h (B, H)."""

    z: Array
    gates: Array
    h: Array


class RNNStep(NamedTuple):
    """z, h (B, H)."""

    z: Array
    h: Array


PLAIN = LSTMConfig(1, 1)  # without options; the sizes are not looked at


def lstm_step(a: Arithmetic, x: Array, h: Array, c: Array, p: Parameters, k: LSTMConfig = PLAIN) -> Step:
    """x (B, I_l), h (B, R), c (B, H) -> the next h and c. p holds weight_ih (4H, I_l), weight_hh (4H, R), bias (4H,)."""
    z = affine(a, k, p, IFGO, x=x, h=dropped(a, p, "mask_h", h))  # (B, 4H)  (2.1)
    gates, new_c, new_h = lstm_pointwise(a, z, c, p, k)  # (B, 4H), (B, H), (B, H)
    if k.proj_size:
        new_h = a.affine(np.zeros(k.proj_size, a.dtype), (p["weight_hr"], new_h))  # (B, R)  (V7)
    return Step(z, gates, kept(a, p, "keep_c", k.zoneout_c, c, new_c), finish(a, k, p, h, new_h))  # (V24)


def lstm_pointwise(a: Arithmetic, z: Array, c: Array, p: Parameters, k: LSTMConfig) -> tuple[Array, Array, Array]:
    """z (B, 4H), the old c (B, H) -> gates (B, 4H), the new c and o * tanh(c) (B, H)."""
    z_i, z_f, z_g, z_o = np.split(z, 4, axis=-1)
    if k.peephole:
        p_i, p_o, p_f = np.split(p["weight_peephole"], 3)  # (H,)
        z_i, z_f = a.fma(p_i, c, z_i), a.fma(p_f, c, z_f)  # (V4)
    i, g = act(a, k.gate_activation, k.clip, z_i), act(a, k.candidate_activation, k.clip, z_g)  # (2.2)
    f = a.sub(a.dtype(1), i) if k.input_forget else act(a, k.gate_activation, k.clip, z_f)  # (V6), (2.2)
    c = a.fma(f, c, a.mul(i, dropped(a, p, "mask_candidate", g)))  # (2.3), (V23)
    if k.cell_norm == "state":
        c = normalised(a, k, p, "norm_c", c)  # (V19)
    if k.peephole:
        z_o = a.fma(p_o, c, z_o)  # (V5)
    o = act(a, k.gate_activation, k.clip, z_o)  # (2.2)
    out = normalised(a, k, p, "norm_c", c) if k.cell_norm == "output" else c  # (V20)
    return np.concatenate([i, f, g, o], axis=-1), c, a.mul(o, act(a, k.output_activation, k.clip, out))  # (2.4)


def gru_step(a: Arithmetic, x: Array, h: Array, p: Parameters, k: GRUConfig) -> GRUStep:
    """x (B, I_l), h (B, H) -> the next h. p holds weight_ih (3H, I_l), weight_hh (3H, H), bias (4H,), or (3H,)."""
    masked = dropped(a, p, "mask_h", h)
    z_ru = affine(a, k, p, RU, x=x, h=masked)  # (B, 2H)  (V8)
    r, u = np.split(act(a, k.gate_activation, k.clip, z_ru), 2, axis=-1)  # (B, H)  (V9)
    if k.reset_after:
        z_n = [affine(a, k, p, N_X, x=x), affine(a, k, p, N_H, h=masked)]  # n_x, n_h (B, H)  (V8)
        n = act(a, k.candidate_activation, k.clip, a.fma(r, z_n[1], z_n[0]))  # (V10)
    else:
        z_n = [affine(a, k, p, N, x=x, h=a.mul(r, masked))]  # (B, H)  (V11)
        n = act(a, k.candidate_activation, k.clip, z_n[0])  # (V12)
    new_h = a.fma(u, h, a.mul(a.sub(a.dtype(1), u), dropped(a, p, "mask_candidate", n)))  # (V13), (V23)
    return GRUStep(np.concatenate([z_ru, *z_n], axis=-1), np.concatenate([r, u, n], axis=-1), finish(a, k, p, h, new_h))


def rnn_step(a: Arithmetic, x: Array, h: Array, p: Parameters, k: RNNConfig) -> RNNStep:
    """x (B, I_l), h (B, H) -> the next h. p holds weight_ih (H, I_l), weight_hh (H, H), bias (H,)."""
    z = affine(a, k, p, N_ONLY, x=x, h=dropped(a, p, "mask_h", h))  # (B, H)  (V14)
    return RNNStep(z, finish(a, k, p, h, act(a, k.candidate_activation, k.clip, z)))  # (V15)


# The parts that cells share -----------------------------------------------------------------------------------------


def affine(a: Arithmetic, k: Config, p: Parameters, columns: Columns, **inputs: Array) -> Array:
    """These columns of z (B, blocks*H) of x (B, I_l), of h (B, R), or of both: (2.1), and its normalisation (V16) to (V18)."""
    H = len(p["weight_ih"]) // len(k.gates)
    here = slice(columns.first * H, (columns.first + columns.blocks) * H)
    rows = slice(columns.gate * H, (columns.gate + columns.blocks) * H)
    terms = {suffix: (p[f"weight_{suffix}"][rows], inputs[of]) for of, suffix in (("x", "ih"), ("h", "hh")) if of in inputs}
    bias = z = p["bias"][here]
    if k.layer_norm == "separate":
        for suffix, term in terms.items():
            part = a.affine(np.zeros_like(bias), term)
            gamma, beta = p[f"weight_norm_{suffix}"][rows], p[f"bias_norm_{suffix}"][rows]
            z = a.add(z, norm(a, part, gamma, beta, k.norm_epsilon, columns.blocks))  # (V18)
        return z
    z = a.affine(bias, *terms.values())  # (2.1), (V8), (V14)
    if k.layer_norm == "joint":
        return norm(a, z, p["weight_norm"], p["bias_norm"], k.norm_epsilon, columns.blocks)  # (V16)
    if k.layer_norm == "gate":
        gates, gains, shifts = (np.split(v, columns.blocks, axis=-1) for v in (z, p["weight_norm"][here], p["bias_norm"][here]))
        return np.concatenate([norm(a, *q, k.norm_epsilon) for q in zip(gates, gains, shifts, strict=True)], axis=-1)  # (V17)
    return z


def normalised(a: Arithmetic, k: Config, p: Parameters, name: str, v: Array) -> Array:
    """c or h (B, N) with the gain and shift of that name."""
    return norm(a, v, p[f"weight_{name}"], p[f"bias_{name}"], k.norm_epsilon)


def dropped(a: Arithmetic, p: Parameters, mask: str, v: Array) -> Array:
    """v times the mask of that name, if the run has it: (V22), (V23)."""
    return a.mul(v, p[mask]) if mask in p else v


def kept(a: Arithmetic, p: Parameters, mask: str, rate: float, old: Array, new: Array) -> Array:
    """(V24), (V25): the old value as far as the mask, or in evaluation the rate, keeps it."""
    if not rate:
        return new
    keep = p.get(mask, a.dtype(rate))
    return a.fma(keep, old, a.mul(a.sub(a.dtype(1), keep), new))


def finish(a: Arithmetic, k: Config, p: Parameters, old: Array, h: Array) -> Array:
    """The new h (B, R), normalised (V21), and what zoneout leaves of it (V25)."""
    if k.hidden_norm:
        h = normalised(a, k, p, "norm_h", h)  # (V21)
    return kept(a, p, "keep_h", k.zoneout_h, old, h)


STEPS: dict[str, Callable[..., Any]] = {"lstm": lstm_step, "gru": gru_step, "rnn": rnn_step}
