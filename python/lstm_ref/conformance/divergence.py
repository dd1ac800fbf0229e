"""Where two results part: the first differing layer, direction, step, tensor, gate, row and unit, in the order of computation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import DTypeLike

from ..config import Config
from ..errors import format_shape
from ..golden.compare import NOT_COMPARABLE, canonical_bits, ulp_distance

Tensors = Mapping[str, np.ndarray]
Differ = Callable[[np.ndarray, np.ndarray], np.ndarray]  # elementwise: do these two differ
TRACE = ("z", "gates", "c", "h")  # in the order of computation


def output_shapes(config: Config, T: int, B: int) -> dict[str, tuple[int, ...]]:
    width = config.directions * config.output_size
    states = {f"{name}_n": config.expected_state(B, name).shape for name in config.state}
    return {"y": (B, T, width) if config.batch_first else (T, B, width)} | states


def trace_shapes(config: Config, T: int, B: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}_{s}": (T, B, size) for _, s in config.suffixes() for name, size in config.trace_sizes.items()}


def malformed(got: Tensors, shapes: Mapping[str, tuple[int, ...]], real: DTypeLike = np.float32) -> str | None:
    """What is wrong with the names, dtypes and shapes of an outputs file."""
    for name, shape in shapes.items():
        if name not in got:
            return f"{name}: missing, want {shape}"
        if got[name].dtype != real:
            return f"{name}: dtype {got[name].dtype}, want {np.dtype(real)}"
        if got[name].shape != shape:
            return f"{name}: shape {format_shape(got[name].shape)}, want {shape}"
    if extra := sorted(set(got) - set(shapes)):
        return f"{extra[0]}: unexpected tensor, want only {', '.join(shapes)}"
    return None


def bits_differ(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    return canonical_bits(got) != canonical_bits(want)


def difference(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """Absolute, elementwise, in float64; 0 where the bits are the same, NaN where one is a NaN."""
    with np.errstate(invalid="ignore"):  # infinity minus infinity, where both are the same
        return np.where(bits_differ(got, want), np.abs(got.astype(np.float64) - want), 0.0)


def beyond(tolerance: float) -> Differ:
    """More than tolerance apart; a NaN against a number is."""
    return lambda got, want: ~(difference(got, want) <= tolerance)


def largest_difference(config: Config, got: Tensors, want: Tensors) -> tuple[str, float]:
    """Where in the outputs it is, and how large; a NaN against a number is the largest."""
    found = ("", 0.0)
    for name in config.outputs():
        a, b = (time_first(config, name, value[name]) for value in (got, want))
        off = difference(a, b)
        if off.size and not off.max() <= found[1]:
            worst = np.unravel_index(off.argmax(), off.shape)  # argmax finds a NaN first
            found = (output_place(config, name, worst), float(off[worst]))
            if np.isnan(found[1]):
                break
    return found


def first_divergence(
    config: Config, lengths: np.ndarray | None, got: Tensors, want: Tensors, differ: Differ = bits_differ
) -> str | None:
    """The first difference, named; None when there is none. Looks into the trace as far as both have one."""
    for _, suffix in config.suffixes():
        names = [f"{name}_{suffix}" for name in TRACE if f"{name}_{suffix}" in got and f"{name}_{suffix}" in want]
        if found := _first_in_direction(config, suffix, names, lengths, got, want, differ):
            return found
    for name in config.outputs():
        a, b = (time_first(config, name, value[name]) for value in (got, want))
        differing = np.argwhere(differ(a, b))
        if len(differing):
            index = tuple(differing[0])
            return f"{output_place(config, name, index)}: {describe(a[index], b[index])}"
    return None


def _first_in_direction(
    config: Config, suffix: str, names: list[str], lengths: np.ndarray | None, got: Tensors, want: Tensors, differ: Differ
) -> str | None:
    """The smallest (step, tensor, gate, row, unit); steps count as they are computed: in reverse from the row's own end."""
    H = config.hidden_size
    first: tuple[tuple[int, ...], str] | None = None
    for order, name in enumerate(names):
        t, b, j = np.nonzero(differ(got[name], want[name]))  # (T, B, 4H) or (T, B, H)
        if not len(t):
            continue
        step = t
        if suffix.endswith("_reverse"):
            ends = np.full(got[name].shape[1], len(got[name])) if lengths is None else lengths
            step = np.where(t < ends[b], ends[b] - 1 - t, len(got[name]) + t)  # the padding comes after all steps
        gate, unit = j // H, j % H
        k = np.lexsort((unit, b, gate, step))[0]
        key = (int(step[k]), order, int(gate[k]), int(b[k]), int(unit[k]))
        if first is None or key < first[0]:
            letters = config.columns if name.startswith("z") else config.gates if name.startswith("gates") else ()
            in_gate = f"gate {letters[gate[k]]}, " if letters else ""
            place = f"{name}[t={t[k]}, b={b[k]}, {in_gate}unit {unit[k]}]"
            index = (t[k], b[k], j[k])
            first = key, f"{place}: {describe(got[name][index], want[name][index])}"
    return first and first[1]


def time_first(config: Config, name: str, value: np.ndarray) -> np.ndarray:
    """y as (T, B, D*H) whatever `batch_first` says; h_n and c_n as they are."""
    return value.swapaxes(0, 1) if name == "y" and config.batch_first else value


def output_place(config: Config, name: str, index: Sequence[np.intp]) -> str:
    """y[t=3, b=0, unit 5] or h_n[l0_reverse, b=0, unit 5]; the index into y is time first."""
    first, b, unit = index
    where = f"t={first}" if name == "y" else dict(config.suffixes())[int(first)]
    return f"{name}[{where}, b={b}, unit {unit}]"


def describe(got: np.floating, want: np.floating) -> str:
    """Both bit patterns and their distance."""
    distance = ulp_distance(np.asarray(got), np.asarray(want)).item()
    words = "NaN against a number" if distance == NOT_COMPARABLE else f"{distance} ulp"
    return f"{_pattern(got)} want {_pattern(want)}, {words}"


def _pattern(value: np.floating) -> str:
    size = value.dtype.itemsize
    return f"0x{value.view(f'u{size}'):0{2 * size}x}"
