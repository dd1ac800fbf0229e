"""Comparison in bits, then in ulp (spec N7, N9)."""

import hashlib

import numpy as np

NOT_COMPARABLE = np.iinfo(np.int64).max  # the distance between a NaN and a number


def canonical_bits(array: np.ndarray) -> np.ndarray:
    """The bit patterns of a float32 or float64 array (uint32, uint64), every NaN as 0x7fc00000 or 0x7ff8000000000000."""
    array = np.ascontiguousarray(array)
    if array.dtype == np.float64:
        return np.where(np.isnan(array), np.uint64(0x7FF8000000000000), array.view(np.uint64))
    array = array.astype(np.float32, copy=False)
    return np.where(np.isnan(array), np.uint32(0x7FC00000), array.view(np.uint32))


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal shapes and equal bits; NaN equals NaN, +0 does not equal -0."""
    return a.shape == b.shape and a.dtype == b.dtype and bool((canonical_bits(a) == canonical_bits(b)).all())


def ulp_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many values of their type apart, elementwise, as int64. +0 and -0 are 0 apart; NaN and NaN too; NaN and a number NOT_COMPARABLE."""
    a_at, b_at = _ordinal(a), _ordinal(b)
    with np.errstate(over="ignore"):
        distance = np.abs(a_at - b_at)
        across = np.abs(a_at) + np.abs(b_at)  # from one side of 0 to the other: of float64 perhaps more than int64 holds
    distance = np.where((a_at < 0) == (b_at < 0), distance, np.where(across < 0, NOT_COMPARABLE - 1, across))
    a_nan, b_nan = np.isnan(a), np.isnan(b)
    return np.where(a_nan & b_nan, 0, np.where(a_nan | b_nan, NOT_COMPARABLE, distance))


def _ordinal(array: np.ndarray) -> np.ndarray:
    """Position on the line of values, 0 for both zeros, as int64."""
    array = np.ascontiguousarray(array)
    kind = np.int64 if array.dtype == np.float64 else np.int32
    bits = array.astype(np.float64 if kind is np.int64 else np.float32, copy=False).view(kind).astype(np.int64)
    return np.where(bits < 0, -(bits & np.iinfo(kind).max), bits)


def digest(array: np.ndarray) -> str:
    """SHA-256 of the elements in row-major order, little-endian, NaN canonical (N9)."""
    return hashlib.sha256(_little_endian(canonical_bits(array)).tobytes()).hexdigest()


def _little_endian(bits: np.ndarray) -> np.ndarray:
    return bits.astype(bits.dtype.newbyteorder("<"))
