"""Faults of the variants (spec/variants.md): options ignored, weights in another order, other equations."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from ...activation import named
from ...config import CONFIGS, REASONS, VARIANTS, Config
from ...reference import cells, functions, sequence
from ..cases.variants import FLAGS
from .mutant import Mutant, with_inputs
from .rewritten import Concerns, Replacement, rewritten


def variants() -> Iterator[Mutant]:
    yield from _options_ignored()
    yield from _parameters_ignored()
    yield from _weights()
    yield from _projection()
    yield from _peephole()
    yield from _coupled()
    yield from _clip()
    yield from _gru()
    yield from _rnn()
    yield from _sequences()


# Which networks a fault concerns


def has(*keys: str, op: str = "") -> Concerns:
    """Those of an op (of any) with one of these options."""
    return lambda config: config.op.startswith(op) and any(key in config.chosen() for key in keys)


def is_op(op: str) -> Concerns:
    return lambda config: config.op == op


PROJECTED, PEEPHOLE, COUPLED, CLIPPED = has("proj_size"), has("peephole"), has("input_forget"), has("clip")
GRU, RNN, BEFORE = is_op("gru"), is_op("rnn"), has("reset_after")


def after(config: Config) -> bool:
    return GRU(config) and not BEFORE(config)


# Faults of reading the configuration and the weights


def _options_ignored() -> Iterator[Mutant]:
    """Each option of each op at its default, whatever the configuration says."""

    def ignore(key: str, config: Config, weights, inputs):
        config = replace(config, **{key: getattr(type(config), key)})
        names = config.expected_tensors()
        return config, {name: value for name, value in weights.items() if name in names}, inputs

    for op, key in itertools.product(CONFIGS, FLAGS):
        if (op, key) not in REASONS and key != "proj_size":
            mutant = with_inputs(f"{op}: {key} ignored", FLAGS[key], partial(ignore, key))
            yield replace(mutant, concerns=has(key, op=op))


def _parameters_ignored() -> Iterator[Mutant]:
    """alpha and beta of activations."""

    def everywhere(change):
        def apply(config, weights, inputs):
            places = [key for key in config.options() if key.endswith("_activation")]
            return replace(config, **{key: change(getattr(config, key)) for key in places}), weights, inputs

        return apply

    chosen = has("gate_activation", "candidate_activation", "output_activation")
    for name, change in (
        ("activation parameters ignored", lambda f: named(f.name)),
        ("alpha and beta swapped", lambda f: f._replace(parameters=f.parameters[::-1])),
        ("alpha negated", lambda f: f._replace(parameters=tuple(-v for v in f.parameters))),
    ):
        yield replace(with_inputs(name, "ACTIVATION", everywhere(change)), concerns=chosen)


def _weights() -> Iterator[Mutant]:
    """Read in another order, or from another place."""

    def change(part: str, edit: Callable[[np.ndarray], np.ndarray]):
        return lambda config, weights, inputs: (config, {n: edit(w) if part in n else w for n, w in weights.items()}, inputs)

    def in_order(order: tuple[int, ...], tensor: np.ndarray) -> np.ndarray:
        return np.concatenate([np.split(tensor, len(order))[k] for k in order])

    def of_the_forward_direction(part: str):
        return lambda c, w, i: (c, {n: w[n.removesuffix("_reverse")] if part in n else t for n, t in w.items()}, i)

    def transposed(tensor: np.ndarray) -> np.ndarray:
        return np.concatenate([block.T for block in np.split(tensor, len(tensor) // tensor.shape[1])])

    for order in itertools.permutations(range(3)):
        if order != (0, 1, 2):
            letters = "".join("iof"[k] for k in order), "".join("run"[k] for k in order)
            wrong = partial(in_order, order)
            yield replace(with_inputs(f"peephole order {letters[0]}", "PEEPHOLE", change("peephole", wrong)), concerns=PEEPHOLE)
            yield replace(with_inputs(f"gru gate order {letters[1]}", "RESET_MODE", change("_", wrong)), concerns=GRU)
    for name, flag, concerns, edit in (
        ("W_hr read as column-major", "PROJECTION", PROJECTED, change("hr", lambda w: w.reshape(w.shape[::-1]).T)),
        ("W_hr of the forward direction in reverse", "PROJECTION", PROJECTED, of_the_forward_direction("weight_hr")),
        ("peepholes of the forward direction in reverse", "PEEPHOLE", PEEPHOLE, of_the_forward_direction("peephole")),
        ("gru: W_hh transposed", "RESET_MODE", GRU, change("weight_hh", transposed)),
        ("gru: b_hh ignored", "RESET_MODE", GRU, change("bias_hh", np.zeros_like)),
        ("gru: b_ih ignored", "RESET_MODE", GRU, change("bias_ih", np.zeros_like)),
        ("rnn: W_hh transposed", "PLAIN_RNN", RNN, change("weight_hh", transposed)),
        ("rnn: b_hh ignored", "PLAIN_RNN", RNN, change("bias_hh", np.zeros_like)),
        ("rnn: b_ih ignored", "PLAIN_RNN", RNN, change("bias_ih", np.zeros_like)),
    ):
        yield replace(with_inputs(name, flag, edit), concerns=concerns)


# Faults of the equations

NEXT_C = 'a.fma(f, c, a.mul(i, dropped(a, p, "mask_candidate", g)))'
CLIP_ALL = "np.clip({}, -k.clip, k.clip) if k.clip else {}"


def _projection() -> Iterator[Mutant]:
    def wrong(name: str, *replacements: Replacement, concerns: Concerns = PROJECTED) -> Mutant:
        return rewritten(f"projection {name}", "PROJECTION", concerns, cells.lstm_step, *replacements)

    right = 'a.affine(np.zeros(k.proj_size, a.dtype), (p["weight_hr"], new_h))'
    yield wrong("left out, h cut short", (right, "new_h[:, : k.proj_size]"))
    yield wrong("of c'", ('(p["weight_hr"], new_h)', '(p["weight_hr"], new_c)'))
    yield wrong("by a BLAS", (right, 'new_h @ p["weight_hr"].T'))
    yield wrong("from -0 on", ("np.zeros(k.proj_size, a.dtype)", "-np.zeros(k.proj_size, a.dtype)"))
    yield wrong("activated again", (right, f"act(a, k.output_activation, 0, {right})"))
    yield wrong("clipped", (right, f"np.clip({right}, -k.clip, k.clip)"), concerns=lambda c: PROJECTED(c) and CLIPPED(c))


def _peephole() -> Iterator[Mutant]:
    def wrong(name: str, *replacements: Replacement) -> Mutant:
        return rewritten(f"peephole: {name}", "PEEPHOLE", PEEPHOLE, cells.lstm_pointwise, *replacements)

    yield wrong(
        "of the output gate, at the old c",
        (f"    c = {NEXT_C}", f"    old, c = c, {NEXT_C}"),
        ("a.fma(p_o, c, z_o)", "a.fma(p_o, old, z_o)"),
    )
    for gate in "ifo":
        right = f"a.fma(p_{gate}, c, z_{gate})"
        yield wrong(f"none of gate {gate}", (right, f"z_{gate}"))
        yield wrong(f"of gate {gate}, rounded twice", (right, f"a.add(a.mul(p_{gate}, c), z_{gate})"))
    yield wrong("of the candidate, too", ("a.fma(p_f, c, z_f)", "a.fma(p_f, c, z_f); z_g = a.fma(p_o, c, z_g)"))
    yield wrong(
        "at tanh(c)", ("a.fma(p_i, c, z_i)", "a.fma(p_i, a.tanh(c), z_i)"), ("a.fma(p_f, c, z_f)", "a.fma(p_f, a.tanh(c), z_f)")
    )


def _coupled() -> Iterator[Mutant]:
    def wrong(name: str, *replacements: Replacement) -> Mutant:
        return rewritten(f"coupled: {name}", "COUPLED", COUPLED, cells.lstm_pointwise, *replacements)

    right = "a.sub(a.dtype(1), i)"
    yield wrong("f = i", (right, "i"))
    yield wrong("f = -i", (right, "-i"))
    yield wrong("f = 1 - g", (right, "a.sub(a.dtype(1), g)"))
    yield wrong("f = sigmoid(-z_i)", (right, "a.sigmoid(-z_i)"))
    yield wrong("c' = g + f (c - g)", (NEXT_C, f"a.fma(f, a.sub(c, g), g) if k.input_forget else {NEXT_C}"))
    yield wrong(
        "i = 1 - f",
        (f"    c = {NEXT_C}", f"    f = act(a, k.gate_activation, k.clip, z_f); i = a.sub(a.dtype(1), f)\n    c = {NEXT_C}"),
    )


def _clip() -> Iterator[Mutant]:
    lstm = has("clip", op="lstm")

    def wrong(name: str, function: Callable, *replacements: Replacement, concerns: Concerns = lstm) -> Mutant:
        return rewritten(f"clip {name}", "CLIP", concerns, function, *replacements)

    point, act, clip = cells.lstm_pointwise, functions.act, functions.clip
    yield wrong(
        "not before the output activation",
        point,
        ("act(a, k.output_activation, k.clip, out)", "act(a, k.output_activation, 0, out)"),
    )
    yield wrong("of c' itself", point, (f"    c = {NEXT_C}", f"    c = {NEXT_C}\n    c = {CLIP_ALL.format('c', 'c')}"))
    yield wrong("not of the candidate", point, ("k.candidate_activation, k.clip", "k.candidate_activation, 0"))
    yield wrong(
        "not of the output gate", point, ("o = act(a, k.gate_activation, k.clip, z_o)", "o = act(a, k.gate_activation, 0, z_o)")
    )
    yield wrong("not of the forget gate", point, ("act(a, k.gate_activation, k.clip, z_f)", "act(a, k.gate_activation, 0, z_f)"))
    yield wrong("before the peephole, not after", point, ("a.fma(p_o, c, z_o)", f"a.fma(p_o, c, {CLIP_ALL.format('z_o', 'z_o')})"),
                ("o = act(a, k.gate_activation, k.clip, z_o)", "o = act(a, k.gate_activation, 0, z_o)"), concerns=lambda c: lstm(c) and PEEPHOLE(c))  # fmt: skip
    inside = "FUNCTIONS[f.name](a, clip(a, k, z), *map(a.dtype, f.parameters))"
    yield wrong(
        "of the activated value", act, (inside, inside.replace("clip(a, k, z)", "z").join(("clip(a, k, ", ")"))), concerns=CLIPPED
    )
    yield wrong("of the activated value, too", act, (inside, f"clip(a, k, {inside})"), concerns=CLIPPED)
    limits = "_min(a.dtype(k), _max(a.dtype(-k), z))"
    yield wrong("from above only", clip, (limits, "_min(a.dtype(k), z)"), concerns=CLIPPED)
    yield wrong("to [0, k]", clip, (limits, "_min(a.dtype(k), _max(a.dtype(0), z))"), concerns=CLIPPED)
    yield wrong("makes a number of a NaN", clip, (limits, "np.fmin(a.dtype(k), np.fmax(a.dtype(-k), z))"), concerns=CLIPPED)
    yield wrong("of a GRU's n_h before the reset gate", cells.gru_step, ("a.fma(r, z_n[1], z_n[0])", "a.fma(r, np.clip(z_n[1], -k.clip, k.clip), z_n[0])"),
                concerns=lambda c: CLIPPED(c) and after(c))  # fmt: skip


def _gru() -> Iterator[Mutant]:
    def wrong(name: str, *replacements: Replacement, concerns: Concerns = GRU) -> Mutant:
        return rewritten(f"gru: {name}", "RESET_MODE", concerns, cells.gru_step, *replacements)

    product, n = "a.fma(r, z_n[1], z_n[0])", 'dropped(a, p, "mask_candidate", n)'
    next_h = f"a.fma(u, h, a.mul(a.sub(a.dtype(1), u), {n}))"
    yield wrong("u keeps the new", (next_h, f"a.fma(u, {n}, a.mul(a.sub(a.dtype(1), u), h))"))
    yield wrong("h' = n + u (h - n)", (next_h, f"a.fma(u, a.sub(h, {n}), {n})"))
    yield wrong("h' rounded twice", (next_h, f"a.add(a.mul(u, h), a.mul(a.sub(a.dtype(1), u), {n}))"))
    yield wrong("h' = fma(1 - u, n, u h)", (next_h, f"a.fma(a.sub(a.dtype(1), u), {n}, a.mul(u, h))"))
    yield wrong("no update gate", (next_h, n))
    yield wrong("tanh of h'", (next_h, f"a.tanh({next_h})"))
    yield wrong("the reset gate multiplies n_x, too", (product, "a.mul(r, a.add(z_n[1], z_n[0]))"), concerns=after)
    yield wrong("r n_h + n_x rounded twice", (product, "a.add(a.mul(r, z_n[1]), z_n[0])"), concerns=after)
    yield wrong("no reset gate", (product, "a.add(z_n[1], z_n[0])"), concerns=after)
    start, biased = "    masked = ", '    b = np.split(p["bias"], 4); p = {{**p, "bias": np.concatenate([{}])}}\n    masked = '
    yield wrong(
        "b_hn outside of the product with r", (start, biased.format("*b[:2], a.add(b[2], b[3]), 0 * b[3]")), concerns=after
    )
    yield wrong("b_hn of the reset gate's rows", (start, biased.format("*b[:3], b[0]")), concerns=after)
    yield wrong("n_x and n_h in one sum", (product, "affine(a, k, p, N, x=x, h=masked)"), concerns=after)
    yield wrong("u resets", ("a.mul(r, masked)", "a.mul(u, masked)"), concerns=BEFORE)
    yield wrong("no reset gate, before", ("a.mul(r, masked)", "masked"), concerns=BEFORE)
    yield wrong("r multiplies W_hn h, as after", ("[affine(a, k, p, N, x=x, h=a.mul(r, masked))]",
                "[a.fma(r, affine(a, k, {**p, 'bias': 0 * p['bias']}, N, h=masked), affine(a, k, p, N, x=x))]"), concerns=BEFORE)  # fmt: skip
    yield rewritten("gru: b_in + b_hn in n_x, b_hn in n_h", "RESET_MODE", after, sequence._parameters,
                    ("[bias[:n], b_ih[n:], b_hh[n:]]", "[bias[:n], bias[n:], b_hh[n:]]"))  # fmt: skip


def _rnn() -> Iterator[Mutant]:
    def wrong(name: str, *replacements: Replacement, concerns: Concerns = RNN) -> Mutant:
        return rewritten(f"rnn: {name}", "PLAIN_RNN", concerns, cells.rnn_step, *replacements)

    right = "act(a, k.candidate_activation, k.clip, z)"
    yield wrong("no activation", (right, "z"))
    yield wrong("relu and tanh exchanged", ("k.candidate_activation", "k.candidate_activation._replace(name='relu', parameters=())"),
                concerns=lambda c: RNN(c) and not c.chosen())  # fmt: skip
    yield wrong("h added to h'", (right, f"a.add(h, {right})"))
    yield rewritten("rnn: h before x", "PLAIN_RNN", RNN, cells.affine, ("*terms.values()", "*reversed(terms.values())"))


def _sequences() -> Iterator[Mutant]:
    """The time loop is one for all cells; these show that the cases of each go through it."""

    def without_lengths(config, weights, inputs):
        return config, weights, {name: value for name, value in inputs.items() if name != "lengths"}

    def states_exchanged(config, weights, inputs):
        return config, weights, inputs | ({"h_0": inputs["h_0"][::-1].copy()} if "h_0" in inputs else {})

    for key, concerns in (("projection", PROJECTED), ("gru", GRU), ("rnn", RNN)):
        yield replace(with_inputs(f"{key}: lengths ignored", "PADDING", without_lengths), concerns=concerns)
        yield replace(with_inputs(f"{key}: states of the layers reversed", "REVERSE", states_exchanged), concerns=concerns)
        yield rewritten(f"{key}: reverse direction runs forward", "REVERSE", concerns, sequence._layer,
                        ("reversed(range(steps)) if reverse else range(steps)", "range(steps)"))  # fmt: skip


assert set(FLAGS) == set(VARIANTS)
