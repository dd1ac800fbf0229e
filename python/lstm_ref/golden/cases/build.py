"""What cases are made of: fills of tensors, and a case with everything at its default."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...config import CONFIGS
from ..manifest import DEFAULT_FILLS, Case


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


def patterns64(*values: Any) -> list[str]:
    """Of float64; an int is a bit pattern, a float itself."""
    bits = (v if isinstance(v, int) else int(np.float64(v).view(np.uint64)) for v in values)
    return [f"0x{pattern:016x}" for pattern in bits]


def case(id: str, family: str, flags: str, comment: str, I: int, H: int, *, T: int = 1, B: int = 1, L: int = 1, has_bias: bool = True,
         batch_first: bool = False, bidirectional: bool = False, lengths: list[int] | None = None, has_state: bool = True,
         training: str | None = None, stored: bool = False, op: str = "lstm", options: Mapping[str, Any] = {}, **fills: Any) -> Case:  # fmt: skip
    """A case; its seed comes from its name, so that cases can be added without changing others."""
    return Case(
        id=id, family=family, flags=tuple(dict.fromkeys(flags.split())), comment=comment,
        config=CONFIGS[op](I, H, L, has_bias, batch_first, bidirectional, **options), T=T, B=B,
        lengths=None if lengths is None else np.array(lengths, np.int64), initial_state=has_state,
        training=training, seed=int.from_bytes(id.encode()[-6:], "big"), fills=DEFAULT_FILLS | fills, stored=stored,
    )  # fmt: skip


def wide_ranges() -> Iterator[tuple[str, tuple[int, int], str]]:
    """Ranges of biased exponents: names, bounds, and the flags of what may happen there."""
    for name, bounds in {"subnormal": (0, 3), "tiny": (0, 80), "around-one": (117, 137), "huge": (180, 254), "finite": (0, 254),
                         "any": (0, 255)}.items():  # fmt: skip
        yield (
            name,
            bounds,
            "SUBNORMAL SIGNED_ZERO" if bounds[1] < 100 else "OVERFLOW NAN" if bounds[1] > 200 else "FUSION CHUNK_ORDER",
        )


def scaled(H: int) -> dict[str, Any]:
    """Weights and biases of about 1/sqrt(H), as trained and freshly initialised models have them."""
    exponent = -int(np.ceil(np.log2(max(H, 1)) / 2))
    return {"weight": uniform(exponent), "bias": uniform(exponent)}
