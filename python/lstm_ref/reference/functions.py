"""The activation functions that a configuration may choose, an equation a line (spec/variants.md, section 3).

x is an array of any shape; alpha and beta are numbers of the arithmetic.
"""

from collections.abc import Callable

import numpy as np

from ..activation import Activation
from .arithmetic import Arithmetic

Array = np.ndarray


def act(a: Arithmetic, f: Activation, k: float, z: Array) -> Array:
    """(V1): f of z clipped at k, elementwise."""
    return FUNCTIONS[f.name](a, clip(a, k, z), *map(a.dtype, f.parameters))


def clip(a: Arithmetic, k: float, z: Array) -> Array:
    """(V2): z within [-k, k], a NaN as it is; k = 0: z itself."""
    return _min(a.dtype(k), _max(a.dtype(-k), z)) if k else z


def relu(a: Arithmetic, x: Array) -> Array:
    return _max(a.dtype(0), x)  # (V3.3)


def leaky_relu(a: Arithmetic, x: Array, alpha: Array) -> Array:
    return np.where(x < 0, a.mul(alpha, x), x)  # (V3.4)


def elu(a: Arithmetic, x: Array, alpha: Array) -> Array:
    return np.where(x < 0, a.mul(alpha, a.expm1(_min(a.dtype(0), x))), x)  # (V3.5)


def hard_sigmoid(a: Arithmetic, x: Array, alpha: Array, beta: Array) -> Array:
    return _min(a.dtype(1), _max(a.dtype(0), a.fma(alpha, x, beta)))  # (V3.6)


def affine(a: Arithmetic, x: Array, alpha: Array, beta: Array) -> Array:
    return a.fma(alpha, x, beta)  # (V3.7)


def scaled_tanh(a: Arithmetic, x: Array, alpha: Array, beta: Array) -> Array:
    return a.mul(alpha, a.tanh(a.mul(beta, x)))  # (V3.8)


def softsign(a: Arithmetic, x: Array) -> Array:
    y = clip(a, 2.0**64, x)  # infinity over infinity would be a NaN; from 2^25 on the quotient is 1 anyway
    return a.div(y, a.add(a.dtype(1), np.abs(y)))  # (V3.9)


def thresholded_relu(a: Arithmetic, x: Array, alpha: Array) -> Array:
    return np.where(x < alpha, a.dtype(0), x)  # (V3.11)


FUNCTIONS: dict[str, Callable[..., Array]] = {
    "sigmoid": lambda a, x: a.sigmoid(x),  # (V3.1)
    "tanh": lambda a, x: a.tanh(x),  # (V3.2)
    "relu": relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "hard_sigmoid": hard_sigmoid,
    "affine": affine,
    "scaled_tanh": scaled_tanh,
    "softsign": softsign,
    "softplus": lambda a, x: a.softplus(x),  # (V3.10)
    "thresholded_relu": thresholded_relu,
}


def _max(k, x: Array) -> Array:
    """Spec N1: x where it is greater or NaN."""
    return np.where((x > k) | np.isnan(x), x, k)


def _min(k, x: Array) -> Array:
    """Spec N1: x where it is less or NaN."""
    return np.where((x < k) | np.isnan(x), x, k)
