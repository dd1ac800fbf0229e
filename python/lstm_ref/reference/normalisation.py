"""Layer normalisation (spec N13; spec/variants.md, section 7)."""

from collections.abc import Callable

import numpy as np

from .arithmetic import Arithmetic

Array = np.ndarray
PARTIAL_SUMS = 16  # of (N13.1)


def norm(a: Arithmetic, v: Array, gamma: Array, beta: Array, epsilon: float, gates: int = 1) -> Array:
    """v (B, G*N), gamma, beta (G*N,) -> (B, G*N), G gates being normalised together (N13)."""
    n = a.dtype(v.shape[-1])
    mean = a.div(total(a, v, gates, a.add), n)  # (B, 1)  (N13.3)
    d = a.sub(v, mean)  # (N13.4)
    variance = a.div(total(a, d, gates, lambda d, s: a.fma(d, d, s)), n)  # (N13.5)
    r = a.div(a.dtype(1), a.sqrt(a.add(variance, a.dtype(epsilon))))  # (N13.6)
    return a.fma(a.mul(d, r), gamma, beta)  # (N13.7)


def total(a: Arithmetic, v: Array, gates: int, f: Callable[[Array, Array], Array]) -> Array:
    """sum(f) over the units of all gates: (B, G*N) -> (B, 1)."""
    s = np.zeros((len(v), PARTIAL_SUMS), a.dtype)
    for gate in np.split(v, gates, axis=-1):
        for first in range(0, gate.shape[-1], PARTIAL_SUMS):
            units = gate[:, first : first + PARTIAL_SUMS]
            s[:, : units.shape[-1]] = f(units, s[:, : units.shape[-1]])  # (N13.1)
    while s.shape[-1] > 1:
        s = a.add(*np.split(s, 2, axis=-1))  # (N13.2)
    return s
