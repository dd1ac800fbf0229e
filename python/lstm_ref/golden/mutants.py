"""Deliberate faults in the reference, and the measure of the vectors: some case must notice each of them.

A mutant is a fault that somebody has made, or will. It is applied to the NumPy reference; its outputs on the cases are
held against the digests. The first case whose outputs differ kills it. The mutation score is killed / all.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

from ..config import LSTMConfig
from ..reference import CANONICAL32, Step, activations, forward, lstm_step, sequence
from ..reference.arithmetic import Canonical32
from ..reference.fma import fma32
from .compare import digest
from .manifest import OUTPUTS, Case, Tensors

Inputs = dict[str, Any]  # x, and those of h_0, c_0, lengths that a case has
Run = Callable[[LSTMConfig, Tensors, Inputs], Sequence[np.ndarray]]


@dataclass(frozen=True)
class Mutant:
    """A fault: what it is, the flag of the cases that should catch it, and how it computes (y, h_n, c_n)."""

    name: str
    flag: str
    run: Run


class Verdict(NamedTuple):
    mutant: Mutant
    killed_by: str | None  # the id of the first case that noticed, cheapest first


def all_mutants() -> list[Mutant]:
    return [
        *_gate_orders(),
        *_wrong_inputs(),
        *_wrong_arithmetic(),
        *_wrong_activations(),
        *_wrong_steps(),
        *_wrong_sequences(),
        *_wrong_coefficients(),
    ]


def mutation_score(cases: Sequence[Case], mutants: Sequence[Mutant] | None = None) -> Iterator[Verdict]:
    """One verdict a mutant, as they are reached."""
    ordered = sorted(cases, key=lambda case: (case.cost(), case.id))
    for mutant in all_mutants() if mutants is None else mutants:
        # cases of the mutant's own flag first: they are there for it
        tried = sorted(ordered, key=lambda case: mutant.flag not in case.flags)
        yield Verdict(mutant, next((case.id for case in tried if notices(case, mutant)), None))


def notices(case: Case, mutant: Mutant) -> bool:
    """Whether the mutant's outputs on this case differ from the canonical ones (a mutant that fails to run is noticed)."""
    weights, inputs = case.tensors()
    try:
        with np.errstate(all="ignore"):
            outputs = mutant.run(case.config, weights, inputs)
    except (ValueError, IndexError):
        return True  # shapes that no longer fit
    assert case.digest is not None
    return any(digest(value) != case.digest[name] for name, value in zip(OUTPUTS, outputs, strict=True))


# Ways to make a mutant ----------------------------------------------------------------------------------------------


def _with_inputs(
    name: str, flag: str, change: Callable[[LSTMConfig, Tensors, Inputs], tuple[LSTMConfig, Tensors, Inputs]]
) -> Mutant:
    """The right computation on wrong weights or inputs."""

    def run(config: LSTMConfig, weights: Tensors, inputs: Inputs):
        config, weights, inputs = change(config, weights, inputs)
        return forward(config, weights, **inputs)

    return Mutant(name, flag, run)


def _with_arithmetic(name: str, flag: str, wrong: Canonical32) -> Mutant:
    return Mutant(name, flag, lambda config, weights, inputs: forward(config, weights, **inputs, arithmetic=wrong))


def _with_patches(
    name: str, flag: str, *patches: Callable[[], AbstractContextManager], arithmetic: Canonical32 = CANONICAL32
) -> Mutant:
    def run(config: LSTMConfig, weights: Tensors, inputs: Inputs):
        with ExitStack() as stack:
            for make in patches:
                stack.enter_context(make())
            return forward(config, weights, **inputs, arithmetic=arithmetic)

    return Mutant(name, flag, run)


def _with_step(name: str, flag: str, step: Callable[..., Step]) -> Mutant:
    return _with_patches(name, flag, lambda: patch.object(sequence, "lstm_step", step))


def _with_layer(name: str, flag: str, layer: Callable[..., Any]) -> Mutant:
    return _with_patches(name, flag, lambda: patch.object(sequence, "_layer", layer))


def _with_outputs(name: str, flag: str, change: Callable[[LSTMConfig, Inputs, Any], Sequence[np.ndarray]]) -> Mutant:
    return Mutant(name, flag, lambda config, weights, inputs: change(config, inputs, forward(config, weights, **inputs)))


# Gate orders --------------------------------------------------------------------------------------------------------


