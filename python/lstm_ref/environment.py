"""Rounding to nearest and gradual underflow, whatever another library did to the processor's flags (spec N7).

A shared object built with -ffast-math may have switched this thread to flush-to-zero. NumPy has no say in that, the C
library has: its default floating-point environment is the one that IEEE 754 and the specification want.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_FE_DFL_ENV = ctypes.c_void_p(-1)  # glibc, musl
_ENVIRONMENT_SIZE = 256  # more than any fenv_t


def is_canonical() -> bool:
    """Whether this thread rounds to nearest and keeps subnormal inputs and results."""
    one, smallest, least_normal = np.ones(1, np.float32), np.full(1, 2.0**-149, np.float32), np.full(1, 2.0**-126, np.float32)
    takes_subnormals = (smallest * one > 0).all()
    gives_subnormals = (least_normal * np.float32(0.5) > 0).all()
    to_nearest = (one + np.float32(2.0**-24) == one).all() and (one - np.float32(2.0**-26) == one).all()
    return bool(takes_subnormals and gives_subnormals and to_nearest)


@contextmanager
def canonical_environment() -> Iterator[None]:
    """Run the block rounding to nearest with subnormals kept, then put the caller's setting back.

    RuntimeError where that is impossible.
    """
    if is_canonical():
        yield
        return
    saved = ctypes.create_string_buffer(_ENVIRONMENT_SIZE)
    try:
        libc = ctypes.CDLL(None)
        libc.fegetenv(saved)
        libc.fesetenv(_FE_DFL_ENV)
    except (OSError, AttributeError, TypeError):
        pass
    if not is_canonical():
        raise RuntimeError("this thread does not round to nearest with subnormals, and the C library cannot make it")
    try:
        yield
    finally:
        libc.fesetenv(saved)
