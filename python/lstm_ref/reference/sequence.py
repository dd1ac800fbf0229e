"""Layers, directions, ragged lengths and state, the same for every cell: spec/lstm.md sections 3 and 4."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..config import Config, GRUConfig, check_inputs, check_tensors
from .arithmetic import CANONICAL32, Arithmetic
from .cells import STEPS
from .environment import canonical_environment

Array = np.ndarray
Trace = dict[str, Array]


class Result(NamedTuple):
    """y (T, B, D*R) or (B, T, D*R); h_n (L*D, B, R), c_n (L*D, B, H). c_n is None where there is no c."""

    y: Array
    h_n: Array
    c_n: Array | None = None

    def named(self, config: Config) -> dict[str, Array]:
        """By the names of an outputs file."""
        return {name: getattr(self, name) for name in config.outputs()}


def forward(config: Config, tensors: Mapping[str, Array], x: Array, h_0: Array | None = None, c_0: Array | None = None,
            lengths: Array | None = None, *, arithmetic: Arithmetic = CANONICAL32, trace: Trace | None = None) -> Result:  # fmt: skip
    """All layers and directions over a sequence.

    x (T, B, I) float32, or (B, T, I) when config.batch_first; h_0 (L*D, B, R), c_0 (L*D, B, H), default zeros; lengths (B,), default T.
    A dict given as trace receives z_l0, gates_l0, c_l0, h_l0, ... (spec/runner.md), time-major.
    Raises InvalidArgument for anything that does not fit (spec/errors.md).
    """
    check_tensors(config, tensors, from_file=False)
    tensors = {name: np.asarray(value) for name, value in tensors.items()}
    inputs = check_inputs(config, x, h_0, c_0, lengths)
    with canonical_environment(), np.errstate(all="ignore"):  # NaN and infinity are data (N7)
        return _forward(arithmetic, config, tensors, inputs.x, inputs.states(), inputs.lengths, trace)


def _forward(a, config: Config, tensors, x, states, lengths, trace) -> Result:
    time_major = x.swapaxes(0, 1) if config.batch_first else x
    layer_input = time_major.astype(a.dtype)  # (T, B, I)  (4.2)
    final = {name: value.astype(a.dtype) for name, value in zip(config.state, states, strict=True)}  # copies, (L*D, B, R or H)
    outputs: list[Array] = []
    for row, suffix in config.suffixes():
        state = {name: value[row] for name, value in final.items()}  # views: left holding the final state
        reverse = suffix.endswith("_reverse")
        y, steps = _layer(a, config, _parameters(a, config, tensors, suffix), layer_input, state, lengths, reverse)
        outputs.append(y)
        if trace is not None:
            trace.update({f"{name}_{suffix}": values for name, values in steps.items()})
        if len(outputs) == config.directions:
            layer_input = np.concatenate(outputs, axis=-1)  # (T, B, D*R)  (4.1)
            outputs = []
    y = layer_input.swapaxes(0, 1) if config.batch_first else layer_input
    return Result(np.ascontiguousarray(y), *final.values())


def _parameters(a, config: Config, tensors: Mapping[str, Array], suffix: str) -> dict[str, Array]:
    """The parameters of one layer and direction, with both biases in one (2.5); for the n of a GRU see (V8)."""
    part = {name: tensors[f"{name}_{suffix}"].astype(a.dtype) for name in WEIGHTS if f"{name}_{suffix}" in tensors}
    if not config.bias:
        return part | {"bias": np.zeros(len(config.columns) * config.hidden_size, a.dtype)}
    b_ih, b_hh = (tensors[f"{name}_{suffix}"].astype(a.dtype) for name in ("bias_ih", "bias_hh"))
    bias = a.add(b_ih, b_hh)
    if isinstance(config, GRUConfig) and config.reset_after:
        n = 2 * config.hidden_size
        bias = np.concatenate([bias[:n], b_ih[n:], b_hh[n:]])
    return part | {"bias": bias}


WEIGHTS = ("weight_ih", "weight_hh", "weight_hr", "weight_peephole")


def _layer(a, config: Config, p, x: Array, state: dict[str, Array], lengths: Array, reverse: bool) -> tuple[Array, Trace]:
    """(3.1)-(3.4). x (T, B, I_l); state, h (B, R) and c (B, H), holds the initial state and is left holding the final one.

    A row takes part in step t only when t < its length. That alone makes the reverse direction start at each row's own end.
    """
    steps, batch = x.shape[:2]
    trace = {name: np.zeros((steps, batch, size), a.dtype) for name, size in config.trace_sizes.items()}
    for t in (reversed(range(steps)) if reverse else range(steps)) if batch else ():
        rows = np.flatnonzero(t < lengths)
        if rows.size:
            step = STEPS[config.op](a, x[t, rows], *(value[rows] for value in state.values()), p, config)
            for name, value in state.items():
                value[rows] = getattr(step, name)
            for name, values in trace.items():
                values[t, rows] = getattr(step, name)
    return trace["h"].copy(), trace
