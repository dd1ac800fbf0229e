"""The generator of test inputs: integers only, the same tensors in every language (spec N8)."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from ..bfloat16 import BFLOAT16
from ..generator import stream64


def fill(seed: int, name: str, shape: tuple[int, ...], how: Mapping[str, Any], dtype: DTypeLike = np.float32) -> np.ndarray:
    """A tensor from a seed, its name and one fill of the spec's table: of float32, of float64, or of BFLOAT16 as float32."""
    dtype = np.dtype(dtype)
    if dtype == BFLOAT16:
        bits = fill(seed, name, shape, how).view(np.uint32)
        return (bits & np.uint32(0xFFFF0000)).view(np.float32)
    form = FORMS[dtype.itemsize]
    count, kind = prod(shape), how["kind"]
    if kind == "cycle":
        bits = np.resize(patterns(how["values"], form.uint), count)
    else:
        u = stream64(seed, name, count)  # (N8.4)
        if kind == "choice":
            values = patterns(how["values"], form.uint)
            bits = values[(((u >> np.uint64(32)) * np.uint64(len(values))) >> np.uint64(32)).astype(np.intp)]
        elif kind == "uniform":
            whole = (u >> np.uint64(63 - form.fraction)).astype(np.int64) - np.int64(1 << form.fraction)
            return np.ldexp(whole.astype(dtype), how["exponent"] - form.fraction).reshape(shape)
        elif kind == "wide":
            bits = _wide(u >> np.uint64(64 - form.bits), how["lo"], how["hi"], form).astype(form.uint)
        else:
            raise ValueError(f"fill: kind {kind!r}, want uniform, wide, choice or cycle")
    return bits.view(dtype).reshape(shape)


class Form(NamedTuple):
    """Of a floating-point number."""

    uint: type[np.unsignedinteger]
    bits: int
    exponent: int
    fraction: int


FORMS = {4: Form(np.uint32, 32, 8, 23), 8: Form(np.uint64, 64, 11, 52)}  # by bytes


def _wide(u: np.ndarray, low: int, high: int, form: Form) -> np.ndarray:
    """Sign and fraction as in u, the exponent moved into the range."""
    drawn = (u >> np.uint64(form.fraction)) & np.uint64((1 << form.exponent) - 1)
    exponent = np.uint64(low) + ((drawn * np.uint64(high - low + 1)) >> np.uint64(form.exponent))
    sign, fraction = np.uint64(1 << (form.bits - 1)), np.uint64((1 << form.fraction) - 1)
    return (u & sign) | (exponent << np.uint64(form.fraction)) | (u & fraction)


def patterns(values: Sequence[int | str], uint: type[np.unsignedinteger]) -> np.ndarray:
    """Bit patterns: numbers, or hexadecimal text where JSON's numbers do not reach (64 bits)."""
    return np.array([int(value, 16) if isinstance(value, str) else value for value in values], uint)
