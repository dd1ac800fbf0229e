"""The other cells and the options of the C++ engine (spec/variants.md) as Python sees them: bits, classes, states, PyTorch."""

import copy
import pickle

import numpy as np
import pytest
import torch
from engine_arrays import assert_same_bits
from test_variants import OPS, combinations, inputs, weights

import lstm_ref
from lstm_ref import native
from lstm_ref.config import CONFIGS, GRUConfig, LSTMConfig
from lstm_ref.errors import InvalidArgument
from lstm_ref.golden.cases.pairs import everything
from lstm_ref.reference import forward

pytestmark = pytest.mark.usefixtures("binding")


def make(config, **arguments):
    return native.CLASSES[config.op].from_tensors(config, weights(config), **arguments)


def given_state(config, states):
    return tuple(states) if "c" in config.state else states[0]


def as_arrays(y, state):
    return [y, *(state if isinstance(state, tuple) else (state,))]


def assert_all_same(got, wanted):
    for a, b in zip(got, wanted, strict=True):
        assert_same_bits(a, b)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("flags", [{"bidirectional": True, "batch_first": True}, {"bias": False}])
def test_every_combination_has_the_bits_of_the_reference(op, flags):
    for options in combinations(op):
        config = CONFIGS[op](3, 19, 2, **flags, **options)
        network = make(config)
        x, *states = inputs(config)
        trace, wanted_trace = {}, {}
        wanted = [a for a in forward(config, weights(config), x, *states, lengths=np.array([4, 0, 2]), trace=wanted_trace)
                  if a is not None]  # fmt: skip
        state = given_state(config, states)
        assert_all_same(as_arrays(*network(x, state, [4, 0, 2], trace=trace)), wanted)
        assert list(trace) == list(wanted_trace)
        assert_all_same(trace.values(), wanted_trace.values())
        assert_all_same(as_arrays(*network(x, state, [4, 0, 2])), wanted)
        whole = as_arrays(*network(x, state))
        assert_all_same(whole, [a for a in forward(config, weights(config), x, *states) if a is not None])
        assert_all_same(as_arrays(*network(x, state, out=np.empty_like(whole[0]))), whole)
        if not config.bidirectional:
            stream = network.stream(3, state)
            steps = np.stack([stream.step(x_t).copy() for x_t in x])
            assert_all_same(as_arrays(steps, stream.state), whole)


@pytest.mark.parametrize("op", OPS)
def test_a_class_for_each_op(op, tmp_path):
    cls = native.CLASSES[op]
    assert getattr(lstm_ref, cls.__name__) is cls
    options = everything(op)
    network = cls(3, 5, 2, **options, seed=4)
    assert network.config == CONFIGS[op](3, 5, 2, **options)
    path = tmp_path / "model.safetensors"
    network.save(path)
    for other in (lstm_ref.load(path), cls.load(path), pickle.loads(pickle.dumps(network)), copy.deepcopy(network)):
        assert type(other) is cls
        assert other.config == network.config
        x = inputs(network.config)[0]
        assert_all_same(as_arrays(*other(x)), as_arrays(*network(x)))
    for wrong in set(native.CLASSES.values()) - {cls}:
        words = f'op: "{op}", want "{wrong.op}"'
        with pytest.raises(InvalidArgument) as error:
            wrong.from_tensors(network.config, network.state_dict())
        assert str(error.value) == words
        with pytest.raises(InvalidArgument) as error:
            wrong.load(path)
        assert str(error.value) == f"{path}: {words}"
    assert repr(cls(3, 5, clip=0.5, isa="baseline")) == (
        f"{cls.__name__}(3, 5, num_layers=1, bias=True, batch_first=False, bidirectional=False, clip=0.5, num_threads=1, isa='baseline')"
    )


def test_a_state_of_h_alone():
    config = GRUConfig(3, 4, 2)
    gru = make(config)
    x, h_0 = inputs(config)
    _, h_n = gru(x, h_0)
    assert h_n.shape == (2, 3, 4)
    assert not np.shares_memory(h_n, h_0)
    for state, message in (
        ((h_0, h_0), "h_0: shape (2, 2, 3, 4), want (L*D, B, H) = (2, 3, 4)"),
        (h_0[:1], "h_0: shape (1, 3, 4), want (L*D, B, H) = (2, 3, 4)"),
        (h_0.astype(float), "h_0: dtype float64, want float32"),
    ):
        for call in (lambda state=state: gru(x, state), lambda state=state: gru.stream(3, state)):
            with pytest.raises(InvalidArgument) as error:
                call()
            assert str(error.value) == message
    stream = gru.stream(3, h_0)
    assert_same_bits(stream.state, h_0)
    stream.reset()
    assert not stream.state.any()


