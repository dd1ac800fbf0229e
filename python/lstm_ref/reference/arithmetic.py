"""The operations that a cell is made of: Canonical gives the bits, in float32 or float64; Float64 tells how good those of float32 are."""

from typing import Any, Protocol

import numpy as np

from . import activations
from .width import DOUBLE, SINGLE, Width

Array = np.ndarray
Term = tuple[Array, Array]  # weight (N, K), input (B, K)


class Arithmetic(Protocol):
    """What the equations need; every operation is elementwise but ``affine``."""

    dtype: Any

    def fma(self, a: Array, b: Array, c: Array) -> Array: ...
    def mul(self, a: Array, b: Array) -> Array: ...
    def add(self, a: Array, b: Array) -> Array: ...
    def sub(self, a: Array, b: Array) -> Array: ...
    def div(self, a: Array, b: Array) -> Array: ...
    def sqrt(self, x: Array) -> Array: ...
    def sigmoid(self, x: Array) -> Array: ...
    def tanh(self, x: Array) -> Array: ...
    def expm1(self, x: Array) -> Array: ...
    def softplus(self, x: Array) -> Array: ...
    def affine(self, bias: Array, *terms: Term) -> Array: ...


class Canonical:
    """The canonical arithmetic of spec/numerics.md, in one of its two widths."""

    width: Width
    dtype: Any

    def fma(self, a: Array, b: Array, c: Array) -> Array:
        return self.width.fma(a, b, c)

    def mul(self, a: Array, b: Array) -> Array:
        return np.multiply(a, b, dtype=self.dtype)

    def add(self, a: Array, b: Array) -> Array:
        return np.add(a, b, dtype=self.dtype)

    def sub(self, a: Array, b: Array) -> Array:
        return np.subtract(a, b, dtype=self.dtype)

    def div(self, a: Array, b: Array) -> Array:
        return np.divide(a, b, dtype=self.dtype)

    def sqrt(self, x: Array) -> Array:
        return np.sqrt(x, dtype=self.dtype)

    def sigmoid(self, x: Array) -> Array:
        return activations.sigmoid(self.width, np.asarray(x, self.dtype))

    def tanh(self, x: Array) -> Array:
        return activations.tanh(self.width, np.asarray(x, self.dtype))

    def expm1(self, x: Array) -> Array:
        """Of x <= 0."""
        return activations.expm1(self.width, np.asarray(x, self.dtype))

    def softplus(self, x: Array) -> Array:
        return activations.softplus(self.width, np.asarray(x, self.dtype))

    def affine(self, bias: Array, *terms: Term) -> Array:
        """(N3): bias (N,), terms of weight (N, K) and input (B, K) -> (B, N).

        The chunks of one term are independent until they are added, so all of them advance together, one k a pass.
        """
        z = np.broadcast_to(bias, (terms[0][1].shape[0], bias.shape[0]))  # (B, N)
        for weight, x in terms:
            for partial in self._partial_sums(weight.astype(np.float64), x.astype(np.float64)):
                z = self.add(z, partial)
        return z

    def _partial_sums(self, weight: Array, x: Array) -> Array:
        """weight (N, K), x (B, K) -> the sums of the chunks, (ceil(K / 64), B, N)."""
        outputs, length = weight.shape
        starts = np.arange(0, length, self.width.CHUNK)
        partial = np.zeros((len(starts), x.shape[0], outputs), self.dtype)
        for k in range(min(self.width.CHUNK, length)):
            at = starts[starts + k < length] + k  # the last chunk may be shorter: it has no such k
            w, v = weight[:, at].T[:, None, :], x[:, at].T[:, :, None]  # (chunks, 1, N), (chunks, B, 1)
            partial[: len(at)] = self.fma(w, v, partial[: len(at)])
        return partial


class Canonical32(Canonical):
    width, dtype = SINGLE, np.float32


class Canonical64(Canonical):
    width, dtype = DOUBLE, np.float64


class Float64:
    """The same operations as accurately as NumPy does them in float64: the accuracy oracle."""

    dtype = np.float64

    def fma(self, a: Array, b: Array, c: Array) -> Array:
        return a * b + c

    def mul(self, a: Array, b: Array) -> Array:
        return a * b

    def add(self, a: Array, b: Array) -> Array:
        return a + b

    def sub(self, a: Array, b: Array) -> Array:
        return a - b

    def div(self, a: Array, b: Array) -> Array:
        return a / b

    def sqrt(self, x: Array) -> Array:
        return np.sqrt(x)

    def sigmoid(self, x: Array) -> Array:
        e = np.exp(-np.abs(x))
        return np.where(x < 0, e, 1.0) / (1.0 + e)

    def tanh(self, x: Array) -> Array:
        return np.tanh(x)

    def expm1(self, x: Array) -> Array:
        return np.expm1(x)

    def softplus(self, x: Array) -> Array:
        return np.where(x > 0, x, 0.0) + np.log1p(np.exp(-np.abs(x)))

    def affine(self, bias: Array, *terms: Term) -> Array:
        return bias + sum(x @ weight.T for weight, x in terms)


CANONICAL32 = Canonical32()
CANONICAL64 = Canonical64()
FLOAT64 = Float64()
