"""The contenders that this machine has: each a command that speaks the worker protocol (bench/README.md)."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .. import _binding
from ..conformance.registry import CHECKOUT, ISA_VARIABLE, PACKAGE
from .work import OURS, PEERS

# Peers: the module of the worker, the packages it needs, and what keeps its threads from spinning or multiplying.
# OpenVINO 2026.4 reads past the end of an array with AVX-512, which is fatal where that is the end of a mapping: it gets its arrays
# from a heap, where something follows.
_PEERS = {
    "torch": ("pytorch", ("torch",), {"OMP_WAIT_POLICY": "PASSIVE"}),
    "onnxruntime": ("onnx_runtime", ("onnxruntime", "onnx"), {}),
    "openvino": ("openvino_runtime", ("openvino", "onnx"), {"MALLOC_MMAP_THRESHOLD_": str(2**32), "MALLOC_TOP_PAD_": str(2**26)}),
    "jax": (
        "jax_scan",
        ("jax",),
        {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"},
    ),
}
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Contender:
    """A command and its environment, or why there is none. Ours must give the canonical bits, a peer comes close."""

    name: str
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    missing: str | None = None

    @property
    def ours(self) -> bool:
        return self.name in OURS

    def threads(self, threads: int) -> dict[str, str]:
        """The environment for so many threads."""
        return {**self.environment, **dict.fromkeys(_THREAD_VARIABLES, str(threads))}


def contenders() -> dict[str, Contender]:
    """All of them, by name: ours, then the peers."""
    everyone = [
        _executable("cpp", "LSTM_REF_CPP_BENCH", "cpp"),
        _executable("go", "LSTM_REF_GO_BENCH", "go"),
        *(
            _python(f"python-{name}", "ours", (f"lstm_ref._native_{name}",), {_binding.VARIABLE: name})
            for name in _binding.BINDINGS
        ),
        *(_python(name, *_PEERS[name]) for name in PEERS),
    ]
    return {contender.name: contender for contender in everyone}


def machine_program() -> Path | None:
    """The program that measures the peaks (bench/cpp)."""
    return find_executable("LSTM_REF_BENCH_MACHINE", "lstm-ref-bench-machine", "cpp")


def find_executable(variable: str, file: str, folder: str) -> Path | None:
    """As the environment says, or the newest one built in the checkout."""
    if chosen := os.environ.get(variable):
        candidates = [Path(chosen).absolute()]
    else:
        candidates = sorted((CHECKOUT / "build" / folder).glob(f"**/{file}"), key=lambda path: path.stat().st_mtime, reverse=True)
    return next((path for path in candidates if path.is_file() and os.access(path, os.X_OK)), None)


def _executable(name: str, variable: str, folder: str) -> Contender:
    if (path := find_executable(variable, "lstm-ref-bench", folder)) is None:
        chosen = os.environ.get(variable)
        not_built = f"lstm-ref-bench for {name} is not built: make bench builds it, {variable} names it"
        return Contender(name, missing=f"{variable}: {chosen}, want a program that can be run" if chosen else not_built)
    return Contender(name, (str(path),), {ISA_VARIABLE: ""})


def _python(name: str, module: str, needs: tuple[str, ...], environment: Mapping[str, str]) -> Contender:
    for package in needs:
        if importlib.util.find_spec(package) is None:
            hint = "" if package.startswith("lstm_ref") else ": pip install 'lstm_ref[peers]'"
            return Contender(name, missing=f"no package {package}{hint}")
    path = os.pathsep.join(filter(None, (str(PACKAGE.parent), os.environ.get("PYTHONPATH"))))
    command = (sys.executable, "-m", f"lstm_ref.bench.workers.{module}")
    return Contender(name, command, {"PYTHONPATH": path, ISA_VARIABLE: "", **environment})
