"""Cases of every variant (spec/variants.md): each by itself through all sizes and sequences, and everything that combines with everything."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from ..manifest import Case
from .build import case, choice, scaled, wide, wide_ranges

INF, NAN = 0x7F800000, 0x7FC00000


class Network(NamedTuple):
    """An op with options, and the flags of what its cases catch. A projection's size follows from H."""

    op: str
    flags: str
    options: Mapping[str, Any] = {}
    is_projected: bool = False

    def case(self, id: str, family: str, flags: str, comment: str, I: int, H: int, **more: Any) -> Case:
        """R changes with the case, and is smaller than H."""
        options = dict(self.options)
        if self.is_projected:
            H = max(H, 2)
            options["proj_size"] = 1 + (5 * H + 3 * I + len(id)) % (H - 1)
        return case(id, family, f"{self.flags} {flags}".strip(), comment, I, H, op=self.op, options=options, **more)


NETWORKS = {
    "projection": Network("lstm", "PROJECTION", is_projected=True),
    "peephole": Network("lstm", "PEEPHOLE", {"peephole": True}),
    "coupled": Network("lstm", "COUPLED", {"input_forget": True}),
    "clip": Network("lstm", "CLIP", {"clip": 0.75}),
    "everything": Network(
        "lstm", "PROJECTION PEEPHOLE COUPLED CLIP", {"peephole": True, "input_forget": True, "clip": 1.25}, True
    ),
    "gru": Network("gru", "RESET_MODE"),
    "gru-before": Network("gru", "RESET_MODE", {"reset_after": False}),
    "gru-clip": Network("gru", "RESET_MODE CLIP", {"clip": 0.75}),
    "rnn": Network("rnn", "PLAIN_RNN"),
    "rnn-relu": Network("rnn", "PLAIN_RNN ACTIVATION", {"candidate_activation": "relu"}),
}


def moderate(H: int) -> dict[str, Any]:
    """The default, where that does not saturate every gate."""
    return scaled(H) if H > 17 else {}


SIZES = (1, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65)  # around vectors, tiles and chunks


def variants() -> Iterator[Case]:
    for name, network in NETWORKS.items():
        yield from _first_steps(name, network)
        yield from _sizes(name, network)
        yield from _sequences(name, network)
        yield from _hazards(name, network)
    yield from _combinations()


def _first_steps(name: str, network: Network) -> Iterator[Case]:
    """Stored, with every intermediate: the ones to start with."""
    yield network.case(f"{name}-one-step", name, "", "one step of a few units", 3, 4, stored=True)
    yield network.case(f"{name}-first", name, "STATE_CARRY", "both directions, two layers, rows of 4, 0 and 2 steps", 3, 5, T=4, B=3, L=2,
                       bidirectional=True, lengths=[4, 0, 2], stored=True)  # fmt: skip


def _sizes(name: str, network: Network) -> Iterator[Case]:
    batches = (1, 2, 3, 5, 1, 4)
    for n, (H, I) in enumerate(product(SIZES, (1, 16, 65))):
        yield network.case(
            f"{name}-size-i{I}-h{H}",
            name,
            "TAIL_LANE CHUNK_ORDER",
            f"I = {I}, H = {H}",
            I,
            H,
            T=2,
            B=batches[n % 6],
            **moderate(H),
        )
    for H in (1, 16, 17, 33, 129):
        yield network.case(f"{name}-single-h{H}", name, "TAIL_LANE", f"T = B = 1, H = {H}", 70, H, **moderate(H))
    for B in (2, 3, 5, 8, 9, 16, 17):
        yield network.case(f"{name}-batch-b{B}", name, "BATCH_INVARIANCE", f"B = {B}", 10, 17, T=2, B=B, **moderate(17))


