"""The generator of test inputs: integers only, the same tensors in every language (spec N8)."""

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

_M1, _M2, _STEP = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB), np.uint64(0x9E3779B97F4A7C15)


def fill(seed: int, name: str, shape: tuple[int, ...], how: Mapping[str, Any]) -> np.ndarray:
    """A float32 tensor from a seed, the tensor's name and one fill of the spec's table."""
    count = prod(shape)
    kind = how["kind"]
    if kind == "cycle":
        bits = np.resize(np.array(how["values"], np.uint32), count)
    else:
        u = stream(seed, name, count)
        if kind == "uniform":
            whole = (u >> np.uint32(8)).astype(np.int32) - np.int32(2**23)
            return np.ldexp(whole.astype(np.float32), how["exponent"] - 23).reshape(shape)
        if kind == "wide":
            low, span = how["lo"], how["hi"] - how["lo"] + 1
            exponent = np.uint32(low) + ((((u >> np.uint32(23)) & np.uint32(255)) * np.uint32(span)) >> np.uint32(8))
            bits = (u & np.uint32(0x80000000)) | (exponent << np.uint32(23)) | (u & np.uint32(0x7FFFFF))
        elif kind == "choice":
            values = np.array(how["values"], np.uint32)
            bits = values[((u.astype(np.uint64) * np.uint64(len(values))) >> np.uint64(32)).astype(np.intp)]
        else:
            raise ValueError(f"fill: kind {kind!r}, want uniform, wide, choice or cycle")
    return bits.view(np.float32).reshape(shape)


def stream(seed: int, name: str, count: int) -> np.ndarray:
    """u_0 .. u_{count-1} as uint32 (N8.4)."""
    with np.errstate(over="ignore"):
        key = _mix(np.uint64(seed) ^ np.uint64(_fnv(name)))  # (N8.3)
        return (_mix(key + np.arange(1, count + 1, dtype=np.uint64) * _STEP) >> np.uint64(32)).astype(np.uint32)


def _mix(z):
    """(N8.1), SplitMix64's finaliser."""
    z = (z ^ (z >> np.uint64(30))) * _M1
    z = (z ^ (z >> np.uint64(27))) * _M2
    return z ^ (z >> np.uint64(31))


def _fnv(name: str) -> int:
    """(N8.2), FNV-1a."""
    h = 0xCBF29CE484222325
    for byte in name.encode("utf-8"):
        h = ((h ^ byte) * 0x100000001B3) % 2**64
    return h
