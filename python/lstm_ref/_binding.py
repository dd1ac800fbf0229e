"""The compiled engine, by the binding library that the environment variable LSTM_REF_BINDING names."""

import os
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .config import describe
from .errors import InvalidArgument

VARIABLE = "LSTM_REF_BINDING"
BINDINGS = ("pybind11", "nanobind")  # the first one where none is named


def available() -> list[str]:
    """The binding libraries of this build."""
    return [name for name in BINDINGS if find_spec(f"{__package__}._native_{name}")]


def load(name: str) -> Any:
    """The extension module; raises InvalidArgument when this build does not have it."""
    if name not in (names := available() or BINDINGS):
        raise InvalidArgument(VARIABLE, describe(name), "one of " + ", ".join(names))
    return import_module(f"._native_{name}", __package__)


binding = os.environ.get(VARIABLE) or BINDINGS[0]
if TYPE_CHECKING:
    from . import _native_pybind11 as engine
else:
    engine = load(binding)
