"""Weights, states and lengths read wrongly."""

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from .mutant import Inputs, Mutant, flushed, layers_last, with_inputs


def gate_orders() -> Iterator[Mutant]:
    """The 23 wrong orders."""
    for order in itertools.permutations(range(4)):
        if order != (0, 1, 2, 3):
            letters = "".join("ifgo"[k] for k in order)

            def permute(config, weights, inputs, order=order):
                def blocks(tensor):
                    return np.concatenate([np.split(tensor, 4)[k] for k in order])

                return config, {name: blocks(tensor) for name, tensor in weights.items()}, inputs

            yield with_inputs(f"gate order {letters}", "GATE_ORDER", permute)


def _per_gate(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda tensor: np.concatenate([change(block) for block in np.split(tensor, 4)])


def wrong_inputs() -> Iterator[Mutant]:
    def weights_named(part: str, change: Callable[[np.ndarray], np.ndarray]):
        return lambda config, weights, inputs: (config, {n: change(w) if part in n else w for n, w in weights.items()}, inputs)

    def swapped_names(a: str, b: str):
        def change(config, weights, inputs):
            def other(name):
                return name.replace(a, "\0").replace(b, a).replace("\0", b)

            return config, {name: weights.get(other(name), tensor) for name, tensor in weights.items()}, inputs

        return change

    def state_changed(**change: Callable[[Inputs], np.ndarray]):
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

    yield with_inputs("W_hh transposed gate by gate", "TRANSPOSE", weights_named("weight_hh", _per_gate(lambda w: w.T)))
    yield with_inputs(
        "W_ih transposed gate by gate where it fits", "TRANSPOSE", weights_named("weight_ih", _per_gate(square_transposed))
    )
    yield with_inputs("W_hh read as column-major", "TRANSPOSE", weights_named("weight_hh", lambda w: w.reshape(w.shape[::-1]).T))
    yield with_inputs("W_ih read as column-major", "TRANSPOSE", weights_named("weight_ih", lambda w: w.reshape(w.shape[::-1]).T))
    yield with_inputs("W_ih and W_hh swapped where it fits", "TRANSPOSE", swapped_names("weight_ih", "weight_hh"))
    yield with_inputs("b_hh ignored", "BIAS", weights_named("bias_hh", np.zeros_like))
    yield with_inputs("b_ih ignored", "BIAS", weights_named("bias_ih", np.zeros_like))
    yield with_inputs("b_hh used twice", "BIAS", lambda c, w, i: (c, {n: w[n.replace("bias_ih", "bias_hh")] for n in w}, i))
    yield with_inputs(
        "forget-gate bias raised by 1",
        "BIAS",
        weights_named("bias_ih", lambda b: b + np.repeat(np.array([0, 1, 0, 0], np.float32), len(b) // 4)),
    )
    yield with_inputs("h_0 ignored", "INITIAL_STATE", state_changed(h_0=lambda i: np.zeros_like(i["h_0"])))
    yield with_inputs("c_0 ignored", "INITIAL_STATE", state_changed(c_0=lambda i: np.zeros_like(i["c_0"])))
    yield with_inputs("h_0 and c_0 swapped", "INITIAL_STATE", state_changed(h_0=lambda i: i["c_0"], c_0=lambda i: i["h_0"]))
    yield with_inputs(
        "states of layers and directions in the order d*L + l",
        "STACK",
        lambda c, w, i: (c, w, i | {n: layers_last(c, i[n]) for n in ("h_0", "c_0") if n in i}),
    )
    yield with_inputs(
        "state of the first layer for all", "STACK", state_changed(h_0=lambda i: np.repeat(i["h_0"][:1], len(i["h_0"]), 0))
    )
    yield with_inputs("directions' weights swapped", "REVERSE", swap_directions)
    yield with_inputs(
        "reverse direction uses the forward weights",
        "REVERSE",
        lambda c, w, i: (c, {n: w[n.removesuffix("_reverse")] for n in w}, i),
    )
    yield with_inputs(
        "reverse weight_hh taken from the forward direction",
        "REVERSE",
        lambda c, w, i: (c, {n: w[n.removesuffix("_reverse")] if "weight_hh" in n else t for n, t in w.items()}, i),
    )
    yield with_inputs(
        "first and last layer swapped where they fit",
        "STACK",
        lambda c, w, i: swapped_names("l0", f"l{c.num_layers - 1}")(c, w, i),
    )
    yield with_inputs(
        "every layer uses the last one's W_hh",
        "STACK",
        lambda c, w, i: (
            c,
            {n: w[n.replace(n.split("_")[2], f"l{c.num_layers - 1}")] if "weight_hh" in n else t for n, t in w.items()},
            i,
        ),
    )
    yield with_inputs("lengths ignored", "PADDING", lambda c, w, i: (c, w, {n: t for n, t in i.items() if n != "lengths"}))
    yield with_inputs(
        "lengths off by one",
        "PADDING",
        lambda c, w, i: (c, w, i | ({"lengths": np.maximum(i["lengths"] - 1, 0)} if "lengths" in i else {})),
    )
    yield with_inputs(
        "lengths sorted",
        "PADDING",
        lambda c, w, i: (c, w, i | ({"lengths": np.sort(i["lengths"])[::-1].copy()} if "lengths" in i else {})),
    )
    yield with_inputs(
        "NaN in x replaced by 0", "NAN", lambda c, w, i: (c, w, i | {"x": np.where(np.isnan(i["x"]), np.float32(0), i["x"])})
    )
    yield with_inputs("subnormal inputs flushed to zero", "SUBNORMAL", lambda c, w, i: (c, w, i | {"x": flushed(i["x"])}))
    yield with_inputs(
        "subnormal weights flushed to zero", "SUBNORMAL", lambda c, w, i: (c, {n: flushed(t) for n, t in w.items()}, i)
    )
    yield with_inputs(
        "subnormal states flushed to zero",
        "SUBNORMAL",
        lambda c, w, i: (c, w, i | {n: flushed(i[n]) for n in ("h_0", "c_0") if n in i}),
    )
    yield with_inputs(
        "batch_first ignored on input",
        "BATCH_FIRST",
        lambda c, w, i: (c, w, i | ({"x": _as_time_major(i["x"])} if c.batch_first else {})),
    )


def _as_time_major(x: np.ndarray) -> np.ndarray:
    """What comes of reading the bytes of (B, T, I) as (T, B, I)."""
    return x.reshape(x.shape[1], x.shape[0], x.shape[2]).swapaxes(0, 1)
