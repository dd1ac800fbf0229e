"""The NumPy reference: exact fma, activations, reduction, sequences."""

from fractions import Fraction

import numpy as np
import pytest
from foreign_environments import Flushing, Upwards, on_x86
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lstm_ref.config import LSTMConfig
from lstm_ref.environment import is_canonical
from lstm_ref.errors import InvalidArgument
from lstm_ref.golden.compare import same_bits
from lstm_ref.reference import CANONICAL32, FLOAT64, forward, lstm_step

patterns = st.integers(0, 2**32 - 1)


def from_bits(pattern: int) -> np.float32:
    return np.uint32(pattern).view(np.float32)


def rounded(value: Fraction) -> np.float32:
    """The float32 nearest to an exact value, ties to even, by comparing with the neighbours of a first guess."""
    with np.errstate(all="ignore"):
        guess = np.float32(float(value))
        if np.isinf(guess):
            guess = np.copysign(np.finfo(np.float32).max, guess)
        around = [np.nextafter(guess, np.float32(-np.inf)), guess, np.nextafter(guess, np.float32(np.inf))]

    def exact(f: np.float32) -> Fraction:  # infinity stands for 2^128, where rounding to it begins to be nearest
        return Fraction(float(f)) if np.isfinite(f) else Fraction(2) ** 128 * (1 if f > 0 else -1)

    return min(around, key=lambda f: (abs(exact(f) - value), f.view(np.uint32) & 1))


@settings(max_examples=2000)
@given(patterns, patterns, patterns)
@example(0x3F800001, 0x3FC00000, 0x97800000)  # spec N2
@example(0x00000001, 0x3F000000, 0x00000001)  # halfway between subnormals
@example(0x00000001, 0x3F000000, 0x80000000)
@example(0x7F7FFFFF, 0x3F800001, 0x73000000)  # just where the largest number becomes infinity
@example(0x1F800000, 0x1F800001, 0x00000001)
def test_fma_is_exact(a, b, c):
    a, b, c = map(from_bits, (a, b, c))
    with np.errstate(all="ignore"):
        got = np.float32(CANONICAL32.fma(a, b, c))
        if not (np.isfinite(a) and np.isfinite(b) and np.isfinite(c)):
            assert same_bits(np.asarray(got), np.asarray(np.float32(a * b) + c, np.float32))
            return
    value = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if value != 0:
        assert got.view(np.uint32) & 0x7FFFFFFF == rounded(value).view(np.uint32) & 0x7FFFFFFF
        assert np.signbit(got) == (value < 0)
    else:
        both_negative = np.signbit(a) != np.signbit(b) and np.signbit(c)
        assert got.view(np.uint32) == (0x80000000 if both_negative else 0)


@pytest.mark.parametrize(("function", "oracle"), [("sigmoid", FLOAT64.sigmoid), ("tanh", FLOAT64.tanh)])
def test_activations_within_one_ulp(function, oracle):
    bits = np.arange(0, 2**32, 2003, dtype=np.uint64).astype(np.uint32)
    x = bits.view(np.float32)
    x = x[~np.isnan(x)]
    with np.errstate(all="ignore"):
        y, truth = getattr(CANONICAL32, function)(x), oracle(x.astype(np.float64))
    ulp = np.maximum(np.spacing(np.abs(truth).astype(np.float32)).astype(np.float64), 2.0**-149)
    assert not (np.abs(y - truth) > 1.0 * ulp).any()
    assert (np.abs(y) <= 1).all()
    assert function == "tanh" or (y >= 0).all()


def test_activations_of_special_values():
    x = np.float32([np.nan, np.inf, -np.inf, 0.0, -0.0])
    with np.errstate(all="ignore"):
        assert same_bits(CANONICAL32.sigmoid(x), np.float32([np.nan, 1, 0, 0.5, 0.5]))
        assert same_bits(CANONICAL32.tanh(x), np.float32([np.nan, 1, -1, 0.0, -0.0]))


