"""Cases of dropout and zoneout: in evaluation, with masks, with a seed (spec/variants.md, section 8)."""

from collections.abc import Iterator

from ..manifest import Case
from .build import choice, wide
from .variants import INF, NAN, Network, moderate

EVERYTHING = {
    "peephole": True, "layer_norm": "gate", "cell_norm": "state", "hidden_norm": True,
    "recurrent_dropout": 0.25, "candidate_dropout": 0.5, "zoneout_h": 0.3, "zoneout_c": 0.1, "dropout": 0.2,
}  # fmt: skip
NETWORKS = {  # in two layers, since dropout is between layers
    "dropout-h": Network("lstm", "DROPOUT", {"recurrent_dropout": 0.25}),
    "dropout-candidate": Network("lstm", "DROPOUT", {"candidate_dropout": 0.15}),
    "dropout-layers": Network("lstm", "DROPOUT STACK", {"dropout": 0.2}),
    "zoneout-c": Network("lstm", "ZONEOUT", {"zoneout_c": 0.3}),
    "zoneout-both": Network("lstm", "ZONEOUT", {"zoneout_h": 0.9, "zoneout_c": 0.2}),
    "zoneout": Network("lstm", "ZONEOUT PROJECTION", {"zoneout_h": 0.1, "zoneout_c": 0.6}, is_projected=True),
    "dropout-everything": Network("lstm", "DROPOUT ZONEOUT NORM PROJECTION PEEPHOLE", EVERYTHING, is_projected=True),
    "dropout-gru": Network("gru", "DROPOUT ZONEOUT", {"recurrent_dropout": 0.25, "candidate_dropout": 0.5, "zoneout_h": 0.1}),
    "dropout-gru-before": Network("gru", "DROPOUT RESET_MODE", {"reset_after": False, "recurrent_dropout": 0.5, "dropout": 0.7}),
    "dropout-rnn": Network("rnn", "DROPOUT ZONEOUT", {"recurrent_dropout": 0.001, "zoneout_h": 0.75, "dropout": 0.999}),
}
WAYS = {"evaluation": None, "seed": "seed", "masks": "masks"}


def masks() -> Iterator[Case]:
    special = choice(0.0, -0.0, INF, INF | 1 << 31, NAN, 1, 0x80000001, 1.0, -2.5)
    for name, network in NETWORKS.items():
        for way, training in WAYS.items():
            id = f"{name}-{way}"
            yield network.case(
                f"{id}-one-step", name, "", "one step of a few units", 3, 4, L=2, training=training, stored=training == "seed"
            )
            for H in (1, 8, 17, 33, 64):
                yield network.case(
                    f"{id}-h{H}", name, "TAIL_LANE", f"H = {H}", 7, H, T=3, B=1 + H % 4, L=2, training=training, **moderate(H)
                )
            for bidirectional in (False, True):
                yield network.case(f"{id}-ragged-d{1 + bidirectional}", name, "PADDING REVERSE STACK", "ragged rows, whose masks go by their place in the batch",
                                   4, 9, T=5, B=4, L=3, bidirectional=bidirectional, batch_first=bidirectional, lengths=[2, 5, 0, 3],
                                   training=training)  # fmt: skip
            yield network.case(f"{id}-long", name, "STATE_CARRY", "T = 25", 3, 9, T=25, B=2, L=2, training=training)
            yield network.case(f"{id}-no-steps", name, "EMPTY", "T = 0", 3, 5, T=0, B=2, L=2, training=training)
            yield network.case(f"{id}-special", name, "NAN OVERFLOW SIGNED_ZERO", "NaN, infinities and zeros in the states", 3, 6, B=9, L=2,
                               state=special, training=training)  # fmt: skip
        yield network.case(
            f"{name}-zero",
            name,
            "SIGNED_ZERO",
            "states of -0: what is dropped is +0",
            3,
            6,
            B=2,
            L=2,
            state=choice(-0.0),
            training="seed",
        )
        yield network.case(f"{name}-special-masks", name, "NAN OVERFLOW SIGNED_ZERO", "masks of NaN, infinities and zeros", 3, 6, T=2, B=5, L=2,
                           mask=special, training="masks")  # fmt: skip
        yield network.case(f"{name}-wide-masks", name, "OVERFLOW NAN SUBNORMAL", "masks of all exponents", 3, 9, T=2, B=3, L=2, mask=wide(0, 255),
                           training="masks")  # fmt: skip
