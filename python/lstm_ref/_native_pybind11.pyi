"""What cpp/bindings/functions.hpp defines, in _native_nanobind too. Callers of LSTM are told what they got wrong in native.py."""

from collections.abc import Callable, Sequence
from typing import Any

from numpy import float32, int64
from numpy.typing import NDArray

State = tuple[NDArray[float32], NDArray[float32]]

class LSTM: ...

class Stream:
    def step(self, x: Any, /) -> NDArray[float32]: ...
    def step_into(self, x: Any, y: NDArray[float32], /) -> None: ...
    def state(self) -> State: ...
    def set_state(self, h: NDArray[float32] | None, c: NDArray[float32] | None, /) -> None: ...

def available_isas() -> list[str]: ...
def make_lstm(
    input_size: int, hidden_size: int, num_layers: int, bias: bool, batch_first: bool, bidirectional: bool,
    tensors: Sequence[tuple[str, NDArray[float32]]], isa: str, num_threads: int, /,
) -> LSTM: ...  # fmt: skip
def isa(lstm: LSTM, /) -> str: ...
def forward(
    lstm: LSTM, x: NDArray[float32], h_0: NDArray[float32] | None, c_0: NDArray[float32] | None, lengths: NDArray[int64] | None,
    y: NDArray[float32], h_n: NDArray[float32] | None, c_n: NDArray[float32] | None, /,
) -> None: ...  # fmt: skip
def forward_plain(lstm: LSTM, x: Any, state: Any, out: Any, /) -> tuple[NDArray[float32], State] | None: ...
def forward_trace(
    lstm: LSTM, x: NDArray[float32], h_0: NDArray[float32] | None, c_0: NDArray[float32] | None, lengths: NDArray[int64] | None,
    y: NDArray[float32], h_n: NDArray[float32] | None, c_n: NDArray[float32] | None, trace: Sequence[NDArray[float32]], /,
) -> None: ...  # fmt: skip
def make_stream(lstm: LSTM, batch: int, convert: Callable[..., NDArray[float32]], /) -> Stream: ...
