"""The serving side of the runner protocol (spec/runner.md), for implementations written in Python.

A runner is a forward function and what it says about itself:

    if __name__ == "__main__":
        serve(Runner("my LSTM", "mine", "1.0", "Python", "approximate", forward))
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from .. import model_file
from ..config import Config, Inputs, describe
from ..errors import InvalidArgument
from ..strict_json import Members, parse_object

VERSION = 1

Arrays = Mapping[str, np.ndarray]
Forward = Callable[[Any, Arrays, Inputs, "dict[str, np.ndarray] | None"], Sequence["np.ndarray | None"]]


class Skipped(Exception):
    """Raised by a forward function for what its implementation does not have; the text is the reason."""


@dataclass(frozen=True)
class Runner:
    """`forward(config, tensors, inputs, trace)` returns y, h_n and, if there is a c, c_n; a dict given as trace is to be filled (if `trace`).

    It is asked for its operations, options and dtypes (spec/variants.md) only.
    """

    name: str
    implementation: str
    implementation_version: str
    language: str
    claim: str
    forward: Forward
    trace: bool = False
    operations: tuple[str, ...] = ("lstm",)
    options: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ("float32",)

    def answer(self, line: bytes) -> dict[str, Any]:
        """The answer to one line of input, whatever it holds."""
        seq: dict[str, int] = {}
        try:
            request = parse(line)
            if _is_integer(request.get("seq")):
                seq = {"seq": request["seq"]}
            match required(request, "cmd", str, "start, run or stop"):
                case "start":
                    return self._start(request)
                case "run":
                    return seq | self._run(request)
                case "stop":
                    return {"stopped": True}
                case other:
                    raise InvalidArgument("request.cmd", describe(other), "start, run or stop")
        except Skipped as reason:
            return seq | {"skipped": str(reason)}
        except InvalidArgument as error:
            return seq | {"error": str(error)}
        except MemoryError:
            return seq | {"error": "memory: too little for this case, want a smaller one"}
        except Exception as error:  # whatever went wrong, the next request is answered
            return seq | {"error": f"{type(error).__name__}: {error}"}

    def _start(self, request: dict[str, Any]) -> dict[str, Any]:
        version = required(request, "version", int, "an integer")
        if version != VERSION:
            raise InvalidArgument("request.version", describe(version), str(VERSION))
        return {
            "version": VERSION,
            "name": self.name,
            "implementation": self.implementation,
            "implementation_version": self.implementation_version,
            "language": self.language,
            "operations": self.operations,
            "options": self.options,
            "dtypes": self.dtypes,
            "claim": self.claim,
            "trace": self.trace,
        }

    def _run(self, request: dict[str, Any]) -> dict[str, Any]:
        required(request, "seq", int, "an integer")
        required(request, "case", str, "a string")
        op = required(request, "op", str, "a string")
        model, inputs_path, outputs_path = (required(request, key, str, "a string") for key in ("model", "inputs", "outputs"))
        wants_trace = required({"trace": False} | request, "trace", bool, "true or false")
        if op not in self.operations:
            raise InvalidArgument("request.op", describe(op), f"one of {', '.join(self.operations)}")

        config, tensors = model_file.read_model(model_file.read_bytes(model))
        if config.op != op:
            raise InvalidArgument("request.op", describe(op), f'"{config.op}", the op of the model')
        self._check_options(config)
        inputs = model_file.read_inputs(model_file.read_bytes(inputs_path), config)
        trace: dict[str, np.ndarray] | None = {} if wants_trace and self.trace else None
        results = self.forward(config, tensors, inputs, trace)
        outputs = {name: value for name, value in zip(config.outputs(), results, strict=False) if value is not None} | (
            trace or {}
        )
        model_file.write_atomic(outputs_path, model_file.dump_tensors(outputs))
        return {"outputs": outputs_path}

    def _check_options(self, config: Config) -> None:
        if config.dtype not in self.dtypes:
            raise Skipped(f"dtype {config.dtype} is not offered")
        for key in config.chosen():
            if key not in (*self.options, "dtype"):
                raise Skipped(f"option {key} is not offered")


def parse(line: bytes) -> dict[str, Any]:
    """One request; valid JSON in the sense of spec/model-file.md, check 2."""
    members = parse_object(line)
    if members is None:
        raise InvalidArgument("request", "invalid JSON", "a JSON object")
    return {key: dict(value) if isinstance(value, Members) else value for key, value in members}


def required(request: dict[str, Any], key: str, kind: type, want: str) -> Any:
    """A member of the request that must be there and be a str, int or bool."""
    if key not in request:
        raise InvalidArgument(f"request.{key}", "missing", want)
    value = request[key]
    if type(value) is not kind:
        raise InvalidArgument(f"request.{key}", describe(value), want)
    return value


def _is_integer(value: Any) -> bool:
    return type(value) is int


def serve(runner: Runner) -> None:
    """Answer standard input until `stop` or its end. Only answers reach standard output: prints go to standard error."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        answer_lines(runner, sys.stdin.buffer, answers)


def answer_lines(runner: Runner, requests: BinaryIO, answers: BinaryIO) -> None:
    """One answer a line, flushed at once, in order."""
    for line in requests:
        answer = runner.answer(line)
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()
        if "stopped" in answer:
            return
