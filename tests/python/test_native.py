"""The C++ engine through its Python binding, against the NumPy reference, bit for bit; and its manners."""

import copy
import os
import pickle
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from engine_arrays import UNIFORM, WIDE, arrays, assert_same_bits
from foreign_environments import Flushing, Upwards, on_x86
from hypothesis import given, settings
from hypothesis import strategies as st

import lstm_ref
from lstm_ref import _binding, native
from lstm_ref.environment import is_canonical
from lstm_ref.errors import InvalidArgument
from lstm_ref.golden.fills import fill
from lstm_ref.reference.sequence import forward

ISAS = native.available_isas()
pytestmark = pytest.mark.usefixtures("binding")


class Subclass(np.ndarray):
    pass


cases = st.fixed_dictionaries({
    "sizes": st.tuples(st.integers(1, 70), st.integers(1, 40), st.integers(1, 3)),
    "flags": st.tuples(st.booleans(), st.booleans(), st.booleans()),
    "T": st.integers(0, 5),
    "B": st.integers(0, 9),
    "ragged": st.booleans(),
    "with_state": st.booleans(),
    "fill": st.sampled_from([UNIFORM, WIDE]),
    "seed": st.integers(0, 2**64 - 1),
    "isa": st.sampled_from(ISAS),
    "num_threads": st.sampled_from([1, 3]),
})  # fmt: skip


@given(cases)
@settings(max_examples=60, deadline=None)
def test_bits_are_those_of_the_reference(case):
    lstm = native.LSTM(*case["sizes"], *case["flags"], isa=case["isa"], num_threads=case["num_threads"], seed=case["seed"])
    T, B = case["T"], case["B"]
    x, state = arrays(lstm, T, B, case["seed"], case["fill"])
    lengths = np.arange(B) * 7 % (T + 1) if case["ragged"] else None
    state = state if case["with_state"] else None
    trace, wanted_trace = {}, {}
    y, (h_n, c_n) = lstm(x, state, lengths, trace=trace)
    wanted = forward(lstm.config, lstm.state_dict(), x, *(state or ()), lengths=lengths, trace=wanted_trace)
    assert trace.keys() == wanted_trace.keys()
    for got, want in [*zip((y, h_n, c_n), wanted, strict=True), *((trace[name], wanted_trace[name]) for name in trace)]:
        assert_same_bits(got, want)
    assert_same_bits(lstm(x, state, lengths)[0], y)


def test_each_binding_has_its_turn(binding):
    lstm = native.LSTM(1, 1)
    for ours in (lstm._engine, lstm.stream()._native):
        assert type(ours).__module__ == f"lstm_ref._native_{binding}"
    assert lstm_ref.binding == binding


def test_constructor_follows_torch():
    lstm = native.LSTM(3, 5, 2, bidirectional=True)
    assert (lstm.config.bias, lstm.config.batch_first, lstm.num_threads) == (True, False, 1)
    assert lstm.isa == (os.environ.get("LSTM_REF_ISA") or ISAS[-1])
    assert lstm.state_dict()["weight_ih_l1_reverse"].shape == (20, 10)
    again, other = native.LSTM(3, 5, 2, bidirectional=True), native.LSTM(3, 5, 2, bidirectional=True, seed=1)
    for name, value in lstm.state_dict().items():
        assert 0 < np.abs(value).max() <= 5**-0.5
        assert_same_bits(again.state_dict()[name], value)
        assert not np.array_equal(other.state_dict()[name], value)
    assert repr(native.LSTM(3, 5, isa="baseline")) == (
        "LSTM(3, 5, num_layers=1, bias=True, batch_first=False, bidirectional=False, num_threads=1, isa='baseline')"
    )


@pytest.mark.parametrize(("arguments", "message"), [
    ({"hidden_size": 0}, "hidden_size: 0, want an integer from 1 to 16777216"),
    ({"input_size": True}, "input_size: true, want an integer from 1 to 16777216"),
    ({"bias": 1}, "bias: 1, want true or false"),
    ({"num_threads": 0}, "num_threads: 0, want an integer from 1 to 1024"),
    ({"num_threads": 10**30}, "num_threads: a number, want an integer from 1 to 1024"),
    ({"num_threads": 1.0}, "num_threads: a number, want an integer from 1 to 1024"),
    ({"isa": "mmx"}, f'isa: "mmx", want one of {", ".join(ISAS)}'),
    ({"isa": ""}, f'isa: "", want one of {", ".join(ISAS)}'),
    ({"isa": 2}, f'isa: 2, want one of {", ".join(ISAS)}'),
])  # fmt: skip
def test_constructor_errors(arguments, message):
    with pytest.raises(InvalidArgument) as error:
        native.LSTM(**{"input_size": 2, "hidden_size": 3} | arguments)
    assert str(error.value) == message


