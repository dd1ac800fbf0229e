"""The serving side of the worker protocol (bench/README.md), for contenders written in Python."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .. import model_file
from ..config import Config
from ..conformance.protocol import Skipped

MIN_SAMPLES = 5
WARM_UP = 0.2  # of the seconds to be measured


@dataclass(frozen=True)
class Task:
    """What a contender is to do; x (T, B, I)."""

    mode: str
    threads: int
    isa: str
    variant: str
    config: Config
    tensors: Mapping[str, np.ndarray]
    x: np.ndarray


class Job(Protocol):
    """A contender's own form of a task."""

    def compute(self) -> np.ndarray:
        """y (T, B, D*H) from a zero state."""

    def run(self) -> None:
        """What is timed: all T steps; in mode "step" one call a step, the state carried on."""


class Worker:
    """Answers requests for one contender."""

    def __init__(self, name: str, version: str, make: Callable[[Task], Job]) -> None:
        self.about = {"name": name, "version": version}
        self.make = make
        self.job: Job | None = None
        self.steps = 0

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            match request["request"]:
                case "start":
                    return self.about
                case "prepare":
                    return self._prepare(request)
                case "time":
                    return {"samples": self._time(float(request["seconds"]))}
                case other:
                    return {"error": f"request: {other!r}, want start, prepare, time or stop"}
        except Skipped as reason:
            return {"skipped": str(reason)}
        except Exception as error:  # whatever went wrong, the next request is answered
            return {"error": f"{type(error).__name__}: {error}"}

    def _prepare(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self.job = None
        config, tensors = model_file.read_model(model_file.read_bytes(request["model"]))
        x = model_file.read_inputs(model_file.read_bytes(request["inputs"]), config).x
        optional = {key: request.get(key) or "" for key in ("isa", "variant")}
        job = self.make(Task(request["mode"], request["threads"], **optional, config=config, tensors=tensors, x=x))
        model_file.write_atomic(request["outputs"], model_file.dump_tensors({"y": job.compute()}))
        self.job, self.steps = job, x.shape[0]
        return {"prepared": True}

    def _time(self, seconds: float) -> list[float]:
        """Seconds per time step, one sample a run. As `timeit` does it: without the garbage collector."""
        if self.job is None:
            raise RuntimeError("nothing is prepared")
        run, clock = self.job.run, time.perf_counter
        gc.collect()
        gc.disable()
        try:
            begin = clock()
            while True:
                run()
                if clock() - begin >= WARM_UP * seconds:
                    break
            samples: list[float] = []
            begin = before = clock()
            while before - begin < seconds or len(samples) < MIN_SAMPLES:
                run()
                now = clock()
                samples.append((now - before) / self.steps)
                before = now
            return samples
        finally:
            gc.enable()


def serve(worker: Worker) -> None:
    """Answer standard input until `stop` or its end. Only answers reach standard output: prints go to standard error."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        for line in sys.stdin:
            request = json.loads(line)
            if request.get("request") == "stop":
                return
            print(json.dumps(worker.answer(request)), file=answers, flush=True)
