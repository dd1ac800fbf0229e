"""Cases of time, direction, layers, ragged lengths."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..manifest import Case
from .build import case, cycle, scaled

INF, NAN = 0x7F800000, 0x7FC00000


def sequences() -> Iterator[Case]:
    yield from _kinds()
    yield from _extents()


def _kinds() -> Iterator[Case]:
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


def _extents() -> Iterator[Case]:
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
