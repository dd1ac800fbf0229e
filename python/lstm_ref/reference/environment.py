"""Gradual underflow, whatever another library did to the processor's flags (spec N7).

A shared object built with -ffast-math may have switched this thread to flush-to-zero. NumPy has no say in that, the C
library has: its default floating-point environment is the one that IEEE 754 and the specification want.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_FE_DFL_ENV = ctypes.c_void_p(-1)  # glibc, musl
_ENVIRONMENT_SIZE = 256  # more than any fenv_t


def flushes_subnormals() -> bool:
    """Whether this thread turns subnormal float32 inputs or results into zero."""
    tiny, one = np.full(1, 2.0**-149, np.float32), np.ones(1, np.float32)
    return not (tiny * one + tiny > 0).all() or not (np.full(1, 2.0**-126, np.float32) * np.float32(0.5) > 0).all()


@contextmanager
def gradual_underflow() -> Iterator[None]:
    """Run the block with subnormals kept, then put the caller's setting back. RuntimeError where that is impossible."""
    if not flushes_subnormals():
        yield
        return
    saved = ctypes.create_string_buffer(_ENVIRONMENT_SIZE)
    try:
        libc = ctypes.CDLL(None)
        libc.fegetenv(saved)
        libc.fesetenv(_FE_DFL_ENV)
    except (OSError, AttributeError, TypeError):
        pass
    if flushes_subnormals():
        raise RuntimeError("this thread flushes subnormal numbers to zero and the C library cannot switch that off")
    try:
        yield
    finally:
        libc.fesetenv(saved)
