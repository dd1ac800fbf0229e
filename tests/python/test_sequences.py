"""One sequence without a batch axis, and packed sequences: the bits of the usual call, PyTorch's shapes, and what is refused."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from engine_arrays import UNIFORM, WIDE, assert_same_bits
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

import lstm_ref
from lstm_ref import native
from lstm_ref.errors import InvalidArgument
from lstm_ref.golden.fills import fill

pytestmark = pytest.mark.usefixtures("binding")
I, H, L = 3, 5, 2
NETWORKS = [(native.LSTM, {}), (native.LSTM, {"proj_size": 2, "peephole": True}), (native.GRU, {}), (native.RNN, {"clip": 0.5})]
FLAGS = [dict(bidirectional=d, batch_first=b) for d in (False, True) for b in (False, True)]
networks = pytest.mark.parametrize(("cls", "options"), NETWORKS)
layouts = pytest.mark.parametrize("flags", FLAGS, ids=str)


def make(cls, options, flags):
    return cls(I, H, L, **flags, **options)


def random_inputs(network, T, B, how=WIDE):
    """x in the network's layout, and the state, a pair or h alone."""
    c = network.config
    x = fill(1, "x", (B, T, I) if c.batch_first else (T, B, I), how)
    states = [fill(2, name, c.expected_state(B, name).shape, how) for name in c.state]
    return x, tuple(states) if len(states) > 1 else states[0]


def parts(state):
    return list(state) if isinstance(state, tuple) else [state]


def each(state, change):
    changed = [change(value) for value in parts(state)]
    return tuple(changed) if len(changed) > 1 else changed[0]


def assert_refused(call, message):
    with pytest.raises(InvalidArgument) as error:
        call()
    assert str(error.value) == message


# One sequence ---------------------------------------------------------------------------------------------------------


@networks
@layouts
@pytest.mark.parametrize("T", [4, 1, 0])
def test_one_sequence_is_a_batch_of_one(cls, options, flags, T):
    network = make(cls, options, flags)
    x, state = random_inputs(network, T, 1)
    axis = 0 if network.config.batch_first else 1
    alone, alone_state = x.squeeze(axis), each(state, lambda value: value[:, 0])
    trace, wanted_trace = {}, {}
    wanted, wanted_final = network(x, state, trace=wanted_trace)
    out = np.empty_like(wanted.squeeze(axis))
    for x_form in (alone, torch.from_numpy(alone), np.asfortranarray(alone), alone.astype(">f4"), list(alone) or alone):
        for more in ({}, {"out": out}, {"trace": trace}):
            y, final = network(x_form, alone_state, **more)
            assert_same_bits(y, wanted.squeeze(axis))
            for got, want in zip(parts(final), parts(wanted_final), strict=True):
                assert_same_bits(got, want[:, 0])
            assert ("out" in more) == (y is out)
    assert list(trace) == list(wanted_trace)
    for name, value in trace.items():
        assert_same_bits(value, wanted_trace[name][:, 0])
    assert_same_bits(network(alone)[0], network(x)[0].squeeze(axis))


@networks
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
def test_the_shapes_are_those_of_torch(cls, options):
    has_torch = {key: value for key, value in options.items() if key == "proj_size"}
    network = cls(I, H, L, bidirectional=True, batch_first=True, **has_torch)
    x = torch.from_numpy(fill(1, "x", (4, I), UNIFORM))
    module = network.to_torch()
    with torch.no_grad():
        wanted, wanted_final = module(x)
    y, final = network(x)
    np.testing.assert_allclose(y, wanted.numpy(), rtol=0, atol=1e-6)
    for got, want in zip(parts(final), parts(wanted_final), strict=True):
        np.testing.assert_allclose(got, want.numpy(), rtol=0, atol=1e-6)


