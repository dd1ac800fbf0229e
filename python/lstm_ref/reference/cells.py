"""One step of each cell: the equations of spec/lstm.md section 2."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from .arithmetic import Arithmetic

Array = np.ndarray


class Step(NamedTuple):
    """One step's result and how it came about: z, gates (B, 4H) in the order i, f, g, o; c, h (B, H)."""

    z: Array
    gates: Array
    c: Array
    h: Array


def lstm_step(a: Arithmetic, x: Array, h: Array, c: Array, p: Mapping[str, Array]) -> Step:
    """x (B, I), h and c (B, H) -> the next h and c. p holds weight_ih (4H, I), weight_hh (4H, H), bias (4H,)."""
    z = a.affine(p["bias"], (p["weight_ih"], x), (p["weight_hh"], h))  # (B, 4H)  (2.1)
    z_i, z_f, z_g, z_o = np.split(z, 4, axis=-1)
    i, f, g, o = a.sigmoid(z_i), a.sigmoid(z_f), a.tanh(z_g), a.sigmoid(z_o)  # (B, H)  (2.2)
    c = a.fma(f, c, a.mul(i, g))  # (B, H)  (2.3)
    h = a.mul(o, a.tanh(c))  # (B, H)  (2.4)
    return Step(z, np.concatenate([i, f, g, o], axis=-1), c, h)
