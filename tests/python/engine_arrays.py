"""Inputs for the engine, and the comparison of its outputs."""

import numpy as np

from lstm_ref.golden.fills import fill

UNIFORM = {"kind": "uniform", "exponent": 0}
WIDE = {"kind": "wide", "lo": 0, "hi": 255}  # NaN, infinities and subnormals among them


def assert_same_bits(got, wanted):
    assert got.dtype == wanted.dtype == np.float32
    assert got.shape == wanted.shape
    nan = np.isnan(wanted)
    np.testing.assert_array_equal(np.isnan(got), nan)
    np.testing.assert_array_equal(got.view(np.uint32)[~nan], wanted.view(np.uint32)[~nan])


def arrays(lstm, T, B, seed=1, how=UNIFORM):
    """x, (h_0, c_0)"""
    c = lstm.config
    states = (c.num_layers * c.directions, B, c.hidden_size)
    x = fill(seed, "x", (B, T, c.input_size) if c.batch_first else (T, B, c.input_size), how)
    return x, (fill(seed, "h_0", states, how), fill(seed, "c_0", states, how))
