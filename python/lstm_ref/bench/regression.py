"""`lstm-ref bench --quick`: ratios of this run against stored ones. Absolute times say more about the machine than about us."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import model_file
from ..errors import InvalidArgument
from . import roofline
from .oracle import FOLDER
from .results import Measured, Results, positive
from .work import CPP, Work

RATIOS = FOLDER / "ratios.json"
TOLERANCE = 0.15  # how much worse a ratio may be, after it was measured twice

# Each is a ratio of times, larger is better: what is divided, by what.
PAIRS = {
    "cpp / go": ("cpp", "go"),
    "cpp / python-pybind11": ("cpp", "python-pybind11"),
    "cpp / python-nanobind": ("cpp", "python-nanobind"),
    "avx2 / best instruction set": ("cpp-avx2", "cpp"),
    "one chunk / canonical": ("cpp-unchunked", "cpp"),
    "onnxruntime / cpp": ("onnxruntime", "cpp"),
}


@dataclass(frozen=True)
class Verdict:
    """One ratio beside the stored one; None where there is none."""

    work: str
    ratio: str
    value: float
    stored: float | None

    @property
    def worse(self) -> bool:
        return self.stored is not None and self.value < self.stored * (1 - TOLERANCE)


def ratios(results: Results) -> dict[str, dict[str, float]]:
    """{work: {ratio: value}} of all that were measured."""
    return {str(work): dict(_ratios(results, work)) for work in results.works}


def _ratios(results: Results, work: Measured) -> Iterator[tuple[str, float]]:
    for name, (slow, fast) in PAIRS.items():
        if ratio := work.ratio(slow, fast):
            yield name, ratio.value
    if results.peak and (timing := work.get(CPP.name)):
        yield "share of the machine's limit", roofline.roof_share(results.peak, work, timing)


def compare(results: Results, stored: Mapping[str, Mapping[str, float]]) -> list[Verdict]:
    return [
        Verdict(work, name, value, stored.get(work, {}).get(name))
        for work, found in ratios(results).items()
        for name, value in found.items()
    ]


def confirm(results: Results, stored: Mapping[str, Mapping[str, float]], works: Sequence[Work],
            measure: Callable[[Work], Measured]) -> list[Verdict]:  # fmt: skip
    """The verdicts, after the works of suspicious ratios were measured again. Of two ratios the better one counts: noise only slows."""
    verdicts = compare(results, stored)
    suspicious = {verdict.work for verdict in verdicts if verdict.worse}
    again = [measure(work) for work in works if str(Measured.of(work)) in suspicious]
    for measured in again:
        second = dict(_ratios(results, measured))
        verdicts = [
            Verdict(v.work, v.ratio, max(v.value, second.get(v.ratio, v.value)), v.stored) if v.work == str(measured) else v
            for v in verdicts
        ]
    return verdicts


def load(cpu: str, path: Path = RATIOS) -> dict[str, dict[str, float]]:
    """The ratios stored for a processor, none if there are none. InvalidArgument when the file is not what it should be."""
    return _load_all(path).get(cpu, {})


def store(cpu: str, results: Results, path: Path = RATIOS) -> None:
    """Put this run's ratios in the place of those of the same processor and works."""
    everything = _load_all(path)
    everything[cpu] = everything.get(cpu, {}) | {work: _rounded(found) for work, found in ratios(results).items()}
    model_file.write_atomic(path, (json.dumps(everything, indent=1, sort_keys=True) + "\n").encode())


def _rounded(found: Mapping[str, float]) -> dict[str, float]:
    return {name: float(f"{value:.3g}") for name, value in found.items()}


def _load_all(path: Path) -> dict[str, dict[str, dict[str, float]]]:
    if not path.exists():
        return {}
    try:
        data = json.loads(model_file.read_bytes(path))
        return {
            cpu: {work: {name: positive(ratio) for name, ratio in found.items()} for work, found in works.items()}
            for cpu, works in data.items()
        }
    except (InvalidArgument, ValueError, AttributeError, TypeError):
        raise InvalidArgument(path.name, "not what --write-ratios writes", "a file from it") from None
