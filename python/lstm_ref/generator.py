"""Random integers that are the same in every language: of test inputs, and of masks (spec N8, N14)."""

import numpy as np

_M1, _M2, _STEP = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB), np.uint64(0x9E3779B97F4A7C15)


def stream(seed: int, name: str, count: int) -> np.ndarray:
    """u_0 .. u_{count-1} as uint32 (N8.4)."""
    return (stream64(seed, name, count) >> np.uint64(32)).astype(np.uint32)


def stream64(seed: int, name: str, count: int) -> np.ndarray:
    """All of the 64 bits whose upper half they are."""
    with np.errstate(over="ignore"):
        key = _mix(np.uint64(seed) ^ np.uint64(_fnv(name)))  # (N8.3)
        return _mix(key + np.arange(1, count + 1, dtype=np.uint64) * _STEP)


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