def test_what_does_not_go_with_one_sequence():
    lstm = native.LSTM(I, H, L, proj_size=2)
    gru = native.GRU(I, H, L)
    x = np.zeros((4, I), np.float32)
    h, c = np.zeros((L, 2), np.float32), np.zeros((L, H), np.float32)
    read_only = np.zeros((4, 2), np.float32)
    read_only.flags.writeable = False
    for call, message in [
        (lambda: lstm(x.astype(float)), "x: dtype float64, want float32"),
        (lambda: lstm(x[:, :2]), "x: shape (4, 2), want (T, I) = (4, 3)"),
        (lambda: native.LSTM(I, H, batch_first=True)(x[:, :2]), "x: shape (4, 2), want (T, I) = (4, 3)"),
        (lambda: lstm(x[0]), "x: rank 1, want 3 (T, B, I) or 2 (T, I)"),
        (lambda: lstm(x, (h[:, None], c)), "h_0: shape (2, 1, 2), want (L*D, R) = (2, 2)"),
        (lambda: lstm(x, (h, c[:, None])), "c_0: shape (2, 1, 5), want (L*D, H) = (2, 5)"),
        (lambda: lstm(x, (h, None)), "c_0: missing, want (L*D, H) = (2, 5)"),
        (lambda: lstm(x, (h, c.astype(float))), "c_0: dtype float64, want float32"),
        (lambda: lstm(x, h), "state: an array, want a pair (h_0, c_0)"),
        (lambda: lstm(x[:, None], (h, c)), "h_0: shape (2, 2), want (L*D, B, R) = (2, 1, 2)"),
        (lambda: gru(x, (h, c)), "h_0: an array, want an array, or what NumPy can make one of (a tensor: detach() it)"),
        (lambda: gru(x, h), "h_0: shape (2, 2), want (L*D, H) = (2, 5)"),
        (lambda: lstm(x, masks={}), "masks: an object, want none beside an x (T, I)"),
        (lambda: lstm(x, None, [4]), "lengths: an array, want none beside an x (T, I)"),
        (lambda: lstm(x, out=np.zeros((4, 1, 2), np.float32)), "out: shape (4, 1, 2), want (T, D*R) = (4, 2)"),
        (lambda: lstm(x, out=read_only), "out: read-only, want a writable array"),
        (lambda: native.LSTM(2, 2)(read := np.zeros((4, 2), np.float32), out=read), "out: overlaps x, want memory of its own"),
        (lambda: lstm(x, trace=[]), "trace: an array, want a dict"),
        (lambda: lstm(torch.zeros(4, I, requires_grad=True)),
         "x: a Tensor, want an array, or what NumPy can make one of (a tensor: detach() it)"),
    ]:  # fmt: skip
        assert_refused(call, message)


# Packed ---------------------------------------------------------------------------------------------------------------


@networks
@layouts
@given(st.lists(st.integers(1, 6), min_size=1, max_size=9), st.booleans(), st.booleans(), st.sampled_from([UNIFORM, WIDE]))
def test_a_packed_call_is_the_padded_one(cls, options, flags, lengths, is_sorted, with_state, how):
    network = make(cls, options, flags)
    if is_sorted:
        lengths = sorted(lengths, reverse=True)
    batch_first = network.config.batch_first
    x, state = random_inputs(network, max(lengths), len(lengths), how)
    state = state if with_state else None
    packed = pack_padded_sequence(torch.from_numpy(x), torch.tensor(lengths), batch_first, enforce_sorted=is_sorted)
    trace, wanted_trace = {}, {}
    wanted, wanted_final = network(x, state, lengths, trace=wanted_trace)
    for y, final in (network(packed, state), network(packed, state, trace=trace)):
        assert isinstance(y, PackedSequence)
        assert y.data.dtype == torch.float32
        assert torch.equal(y.batch_sizes, packed.batch_sizes)
        assert y.sorted_indices is packed.sorted_indices
        assert_same_bits(pad_packed_sequence(y, batch_first)[0].numpy(), wanted)
        for got, want in zip(parts(final), parts(wanted_final), strict=True):
            assert_same_bits(got.numpy(), want)
    for name, value in wanted_trace.items():
        assert_same_bits(trace[name], value)


@pytest.mark.parametrize("enforce_sorted", [True, False])
def test_packed_as_torch_does(enforce_sorted):
    network = native.LSTM(I, H, L, bidirectional=True)
    lengths = [4, 3, 1] if enforce_sorted else [3, 1, 4]
    x, state = random_inputs(network, 4, 3, UNIFORM)
    packed = pack_padded_sequence(torch.from_numpy(x), torch.tensor(lengths), enforce_sorted=enforce_sorted)
    tensors = tuple(map(torch.from_numpy, state))
    with torch.no_grad():
        wanted, wanted_final = network.to_torch()(packed, tensors)
    y, final = network(packed, tensors)
    for got, want in zip((y.data, *final), (wanted.data, *wanted_final), strict=True):
        assert got.shape == want.shape
        np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=0, atol=1e-6)


def test_a_seed_is_that_of_the_usual_call():
    network = native.LSTM(I, H, L, recurrent_dropout=0.5)
    x, _ = random_inputs(network, 4, 3, UNIFORM)
    assert_same_bits(network(x[:, 0], seed=7)[0], network(x[:, :1], seed=7)[0][:, 0])
    assert not np.array_equal(network(x[:, 0], seed=7)[0], network(x[:, 0])[0])
    packed = pack_padded_sequence(torch.from_numpy(x), torch.tensor([2, 4, 1]), enforce_sorted=False)
    y, _ = pad_packed_sequence(network(packed, seed=7)[0])
    assert_same_bits(y.numpy(), network(x, lengths=[2, 4, 1], seed=7)[0])


def integers(*values):
    return torch.tensor(values, dtype=torch.int64)


