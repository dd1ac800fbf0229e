"""Faults of the activation functions that a configuration may choose (spec/variants.md, section 3)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from unittest.mock import patch

import numpy as np

from ...config import Config
from ...reference import activations, functions
from ...reference.width import SINGLE
from .coefficients import changed, coefficient_of
from .mutant import Mutant, flushed, with_patches
from .rewritten import Concerns, Replacement, rewritten


def uses(name: str) -> Concerns:
    def concerns(config: Config) -> bool:
        return any(getattr(config, key).name == name for key in config.options() if key.endswith("_activation"))

    return concerns


def wrong_functions() -> Iterator[Mutant]:
    def wrong(name: str, function: Callable, *replacements: Replacement) -> Mutant:
        return rewritten(f"{function.__name__}: {name}", "ACTIVATION", uses(function.__name__), function, *replacements)

    f = functions
    yield wrong("-0 stays", f.relu, ("_max(a.dtype(0), x)", "np.where(x < 0, a.dtype(0), x)"))
    yield wrong("a NaN becomes 0", f.relu, ("_max(a.dtype(0), x)", "np.where(x > 0, x, a.dtype(0))"))
    yield wrong("at most 6", f.relu, ("_max(a.dtype(0), x)", "_min(a.dtype(6), _max(a.dtype(0), x))"))
    yield wrong("a maximum", f.leaky_relu, ("np.where(x < 0, a.mul(alpha, x), x)", "np.maximum(a.mul(alpha, x), x)"))
    yield wrong("-0 becomes alpha * -0", f.leaky_relu, ("x < 0", "np.signbit(x)"))
    yield wrong("without expm1", f.elu, ("a.expm1(_min(a.dtype(0), x))", "(np.exp(x) - a.dtype(1))"))
    yield wrong("expm1 of a math library", f.elu, ("a.expm1(_min(a.dtype(0), x))", "np.expm1(_min(a.dtype(0), x))"))
    yield wrong(
        "alpha in the exponent",
        f.elu,
        ("a.mul(alpha, a.expm1(_min(a.dtype(0), x)))", "a.expm1(_min(a.dtype(0), a.mul(np.abs(alpha), x)))"),
    )
    yield wrong("rounded twice", f.hard_sigmoid, ("a.fma(alpha, x, beta)", "a.add(a.mul(alpha, x), beta)"))
    yield wrong("a NaN becomes 0", f.hard_sigmoid, ("_min(a.dtype(1), _max(a.dtype(0), a.fma(alpha, x, beta)))",
                "np.fmin(a.dtype(1), np.fmax(a.dtype(0), a.fma(alpha, x, beta)))"))  # fmt: skip
    yield wrong("not limited from below", f.hard_sigmoid, ("_max(a.dtype(0), a.fma(alpha, x, beta))", "a.fma(alpha, x, beta)"))
    yield wrong("rounded twice", f.affine, ("a.fma(alpha, x, beta)", "a.add(a.mul(alpha, x), beta)"))
    yield wrong("alpha within", f.scaled_tanh, ("a.mul(alpha, a.tanh(a.mul(beta, x)))", "a.mul(beta, a.tanh(a.mul(alpha, x)))"))
    yield wrong("a NaN of infinity", f.softsign, ("clip(a, 2.0**64, x)", "x"))
    yield wrong("as 1 - 1 / (1 + |x|)", f.softsign, ("a.div(y, a.add(a.dtype(1), np.abs(y)))",
                "np.copysign(a.sub(a.dtype(1), a.div(a.dtype(1), a.add(a.dtype(1), np.abs(y)))), y)"))  # fmt: skip
    yield wrong("alpha itself gives 0", f.thresholded_relu, ("x < alpha", "x <= alpha"))
    yield wrong(
        "a NaN becomes 0", f.thresholded_relu, ("np.where(x < alpha, a.dtype(0), x)", "np.where(x >= alpha, x, a.dtype(0))")
    )
    yield wrong(
        "less alpha",
        f.thresholded_relu,
        ("np.where(x < alpha, a.dtype(0), x)", "np.where(x < alpha, a.dtype(0), a.sub(x, alpha))"),
    )
    yield from _softplus()


def _softplus() -> Iterator[Mutant]:
    def wrong(name: str, softplus: Callable[[np.ndarray], np.ndarray]) -> Mutant:
        patched = partial(patch.object, activations, "softplus", lambda k, x: softplus(x))
        mutant = with_patches(f"softplus: {name}", "ACTIVATION", patched)
        return replace(mutant, concerns=uses("softplus"))

    right, one = partial(activations.softplus, SINGLE), np.float32(1)
    yield wrong("log(1 + exp(x))", lambda x: np.log(one + np.exp(x)))
    yield wrong("of a math library", lambda x: np.maximum(x, np.float32(0)) + np.log1p(np.exp(-np.abs(x))))
    yield wrong("correctly rounded", lambda x: np.logaddexp(0.0, x.astype(np.float64)).astype(np.float32))
    yield wrong("x itself from 13 on", lambda x: np.where(x > 13, x, right(x)))
    yield wrong("flushed to zero below 2^-126", lambda x: flushed(right(x)))
    yield rewritten(
        "softplus: exp without its low part", "ACTIVATION", uses("softplus"), activations._exp_of_minus, ("(v + v_low)", "v")
    )
    for n in range(1, 6):
        for sign, limit in (("-", -np.inf), ("+", np.inf)):
            if (n, sign) == (5, "+"):  # no fault: a search found no input where it shows
                continue
            name = f"LOG1P_C{n}"
            off = np.nextafter(coefficient_of(SINGLE, name), np.float32(limit))
            mutant = with_patches(f"{name} {sign} 1 ulp", "ACTIVATION", partial(changed, SINGLE, name, off))
            yield replace(mutant, concerns=uses("softplus"))
