"""Reading tests/golden/manifest.json (spec/vectors.md)."""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from .. import model_file
from ..config import CONFIGS, Config, describe
from ..errors import InvalidArgument
from .fills import fill

VERSION = 1
STORED = ("model", "inputs", "expected")
FILLS = {"uniform": ("exponent",), "wide": ("lo", "hi"), "choice": ("values",), "cycle": ("values",)}
DEFAULT_FILLS = {group: {"kind": "uniform", "exponent": int(group == "x")} for group in ("weight", "bias", "x", "state", "mask")}
DEFAULTS: Mapping[str, Any] = {  # what an entry, and its config, may leave out
    "lengths": None, "initial_state": True, "training": None, "fills": {}, "stored": False,
    "num_layers": 1, "bias": True, "batch_first": False, "bidirectional": False,
}  # fmt: skip
RANGES = {  # by the bytes of a number
    4: {"exponent": (-103, 127), "lo": (0, 255), "hi": (0, 255)},
    8: {"exponent": (-970, 1023), "lo": (0, 2047), "hi": (0, 2047)},
}
Tensors = dict[str, np.ndarray]


@dataclass(frozen=True)
class Case:
    """One valid case; the fields are those of spec/vectors.md."""

    id: str
    family: str
    flags: tuple[str, ...]
    comment: str
    config: Config
    T: int
    B: int
    lengths: np.ndarray | None
    initial_state: bool
    training: str | None  # "seed": the run is given its seed; "masks": masks; None: it evaluates
    seed: int
    fills: Mapping[str, Any]
    stored: bool
    tolerance: float | None = None
    digest: Mapping[str, str] | None = None

    def tensors(self) -> tuple[Tensors, dict[str, Any]]:
        """(weights by name, inputs by name, as keyword arguments); the inputs have only those of h_0, c_0, lengths, seed, masks that the case has."""
        weights = {
            name: self._fill(name, "weight" if name.startswith("weight") else "bias", expected.shape)
            for name, expected in self.config.iter_expected()
        }
        rows = (self.B, self.T) if self.config.batch_first else (self.T, self.B)
        inputs: dict[str, Any] = {"x": self._fill("x", "x", (*rows, self.config.input_size))}
        if self.initial_state:
            shapes = {f"{name}_0": self.config.expected_state(self.B, name).shape for name in self.config.state}
            inputs |= {name: self._fill(name, "state", shape) for name, shape in shapes.items()}
        if self.lengths is not None:
            inputs["lengths"] = self.lengths
        if self.training == "seed":
            inputs["seed"] = self.seed
        if self.training == "masks":
            masks = self.config.iter_masks(self.T, self.B)
            inputs["masks"] = {name: self._fill(name, "mask", mask.expected.shape) for name, mask in masks}
        return weights, inputs

    def _fill(self, name: str, kind: str, shape: tuple[int, ...]) -> np.ndarray:
        dtype = self.config.stored_as(len(shape)) if kind in ("weight", "bias") else self.config.real
        return fill(self.seed, name, shape, self.fills.get(name, self.fills[kind]), dtype)

    def cost(self) -> int:
        """Multiply-adds, to put cheap cases first."""
        c = self.config
        per_step = sum(np.prod(e.shape) for n, e in c.iter_expected() if n.startswith("weight"))
        return int(per_step) * self.T * self.B

    @property
    def op(self) -> str:
        return self.config.op

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> "Case":
        """An entry of the manifest; what it leaves out has its default."""
        lengths = entry.get("lengths")
        return cls(
            **{key: entry[key] for key in ("id", "family", "comment", "seed", "tolerance", "digest")},
            flags=tuple(entry["flags"]),
            config=CONFIGS[entry["op"]](**entry["config"]),
            T=entry["dims"]["T"],
            B=entry["dims"]["B"],
            lengths=None if lengths is None else np.array(lengths, np.int64),
            initial_state=entry.get("initial_state", True),
            training=entry.get("training"),
            fills=DEFAULT_FILLS | entry.get("fills", {}),
            stored=entry.get("stored", False),
        )

    def to_json(self) -> dict[str, Any]:
        """Without what has its default (spec/vectors.md)."""
        config = self.config.to_json()
        entry = {
            "id": self.id, "op": self.op, "family": self.family, "flags": list(self.flags), "comment": self.comment,
            "config": {key: config[key] for key in config if key not in ("format_version", "op") and config[key] != DEFAULTS.get(key)},
            "dims": {"T": self.T, "B": self.B},
            "lengths": None if self.lengths is None else self.lengths.tolist(), "initial_state": self.initial_state, "training": self.training, "seed": self.seed,
            "fills": {name: how for name, how in self.fills.items() if how != DEFAULT_FILLS.get(name)},
            "stored": self.stored, "tolerance": self.tolerance, "digest": self.digest,
        }  # fmt: skip
        return {key: value for key, value in entry.items() if key not in DEFAULTS or value != DEFAULTS[key]}


