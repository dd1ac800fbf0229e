"""What every runner needs of a case, made once: its files, and what is right."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import model_file, reference
from ..config import Config, LSTMConfig
from ..errors import InvalidArgument
from ..golden.compare import digest
from ..golden.fills import fill
from ..golden.manifest import Case, InvalidCase, Manifest

Tensors = Mapping[str, np.ndarray]
CHEAP = 500_000_000  # multiply-adds: ten seconds for the NumPy reference


class Files(NamedTuple):
    model: Path
    inputs: Path


class Store:
    """Lives in a folder that its owner removes. Used by several threads."""

    def __init__(self, manifest: Manifest, folder: Path) -> None:
        self.manifest = manifest
        self.folder = folder
        self._locks = {case.id: threading.Lock() for case in manifest.valid}
        self._names = {case.id: str(k) for k, case in enumerate(manifest.valid)}
        self.reference = (
            threading.Lock()
        )  # for who computes in this process: a known fault is one of the reference (witnesses.py)
        self.smoke = self._make_smoke()

    def _make_smoke(self) -> Files:
        self.smoke_config = LSTMConfig(2, 3)
        how = {"kind": "uniform", "exponent": 0}
        weights = {name: fill(1, name, e.shape, how) for name, e in self.smoke_config.expected_tensors().items()}
        return self._write("smoke", self.smoke_config, weights, {"x": fill(1, "x", (2, 1, 2), how)})

    def _write(self, name: str, config: Config, weights: Tensors, inputs: Tensors) -> Files:
        files = Files(self.folder / f"{name}.model.safetensors", self.folder / f"{name}.inputs.safetensors")
        files.inputs.write_bytes(model_file.dump_inputs(inputs))
        model_file.write_atomic(files.model, model_file.dump_model(config, weights))  # last: it says that both are there
        return files

    def files(self, case: Case) -> Files:
        """Model and inputs: the golden ones of a stored case, else generated at the first use."""
        if case.stored:
            folder = self.manifest.root / "valid" / case.id
            return Files(folder / "model.safetensors", folder / "inputs.safetensors")
        name = self._names[case.id]
        with self._locks[case.id]:
            files = Files(self.folder / f"{name}.model.safetensors", self.folder / f"{name}.inputs.safetensors")
            return files if files.model.exists() else self._write(name, case.config, *case.tensors())

    def invalid_files(self, case: InvalidCase) -> Files:
        """Where the model alone is at fault, some good inputs stand beside it."""
        root = self.manifest.root
        return Files(root / case.model, self.smoke.inputs if case.inputs is None else root / case.inputs)

    def is_right(self, case: Case, outputs: Tensors) -> bool:
        """Whether y, h_n, c_n are the canonical ones, bit for bit."""
        assert case.digest is not None
        return all(digest(outputs[name]) == case.digest[name] for name in case.config.outputs())

    def keep(self, case: Case, outputs: Path) -> None:
        """Take over an outputs file that is right: it then need not be computed where another one is measured against it."""
        outputs.replace(self._expected_path(case))

    def expected(self, case: Case, trace: bool = False) -> Tensors | None:
        """The canonical outputs (with intermediates), by whichever of ours gives the digests; None where neither does."""
        with self._locks[case.id]:
            path = self._expected_path(case)
            if case.stored:
                return self.manifest.stored(case)
            if not trace and path.exists():
                return model_file.read_tensors(model_file.read_bytes(path))
            for compute in (_by_engine, _by_reference):  # one of them may be what is being tested, and wrong
                intermediates: dict[str, np.ndarray] = {}
                with self.reference:
                    outputs = compute(case, intermediates if trace else None)
                if outputs is not None and self.is_right(case, outputs):
                    path.write_bytes(model_file.dump_tensors(outputs))
                    return outputs | intermediates
            return None

    def _expected_path(self, case: Case) -> Path:
        return self.folder / f"{self._names[case.id]}.expected.safetensors"


def _by_engine(case: Case, trace: dict[str, np.ndarray] | None) -> dict[str, np.ndarray] | None:
    """By the compiled engine, where there is one."""
    try:
        from ..native import CLASSES, available_isas
    except ImportError:
        return None
    weights, inputs = case.tensors()
    random = {name: inputs[name] for name in ("seed", "masks") if name in inputs}
    given = tuple(inputs[f"{name}_0"] for name in case.config.state if f"{name}_0" in inputs)
    state = (given if len(case.config.state) > 1 else given[0]) if given else None
    try:
        network = CLASSES[case.op].from_tensors(case.config, weights, isa=available_isas()[-1])
    except InvalidArgument:  # an option that it does not have
        return None
    y, final = network(inputs["x"], state, inputs.get("lengths"), trace=trace, **random)
    finals = final if len(case.config.state) > 1 else (final,)
    return dict(zip(case.config.outputs(), (y, *finals), strict=True))


def _by_reference(case: Case, trace: dict[str, np.ndarray] | None) -> dict[str, np.ndarray] | None:
    if case.cost() > CHEAP:
        return None
    weights, inputs = case.tensors()
    return reference.forward(case.config, weights, **inputs, trace=trace).named(case.config)
