"""A mutant, ways to make one, and whether a case notices it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

from ...config import Config
from ...reference import Step, cells, forward, sequence
from ...reference.arithmetic import Canonical
from ..compare import digest
from ..manifest import Case, Tensors

Inputs = dict[str, Any]  # x, and those of h_0, c_0, lengths that a case has
Run = Callable[[Config, Tensors, Inputs], Sequence[np.ndarray | None]]


@dataclass(frozen=True)
class Mutant:
    """A fault: what it is, the flag of the cases that should catch it, how it computes (y, h_n, c_n), and which networks have it."""

    name: str
    flag: str
    run: Run
    concerns: Callable[[Config], bool] = lambda config: config.op == "lstm" and not config.chosen()
    dtype: str = "float32"  # of the networks that it concerns


class Verdict(NamedTuple):
    mutant: Mutant
    killed_by: str | None  # the id of the first case that noticed, cheapest first


def notices(case: Case, mutant: Mutant) -> bool:
    """Whether the mutant's outputs on this case differ from the canonical ones (a mutant that fails to run is noticed).

    A fault of one variant must not be noticed by chance, in a case of another: those that it does not concern do not count.
    """
    if case.config.dtype != mutant.dtype or not mutant.concerns(case.config):
        return False
    weights, inputs = case.tensors()
    try:
        with np.errstate(all="ignore"):
            outputs = mutant.run(case.config, weights, inputs)
    except (ValueError, IndexError):
        return True  # shapes that no longer fit
    assert case.digest is not None
    found = zip(case.config.outputs(), outputs, strict=False)  # c_n is None where there is none
    return any(digest(np.asarray(value, case.config.real)) != case.digest[name] for name, value in found)


def with_inputs(name: str, flag: str, change: Callable[[Config, Tensors, Inputs], tuple[Config, Tensors, Inputs]]) -> Mutant:
    """The right computation on wrong weights or inputs."""

    def run(config: Config, weights: Tensors, inputs: Inputs):
        config, weights, inputs = change(config, weights, inputs)
        return forward(config, weights, **inputs)

    return Mutant(name, flag, run)


def with_arithmetic(name: str, flag: str, wrong: Canonical) -> Mutant:
    return Mutant(name, flag, lambda config, weights, inputs: forward(config, weights, **inputs, arithmetic=wrong))


def with_patches(
    name: str, flag: str, *patches: Callable[[], AbstractContextManager], arithmetic: Canonical | None = None
) -> Mutant:
    def run(config: Config, weights: Tensors, inputs: Inputs):
        with ExitStack() as stack:
            for make in patches:
                stack.enter_context(make())
            return forward(config, weights, **inputs, arithmetic=arithmetic)

    return Mutant(name, flag, run)


def with_step(name: str, flag: str, step: Callable[..., Step]) -> Mutant:
    return with_patches(name, flag, lambda: patch.dict(cells.STEPS, lstm=step))


def with_layer(name: str, flag: str, layer: Callable[..., Any]) -> Mutant:
    return with_patches(name, flag, lambda: patch.object(sequence, "_layer", layer))


def with_outputs(name: str, flag: str, change: Callable[[Config, Inputs, Any], Sequence[np.ndarray | None]]) -> Mutant:
    return Mutant(name, flag, lambda config, weights, inputs: change(config, inputs, forward(config, weights, **inputs)))


def layers_last(config: Config, state: np.ndarray) -> np.ndarray:
    return state.reshape(config.directions, config.num_layers, *state.shape[1:]).swapaxes(0, 1).reshape(state.shape)


def flushed(array: np.ndarray) -> np.ndarray:
    """Subnormal numbers become zeros of their sign."""
    return np.where(np.abs(array) < np.finfo(array.dtype).tiny, np.copysign(array.dtype.type(0), array), array)
