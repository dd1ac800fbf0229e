"""Exact float32 fused multiply-add for arrays, in float64 (spec N2)."""

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
        s = np.where(doubtful, _round_to_odd(p, np.asarray(c, np.float64), s), s)
    return s.astype(np.float32)


def _round_to_odd(p: np.ndarray, c: np.ndarray, s: np.ndarray) -> np.ndarray:
    """p + c rounded to float64 so that a second rounding is harmless: when inexact, to the neighbour whose last bit is 1.

    s = p + c rounded to nearest. 53 >= 24 + 2 bits make the second rounding correct (Boldo and Melquiond, "Emulation of a
    FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008).
    """
    p_part = s - c
    error = (p - p_part) + (c - (s - p_part))  # TwoSum (Knuth): s + error = p + c exactly
    is_even = (s.view(np.uint64) & np.uint64(1)) == 0
    towards = np.where(error > 0, np.inf, -np.inf)
    return np.where((error != 0) & is_even, np.nextafter(s, towards), s)
