"""The elementary PyTorch LSTM against torch.nn.LSTM: values, gradients, weights both ways, files, bad input."""

import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from test_variants import OPS, combinations, weights
from test_variants import inputs as random_inputs
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from lstm_ref import native
from lstm_ref.activation import DEFAULTS
from lstm_ref.config import CONFIGS, LSTMConfig
from lstm_ref.errors import InvalidArgument
from lstm_ref.golden.cases.pairs import everything, is_allowed
from lstm_ref.reference import FLOAT64, forward
from lstm_ref.sequences import split_final
from lstm_ref.torch import GRU, LSTM, RNN, load, recurrent
from lstm_ref.torch.functions import FUNCTIONS

VARIANTS = [
    dict(num_layers=layers, bias=bias, batch_first=batch_first, bidirectional=bidirectional)
    for layers in (1, 2)
    for bias in (True, False)
    for batch_first in (True, False)
    for bidirectional in (True, False)
]
T, B, I, H = 5, 3, 4, 6


def pair(dtype=torch.float64, **options):
    """Ours and torch's, with the same weights."""
    torch.manual_seed(1)
    theirs = torch.nn.LSTM(I, H, **options, dtype=dtype)
    return LSTM.from_torch(theirs), theirs


def inputs(lstm, dtype=torch.float64, steps=T, batch=B):
    generator = torch.Generator().manual_seed(2)
    shape = (batch, steps, I) if lstm.config.batch_first else (steps, batch, I)
    rows = lstm.config.num_layers * lstm.config.directions
    x, h, c = (torch.randn(s, generator=generator, dtype=dtype) for s in (shape, (rows, batch, H), (rows, batch, H)))
    return x, (h, c)


def flat(result):
    y, (h_n, c_n) = result
    return y, h_n, c_n


