"""Every option of every op (spec/variants.md): what combines, what is refused and why, the equations, PyTorch as a witness."""

import itertools
import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import ROOT
from foreign_environments import Flushing, Upwards, on_x86
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_ref import activation, model_file, native
from lstm_ref.config import CONFIGS, OPTIONS, REASONS, REFUSALS, GRUConfig, LSTMConfig, RNNConfig
from lstm_ref.environment import is_canonical
from lstm_ref.errors import InvalidArgument
from lstm_ref.golden.cases.pairs import VALUES, is_allowed, pairs_of
from lstm_ref.golden.compare import same_bits
from lstm_ref.reference import CANONICAL32, FLOAT64, forward, gru_step
from lstm_ref.reference.functions import FUNCTIONS
from lstm_ref.torch.masks import masks_of

SPEC = (ROOT / "spec" / "variants.md").read_text(encoding="utf-8")
OPS = tuple(CONFIGS)
CHOICES = {key: 2 if key == "proj_size" else values[0] for key, values in VALUES.items()}
CHOICES["dtype"] = "float64"  # more of it in test_dtypes.py


def rows(first: str) -> list[list[str]]:
    """The cells of the table of the spec whose heading begins so."""
    table = SPEC[SPEC.index(f"\n| {first} |") :].lstrip().split("\n\n")[0]
    return [[cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()[2:]]


TABLE = {row[0].strip("`"): dict(zip(("default", *OPS), row[1:], strict=True)) for row in rows("option")}
EXISTS = {(op, key) for key, row in TABLE.items() for op in OPS if row[op] in ("yes", "1 <= R < H") or row[op][0] == '"'}


def weights(config, seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal(e.shape, np.float32) * np.float32(0.4) for name, e in config.iter_expected()}


def inputs(config, T=4, B=3, seed=1):
    rng = np.random.default_rng(seed)
    shape = (B, T, config.input_size) if config.batch_first else (T, B, config.input_size)
    states = [rng.standard_normal(config.expected_state(B, name).shape, np.float32) for name in config.state]
    return rng.standard_normal(shape, np.float32), *states


# The table of section 2 -------------------------------------------------------------------------------------------------


def test_the_table_is_that_of_the_configurations():
    assert tuple(TABLE) == OPTIONS == tuple(CHOICES)
    for op, key in itertools.product(OPS, OPTIONS):
        assert ((op, key) in EXISTS) == (key in CONFIGS[op].options()) == ((op, key) not in REASONS)
        if (op, key) in EXISTS:
            default = CONFIGS[op](3, 4).to_json() | {key: getattr(CONFIGS[op](3, 4), key)}
            value = default[key].name if isinstance(default[key], activation.Activation) else default[key]
            assert json.loads(TABLE[key]["default"]) == (activation.shortest(value) if isinstance(value, float) else value)
            if TABLE[key][op][0] == '"':  # the values themselves
                others = json.loads(f"[{TABLE[key][op]}]")
                assert [value for value in VALUES[key] if is_allowed(op, {key: value})] == [v for v in others if v != "none"]
        else:
            assert TABLE[key][op] == REASONS[op, key]


def model_bytes(config: dict) -> bytes:
    return model_file.dump_tensors({"w": np.zeros(1, np.float32)}, {"lstm_ref": json.dumps(config)})


@pytest.mark.parametrize(("op", "key"), sorted(set(itertools.product(OPS, OPTIONS)) - EXISTS))
def test_an_option_of_another_op_is_refused_with_the_reason(op, key):
    default = next(getattr(CONFIGS[other](3, 4), key) for other in OPS if key in CONFIGS[other].options())
    for value in (CHOICES[key], default if not isinstance(default, activation.Activation) else default.name):
        with pytest.raises(InvalidArgument) as error:
            model_file.read_model(model_bytes(CONFIGS[op](3, 4).to_json() | {key: value}))
        assert str(error.value) == f'config.{key}: not for op "{op}", want no such key: {TABLE[key][op]}'
    with pytest.raises(TypeError):
        CONFIGS[op](3, 4, **{key: CHOICES[key]})


def test_the_table_of_refusals_is_that_of_the_configurations():
    assert [(row[0].split("`")[1], row[2]) for row in rows("what")] == [
        (option, reason) for option, reason in ((r.option, r.reason) for r in REFUSALS)
    ]
    for refusal, (op, options) in zip(
        REFUSALS,
        (
            ("gru", {"layer_norm": "joint"}),
            ("rnn", {"layer_norm": "gate"}),
            ("lstm", {"layer_norm": "separate", "input_forget": True}),
            ("lstm", {"norm_epsilon": 0.5}),
            ("gru", {"dropout": 0.5}),
        ),
        strict=True,
    ):
        with pytest.raises(InvalidArgument, match=re.escape(f"{refusal.want}: {refusal.reason}")) as error:
            CONFIGS[op](3, 4, **options)
        assert error.value.parameter == refusal.option


def combinations(op):
    """All sets of the options that change a cell's equations, and all pairs of all options with all their values."""
    keys = [key for key in OPTIONS[: OPTIONS.index("layer_norm")] if (op, key) in EXISTS]
    sets = [{key: CHOICES[key] for key in chosen} for n in range(len(keys) + 1) for chosen in itertools.combinations(keys, n)]
    return sets + pairs_of(op)


@pytest.mark.parametrize("op", OPS)
def test_everything_combines(op, golden):
    """Every set of options runs, travels through a file, and has a golden case; and every option in it makes a difference."""
    covered = {(case.op, frozenset(case.config.chosen())) for case in golden.valid}
    for options in combinations(op):
        assert (op, frozenset(options)) in covered
        config = CONFIGS[op](3, 5, 2, bidirectional=True, **options)
        tensors, given_ = weights(config), inputs(config, T=2)
        training = {"seed": 5} if config.is_random else {}
        outputs = forward(config, tensors, *given_, lengths=np.array([2, 0, 1]), **training).named(config)
        assert {name: value.shape for name, value in outputs.items()} == {
            "y": (2, 3, 2 * config.output_size), **{f"{s}_n": config.expected_state(3, s).shape for s in config.state},
        }  # fmt: skip
        back, same = model_file.read_model(model_file.dump_model(config, tensors))
        assert back == config
        assert all(same_bits(same[name], value) for name, value in tensors.items())
        for key in set(options) - {"proj_size"}:
            default = {key: getattr(type(config), key)}
            if not is_allowed(op, {k: v for k, v in options.items() if k != key}):
                continue  # what the other option is for
            other = replace(config, **default)
            fitting = {
                n: v for n, v in tensors.items() if n in (wanted := other.expected_tensors()) and v.shape == wanted[n].shape
            }
            kept = weights(other) | fitting
            less = training if other.is_random else {}
            assert not same_bits(forward(other, kept, *given_, **less).y, forward(config, tensors, *given_, **training).y), key


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_any_set_of_options_is_computed_or_refused(data):
    """In float32 and float64, through a file, evaluating and training; the two arithmetics agree."""
    op = data.draw(st.sampled_from(OPS))
    options = {
        key: data.draw(st.sampled_from(values))
        for key, values in VALUES.items()
        if key in CONFIGS[op].options() and data.draw(st.booleans())
    }
    if not is_allowed(op, options):
        return
    config = CONFIGS[op](3, 6, 2, bidirectional=data.draw(st.booleans()), **options)
    tensors, given_ = weights(config), inputs(config, T=3)
    back, same = model_file.read_model(model_file.dump_model(config, tensors))
    assert back == config
    for training in ({}, {"seed": 3}) if config.is_random else ({},):
        ours = forward(back, same, *given_, lengths=np.array([3, 1, 0]), **training)
        truth = forward(config, tensors, *given_, lengths=np.array([3, 1, 0]), arithmetic=FLOAT64, **training)
        for value, right in zip(ours, truth, strict=True):
            assert value is None or not (np.abs(value - right) > 1e-3 * max(1, np.abs(right).max(initial=0))).any()


def test_a_plain_file_is_what_it_always_was():
    keys = ["format_version", "op", "input_size", "hidden_size", "num_layers", "bias", "batch_first", "bidirectional"]
    for op, config in CONFIGS.items():
        assert list(config(3, 4).to_json()) == keys
        assert config(3, 4).to_json()["op"] == op
    config = LSTMConfig(3, 4, gate_activation=("hard_sigmoid", 0.2, 0.5), clip=0.1, candidate_activation=("elu", 0.3))
    assert config.chosen() == {"gate_activation": "hard_sigmoid", "clip": 0.1, "candidate_activation": ["elu", 0.3]}
    with_defaults = LSTMConfig(3, 4).to_json() | {"proj_size": 0, "clip": 0, "peephole": False, "gate_activation": ["sigmoid"]}
    data = model_file.dump_model(LSTMConfig(3, 4), weights(LSTMConfig(3, 4)))
    assert model_file.read_model(data)[0] == CONFIGS["lstm"](**{k: v for k, v in with_defaults.items() if k not in keys[:2]})


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_parameters_travel_as_short_decimals(value):
    f = activation.check_activation("f", ("elu", value))
    assert np.float32(f.parameters[0]) == np.float32(value)
    assert activation.check_activation("f", json.loads(json.dumps(f.to_json()))) == f


@pytest.mark.parametrize(
    ("op", "options", "message"),
    [
        ("lstm", {"proj_size": 4}, "config.proj_size: 4, want an integer from 0 to hidden_size - 1 = 3"),
        ("lstm", {"proj_size": -1}, "config.proj_size: -1, want 0, or an integer from 1 to 16777216"),
        ("lstm", {"proj_size": False}, "config.proj_size: false, want 0, or an integer from 1 to 16777216"),
        ("lstm", {"peephole": 1}, "config.peephole: 1, want true or false"),
        ("gru", {"reset_after": None}, "config.reset_after: null, want true or false"),
        *(("rnn", {"clip": bad}, f"config.clip: {word}, want 0, or a number > 0 that is finite and not 0 in float32")
          for bad, word in ((-1, "-1"), (1e-60, "a number"), (1e39, "a number"), ("1", '"1"'), (True, "true"), (None, "null"), (2**60, "a number"))),
        ("gru", {"gate_activation": "Tanh"}, f'config.gate_activation: "Tanh", want one of {", ".join(FUNCTIONS)}'),
        ("gru", {"gate_activation": {}}, "config.gate_activation: an object, want a name, or an array of a name and its parameters"),
        ("gru", {"gate_activation": []}, "config.gate_activation: an array, want a name, or an array of a name and its parameters"),
        ("gru", {"gate_activation": [3]}, f'config.gate_activation[0]: 3, want one of {", ".join(FUNCTIONS)}'),
        ("rnn", {"candidate_activation": ["elu"]}, "config.candidate_activation: 0 parameters, want 1 for elu"),
        ("rnn", {"candidate_activation": ["tanh", 1]}, "config.candidate_activation: 1 parameters, want 0 for tanh"),
        ("rnn", {"candidate_activation": ["affine", 1, "b"]}, 'config.candidate_activation[2]: "b", want a number that is finite in float32'),
        ("rnn", {"candidate_activation": ["affine", 1e39, 0]}, "config.candidate_activation[1]: a number, want a number that is finite in float32"),
    ],
)  # fmt: skip
def test_bad_options(op, options, message):
    config = CONFIGS[op](3, 4).to_json() | options
    with pytest.raises(InvalidArgument) as error:
        model_file.read_model(model_bytes(config))
    assert str(error.value) == message
    if options != {"clip": 2**60}:  # a number in Python, not in a file
        with pytest.raises(InvalidArgument) as error:
            CONFIGS[op](3, 4, **options)
        assert f"config.{error.value}" == message


def test_a_clip_too_small_for_float64_is_none():
    """The number of a file is rounded to float64 first (spec/model-file.md, F2); one that is 0 there is 0."""
    text = json.dumps(LSTMConfig(3, 4).to_json() | {"clip": 0}).replace('"clip": 0', '"clip": 1e-400')
    data = model_file.dump_tensors(weights(LSTMConfig(3, 4)), {"lstm_ref": text})
    assert model_file.read_model(data)[0] == LSTMConfig(3, 4)


@on_x86
@pytest.mark.parametrize("foreign", [Flushing, Upwards])
def test_numbers_are_the_same_in_a_foreign_environment(foreign):
    options = dict(clip=0.3, candidate_activation=("affine", 1e-40, 0.7), hidden_norm=True, norm_epsilon=1e-45,
                   recurrent_dropout=0.7, zoneout_c=1e-40)  # fmt: skip
    config, plain = LSTMConfig(3, 4, **options), LSTMConfig(3, 4)
    tensors = weights(config)
    file = model_file.dump_model(config, tensors)
    between = model_bytes(plain.to_json() | {"clip": 1e-310})
    inputs = {"x": np.ones((2, 3, 3), np.float32), "seed": 5}
    want = native.LSTM.from_tensors(config, tensors)(**inputs)[0]
    with foreign():
        again, written = LSTMConfig(3, 4, **options), model_file.dump_model(config, tensors)
        read, elu = model_file.read_model(file)[0], config.candidate_activation.to_json()
        got = native.LSTM.from_tensors(again, tensors)(**inputs)[0]
        with pytest.raises(InvalidArgument, match=r"^clip: a number, want 0, or a number > 0"):
            LSTMConfig(3, 4, clip=1e-310)
        with pytest.raises(InvalidArgument, match=r"^config\.clip: a number, want 0, or a number > 0"):
            model_file.read_model(between)
        assert not is_canonical(), "the caller's setting must come back"
    assert again == config
    assert read == config
    assert written == file
    assert elu == ["affine", 1e-40, 0.7]
    assert same_bits(got, want)


@on_x86
def test_masks_of_pytorch_modules_are_the_same_in_a_foreign_environment():
    config, x = LSTMConfig(3, 4, recurrent_dropout=0.45), torch.ones(2, 3, 3)
    want = masks_of(config, x, 5, None, False)["mask_h_l0"]
    with Upwards():
        got = masks_of(config, x, 5, None, False)["mask_h_l0"]
    assert torch.equal(got, want)


def test_options_are_looked_at_last():
    config = LSTMConfig(3, 4).to_json() | {"clip": -1, "bias": 3, "proj_size": 9}
    with pytest.raises(InvalidArgument, match=r"^config\.bias: 3, want true or false$"):
        model_file.read_model(model_bytes(config))
    with pytest.raises(InvalidArgument, match=r"^config\.clip: -1, want"):
        model_file.read_model(model_bytes(config | {"bias": True}))


def test_a_gru_has_no_cell_state():
    config = GRUConfig(3, 4)
    x, h_0 = inputs(config)
    for c_0 in (h_0, h_0[:, :1]):
        with pytest.raises(InvalidArgument, match=r"^c_0: unexpected tensor, want only x, h_0, lengths$"):
            forward(config, weights(config), x, h_0, c_0)
    data = model_file.dump_tensors({"x": x, "h_0": h_0, "c_0": h_0})
    with pytest.raises(InvalidArgument, match=r"^c_0: unexpected tensor, want only x, h_0, lengths$"):
        model_file.read_inputs(data, config)
    read = model_file.read_inputs(model_file.dump_tensors({"x": x, "h_0": h_0}), config)
    assert (read.c_0, len(read.states())) == (None, 1)
    with pytest.raises(InvalidArgument, match=re.escape("weight_hh_l0: missing, want (3*H, H) = (12, 4)")):
        forward(config, {"weight_ih_l0": np.zeros((12, 3), np.float32)}, x)


def test_shapes_of_a_projection_are_named():
    config = LSTMConfig(3, 4, 2, bidirectional=True, proj_size=2)
    assert {name: str(e) for name, e in config.expected_tensors().items() if not name.endswith("reverse")} == {
        "weight_ih_l0": "(4*H, I) = (16, 3)", "weight_hh_l0": "(4*H, R) = (16, 2)", "bias_ih_l0": "(4*H,) = (16,)",
        "bias_hh_l0": "(4*H,) = (16,)", "weight_hr_l0": "(R, H) = (2, 4)", "weight_ih_l1": "(4*H, D*R) = (16, 4)",
        "weight_hh_l1": "(4*H, R) = (16, 2)", "bias_ih_l1": "(4*H,) = (16,)", "bias_hh_l1": "(4*H,) = (16,)",
        "weight_hr_l1": "(R, H) = (2, 4)",
    }  # fmt: skip
    assert str(config.expected_state(7, "h")) == "(L*D, B, R) = (4, 7, 2)"
    assert str(config.expected_state(7, "c")) == "(L*D, B, H) = (4, 7, 4)"


# Activations ------------------------------------------------------------------------------------------------------------


def test_the_table_of_activations_is_that_of_the_code():
    names = {row[0].split("`")[1]: row[0].partition("(")[2].rstrip(")") for row in rows("name")}
    assert tuple(names) == tuple(activation.DEFAULTS) == tuple(FUNCTIONS)
    for name, defaults in names.items():
        assert tuple(map(float, filter(None, defaults.split(", ")))) == activation.DEFAULTS[name]


ULP = {"sigmoid": 1, "tanh": 1, "elu": 1, "softplus": 3, "softsign": 1.5, "scaled_tanh": 1, "hard_sigmoid": 1}
SAMPLE = np.arange(0, 2**32, 4999, dtype=np.uint64).astype(np.uint32).view(np.float32)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_activations_against_float64(name):
    """With the default parameters; those that are not listed round at most once."""
    x = np.concatenate([SAMPLE[~np.isnan(SAMPLE)], np.linspace(-110, 20, 30001, dtype=np.float32)])
    parameters = activation.named(name).parameters
    with np.errstate(all="ignore"):
        y = FUNCTIONS[name](CANONICAL32, x, *map(np.float32, parameters))
        truth = FUNCTIONS[name](FLOAT64, x.astype(np.float64), *map(np.float64, parameters))
        want = truth.astype(np.float32)
    assert y.dtype == np.float32
    finite = np.isfinite(want)
    assert same_bits(y[~finite], want[~finite])
    ulp = np.maximum(np.spacing(np.abs(want[finite])).astype(np.float64), 2.0**-149)
    assert not (np.abs(y[finite] - truth[finite]) > ULP.get(name, 0.51) * ulp).any()


@pytest.mark.parametrize(
    ("function", "at"),  # NaN, -inf, inf, -0, 0
    [
        ("relu", (np.nan, 0, np.inf, 0, 0)),
        ("leaky_relu", (np.nan, -np.inf, np.inf, -0.0, 0)),
        ("elu", (np.nan, -1, np.inf, -0.0, 0)),
        ("hard_sigmoid", (np.nan, 0, 1, 0.5, 0.5)),
        (("hard_sigmoid", 1.0, -0.0), (np.nan, 0, 1, 0, 0)),
        ("affine", (np.nan, -np.inf, np.inf, 0, 0)),
        (("scaled_tanh", 2.0, 3.0), (np.nan, -2, 2, -0.0, 0)),
        ("softsign", (np.nan, -1, 1, -0.0, 0)),
        ("softplus", (np.nan, 0, np.inf, np.log(np.float32(2)), np.log(np.float32(2)))),
        ("thresholded_relu", (np.nan, 0, np.inf, 0, 0)),
        (("thresholded_relu", 0.0), (np.nan, 0, np.inf, -0.0, 0)),
    ],
    ids=str,
)
def test_activations_of_special_values(function, at):
    f = activation.check_activation("f", function)
    x = np.float32([np.nan, -np.inf, np.inf, -0.0, 0.0])
    with np.errstate(all="ignore"):
        assert same_bits(FUNCTIONS[f.name](CANONICAL32, x, *map(np.float32, f.parameters)), np.float32(at))


@pytest.mark.parametrize(("name", "ulp"), [("elu", 0), ("hard_sigmoid", 0), ("softplus", 2)])
def test_activations_are_monotone(name, ulp):
    """Or nearly so: a few ulp may show between neighbours."""
    x = np.sort(np.concatenate([SAMPLE[np.isfinite(SAMPLE)], np.linspace(-20, 20, 100001, dtype=np.float32)]))
    with np.errstate(all="ignore"):
        y = FUNCTIONS[name](CANONICAL32, x, *map(np.float32, activation.named(name).parameters))
    steps = np.diff(y.astype(np.float64))
    assert (steps >= -ulp * np.spacing(np.abs(y[1:])).astype(np.float64)).all()


# The equations ----------------------------------------------------------------------------------------------------------


def run(config, tensors, given_, **more):
    trace = {}
    result = forward(config, tensors, *given_, trace=trace, **more)
    return result, trace


def test_rows_of_the_forget_gate_are_not_read_when_coupled():
    config = LSTMConfig(3, 4, input_forget=True, peephole=True)
    tensors, given_ = weights(config), inputs(config)
    other = {name: value.copy() for name, value in tensors.items()}
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
        other[name][4:8] = np.nan
    other["weight_peephole_l0"][8:12] = np.nan
    (want, trace), (got, _) = run(config, tensors, given_), run(config, other, given_)
    assert all(same_bits(a, b) for a, b in zip(want, got, strict=True))
    i, f, _, _ = np.split(trace["gates_l0"], 4, axis=-1)
    assert same_bits(f, np.float32(1) - i)


def test_the_cell_state_is_carried_unclipped():
    """What ONNX Runtime gets wrong is the other half: the input of the output activation is clipped (onnxruntime#27224)."""
    config = LSTMConfig(1, 1, bias=False, clip=1.0)
    tensors = {"weight_ih_l0": np.float32([[9], [9], [9], [9]]), "weight_hh_l0": np.zeros((4, 1), np.float32)}
    x, state = np.ones((3, 1, 1), np.float32), np.float32([[[40]]])
    (_, h_n, c_n), trace = run(config, tensors, (x, state * 0, state))
    gate, candidate = CANONICAL32.sigmoid(np.float32([1])), CANONICAL32.tanh(np.float32([1]))
    c = np.float32([40])
    for step in trace["c_l0"].ravel():
        c = CANONICAL32.fma(gate, c, gate * candidate)
        assert same_bits(np.atleast_1d(step), c)
    assert c_n.item() > 10
    assert same_bits(h_n.ravel(), gate * CANONICAL32.tanh(np.float32([1])))


def test_an_open_update_gate_keeps_h_exactly():
    h = np.float32([[0.1, -3e30, 7e-40, 1.0]])
    p = {
        "weight_ih": np.zeros((12, 1), np.float32),
        "weight_hh": np.zeros((12, 4), np.float32),
        "bias": np.float32([0] * 4 + [90] * 4 + [0.7] * 8),
    }
    step = gru_step(CANONICAL32, np.float32([[1]]), h, p, GRUConfig(1, 4))
    assert same_bits(step.h, h)


@pytest.mark.parametrize("reset_after", [True, False])
def test_reset_modes_agree_where_they_must(reset_after):
    """With h = 0 and b_hn = 0 the place of the reset makes no difference; with either it does."""
    config, other = GRUConfig(3, 5, reset_after=reset_after), GRUConfig(3, 5, reset_after=not reset_after)
    tensors = weights(config)
    x, h_0 = inputs(config, T=1)
    assert not same_bits(forward(config, tensors, x, h_0).y, forward(other, tensors, x, h_0).y)
    assert not same_bits(forward(config, tensors, x, h_0 * 0).y, forward(other, tensors, x, h_0 * 0).y)
    tensors["bias_hh_l0"][10:] = 0
    np.testing.assert_allclose(forward(config, tensors, x, h_0 * 0).y, forward(other, tensors, x, h_0 * 0).y, rtol=1e-6)


@pytest.mark.parametrize("op", OPS)
def test_batch_split_and_layout_invariance(op):
    options = combinations(op)[-1]
    config = CONFIGS[op](5, 9, 2, bidirectional=True, **options)
    tensors, (x, *states) = weights(config), inputs(config, 6, 7)
    lengths = np.array([6, 0, 3, 1, 5, 6, 2])
    whole = forward(config, tensors, x, *states, lengths=lengths).named(config)
    for b in range(7):
        row = slice(b, b + 1)
        alone = forward(config, tensors, x[:, row], *(s[:, row] for s in states), lengths=lengths[row]).named(config)
        assert all(same_bits(alone[name], whole[name][:, row]) for name in whole)
    turned = forward(replace(config, batch_first=True), tensors, x.swapaxes(0, 1), *states, lengths=lengths).named(config)
    assert same_bits(turned.pop("y").swapaxes(0, 1), whole["y"])
    assert all(same_bits(turned[name], whole[name]) for name in turned)
    config = replace(config, bidirectional=False)
    tensors, (x, *states) = weights(config), inputs(config, 6, 2)
    whole = forward(config, tensors, x, *states).named(config)
    first = forward(config, tensors, x[:2], *states).named(config)
    second = forward(config, tensors, x[2:], *(first[f"{name}_n"] for name in config.state)).named(config)
    assert same_bits(np.concatenate([first.pop("y"), second["y"]]), whole["y"])
    assert all(same_bits(second[name], whole[name]) for name in first)


# PyTorch as a witness ---------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
def test_torch_agrees(golden):
    """torch.nn.LSTM with proj_size, torch.nn.GRU and torch.nn.RNN (tanh and relu) on every golden case that they can compute."""
    from lstm_ref.config import check_inputs
    from lstm_ref.conformance.protocol import Skipped
    from lstm_ref.conformance.runners.torch_nn_runner import forward as torch_forward

    tried = {}
    for case in golden.valid:
        if case.tolerance is None or not (case.config.chosen() or case.op != "lstm"):
            continue
        tensors, given_ = case.tensors()
        checked = check_inputs(case.config, **given_)
        try:
            outputs = torch_forward(case.config, tensors, checked, None)
        except Skipped:
            continue
        for want, got in zip(forward(case.config, tensors, **checked.arguments()), outputs, strict=False):
            assert np.abs(got.astype(np.float64) - want).max(initial=0) <= case.tolerance, case.id
        key = case.op, *case.config.chosen()
        tried[key] = tried.get(key, 0) + 1
    assert {key for key, count in tried.items() if count >= 60} == {
        ("lstm", "proj_size"), ("gru",), ("rnn",), ("rnn", "candidate_activation"),
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
def test_torch_weights_mean_what_they_mean_here():
    """The state_dict of each module is a model of ours, name by name."""
    for module, config in (
        (torch.nn.LSTM(3, 5, 2, bidirectional=True, proj_size=2), LSTMConfig(3, 5, 2, bidirectional=True, proj_size=2)),
        (torch.nn.GRU(3, 5, 2, bidirectional=True), GRUConfig(3, 5, 2, bidirectional=True)),
        (torch.nn.RNN(3, 5, 2, nonlinearity="relu"), RNNConfig(3, 5, 2, candidate_activation="relu")),
    ):
        tensors = {name: value.numpy() for name, value in module.state_dict().items()}
        assert list(tensors) == list(config.expected_tensors())
        x = inputs(config)[0]
        with torch.no_grad():
            want = module(torch.from_numpy(x))[0].numpy()
        np.testing.assert_allclose(forward(config, tensors, x).y, want, atol=1e-6)
