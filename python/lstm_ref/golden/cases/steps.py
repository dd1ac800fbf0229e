"""Stored cases of one step: the equations one at a time."""

from collections.abc import Iterator
from typing import Any

from ..manifest import Case
from .build import case, choice, cycle, uniform, wide


def steps() -> Iterator[Case]:
    """The equations of one step, one at a time."""

    def step(id: str, flags: str, comment: str, I: int, H: int, **more: Any) -> Case:
        return case(id, "step", flags, comment, I, H, stored=True, **more)

    yield step("one-unit", "BIAS STATE_CARRY", "the smallest LSTM, the one to start with", 1, 1, T=3)
    yield step("one-step", "GATE_ORDER INITIAL_STATE", "one step of a few units", 3, 4)
    yield step(
        "gate-order", "GATE_ORDER TRANSPOSE", "every gate has weights of its own; tells all 24 orders apart", 3, 5, T=4, B=2
    )
    yield step(
        "header-order",
        "FILE_ORDER",
        "the header lists the tensors in another order than the data, and ends in spaces: data unaligned",
        3,
        4,
        T=2,
    )
    yield step("square", "TRANSPOSE", "I = H: W_ih and W_hh have the same shape, so swapping them fits", 4, 4, T=3, B=2)
    yield step("input-only", "BIAS", "recurrent weights are zero", 3, 4, T=2, weight_hh_l0=choice(0.0))
    yield step("recurrent-only", "INITIAL_STATE STATE_CARRY", "input weights are zero", 3, 4, T=4, weight_ih_l0=choice(0.0))
    yield step("no-bias", "BIAS", "bias = false: z starts from +0", 3, 4, T=2, has_bias=False)
    yield step("bias-only", "BIAS", "all weights zero: z is the combined bias", 2, 4, T=2, weight=choice(0.0))
    yield step("bias-ih-only", "BIAS", "b_hh is zero", 2, 3, T=2, bias_hh_l0=choice(0.0))
    yield step("bias-hh-only", "BIAS", "b_ih is zero: ignoring b_hh shows", 2, 3, T=2, bias_ih_l0=choice(0.0))
    yield step("bias-rounding", "BIAS", "b_ih + b_hh is inexact: rounded once, before anything is added", 2, 4, T=2,
               bias_ih_l0=wide(120, 127), bias_hh_l0=wide(112, 127))  # fmt: skip
    yield step("bias-cancels", "BIAS", "b_ih = -b_hh: adding them one after the other to z rounds differently", 3, 3, T=2,
               bias_ih_l0=cycle(8.25, -16.5, 32.125), bias_hh_l0=cycle(-8.25, 16.5, -32.125))  # fmt: skip
    yield step("h-0-only", "INITIAL_STATE", "c_0 is zero", 2, 4, c_0=choice(0.0))
    yield step("c-0-only", "INITIAL_STATE", "h_0 is zero", 2, 4, h_0=choice(0.0))
    yield step(
        "h-0-equals-c-0",
        "INITIAL_STATE",
        "both states the same numbers",
        2,
        4,
        T=2,
        h_0=cycle(0.5, -0.25, 0.75),
        c_0=cycle(0.5, -0.25, 0.75),
    )
    yield step("no-initial-state", "INITIAL_STATE", "no states given: both are +0", 2, 4, T=3, has_state=False)
    yield step(
        "large-cell",
        "OVERFLOW INITIAL_STATE",
        "|c| of hundreds: tanh(c) saturates, c itself is kept",
        2,
        4,
        T=3,
        state=uniform(10),
    )
    yield step(
        "fused-cell",
        "FUSION",
        "c' = fma(f, c, i*g) on many units: separate rounding, or i*g as the fused product, shows",
        2,
        33,
        T=2,
        B=2,
    )
    yield step("open-gates", "STATE_CARRY FUSION", "f and i are 1, o is 1: c sums tanh(z_g) over time", 1, 4, T=6,
               bias_ih_l0=cycle(*[40.0] * 4, *[40.0] * 4, *[0.25, -0.5, 1.0, -2.0], *[40.0] * 4), bias_hh_l0=choice(0.0))  # fmt: skip
    yield step("closed-forget-gate", "STATE_CARRY", "f underflows towards 0: the old cell state leaves", 1, 4, T=3,
               bias_ih_l0=cycle(*[0.5] * 4, *[-100.0, -95.0, -88.0, -20.0], *[0.5] * 8), bias_hh_l0=choice(0.0), state=uniform(3))  # fmt: skip