@pytest.mark.parametrize("options", VARIANTS, ids=str)
@pytest.mark.parametrize("with_state", [True, False])
def test_values_equal_torch(options, with_state):
    ours, theirs = pair(**options)
    x, state = inputs(ours)
    state = state if with_state else None
    for got, want in zip(flat(ours(x, state)), flat(theirs(x, state)), strict=True):
        torch.testing.assert_close(got, want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_gradients_equal_torch(options):
    ours, theirs = pair(**options)
    gradients = []
    for module in (ours, theirs):
        x, (h_0, c_0) = inputs(ours)
        leaves = [v.requires_grad_() for v in (x, h_0, c_0)] + list(module.parameters())
        y, (h_n, c_n) = module(x, (h_0, c_0))
        loss = (y * y).sum() + h_n.sin().sum() + c_n.cos().sum()
        gradients.append(torch.autograd.grad(loss, leaves))
    for got, want in zip(*gradients, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("bidirectional", [True, False])
def test_gradcheck_with_ragged_lengths(bidirectional):
    ours, _ = pair(num_layers=2, bidirectional=bidirectional)
    x, (h_0, c_0) = inputs(ours)
    lengths = torch.tensor([5, 0, 2])
    leaves = [v.requires_grad_() for v in (x, h_0, c_0)]
    assert torch.autograd.gradcheck(lambda x, h, c: flat(ours(x, (h, c), lengths)), leaves)


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_ragged_rows_equal_rows_alone(options):
    """Row b of the batch is the sequence of lengths[b] steps by itself; NaN behind its end is read by nobody."""
    ours, _ = pair(**options)
    x, (h_0, c_0) = inputs(ours)
    lengths = [5, 0, 2]
    time = 1 if ours.config.batch_first else 0
    padded = x.clone()
    for b, n in enumerate(lengths):
        padded.select(1 - time, b)[n:] = torch.nan
    padded.requires_grad_()
    y, (h_n, c_n) = ours(padded, (h_0, c_0), torch.tensor(lengths))
    for b, n in enumerate(lengths):
        row = slice(b, b + 1)
        alone = x.narrow(1 - time, b, 1).narrow(time, 0, n)
        y_b, (h_b, c_b) = ours(alone, (h_0[:, row], c_0[:, row]))
        torch.testing.assert_close(y.narrow(1 - time, b, 1).narrow(time, 0, n), y_b)
        assert not y.narrow(1 - time, b, 1).narrow(time, n, T - n).any()
        torch.testing.assert_close(h_n[:, row], h_b)
        torch.testing.assert_close(c_n[:, row], c_b)
    (y.sum() + h_n.sum() + c_n.sum()).backward()
    assert padded.grad is not None
    assert padded.grad.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in ours.parameters())


@pytest.mark.parametrize(("steps", "batch"), [(0, 2), (3, 0), (0, 0)])
def test_empty_sequences_and_batches(steps, batch):
    ours, _ = pair(num_layers=2, bidirectional=True)
    x, (h_0, c_0) = inputs(ours, steps=steps, batch=batch)
    trace = {}
    y, (h_n, c_n) = ours(x, (h_0, c_0), trace=trace)
    assert y.shape == (steps, batch, 2 * H)
    assert torch.equal(h_n, h_0)
    assert torch.equal(c_n, c_0)
    assert trace["z_l1_reverse"].shape == (steps, batch, 4 * H)
    assert trace["c_l0"].shape == (steps, batch, H)


def test_trace_holds_every_intermediate():
    ours, _ = pair(num_layers=2, bidirectional=True)
    x, _ = inputs(ours)
    lengths = torch.tensor([5, 0, 2])
    trace = {}
    y, _ = ours(x, None, lengths, trace=trace)
    assert sorted(trace) == sorted(f"{n}_{s}" for n in ("z", "gates", "c", "h") for _, s in ours.config.suffixes())
    assert torch.equal(torch.cat((trace["h_l1"], trace["h_l1_reverse"]), dim=2), y)
    i, f, g, o = trace["gates_l0"].chunk(4, dim=2)
    c_before = torch.cat((torch.zeros(1, B, H), trace["c_l0"][:-1]))
    valid = (torch.arange(T)[:, None] < lengths)[:, :, None]
    torch.testing.assert_close(trace["c_l0"], torch.where(valid, f * c_before + i * g, 0))
    torch.testing.assert_close(trace["h_l0"], o * trace["c_l0"].tanh())
    assert not trace["z_l0"][2:, 2].any()
    assert trace["z_l0"][1, 2].any()


def test_dropout_only_between_layers_in_training():
    ours, theirs = pair(torch.float32, num_layers=2, dropout=0.5)
    x, _ = inputs(ours, torch.float32)
    assert torch.equal(ours.eval()(x)[0], ours.eval()(x)[0])
    torch.testing.assert_close(ours.eval()(x)[0], theirs.eval()(x)[0])
    torch.manual_seed(3)
    trained = ours.train()(x)[0]
    assert not torch.equal(trained, ours(x)[0])
    one_layer = LSTM(I, H, dropout=0.5)
    assert torch.equal(one_layer(x)[0], one_layer(x)[0])


def test_same_seed_same_weights_as_torch():
    torch.manual_seed(4)
    ours = LSTM(I, H, num_layers=2, bidirectional=True).state_dict()
    torch.manual_seed(4)
    theirs = torch.nn.LSTM(I, H, num_layers=2, bidirectional=True).state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_weights_travel_both_ways(options):
    ours, theirs = pair(torch.float32, **options)
    fresh = torch.nn.LSTM(I, H, **options)
    fresh.load_state_dict(ours.state_dict())
    again = ours.to_torch()
    for name, value in theirs.state_dict().items():
        assert torch.equal(fresh.state_dict()[name], value)
        assert torch.equal(again.state_dict()[name], value)
    assert again.batch_first == theirs.batch_first
    assert LSTM.from_torch(theirs.eval()).training is False
    assert LSTM.from_torch(theirs.train()).training is True
    with torch.no_grad():
        theirs.weight_ih_l0.zero_()
    assert ours.weight_ih_l0.any()  # copies, not views


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_model_file_round_trip(options, tmp_path):
    ours, _ = pair(torch.float32, **options)
    ours.save(tmp_path / "m.safetensors")
    back = LSTM.load(tmp_path / "m.safetensors")
    assert back.config == ours.config == LSTMConfig(I, H, **options)
    assert not back.training
    for name, value in ours.state_dict().items():
        assert torch.equal(back.state_dict()[name], value)


def refused(error, call, *arguments, **options):
    with pytest.raises(InvalidArgument, match=f"^{re.escape(error)}$"):
        call(*arguments, **options)


def test_bad_input_is_refused_in_the_words_of_the_spec(tmp_path):
    ours = LSTM(I, H)
    x = torch.zeros(T, B, I)
    state = torch.zeros(1, B, H)
    refused("hidden_size: 0, want an integer from 1 to 16777216", LSTM, I, 0)
    refused("bias: 1, want true or false", LSTM, I, H, bias=1)
    refused("dropout: a number, want a number from 0 to less than 1 in float32", LSTM, I, H, dropout=1.5)
    refused("x: dtype float64, want float32", ours, x.double())
    refused("x: rank 1, want 3 (T, B, I) or 2 (T, I)", ours, x[0, 0])
    refused("x: rank 4, want 3 (B, T, I) or 2 (T, I)", LSTM(I, H, batch_first=True), x[None])
    refused("x: shape (5, 3, 3), want (T, B, I) = (5, 3, 4)", ours, x[:, :, :3])
    refused("h_0: shape (2, 3, 6), want (L*D, B, H) = (1, 3, 6)", ours, x, (torch.zeros(2, B, H), state))
    refused("c_0: dtype int64, want float32", ours, x, (state, state.long()))
    refused("lengths: dtype float32, want int64", ours, x, None, torch.ones(B))
    refused("lengths: shape (2,), want (B,) = (3,)", ours, x, None, torch.tensor([1, 2]))
    refused("lengths[2]: -1, want 0 <= length <= T = 5", ours, x, None, torch.tensor([5, 0, -1]))
    refused("lengths[1]: 6, want 0 <= length <= T = 5", ours, x, None, torch.tensor([5, 6, -1]))
    refused("x: shape (5, 3), want (T, I) = (5, 4)", ours, x[:, 0, :3])
    refused("h_0: shape (1, 3, 6), want (L*D, H) = (1, 6)", ours, x[:, 0], (state, state))
    refused("lengths: a Tensor, want none beside an x (T, I)", ours, x[:, 0], None, torch.tensor([5]))
    refused("x: an array, want a torch.Tensor", ours, x.numpy().tolist())
    packed = pack_padded_sequence(x, torch.tensor([5, 4, 1]))
    refused("x.data: dtype float64, want float32", ours, packed.double())
    refused("x.batch_sizes[1]: 9, want 1 <= size <= batch_sizes[0] = 1", ours, packed._replace(batch_sizes=torch.tensor([1, 9])))
    refused("state: a Tensor, want a pair (h_0, c_0)", ours, x, state)
    refused("h_0: shape (1, 2, 6), want (L*D, B, H) = (1, 3, 6)", GRU(I, H), x, state[:, :2])
    refused("module: a GRU, want a torch.nn.LSTM", LSTM.from_torch, torch.nn.GRU(I, H))
    refused("module: a Linear, want a torch.nn.RNN", RNN.from_torch, torch.nn.Linear(I, H))
    refused("clip: chosen, want its default: torch.nn.GRU does not have this option", GRU(I, H, clip=1).to_torch)
    path = tmp_path / "m.safetensors"
    refused("weight_ih_l0: dtype float64, want float32", ours.double().save, path)
    assert not path.exists()
    GRU(I, H).save(path)
    refused(f'{path}: op: "gru", want "lstm"', LSTM.load, path)
    path.unlink()
    refused(f"{path}: file: cannot be read (No such file or directory), want a readable file", LSTM.load, path)


# Other cells and options ----------------------------------------------------------------------------------------------

LENGTHS = [4, 0, 2]


@pytest.mark.parametrize(("dtype", "name", "held"), [
    ("float64", "float64", torch.float64), ("float32", "float32", torch.float32), ("bfloat16", "bfloat16", torch.float32),
    (np.float64, "float64", torch.float64), (np.dtype("float32"), "float32", torch.float32), (torch.float64, "float64", torch.float64),
    (torch.bfloat16, "float32", torch.bfloat16),
])  # fmt: skip
def test_dtypes_by_name(dtype, name, held, tmp_path):
    """The names of lstm_ref, where bfloat16 is what weights are stored in; and PyTorch's own, where it is computed in, too."""
    lstm = LSTM(I, H, dtype=dtype)
    assert lstm.config.dtype == name
    assert {p.dtype for p in lstm.parameters()} == {held}
    if dtype != torch.bfloat16:
        lstm.save(tmp_path / "m.safetensors")  # the matrices of "bfloat16" hold such values
        assert LSTM.load(tmp_path / "m.safetensors").config == lstm.config


def test_types_of_numbers_that_are_refused(tmp_path):
    want = 'want "float32", "float64" or "bfloat16"'
    for dtype, got in [("float16", '"float16"'), (torch.int32, '"int32"'), (torch.complex64, '"complex64"'), (np.int32, '"int32"'), (3, "3")]:  # fmt: skip
        refused(f"dtype: {got}, {want}", LSTM, I, H, dtype=dtype)
    path = tmp_path / "m.safetensors"
    refused("weight_ih_l0: dtype bfloat16, want float32", LSTM(I, H).bfloat16().save, path)
    refused("weight_ih_l0: dtype float16, want float32", LSTM(I, H).half().save, path)
    assert not path.exists()
    mixed, ours = torch.nn.LSTM(I, H), LSTM(I, H)
    mixed.bias_hh_l0, ours.bias_hh_l0 = (torch.nn.Parameter(module.bias_hh_l0.double()) for module in (mixed, ours))
    for call in (lambda: LSTM.from_torch(mixed), lambda: LSTM.from_torch(ours), ours.to_torch):
        refused("bias_hh_l0: dtype float64, want float32, as weight_ih_l0 has", call)


def network_of(config, dtype=torch.float64):
    return recurrent.CLASSES[config.op].from_arrays(config, weights(config)).to(dtype)


def tensors(config, dtype=torch.float64, T=4, B=3):
    x, *states = (torch.from_numpy(value).to(dtype) for value in random_inputs(config, T, B))
    return x, tuple(states) if len(states) > 1 else states[0]


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("flags", [{"bidirectional": True, "batch_first": True}, {"bias": False}], ids=str)
def test_every_combination_has_the_values_of_the_equations(op, flags):
    """In float64, against the NumPy reference in float64: outputs and every intermediate."""
    for options in (*combinations(op), everything(op)):
        config = CONFIGS[op](3, 5, 2, **flags, **options)
        trace, wanted_trace = {}, {}
        training = {"seed": 4} if config.is_random and len(options) != 1 else {}
        with torch.no_grad():
            y, final = network_of(config)(*tensors(config), torch.tensor(LENGTHS), trace=trace, **training)
        wanted = forward(config, weights(config), *random_inputs(config), lengths=np.array(LENGTHS),
                         arithmetic=FLOAT64, trace=wanted_trace, **training)  # fmt: skip
        assert list(trace) == list(wanted_trace)
        pairs = zip(
            (y, *split_final(final), *trace.values()), (*wanted.named(config).values(), *wanted_trace.values()), strict=True
        )
        for got, want in pairs:
            np.testing.assert_allclose(got.numpy(), want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_activation_where_it_bends(name):
    values = np.float32(
        [-np.inf, -1e30, -120, -41, -3, -1, -1e-40, -0.0, 0, 0.5, 1, 1.5, 3, 21, 39, 41, 120, 1e30, np.inf, np.nan]
    )
    config = CONFIGS["rnn"](1, len(values), candidate_activation=name)
    arrays = {key: np.zeros(e.shape, np.float32) for key, e in config.iter_expected()} | {"bias_ih_l0": values}
    with torch.no_grad():
        y, _ = RNN.from_arrays(config, arrays).double()(torch.zeros(1, 1, dtype=torch.float64))
    wanted = forward(config, arrays, np.zeros((1, 1, 1), np.float32), arithmetic=FLOAT64)
    np.testing.assert_allclose(y[0].numpy(), wanted.y[0, 0], rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_gradient_of_every_activation_is_a_number(name):
    """Also where the branch not taken has none: 0 * infinity would be a NaN."""
    x = torch.tensor([-1e30, -100, -1, 0, 1, 100, 1e30], requires_grad=True)
    FUNCTIONS[name](x, *DEFAULTS[name]).sum().backward()
    assert x.grad.isfinite().all()


def gradient_cases():
    alone = [(op, {key: value}) for op in OPS for key, value in everything(op).items() if is_allowed(op, {key: value})]
    activations = [("rnn", {"candidate_activation": name}) for name in FUNCTIONS]
    return [*((op, {}) for op in OPS), *alone, *((op, everything(op)) for op in OPS), *activations]


@pytest.mark.parametrize(("op", "options"), gradient_cases(), ids=str)
def test_gradients_of_every_option(op, options):
    """Of all outputs by x, states and weights, both directions, two layers, ragged rows."""
    config = CONFIGS[op](2, 5, 2, bidirectional=True, **options)
    network = network_of(config)
    x, state = tensors(config, T=2, B=2)
    names = list(network.state_dict())

    def call(x, *rest):
        state, values = rest[: len(config.state)], rest[len(config.state) :]
        arguments = x, state if len(state) > 1 else state[0], torch.tensor([2, 1])
        training = {"seed": 4} if config.is_random else {}
        y, final = torch.func.functional_call(network, dict(zip(names, values, strict=True)), arguments, training)
        return y, *split_final(final)

    leaves = [x, *split_final(state), *network.state_dict().values()]
    leaves = [value.detach().clone().requires_grad_() for value in leaves]
    assert torch.autograd.gradcheck(call, leaves, fast_mode=True)


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize(("cls", "options"), [
    (LSTM, {}), (LSTM, {"proj_size": 2}), (GRU, {}), (RNN, {}), (RNN, {"candidate_activation": "relu"}),
], ids=str)  # fmt: skip
class TestBesideTorch:
    """Values and gradients of what torch.nn has too, for each form of x."""

    @pytest.fixture
    def networks(self, cls, options, batch_first):
        torch.manual_seed(1)
        ours = cls(I, H, 2, batch_first=batch_first, bidirectional=True, dtype=torch.float64, **options)
        theirs = ours.to_torch()
        back = cls.from_torch(theirs)
        assert back.config == ours.config
        assert list(theirs.state_dict()) == list(ours.state_dict()) == list(back.state_dict())
        return back, theirs

    def test_whole(self, networks):
        x, state = tensors(networks[0].config)
        self.compare(networks, lambda x: x, x, state)

    def test_one_sequence(self, networks):
        x, state = tensors(networks[0].config, B=1)
        alone = tuple(value[:, 0] for value in split_final(state))
        self.compare(networks, lambda x: x, x.reshape(4, I), alone if len(alone) > 1 else alone[0])

    @pytest.mark.parametrize(("lengths", "is_sorted"), [([4, 2, 1], True), ([2, 4, 1], False)])
    def test_packed(self, networks, lengths, is_sorted):
        x, state = tensors(networks[0].config)
        first = networks[0].config.batch_first
        self.compare(
            networks, lambda x: pack_padded_sequence(x, torch.tensor(lengths), first, enforce_sorted=is_sorted), x, state
        )
        y, final = networks[0](pack_padded_sequence(x, torch.tensor(lengths), first, enforce_sorted=is_sorted), state)
        padded, wanted = networks[0](x, state, torch.tensor(lengths))
        assert torch.equal(pad_packed_sequence(y, first)[0], padded)
        assert all(map(torch.equal, split_final(final), split_final(wanted)))

    def compare(self, networks, form, x, state):
        results = []
        for network in networks:
            leaves = [value.detach().clone().requires_grad_() for value in (x, *split_final(state))]
            given = tuple(leaves[1:]) if len(leaves) > 2 else leaves[1]
            y, final = network(form(leaves[0]), given)
            outputs = [getattr(y, "data", y) if isinstance(y, tuple) else y, *split_final(final)]
            loss = sum((value.sin() * (k + 1)).sum() for k, value in enumerate(outputs))
            results.append([*outputs, *torch.autograd.grad(loss, leaves + list(network.parameters()))])
        for got, want in zip(*results, strict=True):
            torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("op", OPS)
def test_files_hold_every_option(op, tmp_path):
    config = CONFIGS[op](3, 5, 2, bidirectional=True, **everything(op))
    network = network_of(config, torch.float32)
    network.save(tmp_path / "m")
    for again in (load(tmp_path / "m"), type(network).load(tmp_path / "m")):
        assert type(again) is type(network)
        assert again.config == config
        assert not again.training
    assert str(list(config.chosen())[-1]) in repr(network)
    assert native.CLASSES[op].from_torch(network).config == config


@pytest.mark.parametrize("op", OPS)
def test_masks_are_given_drawn_or_absent(op):
    """Given masks and those of a seed have NumPy's values in any mode; training mode draws with PyTorch's random numbers."""
    config = CONFIGS[op](3, 5, 2, **everything(op))
    network, (x, state) = network_of(config), tensors(config)
    arrays = {name: np.full(mask.expected.shape, 0.25) for name, mask in config.iter_masks(4, 3)}
    wanted = forward(config, weights(config), *random_inputs(config), arithmetic=FLOAT64,
                     masks={name: value.astype(np.float32) for name, value in arrays.items()})  # fmt: skip
    y, _ = network(x, state, masks={name: torch.from_numpy(value) for name, value in arrays.items()})
    np.testing.assert_allclose(y.detach().numpy(), wanted.y, rtol=1e-12, atol=1e-12)
    evaluated = network(x, state)[0]
    assert torch.equal(network(x, state)[0], evaluated)
    network.train()
    torch.manual_seed(2)
    one, other = network(x, state)[0], network(x, state)[0]
    assert not torch.equal(one, other)
    assert not torch.equal(one, evaluated)
    torch.manual_seed(2)
    assert torch.equal(network(x, state)[0], one)
    assert torch.equal(network(x, state, seed=9)[0], network.eval()(x, state, seed=9)[0])
    name = next(iter(arrays))
    refused("seed: given with masks, want a seed or masks", network, x, state, seed=1, masks={name: torch.ones(1)})
    known = ", ".join((*config.inputs(), "masks"))
    refused(f"mask: unexpected tensor, want only {known}", network, x, state, masks={"mask": x})
    expected = dict(config.iter_masks(4, 3))[name].expected
    others = {other: torch.from_numpy(value) for other, value in arrays.items() if other != name}
    refused(f"{name}: missing, want {expected}", network, x, state, masks=others)


def test_from_arrays_copies():
    config = LSTMConfig(1, 1, bias=False)
    arrays = {name: np.ones(e.shape, np.float32) for name, e in config.expected_tensors().items()}
    lstm = LSTM.from_arrays(config, arrays)
    arrays["weight_ih_l0"][:] = 7
    assert (lstm.weight_ih_l0 == 1).all()


def test_import_lstm_ref_leaves_torch_alone():
    code = "import sys, lstm_ref, lstm_ref.cli, lstm_ref.conformance.verify; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.fixture(params=[torch.float64, torch.bfloat16, torch.float16], ids=str)
def default_dtype(request):
    before = torch.get_default_dtype()
    torch.set_default_dtype(request.param)
    yield request.param
    torch.set_default_dtype(before)


def test_files_have_their_own_dtype_whatever_is_the_default(default_dtype, tmp_path):
    model = native.LSTM(2, 3)
    model.save(tmp_path / "model.safetensors")
    for module in (model.to_torch(), load(tmp_path / "model.safetensors")):
        for name, value in module.state_dict().items():
            assert np.array_equal(value.numpy(), model.state_dict()[name])


def test_a_new_module_has_the_default_dtype_as_in_torch(default_dtype):
    module = LSTM(2, 3)
    assert module.weight_ih_l0.dtype == torch.nn.LSTM(2, 3).weight_ih_l0.dtype == default_dtype
    assert module.config.dtype == ("float64" if default_dtype == torch.float64 else "float32")


@pytest.mark.parametrize("dtype", [np.floating, np.generic, type("Odd", (), {"dtype": "?!"}), np.array([1, 2]), torch.int8])
@pytest.mark.parametrize("make", [native.LSTM, LSTM])
def test_what_is_no_dtype_is_refused_in_our_words(make, dtype):
    with pytest.raises(InvalidArgument, match='want "float32", "float64" or "bfloat16"'):
        make(2, 3, dtype=dtype)


def test_torch_dtypes_for_the_engine():
    assert native.LSTM(2, 3, dtype=torch.float64).config.dtype == "float64"
    with pytest.raises(InvalidArgument, match=r'dtype: "torch\.bfloat16", want "float32"'):
        native.LSTM(2, 3, dtype=torch.bfloat16)


def test_no_masks_of_several_are_too_few():
    for make, x in ((native.LSTM, np.zeros((2, 1, 3), np.float32)), (LSTM, torch.zeros(2, 1, 3))):
        network = make(3, 4, zoneout_c=0.5)
        with pytest.raises(InvalidArgument, match=r"keep_c_l0: missing, want \(T, B, H\) = \(2, 1, 4\)"):
            network(x, masks={})
