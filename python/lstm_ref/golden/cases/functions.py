"""Cases that lay the activation functions open: by themselves, and in every place that one may be chosen for."""

from collections.abc import Iterator
from typing import Any

from ...activation import DEFAULTS
from ...config import CONFIGS
from ..manifest import Case
from .build import case, choice, cycle, wide
from .ladder import FUNCTION_LADDER, SOFTPLUS_LADDER

LAID_OPEN: tuple[Any, ...] = (  # also with parameters that are not the defaults
    *DEFAULTS,
    ("leaky_relu", -0.5),
    ("leaky_relu", 1.5),
    ("elu", 0.3),
    ("elu", -2.0),
    ("hard_sigmoid", 0.16666667, 0.5),
    ("hard_sigmoid", -1.5, 0.25),
    ("affine", -2.5, 0.1),
    ("scaled_tanh", 1.7159, 0.6666667),
    ("scaled_tanh", -0.1, 30.0),
    ("thresholded_relu", 0.0),
    ("thresholded_relu", -0.5),
)


def functions() -> Iterator[Case]:
    yield from _laid_open()
    yield from _in_every_place()


def _laid_open() -> Iterator[Case]:
    """h_n = f(z) of a plain RNN, and z is the bias bit for bit: every product underflows to -0, which leaves even a -0 as it is."""
    nothing: dict[str, Any] = dict(weight=choice(1), x=choice(-0.25), h_0=choice(-0.25), bias_hh_l0=choice(-0.0))
    for n, function in enumerate(LAID_OPEN):
        name = function if isinstance(function, str) else function[0]
        ladder = (*SOFTPLUS_LADDER, *FUNCTION_LADDER) if name == "softplus" else FUNCTION_LADDER
        for clip in (0.0, 2.5) if name in ("relu", "affine", "tanh") else (0.0,):
            id = f"function-{n}-{name.replace('_', '-')}" + "-clip" * bool(clip)
            yield case(id, "functions", "ACTIVATION CLIP" if clip else "ACTIVATION", f"h_n = {name}(z)", 1, len(ladder), op="rnn",
                       options={"candidate_activation": function, "clip": clip}, bias_ih_l0=cycle(*ladder), **nothing)  # fmt: skip


def _in_every_place() -> Iterator[Case]:
    for op, config in CONFIGS.items():
        for place in (key for key in config.options() if key.endswith("_activation")):
            for n, function in enumerate(LAID_OPEN):
                id = f"activation-{op}-{place.split('_')[0]}-{n}"
                name = function if isinstance(function, str) else function[0]
                if op == "lstm" and name == ("sigmoid" if place.startswith("gate") else "tanh"):
                    continue  # the plain LSTM
                options = {place: function}
                yield case(id, "chosen", "ACTIVATION", f"{place} {name}", 4, 9, T=4, B=3, op=op, options=options)
                yield case(f"{id}-wide", "chosen", "ACTIVATION OVERFLOW NAN", f"{place} {name}, biased exponents 100 to 255", 3, 17, T=2, B=2,
                           op=op, options=options, x=wide(100, 255), bidirectional=n % 2 == 0)  # fmt: skip
