"""lstm_ref: the reference LSTM. One specification, one arithmetic, the same bits in every language.

The names that need the compiled engine or PyTorch are loaded on first use, so that the NumPy reference needs neither.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .bfloat16 import round_to_bfloat16
from .config import GRUConfig, LSTMConfig, RNNConfig
from .errors import InvalidArgument
from .version import __version__

if TYPE_CHECKING:
    from ._binding import binding
    from .native import GRU, LSTM, RNN, available_isas, load
    from .stream import Stream

__all__ = [
    "GRU", "LSTM", "RNN", "GRUConfig", "InvalidArgument", "LSTMConfig", "RNNConfig", "Stream", "__version__", "available_isas",
    "binding", "load", "round_to_bfloat16",
]  # fmt: skip

_LAZY = {
    "GRU": "native", "LSTM": "native", "RNN": "native", "Stream": "stream", "available_isas": "native", "binding": "_binding",
    "load": "native",
}  # fmt: skip
_SUBMODULES = ("reference", "torch")


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    if name in _SUBMODULES:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_SUBMODULES})
