"""Every valid case and why it is there (spec/vectors.md). The list is the design of the vectors; the generator only fills it in."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..config import LSTMConfig
from .ladder import SIGMOID_LADDER, TANH_LADDER
from .manifest import Case

NOTES = {
    "GATE_ORDER": "Tells the 24 orders of the four gates apart.",
    "TRANSPOSE": "A recurrent matrix read transposed changes the output.",
    "BIAS": "Both biases matter, their sum is rounded once, and there may be none.",
    "FUSION": "A product and a sum rounded separately where the specification fuses them, or fused where it does not.",
    "DOUBLE_ROUNDING": "A float32 fma made from float64 operations that round twice.",
    "CHUNK_ORDER": "Another chunk size, another order of the chunks, or chunks that span x and h.",
    "TAIL_LANE": "Sizes that are no multiple of a vector, a tile or a chunk.",
    "SIGNED_ZERO": "-0 and +0 told apart: padding, initial values, odd symmetry.",
    "SUBNORMAL": "Subnormal inputs, products, states or outputs: flushing shows.",
    "OVERFLOW": "Infinities that arise on the way, and saturated gates.",
    "NAN": "NaN spreads within its row and no further.",
    "ACTIVATION": "Inputs over the whole range of sigmoid and tanh; where one bit of a coefficient shows.",
    "INITIAL_STATE": "h_0 and c_0 used, and not mixed up.",
    "STATE_CARRY": "h and c carried from step to step.",
    "PADDING": "Steps past a row's length: not computed, zero in y, the state kept.",
    "REVERSE": "The reverse direction: its own weights, its own start, its place in y and in the state.",
    "STACK": "Layers on layers: widths, order of the states, who feeds whom.",
    "BATCH_FIRST": "(B, T, I) read as such, the states unchanged.",
    "BATCH_INVARIANCE": "The same row in batches of every size.",
    "EMPTY": "T = 0, B = 0, lengths of 0.",
    "FILE_ORDER": "Tensors found by their offsets, not by their place in the header; data at any alignment.",
    "LARGE": "Sizes of real models.",
}

SIZES = (1, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129)  # around vectors, tiles and chunks
NAN, INF = 0x7FC00000, 0x7F800000


def all_cases() -> list[Case]:
    cases = [
        *_steps(),
        *_numbers(),
        *_fmas(),
        *_more_numbers(),
        *_activations(),
        *_sequences(),
        *_more_sequences(),
        *_sizes(),
        *_batches(),
        *_long(),
        *_large(),
        *_stacks(),
        *_ragged(),
        *_wide(),
    ]
    names = [case.id for case in cases]
    assert len(set(names)) == len(names), "two cases of one name"
    return cases


# Building blocks ----------------------------------------------------------------------------------------------------


def uniform(exponent: int) -> dict[str, Any]:
    return {"kind": "uniform", "exponent": exponent}


def wide(lo: int, hi: int) -> dict[str, Any]:
    return {"kind": "wide", "lo": lo, "hi": hi}


def cycle(*values: Any) -> dict[str, Any]:
    """The given numbers, row-major, repeated; an int is a bit pattern, a float itself."""
    return {"kind": "cycle", "values": _patterns(values)}


def choice(*values: Any) -> dict[str, Any]:
    return {"kind": "choice", "values": _patterns(values)}


def _patterns(values: Any) -> list[int]:
    return [v if isinstance(v, int) else int(np.float32(v).view(np.uint32)) for v in np.array(values, object).ravel().tolist()]


DEFAULT_FILLS = {"weight": uniform(0), "bias": uniform(0), "x": uniform(1), "state": uniform(0)}


def case(id: str, family: str, flags: str, comment: str, I: int, H: int, *, T: int = 1, B: int = 1, L: int = 1, has_bias: bool = True,
         batch_first: bool = False, bidirectional: bool = False, lengths: list[int] | None = None, has_state: bool = True,
         stored: bool = False, **fills: Any) -> Case:  # fmt: skip
    """A case; its seed comes from its name, so that cases can be added without changing others."""
    return Case(
        id=id, op="lstm", family=family, flags=tuple(flags.split()), comment=comment,
        config=LSTMConfig(I, H, L, has_bias, batch_first, bidirectional), T=T, B=B,
        lengths=None if lengths is None else np.array(lengths, np.int64), initial_state=has_state,
        seed=int.from_bytes(id.encode()[-6:], "big"), fills=DEFAULT_FILLS | fills, stored=stored,
    )  # fmt: skip


def scaled(H: int) -> dict[str, Any]:
    """Weights and biases of about 1/sqrt(H), as trained and freshly initialised models have them."""
    exponent = -int(np.ceil(np.log2(max(H, 1)) / 2))
    return {"weight": uniform(exponent), "bias": uniform(exponent)}


# Stored cases: small enough to read, every intermediate kept --------------------------------------------------------


def _steps() -> Iterator[Case]:
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


def _numbers() -> Iterator[Case]:
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


def _more_numbers() -> Iterator[Case]:
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


def _activations() -> Iterator[Case]:
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


def _sequences() -> Iterator[Case]:
    """Time, direction, layers, ragged lengths."""

    def sequence(id: str, flags: str, comment: str, I: int, H: int, **more: Any) -> Case:
        return case(id, "sequences", flags, comment, I, H, stored=True, **more)

    yield sequence("two-steps", "STATE_CARRY", "h and c carried once", 2, 3, T=2)
    yield sequence("ten-steps", "STATE_CARRY", "carried many times", 2, 3, T=10, B=2)
    yield sequence(
        "bidirectional", "REVERSE", "both directions, own weights, forward half of y first", 2, 3, T=4, B=2, bidirectional=True
    )
    yield sequence(
        "bidirectional-one-step", "REVERSE", "T = 1: the directions differ in their weights only", 2, 3, bidirectional=True
    )
    yield sequence("bidirectional-no-bias", "REVERSE BIAS", "without biases", 2, 3, T=3, has_bias=False, bidirectional=True)
    yield sequence("bidirectional-same-weights", "REVERSE", "both directions have the same weights: only the order of time differs", 2, 3, T=4, bidirectional=True,
                   **{f"{n}_l0{d}": cycle(*(np.sin(np.arange(k)) * 0.9)) for n, k in (("weight_ih", 24), ("weight_hh", 36), ("bias_ih", 12), ("bias_hh", 12)) for d in ("", "_reverse")})  # fmt: skip
    yield sequence("two-layers", "STACK", "the second layer reads the first one's h", 3, 4, T=3, B=2, L=2)
    yield sequence("three-layers", "STACK", "three layers", 3, 4, T=2, L=3)
    yield sequence(
        "two-layers-equal-widths", "STACK TRANSPOSE", "I = H: the layers' weights have the same shapes", 4, 4, T=3, L=2
    )
    yield sequence(
        "two-layers-bidirectional",
        "STACK REVERSE",
        "D*H inputs in the second layer; four states",
        3,
        4,
        T=3,
        B=2,
        L=2,
        bidirectional=True,
    )
    yield sequence(
        "three-layers-bidirectional", "STACK REVERSE", "six states: l*D + d, not d*L + l", 2, 3, T=3, L=3, bidirectional=True
    )
    yield sequence("two-layers-no-state", "STACK INITIAL_STATE", "no initial state", 2, 3, T=3, L=2, has_state=False)
    yield sequence("batch-first", "BATCH_FIRST", "x and y are (B, T, ...)", 2, 3, T=4, B=3, batch_first=True)
    yield sequence(
        "batch-first-square", "BATCH_FIRST", "T = B: reading the axes the other way round fits", 2, 3, T=3, B=3, batch_first=True
    )
    yield sequence("batch-first-all", "BATCH_FIRST STACK REVERSE PADDING", "batch first, two layers, both directions, ragged", 2, 3, T=4, B=3, L=2, bidirectional=True,
                   batch_first=True, lengths=[4, 1, 3])  # fmt: skip
    yield sequence("ragged", "PADDING", "rows of different lengths, not sorted", 2, 3, T=4, B=4, lengths=[2, 4, 1, 3])
    yield sequence("ragged-zero", "PADDING EMPTY", "a row of length 0 keeps its initial state", 2, 3, T=3, B=3, lengths=[3, 0, 2])
    yield sequence("ragged-full", "PADDING", "lengths given, all T", 2, 3, T=3, B=2, lengths=[3, 3])
    yield sequence("ragged-none-full", "PADDING", "no row reaches T", 2, 3, T=5, B=2, lengths=[2, 3])
    yield sequence(
        "ragged-reverse",
        "PADDING REVERSE",
        "the reverse direction starts at each row's own end",
        2,
        3,
        T=4,
        B=4,
        bidirectional=True,
        lengths=[4, 2, 0, 1],
    )
    yield sequence(
        "ragged-layers",
        "PADDING STACK REVERSE",
        "every layer stops at the row's length",
        2,
        3,
        T=4,
        B=3,
        L=2,
        bidirectional=True,
        lengths=[1, 4, 2],
    )
    yield sequence("ragged-nan-padding", "PADDING NAN", "NaN and infinity in the padding are never read", 1, 3, T=3, B=2, lengths=[1, 2], bidirectional=True,
                   x=cycle(0.5, -0.75, NAN, 0.25, INF, NAN))  # fmt: skip
    yield sequence(
        "ragged-no-state", "PADDING INITIAL_STATE", "no initial state", 2, 3, T=3, B=3, lengths=[0, 3, 1], has_state=False
    )
    yield sequence("no-steps", "EMPTY", "T = 0: y is empty, the state is the initial one", 2, 3, T=0, B=2)
    yield sequence(
        "no-steps-layers",
        "EMPTY STACK REVERSE",
        "T = 0 with four states, NaN and -0 among them",
        2,
        2,
        T=0,
        B=1,
        L=2,
        bidirectional=True,
        state=cycle(NAN, -0.0, 0.5),
    )
    yield sequence("no-rows", "EMPTY", "B = 0: everything is empty", 2, 3, T=3, B=0)
    yield sequence("no-rows-no-steps", "EMPTY", "T = 0 and B = 0", 2, 3, T=0, B=0, bidirectional=True)
    yield sequence(
        "all-lengths-zero",
        "EMPTY PADDING",
        "all lengths 0: y is zero, the state is the initial one",
        2,
        3,
        T=2,
        B=2,
        lengths=[0, 0],
        bidirectional=True,
    )
    yield sequence(
        "same-rows",
        "BATCH_INVARIANCE",
        "all rows equal: so must be the outputs",
        3,
        4,
        T=1,
        B=5,
        x=cycle(0.5, -0.25, 1.5),
        h_0=cycle(0.5, 0.25, -0.5, 1.0),
        c_0=cycle(1.0, 0.5, -1.0, 0.25),
    )


def _more_sequences() -> Iterator[Case]:
    """Combinations and extents that the cases above leave out."""

    def sequence(id: str, flags: str, comment: str, I: int, H: int, stored: bool = True, **more: Any) -> Case:
        return case(id, "sequences", flags, comment, I, H, stored=stored, **more)

    yield sequence("ragged-zero-special-state", "PADDING EMPTY", "a row of length 0 keeps NaN, -0 and infinity of its state", 2, 3, T=2, B=2, lengths=[0, 2],
                   h_0=cycle(NAN, -0.0, INF, 0.5, 0.25, -0.5), c_0=cycle(-0.0, NAN, 0xFF800000, 0.5, 1.0, 2.0))  # fmt: skip
    yield sequence("ragged-nan-padding-batch-first", "PADDING NAN BATCH_FIRST", "NaN in the padding, batch first", 1, 3, T=3, B=2, lengths=[1, 2], bidirectional=True, batch_first=True,
                   x=cycle(0.5, NAN, INF, -0.75, 0.25, NAN))  # fmt: skip
    yield sequence("ragged-no-bias", "PADDING BIAS", "no bias, ragged", 2, 3, T=3, B=3, has_bias=False, lengths=[3, 1, 2])
    yield sequence(
        "no-bias-no-state",
        "BIAS INITIAL_STATE",
        "neither bias nor state: z starts from +0",
        2,
        3,
        T=2,
        has_bias=False,
        has_state=False,
    )
    yield sequence("no-steps-no-state", "EMPTY", "T = 0 without a state: h_n and c_n are +0", 2, 3, T=0, B=2, has_state=False)
    yield sequence("no-rows-no-state", "EMPTY", "B = 0 without a state", 2, 3, T=2, B=0, has_state=False)
    yield sequence("no-steps-batch-first", "EMPTY BATCH_FIRST", "x is (B, 0, I)", 2, 3, T=0, B=2, batch_first=True)
    yield sequence("no-rows-batch-first", "EMPTY BATCH_FIRST", "x is (0, T, I)", 2, 3, T=2, B=0, batch_first=True)
    yield sequence("no-steps-lengths", "EMPTY PADDING", "T = 0 with lengths, all 0", 2, 3, T=0, B=2, lengths=[0, 0])
    yield sequence("no-rows-lengths", "EMPTY PADDING", "B = 0 with lengths, none", 2, 3, T=2, B=0, lengths=[])
    yield sequence("eleven-layers", "STACK", "l10 comes after l9, not after l1", 1, 2, T=2, L=11)
    yield sequence("five-layers-bidirectional", "STACK REVERSE", "ten states", 2, 2, T=2, L=5, bidirectional=True)
    yield sequence("three-hundred-steps", "STATE_CARRY", "T = 300", 2, 3, T=300, stored=False)
    yield sequence(
        "long-lengths",
        "PADDING REVERSE",
        "lengths beyond a signed byte",
        2,
        3,
        T=150,
        B=3,
        lengths=[150, 129, 128],
        bidirectional=True,
        stored=False,
    )
    yield sequence(
        "ragged-wide",
        "PADDING",
        "ragged, H of more than a chunk",
        70,
        70,
        T=5,
        B=6,
        lengths=[5, 1, 0, 3, 5, 2],
        stored=False,
        **scaled(70),
    )
    yield sequence(
        "wide-layers",
        "STACK REVERSE CHUNK_ORDER",
        "D*H = 400 inputs in the second layer",
        10,
        200,
        T=2,
        B=2,
        L=2,
        bidirectional=True,
        stored=False,
        **scaled(200),
    )
    yield sequence(
        "batch-first-wide",
        "BATCH_FIRST",
        "batch first, I of more than a chunk",
        100,
        20,
        T=3,
        B=5,
        batch_first=True,
        stored=False,
        **scaled(20),
    )
    for B in (40, 64, 65, 100, 130):
        yield sequence(f"batch-{B}", "BATCH_INVARIANCE", f"B = {B}", 6, 18, T=2, B=B, stored=False, **scaled(18))
    for I, H in ((1100, 8), (4097, 3), (2048, 16)):
        yield sequence(
            f"inputs-{I}", "CHUNK_ORDER", f"I = {I}: chunk after chunk, no sums of sums", I, H, T=2, stored=False, **scaled(I)
        )
    yield sequence("hidden-1100", "CHUNK_ORDER LARGE", "H = 1100: as many chunks of h", 3, 1100, stored=False, **scaled(1100))


# Generated cases: real sizes, kept as digests -----------------------------------------------------------------------


def _sizes() -> Iterator[Case]:
    """Every pair of sizes around vectors, tiles and chunks, at changing batch sizes."""
    batches = (1, 2, 3, 5, 1, 4)
    for n, (H, I) in enumerate((H, I) for H in SIZES for I in SIZES):
        yield case(
            f"size-i{I}-h{H}", "sizes", "TAIL_LANE CHUNK_ORDER", f"I = {I}, H = {H}", I, H, T=2, B=batches[n % 6], **scaled(H)
        )


def _batches() -> Iterator[Case]:
    """Every batch size near a tile."""
    for H in (16, 33, 65):
        for B in (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 31, 32, 33):
            yield case(
                f"batch-h{H}-b{B}", "batches", "BATCH_INVARIANCE TAIL_LANE", f"B = {B}, H = {H}", 10, H, T=2, B=B, **scaled(H)
            )


def _long() -> Iterator[Case]:
    """Long sequences: errors and states accumulate."""
    for T, I, H, B in (
        (50, 8, 8, 1),
        (50, 17, 31, 3),
        (100, 3, 16, 2),
        (100, 33, 33, 1),
        (128, 1, 9, 4),
        (200, 1, 1, 1),
        (200, 5, 17, 1),
        (200, 16, 64, 1),
        (200, 7, 20, 2),
        (199, 10, 20, 1),
    ):
        for direction in ("", "-bidirectional"):
            yield case(
                f"long-t{T}-i{I}-h{H}-b{B}{direction}",
                "long",
                "STATE_CARRY",
                f"T = {T}",
                I,
                H,
                T=T,
                B=B,
                bidirectional=bool(direction),
                **scaled(H),
            )


def _large() -> Iterator[Case]:
    """Sizes of real models; few steps and rows, so that slow implementations stay in the race."""
    for I, H, T, B in ((64, 256, 3, 2), (256, 256, 2, 3), (40, 320, 3, 2), (80, 512, 2, 2), (512, 512, 1, 1), (100, 640, 2, 1), (64, 768, 2, 1), (300, 1000, 1, 1), (1024, 64, 3, 2),
                       (1000, 129, 2, 2), (128, 1024, 2, 1), (1024, 1024, 1, 1), (1023, 1023, 1, 1), (513, 257, 2, 1), (256, 384, 2, 33)):  # fmt: skip
        yield case(f"large-i{I}-h{H}-t{T}-b{B}", "large", "LARGE CHUNK_ORDER", f"I = {I}, H = {H}", I, H, T=T, B=B, **scaled(H))
    for I, H, T, B in ((40, 80, 12, 2), (13, 100, 20, 1), (80, 80, 6, 8), (1, 200, 10, 1), (160, 96, 5, 16), (26, 120, 8, 4), (88, 250, 3, 3), (6, 300, 4, 2), (128, 48, 10, 10), (48, 128, 16, 1),
                       (1, 96, 30, 1), (96, 32, 25, 5), (257, 65, 4, 3), (20, 140, 7, 7)):  # fmt: skip
        yield case(
            f"medium-i{I}-h{H}-t{T}-b{B}",
            "medium",
            "LARGE STATE_CARRY",
            f"I = {I}, H = {H}, T = {T}, B = {B}",
            I,
            H,
            T=T,
            B=B,
            **scaled(H),
        )
        yield case(
            f"medium-i{I}-h{H}-bidirectional",
            "medium",
            "LARGE REVERSE",
            "both directions",
            I,
            H,
            T=2,
            B=B,
            bidirectional=True,
            **scaled(H),
        )
    yield case(
        "large-stack",
        "large",
        "LARGE STACK REVERSE",
        "two bidirectional layers",
        96,
        192,
        T=3,
        B=2,
        L=2,
        bidirectional=True,
        **scaled(192),
    )
    yield case("large-batch", "large", "LARGE BATCH_INVARIANCE", "B = 33", 128, 128, T=4, B=33, **scaled(128))


def _stacks() -> Iterator[Case]:
    """All combinations of layers, directions, bias and layout."""
    for L in (1, 2, 3, 4):
        for bidirectional in (False, True):
            for bias in (False, True):
                for batch_first in (False, True):
                    name = (
                        f"stack-l{L}-d{1 + bidirectional}" + ("" if bias else "-nobias") + ("-batchfirst" if batch_first else "")
                    )
                    yield case(name, "stacks", "STACK REVERSE BIAS BATCH_FIRST", "one of all combinations", 9, 17, T=5, B=4, L=L, has_bias=bias, batch_first=batch_first,
                               bidirectional=bidirectional, **scaled(17))  # fmt: skip


def _ragged() -> Iterator[Case]:
    """Random lengths, zero among them."""
    for n in range(40):
        rng = np.random.Generator(np.random.PCG64(n))
        T, B = int(rng.integers(1, 13)), int(rng.integers(1, 18))
        I, H = int(rng.integers(1, 40)), int(rng.integers(1, 40))
        yield case(f"ragged-{n}", "ragged", "PADDING REVERSE STACK", "random lengths", I, H, T=T, B=B, L=1 + n % 2, bidirectional=n % 4 > 1, batch_first=n % 3 == 0,
                   has_state=n % 5 > 0, lengths=rng.integers(0, T + 1, B).tolist(), **scaled(H))  # fmt: skip


def _wide() -> Iterator[Case]:
    """Bit patterns from the whole range of float32: whatever can happen does."""
    ranges = {
        "subnormal": (0, 3),
        "tiny": (0, 80),
        "around-one": (117, 137),
        "huge": (180, 254),
        "finite": (0, 254),
        "any": (0, 255),
    }
    for name, (lo, hi) in ranges.items():
        for n, (I, H, T, B) in enumerate(((3, 5, 2, 2), (16, 16, 2, 1), (65, 17, 3, 2), (31, 33, 2, 3), (8, 64, 2, 1))):
            flags = "SUBNORMAL SIGNED_ZERO" if hi < 100 else "OVERFLOW NAN" if hi > 200 else "FUSION CHUNK_ORDER"
            fills: dict[str, Any] = {kind: wide(lo, hi) for kind in ("weight", "bias", "x", "state")}
            yield case(f"wide-{name}-{n}", "wide", flags, f"random bits, biased exponents {lo} to {hi}", I, H, T=T, B=B, **fills)
    for n, (I, H, T, B) in enumerate(((3, 5, 2, 2), (16, 16, 2, 1), (65, 17, 3, 2), (31, 33, 2, 3), (8, 64, 2, 1))):
        yield case(
            f"wide-state-{n}",
            "wide",
            "SUBNORMAL OVERFLOW",
            "random bits in the states only",
            I,
            H,
            T=T,
            B=B,
            state=wide(0, 254),
            **scaled(H),
        )
        yield case(
            f"wide-input-{n}", "wide", "SUBNORMAL OVERFLOW", "random bits in x only", I, H, T=T, B=B, x=wide(0, 254), **scaled(H)
        )