def test_environment_chooses_the_isa(monkeypatch):
    for isa in ISAS:
        monkeypatch.setenv("LSTM_REF_ISA", isa)
        assert native.LSTM(1, 1).isa == isa
        assert native.LSTM(1, 1, isa="baseline").isa == "baseline"
    monkeypatch.setenv("LSTM_REF_ISA", "mmx")
    with pytest.raises(InvalidArgument) as error:
        native.LSTM(1, 1)
    assert str(error.value) == f'LSTM_REF_ISA: "mmx", want one of {", ".join(ISAS)}'
    assert (error.value.parameter, error.value.got) == ("LSTM_REF_ISA", '"mmx"')


def call_errors():
    lstm = native.LSTM(3, 4, 2)
    x, (h_0, c_0) = arrays(lstm, 5, 2)
    read_only = np.zeros((5, 2, 4), np.float32)
    read_only.flags.writeable = False
    memory = np.zeros(1000, np.float32)
    x_in_memory = memory[:30].reshape(5, 2, 3)
    state_in_memory = memory[:16].reshape(2, 2, 4)
    return lstm, [
        ((None,), {}, "x: missing, want (T, B, I) with I = 3"),
        ((x.astype(np.float64),), {}, "x: dtype float64, want float32"),
        ((x[0, 0],), {}, "x: rank 1, want 3 (T, B, I) or 2 (T, I)"),
        ((x.reshape(5, 2, 3, 1),), {}, "x: rank 4, want 3 (T, B, I) or 2 (T, I)"),
        ((x[..., :2],), {}, "x: shape (5, 2, 2), want (T, B, I) = (5, 2, 3)"),
        ((x[..., :2].copy(),), {}, "x: shape (5, 2, 2), want (T, B, I) = (5, 2, 3)"),
        ((x, h_0), {}, "state: an array, want a pair (h_0, c_0)"),
        ((x, (h_0, None)), {}, "c_0: missing, want (L*D, B, H) = (2, 2, 4)"),
        ((x, (h_0[:1], c_0)), {}, "h_0: shape (1, 2, 4), want (L*D, B, H) = (2, 2, 4)"),
        ((x,), {"lengths": [5, 6]}, "lengths[1]: 6, want 0 <= length <= T = 5"),
        ((x,), {"lengths": [-1, 6]}, "lengths[0]: -1, want 0 <= length <= T = 5"),
        ((x,), {"lengths": [5.0, 2.0]}, "lengths: dtype float64, want int64"),
        ((x,), {"lengths": [5]}, "lengths: shape (1,), want (B,) = (2,)"),
        ((x,), {"out": [1]}, "out: an array, want a NumPy array"),
        ((x,), {"out": np.zeros((5, 2, 4))}, "out: dtype float64, want float32"),
        ((x,), {"out": np.zeros((5, 2, 3), np.float32)}, "out: shape (5, 2, 3), want (T, B, D*H) = (5, 2, 4)"),
        ((x,), {"out": np.zeros((2, 5, 4), np.float32).swapaxes(0, 1)}, "out: not contiguous, want a C-contiguous array"),
        ((x,), {"out": read_only}, "out: read-only, want a writable array"),
        ((x_in_memory,), {"out": memory[29:69].reshape(5, 2, 4)}, "out: overlaps x, want memory of its own"),
        ((x, (state_in_memory, c_0)), {"out": memory[15:55].reshape(5, 2, 4)}, "out: overlaps h_0, want memory of its own"),
        ((x, (h_0, state_in_memory)), {"out": memory[15:55].reshape(5, 2, 4)}, "out: overlaps c_0, want memory of its own"),
    ]


@pytest.mark.parametrize("index", range(len(call_errors()[1])))
def test_call_errors(index):
    lstm, errors = call_errors()
    arguments, keywords, message = errors[index]
    before = np.copy(keywords["out"]) if "out" in keywords else None
    with pytest.raises(InvalidArgument) as error:
        lstm(*arguments, **keywords)
    assert str(error.value) == message
    if before is not None:
        np.testing.assert_array_equal(keywords["out"], before)


