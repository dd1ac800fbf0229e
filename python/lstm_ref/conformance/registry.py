"""Our own implementations, found on this machine. Each is a command that speaks the runner protocol."""

from __future__ import annotations

import importlib.util
import os
import platform
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import lstm_ref

from ..errors import InvalidArgument

PACKAGE = Path(lstm_ref.__file__).resolve().parent
CHECKOUT = PACKAGE.parents[1]
ISA_VARIABLE = "LSTM_REF_ISA"
BINDING_VARIABLE = "LSTM_REF_BINDING"
CPU_FLAGS = {"avx2": {"avx2", "fma"}, "avx512": {"avx512f", "avx512bw", "avx512dq", "avx512vl"}}


@dataclass(frozen=True)
class Implementation:
    """A command and its environment, or why there is none."""

    name: str
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    missing: str | None = None
    optional: bool = False  # a witness that may be missing even in CI
    foreign: bool = False  # given by the user: it may call itself what it likes, and is started where the user is

    @property
    def isa(self) -> str | None:
        """The instruction set it is forced to use."""
        return self.environment.get(ISA_VARIABLE) or None


def implementations() -> list[Implementation]:
    """All of ours, in the order of the matrix."""
    cpp = _executable("LSTM_REF_CPP_RUNNER", "lstm-ref-runner", "cpp")
    go = _executable("LSTM_REF_GO_RUNNER", "lstm-ref-runner", "go")
    go_pure = _executable("LSTM_REF_GO_RUNNER_PUREGO", "lstm-ref-runner-purego", "go")
    return [
        _python("numpy", "numpy_runner"),
        *(_native(f"cpp-{isa}", cpp, "the C++ runner", isa) for isa in ("baseline", "avx2", "avx512", "neon")),
        _python("python", "native_runner", needs="lstm_ref._native_pybind11"),
        _python("python-nanobind", "native_runner", needs="lstm_ref._native_nanobind", binding="nanobind"),
        _native("go-pure", go_pure, "the Go runner (purego)"),
        *(_native(f"go-{isa}", go, "the Go runner", isa) for isa in ("avx2", "avx512")),
        _python("torch", "torch_runner", needs="torch"),
        _python("torch-nn", "torch_nn_runner", needs="torch"),
        replace(_python("onnx-runtime", "onnx_runner", needs="onnxruntime"), optional=True),
    ]


def foreign(command: str) -> Implementation:
    """Anyone's runner, as given on the command line."""
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise InvalidArgument("runner", f"{command} ({error})", "a command") from None
    if not words:
        raise InvalidArgument("runner", "an empty command", "a command")
    return Implementation(command, words, foreign=True)


def lacks(isa: str) -> bool:
    """Whether this processor certainly does not have the instruction set."""
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    if isa == "neon":
        return platform.machine().lower() not in ("arm64", "aarch64")
    if isa not in CPU_FLAGS:
        return False
    return not x86 or not CPU_FLAGS[isa] <= _cpu_flags()


def _cpu_flags() -> set[str]:
    """Of the first processor; where the system does not tell, everything is taken to be there."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set().union(*CPU_FLAGS.values())
    return set(next((line for line in lines if line.startswith("flags")), "").split())


def _python(name: str, module: str, needs: str = "numpy", binding: str = "") -> Implementation:
    if importlib.util.find_spec(needs) is None:
        return Implementation(name, missing=f"no module {needs}")
    path = os.pathsep.join(filter(None, (str(PACKAGE.parent), os.environ.get("PYTHONPATH"))))
    environment = {"PYTHONPATH": path, ISA_VARIABLE: "", BINDING_VARIABLE: binding}
    return Implementation(name, (sys.executable, "-m", f"lstm_ref.conformance.runners.{module}"), environment)


def _native(name: str, executable: Path | None, what: str, isa: str | None = None) -> Implementation:
    if executable is None:
        return Implementation(name, missing=f"{what} is not built")
    return Implementation(
        name, (str(executable),), {ISA_VARIABLE: isa or ""}
    )  # empty: as if unset, whatever the user's shell says


def _executable(variable: str, file: str, folder: str) -> Path | None:
    """From the environment, from the installed package, or the newest one built in the checkout."""
    if chosen := os.environ.get(variable):
        return Path(chosen).absolute()
    built = sorted((CHECKOUT / "build" / folder).glob(f"**/{file}"), key=lambda path: path.stat().st_mtime)
    candidates = [PACKAGE / "bin" / file] if folder == "cpp" else []
    return next((path for path in [*candidates, *reversed(built)] if path.is_file() and os.access(path, os.X_OK)), None)
