"""How far the canonical outputs, and torch.nn.LSTM's, are from the float64 oracle: largest and rms error per family of cases."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import reference
from ..config import check_inputs
from ..golden.compare import digest
from ..golden.manifest import Case

LIMIT = 1.1  # of torch.nn.LSTM's error
Outputs = Sequence[Any]  # arrays: y, h_n, c_n


@dataclass
class Error:
    """Largest and rms absolute error over all elements added."""

    largest: float = 0.0
    squares: float = 0.0
    elements: int = 0

    def add(self, got: Outputs, oracle: Outputs) -> None:
        for a, b in zip(got, oracle, strict=True):
            if a.size:
                difference = np.abs(a.astype(np.float64) - b)
                self.largest = float(np.maximum(self.largest, difference.max()))
                self.squares += float((difference * difference).sum())
                self.elements += a.size

    @property
    def rms(self) -> float:
        return math.sqrt(self.squares / self.elements) if self.elements else 0.0


@dataclass
class Family:
    """One line of the table."""

    name: str
    cases: int = 0
    ours: Error = field(default_factory=Error)
    torch: Error = field(default_factory=Error)

    @property
    def ratios(self) -> tuple[float, float]:
        """Ours over torch's: largest, rms."""
        return _ratio(self.ours.largest, self.torch.largest), _ratio(self.ours.rms, self.torch.rms)

    @property
    def passed(self) -> bool:
        return all(ratio <= LIMIT for ratio in self.ratios)


def _ratio(ours: float, theirs: float) -> float:
    return ours / theirs if theirs else (1.0 if ours == 0 else math.inf)


def measure(cases: Iterable[Case], progress: Callable[[], None] = lambda: None) -> list[Family]:
    """One Family for each family that has finite cases (those with a tolerance), in the order of the cases."""
    from .runners.torch_nn_runner import forward as torch_forward

    canonical = _canonical_forward()
    families: dict[str, Family] = {}
    for case in cases:
        weights, given = case.tensors()
        inputs = check_inputs(case.config, **given)  # type: ignore[arg-type]
        oracle = reference.forward(case.config, weights, **inputs.arguments(), arithmetic=reference.FLOAT64)
        ours = canonical(case, weights, inputs)
        family = families.setdefault(case.family, Family(case.family))
        family.cases += 1
        family.ours.add(ours, oracle)
        family.torch.add(torch_forward(case.config, weights, inputs, None), oracle)
        progress()
    return list(families.values())


def finite(cases: Iterable[Case]) -> list[Case]:
    """The plain LSTMs whose outputs are finite and not chaotic, so that an error means something."""
    return [case for case in cases if case.tolerance is not None and case.op == "lstm" and not case.config.chosen()]


def _canonical_forward() -> Callable[..., Outputs]:
    """The C++ engine where it is built, else the NumPy reference; the digest proves that the bits are canonical either way."""
    try:
        from .runners.native_runner import forward
    except ImportError:
        from .runners.numpy_runner import forward

    def canonical(case: Case, weights, inputs) -> Outputs:
        outputs = forward(case.config, weights, inputs, None)
        assert case.digest is not None
        for name, value in zip(case.config.outputs(), outputs, strict=True):
            if digest(value) != case.digest[name]:
                raise RuntimeError(f"{case.id}: {name} does not have the digest of the manifest; see lstm-ref verify")
        return outputs

    return canonical


HEADER = ("family", "cases", "largest error", "of torch.nn.LSTM", "ratio", "rms error", "of torch.nn.LSTM", "ratio")


def table(families: Sequence[Family]) -> list[tuple[str, ...]]:
    """The rows under HEADER."""
    return [
        (
            f.name,
            str(f.cases),
            *(f"{f.ours.largest:.3g}", f"{f.torch.largest:.3g}", f"{f.ratios[0]:.3f}"),
            *(f"{f.ours.rms:.3g}", f"{f.torch.rms:.3g}", f"{f.ratios[1]:.3f}"),
        )
        for f in families
    ]


def markdown(families: Sequence[Family]) -> str:
    lines = [HEADER, ("---",) + ("--:",) * (len(HEADER) - 1), *table(families)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