def test_symbols_follow_batch_first():
    lstm = native.LSTM(3, 4, batch_first=True, bidirectional=True)
    x, _ = arrays(lstm, 5, 2)
    with pytest.raises(InvalidArgument, match=r"^x: shape \(2, 5, 2\), want \(B, T, I\) = \(2, 5, 3\)$"):
        lstm(x[..., :2])
    with pytest.raises(InvalidArgument, match=r"^out: shape \(5, 2, 8\), want \(B, T, D\*H\) = \(2, 5, 8\)$"):
        lstm(x, out=np.zeros((5, 2, 8), np.float32))


def test_inputs_of_any_layout():
    lstm = native.LSTM(3, 4)
    x, (h_0, c_0) = arrays(lstm, 5, 2)
    lengths = np.array([3, 5])
    wanted, _ = lstm(x, (h_0, c_0), lengths)
    shifted = np.zeros(x.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(x.shape)
    shifted[...] = x
    assert not shifted.flags.aligned
    reversed_steps = np.ascontiguousarray(x[::-1])[::-1]
    frozen = x.copy()
    frozen.flags.writeable = False
    for other in (np.asfortranarray(x), reversed_steps, shifted, frozen, x.astype(">f4"), x.astype("<f4")):
        for other_lengths in (lengths, [3, 5], lengths.astype(np.int32), lengths.astype(">i8"), lengths.repeat(2)[::2]):
            assert_same_bits(lstm(other, [h_0, np.asfortranarray(c_0)], other_lengths)[0], wanted)


@pytest.mark.parametrize("flags", [{}, {"batch_first": True, "bidirectional": True, "num_layers": 2}])
def test_the_usual_call_and_the_others_agree(flags):
    lstm = native.LSTM(3, 4, **flags)
    for T, B in [(1, 1), (5, 2), (0, 2), (2, 0)]:
        x, state = arrays(lstm, T, B)
        for h_and_c in (None, state):
            y, (h_n, c_n) = lstm(x, h_and_c)
            others = [
                lstm(x, h_and_c, out=np.empty_like(y)),
                lstm(x.view(Subclass), h_and_c and list(h_and_c)),
                lstm(x, h_and_c, trace={}),
            ]
            for other_y, (other_h, other_c) in others:
                for got, wanted in ((other_y, y), (other_h, h_n), (other_c, c_n)):
                    assert type(got) is type(wanted) is np.ndarray
                    assert_same_bits(got, wanted)


def test_out_receives_y():
    lstm = native.LSTM(3, 4)
    x, state = arrays(lstm, 5, 2)
    out = np.full((5, 2, 4), 7, np.float32)
    y, (h_n, _) = lstm(x, state, out=out)
    assert y is out
    assert_same_bits(out, lstm(x, state)[0])
    assert_same_bits(out[-1], h_n[0])


def test_final_state_is_new_memory():
    lstm = native.LSTM(3, 4)
    x, (h_0, c_0) = arrays(lstm, 0, 2)
    h_0[0, 0, 0] = np.nan
    y, (h_n, c_n) = lstm(x, (h_0, c_0))
    assert y.shape == (0, 2, 4)
    np.testing.assert_array_equal(h_n.view(np.uint32), h_0.view(np.uint32))
    assert not np.shares_memory(h_n, h_0)
    assert not np.shares_memory(c_n, c_0)


def test_weights_are_copied_and_replaced_whole():
    lstm = native.LSTM(2, 3)
    x, _ = arrays(lstm, 4, 1)
    before, _ = lstm(x)
    weights = lstm.state_dict()
    weights["weight_hh_l0"][:] = 9  # a copy: the LSTM does not notice
    assert_same_bits(lstm(x)[0], before)
    other = native.LSTM(2, 3, seed=5)
    lstm.load_state_dict(other.state_dict())
    assert_same_bits(lstm(x)[0], other(x)[0])
    for change, message in [
        (lambda w: w.pop("bias_hh_l0"), "bias_hh_l0: missing, want (4*H,) = (12,)"),
        (lambda w: w.update(weight_hh_l0=np.zeros((9, 3), np.float32)), "weight_hh_l0: shape (9, 3), want (4*H, H) = (12, 3)"),
        (lambda w: w.update(weight_ih_l0=np.zeros((12, 2))), "weight_ih_l0: dtype float64, want float32"),
        (lambda w: w.update(x=np.zeros(1, np.float32)), "x: unexpected tensor, want only the tensors of the configuration"),
    ]:
        weights = native.LSTM(2, 3).state_dict()
        change(weights)
        with pytest.raises(InvalidArgument) as error:
            lstm.load_state_dict(weights)
        assert str(error.value) == message
        assert_same_bits(lstm(x)[0], other(x)[0])


def test_save_and_load(tmp_path):
    lstm = native.LSTM(3, 4, 2, batch_first=True, bidirectional=True, seed=3)
    lstm.save(tmp_path / "model.safetensors")
    x, state = arrays(lstm, 5, 2)
    loaded = native.load(tmp_path / "model.safetensors", num_threads=2, isa="baseline")
    assert (loaded.config, loaded.num_threads, loaded.isa) == (lstm.config, 2, "baseline")
    assert_same_bits(loaded(x, state)[0], lstm(x, state)[0])


def test_copies_and_pickles():
    lstm = native.LSTM(3, 4, num_threads=2)
    x, _ = arrays(lstm, 5, 2)
    for other in (copy.deepcopy(lstm), pickle.loads(pickle.dumps(lstm))):
        assert (other.config, other.num_threads) == (lstm.config, 2)
        assert_same_bits(other(x)[0], lstm(x)[0])


def test_threads_share_one_lstm():
    lstm = native.LSTM(20, 30, num_threads=2)
    x, state = arrays(lstm, 50, 8)
    wanted = lstm(x, state)[0]
    results = [None] * 6

    def work(index):
        results[index] = lstm(x, state)[0]

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(results))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        assert_same_bits(result, wanted)


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # by JAX, where another test has loaded it
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_works_in_a_forked_child():
    lstm = native.LSTM(3, 4, num_threads=3)
    x, _ = arrays(lstm, 5, 6)
    wanted, _ = lstm(x)
    child = os.fork()
    if child == 0:  # where the engine's threads do not exist
        signal.alarm(20)
        ok = all(np.array_equal(lstm(x)[0], wanted) for _ in range(100))
        del lstm
        os._exit(0 if ok else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_python_runs_while_the_engine_computes():
    lstm = native.LSTM(64, 256, isa="baseline")
    x, _ = arrays(lstm, 20, 8)
    done, ticks = threading.Event(), []

    def compute():
        lstm(x)
        done.set()

    thread = threading.Thread(target=compute)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    try:
        thread.start()
        while not done.wait(0.001):
            ticks.append(None)
    finally:
        sys.setswitchinterval(interval)
        thread.join()
    assert len(ticks) > 3


class TestTorch:
    def test_there_and_back(self):
        module = torch.nn.LSTM(3, 5, 2, bidirectional=True, batch_first=True, dropout=0.5).eval()
        lstm = native.LSTM.from_torch(module)
        x = fill(1, "x", (2, 4, 3), UNIFORM)
        y, (h_n, c_n) = lstm(x)
        wanted, (wanted_h, wanted_c) = module(torch.from_numpy(x))
        for got, want in ((y, wanted), (h_n, wanted_h), (c_n, wanted_c)):
            np.testing.assert_allclose(got, want.detach().numpy(), rtol=0, atol=1e-6)
        back = lstm.to_torch()
        assert not back.training
        for name, value in module.state_dict().items():
            assert torch.equal(back.state_dict()[name], value)

    def test_refusals(self):
        nn = torch.nn
        for module, message in [
            (nn.GRU(2, 3), "module: a GRU, want a torch.nn.LSTM"),
            (nn.Linear(2, 3), "module: a Linear, want a torch.nn.LSTM"),
            (nn.LSTM(2, 3, 2, dropout=0.25), "module: training mode with dropout 0.25, want evaluation mode: call eval() first"),
            (nn.LSTM(2, 3).half(), "weight_ih_l0: dtype torch.float16, want torch.float32"),
        ]:
            with pytest.raises(InvalidArgument) as error:
                native.LSTM.from_torch(module)
            assert str(error.value) == message


@on_x86
@pytest.mark.parametrize("foreign", [Flushing, Upwards])
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("num_threads", [1, 3])
def test_someone_elses_floating_point_environment(isa, num_threads, foreign):
    lstm = native.LSTM(9, 17, isa=isa, num_threads=num_threads)
    x, state = arrays(lstm, 3, 5, how={"kind": "wide", "lo": 0, "hi": 120})
    wanted, (h_n, c_n) = lstm(x, state)
    with foreign():
        again = native.LSTM.from_tensors(
            lstm.config, lstm.state_dict(), isa=isa, num_threads=num_threads
        )  # packing adds the biases
        got, (got_h, got_c) = again(x, state)
        assert not is_canonical(), "the caller's setting must come back"
    for a, b in ((got, wanted), (got_h, h_n), (got_c, c_n)):
        assert_same_bits(a, b)


def test_a_failed_load_changes_nothing(monkeypatch):
    lstm = native.LSTM(3, 4)
    before = lstm.state_dict()

    def no_memory(*_):
        raise MemoryError

    monkeypatch.setattr(_binding.engine, "make", no_memory)
    with pytest.raises(MemoryError):
        lstm.load_state_dict({name: value + 1 for name, value in before.items()})
    for name, value in lstm.state_dict().items():
        assert_same_bits(value, before[name])


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "7", [1], True])
def test_bad_seeds(seed):
    with pytest.raises(InvalidArgument, match=r"^seed: .*, want an integer from 0 to 2"):
        native.LSTM(3, 4, seed=seed)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.ma.masked_array(np.zeros((2, 1, 3), np.float32))}, "x: a MaskedArray, want an array without a mask"),
        ({"x": [[1.0], [2.0, 3.0]]}, "x: an array, want an array, or what NumPy can make one of (a tensor: detach() it)"),
        (
            {"x": torch.zeros(2, 1, 3, requires_grad=True)},
            "x: a Tensor, want an array, or what NumPy can make one of (a tensor: detach() it)",
        ),
        ({"lengths": np.array([1], "timedelta64[s]")}, "lengths: dtype timedelta64[s], want int64"),
        ({"trace": []}, "trace: an array, want a dict"),
        ({"state": (None,)}, "state: an array, want a pair (h_0, c_0)"),
    ],
)
def test_odd_arguments(change, message):
    with pytest.raises(InvalidArgument) as error:
        native.LSTM(3, 4)(**{"x": np.zeros((2, 1, 3), np.float32)} | change)
    assert str(error.value) == message


