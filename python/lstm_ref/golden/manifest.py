"""Reading tests/golden/manifest.json (spec/vectors.md)."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import model_file
from ..config import LSTMConfig
from ..errors import InvalidArgument
from .fills import fill

OUTPUTS = ("y", "h_n", "c_n")
Tensors = dict[str, np.ndarray]


@dataclass(frozen=True)
class Case:
    """One valid case; the fields are those of spec/vectors.md."""

    id: str
    op: str
    family: str
    flags: tuple[str, ...]
    comment: str
    config: LSTMConfig
    T: int
    B: int
    lengths: np.ndarray | None
    initial_state: bool
    seed: int
    fills: Mapping[str, Any]
    stored: bool
    tolerance: float | None = None
    digest: Mapping[str, str] | None = None

    def tensors(self) -> tuple[Tensors, dict[str, Any]]:
        """(weights by name, inputs by name, as keyword arguments); the inputs have only those of h_0, c_0, lengths that the case has."""
        weights = {
            name: self._fill(name, "weight" if name.startswith("weight") else "bias", expected.shape)
            for name, expected in self.config.iter_expected()
        }
        rows = (self.B, self.T) if self.config.batch_first else (self.T, self.B)
        inputs: dict[str, Any] = {"x": self._fill("x", "x", (*rows, self.config.input_size))}
        if self.initial_state:
            state = self.config.expected_state(self.B).shape
            inputs |= {name: self._fill(name, "state", state) for name in ("h_0", "c_0")}
        if self.lengths is not None:
            inputs["lengths"] = self.lengths
        return weights, inputs

    def _fill(self, name: str, kind: str, shape: tuple[int, ...]) -> np.ndarray:
        return fill(self.seed, name, shape, self.fills.get(name, self.fills[kind]))

    def cost(self) -> int:
        """Multiply-adds, to put cheap cases first."""
        c = self.config
        per_step = sum(np.prod(e.shape) for n, e in c.iter_expected() if n.startswith("weight"))
        return int(per_step) * self.T * self.B

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> "Case":
        lengths = entry["lengths"]
        return cls(
            **{
                key: entry[key]
                for key in ("id", "op", "family", "comment", "initial_state", "seed", "fills", "stored", "tolerance", "digest")
            },
            flags=tuple(entry["flags"]),
            config=LSTMConfig(**entry["config"]),
            T=entry["dims"]["T"],
            B=entry["dims"]["B"],
            lengths=None if lengths is None else np.array(lengths, np.int64),
        )

    def to_json(self) -> dict[str, Any]:
        config = self.config.to_json()
        del config["format_version"], config["op"]
        return {
            "id": self.id, "op": self.op, "family": self.family, "flags": list(self.flags), "comment": self.comment,
            "config": config, "dims": {"T": self.T, "B": self.B},
            "lengths": None if self.lengths is None else self.lengths.tolist(), "initial_state": self.initial_state,
            "seed": self.seed, "fills": self.fills, "stored": self.stored, "tolerance": self.tolerance, "digest": self.digest,
        }  # fmt: skip


@dataclass(frozen=True)
class InvalidCase:
    """Files that must be refused with exactly this error; paths are relative to the manifest, inputs may be None."""

    id: str
    comment: str
    model: str
    inputs: str | None
    error: str


@dataclass(frozen=True)
class Manifest:
    root: Path
    notes: Mapping[str, str]
    valid: list[Case]
    invalid: list[InvalidCase]

    def stored(self, case: Case) -> Tensors:
        """Expected outputs and intermediates of a stored case."""
        return model_file.read_tensors(model_file.read_bytes(self.root / "valid" / case.id / "expected.safetensors"))


def default_root() -> Path:
    """LSTM_REF_GOLDEN, or tests/golden of the checkout that this package or the working directory is in."""
    if chosen := os.environ.get("LSTM_REF_GOLDEN"):
        return Path(chosen)
    for start in (Path(__file__).resolve(), Path.cwd()):
        for folder in (start, *start.parents):
            if (folder / "tests" / "golden" / "manifest.json").exists():
                return folder / "tests" / "golden"
    raise InvalidArgument("golden", "no tests/golden/manifest.json here or above", "a checkout of lstm_ref, or --golden DIR")


def load(root: str | os.PathLike | None = None) -> Manifest:
    """The manifest in folder root (default: default_root()). Raises InvalidArgument when there is none or it is malformed."""
    folder = default_root() if root is None else Path(root)
    path = folder / "manifest.json"
    try:
        data = json.loads(model_file.read_bytes(path))
        return Manifest(
            folder,
            data["notes"],
            [Case.from_json(entry) for entry in data["valid"]],
            [InvalidCase(**entry) for entry in data["invalid"]],
        )
    except InvalidArgument as error:
        raise error.at(path) from None
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidArgument(
            str(path), f"malformed ({type(error).__name__}: {error})", "a manifest (manifest.schema.json)"
        ) from None
