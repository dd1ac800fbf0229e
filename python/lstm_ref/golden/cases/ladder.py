"""Inputs of sigmoid and tanh that the activation cases hold, as bit patterns."""

import numpy as np


def _patterns(values) -> tuple[int, ...]:
    return tuple(int(v) for v in np.asarray(values, np.float32).view(np.uint32))


def _both_signs(magnitudes) -> tuple[int, ...]:
    magnitudes = np.asarray(magnitudes, np.float32)
    return _patterns(np.stack([magnitudes, -magnitudes], 1).ravel())


# Evenly over the exponents, where n changes (odd multiples of ln 2 / 2), and around the ends of the range.
_MAGNITUDES = np.exp2(np.linspace(-26, 4, 50))
_HALF_LN2 = np.log(2) / 2 * np.arange(1, 40, 2)
_SPECIAL = (
    0x00000000,
    0x80000000,
    0x00000001,
    0x80000001,
    0x00800000,
    0x807FFFFF,
    0x7F800000,
    0xFF800000,
    0x7F7FFFFF,
    0xFF7FFFFF,
    0x7FC00000,
)

# Where one bit of one coefficient shows; found by sensitivity.py. Pairs of lines: the last bit taken away, or added.
_SENSITIVE_SIGMOID = (
    0x3F2216D5, 0xC0770111, 0xC1792E89, 0x3FDABB5E, 0x3DF7D13C, 0xC140E581, 0xC157F6D0, 0xC21A73C6, 0xC28F789D,
    0xC0186BA4, 0xC2A2FAE0, 0xBD68BDB6, 0xC2AA9A9B, 0xC2A446A0, 0xC24E8ED1, 0xC29EDD8C, 0xC1C30578,
)  # fmt: skip
_SENSITIVE_TANH = (
    0xBF8EA099, 0x3FB3CBA1, 0x4103EE2A, 0x3E76F752, 0x3F0B3098, 0xBE48ECB6, 0x3F0247FB, 0xBE3EC80B, 0xBDE9CCB1,
    0x3E20A613, 0xBE3D249F, 0xBF56236E, 0x3E1B1D45,
)  # fmt: skip

# Where residuals computed in another way show, or a clamp a little too early; found by sweeping such variants.
_VARIANTS_SIGMOID = (0x3B763DF4, 0xC2883299, 0xC299E420, 0xC2CFD1DF)
_VARIANTS_TANH = (0x3DF3FD4E, 0x3C062A38, 0x3A2692A7)

SIGMOID_LADDER = (
    *_SPECIAL,
    *_SENSITIVE_SIGMOID,
    *_VARIANTS_SIGMOID,
    *_both_signs(_MAGNITUDES),
    *_both_signs(_HALF_LN2),
    *_patterns(-np.linspace(86.5, 104.5, 37)),  # subnormal results, then zero
    *_patterns(np.linspace(15, 18, 13)),  # up to where it rounds to 1
)
TANH_LADDER = (
    *_SPECIAL,
    *_SENSITIVE_TANH,
    *_VARIANTS_TANH,
    *_both_signs(_MAGNITUDES),
    *_both_signs(_HALF_LN2[:14] / 2),
    *_both_signs(np.linspace(7.5, 9.25, 15)),  # up to where it rounds to 1
)

# Of the functions that a configuration may choose: also around their parameters, 1 / parameters, and where expm1 rounds to -1.
FUNCTION_LADDER = (
    *_SPECIAL,
    *_both_signs(np.exp2(np.linspace(-26, 4, 30))),
    *_both_signs(np.linspace(0.05, 3.0, 19)),
    *_both_signs((1.0, 0.5, 0.25, 2.5, 3.0, 1 / 0.3, 5.0, 2.0**24, 2.0**25, 1e10, 1e30, 87.0, 88.5, 89.5)),
    *_patterns(-np.linspace(14, 18.5, 19)),
)
SOFTPLUS_LADDER = (
    *(0x3DACCB51, 0xBEC79421, 0xBE805FD0, 0x3E99DDA2, 0xBB13BD8A, 0xBC61E1D9, 0xBCB39B19),  # by sensitivity.py
    *_patterns(-np.linspace(86.5, 104.5, 19)),  # subnormal results, then zero
    *_patterns(np.linspace(14, 18, 9)),  # up to where it is x itself
)