def test_out_may_not_be_the_callers_input_even_when_that_is_copied():
    memory = np.zeros((2, 8, 4), np.float32)
    with pytest.raises(InvalidArgument, match="out: overlaps x, want memory of its own"):
        native.LSTM(4, 4)(memory[:, ::2], out=memory[:1].reshape(2, 4, 4))


def test_out_may_not_be_memory_that_another_library_gives():
    memory = torch.zeros(2, 1, 4)
    with pytest.raises(InvalidArgument, match="out: overlaps x, want memory of its own"):
        native.LSTM(4, 4)(memory, out=memory.numpy())


def test_no_rows_and_no_lengths():
    y, _ = native.LSTM(3, 4)(np.zeros((2, 0, 3), np.float32), lengths=[])
    assert y.shape == (2, 0, 4)


def test_any_number_of_steps_without_rows():
    x = np.zeros((2**40, 0, 3), np.float32)
    lstm = native.LSTM(3, 4)
    assert lstm(x)[0].shape == (2**40, 0, 4)
    assert forward(lstm.config, lstm.state_dict(), x).y.shape == (2**40, 0, 4)


def test_rows_without_steps_are_limited():
    lstm = native.LSTM(3, 4)
    x = np.zeros((0, 2**40, 3), np.float32)
    with pytest.raises(InvalidArgument, match=r"^memory: too little for this case, want a smaller one$"):
        lstm(x)
    with pytest.raises(InvalidArgument, match=r"^memory: too little"):
        forward(lstm.config, lstm.state_dict(), x)


def engine_in_a_process(binding):
    """The binding in use and the module of the engine, or the last line of the error."""
    program = "import lstm_ref; print(lstm_ref.binding, type(lstm_ref.LSTM(1, 1)._engine).__module__)"
    environment = {name: value for name, value in os.environ.items() if name != _binding.VARIABLE}
    environment |= {} if binding is None else {_binding.VARIABLE: binding}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    return (done.stdout if done.returncode == 0 else done.stderr).splitlines()[-1]


@pytest.mark.parametrize("name", [None, "", *_binding.available()])
def test_environment_chooses_the_binding(name):
    chosen = name or "pybind11"
    assert engine_in_a_process(name) == f"{chosen} lstm_ref._native_{chosen}"


def test_a_binding_that_is_not_there(monkeypatch):
    names = ", ".join(_binding.available())
    message = f'LSTM_REF_BINDING: "swig", want one of {names}'
    assert engine_in_a_process("swig") == f"lstm_ref.errors.InvalidArgument: {message}"
    monkeypatch.setattr(_binding, "available", lambda: ["pybind11"])
    with pytest.raises(InvalidArgument) as error:
        _binding.load("nanobind")
    assert str(error.value) == 'LSTM_REF_BINDING: "nanobind", want one of pybind11'
