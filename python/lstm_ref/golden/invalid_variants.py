"""Variants (spec/variants.md) that must be refused."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..config import CONFIGS, OPTIONS, REASONS, Config, GRUConfig, LSTMConfig, RNNConfig
from .bent import build, good_inputs, model_data, model_header


def hyphened(id: str) -> str:
    return id.replace("_", "-")


def models_of_variants() -> Iterator[tuple[str, str, bytes]]:
    """Options that an op does not have, values that an option does not have, tensors that are not those of the options."""

    def model(base: Config, **config: Any) -> bytes:
        return build(model_header(base, **config), model_data(base))

    plain = {op: CONFIGS[op](3, 2) for op in CONFIGS}
    values = {"proj_size": 0, "clip": 0, "reset_after": True, "cell_norm": "none", "candidate_dropout": 0, "zoneout_c": 0}
    for op, key in REASONS:
        value = values.get(key, "tanh" if key.endswith("_activation") else False)
        yield hyphened(f"option-{op}-{key}"), "an option of another op, at its default", model(plain[op], **{key: value})
    wrong: dict[str, list[Any]] = {
        "proj_size": [-1, 2, 3, False, 1.5, "1", None],
        "peephole": [1, "true", None],
        "input_forget": [0, []],
        "clip": [-1, -0.5, None, "1", True, 1e-60, 1e39, 2**60],
        "gate_activation": ["softmax", "Tanh", "", {}, [], [3], [["tanh"]], 7, None],
        "candidate_activation": [
            ["elu"],
            ["tanh", 1],
            ["elu", 1, 2],
            ["elu", "1"],
            ["elu", None],
            ["affine", 1, 1e39],
            ["affine", True, 1],
        ],
        "output_activation": [["hard_sigmoid", 0.2], ["unknown", 1]],
        "layer_norm": ["batch", "", None, True, 0, ["gate"]],
        "cell_norm": ["input", False, None],
        "hidden_norm": [1, "true", None],
        "norm_epsilon": [0, -1e-5, 1e-60, 1e39, None, "1e-5", True],
        "recurrent_dropout": [1, -0.5, 0.99999999, 2**60, None, "0.5", False],
        "candidate_dropout": [1, -1],
        "zoneout_h": [1.5, []],
        "zoneout_c": [1, {}],
        "dropout": [1, 1e39],
    }
    for key, bad in wrong.items():
        for n, value in enumerate(bad):
            yield hyphened(f"option-{key}-{n}"), f"no value of {key}", model(plain["lstm"], **{key: value})
    for op, options in (
        ("gru", {"layer_norm": "joint"}),
        ("rnn", {"layer_norm": "gate"}),
        ("lstm", {"layer_norm": "joint", "input_forget": True}),
        ("lstm", {"layer_norm": "separate", "input_forget": True}),
        ("lstm", {"norm_epsilon": 1e-3}),
        ("gru", {"norm_epsilon": 1}),
        ("rnn", {"dropout": 0.5}),
        ("gru", {"dropout": 0.5, "layer_norm": "joint", "norm_epsilon": 2}),
        ("rnn", {"dropout": 0.5, "norm_epsilon": 2}),
    ):
        id = "-".join((op, *(f"{key}-{value}" if isinstance(value, str) else key for key, value in options.items())))
        yield hyphened(f"refused-{id}"), "what makes no sense together", model(plain[op], **options)
    yield "option-reset-after-0", "no value of reset_after", model(plain["gru"], reset_after=1)
    yield "order-option-required", "the required keys go before the options", model(plain["lstm"], clip=-1, bias=1)
    yield (
        "order-options",
        "the options go in the order of their table, not of the file",
        model(plain["gru"], clip=-1, peephole=False),
    )
    yield "order-option-projection", "sizes that do not fit together go last", model(plain["lstm"], proj_size=2, clip=-1)
    duplicate = json.dumps(plain["lstm"].to_json() | {"clip": 1})[:-1] + ', "clip": 1}'
    yield (
        "option-duplicate",
        "an option twice",
        build(model_header() | {"__metadata__": {"lstm_ref": duplicate}}, model_data()),
    )

    everything = LSTMConfig(3, 2, num_layers=2, bidirectional=True, proj_size=1, peephole=True)
    for name, config in (("lstm", everything), ("gru", plain["gru"]), ("rnn", plain["rnn"])):
        data = model_data(config)
        for tensor in [
            t for t in model_header(config) if t.startswith(("weight_hr_l1_reverse", "weight_peephole_l0", "weight_hh_l0"))
        ]:
            for fault in ("rank", "transposed"):
                header = model_header(config)
                size = header[tensor]["shape"]
                header[tensor]["shape"] = [1, *size] if fault == "rank" else size[::-1] if len(size) > 1 else [*size, 1]
                if header[tensor]["shape"] != size:
                    yield hyphened(f"{name}-{tensor}-{fault}"), "a shape that is not the one of the options", build(header, data)
    for id, comment, config, written in (
        ("weight-hr-missing", "a projection without its matrix", LSTMConfig(3, 2, proj_size=1), {"proj_size": 1}),
        ("weight-peephole-missing", "peepholes without weights", LSTMConfig(3, 2), {"peephole": True}),
        ("weight-hr-unexpected", "a matrix that nothing asks for", LSTMConfig(3, 2, proj_size=1), {}),
        ("weight-peephole-unexpected", "weights that nothing asks for", LSTMConfig(3, 2, peephole=True), {"peephole": False}),
        ("weight-norm-missing", "a normalisation without gains", plain["lstm"], {"layer_norm": "gate"}),
        ("weight-norm-unexpected", "gains that nothing asks for", LSTMConfig(3, 2, layer_norm="joint"), {"layer_norm": "none"}),
        (
            "weight-norm-of-both",
            "gains of one sum, where there are two",
            GRUConfig(3, 2, layer_norm="gate"),
            {"layer_norm": "separate"},
        ),
        ("weight-norm-c-missing", "a normalised cell state without gains", plain["lstm"], {"cell_norm": "output"}),
        ("weight-norm-h-missing", "a normalised h without gains", plain["rnn"], {"hidden_norm": True}),
        (
            "weight-norm-columns",
            "gains of three columns, where z has four",
            GRUConfig(3, 2, reset_after=False, layer_norm="gate"),
            {"reset_after": True},
        ),
        ("gru-of-lstm-tensors", "the tensors of another op", plain["lstm"], {"op": "gru"}),
        ("rnn-of-gru-tensors", "the tensors of another op", plain["gru"], {"op": "rnn"}),
        ("lstm-of-rnn-tensors", "the tensors of another op", plain["rnn"], {"op": "lstm"}),
    ):
        header = model_header(config)
        header["__metadata__"] = {"lstm_ref": json.dumps({key: value for key, value in (config.to_json() | written).items()
                                                          if key != "proj_size" or key in written})}  # fmt: skip
        if id == "weight-hr-missing":  # the data of a plain LSTM whose h has one number
            del header["weight_hr_l0"]
            yield id, comment, build(header, model_data(config)[: -4 * config.output_size * config.hidden_size])
        else:
            yield id, comment, build(header, model_data(config))


def inputs_of_variants() -> Iterator[tuple[str, str, Config, dict[str, np.ndarray]]]:
    """Inputs for a model of I = 3, H = 2."""
    x = {"x": good_inputs()["x"]}
    state = {"h_0": np.zeros((1, 2, 2), np.float32)}
    for base in (GRUConfig(3, 2), RNNConfig(3, 2)):
        yield f"{base.op}-c-0", "there is no cell state", base, x | state | {"c_0": state["h_0"]}
        yield f"{base.op}-h-0-shape", "an h_0 of another size", base, x | {"h_0": np.zeros((1, 2, 3), np.float32)}
        yield f"{base.op}-unexpected", "a tensor that nothing asks for", base, x | {"mask": np.zeros(2, np.float32)}
    yield from _training()
    projected = LSTMConfig(3, 2, proj_size=1)
    yield "projection-h-0-shape", "h_0 of H numbers, not R", projected, x | state | {"c_0": state["h_0"]}
    yield (
        "projection-c-0-shape",
        "c_0 of R numbers, not H",
        projected,
        x | {name: np.zeros((1, 2, 1), np.float32) for name in ("h_0", "c_0")},
    )
    yield "projection-c-0-missing", "one state without the other", projected, x | {"h_0": np.zeros((1, 2, 1), np.float32)}


def _training() -> Iterator[tuple[str, str, Config, dict[str, np.ndarray]]]:
    x, seed = {"x": good_inputs()["x"]}, {"seed": np.array([7])}
    config = LSTMConfig(
        3,
        2,
        num_layers=2,
        bidirectional=True,
        recurrent_dropout=0.5,
        candidate_dropout=0.5,
        zoneout_h=0.5,
        zoneout_c=0.5,
        dropout=0.5,
    )
    masks = {name: np.ones(mask.expected.shape, np.float32) for name, mask in config.iter_masks(4, 2)}
    bad: dict[str, dict[str, np.ndarray]] = {
        "seed-dtype": {"seed": np.ones(1, np.float32)},
        "seed-shape": {"seed": np.array([1, 2])},
        "seed-negative": {"seed": np.array([-1])},
        "seed-and-masks": seed | masks,
        "seed-and-mask": seed | {"mask_y_l0": masks["mask_y_l0"]},
        "seed-before-masks": {"seed": np.array([-1])} | masks,
        "masks-lengths-first": {"lengths": np.array([4, 5]), "seed": np.array([-1])},
        "masks-unexpected": seed | {"mask_y_l1": masks["mask_y_l0"]},
        "masks-reverse-of-layers": masks | {"mask_y_l0_reverse": masks["mask_y_l0"]},
    }
    for name in masks:
        bad[f"missing-{name}"] = {other: mask for other, mask in masks.items() if other != name}
        bad[f"shape-{name}"] = masks | {name: np.ones((1, *masks[name].shape), np.float32)}
    bad["mask-dtype"] = masks | {"keep_c_l1": np.ones((4, 2, 2), np.int64)}
    for name, tensors in bad.items():
        yield hyphened(name), "a seed or masks that do not fit", config, x | tensors
    for base in (LSTMConfig(3, 2), GRUConfig(3, 2, hidden_norm=True)):
        yield f"seed-{base.op}", "a seed where nothing is random", base, x | seed
        yield f"mask-{base.op}", "a mask where nothing is random", base, x | {"mask_h_l0": np.ones((2, 2), np.float32)}
    batch_first = GRUConfig(3, 2, batch_first=True, candidate_dropout=0.5)
    yield (
        "mask-batch-first",
        "a mask is time-major all the same",
        batch_first,
        {"x": np.zeros((4, 2, 3), np.float32), "mask_candidate_l0": np.ones((4, 2, 2), np.float32)},
    )
    yield (
        "mask-rnn-only",
        "masks of another option",
        RNNConfig(3, 2, zoneout_h=0.5),
        x | {"mask_h_l0": np.ones((2, 2), np.float32)},
    )


assert all(key in OPTIONS for _, key in REASONS)
