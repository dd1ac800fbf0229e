"""What cpp/bindings/functions.hpp defines, in _native_nanobind too. Callers are told what they got wrong in native.py."""

from collections.abc import Callable, Sequence
from typing import Any

from numpy import float32, float64, int64
from numpy.typing import NDArray

Reals = NDArray[float32] | NDArray[float64]  # of one type throughout, the engine's
State = tuple[Reals, Reals] | Reals  # (h, c), or h where there is no c

class Recurrent: ...  # and Recurrent64, which make64 makes; a Stream64 looks like a Stream

class Stream:
    def step(self, x: Any, /) -> Reals: ...
    def step_into(self, x: Any, y: Reals, /) -> None: ...
    def state(self) -> State: ...
    def set_state(self, h: Reals | None, c: Reals | None, /) -> None: ...

def available_isas() -> list[str]: ...
def make(config: str, tensors: Sequence[tuple[str, NDArray[float32]]], isa: str, num_threads: int, /) -> Recurrent: ...
def make64(config: str, tensors: Sequence[tuple[str, NDArray[float64]]], isa: str, num_threads: int, /) -> Recurrent: ...
def isa(network: Recurrent, /) -> str: ...
def forward(
    network: Recurrent, x: Reals, h_0: Reals | None, c_0: Reals | None, lengths: NDArray[int64] | None,
    seed: NDArray[int64] | None, masks: Sequence[Reals],
    y: Reals, h_n: Reals | None, c_n: Reals | None, /,
) -> None: ...  # fmt: skip
def forward_plain(network: Recurrent, x: Any, state: Any, out: Any, /) -> tuple[Reals, State] | None: ...
def forward_trace(
    network: Recurrent, x: Reals, h_0: Reals | None, c_0: Reals | None, lengths: NDArray[int64] | None,
    seed: NDArray[int64] | None, masks: Sequence[Reals],
    y: Reals, h_n: Reals | None, c_n: Reals | None, trace: Sequence[Reals], /,
) -> None: ...  # fmt: skip
def make_stream(network: Recurrent, batch: int, convert: Callable[..., Reals], /) -> Stream: ...
