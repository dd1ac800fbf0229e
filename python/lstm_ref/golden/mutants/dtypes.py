"""Faults of float64 and of bfloat16 weights (spec/variants.md, section 9)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np

from ...activation import Activation, shortest
from ...bfloat16 import round_to_bfloat16
from ...config import Config
from ...reference import activations, fma, forward
from ...reference.arithmetic import Canonical64
from ...reference.width import DOUBLE, SINGLE, Width
from ..generate import in_float32
from ..manifest import Tensors
from .arithmetic import Affine
from .coefficients import changed, coefficient_of
from .functions import uses
from .mutant import Inputs, Mutant, flushed, with_arithmetic, with_inputs, with_outputs, with_patches

Change = Callable[[np.ndarray], np.ndarray]


def dtypes() -> Iterator[Mutant]:
    for mutant in (*_wrong_float64(), *_wrong_constants64()):
        yield _of("float64", mutant)
    for mutant in _wrong_bfloat16():
        yield _of("bfloat16", mutant)


def _of(dtype: str, mutant: Mutant) -> Mutant:
    """A fault of every network of this type, unless it says which."""
    everywhere = mutant.concerns is Mutant.concerns
    return replace(mutant, name=f"{dtype}: {mutant.name}", dtype=dtype, concerns=_every if everywhere else mutant.concerns)


def _every(config: Config) -> bool:
    return True


# float64


def _wrong_float64() -> Iterator[Mutant]:
    flag = "DOUBLE_PRECISION"
    yield Mutant("computed in float32", flag, _in_float32)
    for part in ("weight", "bias", "x", "h_0"):
        yield with_inputs(
            f"{part} rounded to float32", flag, _tensors(part, lambda value: value.astype(np.float32).astype(np.float64))
        )
    yield with_outputs(
        "outputs rounded to float32", flag, lambda config, inputs, result: [np.float32(v) for v in result if v is not None]
    )
    yield with_arithmetic("fma as a product and a sum, both rounded", "FUSION", _Unfused())
    yield with_arithmetic("fma of the activations unfused", "FUSION", _UnfusedActivations())
    yield with_patches("fma rounded twice", "DOUBLE_ROUNDING", partial(patch.object, fma, "_sum_to_odd", lambda a, b: a + b))
    yield with_arithmetic("subnormal results flushed to zero", "SUBNORMAL", _Flushing())
    for size in (32, 63, 128, 10**9):
        yield with_arithmetic(f"chunks of {size}", "CHUNK_ORDER", _Affine64(size=size))
    yield with_arithmetic("chunks added last to first", "CHUNK_ORDER", _Affine64(reverse_chunks=True))
    yield with_arithmetic("k descending within a chunk", "CHUNK_ORDER", _Affine64(descending=True))
    yield with_arithmetic("chunks that span x and h", "CHUNK_ORDER", _Affine64(joined=True))
    yield with_arithmetic("chunk summed into z instead of a fresh a", "CHUNK_ORDER", _Affine64(into_bias=True))
    yield with_arithmetic("K padded to a multiple of 4 with zeros", "SIGNED_ZERO", _Affine64(pad=4))
    yield with_inputs("numbers of the configuration not rounded to float32", "ACTIVATION", _decimal_parameters)

    def function(name: str, replaced: str, wrong: Callable[[np.ndarray], np.ndarray]) -> Mutant:
        return with_patches(name, "ACTIVATION", partial(patch.object, activations, replaced, lambda k, x: wrong(x)))

    sigmoid, tanh, softplus = (partial(f, DOUBLE) for f in (activations.sigmoid, activations.tanh, activations.softplus))
    yield function("sigmoid of a math library", "sigmoid", lambda x: 1 / (1 + np.exp(-x)))
    yield function("sigmoid 0 below -709", "sigmoid", lambda x: np.where(x < -709, 0.0, sigmoid(x)))
    yield function("sigmoid flushed to zero", "sigmoid", lambda x: flushed(sigmoid(x)))
    yield function("tanh of a math library", "tanh", np.tanh)
    yield function("tanh 1 from 19 on", "tanh", lambda x: np.where(np.abs(x) > 19, np.copysign(1.0, x), tanh(x)))
    yield function("tanh(-0) = +0", "tanh", lambda x: tanh(x) + 0.0)
    yield replace(function("softplus of a math library", "softplus", lambda x: np.logaddexp(0.0, x)), concerns=uses("softplus"))
    yield replace(
        function("softplus x from 30 on", "softplus", lambda x: np.where(x > 30, x, softplus(x))), concerns=uses("softplus")
    )


def _wrong_constants64() -> Iterator[Mutant]:
    """A constant of float32 in its place, a polynomial one term short, the last bit of a coefficient.

    Left out is what is no fault, or shows so rarely that no case has it: the last bits of LOG2E, LN2_EXCESS, RECIP, EXP_C5 and
    up, LOG1P_C2 and up; LOG2E of float32 (another n, and an r a little beyond ln(2) / 2), SIGMOID_MIN_EXPONENT of float32.
    """
    names = ("LN2", "LN2_EXCESS", "RECIP_C0", "RECIP_C1", "SIGMOID_MIN", "TANH_MIN", "TANH_MIN_EXPONENT")
    for name in names:
        single = coefficient_of(SINGLE, name)
        wrong = single if isinstance(single, int) else np.float64(single)
        yield with_patches(f"{name} of float32", "ACTIVATION", partial(changed, DOUBLE, name, wrong))
    for family in ("EXP", "LOG1P"):
        single, double = getattr(SINGLE, family), getattr(DOUBLE, family)
        concerns = uses("softplus") if family == "LOG1P" else _every
        short = {degree: value for degree, value in double.items() if degree < max(double)}
        for name, wrong in (
            (f"{family} of float32", {degree: np.float64(value) for degree, value in single.items()}),
            (f"{family} one term short", short),
        ):
            yield replace(with_patches(name, "ACTIVATION", partial(patch.object, DOUBLE, family, wrong)), concerns=concerns)
    scale = dict(SCALE_UP=np.float64(2.0**32), SCALE_DOWN=np.float64(2.0**-32), SCALE_EXPONENT=32)
    yield with_patches("scaled by 2^32", "SUBNORMAL", partial(patch.multiple, DOUBLE, **scale))
    for name in ("LN2", "ROUNDER", "EXP_C2", "EXP_C3", "EXP_C4", "SCALE_UP", "SCALE_DOWN", "LOG1P_C1"):
        for sign, limit in (("-", -np.inf), ("+", np.inf)):
            off = np.nextafter(coefficient_of(DOUBLE, name), limit)
            mutant = with_patches(f"{name} {sign} 1 ulp", "ACTIVATION", partial(changed, DOUBLE, name, off))
            yield replace(mutant, concerns=uses("softplus")) if name.startswith("LOG1P") else mutant


class _Unfused(Canonical64):
    def fma(self, a, b, c):
        return np.float64(a) * np.float64(b) + np.float64(c)


class _UnfusedActivations(Canonical64):
    width = Width(**vars(DOUBLE) | {"fma": _Unfused().fma})

    def fma(self, a, b, c):
        return fma.fma64(a, b, c)


class _Flushing(Canonical64):
    def fma(self, a, b, c):
        return flushed(super().fma(a, b, c))

    def mul(self, a, b):
        return flushed(super().mul(a, b))


class _Affine64(Affine):
    width, dtype = DOUBLE, np.float64


def _in_float32(config: Config, weights: Tensors, inputs: Inputs):
    return forward(replace(config, dtype="float32"), in_float32(weights), **in_float32(inputs))


def _decimal_parameters(config: Config, weights: Tensors, inputs: Inputs):
    def decimal(f: Activation) -> Activation:
        return Activation(f.name, tuple(map(shortest, f.parameters)))

    changed = replace(config)
    for key in config.options():
        if key.endswith("_activation"):
            object.__setattr__(changed, key, decimal(getattr(config, key)))
    return changed, weights, inputs


def _tensors(part: str, change: Change) -> Callable[[Config, Tensors, Inputs], tuple[Config, Tensors, Inputs]]:
    """Weights or inputs whose name begins so, changed."""

    def apply(config: Config, weights: Tensors, inputs: Inputs):
        both = ({name: change(v) if name.startswith(part) else v for name, v in tensors.items()} for tensors in (weights, inputs))
        return config, *both

    return apply


# bfloat16


def _wrong_bfloat16() -> Iterator[Mutant]:
    flag = "BRAIN_FLOAT"
    yield _matrices("the lower 8 of the 16 bits lost", flag, lambda half: half & 0xFF00)
    yield _matrices("one bit of the fraction lost", flag, lambda half: half & 0xFFFE)
    yield _matrices("bytes in the other order", flag, lambda half: (half >> 8) | (half << 8))
    yield _matrices("the bits of an IEEE half", flag, _as_half)
    yield _matrices("in the lower half of a float32", flag, lambda half: half, shift=0)
    yield _matrices("shifted by 15", flag, lambda half: half, shift=15)
    yield _matrices("pairs in the other order", flag, _swap_pairs)
    yield _matrices("subnormal weights are zero", "SUBNORMAL", lambda half: np.where(half & 0x7F80, half, half & 0x8000))
    yield _matrices("NaN is infinity", "NAN", lambda half: np.where((half & 0x7F80) == 0x7F80, half & 0xFF80, half))
    yield _matrices("the lower bits rounded once more", flag, lambda half: half, low=0x8000)
    for part in ("bias_ih", "bias_hh", "weight_peephole", "x", "h_0"):
        mutant = with_inputs(f"{part} rounded to bfloat16", flag, _tensors(part, round_to_bfloat16))
        yield replace(mutant, concerns=lambda c: "peephole" in c.chosen()) if part == "weight_peephole" else mutant
    yield with_outputs(
        "outputs rounded to bfloat16",
        flag,
        lambda config, inputs, result: [round_to_bfloat16(v) for v in result if v is not None],
    )
    for part in ("weight_ih", "weight_hh", "weight_hr"):
        mutant = with_inputs(f"only the other matrices widened: {part} zero", flag, _tensors(part, np.zeros_like))
        yield replace(mutant, concerns=lambda c: "proj_size" in c.chosen()) if part == "weight_hr" else mutant


def _matrices(name: str, flag: str, change: Callable[[Any], Any], shift: int = 16, low: int = 0) -> Mutant:
    """The 16 bits of every element of a matrix changed, and where they are put in a float32."""

    def read(config: Config, weights: Tensors, inputs: Inputs):
        def wrong(w: np.ndarray) -> np.ndarray:
            half = change((w.view(np.uint32) >> 16).astype(np.int64)) & 0xFFFF
            return ((half << shift) | low).astype(np.uint32).view(np.float32)

        return forward(
            replace(config, dtype="float32"), {n: wrong(w) if w.ndim == 2 else w for n, w in weights.items()}, **inputs
        )

    return Mutant(name, flag, read)


def _as_half(half: np.ndarray) -> np.ndarray:
    value = half.astype(np.uint16).view(np.float16).astype(np.float32)
    return (value.view(np.uint32) >> 16).astype(np.int64)


def _swap_pairs(half: np.ndarray) -> np.ndarray:
    swapped = half.copy()
    even = half.shape[1] // 2 * 2
    swapped[:, 0:even:2], swapped[:, 1:even:2] = half[:, 1:even:2], half[:, 0:even:2]
    return swapped