def affine_by_the_book(bias, *terms):
    """(N3) with loops, one scalar at a time."""
    z = np.empty((terms[0][1].shape[0], len(bias)), np.float32)
    for row, j in np.ndindex(z.shape):
        total = bias[j]
        for weight, x in terms:
            for start in range(0, weight.shape[1], 64):
                a = np.float32(0)
                for k in range(start, min(start + 64, weight.shape[1])):
                    a = np.float32(CANONICAL32.fma(weight[j, k], x[row, k], a))
                total = np.float32(total + a)
        z[row, j] = total
    return z


@pytest.mark.parametrize("lengths", [(1, 1), (63, 5), (64, 64), (65, 3), (129, 130)])
def test_affine_in_the_canonical_order(lengths):
    rng = np.random.default_rng(0)
    terms = [(rng.standard_normal((3, k), np.float32), rng.standard_normal((2, k), np.float32)) for k in lengths]
    bias = rng.standard_normal(3, np.float32)
    assert same_bits(CANONICAL32.affine(bias, *terms), affine_by_the_book(bias, *terms))


def random_case(config: LSTMConfig, T: int, B: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    weights = {name: rng.standard_normal(e.shape, np.float32) * np.float32(0.5) for name, e in config.iter_expected()}
    rows = (B, T) if config.batch_first else (T, B)
    x = rng.standard_normal((*rows, config.input_size), np.float32)
    state = [rng.standard_normal(config.expected_state(B).shape, np.float32) for _ in range(2)]
    return weights, x, *state


def test_any_batch_gives_the_same_rows():
    config = LSTMConfig(5, 9, 2, bidirectional=True)
    weights, x, h_0, c_0 = random_case(config, 6, 7)
    lengths = np.array([6, 0, 3, 1, 5, 6, 2])
    whole = forward(config, weights, x, h_0, c_0, lengths)
    for b in range(7):
        row = slice(b, b + 1)
        alone = forward(config, weights, x[:, row], h_0[:, row], c_0[:, row], lengths[row])
        assert all(same_bits(one, many[:, row]) for one, many in zip(alone, whole, strict=True))


@pytest.mark.parametrize("cut", range(8))
def test_any_split_gives_the_same_steps(cut):
    config = LSTMConfig(3, 5, 2)
    weights, x, h_0, c_0 = random_case(config, 7, 2)
    whole = forward(config, weights, x, h_0, c_0)
    first = forward(config, weights, x[:cut], h_0, c_0)
    second = forward(config, weights, x[cut:], first.h_n, first.c_n)
    assert same_bits(np.concatenate([first.y, second.y]), whole.y)
    assert same_bits(second.h_n, whole.h_n)
    assert same_bits(second.c_n, whole.c_n)


def test_batch_first_is_only_a_layout():
    config = LSTMConfig(3, 5, 2, bidirectional=True)
    weights, x, h_0, c_0 = random_case(config, 4, 3)
    y, h_n, c_n = forward(config, weights, x, h_0, c_0)
    other = LSTMConfig(3, 5, 2, batch_first=True, bidirectional=True)
    y_b, h_b, c_b = forward(other, weights, np.ascontiguousarray(x.swapaxes(0, 1)), h_0, c_0)
    assert same_bits(y_b.swapaxes(0, 1), y)
    assert same_bits(h_b, h_n)
    assert same_bits(c_b, c_n)


def test_trace_holds_every_step():
    config = LSTMConfig(3, 4)
    weights, x, h_0, c_0 = random_case(config, 3, 2)
    trace = {}
    y, h_n, _ = forward(config, weights, x, h_0, c_0, trace=trace)
    assert {name: value.shape for name, value in trace.items()} == {
        "z_l0": (3, 2, 16), "gates_l0": (3, 2, 16), "c_l0": (3, 2, 4), "h_l0": (3, 2, 4),
    }  # fmt: skip
    assert same_bits(trace["h_l0"], y)
    p = {
        "weight_ih": weights["weight_ih_l0"],
        "weight_hh": weights["weight_hh_l0"],
        "bias": weights["bias_ih_l0"] + weights["bias_hh_l0"],
    }
    step = lstm_step(CANONICAL32, x[2], y[1], trace["c_l0"][1], p)
    assert same_bits(step.z, trace["z_l0"][2])
    assert same_bits(step.gates, trace["gates_l0"][2])
    assert same_bits(step.h, h_n[0])


def test_inputs_are_left_alone():
    config = LSTMConfig(3, 4)
    weights, x, h_0, c_0 = random_case(config, 3, 2)
    before = [array.copy() for array in (x, h_0, c_0)]
    forward(config, weights, x, h_0, c_0)
    assert all(same_bits(a, b) for a, b in zip((x, h_0, c_0), before, strict=True))


@on_x86
@pytest.mark.parametrize("foreign", [Flushing, Upwards])
def test_someone_elses_floating_point_environment(foreign):
    config = LSTMConfig(3, 4)
    weights, x, h_0, c_0 = random_case(config, 3, 2)
    x *= np.float32(2.0**-140)
    c_0 *= np.float32(2.0**-140)
    weights = {name: w if name.startswith("weight") else w * np.float32(2.0**-130) for name, w in weights.items()}
    want = forward(config, weights, x, h_0 * 0, c_0)
    with foreign():
        assert not is_canonical()
        got = forward(config, weights, x, h_0 * 0, c_0)
        assert not is_canonical(), "the caller's setting must come back"
    assert is_canonical()
    assert all(same_bits(a, b) for a, b in zip(got, want, strict=True))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(x=np.zeros((2, 3), np.float32)), "x: rank 2, want 3 (T, B, I)"),
        (dict(x=np.zeros((4, 2, 3))), "x: dtype float64, want float32"),
        (dict(x=np.zeros((4, 2, 5), np.float32)), "x: shape (4, 2, 5), want (T, B, I) = (4, 2, 3)"),
        (dict(x=None), "x: missing, want (T, B, I) with I = 3"),
        (dict(h_0=None), "h_0: missing, want (L*D, B, H) = (1, 2, 4)"),
        (dict(c_0=None), "c_0: missing, want (L*D, B, H) = (1, 2, 4)"),
        (dict(h_0=np.zeros((2, 4), np.float32)), "h_0: shape (2, 4), want (L*D, B, H) = (1, 2, 4)"),
        (dict(lengths=[4]), "lengths: shape (1,), want (B,) = (2,)"),
        (dict(lengths=[4.0, 1.0]), "lengths: dtype float64, want int64"),
        (dict(lengths=[4, 5]), "lengths[1]: 5, want 0 <= length <= T = 4"),
        (dict(lengths=[-1, 5]), "lengths[0]: -1, want 0 <= length <= T = 4"),
    ],
)
def test_bad_arguments(change, message):
    config = LSTMConfig(3, 4)
    weights, x, h_0, c_0 = random_case(config, 4, 2)
    with pytest.raises(InvalidArgument) as error:
        forward(config, weights, **{"x": x, "h_0": h_0, "c_0": c_0} | change)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(input_size=0, hidden_size=4), "input_size: 0, want an integer from 1 to 16777216"),
        (dict(input_size=3, hidden_size=-1), "hidden_size: -1, want an integer from 1 to 16777216"),
        (dict(input_size=3, hidden_size=4.0), "hidden_size: a number, want an integer from 1 to 16777216"),
        (dict(input_size=3, hidden_size="4"), 'hidden_size: "4", want an integer from 1 to 16777216'),
        (dict(input_size=3, hidden_size=4, num_layers=True), "num_layers: true, want an integer from 1 to 16777216"),
        (dict(input_size=3, hidden_size=4, bias=1), "bias: 1, want true or false"),
    ],
)
def test_bad_configurations(arguments, message):
    with pytest.raises(InvalidArgument) as error:
        LSTMConfig(**arguments)
    assert str(error.value) == message
