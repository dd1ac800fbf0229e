"""bfloat16: the upper half of a float32. NumPy has no such type; an array of it holds the patterns under one name."""

from typing import Any

import numpy as np

from .errors import InvalidArgument

BFLOAT16 = np.dtype([("bfloat16", np.uint16)])
_LOW, _QUIET = np.uint32(0xFFFF), np.uint32(0x00400000)


def round_to_bfloat16(array: Any) -> np.ndarray:
    """The nearest bfloat16 values of a float32 array, ties to even; a NaN stays a NaN. Raises InvalidArgument for another type:
    rounded to float32 first, a number may end at another value."""
    array = np.asarray(array)
    if array.dtype != np.float32:
        raise InvalidArgument("array", f"dtype {array.dtype}", "float32")
    bits = array.view(np.uint32)
    tie = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    with np.errstate(over="ignore"):  # only a NaN's pattern may leave the range
        nearest = (bits + tie) & ~_LOW
    return np.where(np.isnan(array), (bits | _QUIET) & ~_LOW, nearest).astype(np.uint32).view(np.float32)


def is_bfloat16(array: np.ndarray) -> np.ndarray:
    """Which elements of a float32 array are bfloat16 values; a NaN is."""
    return ((array.view(np.uint32) & _LOW) == 0) | np.isnan(array)


def to_bfloat16(array: np.ndarray) -> np.ndarray:
    """float32 -> BFLOAT16, exact: the elements are bfloat16 values."""
    return (round_to_bfloat16(array).view(np.uint32) >> np.uint32(16)).astype(np.uint16).view(BFLOAT16)


def from_bfloat16(array: np.ndarray) -> np.ndarray:
    """BFLOAT16 -> float32, exact."""
    return (array.view(np.uint16).astype(np.uint32) << np.uint32(16)).view(np.float32)
