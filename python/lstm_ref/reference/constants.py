"""The constants of the float32 arithmetic (spec N3-N12). Generated from spec/numerics.md by spec/generate_constants.py; do not edit."""

import numpy as np


def _bits(pattern: int) -> np.float32:
    return np.uint32(pattern).view(np.float32)


CHUNK = 64
LOG2E = _bits(0x3FB8AA3B)
LN2 = _bits(0x3F317218)
LN2_EXCESS = _bits(0x3102E308)
ROUNDER = _bits(0x4B400000)
EXP = {
    2: _bits(0x3F000000),
    3: _bits(0x3E2AAAAB),
    4: _bits(0x3D2AAA7B),
    5: _bits(0x3C088802),
    6: _bits(0x3AB69E4B),
    7: _bits(0x3951218B),
}
RECIP = {
    0: _bits(0x3FB4B4B5),
    1: _bits(0xBEF0F0F1),
}
SIGMOID_MIN = _bits(0xC2D00000)
TANH_MIN = _bits(0xC1910000)
SCALE_UP = _bits(0x4F800000)
SCALE_DOWN = _bits(0x2F800000)
LOG1P = {
    1: _bits(0x3DAAAAAB),
    2: _bits(0x3C4CCC6A),
    3: _bits(0x3B126493),
    4: _bits(0x39DE467C),
    5: _bits(0x38EDD130),
}
ONE_BITS = _bits(0x3F800000)
SIGMOID_MIN_EXPONENT = -126
TANH_MIN_EXPONENT = -23
SCALE_EXPONENT = 32
FRACTION_BITS = 23
