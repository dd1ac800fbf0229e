"""The engine's classes in float64 and with bfloat16 weights."""

import copy

import numpy as np
import pytest
import torch

import lstm_ref
from lstm_ref import InvalidArgument, reference
from lstm_ref.golden.compare import same_bits

NETWORKS = [
    lambda **more: lstm_ref.LSTM(5, 18, 2, bidirectional=True, seed=3, **more),
    lambda **more: lstm_ref.LSTM(65, 7, proj_size=3, peephole=True, layer_norm="joint", zoneout_h=0.25, **more),
    lambda **more: lstm_ref.GRU(5, 9, reset_after=False, candidate_activation="softplus", **more),
    lambda **more: lstm_ref.RNN(5, 33, **more),
]


def numbers(shape: tuple[int, ...], dtype: type = np.float64) -> np.ndarray:
    return np.random.default_rng(1).uniform(-2, 2, shape).astype(dtype)


@pytest.mark.parametrize("make", NETWORKS)
@pytest.mark.parametrize("dtype", ["float64", np.float64, "bfloat16"])
def test_bits_of_the_reference(make, dtype):
    network = make(dtype=dtype)
    config = network.config
    x = numbers((4, 3, config.input_size), config.real)
    want = reference.forward(config, network.state_dict(), x)
    trace: dict[str, np.ndarray] = {}
    for got, state in (network(x), network(x, trace=trace), network(x, lengths=[4, 4, 4])):
        assert same_bits(got, want.y)
        assert same_bits(state[0] if "c" in config.state else state, want.h_n)
    assert {value.dtype for value in trace.values()} == {np.dtype(config.real)}


@pytest.mark.parametrize("make", NETWORKS[1:])
def test_streams(make):
    network = make(dtype="float64")
    x = numbers((6, 2, network.config.input_size))
    y, state = network(x)
    stream = network.stream(batch=2)
    for t in range(6):
        assert same_bits(stream.step(x[t]), y[t])
    states = zip(stream.state, state, strict=True) if isinstance(state, tuple) else [(stream.state, state)]
    assert all(same_bits(got, want) for got, want in states)
    stream.reset(state)
    out = np.empty_like(y[0])
    stream.step_into(x[0], out)
    assert same_bits(out, network(x[:1], state)[0][0])


def test_files_copies_and_torch(tmp_path):
    lstm = lstm_ref.LSTM(3, 8, dtype="float64")
    x = numbers((4, 2, 3))
    y, _ = lstm(x)
    lstm.save(tmp_path / "m.safetensors")
    for again in (lstm_ref.load(tmp_path / "m.safetensors"), copy.deepcopy(lstm), lstm_ref.LSTM.from_torch(lstm.to_torch())):
        assert again.config.dtype == "float64"
        assert same_bits(again(x)[0], y)
    module = torch.nn.LSTM(3, 8).double().eval()
    np.testing.assert_allclose(lstm_ref.LSTM.from_torch(module)(x)[0], module(torch.tensor(x))[0].detach().numpy(), atol=1e-14)


def test_refusals():
    lstm, wide = lstm_ref.LSTM(3, 8), lstm_ref.LSTM(3, 8, dtype="float64")
    with pytest.raises(InvalidArgument, match="x: dtype float32, want float64"):
        wide(numbers((4, 2, 3), np.float32))
    with pytest.raises(InvalidArgument, match="x: dtype float64, want float32"):
        lstm(numbers((4, 2, 3)))
    with pytest.raises(InvalidArgument, match="out: dtype float32, want float64"):
        wide(numbers((4, 2, 3)), out=np.empty((4, 2, 8), np.float32))
    with pytest.raises(InvalidArgument, match="x: dtype float32, want float64"):
        wide.stream().step(numbers((1, 3), np.float32))
    with pytest.raises(InvalidArgument, match="weight_ih_l0: dtype float32, want float64"):
        wide.load_state_dict(lstm.state_dict())
    with pytest.raises(InvalidArgument, match='dtype: "float16", want "float32", "float64" or "bfloat16"'):
        lstm_ref.LSTM(3, 8, dtype=np.float16)
    halves = lstm_ref.LSTM(3, 8, dtype="bfloat16").state_dict()
    halves["weight_hh_l0"][0, :3] = 0.1
    with pytest.raises(InvalidArgument, match="weight_hh_l0: 3 elements that are no bfloat16"):
        lstm_ref.LSTM.from_tensors(lstm_ref.LSTMConfig(3, 8, dtype="bfloat16"), halves)
