"""Streams: the bits of one call over the whole, step by step; and their manners."""

import copy
import gc
import os
import pickle
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest
import torch
from engine_arrays import WIDE, arrays, assert_same_bits
from foreign_environments import Flushing, Upwards, on_x86
from hypothesis import given
from hypothesis import strategies as st

import lstm_ref
from lstm_ref import native
from lstm_ref.environment import is_canonical
from lstm_ref.errors import InvalidArgument
from lstm_ref.golden.compare import digest

ISAS = native.available_isas()
pytestmark = pytest.mark.usefixtures("binding")


def run(stream, x):
    """y (T, B, R) for x (T, B, I), by turns with `step` and with `step_into`."""
    y = np.full((*x.shape[:2], stream.config.output_size), 7, stream.config.real)
    for t in range(len(x)):
        if t % 2:
            assert stream.step_into(x[t], y[t]) is None
        else:
            y[t] = stream.step(x[t])
    return y


def test_golden_cases(golden):
    tried = 0
    for case in golden.valid:
        if case.config.bidirectional or case.lengths is not None or case.training or case.B == 0:
            continue
        tensors, inputs = case.tensors()
        network = native.CLASSES[case.op].from_tensors(case.config, tensors)
        x, state = inputs["x"], tuple(inputs[f"{name}_0"] for name in case.config.state) if case.initial_state else None
        has_c = "c" in case.config.state
        stream = network.stream(case.B, state if has_c or state is None else state[0])
        y = run(stream, np.ascontiguousarray(x.swapaxes(0, 1)) if case.config.batch_first else x)
        outputs = (y.swapaxes(0, 1) if case.config.batch_first else y, *(stream.state if has_c else (stream.state,)))
        assert {name: digest(value) for name, value in zip(case.config.outputs(), outputs, strict=True)} == case.digest, case.id
        tried += 1
    assert tried > 900


