"""Finds inputs at which one bit of one coefficient shows in sigmoid, tanh or softplus: python -m lstm_ref.golden.sensitivity

Most inputs round away a coefficient's last bit. The inputs found here go into ladder.py, so that no implementation can
have a coefficient wrong in the last place and still pass. A coefficient for which nothing is found within the search is
printed: its last bit shows nowhere, or nearly so (of EXP_C7 and LN2_EXCESS, a search of all inputs found one and two).
"""

import sys
from collections.abc import Iterator

import numpy as np

from ..generator import stream
from ..reference import CANONICAL32
from ..reference.width import SINGLE
from .mutants.coefficients import changed, coefficient_of

SHARED = (
    "LOG2E", "LN2", "LN2_EXCESS", "ROUNDER", "EXP_C2", "EXP_C3", "EXP_C4", "EXP_C5", "EXP_C6", "EXP_C7",
    "RECIP_C0", "RECIP_C1", "SIGMOID_MIN", "TANH_MIN", "SCALE_UP", "SCALE_DOWN",
)  # fmt: skip
LOG1P = ("LOG1P_C1", "LOG1P_C2", "LOG1P_C3", "LOG1P_C4", "LOG1P_C5")
FUNCTIONS = {
    "sigmoid": (CANONICAL32.sigmoid, -104.5, 18.0, SHARED),
    "tanh": (CANONICAL32.tanh, -9.2, 9.2, SHARED),
    "softplus": (CANONICAL32.softplus, -20.0, 4.0, LOG1P),
}
BATCH = 2**17


def neighbours(value: np.float32) -> list[np.float32]:
    return [np.nextafter(value, np.float32(limit)) for limit in (-np.inf, np.inf)]


def samples(name: str, low: float, high: float, batch: int) -> np.ndarray:
    """Half evenly over the range, half evenly over the exponents."""
    u = stream(batch, name, BATCH).astype(np.float64) / 2.0**32
    even = low + u[::2] * (high - low)
    small = np.exp2(-20 + u[1::2] * 24) * np.where(np.arange(BATCH // 2) % 2, 1, -1)
    return np.concatenate([even, np.clip(small, low, high)]).astype(np.float32)


def search(batches: int) -> Iterator[tuple[str, str, np.float32, np.float32 | None]]:
    """(function, coefficient, its wrong value, an input that shows it or None)."""
    for name, (function, low, high, coefficients) in FUNCTIONS.items():
        wanted = [(c, wrong) for c in coefficients for wrong in neighbours(coefficient_of(SINGLE, c))]
        for batch in range(batches):
            x = samples(name, low, high, batch)
            right = function(x).view(np.uint32)
            for coefficient, wrong in list(wanted):
                with changed(SINGLE, coefficient, wrong):
                    shows = np.flatnonzero(function(x).view(np.uint32) != right)
                if shows.size:
                    wanted.remove((coefficient, wrong))
                    yield name, coefficient, wrong, x[shows[0]]
        for coefficient, wrong in wanted:
            yield name, coefficient, wrong, None


def main() -> None:
    batches = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    with np.errstate(all="ignore"):
        for function, coefficient, wrong, x in search(batches):
            shown = "nothing found" if x is None else f"0x{x.view(np.uint32):08X}  # {float(x):.9g}"
            print(f"{function} {coefficient} = 0x{wrong.view(np.uint32):08X}: {shown}", flush=True)


if __name__ == "__main__":
    main()
