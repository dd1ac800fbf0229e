"""A mutant, ways to make one, and whether a case notices it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

from ...config import LSTMConfig
from ...reference import CANONICAL32, Step, forward, sequence
from ...reference.arithmetic import Canonical32
from ..compare import digest
from ..manifest import OUTPUTS, Case, Tensors

Inputs = dict[str, Any]  # x, and those of h_0, c_0, lengths that a case has
Run = Callable[[LSTMConfig, Tensors, Inputs], Sequence[np.ndarray]]


@dataclass(frozen=True)
class Mutant:
    """A fault: what it is, the flag of the cases that should catch it, and how it computes (y, h_n, c_n)."""

    name: str
    flag: str
    run: Run


class Verdict(NamedTuple):
    mutant: Mutant
    killed_by: str | None  # the id of the first case that noticed, cheapest first


def notices(case: Case, mutant: Mutant) -> bool:
    """Whether the mutant's outputs on this case differ from the canonical ones (a mutant that fails to run is noticed)."""
    weights, inputs = case.tensors()
    try:
        with np.errstate(all="ignore"):
            outputs = mutant.run(case.config, weights, inputs)
    except (ValueError, IndexError):
        return True  # shapes that no longer fit
    assert case.digest is not None
    return any(digest(value) != case.digest[name] for name, value in zip(OUTPUTS, outputs, strict=True))


def with_inputs(
    name: str, flag: str, change: Callable[[LSTMConfig, Tensors, Inputs], tuple[LSTMConfig, Tensors, Inputs]]
) -> Mutant:
    """The right computation on wrong weights or inputs."""

    def run(config: LSTMConfig, weights: Tensors, inputs: Inputs):
        config, weights, inputs = change(config, weights, inputs)
        return forward(config, weights, **inputs)

    return Mutant(name, flag, run)


def with_arithmetic(name: str, flag: str, wrong: Canonical32) -> Mutant:
    return Mutant(name, flag, lambda config, weights, inputs: forward(config, weights, **inputs, arithmetic=wrong))


def with_patches(
    name: str, flag: str, *patches: Callable[[], AbstractContextManager], arithmetic: Canonical32 = CANONICAL32
) -> Mutant:
    def run(config: LSTMConfig, weights: Tensors, inputs: Inputs):
        with ExitStack() as stack:
            for make in patches:
                stack.enter_context(make())
            return forward(config, weights, **inputs, arithmetic=arithmetic)

    return Mutant(name, flag, run)


def with_step(name: str, flag: str, step: Callable[..., Step]) -> Mutant:
    return with_patches(name, flag, lambda: patch.object(sequence, "lstm_step", step))


def with_layer(name: str, flag: str, layer: Callable[..., Any]) -> Mutant:
    return with_patches(name, flag, lambda: patch.object(sequence, "_layer", layer))


def with_outputs(name: str, flag: str, change: Callable[[LSTMConfig, Inputs, Any], Sequence[np.ndarray]]) -> Mutant:
    return Mutant(name, flag, lambda config, weights, inputs: change(config, inputs, forward(config, weights, **inputs)))


def layers_last(config: LSTMConfig, state: np.ndarray) -> np.ndarray:
    return state.reshape(config.directions, config.num_layers, *state.shape[1:]).swapaxes(0, 1).reshape(state.shape)


def flushed(array: np.ndarray) -> np.ndarray:
    tiny = np.abs(array) < np.finfo(np.float32).tiny
    return np.where(tiny, np.copysign(np.float32(0), array), array)
