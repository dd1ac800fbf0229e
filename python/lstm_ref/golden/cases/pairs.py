"""Every two options of every op together, with each of their values (spec/variants.md, section 2)."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from ...config import CONFIGS, RATES
from ...errors import InvalidArgument
from ..manifest import Case
from .build import case
from .variants import FLAGS, ODD

VALUES: Mapping[str, tuple[Any, ...]] = {  # of each option, besides its default
    "proj_size": (4,), "peephole": (True,), "input_forget": (True,), "reset_after": (False,), "clip": (0.5,),
    "gate_activation": ("hard_sigmoid",), "candidate_activation": (ODD,), "output_activation": ("softsign",),
    "layer_norm": ("joint", "gate", "separate"), "cell_norm": ("output", "state"), "hidden_norm": (True,), "norm_epsilon": (0.25,),
    "recurrent_dropout": (0.25,), "candidate_dropout": (0.5,), "zoneout_h": (0.125,), "zoneout_c": (0.75,), "dropout": (0.1,),
}  # fmt: skip


def pairs_of(op: str) -> list[dict[str, Any]]:
    """Those that are not refused."""
    chosen = [(key, value) for key, values in VALUES.items() for value in values if key in CONFIGS[op].options()]
    found = []
    for one, other in combinations(chosen, 2):
        options = dict((one, other))
        if len(options) == 2 and is_allowed(op, options):
            found.append(options)
    return found


def everything(op: str) -> dict[str, Any]:
    """As many options at once as go together, in float32."""
    options: dict[str, Any] = {}
    for key, values in VALUES.items():
        for value in values if key in CONFIGS[op].options() and key != "dtype" else ():
            if is_allowed(op, options | {key: value}):
                options[key] = value
    return options


def is_allowed(op: str, options: Mapping[str, Any]) -> bool:
    try:
        CONFIGS[op](3, 6, 2, **options)
    except InvalidArgument:
        return False
    return True


def pairs() -> Iterator[Case]:
    for op in CONFIGS:
        for n, options in enumerate(pairs_of(op)):
            is_random = any(key in RATES for key in options)
            flags = " ".join(dict.fromkeys(FLAGS[key] for key in options))
            training = (None, "seed", "masks")[n % 3] if is_random else None
            yield case(f"pair-{op}-{n}", "pairs", flags, ", ".join(options), 3, 6, T=3, B=2, L=2, bidirectional=n % 2 == 0, op=op, options=options,
                       lengths=[3, 1] if n % 5 == 0 else None, training=training)  # fmt: skip
