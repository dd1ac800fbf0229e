"""A good model, as a header that can be bent and data that need not, and inputs for it."""

import json
import struct
from typing import Any

import numpy as np

from ..bfloat16 import BFLOAT16, to_bfloat16
from ..config import DTYPE_NAMES, Config, LSTMConfig
from .fills import fill

CONFIG = LSTMConfig(3, 2)  # I = 3, H = 2; inputs of T = 4, B = 2
DIMS = {"x": (4, 2, 3), "h_0": (1, 2, 2), "c_0": (1, 2, 2)}


def model_header(base: Config = CONFIG, **config: Any) -> dict[str, Any]:
    header: dict[str, Any] = {"__metadata__": {"lstm_ref": json.dumps(base.to_json() | config)}}
    begin = 0
    for name, expected in base.iter_expected():
        stored_as = base.stored_as(len(expected.shape))
        end = begin + stored_as.itemsize * int(np.prod(expected.shape))
        header[name] = {"dtype": DTYPE_NAMES[stored_as], "shape": list(expected.shape), "data_offsets": [begin, end]}
        begin = end
    return header


def model_data(base: Config = CONFIG) -> bytes:
    how = {"kind": "uniform", "exponent": 0}

    def data(name: str, shape: tuple[int, ...]) -> bytes:
        stored_as = base.stored_as(len(shape))
        values = fill(1, name, shape, how, stored_as)
        return (to_bfloat16(values) if stored_as == BFLOAT16 else values).astype(stored_as.newbyteorder("<")).tobytes()

    return b"".join(data(name, e.shape) for name, e in base.iter_expected())


def build(header: Any, data: bytes) -> bytes:
    """A container of a header, given as JSON value or text, whatever it says."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def good_inputs(base: Config = CONFIG) -> dict[str, np.ndarray]:
    """For a plain LSTM of these sizes."""
    return {name: fill(2, name, shape, {"kind": "uniform", "exponent": 0}, base.real) for name, shape in DIMS.items()}
