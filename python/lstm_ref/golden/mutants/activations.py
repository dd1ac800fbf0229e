"""Other sigmoids, other tanhs, other coefficients."""

from collections.abc import Iterator
from functools import partial
from unittest.mock import patch

import numpy as np

from ...reference import CANONICAL32, activations
from ...reference.arithmetic import Canonical32
from ...reference.fma import fma32
from ...reference.width import SINGLE, Width
from .arithmetic import Unfused
from .coefficients import changed, coefficient_of
from .mutant import Mutant, flushed, with_arithmetic, with_patches


def wrong_activations() -> Iterator[Mutant]:
    yield with_arithmetic("hard sigmoid", "ACTIVATION", _Activations(sigmoid=_hard_sigmoid))
    yield with_arithmetic("sigmoid(x) = 0.5 tanh(0.5 x) + 0.5", "ACTIVATION", _Activations(sigmoid=_sigmoid_by_tanh))
    yield with_arithmetic(
        "sigmoid(x) = 1 / (1 + exp(-x)) from a math library", "ACTIVATION", _Activations(sigmoid=_sigmoid_plain)
    )
    yield with_arithmetic(
        "sigmoid correctly rounded", "ACTIVATION", _Activations(sigmoid=_in_float64(lambda x: 1 / (1 + np.exp(-x))))
    )
    yield with_arithmetic("tanh from a math library", "ACTIVATION", _Activations(tanh=np.tanh))
    yield with_arithmetic("tanh correctly rounded", "ACTIVATION", _Activations(tanh=_in_float64(np.tanh)))
    yield with_arithmetic("tanh clamped at 5", "ACTIVATION", _Activations(tanh=lambda x: CANONICAL32.tanh(np.clip(x, -5, 5))))
    yield with_arithmetic(
        "sigmoid clamped at 20", "ACTIVATION", _Activations(sigmoid=lambda x: CANONICAL32.sigmoid(np.clip(x, -20, 20)))
    )
    yield with_arithmetic("tanh(-0) = +0", "SIGNED_ZERO", _Activations(tanh=lambda x: CANONICAL32.tanh(x) + np.float32(0)))
    yield with_arithmetic(
        "sigmoid flushed to zero below 2^-126", "SUBNORMAL", _Activations(sigmoid=lambda x: flushed(CANONICAL32.sigmoid(x)))
    )
    yield with_patches(
        "quotient without the residual", "ACTIVATION", lambda: patch.object(activations, "_quotient", _without_residual)
    )
    yield with_patches(
        "quotient without the low parts", "ACTIVATION", lambda: patch.object(activations, "_quotient", _without_low_parts)
    )
    yield with_arithmetic("fma of the activations unfused", "FUSION", _UnfusedActivations())


def wrong_coefficients() -> Iterator[Mutant]:
    """One unit in the last place of each coefficient, up and down.

    One is left out because it is no fault: an exhaustive search found no input of either function where EXP_C7 + 1 ulp shows.
    """
    for name in (
        "LN2",
        "LN2_EXCESS",
        "LOG2E",
        "ROUNDER",
        "EXP_C2",
        "EXP_C3",
        "EXP_C4",
        "EXP_C5",
        "EXP_C6",
        "EXP_C7",
        "RECIP_C0",
        "RECIP_C1",
        "SCALE_UP",
        "SCALE_DOWN",
    ):
        for sign, limit in (("-", -np.inf), ("+", np.inf)):
            if (name, sign) == ("EXP_C7", "+"):
                continue
            wrong = np.nextafter(coefficient_of(SINGLE, name), np.float32(limit))
            yield with_patches(f"{name} {sign} 1 ulp", "ACTIVATION", partial(changed, SINGLE, name, wrong))


class _Activations(Canonical32):
    def __init__(self, sigmoid=None, tanh=None) -> None:
        self._sigmoid, self._tanh = sigmoid or CANONICAL32.sigmoid, tanh or CANONICAL32.tanh

    def sigmoid(self, x):
        return self._sigmoid(np.asarray(x, np.float32)).astype(np.float32)

    def tanh(self, x):
        return self._tanh(np.asarray(x, np.float32)).astype(np.float32)


class _UnfusedActivations(Canonical32):
    width = Width(**vars(SINGLE) | {"fma": Unfused().fma})

    def fma(self, a, b, c):
        return fma32(a, b, c)


def _hard_sigmoid(x):
    return np.clip(x * np.float32(0.2) + np.float32(0.5), 0, 1)


def _sigmoid_by_tanh(x):
    return np.float32(0.5) * CANONICAL32.tanh(np.float32(0.5) * x) + np.float32(0.5)


def _sigmoid_plain(x):
    return np.float32(1) / (np.float32(1) + np.exp(-x))


def _in_float64(function):
    return lambda x: function(x.astype(np.float64)).astype(np.float32)


def _without_residual(k, a, a_low, d, d_low):
    return a / d


def _without_low_parts(k, a, a_low, d, d_low):
    q = a / d
    return k.fma(k.fma(-q, d, a), k.fma(d, k.RECIP[1], k.RECIP[0]), q)
