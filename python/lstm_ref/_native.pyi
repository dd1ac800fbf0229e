"""What cpp/bindings/functions.hpp defines: no checks here, those are in native.py."""

from collections.abc import Sequence

from numpy import float32, int64
from numpy.typing import NDArray

class LSTM: ...

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
def forward_trace(
    lstm: LSTM, x: NDArray[float32], h_0: NDArray[float32] | None, c_0: NDArray[float32] | None, lengths: NDArray[int64] | None,
    y: NDArray[float32], h_n: NDArray[float32] | None, c_n: NDArray[float32] | None, trace: Sequence[NDArray[float32]], /,
) -> None: ...  # fmt: skip
