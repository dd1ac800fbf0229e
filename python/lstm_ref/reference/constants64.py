"""The constants of the float64 arithmetic (spec N3-N12). Generated from spec/numerics.md by spec/generate_constants.py; do not edit."""

import numpy as np


def _bits(pattern: int) -> np.float64:
    return np.uint64(pattern).view(np.float64)


CHUNK = 64
LOG2E = _bits(0x3FF71547652B82FE)
LN2 = _bits(0x3FE62E42FEFA39EF)
LN2_EXCESS = _bits(0xBC7ABC9E3B39803F)
ROUNDER = _bits(0x4338000000000000)
EXP = {
    2: _bits(0x3FE0000000000000),
    3: _bits(0x3FC5555555555559),
    4: _bits(0x3FA555555555553F),
    5: _bits(0x3F8111111110F6DF),
    6: _bits(0x3F56C16C16C1F05B),
    7: _bits(0x3F2A01A01AFD17D1),
    8: _bits(0x3EFA01A017BCCBC5),
    9: _bits(0x3EC71DDF885693FA),
    10: _bits(0x3E927E53624AE13B),
    11: _bits(0x3E5AF5E684EA21F6),
    12: _bits(0x3E21EE88A5282DF6),
}
RECIP = {
    0: _bits(0x3FF8C00000000000),
    1: _bits(0xBFE1800000000000),
}
SIGMOID_MIN = _bits(0xC087500000000000)
TANH_MIN = _bits(0xC043200000000000)
SCALE_UP = _bits(0x43F0000000000000)
SCALE_DOWN = _bits(0x3BF0000000000000)
LOG1P = {
    1: _bits(0x3FB5555555555535),
    2: _bits(0x3F899999999A074F),
    3: _bits(0x3F6249249208C68A),
    4: _bits(0x3F3C71C741C6A07A),
    5: _bits(0x3F1745CB4018FE26),
    6: _bits(0x3EF3B1DDB4FB1744),
    7: _bits(0x3ED1067C6EE9FD28),
    8: _bits(0x3EAEFD82F055D04A),
    9: _bits(0x3E855B1810095A6E),
    10: _bits(0x3E75C788E036D394),
}
ONE_BITS = _bits(0x3FF0000000000000)
SIGMOID_MIN_EXPONENT = -1022
TANH_MIN_EXPONENT = -52
SCALE_EXPONENT = 64
FRACTION_BITS = 52
