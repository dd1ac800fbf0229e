"""Cases that lay sigmoid and tanh open."""

from collections.abc import Iterator
from typing import Any

from ..manifest import Case
from .build import case, choice, cycle
from .ladder import SIGMOID_LADDER, TANH_LADDER


def activations() -> Iterator[Case]:
    """Sigmoid and tanh laid open: with these weights h_n is sigmoid(z_o) and c_n is tanh(z_g), bit for bit."""
    zero: dict[str, Any] = dict(weight=choice(0.0), x=choice(0.0), bias_hh_l0=choice(0.0), h_0=choice(0.0))
    for part, values in _parts("sigmoid", SIGMOID_LADDER):
        n = len(values)
        yield case(part, "activations", "ACTIVATION", "h_n = sigmoid(z_o): c = 64, so tanh(c) = 1", 1, n, c_0=choice(64.0), **zero,
                   bias_ih_l0=cycle(*[0.0] * n, *[40.0] * n, *[0.0] * n, *values))  # fmt: skip
    for part, values in _parts("tanh", TANH_LADDER):
        n = len(values)
        yield case(part, "activations", "ACTIVATION", "c_n = tanh(z_g): i = 1 and c_0 = 0", 1, n, c_0=choice(0.0), **zero,
                   bias_ih_l0=cycle(*[40.0] * n, *[0.0] * n, *values, *[0.0] * n))  # fmt: skip


def _parts(name: str, ladder: tuple[int, ...], size: int = 129) -> Iterator[tuple[str, tuple[int, ...]]]:
    for start in range(0, len(ladder), size):
        yield f"{name}-ladder-{start // size}", ladder[start : start + size]
