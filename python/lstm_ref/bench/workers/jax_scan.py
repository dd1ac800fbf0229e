"""JAX: one jitted function; the input projection of all steps as one product, then a scan."""

import jax
import jax.numpy as jnp
import numpy as np

from ...conformance.protocol import Skipped
from ..worker import Job, Task, Worker, serve


def step(w_hh, state, z):
    """z (B, 4H) is W_ih x + b; state h, c (B, H)."""
    h, c = state
    i, f, g, o = jnp.split(z + h @ w_hh, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def layer(parameters, x, reverse):
    """x (T, B, I) -> (T, B, H)."""
    w_ih, w_hh, b = parameters
    zero = jnp.zeros((x.shape[1], w_hh.shape[0]), x.dtype)
    z = x @ w_ih + b  # (T, B, 4H)
    return jax.lax.scan(lambda state, z: step(w_hh, state, z), (zero, zero), z, reverse=reverse)[1]


@jax.jit
def forward(layers, x):
    for directions in layers:
        x = jnp.concatenate([layer(p, x, reverse) for p, reverse in zip(directions, (False, True), strict=False)], axis=-1)
    return x


@jax.jit
def one_step(parameters, x, state):
    w_ih, w_hh, b = parameters
    return step(w_hh, state, x @ w_ih + b)


class Sequence:
    def __init__(self, task: Task) -> None:
        self.x, self.layers = jnp.asarray(task.x), weights(task)

    def compute(self) -> np.ndarray:
        return np.asarray(forward(self.layers, self.x))

    def run(self) -> None:
        forward(self.layers, self.x).block_until_ready()


class Steps:
    def __init__(self, task: Task) -> None:
        self.parameters = weights(task)[0][0]
        self.xs = [jnp.asarray(x) for x in task.x]
        self.zero = (jnp.zeros((task.x.shape[1], task.config.hidden_size), jnp.float32),) * 2
        self.state = self.zero

    def compute(self) -> np.ndarray:
        state, ys = self.zero, []
        for x in self.xs:
            state, y = one_step(self.parameters, x, state)
            ys.append(np.asarray(y))
        return np.stack(ys)

    def run(self) -> None:
        state, parameters = self.state, self.parameters
        for x in self.xs:
            state, y = one_step(parameters, x, state)
            y.block_until_ready()
        self.state = state


def weights(task: Task) -> list[list[tuple[jax.Array, ...]]]:
    """(W_ih (I, 4H), W_hh (H, 4H), b (4H,)) of each direction of each layer."""
    t, directions = task.tensors, ("", "_reverse")[: task.config.directions]

    def parameters(suffix: str) -> tuple[jax.Array, ...]:
        arrays = (t[f"weight_ih_{suffix}"].T, t[f"weight_hh_{suffix}"].T, t[f"bias_ih_{suffix}"] + t[f"bias_hh_{suffix}"])
        return tuple(jnp.asarray(np.ascontiguousarray(array)) for array in arrays)

    return [[parameters(f"l{layer}{direction}") for direction in directions] for layer in range(task.config.num_layers)]


def make(task: Task) -> Job:
    if task.threads != 1:
        raise Skipped("XLA's number of threads is fixed when it starts; here it is 1")
    return (Steps if task.mode == "step" else Sequence)(task)


if __name__ == "__main__":
    serve(Worker("JAX", jax.__version__, make))
