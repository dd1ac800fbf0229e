"""The asking side of the worker protocol (bench/README.md): one worker, pinned to cores of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..conformance.client import Broken, RunnerProcess
from ..conformance.protocol import Skipped
from .contenders import Contender
from .work import Entry
from .worker import MIN_SAMPLES

PATIENCE = 120.0  # seconds for one answer, beyond the seconds that it is asked to measure


def available_cores() -> list[int]:
    """Of this process; a system that cannot tell or pin has its first ones."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def cores_for(threads: int) -> list[int]:
    """The last ones: the first are where the system and the coordinator are at work."""
    return available_cores()[-threads:]


@contextmanager
def pinned(cores: list[int]) -> Iterator[None]:
    """What is started in the block may run on these cores only."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class WorkerProcess:
    """One entry's worker. Raises Broken when it dies, hangs or answers nonsense; then it is gone."""

    def __init__(self, contender: Contender, entry: Entry, folder: Path, patience: float = PATIENCE) -> None:
        self.entry, self.patience, self.folder = entry, patience, folder
        with pinned(cores_for(entry.threads)):
            self.process = RunnerProcess(contender.command, contender.threads(entry.threads), folder)
        about = self._ask({"request": "start"})
        if not all(isinstance(about.get(key), str) for key in ("name", "version")):
            raise self.process.broken(f"start: answered {about}, want name and version")
        self.about = {key: value for key, value in about.items() if isinstance(value, str)}

    def prepare(self, mode: str, model: Path, inputs: Path, outputs: Path) -> None:
        """It computes once and writes `outputs`. Raises Skipped, or Broken."""
        answer = self._ask(
            {
                "request": "prepare",
                "mode": mode,
                "threads": self.entry.threads,
                "isa": self.entry.isa,
                "variant": self.entry.variant,
                "model": str(model),
                "inputs": str(inputs),
                "outputs": str(outputs),
            }
        )
        if isinstance(answer.get("skipped"), str):
            raise Skipped(answer["skipped"])
        if answer.get("prepared") is not True:
            raise self.process.broken(f"prepare: answered {answer}, want prepared: true")

    def time(self, seconds: float) -> list[float]:
        """Samples, in seconds per time step."""
        answer = self._ask({"request": "time", "seconds": seconds}, seconds)
        samples = answer.get("samples")
        if not isinstance(samples, list) or len(samples) < MIN_SAMPLES or not all(map(_is_duration, samples)):
            raise self.process.broken(f"time: answered {str(answer)[:80]}, want at least {MIN_SAMPLES} samples, seconds per step")
        return [float(sample) for sample in samples]

    def stop(self) -> None:
        """Ask it to end, and make sure."""
        with suppress(Broken):  # it ends rather than answers
            self.process.ask({"request": "stop"}, 5)
        self.process.kill()

    def _ask(self, request: Mapping[str, Any], seconds: float = 0.0) -> dict[str, Any]:
        answer = self.process.ask(request, self.patience + seconds)
        if isinstance(answer.get("error"), str):
            raise self.process.broken(f"error: {answer['error']}")
        return answer


def _is_duration(value: Any) -> bool:
    """Whether a time step can take that long: more than a tenth of a nanosecond, less than a day. False for NaN."""
    return type(value) in (int, float) and 1e-10 < value < 86400
