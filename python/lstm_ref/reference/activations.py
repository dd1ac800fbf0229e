"""Functions of one number as fixed sequences of basic float32 operations (spec N4-N6, N10-N12)."""

from typing import NamedTuple

import numpy as np

from .constants import (
    EXP_C2,
    EXP_C3,
    EXP_C4,
    EXP_C5,
    EXP_C6,
    EXP_C7,
    LN2,
    LN2_EXCESS,
    LOG1P_C1,
    LOG1P_C2,
    LOG1P_C3,
    LOG1P_C4,
    LOG1P_C5,
    LOG2E,
    ONE_BITS,
    RECIP_C0,
    RECIP_C1,
    ROUNDER,
    SIGMOID_MIN,
    SIGMOID_MIN_EXPONENT,
    TANH_MIN,
    TANH_MIN_EXPONENT,
    TWO_32,
    TWO_M32,
)  # fmt: skip
from .fma import fma32 as fma

_ONE, _TWO = np.float32(1), np.float32(2)
_ONE_BITS = ONE_BITS.view(np.uint32)
_SIGN = np.uint32(0x80000000)


class _Exp(NamedTuple):
    """exp(y) = 2^n (1 + t + u), n in the low bits of m."""

    m: np.ndarray
    n: np.ndarray
    t: np.ndarray
    u: np.ndarray


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Spec N5, elementwise; at most 1 ulp."""
    m, n, t, u = _exp(_max(SIGMOID_MIN, _minus_abs(x)))  # (N5.1)
    v, v_low = _exp_r(n, t, u)
    s = _pow2(_max(ROUNDER + np.float32(SIGMOID_MIN_EXPONENT), m))  # (N5.4)
    d = fma(s, v, _ONE)  # (N5.5)
    d_low = fma(s, v_low, fma(s, v, _ONE - d))  # (N5.6)
    negative = x < 0
    w = _quotient(np.where(negative, v, _ONE), np.where(negative, v_low, np.float32(0)), d, d_low)  # (N5.7), (N5.8)
    scale = np.where(negative, _pow2(m, 32), TWO_32)
    return (w * scale) * TWO_M32  # (N5.9)


def tanh(x: np.ndarray) -> np.ndarray:
    """Spec N6, elementwise; at most 1 ulp."""
    y = _max(TANH_MIN, _minus_abs(x) + _minus_abs(x))  # (N6.1)
    s, t, u, w, w_low = _one_minus_exp(y)
    b = _ONE + s  # (N6.3)
    d = fma(s, t, b)  # (N6.6)
    d_low = fma(s, u, fma(s, t, b - d))  # (N6.7)
    magnitude = _quotient(w, w_low, d, d_low)
    return (magnitude.view(np.uint32) | (x.view(np.uint32) & _SIGN)).view(np.float32)  # (N6.8)


def expm1(x: np.ndarray) -> np.ndarray:
    """Spec N11, elementwise, of x <= 0; at most 1 ulp."""
    _, _, _, w, w_low = _one_minus_exp(_max(TANH_MIN, x))  # (N11.1)
    return -(w + w_low)  # (N11.2)


def softplus(x: np.ndarray) -> np.ndarray:
    """Spec N12, elementwise; at most 3 ulp."""
    e = _exp_of_minus(x)  # (N12.1)
    q = (e + e) / (_TWO + e)  # (N12.2)
    w = q * q  # (N12.3)
    p = fma(w, fma(w, fma(w, fma(w, LOG1P_C5, LOG1P_C4), LOG1P_C3), LOG1P_C2), LOG1P_C1)  # (N12.4)
    l = fma(q * w, p, q)  # (N12.5)
    return np.where(x > 0, x + l, l)  # (N12.6)


def _exp_of_minus(x: np.ndarray) -> np.ndarray:
    """Spec N10: exp(-|x|)."""
    m, n, t, u = _exp(_max(SIGMOID_MIN, _minus_abs(x)))  # (N10.1)
    v, v_low = _exp_r(n, t, u)
    return ((v + v_low) * _pow2(m, 32)) * TWO_M32  # (N10.2)


def _exp_r(n: np.ndarray, t: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """exp(r) in two parts."""
    v = _ONE + t  # (N5.2)
    return v, fma(n * LN2_EXCESS, v, (t - (v - _ONE)) + u)  # (N5.3)


def _one_minus_exp(y: np.ndarray) -> tuple[np.ndarray, ...]:
    """s, t, u of exp(y) = s (1 + t + u), and w + w' = 1 - exp(y), for TANH_MIN <= y <= 0."""
    m, _, t, u = _exp(y, ROUNDER + np.float32(TANH_MIN_EXPONENT))
    s = _pow2(m)  # (N6.2)
    a = _ONE - s  # (N6.3)
    w = fma(-s, t, a)  # (N6.4)
    w_low = fma(-s, u, fma(-s, t, a - w))  # (N6.5)
    return s, t, u, w, w_low


def _exp(y: np.ndarray, m_min: np.float32 | None = None) -> _Exp:
    m = fma(y, LOG2E, ROUNDER)  # (N4.1)
    if m_min is not None:
        m = _max(m_min, m)  # (N4.2)
    n = m - ROUNDER  # (N4.3)
    r = fma(n, -LN2, y)  # (N4.4)
    q = r * r  # (N4.5)
    p = fma(q, fma(q, fma(r, EXP_C7, EXP_C6), fma(r, EXP_C5, EXP_C4)), fma(r, EXP_C3, EXP_C2))  # (N4.6)
    t = fma(q, p, r)  # (N4.7)
    u = fma(q, p, r - t)  # (N4.8)
    return _Exp(m, n, t, u)


def _quotient(a: np.ndarray, a_low: np.ndarray, d: np.ndarray, d_low: np.ndarray) -> np.ndarray:
    q = a / d  # (N4.9)
    e = fma(-q, d, a) + fma(-q, d_low, a_low)  # (N4.10)
    return fma(e, fma(d, RECIP_C1, RECIP_C0), q)  # (N4.11)


def _pow2(m: np.ndarray, more: int = 0) -> np.ndarray:
    """2^(n + more) for the n in the low bits of m."""
    return ((m.view(np.uint32) << np.uint32(23)) + _ONE_BITS + np.uint32(more << 23)).view(np.float32)


def _max(k: np.float32, x: np.ndarray) -> np.ndarray:
    """Spec N1: x where it is greater or NaN."""
    return np.where((x > k) | np.isnan(x), x, k)


def _minus_abs(x: np.ndarray) -> np.ndarray:
    return (x.view(np.uint32) | _SIGN).view(np.float32)
