"""Faults of dropout and zoneout (spec N14; spec/variants.md, section 8)."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from ...config import RATES, Config
from ...reference import cells, masks, sequence
from .mutant import Mutant, with_inputs
from .rewritten import Concerns, Replacement, rewritten
from .variants import BEFORE, GRU, has

H, CANDIDATE, LAYERS = has("recurrent_dropout"), has("candidate_dropout"), has("dropout")
KEEP_H, KEEP_C, RANDOM = has("zoneout_h"), has("zoneout_c"), has(*RATES)


def masked() -> Iterator[Mutant]:
    yield from _generator()
    yield from _places()
    yield from _zoneout()
    yield from _sequences()


def _generator() -> Iterator[Mutant]:
    def wrong(name: str, function: Callable, *replacements: Replacement, concerns: Concerns, flag: str = "DROPOUT") -> Mutant:
        return rewritten(f"mask: {name}", flag, concerns, function, *replacements)

    dropped, scale, limit = (
        has("recurrent_dropout", "candidate_dropout", "dropout"),
        "a.div(a.dtype(1), a.sub(a.dtype(1), a.dtype(rate)))",
        "rate * 2.0**32",
    )
    drawn = "stream(seed, name, int(np.prod(shape))) < threshold"
    yield wrong("not scaled", masks.dropout_mask, (scale, "a.dtype(1)"), concerns=dropped)
    yield wrong("scaled by 1 / p", masks.dropout_mask, (scale, "a.div(a.dtype(1), a.dtype(rate))"), concerns=dropped)
    yield wrong("scaled by 1 - p", masks.dropout_mask, (scale, "a.sub(a.dtype(1), a.dtype(rate))"), concerns=dropped)
    yield wrong(
        "scaled by 1 / (1 - p), rounded once",
        masks.dropout_mask,
        (scale, "a.dtype(1 / (1 - np.float64(rate)))"),
        concerns=dropped,
    )
    yield wrong(
        "what is kept and what is dropped exchanged",
        masks.dropout_mask,
        ("a.dtype(0), scale)", "scale, a.dtype(0))"),
        concerns=dropped,
    )
    yield wrong("-0 where dropped", masks.dropout_mask, ("a.dtype(0)", "a.dtype(-0.0)"), concerns=dropped)
    yield wrong("1 - p the rate", masks._is_hit, (limit, "(1 - rate) * 2.0**32"), concerns=RANDOM)
    yield wrong(
        "8 bits of the random number",
        masks._is_hit,
        (drawn, "stream(seed, name, int(np.prod(shape))) >> 24 < threshold >> 24"),
        concerns=RANDOM,
    )
    yield wrong(
        "numbers from the second on",
        masks._is_hit,
        (drawn, "stream(seed, name, int(np.prod(shape)) + 1)[1:] < threshold"),
        concerns=RANDOM,
    )
    yield wrong("filled by columns", masks._is_hit, (".reshape(shape)", '.reshape(shape, order="F")'), concerns=RANDOM)
    yield wrong("of seed + 1", masks._is_hit, ("stream(seed,", "stream(seed + 1,"), concerns=RANDOM)
    yield wrong("the low 32 bits of the seed", masks._is_hit, ("stream(seed,", "stream(seed % 2**32,"), concerns=RANDOM)
    yield wrong(
        "one name for all layers and directions",
        masks._is_hit,
        ("stream(seed, name", 'stream(seed, name[: name.index("_l") + 3]'),
        concerns=RANDOM,
    )
    yield wrong(
        "one name for all masks", masks._is_hit, ("stream(seed, name", 'stream(seed, name[name.index("_l") :]'), concerns=RANDOM
    )
    for key in RATES:
        masks_of = {
            "recurrent_dropout": "mask_h",
            "candidate_dropout": "mask_candidate",
            "dropout": "mask_y",
            "zoneout_h": "keep_h",
            "zoneout_c": "keep_c",
        }
        flag = "ZONEOUT" if key.startswith("zoneout") else "DROPOUT"
        yield wrong(f"{masks_of[key]} under another name", masks._is_hit, ("stream(seed, name", f'stream(seed, name.replace("{masks_of[key]}", "mask")'),
                    concerns=has(key), flag=flag)  # fmt: skip
    yield replace(
        with_inputs("mask: a seed as evaluation", "DROPOUT", lambda c, w, i: (c, w, {n: v for n, v in i.items() if n != "seed"})),
        concerns=RANDOM,
    )
    yield replace(
        with_inputs(
            "mask: masks given, yet evaluation", "DROPOUT", lambda c, w, i: (c, w, {n: v for n, v in i.items() if n != "masks"})
        ),
        concerns=RANDOM,
    )
    yield replace(
        with_inputs(
            "mask: a seed where there is none", "DROPOUT", lambda c, w, i: (c, w, {"seed": 0, **i} if "masks" not in i else i)
        ),
        concerns=RANDOM,
    )


def _places() -> Iterator[Mutant]:
    def wrong(name: str, function: Callable, *replacements: Replacement, concerns: Concerns) -> Mutant:
        return rewritten(f"dropout: {name}", "DROPOUT", concerns, function, *replacements)

    yield wrong(
        "of x, not of h",
        cells.lstm_step,
        ('x=x, h=dropped(a, p, "mask_h", h)', 'x=a.mul(x, p["mask_h"][:, :1]) if "mask_h" in p else x, h=h'),
        concerns=H,
    )
    yield wrong(
        "of h where it is kept, too", cells.gru_step, ("a.fma(u, h,", "a.fma(u, masked,"), concerns=lambda c: H(c) and GRU(c)
    )
    yield wrong(
        "of the new h",
        cells.lstm_step,
        ("finish(a, k, p, h, new_h)", 'dropped(a, p, "mask_h", finish(a, k, p, h, new_h))'),
        concerns=H,
    )
    yield wrong("of h kept by zoneout", cells.lstm_step, ("finish(a, k, p, h, new_h)", 'finish(a, k, p, dropped(a, p, "mask_h", h), new_h)'),
                concerns=lambda c: H(c) and KEEP_H(c))  # fmt: skip
    yield wrong(
        "not of h before the reset gate",
        cells.gru_step,
        ("a.mul(r, masked)", "a.mul(r, h)"),
        concerns=lambda c: H(c) and BEFORE(c),
    )
    yield wrong(
        "of h in the candidate only",
        cells.gru_step,
        ("z_ru = affine(a, k, p, RU, x=x, h=masked)", "z_ru = affine(a, k, p, RU, x=x, h=h)"),
        concerns=lambda c: H(c) and GRU(c),
    )
    product = 'a.mul(i, dropped(a, p, "mask_candidate", g))'
    yield wrong("of i * g", cells.lstm_pointwise, (product, 'dropped(a, p, "mask_candidate", a.mul(i, g))'), concerns=CANDIDATE)
    yield wrong(
        "of c'",
        cells.lstm_pointwise,
        (f"a.fma(f, c, {product})", 'dropped(a, p, "mask_candidate", a.fma(f, c, a.mul(i, g)))'),
        concerns=CANDIDATE,
    )
    yield wrong(
        "of z_g",
        cells.lstm_pointwise,
        (product, "a.mul(i, g)"),
        ("k.clip, z_g)", 'k.clip, dropped(a, p, "mask_candidate", z_g))'),
        concerns=CANDIDATE,
    )
    yield wrong("of (1 - u) * n", cells.gru_step, ('a.mul(a.sub(a.dtype(1), u), dropped(a, p, "mask_candidate", n))',
                'dropped(a, p, "mask_candidate", a.mul(a.sub(a.dtype(1), u), n))'), concerns=lambda c: CANDIDATE(c) and GRU(c))  # fmt: skip
    yield wrong("of the candidate by the mask of h", cells.lstm_pointwise, ('dropped(a, p, "mask_candidate", g)', 'dropped(a, p, "mask_h", g)'),
                concerns=lambda c: H(c) and not c.proj_size)  # fmt: skip


def _zoneout() -> Iterator[Mutant]:
    def wrong(name: str, function: Callable, *replacements: Replacement, concerns: Concerns) -> Mutant:
        return rewritten(f"zoneout: {name}", "ZONEOUT", concerns, function, *replacements)

    both = has("zoneout_h", "zoneout_c")
    right = "a.fma(keep, old, a.mul(a.sub(a.dtype(1), keep), new))"
    yield wrong(
        "old and new exchanged", cells.kept, (right, "a.fma(keep, new, a.mul(a.sub(a.dtype(1), keep), old))"), concerns=both
    )
    yield wrong("new + keep * (old - new)", cells.kept, (right, "a.fma(keep, a.sub(old, new), new)"), concerns=both)
    yield wrong(
        "both products rounded",
        cells.kept,
        (right, "a.add(a.mul(keep, old), a.mul(a.sub(a.dtype(1), keep), new))"),
        concerns=both,
    )
    yield wrong(
        "the other product fused", cells.kept, (right, "a.fma(a.sub(a.dtype(1), keep), new, a.mul(keep, old))"), concerns=both
    )
    yield wrong("a choice, not a product", cells.kept, (right, "np.where(keep != 0, old, new)"), concerns=both)
    yield wrong("nothing in evaluation", cells.kept, ("p.get(mask, a.dtype(rate))", "p.get(mask, a.dtype(0))"), concerns=both)
    yield wrong("1 - rate in evaluation", cells.kept, ("a.dtype(rate))", "a.sub(a.dtype(1), a.dtype(rate)))"), concerns=both)
    yield wrong("the mean in training", cells.kept, ("p.get(mask, a.dtype(rate))", "a.dtype(rate)"), concerns=both)
    yield wrong(
        "scaled as dropout is",
        masks.zoneout_mask,
        ("a.dtype(1), a.dtype(0)", "a.div(a.dtype(1), a.sub(a.dtype(1), a.dtype(rate))), a.dtype(0)"),
        concerns=both,
    )
    yield wrong("h comes of the c that is kept", cells.lstm_pointwise, ("k.clip, out)", 'k.clip, kept(a, p, "keep_c", k.zoneout_c, old, out))'),
                ("    z_i, z_f, z_g, z_o", "    old = c\n    z_i, z_f, z_g, z_o"), concerns=KEEP_C)  # fmt: skip
    yield wrong(
        "the mask of h for c",
        cells.lstm_step,
        ('kept(a, p, "keep_c"', 'kept(a, p, "keep_h"'),
        concerns=lambda c: KEEP_C(c) and KEEP_H(c) and not c.proj_size,
    )
    yield wrong(
        "the rate of h for c",
        cells.lstm_step,
        ("k.zoneout_c, c, new_c", "k.zoneout_h, c, new_c"),
        concerns=lambda c: KEEP_C(c) and KEEP_H(c),
    )
    yield wrong("c before the cell norm", cells.lstm_step, ('kept(a, p, "keep_c", k.zoneout_c, c, new_c)', "new_c"),
                ("lstm_pointwise(a, z, c, p, k)", 'lstm_pointwise(a, z, kept(a, p, "keep_c", k.zoneout_c, c, c), p, k)'), concerns=KEEP_C)  # fmt: skip


def _sequences() -> Iterator[Mutant]:
    def wrong(name: str, function: Callable, *replacements: Replacement, concerns: Concerns, flag: str = "DROPOUT") -> Mutant:
        return rewritten(f"mask: {name}", flag, concerns, function, *replacements)

    each_step = has("candidate_dropout", "zoneout_h", "zoneout_c")
    at = 'p[name][rows] if name == "mask_h" else p[name][t, rows]'
    yield wrong(
        "the first step's for all steps",
        sequence._at,
        (at, 'p[name][rows] if name == "mask_h" else p[name][0, rows]'),
        concerns=each_step,
    )
    yield wrong(
        "by the place among the rows that still run",
        sequence._at,
        (at, 'p[name][: len(rows)] if name == "mask_h" else p[name][t, : len(rows)]'),
        concerns=has("recurrent_dropout", "candidate_dropout", "zoneout_h", "zoneout_c"),
    )
    yield wrong("the first row's for all rows", sequence._at, ("p[name][t, rows]", "p[name][t, rows * 0]"), concerns=each_step)
    yield wrong("the first row's of h for all rows", sequence._at, ("p[name][rows]", "p[name][rows * 0]"), concerns=H)
    yield wrong(
        "in the reverse direction from its start",
        sequence._layer,
        ("_at(p, t, rows)", "_at(p, len(x) - 1 - t if reverse else t, rows)"),
        concerns=each_step,
    )
    product = 'a.mul(layer_input, masks[f"mask_y_l{layer}"])'
    yield wrong(
        "of y, too",
        sequence._forward,
        (
            "y = layer_input.swapaxes(0, 1) if",
            "layer_input = a.mul(layer_input, masks[f'mask_y_l0']) if 'mask_y_l0' in masks else layer_input\n    y = layer_input.swapaxes(0, 1) if",
        ),
        concerns=LAYERS,
    )
    yield wrong(
        "of the first layer between all", sequence._forward, (product, 'a.mul(layer_input, masks["mask_y_l0"])'), concerns=LAYERS
    )
    yield wrong(
        "of the first step between all layers",
        sequence._forward,
        (product, 'a.mul(layer_input, masks[f"mask_y_l{layer}"][:1])'),
        concerns=LAYERS,
    )
    yield wrong("directions exchanged between layers", sequence._forward, (product, 'a.mul(layer_input, np.roll(masks[f"mask_y_l{layer}"], config.output_size, -1))'),
                concerns=lambda c: LAYERS(c) and c.bidirectional)  # fmt: skip

    def rates_exchanged(config: Config, weights, inputs):
        exchanged: dict = {
            "recurrent_dropout": config.to_json()["candidate_dropout"],
            "candidate_dropout": config.recurrent_dropout,
        }
        return replace(config, **exchanged), weights, inputs

    yield replace(
        with_inputs("mask: rates of h and of the candidate exchanged", "DROPOUT", rates_exchanged),
        concerns=lambda c: H(c) and CANDIDATE(c),
    )