def _gate_orders() -> Iterator[Mutant]:
    """The 23 wrong orders."""
    for order in itertools.permutations(range(4)):
        if order != (0, 1, 2, 3):
            letters = "".join("ifgo"[k] for k in order)

            def permute(config, weights, inputs, order=order):
                def blocks(tensor):
                    return np.concatenate([np.split(tensor, 4)[k] for k in order])

                return config, {name: blocks(tensor) for name, tensor in weights.items()}, inputs

            yield _with_inputs(f"gate order {letters}", "GATE_ORDER", permute)


# Wrong reading of weights and inputs --------------------------------------------------------------------------------


def _per_gate(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda tensor: np.concatenate([change(block) for block in np.split(tensor, 4)])


def _wrong_inputs() -> Iterator[Mutant]:
    def weights_named(part: str, change: Callable[[np.ndarray], np.ndarray]):
        return lambda config, weights, inputs: (config, {n: change(w) if part in n else w for n, w in weights.items()}, inputs)

    def swapped_names(a: str, b: str):
        def change(config, weights, inputs):
            def other(name):
                return name.replace(a, "\0").replace(b, a).replace("\0", b)

            return config, {name: weights.get(other(name), tensor) for name, tensor in weights.items()}, inputs

        return change

    def state_changed(**change: Callable[[Tensors], np.ndarray]):
        def apply(config, weights, inputs):
            return config, weights, inputs | ({name: f(inputs) for name, f in change.items()} if "h_0" in inputs else {})

        return apply

    def swap_directions(config, weights, inputs):
        return (
            config,
            {
                n: weights.get(n.removesuffix("_reverse") if n.endswith("_reverse") else n + "_reverse", w)
                for n, w in weights.items()
            },
            inputs,
        )

    def square_transposed(tensor):
        return tensor.T if tensor.shape[0] == tensor.shape[1] else tensor

    yield _with_inputs("W_hh transposed gate by gate", "TRANSPOSE", weights_named("weight_hh", _per_gate(lambda w: w.T)))
    yield _with_inputs(
        "W_ih transposed gate by gate where it fits", "TRANSPOSE", weights_named("weight_ih", _per_gate(square_transposed))
    )
    yield _with_inputs("W_hh read as column-major", "TRANSPOSE", weights_named("weight_hh", lambda w: w.reshape(w.shape[::-1]).T))
    yield _with_inputs("W_ih read as column-major", "TRANSPOSE", weights_named("weight_ih", lambda w: w.reshape(w.shape[::-1]).T))
    yield _with_inputs("W_ih and W_hh swapped where it fits", "TRANSPOSE", swapped_names("weight_ih", "weight_hh"))
    yield _with_inputs("b_hh ignored", "BIAS", weights_named("bias_hh", np.zeros_like))
    yield _with_inputs("b_ih ignored", "BIAS", weights_named("bias_ih", np.zeros_like))
    yield _with_inputs("b_hh used twice", "BIAS", lambda c, w, i: (c, {n: w[n.replace("bias_ih", "bias_hh")] for n in w}, i))
    yield _with_inputs(
        "forget-gate bias raised by 1",
        "BIAS",
        weights_named("bias_ih", lambda b: b + np.repeat(np.array([0, 1, 0, 0], np.float32), len(b) // 4)),
    )
    yield _with_inputs("h_0 ignored", "INITIAL_STATE", state_changed(h_0=lambda i: np.zeros_like(i["h_0"])))
    yield _with_inputs("c_0 ignored", "INITIAL_STATE", state_changed(c_0=lambda i: np.zeros_like(i["c_0"])))
    yield _with_inputs("h_0 and c_0 swapped", "INITIAL_STATE", state_changed(h_0=lambda i: i["c_0"], c_0=lambda i: i["h_0"]))
    yield _with_inputs(
        "states of layers and directions in the order d*L + l",
        "STACK",
        lambda c, w, i: (c, w, i | {n: _layers_last(c, i[n]) for n in ("h_0", "c_0") if n in i}),
    )
    yield _with_inputs(
        "state of the first layer for all", "STACK", state_changed(h_0=lambda i: np.repeat(i["h_0"][:1], len(i["h_0"]), 0))
    )
    yield _with_inputs("directions' weights swapped", "REVERSE", swap_directions)
    yield _with_inputs(
        "reverse direction uses the forward weights",
        "REVERSE",
        lambda c, w, i: (c, {n: w[n.removesuffix("_reverse")] for n in w}, i),
    )
    yield _with_inputs(
        "reverse weight_hh taken from the forward direction",
        "REVERSE",
        lambda c, w, i: (c, {n: w[n.removesuffix("_reverse")] if "weight_hh" in n else t for n, t in w.items()}, i),
    )
    yield _with_inputs(
        "first and last layer swapped where they fit",
        "STACK",
        lambda c, w, i: swapped_names("l0", f"l{c.num_layers - 1}")(c, w, i),
    )
    yield _with_inputs(
        "every layer uses the last one's W_hh",
        "STACK",
        lambda c, w, i: (
            c,
            {n: w[n.replace(n.split("_")[2], f"l{c.num_layers - 1}")] if "weight_hh" in n else t for n, t in w.items()},
            i,
        ),
    )
    yield _with_inputs("lengths ignored", "PADDING", lambda c, w, i: (c, w, {n: t for n, t in i.items() if n != "lengths"}))
    yield _with_inputs(
        "lengths off by one",
        "PADDING",
        lambda c, w, i: (c, w, i | ({"lengths": np.maximum(i["lengths"] - 1, 0)} if "lengths" in i else {})),
    )
    yield _with_inputs(
        "lengths sorted",
        "PADDING",
        lambda c, w, i: (c, w, i | ({"lengths": np.sort(i["lengths"])[::-1].copy()} if "lengths" in i else {})),
    )
    yield _with_inputs(
        "NaN in x replaced by 0", "NAN", lambda c, w, i: (c, w, i | {"x": np.where(np.isnan(i["x"]), np.float32(0), i["x"])})
    )
    yield _with_inputs("subnormal inputs flushed to zero", "SUBNORMAL", lambda c, w, i: (c, w, i | {"x": _flushed(i["x"])}))
    yield _with_inputs(
        "subnormal weights flushed to zero", "SUBNORMAL", lambda c, w, i: (c, {n: _flushed(t) for n, t in w.items()}, i)
    )
    yield _with_inputs(
        "subnormal states flushed to zero",
        "SUBNORMAL",
        lambda c, w, i: (c, w, i | {n: _flushed(i[n]) for n in ("h_0", "c_0") if n in i}),
    )
    yield _with_inputs(
        "batch_first ignored on input",
        "BATCH_FIRST",
        lambda c, w, i: (c, w, i | ({"x": _as_time_major(i["x"])} if c.batch_first else {})),
    )


def _layers_last(config: LSTMConfig, state: np.ndarray) -> np.ndarray:
    return state.reshape(config.directions, config.num_layers, *state.shape[1:]).swapaxes(0, 1).reshape(state.shape)


def _as_time_major(x: np.ndarray) -> np.ndarray:
    """What comes of reading the bytes of (B, T, I) as (T, B, I)."""
    return x.reshape(x.shape[1], x.shape[0], x.shape[2]).swapaxes(0, 1)


def _flushed(array: np.ndarray) -> np.ndarray:
    tiny = np.abs(array) < np.finfo(np.float32).tiny
    return np.where(tiny, np.copysign(np.float32(0), array), array)


# Wrong arithmetic ---------------------------------------------------------------------------------------------------


class _Unfused(Canonical32):
    def fma(self, a, b, c):
        return np.float32(np.float32(a) * np.float32(b)) + np.float32(c)


class _TwiceRounded(Canonical32):
    def fma(self, a, b, c):
        return (np.asarray(a, np.float64) * b + c).astype(np.float32)


class _Flushing(Canonical32):
    def fma(self, a, b, c):
        return _flushed(fma32(a, b, c))

    def mul(self, a, b):
        return _flushed(super().mul(a, b))


class _Affine(Canonical32):
    """affine written out, with one thing wrong at a time."""

    def __init__(self, *, size: int = 64, start_with_bias: bool = True, reverse_chunks: bool = False, reverse_terms: bool = False,
                 descending: bool = False, joined: bool = False, pad: int = 1, into_bias: bool = False, start: float = 0.0) -> None:  # fmt: skip
        self.size, self.start_with_bias, self.reverse_chunks, self.reverse_terms = (
            size,
            start_with_bias,
            reverse_chunks,
            reverse_terms,
        )
        self.descending, self.joined, self.pad, self.into_bias, self.start = descending, joined, pad, into_bias, start

    def affine(self, bias, *terms):
        if self.joined:
            terms = ((np.concatenate([w for w, _ in terms], 1), np.concatenate([x for _, x in terms], 1)),)
        if self.reverse_terms:
            terms = terms[::-1]
        shape = terms[0][1].shape[0], bias.shape[0]
        z = np.broadcast_to(bias, shape) if self.start_with_bias else np.zeros(shape, np.float32)
        for weight, x in terms:
            padding = -weight.shape[1] % self.pad
            weight, x = np.pad(weight, ((0, 0), (0, padding))), np.pad(x, ((0, 0), (0, padding)))
            starts = range(0, weight.shape[1], self.size)
            for start in reversed(starts) if self.reverse_chunks else starts:
                chunk = range(start, min(start + self.size, weight.shape[1]))
                a = z if self.into_bias else np.full(shape, self.start, np.float32)
                for k in reversed(chunk) if self.descending else chunk:
                    a = self.fma(weight[None, :, k], x[:, k, None], a)
                z = a if self.into_bias else self.add(z, a)
        return z if self.start_with_bias else self.add(z, np.broadcast_to(bias, shape))


class _SkipsZeros(Canonical32):
    """A sparse product: what has a zero factor is left out, and with it 0 * infinity and 0 * NaN."""

    def fma(self, a, b, c):
        zero = (np.asarray(a) == 0) | (np.asarray(b) == 0)
        return np.where(zero, c, super().fma(a, b, c)).astype(np.float32)


class _SkipsZeroState(Canonical32):
    def affine(self, bias, *terms):
        return super().affine(bias, *(term for k, term in enumerate(terms) if k == 0 or term[1].any()))


class _ZeroPlus(Canonical32):
    """Spreads x over the lanes of a vector as 0 + x, which makes -0 +0."""

    def affine(self, bias, *terms):
        return super().affine(bias, *((weight, x + np.float32(0)) for weight, x in terms))


class _Pairwise(Canonical32):
    """The dot product as two interleaved sums, as a vectorised loop would make it."""

    def affine(self, bias, *terms):
        z = np.broadcast_to(bias, (terms[0][1].shape[0], bias.shape[0]))
        for weight, x in terms:
            even, odd = (super(_Pairwise, self).affine(np.zeros_like(bias), (weight[:, k::2], x[:, k::2])) for k in (0, 1))
            z = self.add(z, self.add(even, odd))
        return z


class _Blas(Canonical32):
    def affine(self, bias, *terms):
        return bias + sum(x @ weight.T for weight, x in terms)


class _InFloat64(Canonical32):
    def affine(self, bias, *terms):
        return np.float32(bias + sum(x.astype(np.float64) @ weight.T.astype(np.float64) for weight, x in terms))


def _wrong_arithmetic() -> Iterator[Mutant]:
    yield _with_arithmetic("fma as a product and a sum, both rounded", "FUSION", _Unfused())
    yield _with_arithmetic("fma in float64, rounded twice", "DOUBLE_ROUNDING", _TwiceRounded())
    yield _with_arithmetic("subnormal results flushed to zero", "SUBNORMAL", _Flushing())
    for size in (16, 32, 63, 128, 10**9):
        yield _with_arithmetic(f"chunks of {size}", "CHUNK_ORDER", _Affine(size=size))
    yield _with_arithmetic("chunks added last to first", "CHUNK_ORDER", _Affine(reverse_chunks=True))
    yield _with_arithmetic("chunks of h before chunks of x", "CHUNK_ORDER", _Affine(reverse_terms=True))
    yield _with_arithmetic("k descending within a chunk", "CHUNK_ORDER", _Affine(descending=True))
    yield _with_arithmetic("chunks that span x and h", "CHUNK_ORDER", _Affine(joined=True))
    yield _with_arithmetic("bias added last", "BIAS", _Affine(start_with_bias=False))
    yield _with_arithmetic("chunk summed into z instead of a fresh a", "CHUNK_ORDER", _Affine(into_bias=True))
    yield _with_arithmetic("K padded to a multiple of 8 with zeros", "SIGNED_ZERO", _Affine(pad=8))
    yield _with_arithmetic("K padded to a multiple of 64 with zeros", "SIGNED_ZERO", _Affine(pad=64))
    yield _with_arithmetic("partial sums start at their first product", "SIGNED_ZERO", _Affine(start=-0.0))
    yield _with_arithmetic("zero factors skipped", "NAN", _SkipsZeros())
    yield _with_arithmetic("W_hh skipped while h is zero", "NAN", _SkipsZeroState())
    yield _with_arithmetic("x spread over the lanes as 0 + x", "SIGNED_ZERO", _ZeroPlus())
    yield _with_arithmetic("even and odd k summed apart", "CHUNK_ORDER", _Pairwise())
    yield _with_arithmetic("matrix product of a BLAS", "CHUNK_ORDER", _Blas())
    yield _with_arithmetic("dot products in float64, rounded once", "CHUNK_ORDER", _InFloat64())
    yield _with_patches(
        "biases added to z one after the other",
        "BIAS",
        lambda: patch.object(sequence, "_parameters", _two_biases),
        arithmetic=_TwoBiases(),
    )


def _two_biases(a, config, tensors, suffix):
    """Both biases as two rows of "bias", for _TwoBiases."""
    zero = np.zeros(4 * config.hidden_size, np.float32)
    both = [tensors[f"{name}_{suffix}"] if config.bias else zero for name in ("bias_ih", "bias_hh")]
    return {"weight_ih": tensors[f"weight_ih_{suffix}"], "weight_hh": tensors[f"weight_hh_{suffix}"], "bias": np.stack(both)}


class _TwoBiases(Canonical32):
    def affine(self, bias, *terms):
        z = super().affine(bias[0], *terms[:1])
        return super().affine(bias[1], *terms[1:]) + z


# Wrong activations --------------------------------------------------------------------------------------------------


class _Activations(Canonical32):
    def __init__(self, sigmoid=None, tanh=None) -> None:
        self._sigmoid, self._tanh = sigmoid or activations.sigmoid, tanh or activations.tanh

    def sigmoid(self, x):
        return self._sigmoid(np.asarray(x, np.float32)).astype(np.float32)

    def tanh(self, x):
        return self._tanh(np.asarray(x, np.float32)).astype(np.float32)


def _hard_sigmoid(x):
    return np.clip(x * np.float32(0.2) + np.float32(0.5), 0, 1)


def _sigmoid_by_tanh(x):
    return np.float32(0.5) * activations.tanh(np.float32(0.5) * x) + np.float32(0.5)


def _sigmoid_plain(x):
    return np.float32(1) / (np.float32(1) + np.exp(-x))


def _in_float64(function):
    return lambda x: function(x.astype(np.float64)).astype(np.float32)


def _without_residual(a, a_low, d, d_low):
    return a / d


def _without_low_parts(a, a_low, d, d_low):
    q = a / d
    return fma32(fma32(-q, d, a), fma32(d, activations.RECIP_C1, activations.RECIP_C0), q)


def _wrong_activations() -> Iterator[Mutant]:
    yield _with_arithmetic("hard sigmoid", "ACTIVATION", _Activations(sigmoid=_hard_sigmoid))
    yield _with_arithmetic("sigmoid(x) = 0.5 tanh(0.5 x) + 0.5", "ACTIVATION", _Activations(sigmoid=_sigmoid_by_tanh))
    yield _with_arithmetic(
        "sigmoid(x) = 1 / (1 + exp(-x)) from a math library", "ACTIVATION", _Activations(sigmoid=_sigmoid_plain)
    )
    yield _with_arithmetic(
        "sigmoid correctly rounded", "ACTIVATION", _Activations(sigmoid=_in_float64(lambda x: 1 / (1 + np.exp(-x))))
    )
    yield _with_arithmetic("tanh from a math library", "ACTIVATION", _Activations(tanh=np.tanh))
    yield _with_arithmetic("tanh correctly rounded", "ACTIVATION", _Activations(tanh=_in_float64(np.tanh)))
    yield _with_arithmetic("tanh clamped at 5", "ACTIVATION", _Activations(tanh=lambda x: activations.tanh(np.clip(x, -5, 5))))
    yield _with_arithmetic(
        "sigmoid clamped at 20", "ACTIVATION", _Activations(sigmoid=lambda x: activations.sigmoid(np.clip(x, -20, 20)))
    )
    yield _with_arithmetic("tanh(-0) = +0", "SIGNED_ZERO", _Activations(tanh=lambda x: activations.tanh(x) + np.float32(0)))
    yield _with_arithmetic(
        "sigmoid flushed to zero below 2^-126", "SUBNORMAL", _Activations(sigmoid=lambda x: _flushed(activations.sigmoid(x)))
    )
    yield _with_patches(
        "quotient without the residual", "ACTIVATION", lambda: patch.object(activations, "_quotient", _without_residual)
    )
    yield _with_patches(
        "quotient without the low parts", "ACTIVATION", lambda: patch.object(activations, "_quotient", _without_low_parts)
    )
    yield _with_patches("fma of the activations unfused", "FUSION", lambda: patch.object(activations, "fma", _Unfused().fma))


# Wrong steps --------------------------------------------------------------------------------------------------------


def _gates(a, x, h, c, p):
    z = a.affine(p["bias"], (p["weight_ih"], x), (p["weight_hh"], h))
    z_i, z_f, z_g, z_o = np.split(z, 4, axis=-1)
    return z, a.sigmoid(z_i), a.sigmoid(z_f), a.tanh(z_g), a.sigmoid(z_o)


def _step(cell, output=lambda a, o, c, old: a.mul(o, a.tanh(c))) -> Callable[..., Step]:
    """A step with a cell equation and an output equation of its own."""

    def step(a, x, h, c, p):
        z, i, f, g, o = _gates(a, x, h, c, p)
        new = cell(a, i, f, g, c)
        return Step(z, np.concatenate([i, f, g, o], axis=-1), new, output(a, o, new, c))

    return step


def _right_cell(a, i, f, g, c):
    return a.fma(f, c, a.mul(i, g))


def _swapped_activations(a, x, h, c, p):
    z = a.affine(p["bias"], (p["weight_ih"], x), (p["weight_hh"], h))
    z_i, z_f, z_g, z_o = np.split(z, 4, axis=-1)
    i, f, g, o = a.sigmoid(z_i), a.sigmoid(z_f), a.sigmoid(z_g), a.tanh(z_o)
    c = _right_cell(a, i, f, g, c)
    return Step(z, z, c, a.mul(o, a.tanh(c)))


def _wrong_steps() -> Iterator[Mutant]:
    yield _with_step(
        "c' = f*c + i*g, both products rounded", "FUSION", _step(lambda a, i, f, g, c: a.add(a.mul(f, c), a.mul(i, g)))
    )
    yield _with_step("c' = fma(i, g, f*c)", "FUSION", _step(lambda a, i, f, g, c: a.fma(i, g, a.mul(f, c))))
    yield _with_step(
        "coupled gates: c' = f*c + (1 - f)*g",
        "STATE_CARRY",
        _step(lambda a, i, f, g, c: a.fma(f, c, a.mul(np.float32(1) - f, g))),
    )
    yield _with_step("f and i exchanged", "GATE_ORDER", _step(lambda a, i, f, g, c: a.fma(i, c, a.mul(f, g))))
    yield _with_step("h' = o * c', no tanh", "ACTIVATION", _step(_right_cell, lambda a, o, c, old: a.mul(o, c)))
    yield _with_step("h' = o * tanh(c), the old c", "STATE_CARRY", _step(_right_cell, lambda a, o, c, old: a.mul(o, a.tanh(old))))
    yield _with_step("h' = tanh(o * c')", "ACTIVATION", _step(_right_cell, lambda a, o, c, old: a.tanh(a.mul(o, c))))
    yield _with_step("c' clipped to [-3, 3]", "OVERFLOW", _step(lambda a, i, f, g, c: np.clip(_right_cell(a, i, f, g, c), -3, 3)))
    yield _with_step("no forget gate", "STATE_CARRY", _step(lambda a, i, f, g, c: a.add(c, a.mul(i, g))))
    yield _with_step("sigmoid for g, tanh for o", "ACTIVATION", _swapped_activations)
    yield _with_step(
        "f*c skipped where f is 0", "NAN", _step(lambda a, i, f, g, c: np.where(f == 0, a.mul(i, g), _right_cell(a, i, f, g, c)))
    )
    yield _with_step("c not carried", "STATE_CARRY", lambda a, x, h, c, p: lstm_step(a, x, h, np.zeros_like(c), p))
    yield _with_step("h not carried", "STATE_CARRY", lambda a, x, h, c, p: lstm_step(a, x, np.zeros_like(h), c, p))


# Wrong sequences ----------------------------------------------------------------------------------------------------

_right_layer = sequence._layer


def _wrong_sequences() -> Iterator[Mutant]:
    def reverse_ignored(a, p, x, h, c, lengths, reverse):
        return _right_layer(a, p, x, h, c, lengths, False)

    def reverse_not_put_back(a, p, x, h, c, lengths, reverse):
        y, trace = _right_layer(a, p, x, h, c, lengths, reverse)
        return (y[::-1].copy() if reverse else y), trace

    def reverse_from_the_padding(a, p, x, h, c, lengths, reverse):
        if not reverse:
            return _right_layer(a, p, x, h, c, lengths, reverse)
        y, trace = _right_layer(a, p, x, h, c, np.full_like(lengths, len(x)), True)
        return np.where(np.arange(len(x))[:, None, None] < lengths[:, None], y, np.float32(0)), trace

    def last_output_repeated(a, p, x, h, c, lengths, reverse):
        y, trace = _right_layer(a, p, x, h, c, lengths, reverse)
        for b, n in enumerate(lengths):
            y[n:, b] = y[n - 1, b] if n else 0
        return y, trace

    def final_state_of_last_output(a, p, x, h, c, lengths, reverse):
        y, trace = _right_layer(a, p, x, h, c, lengths, reverse)
        if len(x):
            h[:] = y[-1]
        return y, trace

    def state_zeroed_past_the_end(a, p, x, h, c, lengths, reverse):
        y, trace = _right_layer(a, p, x, h, c, lengths, reverse)
        h[lengths < len(x)] = 0
        return y, trace

    def longest_row_only(a, p, x, h, c, lengths, reverse):
        return _right_layer(a, p, x, h, c, np.full_like(lengths, lengths.max(initial=0)), reverse)

    def rows_share_a_state(a, p, x, h, c, lengths, reverse):
        h[:], c[:] = h[:1], c[:1]
        return _right_layer(a, p, x, h, c, lengths, reverse)

    def empty_state_zeroed(config, inputs, result):
        lengths = inputs.get("lengths", np.full(result.h_n.shape[1], result.y.shape[1 if config.batch_first else 0]))
        gone = (lengths == 0)[:, None]
        return result.y, np.where(gone, np.float32(0), result.h_n), np.where(gone, np.float32(0), result.c_n)

    def halves_swapped(config, inputs, result):
        return np.roll(result.y, config.hidden_size, -1) if config.bidirectional else result.y, result.h_n, result.c_n

    yield _with_layer("reverse direction runs forward", "REVERSE", reverse_ignored)
    yield _with_layer("reverse outputs not put back in order", "REVERSE", reverse_not_put_back)
    yield _with_layer("reverse direction starts at T-1 of a padded row", "PADDING", reverse_from_the_padding)
    yield _with_layer("padding of y holds the last output", "PADDING", last_output_repeated)
    yield _with_layer("h_n is y[T-1]", "REVERSE", final_state_of_last_output)
    yield _with_layer("h_n of a short row is zero", "PADDING", state_zeroed_past_the_end)
    yield _with_layer("all rows as long as the longest", "PADDING", longest_row_only)
    yield _with_layer("all rows start from row 0's state", "INITIAL_STATE", rows_share_a_state)
    yield _with_outputs("state of an empty row zeroed", "EMPTY", empty_state_zeroed)
    yield _with_outputs("reverse half of y first", "REVERSE", halves_swapped)
    yield _with_outputs("h_n and c_n swapped", "INITIAL_STATE", lambda config, inputs, r: (r.y, r.c_n, r.h_n))
    yield _with_outputs("h_n in the order d*L + l", "STACK", lambda config, inputs, r: (r.y, _layers_last(config, r.h_n), r.c_n))
    yield _with_outputs("c_n in the order d*L + l", "STACK", lambda config, inputs, r: (r.y, r.h_n, _layers_last(config, r.c_n)))
    yield _with_outputs(
        "y time-major although batch_first",
        "BATCH_FIRST",
        lambda config, inputs, r: (r.y.swapaxes(0, 1) if config.batch_first else r.y, r.h_n, r.c_n),
    )


# Wrong coefficients -------------------------------------------------------------------------------------------------


def _wrong_coefficients() -> Iterator[Mutant]:
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
        "TWO_32",
        "TWO_M32",
    ):
        for sign, limit in (("-", -np.inf), ("+", np.inf)):
            if (name, sign) == ("EXP_C7", "+"):
                continue
            wrong = np.nextafter(getattr(activations, name), np.float32(limit))
            yield _with_patches(f"{name} {sign} 1 ulp", "ACTIVATION", partial(patch.object, activations, name, wrong))
