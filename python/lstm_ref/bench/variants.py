"""How long a step of each variant takes, beside the plain LSTM in the same run: python -m lstm_ref.bench.variants [FILE.md]

The C++ engine, one thread. A ratio is the median over the rounds; every network takes its turn in each of them.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..config import CONFIGS, Config
from ..conformance.markers import Block
from ..golden.fills import fill
from ..native import CLASSES, available_isas
from .statistics import number, paired_ratio

STEPS, ROUNDS, SECONDS = 25, 9, 0.03
SIZES = ((16, 1), (64, 1), (256, 1), (1024, 1), (256, 32))  # input_size = hidden_size, batch


class Variant(NamedTuple):
    """A network by its op and options; the first one is what all others are held against."""

    name: str
    op: str = "lstm"
    options: Mapping[str, Any] = {}


VARIANTS = (
    Variant("plain LSTM"),
    Variant("projection to H/2", "lstm", {"proj_size": 0.5}),
    Variant("peepholes", "lstm", {"peephole": True}),
    Variant("coupled gates", "lstm", {"input_forget": True}),
    Variant("clip", "lstm", {"clip": 1.0}),
    Variant("hard_sigmoid, softsign", "lstm", {"gate_activation": "hard_sigmoid", "candidate_activation": "softsign"}),
    Variant("GRU", "gru"),
    Variant("GRU, reset before", "gru", {"reset_after": False}),
    Variant("plain RNN", "rnn"),
    Variant("layer norm, joint", "lstm", {"layer_norm": "joint"}),
    Variant("layer norm, gate", "lstm", {"layer_norm": "gate"}),
    Variant("layer norm, separate", "lstm", {"layer_norm": "separate"}),
    Variant("norm of c, given out", "lstm", {"cell_norm": "output"}),
    Variant("norm of h", "lstm", {"hidden_norm": True}),
    Variant("zoneout, evaluation", "lstm", {"zoneout_h": 0.1, "zoneout_c": 0.1}),
    Variant("float64", "lstm", {"dtype": "float64"}),
    Variant("bfloat16 weights", "lstm", {"dtype": "bfloat16"}),
)


def make(variant: Variant, size: int, batch: int) -> tuple[Config, Callable[[], Any]]:
    """The configuration, and a call that computes STEPS steps."""
    options: dict[str, Any] = {key: int(value * size) if key == "proj_size" else value for key, value in variant.options.items()}
    config = CONFIGS[variant.op](size, size, **options)
    dtype = np.float64 if config.dtype == "float64" else np.float32
    how = {"kind": "uniform", "exponent": -int(np.ceil(np.log2(size) / 2))}
    tensors = {name: fill(1, name, expected.shape, how) for name, expected in config.iter_expected()}
    if config.dtype == "bfloat16":
        tensors = {name: _shortened(value) if value.ndim == 2 else value for name, value in tensors.items()}
    network = CLASSES[variant.op].from_tensors(
        config, {name: value.astype(dtype) for name, value in tensors.items()}, isa=available_isas()[-1]
    )
    x = fill(1, "x", (STEPS, batch, size), {"kind": "uniform", "exponent": 0}).astype(dtype)
    y = np.empty((STEPS, batch, config.output_size), dtype)
    return config, lambda: network(x, out=y)


def _shortened(value: np.ndarray) -> np.ndarray:
    return (value.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def products(config: Config) -> int:
    """Multiply-adds of a step of one row."""
    return sum(int(np.prod(e.shape)) for name, e in config.iter_expected() if len(e.shape) == 2)


def measure(size: int, batch: int) -> list[tuple[Variant, float, float, float]]:
    """(variant, seconds of a step, its ratio to the plain LSTM's, the ratio of the products)."""
    made = [make(variant, size, batch) for variant in VARIANTS]
    times: list[list[float]] = [[] for _ in made]
    counts = []
    for _, call in made:
        call()
        begin = time.perf_counter()
        call()
        counts.append(max(1, int(SECONDS / (time.perf_counter() - begin))))
    for n in range(ROUNDS):
        for k in np.roll(np.arange(len(made)), n):
            call = made[k][1]
            call()
            begin = time.perf_counter()
            for _ in range(counts[k]):
                call()
            times[k].append((time.perf_counter() - begin) / counts[k] / STEPS)
    plain = made[0][0]
    return [
        (variant, float(np.median(own)), paired_ratio(own, times[0]).value, products(config) / products(plain))
        for variant, own, (config, _) in zip(VARIANTS, times, made, strict=True)
    ]


def table() -> str:
    """Rows: variants. Columns: sizes; the ratio of times, and in brackets of products where that is not 1."""
    head = ["", *(f"H = {size}" + (f", batch {batch}" if batch > 1 else "") for size, batch in SIZES)]
    columns = [measure(*size) for size in SIZES]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * len(SIZES) + "|"]
    for k, variant in enumerate(VARIANTS):
        cells = []
        for column in columns:
            _, seconds, ratio, extra = column[k]
            cells.append(
                f"{number(seconds * 1e6)} us" if k == 0 else number(ratio) + (f" ({number(extra)})" if extra != 1 else "")
            )
        lines.append(f"| {variant.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    block = Block(Path(sys.argv[1]), "variants") if len(sys.argv) > 1 else None
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    text = table()
    print(text)
    if block:
        block.write(text)


if __name__ == "__main__":
    main()
