"""One step at a time, the state carried."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from . import _binding
from .config import Config, Expected, check_array, check_output, check_state, describe, is_integer, split_state, to_array
from .errors import InvalidArgument

Array = np.ndarray


class Stream:
    """A batch of sequences that arrive one step at a time; the `stream` of an LSTM, a GRU or an RNN makes it. The bits are those of one call over the whole.

    step(x) -> y: x (B, I), y (B, R), float32 or, if the network is, float64. Nothing is allocated: y is the stream's own array, the same every time, and the
        next step overwrites it; copy it to keep it. It may be the next x.
    step_into(x, y): the same into an array of the caller's, C-contiguous, writable, sharing no memory with x.

    Both are the compiled engine's own methods, and take x as a call over a whole sequence does. Streams are independent of each other; each is
    for one thread at a time. Weights loaded into the network later do not reach it. Raises InvalidArgument for what does not fit.
    """

    __slots__ = ("__weakref__", "_batch", "_config", "_native", "step", "step_into")

    step: Callable[[Any], Array]
    step_into: Callable[[Any, Array], None]

    def __init__(self, config: Config, network: "_binding.engine.Recurrent", batch: int = 1, state: Any = None) -> None:
        if not is_integer(batch) or batch < 1:
            raise InvalidArgument("batch", describe(batch), "an integer of at least 1")
        if not config.outputs_fit(0, batch):
            raise InvalidArgument("memory", "too little for this case", "a smaller one")
        self._config, self._batch = config, int(batch)
        self._native = _binding.engine.make_stream(network, self._batch, partial(_convert, config, self._batch))
        self.step, self.step_into = self._native.step, self._native.step_into
        if state is not None:
            self.reset(state)

    @property
    def config(self) -> Config:
        return self._config

    @property
    def batch(self) -> int:
        """B."""
        return self._batch

    @property
    def state(self) -> Any:
        """Copies of (h, c), or of h where there is no c: what a call over all steps so far gives as (h_n, c_n), or h_n."""
        return self._native.state()

    def reset(self, state: Any = None) -> None:
        """Starts anew from (h, c), (L, B, R) and (L, B, H), or from h where there is no c, default +0; on an error nothing changes."""
        states = check_state(self.config, self.batch, *split_state(self.config, state))
        self._native.set_state(*(None if value is None else np.require(value, requirements=["C", "A"]) for value in states))

    def __repr__(self) -> str:
        return f"Stream(batch={self.batch}, {self.config})"

    def __reduce__(self) -> Any:
        raise TypeError("a Stream cannot be copied or pickled: network.stream(batch, stream.state) goes on from where it is")


def _convert(config: Config, batch: int, x: Any, *y: Any) -> Array:
    """What the engine asks for when x or y does not fit as it is: an x that does. Only y may not be converted."""
    expected = Expected("(B, I)", (batch, config.input_size))
    if x is None:
        raise InvalidArgument("x", "missing", str(expected))
    array = to_array("x", x)
    check_array("x", array, config.real, None, from_file=False)
    if array.ndim != 2:
        raise InvalidArgument("x", f"rank {array.ndim}", "2 (B, I)")
    check_array("x", array, config.real, expected, from_file=False)
    for out in y:
        check_output("y", out, config.real, config.expected_step(batch), {"x": (x, array)})
    return np.require(array, requirements=["C", "A"])
