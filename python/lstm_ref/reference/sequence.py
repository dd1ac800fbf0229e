"""Layers, directions, ragged lengths and state, the same for every cell: spec/lstm.md sections 3 and 4."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..config import Config, GRUConfig, Inputs, check_inputs, check_tensors
from ..environment import canonical_environment
from .arithmetic import CANONICAL32, CANONICAL64, Arithmetic
from .cells import STEPS
from .masks import masks_of_seed

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


ARITHMETICS: dict[str, Arithmetic] = {"float32": CANONICAL32, "float64": CANONICAL64, "bfloat16": CANONICAL32}


def forward(config: Config, tensors: Mapping[str, Array], x: Array, h_0: Array | None = None, c_0: Array | None = None,
            lengths: Array | None = None, *, seed: int | None = None, masks: Mapping[str, Array] | None = None,
            arithmetic: Arithmetic | None = None, trace: Trace | None = None) -> Result:  # fmt: skip
    """All layers and directions over a sequence.

    x (T, B, I), or (B, T, I) when config.batch_first; h_0 (L*D, B, R), c_0 (L*D, B, H), default zeros; lengths (B,), default T.
    A seed, or masks by name (spec/variants.md, section 8), make a training run of it.
    A dict given as trace receives z_l0, gates_l0, c_l0, h_l0, ... (spec/runner.md), time-major.
    All arrays hold config.real, and it is computed in the canonical arithmetic of config.dtype unless another is given.
    Raises InvalidArgument for anything that does not fit (spec/errors.md).
    """
    check_tensors(config, tensors, from_file=False)
    tensors = {name: np.asarray(value) for name, value in tensors.items()}
    inputs = check_inputs(config, x, h_0, c_0, lengths, seed=seed, masks=masks)
    with canonical_environment(), np.errstate(all="ignore"):  # NaN and infinity are data (N7)
        return _forward(arithmetic or ARITHMETICS[config.dtype], config, tensors, inputs, trace)


def _forward(a, config: Config, tensors, inputs: Inputs, trace) -> Result:
    time_major = inputs.x.swapaxes(0, 1) if config.batch_first else inputs.x
    layer_input = time_major.astype(a.dtype)  # (T, B, I)  (4.2)
    states = zip(config.state, inputs.states(), strict=True)
    final = {name: value.astype(a.dtype) for name, value in states}  # copies, (L*D, B, R or H)
    masks = _masks(a, config, inputs, *layer_input.shape[:2])
    outputs: list[Array] = []
    for row, suffix in config.suffixes():
        state = {name: value[row] for name, value in final.items()}  # views: left holding the final state
        reverse = suffix.endswith("_reverse")
        parameters = _parameters(a, config, tensors, suffix) | _of_layer(masks, suffix)
        y, steps = _layer(a, config, parameters, layer_input, state, inputs.lengths, reverse)
        outputs.append(y)
        if trace is not None:
            trace.update({f"{name}_{suffix}": values for name, values in steps.items()})
        if len(outputs) == config.directions:
            layer_input = np.concatenate(outputs, axis=-1)  # (T, B, D*R)  (4.1)
            outputs = []
            layer = row // config.directions
            if f"mask_y_l{layer}" in masks:
                layer_input = a.mul(layer_input, masks[f"mask_y_l{layer}"])  # (V26)
    y = layer_input.swapaxes(0, 1) if config.batch_first else layer_input
    return Result(np.ascontiguousarray(y), *final.values())


def _parameters(a, config: Config, tensors: Mapping[str, Array], suffix: str) -> dict[str, Array]:
    """The parameters of one layer and direction, with both biases in one (2.5); for the n of a GRU see (V8)."""
    part = {name: value.astype(a.dtype) for name, value in _of_layer(tensors, suffix).items()}
    if not config.bias:
        return part | {"bias": np.zeros(len(config.columns) * config.hidden_size, a.dtype)}
    b_ih, b_hh = part.pop("bias_ih"), part.pop("bias_hh")
    bias = a.add(b_ih, b_hh)
    if isinstance(config, GRUConfig) and config.reset_after:
        n = 2 * config.hidden_size
        bias = np.concatenate([bias[:n], b_ih[n:], b_hh[n:]])
    return part | {"bias": bias}


def _of_layer(tensors: Mapping[str, Array], suffix: str) -> dict[str, Array]:
    """Those of one layer and direction, without the suffix."""
    end = f"_{suffix}"
    return {name.removesuffix(end): value for name, value in tensors.items() if name.endswith(end)}


def _masks(a, config: Config, inputs: Inputs, steps: int, batch: int) -> dict[str, Array]:
    """Of a training run; none in evaluation."""
    if inputs.seed is not None:
        return masks_of_seed(a, config, inputs.seed, steps, batch)
    return {name: value.astype(a.dtype) for name, value in (inputs.masks or {}).items()}


def _layer(a, config: Config, p, x: Array, state: dict[str, Array], lengths: Array, reverse: bool) -> tuple[Array, Trace]:
    """(3.1)-(3.4). x (T, B, I_l); state, h (B, R) and c (B, H), holds the initial state and is left holding the final one.

    A row takes part in step t only when t < its length. That alone makes the reverse direction start at each row's own end.
    """
    steps, batch = x.shape[:2]
    trace = {name: np.zeros((steps, batch, size), a.dtype) for name, size in config.trace_sizes.items()}
    for t in (reversed(range(steps)) if reverse else range(steps)) if batch else ():
        rows = np.flatnonzero(t < lengths)
        if rows.size:
            step = STEPS[config.op](a, x[t, rows], *(value[rows] for value in state.values()), _at(p, t, rows), config)
            for name, value in state.items():
                value[rows] = getattr(step, name)
            for name, values in trace.items():
                values[t, rows] = getattr(step, name)
    return trace["h"].copy(), trace


def _at(p: Mapping[str, Array], t: int, rows: Array) -> dict[str, Array]:
    """The parameters of one step: of a mask what concerns it, of the rest all."""
    masks = {name: p[name][rows] if name == "mask_h" else p[name][t, rows] for name in MASKS if name in p}
    return {**p, **masks}


MASKS = ("mask_h", "mask_candidate", "keep_h", "keep_c")
