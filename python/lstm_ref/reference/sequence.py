"""Layers, directions, ragged lengths and state: spec/lstm.md sections 3 and 4."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..config import LSTMConfig, check_inputs, check_tensors
from .arithmetic import CANONICAL32, Arithmetic
from .cells import lstm_step
from .environment import canonical_environment

Array = np.ndarray
Trace = dict[str, Array]


class Result(NamedTuple):
    """y (T, B, D*H) or (B, T, D*H); h_n and c_n (L*D, B, H)."""

    y: Array
    h_n: Array
    c_n: Array


def forward(config: LSTMConfig, tensors: Mapping[str, Array], x: Array, h_0: Array | None = None, c_0: Array | None = None,
            lengths: Array | None = None, *, arithmetic: Arithmetic = CANONICAL32, trace: Trace | None = None) -> Result:  # fmt: skip
    """All layers and directions over a sequence.

    x (T, B, I) float32, or (B, T, I) when config.batch_first; h_0, c_0 (L*D, B, H), default zeros; lengths (B,), default T.
    A dict given as trace receives z_l0, gates_l0, c_l0, h_l0, ... (spec/runner.md), time-major.
    Raises InvalidArgument for anything that does not fit (spec/errors.md).
    """
    check_tensors(config, tensors, from_file=False)
    tensors = {name: np.asarray(value) for name, value in tensors.items()}
    inputs = check_inputs(config, x, h_0, c_0, lengths)
    with canonical_environment(), np.errstate(all="ignore"):  # NaN and infinity are data (N7)
        return _forward(arithmetic, config, tensors, inputs.x, inputs.h_0, inputs.c_0, inputs.lengths, trace)


def _forward(a, config, tensors, x, h_0, c_0, lengths, trace) -> Result:
    time_major = x.swapaxes(0, 1) if config.batch_first else x
    layer_input = time_major.astype(a.dtype)  # (T, B, I)  (4.2)
    h_n, c_n = h_0.astype(a.dtype), c_0.astype(a.dtype)  # copies, (L*D, B, H)
    outputs: list[Array] = []
    for row, suffix in config.suffixes():
        reverse = suffix.endswith("_reverse")
        y, steps = _layer(a, _parameters(a, config, tensors, suffix), layer_input, h_n[row], c_n[row], lengths, reverse)
        outputs.append(y)
        if trace is not None:
            trace.update({f"{name}_{suffix}": values for name, values in steps.items()})
        if len(outputs) == config.directions:
            layer_input = np.concatenate(outputs, axis=-1)  # (T, B, D*H)  (4.1)
            outputs = []
    y = layer_input.swapaxes(0, 1) if config.batch_first else layer_input
    return Result(np.ascontiguousarray(y), h_n, c_n)


def _parameters(a, config: LSTMConfig, tensors: Mapping[str, Array], suffix: str) -> dict[str, Array]:
    """The parameters of one layer and direction, with both biases in one (2.5)."""
    part = {name: tensors[f"{name}_{suffix}"].astype(a.dtype) for name in ("weight_ih", "weight_hh")}
    if config.bias:
        part["bias"] = a.add(*(tensors[f"{name}_{suffix}"].astype(a.dtype) for name in ("bias_ih", "bias_hh")))
    else:
        part["bias"] = np.zeros(4 * config.hidden_size, a.dtype)
    return part


def _layer(a, p, x: Array, h: Array, c: Array, lengths: Array, reverse: bool) -> tuple[Array, Trace]:
    """(3.1)-(3.4). x (T, B, I_l); h and c (B, H) hold the initial state and are left holding the final one.

    A row takes part in step t only when t < its length. That alone makes the reverse direction start at each row's own end.
    """
    steps, batch, hidden = x.shape[0], *h.shape
    trace = {
        "z": np.zeros((steps, batch, 4 * hidden), a.dtype),
        "gates": np.zeros((steps, batch, 4 * hidden), a.dtype),
        "c": np.zeros((steps, batch, hidden), a.dtype),
        "h": np.zeros((steps, batch, hidden), a.dtype),
    }
    for t in (reversed(range(steps)) if reverse else range(steps)) if batch else ():
        rows = np.flatnonzero(t < lengths)
        if rows.size:
            step = lstm_step(a, x[t, rows], h[rows], c[rows], p)
            h[rows], c[rows] = step.h, step.c
            trace["z"][t, rows], trace["gates"][t, rows] = step.z, step.gates
            trace["c"][t, rows], trace["h"][t, rows] = step.c, step.h
    return trace["h"].copy(), trace
