"""Reading and writing the project's files, strictly (spec/model-file.md).

The safetensors package writes them. Reading is done here: the checks, their order and their words are part of the
specification and the same in C++ and Go, which a general reader cannot promise.
"""

import errno
import json
import os
import struct
import tempfile
from collections.abc import Container, Mapping
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy

from .bfloat16 import BFLOAT16, from_bfloat16, to_bfloat16
from .config import (
    CHECKS,
    CONFIG_KEYS,
    CONFIGS,
    FLAGS,
    FORMAT_VERSION,
    OPTIONS,
    REASONS,
    SIZES,
    Config,
    Inputs,
    check_inputs,
    check_tensors,
    describe,
)
from .environment import canonical_environment
from .errors import InvalidArgument, format_shape
from .strict_json import MAX_INTEGER, Members, parse_object

METADATA_KEY = "lstm_ref"
MAX_HEADER = 100_000_000
MAX_RANK = 8
DTYPES: dict[str, np.dtype] = {
    "BF16": BFLOAT16.newbyteorder("<"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "I64": np.dtype("<i8"),
}


class File(NamedTuple):
    """The tensors of a file, in the order of its header, and its metadata (None when it has none)."""

    tensors: dict[str, np.ndarray]
    metadata: dict[str, str] | None


# Reading ------------------------------------------------------------------------------------------------------------


def read_bytes(path: str | os.PathLike) -> bytes:
    """The file's bytes; InvalidArgument says why when it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InvalidArgument("file", f"cannot be read ({error.strerror})", "a readable file") from None
    except ValueError:  # a path with U+0000
        raise InvalidArgument("file", f"cannot be read ({os.strerror(errno.EINVAL)})", "a readable file") from None


def read_model(data: bytes) -> tuple[Config, dict[str, np.ndarray]]:
    """Configuration and weights of a model file. Raises InvalidArgument for the first of checks 1 to 8 that fails."""
    tensors, metadata = read_container(data)
    config = _read_config(metadata)
    check_tensors(config, tensors)
    return config, {name: from_bfloat16(value) if value.dtype == BFLOAT16 else value for name, value in tensors.items()}


def read_inputs(data: bytes, config: Config) -> Inputs:
    """x, h_0, c_0, lengths of an inputs file for a model. Raises InvalidArgument: checks 1 to 4 and 9 to 13."""
    tensors, _ = read_container(data)
    given: dict[str, Any] = {name: tensors.get(name) for name in config.inputs()}
    masks = {name: tensor for name, tensor in tensors.items() if name not in given}
    return check_inputs(config, **given, masks=masks, from_file=True)


def read_tensors(data: bytes) -> dict[str, np.ndarray]:
    """All tensors of any such file. Raises InvalidArgument: checks 1 to 4."""
    return read_container(data).tensors


def read_container(data: bytes) -> File:
    """Checks 1 to 4 of spec/model-file.md, in its order."""
    if len(data) < 8:  # check 1
        raise InvalidArgument("file", f"{len(data)} bytes", "at least 8 (the header length)")
    (length,) = struct.unpack_from("<Q", data)
    limit = min(len(data) - 8, MAX_HEADER)
    if length > limit:
        raise InvalidArgument("header", f"length {length}", f"at most {limit} (bytes after the first 8)")
    header, body = data[8 : 8 + length], data[8 + length :]

    members = parse_object(header)  # check 2
    if members is None or not header.startswith(b"{"):
        raise InvalidArgument("header", "invalid JSON", "a JSON object")

    metadata: dict[str, str] | None = None
    entries: dict[str, _Entry] = {}
    for name, value in members:  # check 3
        if name == "__metadata__":
            if metadata is not None:
                raise InvalidArgument(name, "duplicate key", "one")
            metadata = _read_metadata(value)
        elif name in entries:
            raise InvalidArgument(name, "duplicate tensor", "one")
        else:
            entries[name] = _read_entry(name, value, len(body))

    end = 0
    for name, entry in sorted(entries.items(), key=lambda item: (item[1].begin, item[1].end)):  # check 4
        if entry.begin != end:
            raise InvalidArgument(name, entry.offsets, f"begin = {end} (no gap, no overlap)")
        end = entry.end
    if end != len(body):
        raise InvalidArgument("file", f"{len(body) - end} bytes after the last tensor", "0")

    tensors = {name: _array(entry, body) for name, entry in entries.items()}
    return File(tensors, metadata)


class _Entry(NamedTuple):
    dtype: np.dtype
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def offsets(self) -> str:
        return f"data_offsets [{self.begin}, {self.end}]"


def _array(entry: _Entry, body: bytes) -> np.ndarray:
    """A copy in native byte order: aligned and writable, whatever the file's layout was."""
    flat = (
        np.frombuffer(body, entry.dtype, prod(entry.shape), entry.begin) if entry.begin < entry.end else np.empty(0, entry.dtype)
    )
    return flat.astype(entry.dtype.newbyteorder("=")).reshape(entry.shape)


def _read_metadata(value: Any) -> dict[str, str]:
    if not isinstance(value, Members) or not all(isinstance(text, str) for _, text in value) or value.repeated():
        raise InvalidArgument("__metadata__", "malformed", "an object of strings")
    return dict(value)


def _read_entry(name: str, value: Any, data_size: int) -> _Entry:
    """One tensor's description, checked as far as it can be by itself."""
    malformed = InvalidArgument(name, "malformed entry", "dtype, shape and data_offsets")
    if not isinstance(value, Members) or sorted(key for key, _ in value) != ["data_offsets", "dtype", "shape"]:
        raise malformed
    member = dict(value)
    dtype_name, shape, offsets = member["dtype"], member["shape"], member["data_offsets"]
    if not (isinstance(dtype_name, str) and _are_sizes(shape, range(MAX_RANK + 1)) and _are_sizes(offsets, (2,))):
        raise malformed
    if dtype_name not in DTYPES:
        raise InvalidArgument(name, f"dtype {dtype_name}", "BF16, F32, F64 or I64")
    dtype = DTYPES[dtype_name]
    if prod(n for n in shape if n) * dtype.itemsize >= 2**63:
        raise InvalidArgument(name, f"shape {format_shape(shape)}", "a size in bytes below 2^63")
    entry = _Entry(dtype, tuple(shape), *offsets)
    if not entry.begin <= entry.end <= data_size:
        raise InvalidArgument(name, entry.offsets, f"0 <= begin <= end <= {data_size}")
    size = prod(shape) * dtype.itemsize
    if entry.end - entry.begin != size:
        raise InvalidArgument(name, entry.offsets, f"{size} bytes for shape {format_shape(shape)} of {dtype_name}")
    return entry


def _are_sizes(value: Any, counts: Container[int]) -> bool:
    """An array (not an object, which is a list of members) of integers >= 0, as many as counts allows."""
    return type(value) is list and len(value) in counts and all(type(n) is int and 0 <= n <= MAX_INTEGER for n in value)


@canonical_environment()
def _read_config(metadata: dict[str, str] | None) -> Config:
    """Checks 5 and 6."""
    if metadata is None or METADATA_KEY not in metadata:
        raise InvalidArgument("__metadata__", f"no key {METADATA_KEY}", "the configuration under that key")
    members = parse_object(metadata[METADATA_KEY].encode("utf-8"))
    if members is None:
        raise InvalidArgument("config", "invalid JSON", "a JSON object")
    config: dict[str, Any] = {}
    for key, value in members:
        if key in config:
            raise InvalidArgument(f"config.{key}", "duplicate key", "one")
        if key not in (*CONFIG_KEYS, *OPTIONS):
            raise InvalidArgument(f"config.{key}", "unexpected key", f"only {', '.join((*CONFIG_KEYS, *OPTIONS))}")
        config[key] = dict(value) if isinstance(value, Members) else value
    wants = {"format_version": str(FORMAT_VERSION), "op": '"lstm", "gru" or "rnn"'}
    for key in CONFIG_KEYS:
        if key not in config:
            want = wants.get(key) or (f"an integer from 1 to {2**24}" if key in SIZES else "true or false")
            raise InvalidArgument(f"config.{key}", "missing", want)
        value = config[key]
        if key == "op" and isinstance(value, str) and value in CONFIGS:
            continue
        if key in CHECKS:
            CHECKS[key](f"config.{key}", value)
        elif describe(value) != wants[key]:
            raise InvalidArgument(f"config.{key}", describe(value), wants[key])
    op = config["op"]
    for key in OPTIONS:
        if key in config and (op, key) in REASONS:
            raise InvalidArgument(f"config.{key}", f'not for op "{op}"', f"no such key: {REASONS[op, key]}")
        if key in config:
            CHECKS[key](f"config.{key}", config[key])
    try:
        return CONFIGS[op](**{key: config[key] for key in (*SIZES, *FLAGS, *OPTIONS) if key in config})
    except InvalidArgument as error:  # sizes that do not fit together
        raise InvalidArgument(f"config.{error.parameter}", error.got, error.want) from None


# Writing ------------------------------------------------------------------------------------------------------------


def dump_model(config: Config, tensors: Mapping[str, np.ndarray]) -> bytes:
    """The bytes of a model file. Raises InvalidArgument unless tensors are exactly the configuration's."""
    check_tensors(config, tensors, from_file=False)
    stored = {
        name: to_bfloat16(value) if config.stored_as(value.ndim) == BFLOAT16 else value
        for name, value in ((name, np.asarray(value)) for name, value in tensors.items())
    }
    return dump_tensors(stored, {METADATA_KEY: config_text(config)})


@canonical_environment()
def config_text(config: Config) -> str:
    """As a model file holds it."""
    return json.dumps(config.to_json())


def dump_inputs(inputs: Mapping[str, Any]) -> bytes:
    """The bytes of an inputs file: arrays by name, and perhaps a seed, an integer, and masks, arrays by name themselves."""
    tensors = {name: value for name, value in inputs.items() if name not in ("seed", "masks")}
    if "seed" in inputs:
        tensors["seed"] = np.array([inputs["seed"]], np.int64)
    return dump_tensors(tensors | dict(inputs.get("masks", {})))


def dump_tensors(tensors: Mapping[str, np.ndarray], metadata: dict[str, str] | None = None) -> bytes:
    """The bytes of a safetensors file."""
    named = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    halves = [name for name, array in named.items() if array.dtype == BFLOAT16]
    data = safetensors.numpy.save(named | {name: named[name].view(np.uint16) for name in halves}, metadata)
    return _relabelled(data, halves) if halves else data


def _relabelled(data: bytes, halves: list[str]) -> bytes:
    """safetensors.numpy knows no bfloat16: it has written these tensors as U16."""
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    for name in halves:
        header[name]["dtype"] = "BF16"
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the data stay aligned
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def write_atomic(path: str | os.PathLike, data: bytes) -> None:
    """Write to a temporary file beside path, then rename: nobody ever sees half a file. InvalidArgument says why it cannot."""
    try:
        _write_atomic(Path(path), data)
    except OSError as error:
        raise InvalidArgument("file", f"cannot be written ({error.strerror})", "a writable file") from None
    except ValueError:  # a path with U+0000
        raise InvalidArgument("file", f"cannot be written ({os.strerror(errno.EINVAL)})", "a writable file") from None


def _write_atomic(path: Path, data: bytes) -> None:
    is_device = path.exists() and not path.is_file() and not path.is_dir()
    if is_device or path.is_relative_to("/dev"):  # written to, not replaced; /dev/stdout may lead to an ordinary file
        path.write_bytes(data)
        return
    path = Path(os.path.realpath(path))  # the file that a link leads to, not the link
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp makes it private; a model file is an ordinary file
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def save(path: str | os.PathLike, config: Config, tensors: Mapping[str, np.ndarray]) -> None:
    """Write a model file; errors about the file name the path first."""
    data = dump_model(config, tensors)
    try:
        write_atomic(path, data)
    except InvalidArgument as error:
        raise error.at(path) from None


def load(path: str | os.PathLike) -> tuple[Config, dict[str, np.ndarray]]:
    """Read a model file; errors name the path first."""
    try:
        return read_model(read_bytes(path))
    except InvalidArgument as error:
        raise error.at(path) from None
