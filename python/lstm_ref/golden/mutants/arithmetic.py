"""Sums, products and their order done wrongly."""

from collections.abc import Iterator
from unittest.mock import patch

import numpy as np

from ...reference import sequence
from ...reference.arithmetic import Canonical32
from ...reference.fma import fma32
from .mutant import Mutant, flushed, with_arithmetic, with_patches


def wrong_arithmetic() -> Iterator[Mutant]:
    yield with_arithmetic("fma as a product and a sum, both rounded", "FUSION", Unfused())
    yield with_arithmetic("fma in float64, rounded twice", "DOUBLE_ROUNDING", TwiceRounded())
    yield with_arithmetic("subnormal results flushed to zero", "SUBNORMAL", _Flushing())
    for size in (16, 32, 63, 128, 10**9):
        yield with_arithmetic(f"chunks of {size}", "CHUNK_ORDER", Affine(size=size))
    yield with_arithmetic("chunks added last to first", "CHUNK_ORDER", Affine(reverse_chunks=True))
    yield with_arithmetic("chunks of h before chunks of x", "CHUNK_ORDER", Affine(reverse_terms=True))
    yield with_arithmetic("k descending within a chunk", "CHUNK_ORDER", Affine(descending=True))
    yield with_arithmetic("chunks that span x and h", "CHUNK_ORDER", Affine(joined=True))
    yield with_arithmetic("bias added last", "BIAS", Affine(start_with_bias=False))
    yield with_arithmetic("chunk summed into z instead of a fresh a", "CHUNK_ORDER", Affine(into_bias=True))
    yield with_arithmetic("K padded to a multiple of 8 with zeros", "SIGNED_ZERO", Affine(pad=8))
    yield with_arithmetic("K padded to a multiple of 64 with zeros", "SIGNED_ZERO", Affine(pad=64))
    yield with_arithmetic("partial sums start at their first product", "SIGNED_ZERO", Affine(start=-0.0))
    yield with_arithmetic("zero factors skipped", "NAN", _SkipsZeros())
    yield with_arithmetic("W_hh skipped while h is zero", "NAN", _SkipsZeroState())
    yield with_arithmetic("x spread over the lanes as 0 + x", "SIGNED_ZERO", _ZeroPlus())
    yield with_arithmetic("even and odd k summed apart", "CHUNK_ORDER", _Pairwise())
    yield with_arithmetic("matrix product of a BLAS", "CHUNK_ORDER", _Blas())
    yield with_arithmetic("dot products in float64, rounded once", "CHUNK_ORDER", _InFloat64())
    yield with_patches(
        "biases added to z one after the other",
        "BIAS",
        lambda: patch.object(sequence, "_parameters", _two_biases),
        arithmetic=_TwoBiases(),
    )


class Unfused(Canonical32):
    def fma(self, a, b, c):
        return np.float32(np.float32(a) * np.float32(b)) + np.float32(c)


class TwiceRounded(Canonical32):
    def fma(self, a, b, c):
        return (np.asarray(a, np.float64) * b + c).astype(np.float32)


class _Flushing(Canonical32):
    def fma(self, a, b, c):
        return flushed(fma32(a, b, c))

    def mul(self, a, b):
        return flushed(super().mul(a, b))


class Affine(Canonical32):
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
        z = np.broadcast_to(bias, shape) if self.start_with_bias else np.zeros(shape, self.dtype)
        for weight, x in terms:
            padding = -weight.shape[1] % self.pad
            weight, x = np.pad(weight, ((0, 0), (0, padding))), np.pad(x, ((0, 0), (0, padding)))
            starts = range(0, weight.shape[1], self.size)
            for start in reversed(starts) if self.reverse_chunks else starts:
                chunk = range(start, min(start + self.size, weight.shape[1]))
                a = z if self.into_bias else np.full(shape, self.start, self.dtype)
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


def _two_biases(a, config, tensors, suffix):
    """Both biases as two rows of "bias", for _TwoBiases."""
    zero = np.zeros(4 * config.hidden_size, np.float32)
    both = [tensors[f"{name}_{suffix}"] if config.bias else zero for name in ("bias_ih", "bias_hh")]
    return {"weight_ih": tensors[f"weight_ih_{suffix}"], "weight_hh": tensors[f"weight_hh_{suffix}"], "bias": np.stack(both)}


class _TwoBiases(Canonical32):
    def affine(self, bias, *terms):
        z = super().affine(bias[0], *terms[:1])
        return super().affine(bias[1], *terms[1:]) + z
