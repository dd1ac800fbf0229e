"""One runner and all cases."""

from __future__ import annotations

import os
import shutil
import stat
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from math import prod
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from .. import model_file
from ..config import Config
from ..errors import InvalidArgument
from ..golden.compare import canonical_bits, ulp_distance
from ..golden.manifest import Case, InvalidCase
from .client import Broken, RunnerProcess
from .divergence import (
    Differ,
    beyond,
    bits_differ,
    difference,
    first_divergence,
    largest_difference,
    malformed,
    output_place,
    output_shapes,
    time_first,
    trace_shapes,
)
from .protocol import VERSION
from .registry import Implementation, lacks
from .results import Result, Row
from .store import Files, Store, Tensors
from .witnesses import explain_end, explain_outputs, faults_of

PATIENCE = 3  # failures of the runner itself in a row, after which the rest is not tried
MAX_HEADER = 1 << 20  # bytes of an outputs file that are not its tensors
TRACED = 20  # differences that are followed into the intermediates, per runner

AnyCase = TypeVar("AnyCase", Case, InvalidCase)
Progress = Callable[[Row, int, bool], None]


class Session:
    """Fills a Row, case by case; `run` in one thread, `cancel` from another."""

    def __init__(
        self,
        implementation: Implementation,
        row: Row,
        store: Store,
        timeout: float,
        progress: Progress,
        cancelled: threading.Event,
    ) -> None:
        self.implementation = implementation
        self.row = row
        self.store = store
        self.timeout = timeout
        self.progress = progress
        self.cancelled = cancelled
        self.process: RunnerProcess | None = None
        self.sequence = count(1)
        self.broken_in_a_row = 0
        self.traced = 0
        self.witness = "" if implementation.foreign else implementation.name  # whose faults are known
        self.outputs = store.folder / f"{id(self)}.outputs.safetensors"

    def run(self) -> None:
        started = time.monotonic()
        manifest, row = self.store.manifest, self.row
        total = len(manifest.valid) + len(manifest.invalid)
        try:
            if self.cancelled.is_set():
                return
            if self.implementation.missing:
                row.missing, row.optional = self.implementation.missing, self.implementation.optional
                row.absent = self.implementation.isa is not None and lacks(self.implementation.isa)
            elif self._begin():
                for case in sorted(manifest.valid, key=Case.cost):
                    row.valid.append(self._shown(case, self._guarded(self._valid, case)))
                for invalid in manifest.invalid:
                    row.invalid.append(self._guarded(self._invalid, invalid))
                self._end()
        finally:
            if self.process is not None:
                self.process.kill()
            row.seconds = time.monotonic() - started
            if not self.cancelled.is_set():
                self.progress(row, total - len(row.results), True)

    # The process ----------------------------------------------------------------------------------------------------

    def _begin(self) -> bool:
        """Start, and the smoke case: whether this runner works at all, right or wrong."""
        row = self.row
        try:
            self._start()
            answer = self._ask("smoke", self.store.smoke)
            if "skipped" not in answer:
                shapes = output_shapes(self.store.smoke_config, 2, 1)
                if "error" in answer:
                    raise Broken(f"error: {answer['error']}")
                if wrong := malformed(self._read_outputs(shapes), shapes):
                    raise Broken(wrong)
        except Exception as error:  # a runner may answer anything; it must not end the others
            if self.implementation.isa is not None and "LSTM_REF_ISA" in str(error):
                row.missing, row.absent = str(error), lacks(self.implementation.isa)
            else:
                row.broken = f"smoke case: {error}" if row.about else str(error)
            return False
        finally:
            remove(self.outputs)
        return True

    def _start(self) -> None:
        runner = self.implementation
        self.process = RunnerProcess(runner.command, runner.environment, Path.cwd() if runner.foreign else self.store.folder)
        if self.cancelled.is_set():
            raise self.process.broken("cancelled")
        about = self.process.ask({"cmd": "start", "version": VERSION}, self.timeout)
        if "error" in about:
            raise self.process.broken(f"start: {about['error']}")
        wants = {"version": int, "name": str, "implementation": str, "operations": list, "claim": str}
        for key, kind in wants.items():
            if type(about.get(key)) is not kind:
                raise self.process.broken(f"start: {key}: {about.get(key)!r}, want {kind.__name__}")
        for key in ("options", "dtypes"):
            if not _is_plain(about.get(key, [])) or type(about.get(key, [])) is not list:
                raise self.process.broken(f"start: {key}: {about[key]!r}, want a list of strings")
        if about["version"] != VERSION or about["claim"] not in ("bit-exact", "approximate"):
            raise self.process.broken(f"start: version {about['version']}, claim {about['claim']!r}")
        if not runner.foreign and about["implementation"] != runner.name:  # such as an instruction set that was asked for in vain
            raise self.process.broken(f"start: implementation: {about['implementation']!r}, want {runner.name!r}")
        self.row.about = {key: value for key, value in about.items() if _is_plain(value)}
        if runner.foreign:
            self.row.name = about["name"]

    def cancel(self) -> None:
        """From another thread, after `cancelled` was set."""
        if (process := self.process) is not None:
            process.terminate()

    def _end(self) -> None:
        try:
            if self.process is not None:
                self.process.stop(self.timeout)
        except Broken as error:
            self.row.broken = str(error)

    def _guarded(self, check: Callable[[AnyCase], Result], case: AnyCase) -> Result:
        """The result of one case, whatever the runner does; afterwards there is a runner again, unless it keeps breaking."""
        self.progress(self.row, 1, False)
        if self.cancelled.is_set():
            return Result(case.id, "error", "cancelled")
        if self.broken_in_a_row >= PATIENCE:
            return Result(case.id, "error", f"not tried: the runner broke {PATIENCE} times in a row")
        try:
            if self.process is None:
                self._start()
            result = check(case)
            self.broken_in_a_row = 0
            return result
        except Broken as error:
            self.process = None
            if isinstance(case, Case) and (known := explain_end(self.witness, case, str(error))):
                return Result(case.id, "known fault", known)
            self.broken_in_a_row += 1
            return Result(case.id, "error", str(error))
        except Exception as error:  # what a runner answers and writes may be anything; it must not end the others
            return Result(case.id, "error", f"{type(error).__name__}: {error}")
        finally:
            remove(self.outputs)

    def _ask(self, case: str, files: Files, op: str = "lstm", trace: bool = False) -> dict[str, Any]:
        """A checked answer: it has exactly one of outputs, skipped, error, and the seq and path that were asked for."""
        assert self.process is not None
        seq = next(self.sequence)
        model, inputs, outputs = map(str, (files.model.absolute(), files.inputs.absolute(), self.outputs))
        paths = {"model": model, "inputs": inputs, "outputs": outputs}
        answer = self.process.ask({"cmd": "run", "seq": seq, "case": case, "op": op, **paths, "trace": trace}, self.timeout)
        if type(answer.get("seq")) is not int or answer["seq"] != seq:
            raise self.process.broken(f"answered seq {answer.get('seq')!r}, want {seq}")
        kinds = [key for key in ("outputs", "skipped", "error") if key in answer]
        if len(kinds) != 1 or not isinstance(answer[kinds[0]], str):
            raise self.process.broken(f"answered {sorted(answer)}, want one of outputs, skipped, error, a string")
        if answer.get("outputs", outputs) != outputs:
            raise self.process.broken(f"answered outputs {answer['outputs']!r}, want {outputs!r}")
        return answer

    def _read_outputs(self, shapes: Mapping[str, tuple[int, ...]]) -> Tensors:
        """InvalidArgument also for what is better not opened: reading a FIFO or a device may never end."""
        try:
            found = os.lstat(self.outputs)
        except OSError as error:
            raise InvalidArgument("file", f"cannot be read ({error.strerror})", "a readable file") from None
        if not stat.S_ISREG(found.st_mode):
            raise InvalidArgument("file", "a symbolic link, directory or device", "a regular file")
        limit = 4 * sum(map(prod, shapes.values())) + MAX_HEADER
        if found.st_size > limit:
            raise InvalidArgument("file", f"{found.st_size} bytes", f"at most {limit}")
        return model_file.read_tensors(model_file.read_bytes(self.outputs))

    # The cases ------------------------------------------------------------------------------------------------------

    def _valid(self, case: Case) -> Result:
        if lacking := not_offered(self.row.about, case.config):
            return Result(case.id, "not offered", f"{lacking} is not offered")
        answer = self._ask(case.id, self.store.files(case), case.op)
        if "skipped" in answer:
            return Result(case.id, "skipped", answer["skipped"])
        if "error" in answer:
            return Result(case.id, "error", answer["error"])
        shapes = output_shapes(case.config, case.T, case.B)
        try:
            got = self._read_outputs(shapes)
        except InvalidArgument as error:
            return Result(case.id, "FAIL", f"outputs: {error}")
        if wrong := malformed(got, shapes, case.config.real):
            return Result(case.id, "FAIL", f"outputs: {wrong}")
        if self.store.is_right(case, got):
            if not case.stored:
                self.store.keep(case, self.outputs)
            return Result(case.id, "exact")
        if self.row.about["claim"] == "bit-exact":
            return Result(case.id, "FAIL", self._divergence(case, got))
        return self._measure(case, got)

    def _divergence(self, case: Case, got: Tensors, differ: Differ = bits_differ) -> str:
        """The first difference, in the intermediates where that is possible, and the largest one in the outputs."""
        largest = ""
        if (want := self.store.expected(case)) is not None:
            place, off = largest_difference(case.config, got, want)
            largest = f"; largest difference {off:.3g} in {place}"
        return self._first_divergence(case, got, differ) + largest

    def _first_divergence(self, case: Case, got: Tensors, differ: Differ) -> str:
        if self.row.about.get("trace") is True and self.traced < TRACED:
            self.traced += 1
            want = self.store.expected(case, trace=True)
            if want is not None and (found := self._traced_divergence(case, want, differ)):
                return found
        want = self.store.expected(case)
        if want is not None and (found := first_divergence(case.config, case.lengths, got, want, differ)):
            return found
        return "the digests differ (the reference values are too costly, or are themselves not those of the manifest)"

    def _traced_divergence(self, case: Case, want: Tensors, differ: Differ) -> str | None:
        answer = self._ask(case.id, self.store.files(case), case.op, trace=True)
        if "outputs" not in answer:
            return f"with trace: {answer}"
        shapes = output_shapes(case.config, case.T, case.B) | trace_shapes(case.config, case.T, case.B)
        try:
            traced = self._read_outputs(shapes)
        except InvalidArgument as error:
            return f"with trace: outputs: {error}"
        if wrong := malformed(traced, shapes, case.config.real):
            return f"with trace: outputs: {wrong}"
        return first_divergence(case.config, case.lengths, traced, want, differ)

    def _measure(self, case: Case, got: Tensors) -> Result:
        """How far from the canonical outputs, and whether that is within the case's tolerance."""
        if case.tolerance is None:
            return Result(case.id, "measured", "not the canonical bits; the case has no tolerance")
        want = self.store.expected(case)
        if want is None:
            return Result(case.id, "error", "no implementation gave the canonical outputs to measure against")
        measured = Result(case.id, "close")
        for name in case.config.outputs():
            a, b = (time_first(case.config, name, value[name]) for value in (got, want))
            same = canonical_bits(a) == canonical_bits(b)
            if same.all():
                continue
            if beyond(case.tolerance)(a, b).any():
                if known := self._known(case, got, beyond(case.tolerance)):
                    return Result(case.id, "known fault", known)
                detail = self._divergence(case, got, beyond(case.tolerance))
                return Result(case.id, "FAIL", f"{detail}; tolerance {case.tolerance:g}")
            distance = ulp_distance(a, b)
            measured.max_abs = max(measured.max_abs, float(difference(a, b).max()))
            if distance.max() > measured.max_ulp:
                measured.max_ulp = int(distance.max())
                measured.where = output_place(case.config, name, np.unravel_index(distance.argmax(), distance.shape))
        return measured

    def _known(self, case: Case, got: Tensors, differ: Differ) -> str | None:
        """The known faults of this witness that explain its outputs."""

        def agrees(faulty: Tensors) -> bool:
            return not any(differ(got[name], faulty[name]).any() for name in case.config.outputs())

        with self.store.reference:
            return explain_outputs(self.witness, case, agrees)

    def _shown(self, case: Case, result: Result) -> Result:
        """A known fault that its case no longer shows is a failure: what is said of the witness must stay true."""
        for fault in faults_of(self.witness):
            answered = result.status in ("exact", "close", "measured", "known fault")
            if case.id == fault.shown_by and answered and fault.what not in result.detail:
                seen = f"{fault.what} (seen up to {fault.version}; this is {self.row.about['implementation_version']})"
                return Result(case.id, "FAIL", f"no longer shows what is known: {seen}")
        return result

    def _invalid(self, case: InvalidCase) -> Result:
        files = self.store.invalid_files(case)
        if case.inputs is not None:  # the model may be good, and of a kind that this runner does not have
            with suppress(InvalidArgument):
                config, _ = model_file.read_model(model_file.read_bytes(files.model))
                if lacking := not_offered(self.row.about, config):
                    return Result(case.id, "not offered", f"{lacking} is not offered")
        answer = self._ask(case.id, files, case.op)
        if "skipped" in answer:
            return Result(case.id, "skipped", answer["skipped"])
        if "outputs" in answer:
            return Result(case.id, "FAIL", f"accepted; want error: {case.error}")
        if answer["error"] != case.error and self.row.about["claim"] == "bit-exact":
            return Result(case.id, "FAIL", f"error: {answer['error']}; want error: {case.error}")
        if os.path.lexists(self.outputs):
            return Result(case.id, "FAIL", "left an outputs file behind with its error")
        return Result(case.id, "refused")


def not_offered(about: Mapping[str, Any], config: Config) -> str | None:
    """What a case needs beyond what the runner said at its start that it can do."""
    if config.op not in about["operations"]:
        return f"operation {config.op}"
    if config.dtype not in about.get("dtypes", ["float32"]):
        return f"dtype {config.dtype}"
    return next((f"option {key}" for key in config.chosen() if key not in (*about.get("options", ()), "dtype")), None)


def remove(path: Path) -> None:
    """Whatever lies there: a runner may have made a directory of it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _is_plain(value: Any) -> bool:
    """What the members of an answer to start are: reports could choke on anything else (depth, infinity)."""
    return type(value) in (str, int, bool) or (type(value) is list and all(type(item) is str for item in value))
