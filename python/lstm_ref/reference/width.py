"""What differs between float32 and float64 (spec N1): the types, the constants, the fused multiply-add."""

from types import ModuleType, SimpleNamespace

import numpy as np

from . import constants, constants64
from .fma import fma32, fma64


class Width(SimpleNamespace):
    """dtype, uint (of the bit patterns), fma(a, b, c), and every constant of the specification under its name."""


def _constants(module: ModuleType) -> dict:
    return {name: value for name, value in vars(module).items() if name.isupper()}


SINGLE = Width(dtype=np.float32, uint=np.uint32, fma=fma32, **_constants(constants))
DOUBLE = Width(dtype=np.float64, uint=np.uint64, fma=fma64, **_constants(constants64))
