"""Generated cases of real sizes, kept as digests."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..manifest import Case
from .build import case, scaled, wide, wide_ranges

SIZES = (
    1,
    7,
    8,
    9,
    15,
    16,
    17,
    31,
    33,
    63,
    64,
    65,
    127,
    129,
)  # around vectors, tiles and chunks


def generated() -> Iterator[Case]:
    yield from _sizes()
    yield from _single()
    yield from _batches()
    yield from _long()
    yield from _large()
    yield from _stacks()
    yield from _ragged()
    yield from _wide()


def _sizes() -> Iterator[Case]:
    """Every pair of sizes around vectors, tiles and chunks, at changing batch sizes."""
    batches = (1, 2, 3, 5, 1, 4)
    for n, (H, I) in enumerate((H, I) for H in SIZES for I in SIZES):
        yield case(
            f"size-i{I}-h{H}", "sizes", "TAIL_LANE CHUNK_ORDER", f"I = {I}, H = {H}", I, H, T=2, B=batches[n % 6], **scaled(H)
        )


def _single() -> Iterator[Case]:
    """One step: as few and as odd a number of rows as there can be, at every number of panels that a tile may take."""
    for H in sorted({*SIZES, 20, 24, 40, 48, 50, 72, 80, 96, 100, 112}):
        yield case(f"single-h{H}", "sizes", "TAIL_LANE BIAS", f"T = B = 1, H = {H}", 70, H, **scaled(H))
    for H in (17, 33, 65):
        for B in (3, 5, 7, 9, 11, 13):
            yield case(f"single-h{H}-b{B}", "sizes", "TAIL_LANE BIAS", f"T = 1, B = {B}, H = {H}", 70, H, B=B, **scaled(H))


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
    for name, (lo, hi), flags in wide_ranges():
        for n, (I, H, T, B) in enumerate(((3, 5, 2, 2), (16, 16, 2, 1), (65, 17, 3, 2), (31, 33, 2, 3), (8, 64, 2, 1))):
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