DATA, SIZES, ORDER = torch.zeros(6, I), integers(3, 2, 1), integers(1, 2, 0)
INVERSE = integers(2, 0, 1)


@pytest.mark.parametrize(("fields", "message"), [
    ((DATA.double(), SIZES), "x.data: dtype float64, want float32"),
    ((DATA[:, :2], SIZES), "x.data: shape (6, 2), want (N, I) = (6, 3)"),
    ((DATA[0], SIZES), "x.data: shape (3,), want (N, I) = (3, 3)"),
    ((None, SIZES), "x.data: missing, want (N, I) with I = 3"),
    ((DATA[0, 0], SIZES), "x.data: rank 0, want 2 (N, I)"),
    ((DATA.clone().requires_grad_(), SIZES), "x.data: a Tensor, want an array, or what NumPy can make one of (a tensor: detach() it)"),
    ((DATA, SIZES.int()), "x.batch_sizes: dtype int32, want int64"),
    ((DATA, SIZES.double()), "x.batch_sizes: dtype float64, want int64"),
    ((DATA, SIZES[:, None]), "x.batch_sizes: shape (3, 1), want (T,)"),
    ((DATA, integers(2, 3, 1)), "x.batch_sizes[1]: 3, want 1 <= size <= batch_sizes[0] = 2"),
    ((DATA, integers(4, 2, 0)), "x.batch_sizes[2]: 0, want 1 <= size <= batch_sizes[1] = 2"),
    ((DATA, integers(-1)), "x.batch_sizes[0]: -1, want 1 <= size <= N = 6"),
    ((DATA, integers(2**62)), "x.batch_sizes[0]: 4611686018427387904, want 1 <= size <= N = 6"),
    ((DATA, integers(3, 2)), "x.batch_sizes: a sum of 5, want the number of vectors, N = 6"),
    ((DATA, integers(3, 2, 1, 1)), "x.batch_sizes: a sum of 7, want the number of vectors, N = 6"),
    ((DATA, integers()), "x.batch_sizes: a sum of 0, want the number of vectors, N = 6"),
    ((DATA, SIZES, ORDER[:2], INVERSE), "x.sorted_indices: shape (2,), want (B,) = (3,)"),
    ((DATA, SIZES, ORDER.int(), INVERSE), "x.sorted_indices: dtype int32, want int64"),
    ((DATA, SIZES, integers(0, 0, 1), INVERSE), "x.sorted_indices: no permutation, want one of 0 to B - 1 = 2"),
    ((DATA, SIZES, integers(0, 1, -1), INVERSE), "x.sorted_indices: no permutation, want one of 0 to B - 1 = 2"),
    ((DATA, SIZES, ORDER, ORDER), "x.unsorted_indices: something else, want the inverse of sorted_indices"),
    ((DATA, SIZES, ORDER, integers(2, 0, 99)), "x.unsorted_indices: something else, want the inverse of sorted_indices"),
    ((DATA, SIZES, None, INVERSE), "x.unsorted_indices: a Tensor, want none beside no sorted_indices"),
])  # fmt: skip
def test_hostile_packed_sequences(fields, message):
    packed = PackedSequence(DATA, SIZES, ORDER, INVERSE)._replace(
        **dict(zip(("data", "batch_sizes", "sorted_indices", "unsorted_indices"), (*fields, None, None)[:4], strict=True))
    )
    assert_refused(lambda: native.LSTM(I, H)(packed), message)


def test_what_does_not_go_with_a_packed_sequence():
    lstm, packed = native.LSTM(I, H), PackedSequence(DATA, SIZES)
    h = np.zeros((1, 3, H), np.float32)
    for call, message in [
        (lambda: lstm(packed, None, [3, 2, 1]), "lengths: an array, want none beside a PackedSequence"),
        (lambda: lstm(packed, masks={}), "masks: an object, want none beside a PackedSequence"),
        (lambda: lstm(packed, out=np.zeros((6, H), np.float32)), "out: an array, want none beside a PackedSequence"),
        (lambda: lstm(packed, (h, h[:, :2])), "c_0: shape (1, 2, 5), want (L*D, B, H) = (1, 3, 5)"),
        (lambda: lstm(packed, (h[:, 0], h[:, 0])), "h_0: shape (1, 5), want (L*D, B, H) = (1, 3, 5)"),
    ]:
        assert_refused(call, message)


def test_a_packed_sequence_of_nothing():
    y, (h_n, c_n) = native.LSTM(I, H)(PackedSequence(torch.zeros(0, I), integers()))
    assert y.data.shape == (0, H)
    assert h_n.shape == c_n.shape == (1, 0, H)


def test_other_forms_leave_torch_alone():
    code = "import sys, numpy, lstm_ref; lstm_ref.LSTM(1, 1)(numpy.zeros((2, 1), 'f4')); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert lstm_ref.LSTM is native.LSTM
