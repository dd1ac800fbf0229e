"""The generator of test inputs: integers only, the same tensors in every language (spec N8)."""

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from ..generator import stream


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
