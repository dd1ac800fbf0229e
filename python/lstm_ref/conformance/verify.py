"""Every runner against every case (spec/runner.md, "What `verify` does with it")."""

from __future__ import annotations

import fnmatch
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from ..errors import InvalidArgument
from ..golden.manifest import Manifest
from .registry import Implementation
from .results import Row
from .session import Progress, Session
from .store import Store

WORKERS = 2  # runners at work at the same time


def select(manifest: Manifest, patterns: Sequence[str]) -> Manifest:
    """The cases whose id, family or one of whose flags matches a pattern; the family of invalid cases is "invalid"."""
    if not patterns:
        return manifest

    def chosen(*names: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)

    valid = [case for case in manifest.valid if chosen(case.id, case.family, *case.flags)]
    invalid = [case for case in manifest.invalid if chosen(case.id, "invalid")]
    if not valid and not invalid:
        raise InvalidArgument("filter", " ".join(patterns), "the id, the family or a flag of some case (with * and ?)")
    return Manifest(manifest.root, manifest.notes, valid, invalid)


def verify(
    manifest: Manifest,
    implementations: Sequence[Implementation],
    *,
    timeout: float = 120,
    progress: Progress = lambda row, steps, finished: None,
) -> list[Row]:
    """One row for each implementation. `progress(row, steps, finished)` is called from any thread whenever cases are done."""
    rows = [Row(implementation.name) for implementation in implementations]
    cancelled = threading.Event()
    with tempfile.TemporaryDirectory(prefix="lstm-ref-verify-", ignore_cleanup_errors=True) as folder:
        store = Store(manifest, Path(folder))
        pairs = zip(implementations, rows, strict=True)
        sessions = [Session(implementation, row, store, timeout, progress, cancelled) for implementation, row in pairs]
        with ThreadPoolExecutor(WORKERS) as pool:
            futures = [pool.submit(session.run) for session in sessions]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:  # the user's Ctrl-C, or a fault of ours in a worker: end what is running, then tell
                cancelled.set()
                for session in sessions:
                    session.cancel()
                raise
    return rows