def _sequences(name: str, network: Network) -> Iterator[Case]:
    for L, bidirectional, bias, batch_first in product((1, 2), *[(False, True)] * 3):
        id = f"{name}-stack-l{L}-d{1 + bidirectional}" + ("" if bias else "-nobias") + ("-batchfirst" if batch_first else "")
        yield network.case(id, name, "STACK REVERSE BIAS", "one of all combinations", 6, 9, T=4, B=3, L=L, has_bias=bias,
                           batch_first=batch_first, bidirectional=bidirectional)  # fmt: skip
    for n in range(14):
        rng = np.random.Generator(np.random.PCG64(n))
        T, B, I, H = (int(rng.integers(1, limit)) for limit in (9, 9, 24, 24))
        yield network.case(f"{name}-ragged-{n}", name, "PADDING REVERSE", "random lengths", I, H, T=T, B=B, L=1 + n % 2, bidirectional=n % 4 > 1,
                           batch_first=n % 3 == 0, has_state=n % 5 > 0, lengths=rng.integers(0, T + 1, B).tolist(), **moderate(H))  # fmt: skip
    for T, I, H, B in ((50, 3, 8, 1), (40, 1, 17, 2), (30, 9, 16, 1)):
        yield network.case(f"{name}-long-t{T}", name, "STATE_CARRY", f"T = {T}", I, H, T=T, B=B, **moderate(H))
    yield network.case(f"{name}-no-state", name, "INITIAL_STATE", "no states given", 3, 6, T=3, has_state=False)
    yield network.case(f"{name}-no-steps", name, "EMPTY", "T = 0", 3, 6, T=0, B=2)
    yield network.case(f"{name}-no-rows", name, "EMPTY", "B = 0", 3, 6, T=2, B=0)


def _hazards(name: str, network: Network) -> Iterator[Case]:
    """Bit patterns from the whole range of float32: whatever can happen does."""
    for kind, (lo, hi), flags in wide_ranges():
        for n, (I, H, T, B) in enumerate(((3, 5, 2, 2), (16, 17, 2, 3))):
            fills: dict[str, Any] = {group: wide(lo, hi) for group in ("weight", "bias", "x", "state")}
            yield network.case(f"{name}-wide-{kind}-{n}", name, flags, f"biased exponents {lo} to {hi}", I, H, T=T, B=B, **fills)
    special = choice(0.0, -0.0, INF, INF | 1 << 31, NAN, 1, 0x80000001, 1.0, -2.5)
    for group in ("x", "state", "bias", "weight"):
        yield network.case(f"{name}-special-{group}", name, "NAN OVERFLOW SIGNED_ZERO SUBNORMAL", f"NaN, infinities and zeros in {group}", 2, 9, T=2, B=6,
                           **{group: special})  # fmt: skip
    yield network.case(f"{name}-rounding", name, "FUSION", "many units: roundings", 8, 65, T=2, B=4)


ODD = ("leaky_relu", 0.25)  # an activation that nothing has by default
CHOICES: dict[str, dict[str, Any]] = {  # of each option, besides its default
    "lstm": {"peephole": True, "input_forget": True, "clip": 0.5, "gate_activation": "hard_sigmoid", "candidate_activation": ODD, "output_activation": "softsign"},
    "gru": {"reset_after": False, "clip": 0.5, "gate_activation": "hard_sigmoid", "candidate_activation": ODD},
    "rnn": {"clip": 0.5, "candidate_activation": ODD},
}  # fmt: skip


def _combinations() -> Iterator[Case]:
    """Every set of options of every op, those of one variant above once more."""
    for op, choices in CHOICES.items():
        for n, chosen in enumerate(product((False, True), repeat=len(choices))):
            options = {key: value for use, (key, value) in zip(chosen, choices.items(), strict=True) if use}
            flags = " ".join(dict.fromkeys(FLAGS[key] for key in options)) or "STATE_CARRY"
            for projected in (False, True) if op == "lstm" else (False,):
                if op == "lstm" and not options and not projected:
                    continue  # the plain LSTM
                network = Network(op, flags + " PROJECTION" * projected, options, projected)
                name = f"combined-{op}-{n}" + "-projected" * projected
                yield network.case(
                    name,
                    "combined",
                    "",
                    ", ".join(options) or "no options",
                    3,
                    6,
                    T=3,
                    B=2,
                    L=1 + n % 2,
                    bidirectional=n % 3 == 0,
                )


FLAGS = {
    "proj_size": "PROJECTION",
    "peephole": "PEEPHOLE",
    "input_forget": "COUPLED",
    "clip": "CLIP",
    "reset_after": "RESET_MODE",
    "gate_activation": "ACTIVATION",
    "candidate_activation": "ACTIVATION",
    "output_activation": "ACTIVATION",
    "layer_norm": "NORM",
    "cell_norm": "CELL_NORM",
    "hidden_norm": "HIDDEN_NORM",
    "norm_epsilon": "EPSILON",
    "recurrent_dropout": "DROPOUT",
    "candidate_dropout": "DROPOUT",
    "zoneout_h": "ZONEOUT",
    "zoneout_c": "ZONEOUT",
    "dropout": "DROPOUT",
}