@given(st.fixed_dictionaries({
    "sizes": st.tuples(st.integers(1, 70), st.integers(1, 40), st.integers(1, 3)),
    "T": st.integers(0, 6),
    "cut": st.integers(0, 6),
    "B": st.integers(1, 9),
    "isa": st.sampled_from(ISAS),
    "num_threads": st.sampled_from([1, 3]),
}))  # fmt: skip
def test_a_sequence_in_parts(case):
    """A call, then steps, then a call: the state goes from one to the other."""
    lstm = native.LSTM(*case["sizes"], isa=case["isa"], num_threads=case["num_threads"])
    x, state = arrays(lstm, case["T"], case["B"], how=WIDE)
    wanted, (h_n, c_n) = lstm(x, state)
    first, middle = sorted((case["cut"] % (case["T"] + 1), case["T"] // 2))
    y = np.empty_like(wanted)
    y[:first], state = lstm(x[:first], state)
    stream = lstm.stream(case["B"], state)
    y[first:middle] = run(stream, x[first:middle])
    y[middle:], (h, c) = lstm(x[middle:], stream.state)
    for got, want in ((y, wanted), (h, h_n), (c, c_n)):
        assert_same_bits(got, want)


def test_streams_are_independent():
    lstm = native.LSTM(5, 6, 2)
    inputs = [arrays(lstm, 7, B, seed=B) for B in (1, 2, 3)]
    wanted = [lstm(x, state) for x, state in inputs]
    streams = [lstm.stream(x.shape[1], state) for x, state in inputs]
    lstm.load_state_dict(native.LSTM(5, 6, 2, seed=9).state_dict())  # does not reach them
    steps = [[stream.step(x[t]).copy() for stream, (x, _) in zip(streams, inputs, strict=True)] for t in range(7)]
    for k, (y, (h_n, c_n)) in enumerate(wanted):
        assert_same_bits(np.stack([step[k] for step in steps]), y)
        for got, want in zip(streams[k].state, (h_n, c_n), strict=True):
            assert_same_bits(got, want)


def test_interface():
    lstm = native.LSTM(3, 4, 2)
    stream = lstm.stream()
    assert isinstance(stream, lstm_ref.Stream)
    assert (stream.batch, stream.config) == (1, lstm.config)
    assert lstm.stream(np.int64(2)).batch == 2
    assert repr(stream).startswith("Stream(batch=1, LSTMConfig(input_size=3, ")
    for value in stream.state:
        assert_same_bits(value, np.zeros((2, 1, 4), np.float32))


def test_the_output_is_the_streams_own():
    lstm = native.LSTM(3, 4)
    x, _ = arrays(lstm, 2, 1)
    stream = lstm.stream()
    y = stream.step(x[0])
    kept = y.copy()
    assert stream.step(x[1]) is y
    assert not np.array_equal(y, kept)
    with pytest.raises(ValueError, match="does not own its data"):
        y.resize((100, 100), refcheck=False)
    y[...] = np.nan  # the caller's to scribble on: the state is elsewhere
    assert_same_bits(stream.step(x[1]), lstm(np.stack([x[0], x[1], x[1]]))[0][-1])
    del stream
    gc.collect()
    assert y.sum() == y.sum()  # alive without the stream


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("I", [1, 4, 40])
def test_an_output_as_the_next_input(I, num_layers):
    B, H = 4, 40  # more units than any vector has
    lstm = native.LSTM(I, H, num_layers)
    stream, other = lstm.stream(B), lstm.stream(B)
    x, _ = arrays(lstm, 1, B)
    y, wanted = stream.step(x[0]), other.step(x[0]).copy()
    for place in (0, 7, B * (H - I), 0):  # of x within y
        part = slice(min(place, B * (H - I)), None)
        y = stream.step(y.ravel()[part][: B * I].reshape(B, I))
        wanted = other.step(wanted.ravel()[part][: B * I].reshape(B, I)).copy()
        assert_same_bits(y, wanted)


def test_an_output_as_the_place_of_the_next():
    lstm = native.LSTM(3, 4)
    x, _ = arrays(lstm, 2, 2)
    stream = lstm.stream(2)
    y = stream.step(x[0])
    stream.step_into(x[1], y)
    assert_same_bits(y, lstm(x)[0][1])


def test_state_is_copied_both_ways():
    lstm = native.LSTM(3, 4, 2)
    x, (h_0, c_0) = arrays(lstm, 1, 2, how=WIDE)
    stream = lstm.stream(2, (h_0, c_0))
    wanted = lstm(x, (h_0, c_0))[0][0]
    for value in stream.state:
        value[...] = 0
    h_1, c_1 = h_0.copy(), c_0.copy()
    h_0[...] = c_0[...] = 0
    assert_same_bits(stream.step(x[0]), wanted)
    stream.reset([np.asfortranarray(h_1), c_1.astype(">f4")])
    for got, want in zip(stream.state, (h_1, c_1), strict=True):
        assert_same_bits(got, want)
    assert_same_bits(stream.step(x[0]), wanted)
    stream.reset()
    for value in stream.state:
        assert_same_bits(value, np.zeros((2, 2, 4), np.float32))
    assert_same_bits(stream.step(x[0]), lstm(x)[0][0])


@pytest.mark.parametrize(("arguments", "message"), [
    ((0,), "batch: 0, want an integer of at least 1"),
    ((-1,), "batch: -1, want an integer of at least 1"),
    ((True,), "batch: true, want an integer of at least 1"),
    ((1.0,), "batch: a number, want an integer of at least 1"),
    ((None,), "batch: null, want an integer of at least 1"),
    ((2**40,), "memory: too little for this case, want a smaller one"),
    ((2**70,), "memory: too little for this case, want a smaller one"),
    ((1, np.zeros((2, 1, 4), np.float32)), "state: an array, want a pair (h_0, c_0)"),
    ((1, (None, np.zeros((2, 1, 4), np.float32))), "h_0: missing, want (L*D, B, H) = (2, 1, 4)"),
    ((1, (np.zeros((2, 2, 4), np.float32),) * 2), "h_0: shape (2, 2, 4), want (L*D, B, H) = (2, 1, 4)"),
    ((1, (np.zeros((2, 1, 4), np.float32), np.zeros((2, 1, 4)))), "c_0: dtype float64, want float32"),
])  # fmt: skip
def test_refused_streams(arguments, message):
    lstm = native.LSTM(3, 4, 2)
    with pytest.raises(InvalidArgument) as error:
        lstm.stream(*arguments)
    assert str(error.value) == message
    if len(arguments) == 2:
        stream = lstm.stream()
        stream.step(np.ones((1, 3), np.float32))
        before = stream.state
        with pytest.raises(InvalidArgument) as error:
            stream.reset(arguments[1])
        assert str(error.value) == message
        for got, want in zip(stream.state, before, strict=True):
            assert_same_bits(got, want)


def test_no_reverse_direction():
    with pytest.raises(InvalidArgument) as error:
        native.LSTM(3, 4, bidirectional=True).stream()
    assert str(error.value) == "bidirectional: true, want false: a stream has no reverse direction"


def test_inputs_of_any_layout(tmp_path):
    lstm = native.LSTM(3, 4)
    x, _ = arrays(lstm, 1, 2, how=WIDE)
    x, wanted = x[0], lstm(x)[0][0]
    shifted = np.zeros(x.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(x.shape)
    shifted[...] = x
    frozen = x.copy()
    frozen.flags.writeable = False
    mapped = np.memmap(tmp_path / "x", np.float32, "w+", shape=x.shape)
    mapped[...] = x
    for other in (np.asfortranarray(x), x[::-1].copy()[::-1], x.repeat(2, 1)[:, ::2], shifted, frozen, mapped, x.astype(">f4"),
                  x.astype(">f4").T.copy().T, torch.from_numpy(x), memoryview(x), [x[0], x[1]]):  # fmt: skip
        y = np.empty_like(wanted)
        lstm.stream(2).step_into(other, y)
        assert_same_bits(y, wanted)
        assert_same_bits(lstm.stream(2).step(other), wanted)


class FakeArray:
    """Says that it is an array when asked, and takes the stream away meanwhile."""

    def __init__(self, stream, x):
        self.stream, self.x = stream, x

    def __array__(self, dtype=None, copy=None):
        self.stream.step(self.x)
        return self.x


def test_a_step_within_a_conversion():
    lstm = native.LSTM(3, 4)
    x, _ = arrays(lstm, 2, 1)
    stream = lstm.stream()
    stream.step(FakeArray(stream, x[0]))
    assert_same_bits(stream.state[0][0], lstm(x[[0, 0]])[0][1])


def step_errors():
    lstm = native.LSTM(4, 4)
    x, _ = arrays(lstm, 1, 2)
    x, y = x[0], np.full((2, 4), 7, np.float32)
    read_only = y.copy()
    read_only.flags.writeable = False
    memory = np.full(100, 7, np.float32)
    shifted = np.zeros(33, np.uint8)[1:].view(np.float32).reshape(2, 4)
    tensor = torch.zeros(2, 4)
    x_errors = [
        (None, "x: missing, want (B, I) = (2, 4)"),
        (1.0, "x: dtype float64, want float32"),
        (np.float32(1), "x: rank 0, want 2 (B, I)"),
        (np.zeros((), np.float32), "x: rank 0, want 2 (B, I)"),
        (x[0], "x: rank 1, want 2 (B, I)"),
        (x[None], "x: rank 3, want 2 (B, I)"),
        (x[:1], "x: shape (1, 4), want (B, I) = (2, 4)"),
        (x[:0], "x: shape (0, 4), want (B, I) = (2, 4)"),
        (x.T.copy(), "x: shape (4, 2), want (B, I) = (2, 4)"),
        *((np.zeros((2, 4), kind), f"x: dtype {np.dtype(kind)}, want float32")
          for kind in (np.float64, np.float16, np.int32, np.int64, np.uint32, bool, complex, object, "U1", "S4", "M8[s]", "V4")),
        (np.zeros((2, 4), ">f8"), "x: dtype float64, want float32"),
        (np.ma.masked_array(x), "x: a MaskedArray, want an array without a mask"),
        ([[1.0], [2.0, 3.0]], "x: an array, want an array, or what NumPy can make one of (a tensor: detach() it)"),
        (torch.zeros(2, 4, requires_grad=True), "x: a Tensor, want an array, or what NumPy can make one of (a tensor: detach() it)"),
    ]  # fmt: skip
    y_errors = [
        (x, None, "y: null, want a NumPy array"),
        (x, [[0.0] * 4] * 2, "y: an array, want a NumPy array"),
        (x, tensor, "y: a Tensor, want a NumPy array"),
        (x, y.astype(np.float64), "y: dtype float64, want float32"),
        (x, y.view(np.int32), "y: dtype int32, want float32"),
        (x, y.astype(">f4"), "y: dtype >f4, want float32"),
        (x, y[:1], "y: shape (1, 4), want (B, H) = (2, 4)"),
        (x, y[0], "y: shape (4,), want (B, H) = (2, 4)"),
        (x, np.zeros((), np.float32), "y: shape (), want (B, H) = (2, 4)"),
        (x, np.asfortranarray(y), "y: not contiguous, want a C-contiguous array"),
        (x, y.repeat(2, 1)[:, ::2], "y: not contiguous, want a C-contiguous array"),
        (x, shifted, "y: not contiguous, want a C-contiguous array"),
        (x, read_only, "y: read-only, want a writable array"),
        (x, np.broadcast_to(y[0], y.shape), "y: not contiguous, want a C-contiguous array"),
        (x, x, "y: overlaps x, want memory of its own"),
        (memory[:8].reshape(2, 4), memory[7:15].reshape(2, 4), "y: overlaps x, want memory of its own"),
        (memory[7:15].reshape(2, 4), memory[:8].reshape(2, 4), "y: overlaps x, want memory of its own"),
        (memory[:16].reshape(2, 8)[:, ::2], memory[8:16].reshape(2, 4), "y: overlaps x, want memory of its own"),
        (memory[:8].view(">f4").reshape(2, 4), memory[:8].reshape(2, 4), "y: overlaps x, want memory of its own"),
        (tensor, tensor.numpy(), "y: overlaps x, want memory of its own"),
    ]
    return lstm, x_errors, y_errors


@pytest.mark.parametrize("index", range(len(step_errors()[1])))
def test_step_errors(index):
    lstm, errors, _ = step_errors()
    x, message = errors[index]
    stream = lstm.stream(2, arrays(lstm, 1, 2)[1])
    before, y = stream.state, np.full((2, 4), 7, np.float32)
    for call in (lambda: stream.step(x), lambda: stream.step_into(x, y)):
        with pytest.raises(InvalidArgument) as error:
            call()
        assert str(error.value) == message
    assert (y == 7).all()
    for got, want in zip(stream.state, before, strict=True):
        assert_same_bits(got, want)


@pytest.mark.parametrize("index", range(len(step_errors()[2])))
def test_step_into_errors(index):
    lstm, _, errors = step_errors()
    x, y, message = errors[index]
    stream = lstm.stream(2)
    before = copy.deepcopy(y)
    with pytest.raises(InvalidArgument) as error:
        stream.step_into(x, y)
    assert str(error.value) == message
    np.testing.assert_array_equal(y, before)
    assert not stream.state[0].any()


def test_adjacent_memory_is_no_overlap():
    lstm = native.LSTM(4, 4)
    memory = np.ones(16, np.float32)
    for x, y in ((memory[:8], memory[8:]), (memory[8:], memory[:8])):
        wanted = lstm(x.reshape(1, 2, 4))[0][0]
        lstm.stream(2).step_into(x.reshape(2, 4), y.reshape(2, 4))
        assert_same_bits(y.reshape(2, 4), wanted)


def test_wrong_calls():
    stream = native.LSTM(3, 4).stream()
    x = np.zeros((1, 3), np.float32)
    for call in (stream.step, lambda: stream.step(x, x), lambda: stream.step_into(x), lambda: stream.step(x=x)):
        with pytest.raises(TypeError, match="incompatible function arguments"):
            call()


def test_the_conversion_comes_back_with_its_own_error():
    class Broken:
        def __array__(self, dtype=None, copy=None):
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        native.LSTM(3, 4).stream().step(Broken())


def test_no_copies():
    stream = native.LSTM(3, 4).stream()
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(
            TypeError, match=r"^a Stream cannot be copied or pickled: network.stream\(batch, stream.state\) goes on"
        ):
            attempt(stream)


def test_a_step_allocates_nothing():
    lstm = native.LSTM(8, 16, 2)
    x, y = np.ones((64, 8), np.float32), np.zeros((64, 16), np.float32)  # more than NumPy keeps for reuse
    stream = lstm.stream(64)

    def steps(count):
        step, step_into = stream.step, stream.step_into
        for _ in range(count):
            step(x)
            step_into(x, y)

    steps(10)
    gc.collect()
    gc.disable()
    tracemalloc.start()  # NumPy reports its arrays' memory, too
    try:
        steps(1)
        tracemalloc.reset_peak()
        before, blocks = tracemalloc.get_traced_memory()[0], sys.getallocatedblocks()
        steps(1000)
        after, peak = tracemalloc.get_traced_memory()
        assert sys.getallocatedblocks() - blocks < 10
        assert after - before < 1000  # the counter of the loop
        assert peak - before < 1000
    finally:
        tracemalloc.stop()
        gc.enable()


def test_streams_end_with_their_last_reference():
    lstm = native.LSTM(3, 4)
    x = np.zeros((1, 3), np.float32)
    references = sys.getrefcount(x), sys.getrefcount(None)
    for _ in range(100):
        stream = lstm.stream()
        stream.step(x)
        stream.step([x[0]])
        stream.step_into(x, np.zeros((1, 4), np.float32))
        with pytest.raises(InvalidArgument):
            stream.step(None)
    del stream
    assert sys.getrefcount(x) == references[0]
    assert abs(sys.getrefcount(None) - references[1]) < 50


@pytest.mark.parametrize("sizes", [(3, 4), (300, 300)])  # with the interpreter's lock, and without
def test_threads_on_streams_of_their_own(sizes):
    lstm = native.LSTM(*sizes)
    x, _ = arrays(lstm, 200, 2)
    wanted = lstm(x)[0]
    results = [None] * 4

    def work(index):
        results[index] = run(lstm.stream(2), x)

    run_together([lambda k=k: work(k) for k in range(4)])
    for result in results:
        assert_same_bits(result, wanted)


def test_threads_on_one_stream():
    """A step of another thread is refused while one is under way; those not refused are whole."""
    lstm = native.LSTM(400, 400)  # a step works without the interpreter's lock
    x, _ = arrays(lstm, 1, 4)
    stream, done, refused = lstm.stream(4), [], []

    def work():
        while not refused and len(done) < 20000:
            try:
                stream.step(x[0])
                done.append(None)
            except InvalidArgument as error:
                refused.append(str(error))

    run_together([work] * 3)
    assert set(refused) == {"stream: in use by another thread, want one thread at a time"}
    h, c = lstm(x.repeat(len(done), 0))[1]
    for got, want in zip(stream.state, (h, c), strict=True):
        assert_same_bits(got, want)


def run_together(tasks):
    errors = []

    def work(task):
        try:
            task()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(task,)) for task in tasks]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not errors


@on_x86
@pytest.mark.parametrize("foreign", [Flushing, Upwards])
@pytest.mark.parametrize("isa", ISAS)
def test_someone_elses_floating_point_environment(isa, foreign):
    lstm = native.LSTM(9, 17, isa=isa)
    x, state = arrays(lstm, 6, 5, how={"kind": "wide", "lo": 0, "hi": 120})
    wanted, final = lstm(x, state)
    with foreign():
        stream = lstm.stream(5, state)
        got = run(stream, x)
        assert not is_canonical(), "the caller's setting must come back"
    assert_same_bits(got, wanted)
    for a, b in zip(stream.state, final, strict=True):
        assert_same_bits(a, b)


DAEMONS = """
import sys, threading, time
import numpy as np
import lstm_ref

lstm = lstm_ref.LSTM(64, 128)
stream, x = lstm_ref.LSTM(256, 256).stream(), np.ones((1, 256), np.float32)
ready = threading.Semaphore(0)

def forever(work):
    while True:
        work()
        ready.release()

for work in (lambda: lstm(np.ones((50, 3, 64), np.float32)), lambda: stream.step(x)):
    threading.Thread(target=forever, args=(work,), daemon=True).start()
    for _ in range(3):
        ready.acquire()
sys.exit(7)
"""


def test_daemon_threads_at_exit(binding):
    """The interpreter ends such threads where they ask for its lock: inside the engine's binding."""
    environment = os.environ | {"LSTM_REF_BINDING": binding}
    done = subprocess.run([sys.executable, "-c", DAEMONS], env=environment, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (7, b"")
