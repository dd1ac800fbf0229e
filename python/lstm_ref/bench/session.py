"""One run: starts the workers, has each compute once, verifies, and only then times them, in turns."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from ..conformance.client import Broken
from ..conformance.protocol import Skipped
from ..conformance.registry import lacks
from .contenders import Contender
from .oracle import Verifier, Wrong, write_files
from .process import PATIENCE, WorkerProcess, available_cores
from .results import ERROR, SKIPPED, TIMED, WRONG, Measured, Timing, anonymous, one_line
from .statistics import summarise
from .work import Entry, Work

GIVE_UP = 3  # breakdowns of one entry

Progress = Callable[[str], None]


class Session:
    """A context: at its end all workers are ended and the files are gone.

    `seconds` a turn, `rounds` turns an entry. `progress` is told before every turn which work is at hand.
    """

    def __init__(self, contenders: Mapping[str, Contender], digests: Mapping[str, Mapping[str, str]], *, seconds: float,
                 rounds: int, patience: float = PATIENCE, progress: Progress = lambda text: None) -> None:  # fmt: skip
        self.contenders, self.digests, self.seconds, self.rounds = contenders, digests, seconds, rounds
        self.patience, self.progress = patience, progress
        self.workers: dict[Entry, WorkerProcess] = {}
        self.broken: dict[Entry, int] = {}
        self.about: dict[str, dict[str, str]] = {}

    def __enter__(self) -> Session:
        self._temporary = tempfile.TemporaryDirectory(prefix="lstm-ref-bench-")
        self.folder = Path(self._temporary.name)
        return self

    def __exit__(self, *exception: object) -> None:
        for worker in self.workers.values():
            worker.stop()
        self._temporary.cleanup()

    def measure(self, work: Work) -> Measured:
        """All entries of a work: prepared and verified one after the other, then timed in rounds, each round from another entry on."""
        measured = Measured.of(work)
        entries = list(zip(work.entries, measured.timings, strict=True))
        model, inputs = write_files(work.shape, self.folder)
        verifier = Verifier(work.shape, self.digests)
        for entry, timing in entries:
            self._guarded(entry, timing, partial(self._prepare, work, entry, timing, model, inputs, verifier))
        samples: dict[Entry, list[float]] = {entry: [] for entry, _ in entries}
        for turn in range(self.rounds):
            first = turn * len(entries) // self.rounds
            for entry, timing in entries[first:] + entries[:first]:
                self.progress(str(work))
                if timing.timed:
                    self._guarded(entry, timing, partial(self._time, entry, timing, samples[entry]))
        for entry, timing in entries:
            if timing.timed:
                timing.median, timing.q1, timing.q3, timing.minimum, timing.samples = summarise(samples[entry])
            else:
                timing.turns = []
        return measured

    def start(self, entry: Entry) -> WorkerProcess:
        """Its worker, alive. Raises Skipped when there cannot be one, and Broken."""
        contender = self.contenders[entry.contender]
        if contender.missing:
            raise Skipped(contender.missing)
        if entry.isa and lacks(entry.isa):
            raise Skipped(f"the processor lacks {entry.isa}")
        if entry.threads > len(available_cores()):
            raise Skipped(f"{entry.threads} threads need as many cores, there are {len(available_cores())}")
        if entry not in self.workers:
            worker = WorkerProcess(contender, entry, self.folder, self.patience)
            self.workers[entry] = worker
            self.about[entry.contender] = {key: anonymous(value) for key, value in worker.about.items()}
        return self.workers[entry]

    def _prepare(self, work: Work, entry: Entry, timing: Timing, model: Path, inputs: Path, verifier: Verifier) -> None:
        outputs = self.folder / "outputs.safetensors"
        with suppress(OSError):
            os.unlink(outputs)  # the one before it must not speak for it
        self.start(entry).prepare(work.mode, model, inputs, outputs)
        exact = self.contenders[entry.contender].ours and entry.variant == ""
        timing.difference = verifier.judge(outputs, exact)
        timing.status = TIMED

    def _time(self, entry: Entry, timing: Timing, samples: list[float]) -> None:
        turn = self.workers[entry].time(self.seconds)
        samples += turn
        timing.turns.append(summarise(turn).median)

    def _guarded(self, entry: Entry, timing: Timing, action: Callable[[], None]) -> None:
        """Whatever a worker does ends its own entry only; after a breakdown it is started anew for the next work."""
        try:
            if self.broken.get(entry, 0) >= GIVE_UP:
                raise Skipped(f"its worker broke {GIVE_UP} times")
            action()
            return
        except Skipped as reason:
            timing.status, timing.detail = SKIPPED, one_line(str(reason))
        except Wrong as error:
            timing.status, timing.detail = WRONG, one_line(str(error))
        except Broken as error:
            self.broken[entry] = self.broken.get(entry, 0) + 1
            self.workers.pop(entry, None)
            timing.status, timing.detail = ERROR, one_line(str(error))
