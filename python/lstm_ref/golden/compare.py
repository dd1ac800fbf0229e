"""Comparison in bits, then in ulp (spec N7, N9)."""

import hashlib

import numpy as np

CANONICAL_NAN = np.uint32(0x7FC00000)
NOT_COMPARABLE = np.iinfo(np.int64).max  # the distance between a NaN and a number


def canonical_bits(array: np.ndarray) -> np.ndarray:
    """The bit patterns (uint32) of a float32 array, every NaN as 0x7fc00000."""
    array = np.ascontiguousarray(array, np.float32)
    return np.where(np.isnan(array), CANONICAL_NAN, array.view(np.uint32))


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal shapes and equal bits; NaN equals NaN, +0 does not equal -0."""
    return a.shape == b.shape and bool((canonical_bits(a) == canonical_bits(b)).all())


def ulp_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many float32 values apart, elementwise, as int64. +0 and -0 are 0 apart; NaN and NaN too; NaN and a number NOT_COMPARABLE."""
    distance = np.abs(_ordinal(a) - _ordinal(b))
    a_nan, b_nan = np.isnan(a), np.isnan(b)
    return np.where(a_nan & b_nan, 0, np.where(a_nan | b_nan, NOT_COMPARABLE, distance))


def _ordinal(array: np.ndarray) -> np.ndarray:
    """Position on the line of float32 values, 0 for both zeros."""
    bits = np.ascontiguousarray(array, np.float32).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def digest(array: np.ndarray) -> str:
    """SHA-256 of the elements in row-major order, little-endian, NaN canonical (N9)."""
    return hashlib.sha256(canonical_bits(array).astype("<u4").tobytes()).hexdigest()
