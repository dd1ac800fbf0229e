"""Every network in float64, and with bfloat16 weights (spec/variants.md, section 9)."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..manifest import Case
from . import masks, normalised
from .build import case, choice, patterns64, uniform, wide
from .variants import NETWORKS, Network, moderate

ALL = {"lstm": Network("lstm", "")} | NETWORKS
NORMALISED, MASKED = normalised.NETWORKS, masks.NETWORKS
INF, NAN, TINY = 0x7FF << 52, 0x7FF8 << 48, 1
SIGN = 1 << 63


def _double_rounding() -> Case:
    """h = z = c + a*b, just below halfway between two numbers: in fma(a, b, c) the errors of product and sum, added and
    rounded to nearest, are halfway themselves."""
    b, a, ulp = 2.0**-53 * (1 - 2.0**-52), 1 + 2.0**-52, 2.0**-52
    rows = [value for n in (1, 3, 2, 5, 2**51 + 1) for sign in (1, -1) for value in (1 + n * ulp, sign * a)]
    values = {"weight_ih_l0": rows, "weight_hh_l0": [0.0], "bias": [0.0], "x": [1.0, b], "state": [0.0]}
    fills: dict[str, Any] = {name: {"kind": "cycle", "values": patterns64(*v)} for name, v in values.items()}
    return case("float64-double-rounding", "float64", "DOUBLE_PRECISION DOUBLE_ROUNDING", "just below halfway between two numbers", 2, len(rows) // 2,
                op="rnn", options={"candidate_activation": "affine", "dtype": "float64"}, **fills)  # fmt: skip


def dtypes() -> Iterator[Case]:
    for name, network in ALL.items():
        yield from _float64(f"float64-{name}", _with(network, "float64", "DOUBLE_PRECISION"))
    for name, network in (NORMALISED | MASKED).items():
        yield from _in_brief(f"float64-{name}", "float64", _with(network, "float64", "DOUBLE_PRECISION"), name in MASKED)
    yield from _laid_open()
    yield _double_rounding()
    for name, network in ALL.items():
        yield from _bfloat16(f"bfloat16-{name}", _with(network, "bfloat16", "BRAIN_FLOAT"))
    for name, network in (NORMALISED | MASKED).items():
        yield from _in_brief(f"bfloat16-{name}", "bfloat16", _with(network, "bfloat16", "BRAIN_FLOAT"), name in MASKED)
    yield case("bfloat16-subnormal", "bfloat16", "BRAIN_FLOAT SUBNORMAL", "h = z, weights below 2^-125: subnormal, as what comes of them", 3, 9, T=2, B=2,
               op="rnn", options={"candidate_activation": "affine", "dtype": "bfloat16"}, weight_ih_l0=wide(0, 2), bias=choice(0.0),
               has_state=False)  # fmt: skip


def _with(network: Network, dtype: str, flag: str) -> Network:
    return network._replace(flags=f"{network.flags} {flag}".strip(), options={**network.options, "dtype": dtype})


def _first_steps(name: str, family: str, network: Network) -> Iterator[Case]:
    """Stored, with every intermediate: the ones to start with."""
    yield network.case(f"{name}-one-step", family, "", "one step of a few units", 3, 4, stored=True)
    yield network.case(f"{name}-first", family, "STATE_CARRY", "both directions, two layers, rows of 4, 0 and 2 steps", 3, 5, T=4, B=3, L=2,
                       bidirectional=True, lengths=[4, 0, 2], stored=True)  # fmt: skip


def _float64(name: str, network: Network) -> Iterator[Case]:
    family = "float64"
    yield from _first_steps(name, family, network)
    for n, (I, H) in enumerate(((1, 1), (7, 8), (16, 7), (65, 15), (16, 17), (64, 33), (63, 64), (65, 65))):
        yield network.case(
            f"{name}-size-i{I}-h{H}", family, "TAIL_LANE CHUNK_ORDER", f"I = {I}, H = {H}", I, H, T=2, B=1 + n % 3, **moderate(H)
        )
    for B in (5, 17):
        yield network.case(f"{name}-batch-b{B}", family, "BATCH_INVARIANCE", f"B = {B}", 5, 9, T=2, B=B)
    for n in range(4):
        rng = np.random.Generator(np.random.PCG64(n))
        T, B, I, H = (int(rng.integers(1, limit)) for limit in (7, 7, 16, 16))
        yield network.case(f"{name}-ragged-{n}", family, "PADDING REVERSE", "random lengths", I, H, T=T, B=B, L=1 + n % 2, bidirectional=n % 4 > 1,
                           batch_first=n % 3 == 0, has_state=n % 4 > 0, has_bias=n != 2, lengths=rng.integers(0, T + 1, B).tolist())  # fmt: skip
    yield network.case(f"{name}-long-t30", family, "STATE_CARRY", "T = 30", 3, 8, T=30)
    yield network.case(f"{name}-no-steps", family, "EMPTY", "T = 0, no states given", 3, 6, T=0, B=2, has_state=False)
    yield network.case(f"{name}-no-rows", family, "EMPTY", "B = 0", 3, 6, T=2, B=0)
    yield network.case(f"{name}-rounding", family, "FUSION", "many units: roundings", 8, 33, T=2, B=4)
    for kind, (lo, hi), flags in (
        ("subnormal", (0, 3), "SUBNORMAL SIGNED_ZERO"),
        ("tiny", (0, 600), "SUBNORMAL SIGNED_ZERO"),
        ("around-one", (1010, 1035), "FUSION CHUNK_ORDER"),
        ("huge", (1500, 2046), "OVERFLOW NAN"),
        ("any", (0, 2047), "OVERFLOW NAN"),
    ):
        fills: dict[str, Any] = {group: wide(lo, hi) for group in ("weight", "bias", "x", "state")}
        yield network.case(f"{name}-wide-{kind}", family, flags, f"biased exponents {lo} to {hi}", 5, 9, T=2, B=3, **fills)
    special = {"kind": "choice", "values": patterns64(0.0, -0.0, INF, INF | SIGN, NAN, TINY, TINY | SIGN, 1.0, -2.5)}
    for group in ("x", "state", "bias", "weight"):
        yield network.case(f"{name}-special-{group}", family, "NAN OVERFLOW SIGNED_ZERO SUBNORMAL", f"NaN, infinities and zeros in {group}", 2, 5, T=2, B=6,
                           **{group: special})  # fmt: skip


def _bfloat16(name: str, network: Network) -> Iterator[Case]:
    family = "bfloat16"
    yield from _first_steps(name, family, network)
    for n, (I, H) in enumerate(((1, 1), (7, 15), (16, 17), (65, 33), (64, 65))):
        yield network.case(
            f"{name}-size-i{I}-h{H}",
            family,
            "TAIL_LANE CHUNK_ORDER",
            f"I = {I}, H = {H}",
            I,
            H,
            T=2,
            B=1 + 2 * (n % 2),
            **moderate(H),
        )
    yield network.case(f"{name}-ragged", family, "PADDING REVERSE", "ragged", 9, 18, T=5, B=4, L=2, bidirectional=True, batch_first=True,
                       lengths=[5, 1, 0, 3], **moderate(18))  # fmt: skip
    yield network.case(f"{name}-long-t30", family, "STATE_CARRY", "T = 30", 3, 8, T=30)
    yield network.case(f"{name}-batch-b17", family, "BATCH_INVARIANCE", "B = 17", 5, 9, T=2, B=17)
    fills: dict[str, Any] = {group: wide(0, 255) for group in ("weight", "bias", "x", "state")}
    yield network.case(f"{name}-wide-any", family, "OVERFLOW NAN", "biased exponents 0 to 255", 5, 9, T=2, B=3, **fills)
    special = choice(0.0, -0.0, 0x7F800000, 0xFF800000, 0x7FC00000, 0x00010000, 0x80010000, 1.0, -2.5)
    yield network.case(f"{name}-special-weight", family, "NAN OVERFLOW SIGNED_ZERO SUBNORMAL", "NaN, infinities and zeros in weight", 2, 9, T=2, B=6,
                       weight=special)  # fmt: skip


def _in_brief(name: str, family: str, network: Network, is_masked: bool) -> Iterator[Case]:
    """What the types leave to go wrong in normalisation and masks, in all ways of running."""
    ways = masks.WAYS.items() if is_masked else [("one", None)]
    for n, (way, training) in enumerate(ways):
        yield network.case(
            f"{name}-{way}-step",
            family,
            "",
            "one step of a few units",
            3,
            4,
            L=2,
            training=training,
            stored=family == "float64" and n == 0,
        )
        for H in (9, 17, 33)[n:][: 1 if is_masked else 3]:
            yield network.case(
                f"{name}-{way}-h{H}", family, "TAIL_LANE", f"H = {H}", 7, H, T=3, B=3, L=2, training=training, **moderate(H)
            )
        yield network.case(f"{name}-{way}-ragged", family, "PADDING REVERSE STACK", "ragged rows", 4, 7, T=4, B=3, L=2, bidirectional=True, lengths=[2, 4, 0],
                           training=training)  # fmt: skip
    if family == "float64" and not is_masked:
        fills: dict[str, Any] = {group: wide(700, 1400) for group in ("weight", "bias", "x", "state")}
        yield network.case(
            f"{name}-wide", family, "OVERFLOW NAN SUBNORMAL", "biased exponents 700 to 1400", 3, 9, T=2, B=3, **fills
        )


_MAGNITUDES = np.exp2(np.linspace(-60, 5, 27))
_HALF_LN2 = np.log(2) / 2 * np.array([1, 3, 5, 7, 31, 53, 105, 107, 109, 1001, 2041, 2043, 2045, 2149])
LADDER = patterns64(
    *(0.0, -0.0, INF, INF | SIGN, NAN, TINY, TINY | SIGN, 1 << 52, 1 << 52 | SIGN, INF - 1, INF - 1 | SIGN),
    *(sign * value for value in _MAGNITUDES for sign in (1, -1)),
    *(sign * value for value in _HALF_LN2 for sign in (1, -1)),
    *-np.linspace(704, 747, 23),  # subnormal sigmoids, then zero
    *np.linspace(18.5, 19.2, 5),  # up to where tanh rounds to 1
    *np.linspace(36, 38, 5),  # and sigmoid
)


def _laid_open() -> Iterator[Case]:
    """h_n = f(z) of a plain RNN, and z is the bias bit for bit: every product underflows to -0, which leaves even a -0 as it is."""
    tiny, quarter, zero = ({"kind": "choice", "values": patterns64(value)} for value in (TINY, -0.25, -0.0))
    nothing: dict[str, Any] = dict(weight=tiny, x=quarter, h_0=quarter, bias_hh_l0=zero)
    for function in (
        "sigmoid",
        "tanh",
        "softplus",
        "elu",
        "softsign",
        "leaky_relu",
        "hard_sigmoid",
        ("scaled_tanh", 1.7159, 0.6666667),
    ):
        name = (function if isinstance(function, str) else function[0]).replace("_", "-")
        for part, bias, H in (
            ("ladder", {"kind": "cycle", "values": LADDER}, len(LADDER)),
            ("near", uniform(1), 129),
            ("far", wide(1013, 1032), 129),
        ):
            yield case(f"float64-{name}-{part}", "float64", "DOUBLE_PRECISION ACTIVATION", f"h_n = {name}(z)", 1, H, op="rnn",
                       options={"candidate_activation": function, "dtype": "float64"}, bias_ih_l0=bias, **nothing)  # fmt: skip
