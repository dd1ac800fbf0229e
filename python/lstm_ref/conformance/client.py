"""The asking side of the runner protocol (spec/runner.md): a runner is a child process that may die, hang or talk nonsense."""

from __future__ import annotations

import json
import os
import queue
import select
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

MAX_LINE = 1 << 20  # no honest answer is longer
STDERR_LINES = 12


class Broken(Exception):
    """The runner did not answer as the protocol says; the text says how, with the end of its standard error."""


class RunnerProcess:
    """One running runner. Any Broken ends it; make a new one to go on."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: str | os.PathLike[str]) -> None:
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env={**os.environ, **environment},
                start_new_session=True,  # so that its children can be ended with it
            )
        except OSError as error:
            raise Broken(f"cannot be started: {error.strerror}: {command[0]}") from None
        self._answers: queue.Queue[bytes] = queue.Queue(maxsize=16)
        self._stderr: deque[bytes] = deque(maxlen=STDERR_LINES)
        self._readers = [
            threading.Thread(target=self._read_answers, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._read_stderr, args=(self._process.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def ask(self, request: Mapping[str, Any], timeout: float) -> dict[str, Any]:
        """The answer to one request; raises Broken when none comes in time or it is not a JSON object."""
        return self.ask_line(json.dumps(request).encode(), timeout)

    def ask_line(self, line: bytes, timeout: float) -> dict[str, Any]:
        """`ask` for a line that may be anything."""
        assert self._process.stdin is not None
        if not select.select([], [self._process.stdin], [], timeout)[1]:  # it answers in advance, and its pipe is full
            raise self.broken(f"read nothing within {timeout:g} s")
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
            answer = self._answers.get(timeout=timeout)
        except OSError:
            answer = b""
        except queue.Empty:
            raise self.broken(f"no answer within {timeout:g} s") from None
        if not answer:
            raise self.broken(self._how_it_ended())
        try:
            value = json.loads(answer)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            shown = answer[:200].decode(errors="replace").rstrip()
            raise self.broken(f"answered something that is not a JSON object: {shown!r}")
        return value

    def stop(self, timeout: float) -> None:
        """Ask it to end, wait, and make sure; raises Broken unless it stopped as the protocol says."""
        try:
            if self.ask({"cmd": "stop"}, timeout) != {"stopped": True}:
                raise self.broken("did not confirm stop")
            try:
                status = self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                raise self.broken(f"still running {timeout:g} s after stop") from None
            if status != 0:
                raise self.broken(f"ended with status {status} after stop")
        finally:
            self.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    def terminate(self) -> None:
        """End it and whatever it started; a thread that waits for an answer gets Broken."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def kill(self) -> None:
        """End it, and free what it held; for the thread that asks."""
        self.terminate()
        self._process.wait()
        give_up = time.monotonic() + 1  # a grandchild in a session of its own may keep the pipes open
        while any(reader.is_alive() for reader in self._readers) and time.monotonic() < give_up:
            with suppress(queue.Empty):
                self._answers.get(timeout=0.01)  # a reader may be waiting for room
        if not any(reader.is_alive() for reader in self._readers):
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                with suppress(OSError):  # stdin could not be flushed: nobody was reading
                    pipe.close()  # type: ignore[union-attr]

    def broken(self, what: str) -> Broken:
        """End the runner; the exception says why, with its last words."""
        self.kill()
        words = b"".join(self._stderr).decode(errors="replace").strip()
        return Broken(what + (f"; standard error ends: {words}" if words else ""))

    def _how_it_ended(self) -> str:
        try:
            status = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "closed its standard output"
        if status >= 0:
            return f"died with status {status}"
        with suppress(ValueError):  # a real-time signal has no name
            return f"died of signal {signal.Signals(-status).name}"
        return f"died of signal {-status}"

    def _read_answers(self, pipe: IO[bytes]) -> None:
        """Lines as they come; an empty one marks the end."""
        with suppress(OSError, ValueError):  # closed by kill()
            while line := pipe.readline(MAX_LINE):
                self._answers.put(line)
        self._answers.put(b"")

    def _read_stderr(self, pipe: IO[bytes]) -> None:
        with suppress(OSError, ValueError):
            while line := pipe.readline(MAX_LINE):
                self._stderr.append(line)
