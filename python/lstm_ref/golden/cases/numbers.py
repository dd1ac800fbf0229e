"""Cases of the family "numbers": the hazards of floating point."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..manifest import Case
from .build import case, choice, cycle, uniform, wide

INF, NAN = 0x7F800000, 0x7FC00000
FMAS = {  # a, b, c of fma(a, b, c), as patterns, and what a shortcut gives instead
    "ordinary": (
        (0x3F800001, 0x3FC00000, 0x97800000),  # 3fc00001; unfused or twice rounded 3fc00002
        (0xBF800001, 0x3FC00000, 0x17800000),  # the same with the other sign
        (0x3F800003, 0x3FC00000, 0x17800000),  # 3fc00005; twice rounded 3fc00004
        (0x3F800001, 0x337FFFFE, 0x3F800001),  # 3f800001; needs TwoSum, for Fast2Sum the product is too small
        (0x3F800001, 0xB37FFFFE, 0x3F800001),
    ),
    "subnormal": (
        (0x1A000001, 0x19FFFFFE, 0x00400001),  # 00400001; twice rounded 00400002
        (0x1A000B3B, 0x19FFE98C, 0x00400002),  # 00400003; an odd float64 sum moved: 00400002
        (0x1A000001, 0x99FFFFFE, 0x00400002),
        (0x1A000001, 0x99FFFFFE, 0x80400001),
        (0x1A000001, 0x19FFFFFE, 0x00004001),
    ),
}


def numbers() -> Iterator[Case]:
    yield from _hazards()
    yield from _fmas()
    yield from _shortcuts()


def _hazards() -> Iterator[Case]:
    """Hazards of floating point."""

    def number(id: str, flags: str, comment: str, I: int, H: int, **more: Any) -> Case:
        return case(id, "numbers", flags, comment, I, H, stored=True, **more)

    yield number("fma-crafted", "DOUBLE_ROUNDING FUSION", "fma(0x3f800001, 0x3fc00000, -2^-80) = 0x3fc00001; unfused and twice-rounded give 0x3fc00002",
                 2, 4, weight_ih_l0=cycle(0xA7800000, 0x3F800001), x=cycle(2.0**-32, 0x3FC00000), weight_hh_l0=choice(0.0),
                 bias=choice(0.0), state=choice(0.0))  # fmt: skip
    yield number("fma-crafted-negative", "DOUBLE_ROUNDING FUSION", "the same with the other sign, in the recurrent part", 1, 2,
                 weight_hh_l0=cycle(0x27800000, 0xBF800001), h_0=cycle(2.0**-32, 0x3FC00000), weight_ih_l0=choice(0.0), bias=choice(0.0))  # fmt: skip
    yield number("fma-halfway", "DOUBLE_ROUNDING", "products of a few leading bits: sums that are exactly halfway, with and without a rest", 9, 8, T=2,
                 weight=choice(*[s * m * 2.0**e for s in (1, -1) for m in (1.0, 1.5, 1.0 + 2**-23) for e in (0, -24, -48)]),
                 x=choice(1.0, 1.5, -1.0, 1.0 + 2**-12), state=choice(1.0, -0.5, 1.5))  # fmt: skip
    yield number("fma-subnormal-halfway", "DOUBLE_ROUNDING SUBNORMAL", "halfway between two subnormal numbers", 5, 4,
                 weight_ih_l0=choice(2.0**-75, 1.5 * 2.0**-75, -(2.0**-75)), x=choice(2.0**-75, 1.5 * 2.0**-75, 2.0**-74, -(2.0**-76)),
                 weight_hh_l0=choice(0.0), bias=choice(0.0), state=choice(0.0))  # fmt: skip
    yield number("fma-sticky", "DOUBLE_ROUNDING", "fma(0x3f800003, 0x3fc00000, 2^-80) = 0x3fc00005: without the sticky rest 0x3fc00004",
                 2, 2, weight_ih_l0=cycle(0x27800000, 0x3F800003), x=cycle(2.0**-32, 0x3FC00000), weight_hh_l0=choice(0.0),
                 bias=choice(0.0), state=choice(0.0))  # fmt: skip
    yield number("fma-subnormal-twice", "DOUBLE_ROUNDING SUBNORMAL", "a subnormal sum rounded twice would be 0x00400002, not 0x00400001; c_n shows it",
                 2, 1, weight_ih_l0=cycle(0.0, 0.0, 0.0, 0.0, 0x00400001, 0x1A000001, 0.0, 0.0), x=cycle(1.0, 0x19FFFFFE), weight_hh_l0=choice(0.0),
                 bias_ih_l0=cycle(40.0, 0.0, 0.0, 0.0), bias_hh_l0=choice(0.0), state=choice(0.0))  # fmt: skip
    yield number("fma-subnormal-odd", "DOUBLE_ROUNDING SUBNORMAL", "moving an odd float64 sum would give 0x00400002, not 0x00400003; c_n shows it",
                 2, 1, weight_ih_l0=cycle(0.0, 0.0, 0.0, 0.0, 0x00400002, 0x1A000B3B, 0.0, 0.0), x=cycle(1.0, 0x19FFE98C), weight_hh_l0=choice(0.0),
                 bias_ih_l0=cycle(40.0, 0.0, 0.0, 0.0), bias_hh_l0=choice(0.0), state=choice(0.0))  # fmt: skip
    yield number("zero-input", "SIGNED_ZERO", "x, h_0 and c_0 are +0", 3, 4, T=2, x=choice(0.0), state=choice(0.0))
    yield number(
        "minus-zero-state",
        "SIGNED_ZERO INITIAL_STATE",
        "c_0 = -0 and i*g = -0: c' is -0",
        1,
        4,
        bias=choice(-0.0),
        weight=choice(0.0),
        x=choice(0.0),
        state=choice(-0.0),
    )
    yield number("minus-zero-products", "SIGNED_ZERO TAIL_LANE", "products that underflow to -0: one more fma or addition of +0 would make them +0",
                 1, 3, bias=choice(-0.0), bias_hh_l0=choice(-0.0), weight_ih_l0=choice(-(2.0**-100)), x=choice(2.0**-100),
                 weight_hh_l0=choice(-(2.0**-100)), h_0=choice(2.0**-100), c_0=choice(-0.0))  # fmt: skip
    yield number("minus-zero-factor", "SIGNED_ZERO", "a sum of -0 meets a factor of -0: an x spread over the lanes as 0 + x loses the sign",
                 2, 3, weight=cycle(2.0**-149, 1.0), x=cycle(-0.25, -0.0), weight_hh_l0=cycle(-(2.0**-149), 1.0, 1.0),
                 h_0=cycle(0.25, -0.0, -0.0), bias=choice(-0.0), c_0=choice(-0.0))  # fmt: skip
    yield number("minus-zero-tail", "SIGNED_ZERO TAIL_LANE CHUNK_ORDER", "the same with K = 65 and 5: in the tail of a chunk and of a vector", 65, 5,
                 bias=choice(-0.0), weight=choice(-(2.0**-100)), x=choice(2.0**-100), h_0=choice(2.0**-100), c_0=choice(-0.0))  # fmt: skip
    yield number("signed-zero-mix", "SIGNED_ZERO", "zeros of both signs everywhere", 3, 5, T=3, B=2, weight=choice(0.0, -0.0, 1.0), bias=choice(0.0, -0.0),
                 x=choice(0.0, -0.0), state=choice(0.0, -0.0))  # fmt: skip
    yield number("no-bias-zero", "SIGNED_ZERO BIAS", "without bias z starts from +0, which beats -0", 1, 3, has_bias=False, weight=choice(-(2.0**-100)),
                 x=choice(2.0**-100), h_0=choice(2.0**-100), c_0=choice(-0.0))  # fmt: skip
    yield number("subnormal-input", "SUBNORMAL", "x is subnormal and the weights large: flushing the input shows", 3, 4, T=2, x=wide(0, 0),
                 weight_ih_l0=uniform(127), weight_hh_l0=uniform(0))  # fmt: skip
    yield number(
        "subnormal-weight", "SUBNORMAL", "weights are subnormal, inputs large", 3, 4, T=2, weight=wide(0, 0), x=uniform(127)
    )
    yield number("subnormal-state", "SUBNORMAL INITIAL_STATE", "c_0 and h_0 are subnormal and stay so: f near 1", 2, 5, T=3, state=wide(0, 0),
                 bias_ih_l0=cycle(*[-104.0] * 5, *[30.0] * 5, *[0.0] * 5, *[1.0] * 5), bias_hh_l0=choice(0.0), weight=choice(0.0))  # fmt: skip
    yield number("subnormal-partial-sum", "SUBNORMAL", "partial sums pass through subnormal numbers", 12, 4, weight_ih_l0=wide(40, 64), x=wide(40, 64),
                 weight_hh_l0=choice(0.0), bias=choice(0.0))  # fmt: skip
    yield number("subnormal-output", "SUBNORMAL", "o is subnormal: sigmoid of -88 to -103", 1, 8, T=2, weight=choice(0.0), state=uniform(2),
                 bias_ih_l0=cycle(*[1.0] * 24, -87.0, -87.5, -88.0, -90.0, -95.0, -100.0, -103.5, -104.5), bias_hh_l0=choice(0.0))  # fmt: skip
    yield number("tiny-cell", "SUBNORMAL", "c underflows step by step", 1, 4, T=8, weight=choice(0.0), x=choice(0.0), c_0=choice(2.0**-140, -(2.0**-141)),
                 bias_ih_l0=cycle(*[-104.0] * 4, *[-1.0] * 4, *[0.0] * 8), bias_hh_l0=choice(0.0))  # fmt: skip
    yield number(
        "overflow-sum",
        "OVERFLOW",
        "partial sums overflow to infinity and the gates saturate",
        4,
        4,
        T=2,
        weight=uniform(127),
        x=uniform(4),
    )
    yield number(
        "overflow-cancels",
        "OVERFLOW NAN",
        "infinity minus infinity: NaN in some units, not in others",
        4,
        4,
        weight=choice(2.0**127, -(2.0**127), 1.0),
        x=choice(4.0, -4.0, 0.5),
    )
    yield number("overflow-cell", "OVERFLOW", "c grows past the largest float32", 1, 3, T=2, c_0=choice(3.4028235e38, -3.4028235e38), weight=choice(0.0),
                 bias_ih_l0=cycle(*[40.0] * 12), bias_hh_l0=choice(0.0))  # fmt: skip
    yield number(
        "infinite-input",
        "OVERFLOW",
        "x holds infinities: saturated gates, NaN where weights cancel",
        3,
        4,
        T=2,
        x=choice(INF, 0xFF800000, 1.0),
    )
    yield number("infinite-cell", "OVERFLOW INITIAL_STATE", "c_0 infinite: tanh is 1, f = 0 would give NaN", 1, 4, c_0=choice(INF, 0xFF800000), weight=choice(0.0),
                 bias_ih_l0=cycle(*[1.0] * 4, 1.0, -200.0, 30.0, -1.0, *[1.0] * 8), bias_hh_l0=choice(0.0))  # fmt: skip
    yield number("nan-input", "NAN BATCH_INVARIANCE", "one row of x is NaN; the others must not notice", 2, 3, T=2, B=3,
                 x=cycle(0.5, 1.0, NAN, 0xFFC00001, -0.5, 0.25, 1.0, 1.0, 0.5, 0.5, 0.75, -1.0))  # fmt: skip
    yield number(
        "nan-weight",
        "NAN",
        "a NaN weight spreads to the unit, then through h to all",
        2,
        3,
        T=3,
        weight_ih_l0=cycle(0.5, 0.25, NAN, *[0.125] * 21),
    )
    yield number(
        "nan-state", "NAN INITIAL_STATE", "a NaN in c_0 of one unit", 2, 3, T=2, B=2, c_0=cycle(0.5, NAN, 0.25, 1.0, 0.5, 0.5)
    )
    yield number("large-and-small", "CHUNK_ORDER FUSION", "terms from 2^-30 to 2^30: the order of the sum shows", 70, 6, weight_ih_l0=wide(97, 157), x=uniform(0),
                 bias=uniform(4))  # fmt: skip
    yield number("cancellation", "CHUNK_ORDER", "sums that cancel: what is left are the roundings", 130, 3, weight_ih_l0=choice(1e8, -1e8, 3.0), x=choice(1.0, 1.0 + 2**-20),
                 weight_hh_l0=uniform(0))  # fmt: skip
    yield number(
        "chunk-boundary", "CHUNK_ORDER TAIL_LANE", "K = 64 + 1: chunks of x end before those of h begin", 65, 3, T=2, x=uniform(3)
    )


def _fmas() -> Iterator[Case]:
    """One fma a unit, its result laid open in c_n: unit j reads the pair x[2j], x[2j+1], and tanh(z) = z for so small a z."""
    for name, triples in FMAS.items():
        n = len(triples)
        shift = 1.0 if name == "subnormal" else 2.0**-20  # exact, and small enough for tanh to be the identity
        x = [v for _, b, _ in triples for v in (shift, float(np.uint32(b).view(np.float32)) * shift)]
        w = np.zeros((n, n, 2), np.uint32)
        w[range(n), range(n)] = [(c, a) for a, _, c in triples]
        yield case(f"fma-{name}", "numbers", "DOUBLE_ROUNDING FUSION", f"one fma a unit, {name} results: c_n shows them", 2 * n, n, stored=True,
                   weight_ih_l0=cycle(*[0] * (4 * n * n), *w.ravel().tolist(), *[0] * (2 * n * n)), x=cycle(*x), weight_hh_l0=choice(0.0),
                   bias_ih_l0=cycle(*[40.0] * n, *[0.0] * (3 * n)), bias_hh_l0=choice(0.0), state=choice(0.0))  # fmt: skip


def _shortcuts() -> Iterator[Case]:
    """Shortcuts that are right for most numbers, and the hazards again at random and in larger sizes."""

    def number(id: str, flags: str, comment: str, I: int, H: int, **more: Any) -> Case:
        return case(id, "numbers", flags, comment, I, H, stored=True, **more)

    yield number("plus-zero-start", "SIGNED_ZERO", "a partial sum starts at +0, not at its first product: products of -0, z = +0", 1, 2, weight=choice(-0.0), x=choice(1.0),
                 h_0=choice(1.0), bias=choice(-0.0), c_0=choice(-0.0))  # fmt: skip
    yield number(
        "zero-weight-infinite-input",
        "NAN",
        "0 * infinity is NaN: a zero weight must not be skipped",
        2,
        2,
        weight_ih_l0=cycle(0.0, 1.0),
        x=cycle(INF, 0.5),
    )
    yield number(
        "zero-input-infinite-weight",
        "NAN",
        "infinity * 0 is NaN: a zero input must not be skipped",
        2,
        2,
        weight_ih_l0=cycle(INF, 1.0, 0.5, 1.0),
        x=cycle(0.0, 0.5),
    )
    yield number(
        "no-state-infinite-weight",
        "NAN INITIAL_STATE",
        "without h_0, h is +0 and takes part: infinity * 0 is NaN",
        2,
        3,
        has_state=False,
        weight_hh_l0=cycle(INF, *[0.5] * 35),
    )
    yield number(
        "no-state-nan-weight",
        "NAN INITIAL_STATE",
        "the same with NaN",
        2,
        3,
        has_state=False,
        weight_hh_l0=cycle(NAN, *[0.5] * 35),
    )
    yield number("zero-row-nan-weight", "NAN", "a whole row of zeros in x does not hide a NaN weight", 3, 2, B=2, x=cycle(0.0, 0.0, 0.0, 1.0, 0.5, 0.25),
                 weight_ih_l0=cycle(0.5, NAN, 0.25, *[1.0] * 21))  # fmt: skip
    yield number("nan-cell-closed-gate", "NAN INITIAL_STATE", "f = 0 does not hide a NaN in c_0", 1, 2, c_0=cycle(NAN, 1.0), weight=choice(0.0),
                 bias_ih_l0=cycle(1.0, 1.0, -200.0, -200.0, 1.0, 1.0, 1.0, 1.0), bias_hh_l0=choice(0.0))  # fmt: skip
    yield number(
        "nan-hidden", "NAN INITIAL_STATE", "a NaN in h_0 of one row", 2, 3, T=2, B=2, h_0=cycle(0.5, 0.25, 0.125, 0.5, NAN, 0.25)
    )
    yield number("infinite-input-layers", "OVERFLOW NAN STACK", "infinities and NaN through two layers and both directions", 2, 3, T=3, B=2, L=2, bidirectional=True,
                 x=choice(INF, 0xFF800000, NAN, 0.5, -1.0, 2.0, 0.25, 1.5))  # fmt: skip
    for n, (I, H, T, B) in enumerate(
        ((9, 16, 3, 2), (12, 24, 2, 3), (33, 17, 4, 1), (70, 40, 2, 2), (5, 64, 3, 1), (64, 33, 2, 4))
    ):
        yield case(f"halfway-{n}", "numbers", "DOUBLE_ROUNDING FUSION", "few leading bits at random", I, H, T=T, B=B, weight=choice(1.0, -1.0, 1.5, -0.5, 1.0 + 2**-23, 2.0**-24, -(2.0**-48)),
                   x=choice(1.0, 1.5, -1.0, 1.0 + 2**-12, -0.75), state=choice(1.0, -0.5, 1.5, 0.25))  # fmt: skip
        yield case(
            f"spread-{n}",
            "numbers",
            "CHUNK_ORDER FUSION",
            "magnitudes of weights over 2^24",
            I,
            H,
            T=T,
            B=B,
            weight=wide(103, 127),
            x=uniform(0),
        )
        yield case(
            f"subnormal-{n}",
            "numbers",
            "SUBNORMAL",
            "subnormal inputs and states among ordinary weights",
            I,
            H,
            T=T,
            B=B,
            x=wide(0, 2),
            state=wide(0, 2),
            bias=wide(0, 4),
        )
        yield case(f"signed-zeros-{n}", "numbers", "SIGNED_ZERO", "zeros of both signs, tiny products", I, H, T=T, B=B, weight=choice(0.0, -0.0, 2.0**-100, -(2.0**-100)),
                   bias=choice(0.0, -0.0), x=choice(0.0, -0.0, 2.0**-60), state=choice(0.0, -0.0))  # fmt: skip
