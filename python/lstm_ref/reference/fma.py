"""Exact fused multiply-add for arrays, where NumPy has none (spec N2)."""

import math

import numpy as np

Value = np.ndarray | np.floating

_LOW_BITS = np.uint64(0x1FFFFFFF)  # what float64 has below float32's last bit
_HALFWAY = np.uint64(0x10000000)
_SMALLEST_SAFE = 2.0**-125  # from here on float32 has its full 24 bits


def fma32(a: Value, b: Value, c: Value) -> np.ndarray:
    """a*b + c with one rounding to float32. Arguments hold float32 values (float64 arrays of them save a conversion).

    The product of two float32 is exact in float64. Rounding the float64 sum s again, to float32, is wrong only where s is
    halfway between two float32 neighbours without being the exact sum; those few elements go the long way.
    """
    p = np.multiply(a, b, dtype=np.float64)
    s = p + c
    doubtful = (s.view(np.uint64) & _LOW_BITS) == _HALFWAY
    magnitude = np.abs(s)
    doubtful |= (magnitude < _SMALLEST_SAFE) & (magnitude > 0)
    if doubtful.any():
        s = np.where(doubtful, _sum_to_odd(p, np.asarray(c, np.float64)), s)
    return s.astype(np.float32)


_LEAST_PRODUCT = 2.0**-960  # its error term is a float64, too
_LARGEST = 2.0**990  # nothing overflows on the way


def fma64(a: Value, b: Value, c: Value) -> np.ndarray:
    """a*b + c with one rounding to float64.

    p + p' is the product, p' and c are added, then p: two exact sums with an error each. The errors' sum rounded to odd is
    all that the last rounding needs to know of them (Boldo and Melquiond, 2008). What is too small or too large for that is
    computed with integers.
    """
    a, b, c = (np.asarray(value, np.float64) for value in (a, b, c))
    p, p_low = _two_product(a, b)
    t, t_low = _two_sum(c, p_low)
    v, v_low = _two_sum(p, t)
    s = np.asarray(v + _sum_to_odd(t_low, v_low))
    magnitude = np.abs(p)
    safe = (
        (magnitude > _LEAST_PRODUCT)
        & (magnitude < _LARGEST)
        & (np.maximum(np.abs(a), np.abs(b)) < _LARGEST)
        & (np.abs(c) < _LARGEST)
    )
    return s if safe.all() else np.where(safe, s, _fma64_by_integers(a, b, c, safe))


def _fma64_by_integers(a: np.ndarray, b: np.ndarray, c: np.ndarray, known: np.ndarray) -> np.ndarray:
    """a*b + c where it is not known yet. With a zero factor, infinity or NaN nothing is rounded but the sum."""
    s = np.asarray(a * b + c)
    s = np.where(np.isfinite(a) & np.isfinite(b) & ~np.isfinite(c), c, s)  # a*b may overflow, but not really
    rest = ~known & np.isfinite(a) & np.isfinite(b) & np.isfinite(c) & (a != 0) & (b != 0)
    s[rest] = [
        _fma_of_numbers(*numbers)
        for numbers in zip(*(np.broadcast_to(v, s.shape)[rest].tolist() for v in (a, b, c)), strict=True)
    ]
    return s


def _fma_of_numbers(a: float, b: float, c: float) -> float:
    """Python divides integers with one rounding, also to subnormal numbers."""
    (a_n, a_d), (b_n, b_d), (c_n, c_d) = a.as_integer_ratio(), b.as_integer_ratio(), c.as_integer_ratio()
    n = a_n * b_n * c_d + c_n * a_d * b_d
    try:
        return n / (a_d * b_d * c_d)  # +0 of n = 0: a*b is not zero here
    except OverflowError:
        return math.inf if n > 0 else -math.inf


def _two_product(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """p + p_low = a*b exactly (Dekker, "A floating-point technique for extending the available precision", 1971)."""
    p = np.asarray(a * b)
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def _halves(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """a in two parts of 26 bits, the second with a sign of its own (Veltkamp)."""
    t = a * 134217729.0  # 2^27 + 1
    high = t - (t - a)
    return high, a - high


def _two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """s + s_low = a + b exactly (Knuth)."""
    s = np.asarray(a + b)
    a_part = s - b
    return s, (a - a_part) + (b - (s - a_part))


def _sum_to_odd(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a + b rounded to float64 so that a second rounding is harmless: when inexact, to the neighbour whose last bit is 1.

    53 >= 24 + 2 bits make the second rounding correct (Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums:
    proved algorithms using rounding to odd", 2008).
    """
    s, error = _two_sum(a, b)
    is_even = (s.view(np.uint64) & np.uint64(1)) == 0
    towards = np.where(error > 0, np.inf, -np.inf)
    return np.where((error != 0) & is_even, np.nextafter(s, towards), s)