def test_shapes_of_a_projection():
    config = LSTMConfig(3, 4, 2, proj_size=2)
    lstm = make(config)
    x, *states = inputs(config)
    assert [a.shape for a in as_arrays(*lstm(x, tuple(states)))] == [(4, 3, 2), (2, 3, 2), (2, 3, 4)]
    with pytest.raises(InvalidArgument) as error:
        lstm(x, (states[1], states[1]))
    assert str(error.value) == "h_0: shape (2, 3, 4), want (L*D, B, R) = (2, 3, 2)"
    with pytest.raises(InvalidArgument) as error:
        lstm(x, out=np.empty((4, 3, 4), np.float32))
    assert str(error.value) == "out: shape (4, 3, 4), want (T, B, D*R) = (4, 3, 2)"
    with pytest.raises(InvalidArgument) as error:
        lstm.stream(3).step_into(x[0], np.empty((3, 4), np.float32))
    assert str(error.value) == "y: shape (3, 4), want (B, R) = (3, 2)"
    stream = lstm.stream(3)
    assert [a.shape for a in stream.state] == [(2, 3, 2), (2, 3, 4)]


@pytest.mark.parametrize(("arguments", "message"), [
    ({"nonlinearity": "sigmoid"}, 'nonlinearity: "sigmoid", want one of tanh, relu'),
    ({"nonlinearity": "relu", "candidate_activation": "tanh"}, 'nonlinearity: "relu", want nothing beside candidate_activation'),
    ({"clip": -1}, "clip: -1, want 0, or a number > 0 that is finite and not 0 in float32"),
])  # fmt: skip
def test_rnn_arguments(arguments, message):
    with pytest.raises(InvalidArgument) as error:
        native.RNN(3, 4, **arguments)
    assert str(error.value) == message
    assert native.RNN(3, 4, nonlinearity="relu").config == native.RNN(3, 4, candidate_activation="relu").config


class TestTorch:
    @pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
    @pytest.mark.parametrize(("name", "arguments"), [
        ("LSTM", {"proj_size": 3}), ("GRU", {}), ("RNN", {}), ("RNN", {"nonlinearity": "relu"}),
    ])  # fmt: skip
    def test_there_and_back(self, name, arguments):
        module = getattr(torch.nn, name)(4, 5, 2, bidirectional=True, batch_first=True, **arguments).eval()
        network = getattr(native, name).from_torch(module)
        x = inputs(network.config)[0]
        wanted = as_arrays(*module(torch.from_numpy(x)))
        for got, want in zip(as_arrays(*network(x)), wanted, strict=True):
            np.testing.assert_allclose(got, want.detach().numpy(), rtol=0, atol=2e-6)
        back = network.to_torch()
        assert type(back) is type(module)
        assert not back.training
        for key, value in module.state_dict().items():
            assert torch.equal(back.state_dict()[key], value)
        assert native.CLASSES[network.op].from_torch(back).config == network.config

    def test_refusals(self):
        nn = torch.nn
        for cls, module, message in [
            (native.GRU, nn.LSTM(2, 3), "module: a LSTM, want a torch.nn.GRU"),
            (native.LSTM, nn.RNN(2, 3), "module: a RNN, want a torch.nn.LSTM"),
            (native.RNN, nn.Linear(2, 3), "module: a Linear, want a torch.nn.RNN"),
            (native.GRU, nn.GRU(2, 3).half(), "weight_ih_l0: dtype torch.float16, want torch.float32"),
        ]:
            with pytest.raises(InvalidArgument) as error:
                cls.from_torch(module)
            assert str(error.value) == message
        for network, message in [
            (native.LSTM(2, 3, peephole=True), "peephole: chosen, want its default: torch.nn.LSTM does not have this option"),
            (native.GRU(2, 3, reset_after=False), "reset_after: chosen, want its default: torch.nn.GRU does not have this option"),
            (native.RNN(2, 3, candidate_activation="elu"),
             "candidate_activation: chosen, want its default: torch.nn.RNN does not have this option"),
        ]:  # fmt: skip
            with pytest.raises(InvalidArgument) as error:
                network.to_torch()
            assert str(error.value) == message
