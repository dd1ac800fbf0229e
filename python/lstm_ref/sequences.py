"""The other forms in which PyTorch's users have sequences: one without a batch axis, and packed. Each leads to the usual call.

A network here is one of native.py or of torch/: it is called, has a config, and checks what it is given by
check(name, value, expected), which gives it back as an array or a tensor.
"""

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .config import Config, Expected, check_array, check_output, describe, split_state, to_array
from .errors import InvalidArgument, format_shape

Array = np.ndarray
Check = Callable[[str, Any, Expected], Any]


def refuse(form: str, **arguments: Any) -> None:
    """Arguments that have no meaning beside an x of this form."""
    for name, value in arguments.items():
        if value is not None:
            raise InvalidArgument(name, describe(value), f"none beside {form}")


# One sequence ---------------------------------------------------------------------------------------------------------


def is_unbatched(x: Any) -> bool:
    """Whether x is (T, I)."""
    return x is not None and (x if hasattr(x, "ndim") else to_array("x", x)).ndim == 2


def forward_unbatched(network: Any, check: Check, x: Any, state: Any, lengths: Any, out: Any, trace: Any,
                      seed: Any = None, masks: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """y (T, D*R) and final states (L*D, R or H) for x (T, I): those of a batch of one, without the batch axis. So is the trace."""
    refuse("an x (T, I)", lengths=lengths, masks=masks)
    config, given = network.config, x
    x = check("x", x, expect_unbatched(config, "x", len(x)))
    states = {}
    if state is not None:
        for name, value in zip(config.state, split_state(config, state), strict=False):
            states[f"{name}_0"] = check(f"{name}_0", value, expect_unbatched(config, name))
        state = join_state([value[:, None] for value in states.values()])
    steps: dict[str, Any] | None = None if trace is None else {}
    more = {} if seed is None else {"seed": seed}
    if out is not None:
        inputs = {"x": (given, x)} | {name: (value,) for name, value in states.items()}
        check_output("out", out, config.real, expect_unbatched(config, "y", len(x)), inputs)
        more["out"] = _with_batch(config, out)
    y, final = network(_with_batch(config, x), state, trace=steps, **more)
    if steps is not None:
        trace.update({name: value[:, 0] for name, value in steps.items()})
    y = y.squeeze(0 if config.batch_first else 1) if out is None else out
    return y, join_state([value[:, 0] for value in split_final(final)])


def _with_batch(config: Config, value: Any) -> Any:
    return value[None] if config.batch_first else value[:, None]


def expect_unbatched(config: Config, name: str, steps: int = 0) -> Expected:
    """Shape of x, y, h or c without a batch axis: (T, B, I) = (5, 1, 3) becomes (T, I) = (5, 3)."""
    rows = (1, steps) if config.batch_first else (steps, 1)
    batched = {"x": config.expected_input, "y": config.expected_output}
    expected = batched[name](rows) if name in batched else config.expected_state(1, name)
    axes = expected.symbols.strip("()").split(", ")
    kept = [(axis, size) for axis, size in zip(axes, expected.shape, strict=True) if axis != "B"]
    return Expected(f"({', '.join(axis for axis, _ in kept)})", tuple(size for _, size in kept))


def join_state(values: list[Any]) -> Any:
    """The pair (h, c), or h where it is alone."""
    return tuple(values) if len(values) > 1 else values[0]


def split_final(state: Any) -> list[Any]:
    """The parts of a final state."""
    return list(state) if isinstance(state, tuple) else [state]


# Packed ---------------------------------------------------------------------------------------------------------------


def is_packed(x: Any) -> bool:
    """Whether x is a `torch.nn.utils.rnn.PackedSequence`. Who has one has imported PyTorch; nobody else is made to."""
    rnn = sys.modules.get("torch.nn.utils.rnn")
    return rnn is not None and isinstance(x, rnn.PackedSequence)


def forward_packed(network: Any, check: Check, x: Any, state: Any, lengths: Any, out: Any, trace: Any,
                   seed: Any = None, masks: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """y packed like x, and the final states, as tensors: what the padded call with lengths gives, bit for bit.

    As in PyTorch the rows of the states are in the order of the batch before it was packed, and `batch_first` is not looked at.
    """
    from torch import as_tensor

    refuse("a PackedSequence", lengths=lengths, out=out, masks=masks)
    config = network.config
    if x.data is None:
        raise InvalidArgument("x.data", "missing", f"(N, I) with I = {config.input_size}")
    rows = (x.data if hasattr(x.data, "shape") else to_array("x.data", x.data)).shape[:1]
    if not rows:
        raise InvalidArgument("x.data", "rank 0", "2 (N, I)")
    data = as_tensor(check("x.data", x.data, Expected("(N, I)", (*rows, config.input_size))))
    places = find_places(x)
    padded = data.new_zeros(len(x.batch_sizes), len(places.lengths), config.input_size)
    padded[places.steps, places.rows] = data
    more = {} if seed is None else {"seed": seed}
    y, final = network(_swapped(config, padded), state, as_tensor(places.lengths), trace=trace, **more)
    y = _swapped(config, as_tensor(y))[places.steps, places.rows]
    return x._replace(data=y), join_state([as_tensor(value) for value in split_final(final)])


def _swapped(config: Config, value: Any) -> Any:
    """From time-major to the layout of x and y, or back."""
    return value.swapaxes(0, 1) if config.batch_first else value


class Places(NamedTuple):
    """Where the N vectors of a packed sequence belong: vector k is step steps[k] of row rows[k]. Row b has lengths[b] of them."""

    steps: Array
    rows: Array
    lengths: Array


def find_places(packed: Any) -> Places:
    """Rows in the order before packing. Nothing of a PackedSequence is taken on trust: anyone can make one of anything."""
    sizes = _integers("x.batch_sizes", packed.batch_sizes, "(T,)", None)
    limit, last = len(packed.data), "N"
    for t, size in enumerate(sizes.tolist()):  # rows are sorted by length, so that those with a step t come first
        if not 1 <= size <= limit:
            raise InvalidArgument(f"x.batch_sizes[{t}]", str(size), f"1 <= size <= {last} = {limit}")
        limit, last = size, f"batch_sizes[{t}]"
    total = sum(sizes.tolist())
    if total != len(packed.data):
        raise InvalidArgument("x.batch_sizes", f"a sum of {total}", f"the number of vectors, N = {len(packed.data)}")
    B = int(sizes[0]) if len(sizes) else 0
    order = _check_order(packed, B)
    steps, places = (np.arange(B) < sizes[:, None]).nonzero()  # (N,): row by row of the (T, B) places, as they lie in data
    lengths = np.zeros(B, np.int64)
    lengths[order] = np.bincount(places, minlength=B)
    return Places(steps, order[places], lengths)


def _check_order(packed: Any, B: int) -> Array:
    """sorted_indices, or 0 .. B - 1 where there are none."""
    counted = np.arange(B)
    if packed.sorted_indices is None:
        if packed.unsorted_indices is not None:
            raise InvalidArgument("x.unsorted_indices", describe(packed.unsorted_indices), "none beside no sorted_indices")
        return counted
    order = _integers("x.sorted_indices", packed.sorted_indices, "(B,)", (B,))
    if not np.array_equal(np.sort(order), counted):
        raise InvalidArgument("x.sorted_indices", "no permutation", f"one of 0 to B - 1 = {B - 1}")
    inverse = _integers("x.unsorted_indices", packed.unsorted_indices, "(B,)", (B,))
    if not np.array_equal(inverse, np.argsort(order)):
        raise InvalidArgument("x.unsorted_indices", "something else", "the inverse of sorted_indices")
    return order


def _integers(name: str, value: Any, symbols: str, shape: tuple[int, ...] | None) -> Array:
    """A tensor of int64 on any device, of rank 1."""
    if not hasattr(value, "cpu"):
        raise InvalidArgument(name, describe(value), "a torch.Tensor")
    array = to_array(name, value.cpu())
    check_array(name, array, np.int64, None if shape is None else Expected(symbols, shape), from_file=False)
    if array.ndim != 1:
        raise InvalidArgument(name, f"shape {format_shape(array.shape)}", symbols)
    return array


OTHER_RANKS = " or 2 (T, I)"  # in an error about the rank of x
OTHER_FORMS = ((is_packed, forward_packed), (is_unbatched, forward_unbatched))
