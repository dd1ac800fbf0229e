"""Faults of layer normalisation (spec N13; spec/variants.md, section 7)."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from ...config import Config
from ...reference import cells, normalisation
from .mutant import Mutant, with_inputs
from .rewritten import Concerns, Replacement, rewritten
from .variants import BEFORE, GRU, has

CELL, HIDDEN = has("cell_norm"), has("hidden_norm")
ANY = has("layer_norm", "cell_norm", "hidden_norm")


def placed(*places: str, op: str = "") -> Concerns:
    return lambda config: config.op.startswith(op) and config.layer_norm in places


EACH_GATE = "np.concatenate([norm(a, *t, k.norm_epsilon) for t in zip(*(np.split(v, {}, axis=-1) for v in ({})))], axis=-1)"
JOINT, GATE, SEPARATE = placed("joint"), placed("gate"), placed("separate")


def normalised() -> Iterator[Mutant]:
    yield from _arithmetic()
    yield from _placement()
    yield from _cell_and_hidden()
    yield from _gains()


def _arithmetic() -> Iterator[Mutant]:
    def wrong(name: str, flag: str, *replacements: Replacement, concerns: Concerns = ANY) -> Mutant:
        return rewritten(f"norm: {name}", flag, concerns, normalisation.norm, *replacements)

    n, variance, last = "a.dtype(v.shape[-1])", "a.add(variance, a.dtype(epsilon))", "a.fma(a.mul(d, r), gamma, beta)"
    yield wrong(
        "variance over n - 1",
        "NORM",
        ("lambda d, s: a.fma(d, d, s)), n)", "lambda d, s: a.fma(d, d, s)), a.dtype(max(v.shape[-1] - 1, 1)))"),
    )
    yield wrong("n of one gate", "NORM", (n, "a.dtype(v.shape[-1] // gates)"), concerns=lambda c: JOINT(c) and c.op == "lstm")
    yield wrong("no mean", "NORM", ("a.sub(v, mean)", "v"))
    yield wrong("no variance", "NORM", ("a.div(a.dtype(1), a.sqrt(", "(lambda r: a.dtype(1))(a.sqrt("))
    yield wrong("no epsilon", "EPSILON", (variance, "variance"))
    yield wrong("epsilon 1e-5 always", "EPSILON", (variance, "a.add(variance, a.dtype(1e-5))"), concerns=has("norm_epsilon"))
    yield wrong("epsilon 1e-6", "EPSILON", (variance, "a.add(variance, a.dtype(1e-6))"))
    yield wrong("epsilon 1e-12 where 1e-5 is meant", "EPSILON", (variance, "a.add(variance, a.dtype(1e-12))"))
    yield wrong("epsilon added to the deviation", "EPSILON", (f"a.sqrt({variance})", "a.add(a.sqrt(variance), a.dtype(epsilon))"))
    yield wrong("epsilon squared", "EPSILON", ("a.dtype(epsilon)", "a.dtype(epsilon**2)"))
    yield wrong("variance of the values", "NORM", ("total(a, d, gates", "total(a, v, gates"))
    yield wrong("variance as E[v^2] - mean^2", "NORM", ("a.div(total(a, d, gates, lambda d, s: a.fma(d, d, s)), n)",
                "a.sub(a.div(total(a, v, gates, lambda d, s: a.fma(d, d, s)), n), a.mul(mean, mean))"))  # fmt: skip
    yield wrong("squares rounded before they are added", "FUSION", ("a.fma(d, d, s)", "a.add(a.mul(d, d), s)"))
    yield wrong("divided by the deviation", "NORM", ("a.mul(d, r)", f"a.div(d, a.sqrt({variance}))"))
    yield wrong("gain and shift rounded twice", "FUSION", (last, "a.add(a.mul(a.mul(d, r), gamma), beta)"))
    yield wrong("r times gamma first", "NORM", (last, "a.fma(d, a.mul(r, gamma), beta)"))
    yield wrong("no gain", "NORM", (last, "a.add(a.mul(d, r), beta)"))
    yield wrong("no shift", "NORM", (last, "a.mul(a.mul(d, r), gamma)"))
    yield wrong("gain and shift exchanged", "NORM", (last, "a.fma(a.mul(d, r), beta, gamma)"))
    yield wrong("gain 1 + gamma", "NORM", (last, "a.fma(a.mul(d, r), a.add(gamma, a.dtype(1)), beta)"))

    def sums(name: str, *replacements: Replacement, concerns: Concerns = ANY) -> Mutant:
        return rewritten(f"norm: {name}", "NORM", concerns, normalisation.total, *replacements)

    for count in (1, 4, 8, 32):
        yield sums(f"{count} partial sums", ("s = np.zeros", f"PARTIAL_SUMS = {count}; s = np.zeros"))
    yield sums("neighbours added first", ("a.add(*np.split(s, 2, axis=-1))", "a.add(s[:, ::2], s[:, 1::2])"))
    yield sums("partial sums added in turn", ("    while s.shape[-1] > 1:\n        s = a.add(*np.split(s, 2, axis=-1))  # (N13.2)\n    return s",
               "    z = s[:, :1]\n    for j in range(1, PARTIAL_SUMS):\n        z = a.add(z, s[:, j : j + 1])\n    return z"))  # fmt: skip
    yield sums(
        "numbered through all gates", ("np.split(v, gates, axis=-1)", "[v]"), concerns=lambda c: JOINT(c) and c.op == "lstm"
    )


def _placement() -> Iterator[Mutant]:
    def wrong(name: str, *replacements: Replacement, concerns: Concerns) -> Mutant:
        return rewritten(f"norm: {name}", "NORM", concerns, cells.affine, *replacements)

    joint, gate = 'k.layer_norm == "joint"', 'k.layer_norm == "gate"'
    yield wrong(
        "of all gates where each is meant", (joint, 'k.layer_norm != "none"'), concerns=lambda c: GATE(c) and c.op == "lstm"
    )
    yield wrong(
        "of each gate where all are meant",
        (joint, "False"),
        (gate, 'k.layer_norm != "none"'),
        concerns=placed("joint", op="lstm"),
    )
    yield wrong("before the bias", ("z = a.affine(bias, *terms.values())", "z = a.affine(np.zeros_like(bias), *terms.values())"),
                ('p["bias_norm"], k.norm', 'a.add(p["bias_norm"], p["bias"]), k.norm'), concerns=JOINT)  # fmt: skip
    part = "part = a.affine(np.zeros_like(bias), term)"
    yield wrong("the bias within the part of x", (part, 'part = a.affine(bias if suffix == "ih" else np.zeros_like(bias), term)'),
                ("bias = z = p", "bias, z = p"), ('["bias"][here]', '["bias"][here], np.zeros_like(p["bias"][here])'), concerns=SEPARATE)  # fmt: skip
    yield wrong("the bias last", ("        return z\n    z = a", "        return a.add(z, bias)\n    z = a"), ("bias = z = p", "bias, z = p"),
                ('["bias"][here]', '["bias"][here], np.zeros_like(p["bias"][here])'), concerns=SEPARATE)  # fmt: skip
    yield wrong("h before x", ('(("x", "ih"), ("h", "hh"))', '(("h", "hh"), ("x", "ih"))'), concerns=SEPARATE)
    for suffix in ("ih", "hh"):
        other = "hh" if suffix == "ih" else "ih"
        yield wrong(
            f"not of the part of {suffix}",
            ("z = a.add(z, norm(", f'z = a.add(z, part if suffix == "{suffix}" else norm('),
            concerns=SEPARATE,
        )
        yield wrong(
            f"the gains of {other} for {suffix}", ('p[f"weight_norm_{suffix}"]', f'p["weight_norm_{other}"]'), concerns=SEPARATE
        )
        yield wrong(
            f"the shifts of {other} for {suffix}", ('p[f"bias_norm_{suffix}"]', f'p["bias_norm_{other}"]'), concerns=SEPARATE
        )
    yield wrong("of both parts together", (part, "part = a.affine(np.zeros_like(bias), *terms.values()) if suffix == 'hh' else a.affine(np.zeros_like(bias), term)"),
                concerns=placed("separate", op="lstm"))  # fmt: skip
    yield wrong("of each gate by itself, in parts", ("z = a.add(z, norm(a, part, gamma, beta, k.norm_epsilon, columns.blocks))",
                f"z = a.add(z, {EACH_GATE.format('columns.blocks', 'part, gamma, beta')})"), concerns=lambda c: SEPARATE(c) and c.op != "rnn")  # fmt: skip
    gains = 'p["weight_norm"][here], p["bias_norm"][here]'
    yield wrong(
        "the gains of gates, not of columns",
        (gains, gains.replace("here", "rows")),
        concerns=lambda c: GATE(c) and GRU(c) and not BEFORE(c),
    )
    yield rewritten("norm: of r * h, not of its product", "NORM", lambda c: SEPARATE(c) and BEFORE(c), cells.gru_step,
                    ("h=a.mul(r, masked))", "h=norm(a, a.mul(r, masked), np.ones(h.shape[-1], a.dtype), np.zeros(h.shape[-1], a.dtype), k.norm_epsilon))"))  # fmt: skip
    yield rewritten("norm: after the peephole", "NORM", lambda c: GATE(c) and has("peephole")(c), cells.lstm_step,
                    ("z = affine(a, k, p, IFGO, x=x, h=dropped(a, p, \"mask_h\", h))",
                     "p_i, p_o, p_f = np.split(p['weight_peephole'], 3); zero = np.zeros_like(c)\n"
                     "    z = a.affine(p['bias'], (p['weight_ih'], x), (p['weight_hh'], dropped(a, p, 'mask_h', h)))\n"
                     "    z = a.add(z, np.concatenate([a.mul(p_i, c), a.mul(p_f, c), zero, zero], axis=-1))\n"
                     "    z = " + EACH_GATE.format(4, "z, p['weight_norm'], p['bias_norm']")))  # fmt: skip


def _cell_and_hidden() -> Iterator[Mutant]:
    def wrong(
        name: str, function: Callable, *replacements: Replacement, concerns: Concerns = CELL, flag: str = "CELL_NORM"
    ) -> Mutant:
        return rewritten(f"norm of {name}", flag, concerns, function, *replacements)

    state, output = 'k.cell_norm == "state"', 'k.cell_norm == "output"'
    yield wrong(
        "c carried on, where it is only given out", cells.lstm_pointwise, (state, 'k.cell_norm != "none"'), (output, "False")
    )
    yield wrong("c given out, where it is carried on", cells.lstm_pointwise, (state, "False"), (output, 'k.cell_norm != "none"'))
    yield wrong("c twice", cells.lstm_pointwise, (output, 'k.cell_norm != "none"'), concerns=lambda c: c.cell_norm == "state")
    yield wrong("the old c", cells.lstm_pointwise, ("    z_i, z_f, z_g, z_o", "    c = normalised(a, k, p, 'norm_c', c)\n    z_i, z_f, z_g, z_o"),
                (state, "False"), concerns=lambda c: c.cell_norm == "state")  # fmt: skip
    yield wrong("the activated c", cells.lstm_pointwise, ("normalised(a, k, p, \"norm_c\", c) if k.cell_norm == \"output\" else c", "c"),
                ("act(a, k.output_activation, k.clip, out)", "normalised(a, k, p, 'norm_c', act(a, k.output_activation, k.clip, out))"),
                concerns=lambda c: c.cell_norm == "output")  # fmt: skip
    yield wrong("c after the peephole of o", cells.lstm_pointwise, ("    if k.cell_norm == \"state\":\n        c = normalised(a, k, p, \"norm_c\", c)  # (V19)\n", ""),
                ("    out = ", "    c = normalised(a, k, p, 'norm_c', c)\n    out = "), concerns=lambda c: c.cell_norm == "state" and has("peephole")(c))  # fmt: skip
    hidden: dict = dict(concerns=HIDDEN, flag="HIDDEN_NORM")
    right = 'h = normalised(a, k, p, "norm_h", h)'
    yield wrong("h after zoneout", cells.finish, (f"    if k.hidden_norm:\n        {right}  # (V21)\n", ""),
                ('return kept(a, p, "keep_h", k.zoneout_h, old, h)', 'h = kept(a, p, "keep_h", k.zoneout_h, old, h)\n    return normalised(a, k, p, "norm_h", h)'),
                concerns=lambda c: HIDDEN(c) and has("zoneout_h")(c), flag="HIDDEN_NORM")  # fmt: skip
    yield wrong("the old h", cells.finish, (right, 'old = normalised(a, k, p, "norm_h", old)'), **hidden)
    yield wrong("h with the gains of c", cells.finish, (right, right.replace("norm_h", "norm_c")),
                concerns=lambda c: HIDDEN(c) and CELL(c) and not c.proj_size, flag="HIDDEN_NORM")  # fmt: skip
    yield wrong("h before the projection", cells.lstm_step, ("    if k.proj_size:", "    ones = np.ones(new_h.shape[-1], a.dtype); new_h = norm(a, new_h, ones, ones - 1, k.norm_epsilon)\n    if k.proj_size:"),
                concerns=lambda c: HIDDEN(c) and bool(c.proj_size), flag="HIDDEN_NORM")  # fmt: skip


def _gains() -> Iterator[Mutant]:
    """Read from another place."""

    def of_the_forward_direction(config: Config, weights, inputs):
        return config, {n: weights[n.removesuffix("_reverse")] if "norm" in n else w for n, w in weights.items()}, inputs

    def of_the_first_layer(config: Config, weights, inputs):
        return config, {n: weights[n.replace("_l1", "_l0")] if "norm" in n else w for n, w in weights.items()}, inputs

    def reversed_order(config: Config, weights, inputs):
        return config, {n: w[::-1].copy() if "norm" in n else w for n, w in weights.items()}, inputs

    def ordered_as_peepholes(config: Config, weights, inputs):
        return (
            config,
            {
                n: w.reshape(4, -1)[[0, 3, 1, 2]].ravel() if "norm" in n and len(w) == 4 * config.hidden_size else w
                for n, w in weights.items()
            },
            inputs,
        )

    yield replace(with_inputs("norm: gains of the forward direction", "NORM", of_the_forward_direction), concerns=ANY)
    yield replace(with_inputs("norm: gains of the first layer", "NORM", of_the_first_layer), concerns=ANY)
    yield replace(with_inputs("norm: gains from last to first", "NORM", reversed_order), concerns=ANY)
    yield replace(
        with_inputs("norm: gains in the order i, o, f, g", "NORM", ordered_as_peepholes),
        concerns=placed("joint", "gate", "separate", op="lstm"),
    )
