"""Floating-point environments that another library may leave a thread in."""

import ctypes
import platform

import pytest
import torch

on_x86 = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the tools of this test are x86's")


class Upwards:
    """Rounding upwards, through the C library."""

    def __init__(self):
        self.libc = ctypes.CDLL(None)

    def __enter__(self):
        assert self.libc.fesetround(0x800) == 0  # FE_UPWARD on x86

    def __exit__(self, *_):
        assert self.libc.fesetround(0) == 0


class Flushing:
    """Subnormals flushed to zero, on input and output."""

    def __enter__(self):
        assert torch.set_flush_denormal(True)

    def __exit__(self, *_):
        torch.set_flush_denormal(False)
