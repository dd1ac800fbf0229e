"""How much memory a long sequence takes beyond its inputs and outputs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ..conformance.client import Broken
from ..conformance.protocol import Skipped
from .oracle import Verifier, Wrong, write_files
from .process import WorkerProcess
from .results import Memory, one_line
from .session import Session
from .work import MEMORY, Entry, Shape

SECONDS = 0.3
NO_GARBAGE = {"GOMEMLIMIT": "1MiB"}  # Go collects at once; what it keeps is what it needs
RESET_PEAK = "5"  # proc(5), /proc/PID/clear_refs


def supported() -> bool:
    return os.access("/proc/self/clear_refs", os.W_OK)


def measure(session: Session, entry: Entry) -> list[Memory]:
    """A fresh worker for each length. What the first, short one takes is the program itself. RuntimeError says what went wrong."""
    resident = []
    try:
        for shape in MEMORY:
            resident.append(_resident(session, entry, shape) - shape.array_bytes)
    except (Broken, Skipped, Wrong, OSError) as error:
        raise RuntimeError(one_line(str(error))) from None
    return [
        Memory(entry.contender, shape, taken - resident[0], shape.array_bytes, shape.T * shape.B * 4 * shape.H * 4)
        for shape, taken in zip(MEMORY[1:], resident[1:], strict=True)
    ]


def _resident(session: Session, entry: Entry, shape: Shape) -> int:
    """The most that is resident while a verified worker computes, reading and writing files not counted."""
    contender = session.contenders[entry.contender]
    if contender.missing:
        raise Skipped(contender.missing)
    model, inputs = write_files(shape, session.folder)
    outputs = session.folder / "outputs.safetensors"
    thrifty = replace(contender, environment={**contender.environment, **NO_GARBAGE})
    worker = WorkerProcess(thrifty, entry, session.folder, session.patience)
    try:
        worker.prepare("sequence", model, inputs, outputs)
        Verifier(shape, session.digests).judge(outputs, exact=True)
        process = Path(f"/proc/{worker.process.pid}")
        (process / "clear_refs").write_text(RESET_PEAK)
        worker.time(SECONDS)
        status = (process / "status").read_text()
    finally:
        worker.stop()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return 1024 * int(line.split()[1])
