"""Writes tests/golden/, and proves that what is there is what it would write (spec/vectors.md)."""

import json
import math
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import model_file
from ..config import Config
from ..reference import FLOAT64, forward
from .cases import NOTES, all_cases
from .compare import digest
from .invalid import invalid_cases
from .manifest import Case, Tensors, default_root

Progress = Callable[[str], None]
Files = dict[str, bytes]


def write(root: Path | None = None, progress: Progress = lambda name: None) -> int:
    """Write the manifest and all files below root (default: the checkout's tests/golden); returns the number of files."""
    root = root or default_root()
    files = generate(progress)
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        model_file.write_atomic(path, data)
    for stale in _present(root) - files.keys():
        (root / stale).unlink()
    for folder in sorted((p for p in root.rglob("*") if p.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    return len(files)


def check(root: Path | None = None, progress: Progress = lambda name: None) -> list[str]:
    """What differs between root and what write() would make of it: one line a file, empty when nothing does."""
    root = root or default_root()
    files, present = generate(progress), _present(root)
    problems = [f"{name}: missing" for name in sorted(files.keys() - present)]
    problems += [f"{name}: not written by the generator" for name in sorted(present - files.keys())]
    problems += [f"{name}: differs" for name in sorted(files.keys() & present) if (root / name).read_bytes() != files[name]]
    return problems


def generate(progress: Progress = lambda name: None) -> Files:
    """All files of tests/golden by name, but the schema, which is written by hand."""
    files: Files = {}
    valid = []
    for case in all_cases():
        progress(case.id)
        finished, case_files = _finish(case)
        valid.append(finished.to_json())
        files |= case_files
    invalid = []
    for entry, entry_files in invalid_cases():
        progress(entry.id)
        invalid.append(entry.to_json())
        files |= entry_files
    manifest = {"version": 1, "notes": NOTES, "valid": valid, "invalid": invalid}
    files["manifest.json"] = _dump_manifest(manifest)
    return files


def _finish(case: Case) -> tuple[Case, Files]:
    """The case with its digests and tolerance, and its files if it is stored."""
    weights, inputs = case.tensors()
    trace: dict[str, np.ndarray] = {}
    result = forward(case.config, weights, **inputs, trace=trace)
    outputs = result.named(case.config)
    finished = replace(
        case,
        digest={name: digest(value) for name, value in outputs.items()},
        tolerance=_tolerance(case.config, weights, inputs, outputs, trace),
    )
    if not case.stored:
        return finished, {}
    odd = "FILE_ORDER" in case.flags
    model, inputs_data = model_file.dump_model(case.config, weights), model_file.dump_inputs(inputs)
    return finished, {
        f"valid/{case.id}/model.safetensors": _odd_but_valid(model) if odd else model,
        f"valid/{case.id}/inputs.safetensors": _odd_but_valid(inputs_data) if odd else inputs_data,
        f"valid/{case.id}/expected.safetensors": model_file.dump_tensors(outputs | trace),
    }


def _odd_but_valid(data: bytes) -> bytes:
    """The same tensors in a file that a hasty reader trips over.

    The header lists them in another order than their data; there are further metadata with every kind of escape, white
    space wherever JSON allows it, -0 for 0, and a header length that leaves the data unaligned.
    """
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    metadata = {name: f" \n{value}\t" for name, value in header.pop("__metadata__", {}).items()}
    text = json.dumps(
        dict(reversed(header.items())) | {"__metadata__": metadata | {"note": "NOTE"}}, indent="\t", ensure_ascii=False
    )
    text = text.replace("NOTE", r"\u00E9\ud83d\uDE00\/\b\f\u0000" + "\x7f\u00e9\U0001f600", 1)
    text = re.sub(r"\[\s*0,", "[ -0 ,", text, count=1)
    encoded = text.encode() + b" \t\r\n"
    encoded += b" " * (3 - len(encoded) % 4)
    return struct.pack("<Q", len(encoded)) + encoded + data[8 + length :]


def _tolerance(config: Config, weights: Tensors, inputs: Mapping[str, Any], outputs: Tensors, trace: Tensors) -> float | None:
    """What another arithmetic of the same width may differ by: 32 times our own error, and at least 2^-19 of the largest magnitude.

    Rounded up to a power of two. None when something is not finite, on the way too (in another order of the sum infinities
    may cancel or not), or when the case amplifies rounding errors so much that an absolute difference says nothing.
    In float64 there is no better arithmetic to hold it against: the same computation in float32 tells, and float64 is 2^29
    times finer.
    """
    if not all(np.isfinite(value).all() for value in (*outputs.values(), *trace.values())):
        return None
    if config.real is np.float64:
        config = replace(config, dtype="float32")  # type: ignore[call-arg]
        weights, inputs = in_float32(weights), in_float32(dict(inputs))
        trace = {}
        outputs = forward(config, weights, **inputs, trace=trace).named(config)  # type: ignore[arg-type]
        tolerance = _tolerance(config, weights, inputs, outputs, trace)
        return None if tolerance is None else tolerance * 2.0**-29
    oracle = forward(config, weights, **inputs, arithmetic=FLOAT64).named(config)
    if not all(np.isfinite(value).all() for value in oracle.values()):
        return None
    error = max((np.abs(outputs[name] - oracle[name]).max(initial=0.0) for name in outputs), default=0.0)
    largest = max((np.abs(value).max(initial=0.0) for value in oracle.values()), default=0.0)
    tolerance = 2.0 ** math.ceil(math.log2(max(32 * error, 2.0**-19 * max(largest, 1.0))))
    return tolerance if tolerance <= 2.0**-7 * max(largest, 1.0) else None


def in_float32(value: Any) -> Any:
    """A float64 array, or those in a dict, rounded to float32; anything else as it is."""
    if isinstance(value, dict):
        return {name: in_float32(item) for name, item in value.items()}
    with np.errstate(over="ignore"):
        return value.astype(np.float32) if isinstance(value, np.ndarray) and value.dtype == np.float64 else value


def _dump_manifest(manifest: dict) -> bytes:
    """One case a line: small enough to review, and a changed case is one changed line."""

    def lines(items: Iterator[str]) -> str:
        return ",\n".join(f"  {item}" for item in items)

    notes = lines(f"{json.dumps(key)}: {json.dumps(text)}" for key, text in manifest["notes"].items())
    valid = lines(json.dumps(entry) for entry in manifest["valid"])
    invalid = lines(json.dumps(entry) for entry in manifest["invalid"])
    version = json.dumps(manifest["version"])
    return f'{{"version": {version},\n "notes": {{\n{notes}}},\n "valid": [\n{valid}],\n "invalid": [\n{invalid}]}}\n'.encode()


def _present(root: Path) -> set[str]:
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    return files - {"manifest.schema.json", "README.md"}
