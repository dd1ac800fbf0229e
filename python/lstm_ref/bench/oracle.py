"""What a worker's outputs are held against before it is timed: stored digests of y for ours, the canonical y for peers."""

from __future__ import annotations

import json
import math
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from .. import model_file, native
from ..conformance.protocol import Skipped
from ..conformance.registry import CHECKOUT
from ..errors import InvalidArgument, format_shape
from ..golden.compare import digest, same_bits
from ..golden.fills import fill
from ..reference import forward
from .work import Shape

FOLDER = CHECKOUT / "bench"
DIGESTS = FOLDER / "digests.json"
MODEL_SEED, INPUT_SEED = 3, 4
TOLERANCE = 1e-5  # of a peer, absolute; |y| < 1, and float32 engines stay within 1e-6
NUMPY_STEPS, NUMPY_FLOPS = 20_000, 2e10  # beyond them NumPy takes a quarter of an hour: such works are left to the engine
MOST_HEADER = 4096  # bytes of an outputs file beside y
CHECKED = (100, 2)  # steps and rows of those that NumPy computes after all


def make_model(shape: Shape, isa: str | None = None) -> native.LSTM:
    """Weights uniform in about +-1/sqrt(H)."""
    return native.LSTM(shape.I, shape.H, shape.L, bidirectional=shape.D == 2, seed=MODEL_SEED, isa=isa)


def make_input(shape: Shape) -> np.ndarray:
    """x (T, B, I), uniform in [-1, 1)."""
    return fill(INPUT_SEED, "x", (shape.T, shape.B, shape.I), {"kind": "uniform", "exponent": 0})


def write_files(shape: Shape, folder: Path) -> tuple[Path, Path]:
    """The model file and the inputs file."""
    model, inputs = folder / "model.safetensors", folder / "inputs.safetensors"
    make_model(shape).save(model)
    model_file.write_atomic(inputs, model_file.dump_tensors({"x": make_input(shape)}))
    return model, inputs


def load_digests(path: Path = DIGESTS) -> dict[str, dict[str, str]]:
    """{shape: {"sha256", "oracle"}}; InvalidArgument when there is no such file."""
    if not path.exists():
        raise InvalidArgument("bench", f"no {path.name}", "a checkout of the project: its folder bench/ has it")
    try:
        known = json.loads(model_file.read_bytes(path))["digests"]
        return {shape: {key: str(of[key]) for key in ("sha256", "oracle")} for shape, of in known.items()}
    except InvalidArgument as error:
        raise error.at(path.name) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidArgument(path.name, "not what --write-digests writes", "a file from it") from None


def write_digests(shapes: Sequence[Shape], progress: Callable[[Shape, str], None], path: Path = DIGESTS) -> None:
    """Add what the file lacks, one shape after the other; what is there stays."""
    known = load_digests(path) if path.exists() else {}
    for shape in shapes:
        if str(shape) not in known:
            y, oracle = compute(shape)
            known[str(shape)] = {"sha256": digest(y), "oracle": oracle}
            progress(shape, oracle)
            text = {"about": "SHA-256 (spec N9) of y by I/H/T/B; written by lstm-ref bench --write-digests", "digests": known}
            model_file.write_atomic(path, (json.dumps(text, indent=1) + "\n").encode())


def compute(shape: Shape) -> tuple[np.ndarray, str]:
    """y (T, B, D*H) and who computed it: the NumPy reference, or, for the largest works, the engine's baseline."""
    model, x = make_model(shape, isa="baseline"), make_input(shape)
    if shape.T <= NUMPY_STEPS and shape.T * (shape.input_flops + shape.recurrent_flops) <= NUMPY_FLOPS:
        return forward(model.config, model.state_dict(), x).y, "numpy"
    y, _ = model(x)
    steps, rows = CHECKED
    part = forward(model.config, model.state_dict(), np.ascontiguousarray(x[:steps, :rows])).y
    if not same_bits(part, y[:steps, :rows]):
        raise RuntimeError(f"{shape}: the engine differs from the reference")
    return y, f"engine, baseline; the first {steps} steps of {rows} rows by numpy"


class Verifier:
    """Judges the outputs of the workers of one shape; ours first, since the first right y is what peers are measured by."""

    def __init__(self, shape: Shape, digests: Mapping[str, Mapping[str, str]]) -> None:
        self.shape, self.want = shape, digests.get(str(shape))
        self.canonical: np.ndarray | None = None

    def judge(self, outputs: Path, exact: bool) -> float:
        """The largest difference from the canonical y: 0 for the bits themselves. Raises Wrong, or Skipped."""
        y = self._read(outputs)
        if exact:
            if self.want is None:
                raise Wrong(f"no digest of {self.shape} is stored: lstm-ref bench --write-digests")
            if digest(y) != self.want["sha256"]:
                raise Wrong(f"the bits of y differ from the stored digest{self._distance(y)}")
            self.canonical = y
            return 0.0
        if self.canonical is None:
            raise Skipped("none of ours gave the canonical bits, so there is nothing to measure it by")
        difference = float(np.abs(y - self.canonical).max(initial=0.0))
        if not difference <= TOLERANCE:  # a NaN is not within any tolerance
            raise Wrong(f"y differs by {difference:.3g}, want at most {TOLERANCE:g}")
        return difference

    def _read(self, outputs: Path) -> np.ndarray:
        s = self.shape
        want = (s.T, s.B, s.D * s.H)
        try:  # what a worker left there may be anything, and must not hang or drown whoever reads it
            status = outputs.lstat()
        except OSError:
            raise Wrong("outputs: nothing was written") from None
        if not stat.S_ISREG(status.st_mode) or status.st_size > 4 * math.prod(want) + MOST_HEADER:
            raise Wrong(f"outputs: {status.st_size} bytes of another kind, want a file of y {want}")
        try:
            y = model_file.read_tensors(model_file.read_bytes(outputs)).get("y")
        except InvalidArgument as error:
            raise Wrong(f"outputs: {error}") from None
        if y is None or y.dtype != np.float32 or y.shape != want:
            got = "missing" if y is None else f"{y.dtype} {format_shape(y.shape)}"
            raise Wrong(f"outputs: y: {got}, want float32 {want}")
        return y

    def _distance(self, y: np.ndarray) -> str:
        if self.canonical is None:
            return ""
        return f" (by up to {float(np.abs(y - self.canonical).max(initial=0.0)):.3g})"


class Wrong(Exception):
    """Outputs that are not those of the work; the text says how."""
