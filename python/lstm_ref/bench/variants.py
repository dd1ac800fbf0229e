"""How long a step of each variant takes, beside the plain LSTM in the same run: python -m lstm_ref.bench.variants [FILE.md]

Runs lstm-ref-bench-variants (bench/cpp/variants_main.cpp) and puts what it measured into a table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..conformance.markers import Block
from .contenders import find_executable
from .statistics import number

TOLERATED = 0.15  # beyond a variant's own arithmetic
NUMBER_TYPES = ("float64", "bfloat16 weights")  # the same arithmetic: no more of it is owed to them


def allowed(variant: Mapping[str, Any]) -> float:
    """What the ratio to the plain LSTM may be: more multiply-adds, the pointwise part by itself, and what is tolerated."""
    return 1 + max(0, variant["products"] - 1) + max(0, variant["pointwise"]) + TOLERATED


def table(sizes: Sequence[Mapping[str, Any]]) -> str:
    """Rows: variants. Columns: sizes; the ratio of times, in brackets what is allowed, and in bold what is above that."""
    head = ["", *(f"H = {s['hidden_size']}" + (f", batch {s['batch']}" if s["batch"] > 1 else "") for s in sizes)]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * len(sizes) + "|"]
    for row in zip(*(size["variants"] for size in sizes), strict=True):
        lines.append(f"| {row[0]['name']} | " + " | ".join(map(_cell, row)) + " |")
    return "\n".join(lines) + "\n"


def _cell(variant: Mapping[str, Any]) -> str:
    if variant["name"] == "plain LSTM":
        return f"{number(variant['seconds'] * 1e6)} us"
    ratio = f"{variant['ratio']:.2f}"
    if variant["name"] in NUMBER_TYPES:
        return ratio
    bold = "" if variant["ratio"] <= allowed(variant) else "**"
    return f"{bold}{ratio}{bold} ({allowed(variant):.2f})"


def main() -> None:
    block = Block(Path(sys.argv[1]), "variants") if len(sys.argv) > 1 else None
    program = find_executable("LSTM_REF_BENCH_VARIANTS", "lstm-ref-bench-variants", "cpp")
    if program is None:
        sys.exit("lstm-ref-bench-variants: not built, want `make build/.python`")
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    text = table(json.loads(subprocess.run([program], check=True, stdout=subprocess.PIPE).stdout))
    print(text)
    if block:
        block.write(text)


if __name__ == "__main__":
    main()