@dataclass(frozen=True)
class InvalidCase:
    """Files that must be refused with exactly this error; paths are relative to the manifest, inputs may be None.

    op is what a request asks for; written only where it is not "lstm".
    """

    id: str
    comment: str
    model: str
    inputs: str | None
    error: str
    op: str = "lstm"

    def to_json(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if (key, value) != ("op", "lstm")}


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
        if not isinstance(data["notes"], dict) or not _is_integer(data["version"], VERSION, VERSION):
            raise InvalidArgument("version", describe(data["version"]), f"{VERSION}, and notes an object")
        valid = _read_cases(data["valid"], lambda entry: _read_valid(folder, entry))
        invalid = _read_cases(data["invalid"], lambda entry: _read_invalid(folder, entry))
        return Manifest(folder, data["notes"], valid, invalid)
    except InvalidArgument as error:
        raise error.at(path) from None
    except MALFORMED as error:
        raise InvalidArgument(
            str(path), f"malformed ({type(error).__name__}: {error})", "a manifest (manifest.schema.json)"
        ) from None


# What follows checks all that the programs rely on; the rest of the form is in manifest.schema.json.

MALFORMED = (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError)
AnyCase = TypeVar("AnyCase", Case, InvalidCase)


def _read_cases(entries: list[dict[str, Any]], read: Callable[[dict[str, Any]], AnyCase]) -> list[AnyCase]:
    """Errors name the case."""
    cases: dict[str, AnyCase] = {}
    for entry in entries:
        name = entry["id"]
        if not isinstance(name, str) or not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name):
            raise InvalidArgument("id", describe(name), "lower-case words and digits, joined by hyphens")
        if name in cases:
            raise InvalidArgument(name, "duplicate id", "one")
        try:
            cases[name] = read(entry)
        except InvalidArgument as error:
            raise error.at(name) from None
        except MALFORMED as error:
            raise InvalidArgument(name, f"malformed ({type(error).__name__}: {error})", "a case") from None
    return list(cases.values())


def _read_valid(root: Path, entry: dict[str, Any]) -> Case:
    T, B, digests, tolerance = (*map(entry["dims"].get, "TB"), entry["digest"], entry["tolerance"])
    lengths, fills = entry.get("lengths"), entry.get("fills", {})
    _check([("op", entry["op"], entry["op"] in CONFIGS, f"one of {', '.join(CONFIGS)}")])
    size = 8 if entry["config"].get("dtype") == "float64" else 4
    sizes = {"dims.T": T, "dims.B": B}
    checks = [
        *((name, size, _is_integer(size, 0), "an integer >= 0") for name, size in sizes.items()),
        ("seed", entry["seed"], _is_integer(entry["seed"], 0, 2**53 - 1), "an integer from 0 to 2^53 - 1"),
        ("lengths", lengths, lengths is None or (_are_integers(lengths, 0, T) and len(lengths) == B), "B integers from 0 to T"),
        *(
            (f"digest.{name}", digests.get(name), _is_digest(digests.get(name)), "64 hex digits")
            for name in CONFIGS[entry["op"]].outputs()
        ),
        *((f"fills.{name}", how, _is_fill(how, size), "a fill of spec N8") for name, how in fills.items()),
        *(
            (key, entry.get(key, False), isinstance(entry.get(key, False), bool), "true or false")
            for key in ("initial_state", "stored")
        ),
        ("training", entry.get("training"), entry.get("training") in (None, "seed", "masks"), '"seed" or "masks"'),
        *((key, entry[key], isinstance(entry[key], str), "a string") for key in ("family", "comment")),
        ("flags", entry["flags"], _are_strings(entry["flags"]), "an array of strings"),
        ("tolerance", tolerance, tolerance is None or (type(tolerance) in (int, float) and 0 < tolerance < 1e38), "a number > 0"),
    ]
    _check(checks)
    if entry.get("stored", False):
        _check_files(root / "valid" / entry["id"], [f"{name}.safetensors" for name in STORED])
    return Case.from_json(entry)


def _read_invalid(root: Path, entry: dict[str, Any]) -> InvalidCase:
    case = InvalidCase(**entry)
    _check([(key, entry[key], isinstance(entry[key], str), "a string") for key in ("comment", "model", "error")])
    _check([("op", case.op, case.op in CONFIGS, f"one of {', '.join(CONFIGS)}")])
    _check_files(root, [case.model] if case.inputs is None else [case.model, case.inputs])
    return case


def _check(checks: list[tuple[str, Any, bool, str]]) -> None:
    """(parameter, value, whether it is good, what it should be)"""
    for parameter, value, good, want in checks:
        if not good:
            raise InvalidArgument(parameter, describe(value), want)


def _check_files(folder: Path, names: list[str]) -> None:
    for name in names:
        if not (folder / name).is_file():
            raise InvalidArgument(name, "no such file", f"a file in {folder}")


def _is_integer(value: Any, low: int, high: int = 2**63 - 1) -> bool:
    return type(value) is int and low <= value <= high


def _are_integers(values: Any, low: int, high: int) -> bool:
    return isinstance(values, list) and all(_is_integer(value, low, high) for value in values)


def _are_strings(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _is_fill(how: Any, size: int) -> bool:
    """A kind of the table, with exactly its members, for numbers of so many bytes."""
    members = FILLS.get(how["kind"])
    if members is None or set(how) != {"kind", *members}:
        return False
    if "values" in members:
        return bool(how["values"]) and isinstance(how["values"], list) and all(_is_pattern(v, size) for v in how["values"])
    return all(_is_integer(how[member], *RANGES[size][member]) for member in members)


def _is_pattern(value: Any, size: int) -> bool:
    """32 bits as a number, 64 as text."""
    if size == 4:
        return _is_integer(value, 0, 2**32 - 1)
    return isinstance(value, str) and re.fullmatch("0x[0-9a-f]{16}", value) is not None
