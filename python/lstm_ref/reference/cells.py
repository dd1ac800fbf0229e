"""One step of each cell: the equations of spec/lstm.md section 2 and spec/variants.md.

A step is a reduction (a.affine) and a pointwise part; the projection and a GRU that resets before have two of each.
A variant of the pointwise part is a line in one of the functions named after it, and nothing else.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..config import GRUConfig, LSTMConfig, RNNConfig
from .arithmetic import Arithmetic
from .functions import act

Array = np.ndarray
Parameters = Mapping[str, Array]  # of one layer and direction: weights by name, and bias: where the columns of z start


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
    z = a.affine(p["bias"], (p["weight_ih"], x), (p["weight_hh"], h))  # (B, 4H)  (2.1)
    gates, c, h = lstm_pointwise(a, z, c, p, k)  # (B, 4H), (B, H), (B, H)
    if k.proj_size:
        h = a.affine(np.zeros(k.proj_size, a.dtype), (p["weight_hr"], h))  # (B, R)  (V7)
    return Step(z, gates, c, h)


def lstm_pointwise(a: Arithmetic, z: Array, c: Array, p: Parameters, k: LSTMConfig) -> tuple[Array, Array, Array]:
    """z (B, 4H), the old c (B, H) -> gates (B, 4H), the new c and o * tanh(c) (B, H)."""
    z_i, z_f, z_g, z_o = np.split(z, 4, axis=-1)
    if k.peephole:
        p_i, p_o, p_f = np.split(p["weight_peephole"], 3)  # (H,)
        z_i, z_f = a.fma(p_i, c, z_i), a.fma(p_f, c, z_f)  # (V4)
    i, g = act(a, k.gate_activation, k.clip, z_i), act(a, k.candidate_activation, k.clip, z_g)  # (2.2)
    f = a.sub(a.dtype(1), i) if k.input_forget else act(a, k.gate_activation, k.clip, z_f)  # (V6), (2.2)
    c = a.fma(f, c, a.mul(i, g))  # (2.3)
    if k.peephole:
        z_o = a.fma(p_o, c, z_o)  # (V5)
    o = act(a, k.gate_activation, k.clip, z_o)  # (2.2)
    return np.concatenate([i, f, g, o], axis=-1), c, a.mul(o, act(a, k.output_activation, k.clip, c))  # (2.4)


def gru_step(a: Arithmetic, x: Array, h: Array, p: Parameters, k: GRUConfig) -> GRUStep:
    """x (B, I_l), h (B, H) -> the next h. p holds weight_ih (3H, I_l), weight_hh (3H, H), bias (4H,), or (3H,)."""
    H = h.shape[-1]
    w_ru, w_n = np.split(p["weight_ih"], [2 * H])  # (2H, I_l), (H, I_l)
    u_ru, u_n = np.split(p["weight_hh"], [2 * H])  # (2H, H), (H, H)
    b_ru, *b_n = np.split(p["bias"], range(2 * H, len(p["bias"]), H))  # (2H,), and one or two (H,)
    z_ru = a.affine(b_ru, (w_ru, x), (u_ru, h))  # (B, 2H)  (V8)
    r, u = np.split(act(a, k.gate_activation, k.clip, z_ru), 2, axis=-1)  # (B, H)  (V9)
    if k.reset_after:
        z_n = [a.affine(b_n[0], (w_n, x)), a.affine(b_n[1], (u_n, h))]  # n_x, n_h (B, H)  (V8)
        n = act(a, k.candidate_activation, k.clip, a.fma(r, z_n[1], z_n[0]))  # (V10)
    else:
        z_n = [a.affine(b_n[0], (w_n, x), (u_n, a.mul(r, h)))]  # (B, H)  (V11)
        n = act(a, k.candidate_activation, k.clip, z_n[0])  # (V12)
    h = a.fma(u, h, a.mul(a.sub(a.dtype(1), u), n))  # (V13)
    return GRUStep(np.concatenate([z_ru, *z_n], axis=-1), np.concatenate([r, u, n], axis=-1), h)


def rnn_step(a: Arithmetic, x: Array, h: Array, p: Parameters, k: RNNConfig) -> RNNStep:
    """x (B, I_l), h (B, H) -> the next h. p holds weight_ih (H, I_l), weight_hh (H, H), bias (H,)."""
    z = a.affine(p["bias"], (p["weight_ih"], x), (p["weight_hh"], h))  # (B, H)  (V14)
    return RNNStep(z, act(a, k.candidate_activation, k.clip, z))  # (V15)


STEPS: dict[str, Callable[..., Any]] = {"lstm": lstm_step, "gru": gru_step, "rnn": rnn_step}
