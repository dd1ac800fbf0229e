"""Cases of layer normalisation (spec/variants.md, section 7)."""

from collections.abc import Iterator
from typing import Any

from ..manifest import Case
from .build import choice, uniform, wide, wide_ranges
from .variants import INF, NAN, SIZES, Network, moderate

EVERYTHING = {"layer_norm": "separate", "cell_norm": "state", "hidden_norm": True, "norm_epsilon": 0.125, "peephole": True}
NETWORKS = {
    "norm-joint": Network("lstm", "NORM", {"layer_norm": "joint"}),
    "norm-gate": Network("lstm", "NORM", {"layer_norm": "gate"}),
    "norm-separate": Network("lstm", "NORM", {"layer_norm": "separate"}),
    "norm-cell-output": Network("lstm", "CELL_NORM", {"cell_norm": "output"}),
    "norm-cell-state": Network("lstm", "CELL_NORM", {"cell_norm": "state"}),
    "norm-hidden": Network("lstm", "HIDDEN_NORM", {"hidden_norm": True}),
    "norm-projected": Network("lstm", "HIDDEN_NORM PROJECTION", {"hidden_norm": True, "cell_norm": "output"}, is_projected=True),
    "norm-everything": Network("lstm", "NORM CELL_NORM HIDDEN_NORM EPSILON PROJECTION PEEPHOLE", EVERYTHING, is_projected=True),
    "norm-gru-gate": Network("gru", "NORM", {"layer_norm": "gate"}),
    "norm-gru-separate": Network("gru", "NORM HIDDEN_NORM", {"layer_norm": "separate", "hidden_norm": True}),
    "norm-gru-before-gate": Network("gru", "NORM RESET_MODE", {"reset_after": False, "layer_norm": "gate"}),
    "norm-gru-before-separate": Network("gru", "NORM RESET_MODE", {"reset_after": False, "layer_norm": "separate"}),
    "norm-rnn-joint": Network("rnn", "NORM HIDDEN_NORM", {"layer_norm": "joint", "hidden_norm": True}),
    "norm-rnn-separate": Network("rnn", "NORM EPSILON", {"layer_norm": "separate", "norm_epsilon": 0.5}),
}


def normalised() -> Iterator[Case]:
    for name, network in NETWORKS.items():
        yield network.case(f"{name}-one-step", name, "", "one step of a few units", 3, 4, stored=True)
        for n, H in enumerate((*SIZES, 32, 129)):
            yield network.case(f"{name}-size-h{H}", name, "TAIL_LANE CHUNK_ORDER", f"H = {H}", (3, 16, 65)[n % 3], H, T=2, B=(1, 2, 3, 5)[n % 4],
                               **moderate(H))  # fmt: skip
        for L, bidirectional, bias in ((1, True, True), (2, False, False), (2, True, True)):
            id = f"{name}-stack-l{L}-d{1 + bidirectional}"
            yield network.case(id, name, "STACK REVERSE PADDING", "layers and directions of ragged rows", 6, 9, T=4, B=3, L=L, has_bias=bias,
                               bidirectional=bidirectional, batch_first=L == 1, lengths=[4, 0, 2])  # fmt: skip
        yield network.case(f"{name}-long", name, "STATE_CARRY", "T = 30", 5, 17, T=30, B=2)
        yield network.case(f"{name}-no-steps", name, "EMPTY", "T = 0", 3, 6, T=0, B=2)
        small = {group: uniform(-9) for group in ("weight", "bias", "x", "state")}
        yield network.case(f"{name}-small", name, "EPSILON", "a variance no larger than epsilon", 4, 9, T=2, B=2, **small)
        yield from _hazards(name, network)


def _hazards(name: str, network: Network) -> Iterator[Case]:
    for kind, (lo, hi), flags in wide_ranges():
        fills: dict[str, Any] = {group: wide(lo, hi) for group in ("weight", "bias", "x", "state")}
        yield network.case(f"{name}-wide-{kind}", name, flags, f"biased exponents {lo} to {hi}", 3, 17, T=2, B=2, **fills)
    special = choice(0.0, -0.0, INF, INF | 1 << 31, NAN, 1, 0x80000001, 1.0, -2.5)
    for group in ("x", "state"):
        yield network.case(f"{name}-special-{group}", name, "NAN OVERFLOW SIGNED_ZERO SUBNORMAL", f"NaN, infinities and zeros in {group}", 2, 9, T=2, B=6,
                           **{group: special})  # fmt: skip
    constant: dict[str, Any] = dict(weight=choice(0.5), bias=choice(-0.0))
    yield network.case(
        f"{name}-constant", name, "EPSILON SIGNED_ZERO", "all units equal: a variance of 0", 2, 6, T=2, B=2, **constant
    )
