"""Functions of one number as fixed sequences of basic operations (spec N4-N6, N10-N12), for both widths k."""

from functools import reduce
from typing import NamedTuple

import numpy as np

from .width import Width

Array = np.ndarray


class _Exp(NamedTuple):
    """exp(y) = 2^n (1 + t + u), n in the low bits of m."""

    m: Array
    n: Array
    t: Array
    u: Array


def sigmoid(k: Width, x: Array) -> Array:
    """Spec N5, elementwise; at most 1 ulp."""
    one = k.dtype(1)
    m, n, t, u = _exp(k, _max(k.SIGMOID_MIN, _minus_abs(k, x)))  # (N5.1)
    v, v_low = _exp_r(k, n, t, u)
    s = _pow2(k, _max(k.ROUNDER + k.dtype(k.SIGMOID_MIN_EXPONENT), m))  # (N5.4)
    d = k.fma(s, v, one)  # (N5.5)
    d_low = k.fma(s, v_low, k.fma(s, v, one - d))  # (N5.6)
    negative = x < 0
    w = _quotient(k, np.where(negative, v, one), np.where(negative, v_low, k.dtype(0)), d, d_low)  # (N5.7), (N5.8)
    scale = np.where(negative, _pow2(k, m, k.SCALE_EXPONENT), k.SCALE_UP)
    return (w * scale) * k.SCALE_DOWN  # (N5.9)


def tanh(k: Width, x: Array) -> Array:
    """Spec N6, elementwise; at most 1 ulp."""
    y = _max(k.TANH_MIN, _minus_abs(k, x) + _minus_abs(k, x))  # (N6.1)
    s, t, u, w, w_low = _one_minus_exp(k, y)
    b = k.dtype(1) + s  # (N6.3)
    d = k.fma(s, t, b)  # (N6.6)
    d_low = k.fma(s, u, k.fma(s, t, b - d))  # (N6.7)
    magnitude = _quotient(k, w, w_low, d, d_low)
    return (magnitude.view(k.uint) | (x.view(k.uint) & _sign(k))).view(k.dtype)  # (N6.8)


def expm1(k: Width, x: Array) -> Array:
    """Spec N11, elementwise, of x <= 0; at most 1 ulp."""
    _, _, _, w, w_low = _one_minus_exp(k, _max(k.TANH_MIN, x))  # (N11.1)
    return -(w + w_low)  # (N11.2)


def softplus(k: Width, x: Array) -> Array:
    """Spec N12, elementwise; at most 3 ulp."""
    e = _exp_of_minus(k, x)  # (N12.1)
    q = (e + e) / (k.dtype(2) + e)  # (N12.2)
    w = q * q  # (N12.3)
    p = reduce(lambda p, c: k.fma(w, p, c), list(k.LOG1P.values())[::-1])  # (N12.4)
    l = k.fma(q * w, p, q)  # (N12.5)
    return np.where(x > 0, x + l, l)  # (N12.6)


def _exp_of_minus(k: Width, x: Array) -> Array:
    """Spec N10: exp(-|x|)."""
    m, n, t, u = _exp(k, _max(k.SIGMOID_MIN, _minus_abs(k, x)))  # (N10.1)
    v, v_low = _exp_r(k, n, t, u)
    return ((v + v_low) * _pow2(k, m, k.SCALE_EXPONENT)) * k.SCALE_DOWN  # (N10.2)


def _exp_r(k: Width, n: Array, t: Array, u: Array) -> tuple[Array, Array]:
    """exp(r) in two parts."""
    one = k.dtype(1)
    v = one + t  # (N5.2)
    return v, k.fma(n * k.LN2_EXCESS, v, (t - (v - one)) + u)  # (N5.3)


def _one_minus_exp(k: Width, y: Array) -> tuple[Array, ...]:
    """s, t, u of exp(y) = s (1 + t + u), and w + w' = 1 - exp(y), for TANH_MIN <= y <= 0."""
    m, _, t, u = _exp(k, y, k.ROUNDER + k.dtype(k.TANH_MIN_EXPONENT))
    s = _pow2(k, m)  # (N6.2)
    a = k.dtype(1) - s  # (N6.3)
    w = k.fma(-s, t, a)  # (N6.4)
    w_low = k.fma(-s, u, k.fma(-s, t, a - w))  # (N6.5)
    return s, t, u, w, w_low


def _exp(k: Width, y: Array, m_min: np.floating | None = None) -> _Exp:
    m = k.fma(y, k.LOG2E, k.ROUNDER)  # (N4.1)
    if m_min is not None:
        m = _max(m_min, m)  # (N4.2)
    n = m - k.ROUNDER  # (N4.3)
    r = k.fma(n, -k.LN2, y)  # (N4.4)
    q = r * r  # (N4.5)
    C = k.EXP
    pairs = [k.fma(r, C[j + 1], C[j]) if j + 1 in C else C[j] for j in range(2, len(C) + 2, 2)]  # p_2, p_4, ...
    p = reduce(lambda p, pair: k.fma(q, p, pair), pairs[::-1])  # (N4.6)
    t = k.fma(q, p, r)  # (N4.7)
    u = k.fma(q, p, r - t)  # (N4.8)
    return _Exp(m, n, t, u)


def _quotient(k: Width, a: Array, a_low: Array, d: Array, d_low: Array) -> Array:
    q = a / d  # (N4.9)
    e = k.fma(-q, d, a) + k.fma(-q, d_low, a_low)  # (N4.10)
    return k.fma(e, k.fma(d, k.RECIP[1], k.RECIP[0]), q)  # (N4.11)


def _pow2(k: Width, m: Array, more: int = 0) -> Array:
    """2^(n + more) for the n in the low bits of m."""
    bias = k.ONE_BITS.view(k.uint) + (k.uint(more) << k.uint(k.FRACTION_BITS))
    return ((m.view(k.uint) << k.uint(k.FRACTION_BITS)) + bias).view(k.dtype)


def _max(limit: np.floating, x: Array) -> Array:
    """Spec N1: x where it is greater or NaN."""
    return np.where((x > limit) | np.isnan(x), x, limit)


def _minus_abs(k: Width, x: Array) -> Array:
    return (x.view(k.uint) | _sign(k)).view(k.dtype)


def _sign(k: Width) -> np.unsignedinteger:
    """The bit of the sign."""
    return k.dtype(-0.0).view(k.uint)
