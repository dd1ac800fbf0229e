"""The machine of a run: what a reader needs to judge its numbers, and nothing that names its owner."""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .. import native
from ..conformance.registry import CHECKOUT

PACKAGES = ("numpy", "torch", "onnx", "onnxruntime", "openvino", "jax", "jaxlib", "pybind11", "nanobind")


def describe() -> dict[str, Any]:
    """Processor, caches, cores, kernel, versions, date and commit; None for what the system does not tell."""
    isas = native.available_isas()
    return {
        "cpu": cpu_model(),
        "caches": _caches(),
        "cores": os.cpu_count(),
        "isa": isas[-1],
        "isas": isas,
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "system": f"{platform.system()} {_numbers(platform.release())} {platform.machine()}",
        "libc": " ".join(platform.libc_ver()).strip() or None,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "compiler": _first_line([os.environ.get("CXX", "c++"), "--version"]),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
    }


def cpu_model() -> str:
    """As /proc/cpuinfo says; virtual machines hide the name, but not family and model."""
    lines = (_read("/proc/cpuinfo") or "").splitlines()
    first = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in reversed(lines))}
    if "model name" not in first:
        return platform.processor() or platform.machine()
    return f"{first['model name']}, family {first.get('cpu family', '?')} model {first.get('model', '?')}"


def _caches() -> dict[str, str]:
    """{"L1d": "48K", ...} of the first core."""
    found = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        kind, level, size = (_read(folder / name) for name in ("type", "level", "size"))
        if level and size and kind != "Instruction":
            found[f"L{level}" + ("d" if kind == "Data" else "")] = size
    return found


def _commit() -> str | None:
    commit = _first_line(["git", "-C", str(CHECKOUT), "rev-parse", "--short=12", "HEAD"])
    if commit is None or not re.fullmatch("[0-9a-f]+", commit):
        return None
    changed = _first_line(["git", "-C", str(CHECKOUT), "status", "--porcelain", "--untracked-files=no"])
    return commit + (" with changes" if changed else "")


def _numbers(release: str) -> str:
    """6.1.0 of 6.1.0-somebody's-build."""
    return re.match(r"[\d.]*", release)[0]  # type: ignore[index]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _read(path: str | Path) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None


def _first_line(command: Sequence[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.partition("\n")[0].strip() or None
