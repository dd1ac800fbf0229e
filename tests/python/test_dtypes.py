"""float64 and bfloat16 weights (spec/variants.md, section 9): arithmetic, files, refusals, and what is the same in every type."""

import json
import struct
from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lstm_ref import InvalidArgument, LSTMConfig, model_file, round_to_bfloat16
from lstm_ref.bfloat16 import from_bfloat16, to_bfloat16
from lstm_ref.config import CONFIGS, DTYPES
from lstm_ref.conformance.protocol import Skipped
from lstm_ref.conformance.runners import numpy_runner
from lstm_ref.conformance.session import not_offered
from lstm_ref.golden.compare import NOT_COMPARABLE, digest, same_bits, ulp_distance
from lstm_ref.golden.fills import fill
from lstm_ref.reference import CANONICAL64, forward

UNIFORM = {"kind": "uniform", "exponent": 0}
patterns = st.integers(0, 2**64 - 1)


def bits(pattern: int) -> np.float64:
    return np.uint64(pattern).view(np.float64)


def rounded(value: Fraction) -> float:
    """The float64 nearest to an exact value, ties to even, by its digits."""
    magnitude, sign = abs(value), -1 if value < 0 else 1
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    exponent = max(exponent - (magnitude < Fraction(2) ** exponent), -1022)
    unit = Fraction(2) ** (exponent - 52)
    whole = round(magnitude / unit)  # Python rounds halves of a Fraction to even
    return sign * (float("inf") if whole * unit >= Fraction(2) ** 1024 else float(whole * unit))


@settings(max_examples=2000)
@given(patterns, patterns, patterns)
@example(0x3FF0000000000001, 0x3FF8000000000000, 0xBC30000000000000)  # spec N2
@example(0x1FF0000000000002, 0x1FF0000000000000, 0x0000000000000001)
@example(0x3FF0000000000001, 0x3C9FFFFFFFFFFFFE, 0x3FF0000000000001)  # just below halfway: rounded twice it goes up
@example(0x7FEFFFFFFFFFFFFF, 0x4000000000000000, 0xFFEFFFFFFFFFFFFF)  # the product alone is beyond the largest number
@example(0x7FEFFFFFFFFFFFFF, 0x4000000000000000, 0xFFF0000000000000)
@example(0x0000000000000001, 0x3FE0000000000000, 0x8000000000000000)
@example(0x8000000000000000, 0x3FF0000000000000, 0x8000000000000000)
def test_fma64_is_exact(a, b, c):
    a, b, c = map(bits, (a, b, c))
    with np.errstate(all="ignore"):
        got = np.float64(CANONICAL64.fma(a, b, c))
        if not (np.isfinite(a) and np.isfinite(b)):
            assert same_bits(np.asarray(got), np.asarray(a * b + c))
            return
    if not np.isfinite(c):
        assert same_bits(np.asarray(got), np.asarray(c))
        return
    value = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if value == 0:
        is_minus = np.signbit(a) != np.signbit(b) and np.signbit(c)
        assert got.view(np.uint64) == (1 << 63 if is_minus else 0)
    else:
        want = np.float64(rounded(value))
        assert got.view(np.uint64) == want.view(np.uint64)


def test_fma64_of_arrays():
    """Safe and unsafe elements side by side are each what they are alone."""
    rng = np.random.default_rng(3)
    a, b, c = rng.integers(0, 2**64, (3, 500), dtype=np.uint64).view(np.float64)
    with np.errstate(all="ignore"):
        b = np.where(np.arange(500) % 2, 1 / a, b)
        together = CANONICAL64.fma(a, b, c)
        alone = np.array([CANONICAL64.fma(*numbers) for numbers in zip(a, b, c, strict=True)])
        spread = CANONICAL64.fma(a[:, None], b[None, :3], c[:3])
    assert same_bits(together, alone)
    assert spread.shape == (500, 3)


def exactly(function: str, x: float) -> Decimal:
    x = Decimal(x)
    e = (-abs(x)).exp()
    match function:
        case "sigmoid":
            return (e if x < 0 else 1) / (1 + e)
        case "tanh":
            return ((1 - e * e) / (1 + e * e)).copy_sign(x)
        case "expm1":
            return e - 1
        case _:
            return max(x, Decimal(0)) + ((1 + e).ln() if e > Decimal("1e-25") else e - e * e / 2)


@pytest.mark.parametrize(
    ("function", "low", "high", "limit"),
    [("sigmoid", -746, 40, 0.8), ("tanh", -20, 20, 1.2), ("expm1", -40, 0, 1.0), ("softplus", -746, 40, 3.0)],
)
def test_activations64_are_accurate(function, low, high, limit):
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [rng.uniform(low, high, 300), rng.uniform(max(low, -3), min(high, 3), 300), 2.0 ** rng.uniform(-50, 4, 300)]
    )
    x = np.where(np.arange(x.size) % 2, x, -x)
    x = x[(x >= low) & (x <= high)]
    y = getattr(CANONICAL64, function)(x)
    with localcontext() as context:
        context.prec = 60
        for a, b in zip(x.tolist(), y.tolist(), strict=True):
            truth = exactly(function, a)
            assert abs(Decimal(b) - truth) <= Decimal(limit) * Decimal(float(np.spacing(abs(float(truth))))), (a, b)


def test_affine64_in_the_canonical_order():
    rng = np.random.default_rng(1)
    bias, terms = rng.standard_normal(3), [(rng.standard_normal((3, k)), rng.standard_normal((2, k))) for k in (65, 130)]
    z = np.empty((2, 3))
    for row, j in np.ndindex(z.shape):
        total = bias[j]
        for weight, x in terms:
            for start in range(0, weight.shape[1], 64):
                a = np.float64(0)
                for k in range(start, min(start + 64, weight.shape[1])):
                    a = np.float64(CANONICAL64.fma(weight[j, k], x[row, k], a))
                total += a
        z[row, j] = total
    assert same_bits(CANONICAL64.affine(bias, *terms), z)


# bfloat16 -----------------------------------------------------------------------------------------------------------


@settings(max_examples=1000)
@given(st.integers(0, 2**32 - 1))
@example(0x3F808000)
@example(0x3F818000)
@example(0x7F7F8000)
@example(0x7F800001)  # a NaN whose upper half is that of infinity
@example(0xFFFFFFFF)
def test_round_to_bfloat16(pattern):
    x = np.uint32(pattern).view(np.float32)
    got = round_to_bfloat16(x)
    assert got.dtype == np.float32
    if np.isnan(x):
        assert got.view(np.uint32) == (pattern | 0x00400000) & 0xFFFF0000
        return
    assert got.view(np.uint32) & 0xFFFF == 0
    below = pattern & 0xFFFF0000
    rest = pattern & 0xFFFF
    up = rest > 0x8000 or (rest == 0x8000 and below & 0x10000)
    assert got.view(np.uint32) == below + (0x10000 if up else 0)


@pytest.mark.parametrize("array", [1.00390625 + 2.0**-40, np.zeros(3), np.zeros(3, np.float16), [1]])
def test_only_float32_is_rounded_to_bfloat16(array):  # 1.00390625 + 2^-40 is 1.00390625 in float32, a tie, and would end at 1
    with pytest.raises(InvalidArgument, match=rf"array: dtype {np.asarray(array).dtype}, want float32"):
        round_to_bfloat16(array)


def test_every_bfloat16_goes_through_a_file_and_back():
    every = np.arange(2**16, dtype=np.uint16).view(to_bfloat16(np.zeros(1, np.float32)).dtype)
    wide = from_bfloat16(every)
    assert same_bits(round_to_bfloat16(wide), wide)
    config = LSTMConfig(2**14, 1, bias=False, dtype="bfloat16")
    tensors = {"weight_ih_l0": wide.reshape(4, 2**14), "weight_hh_l0": np.zeros((4, 1), np.float32)}
    _, back = model_file.read_model(model_file.dump_model(config, tensors))
    assert same_bits(back["weight_ih_l0"], tensors["weight_ih_l0"])


def make(config, T=3, B=2, seed=1):
    weights = {name: fill(seed, name, e.shape, UNIFORM, config.stored_as(len(e.shape))) for name, e in config.iter_expected()}
    rows = (B, T) if config.batch_first else (T, B)
    inputs = {"x": fill(seed, "x", (*rows, config.input_size), UNIFORM, config.real)}
    inputs |= {f"{s}_0": fill(seed, f"{s}_0", config.expected_state(B, s).shape, UNIFORM, config.real) for s in config.state}
    return weights, inputs


@pytest.mark.parametrize("op", CONFIGS)
def test_bfloat16_is_float32_of_the_widened_weights(op):
    config = CONFIGS[op](5, 7, 2, bidirectional=True, dtype="bfloat16")
    weights, inputs = make(config)
    one, other = forward(config, weights, **inputs), forward(replace(config, dtype="float32"), weights, **inputs)
    assert all(same_bits(a, b) for a, b in zip(one, other, strict=True) if a is not None)


def test_elements_that_are_no_bfloat16_are_refused():
    config = LSTMConfig(3, 2, dtype="bfloat16")
    weights, inputs = make(config)
    weights["weight_hh_l0"].flat[[0, 2, 5]] = [1 + 2.0**-8, 2.0**-140, np.nan]
    words = r"weight_hh_l0: 2 elements that are no bfloat16, want bfloat16 values \(round_to_bfloat16 gives them\)"
    for use in (lambda: forward(config, weights, **inputs), lambda: model_file.dump_model(config, weights)):
        with pytest.raises(InvalidArgument, match=words):
            use()
    forward(config, {n: round_to_bfloat16(w) if w.ndim == 2 else w for n, w in weights.items()}, **inputs)


# All types ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_files(dtype):
    config = LSTMConfig(3, 4, 2, bidirectional=True, proj_size=2, peephole=True, dtype=dtype)
    weights, inputs = make(config)
    data = model_file.dump_model(config, weights)
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    matrix, vector = {"float32": ("F32", "F32"), "float64": ("F64", "F64"), "bfloat16": ("BF16", "F32")}[dtype]
    assert {header[n]["dtype"] for n in weights if len(header[n]["shape"]) == 2} == {matrix}
    assert {header[n]["dtype"] for n in weights if len(header[n]["shape"]) == 1} == {vector}
    assert ("dtype" in json.loads(header["__metadata__"]["lstm_ref"])) == (dtype != "float32")
    back, same = model_file.read_model(data)
    assert back == config
    assert set(same) == set(weights)
    assert all(same_bits(same[name], value) for name, value in weights.items())
    read = model_file.read_inputs(model_file.dump_tensors(inputs), config)
    assert read.x.dtype == config.real
    assert same_bits(read.h_0, inputs["h_0"])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", CONFIGS)
def test_any_batch_and_any_split_give_the_same_bits(op, dtype):
    config = CONFIGS[op](5, 6, 2, dtype=dtype)
    weights, inputs = make(config, T=4, B=3)
    whole = forward(config, weights, **inputs)
    assert {value.dtype for value in whole if value is not None} == {np.dtype(config.real)}
    for b in range(3):
        alone = forward(config, weights, **{name: value[:, b : b + 1] for name, value in inputs.items()})
        assert same_bits(alone.y, whole.y[:, b : b + 1])
    first = forward(config, weights, **inputs | {"x": inputs["x"][:1]})
    states = {f"{s}_0": getattr(first, f"{s}_n") for s in config.state}
    second = forward(config, weights, inputs["x"][1:], **states)
    assert same_bits(np.concatenate([first.y, second.y]), whole.y)
    assert same_bits(second.h_n, whole.h_n)


def test_float64_is_the_more_exact_of_the_two():
    config = LSTMConfig(5, 6, dtype="float64")
    weights, inputs = make(config)
    fine = forward(config, weights, **inputs)
    single = {name: value.astype(np.float32) for name, value in weights.items()}
    coarse = forward(LSTMConfig(5, 6), single, **{name: value.astype(np.float32) for name, value in inputs.items()})
    assert 0 < np.abs(fine.y - coarse.y).max() < 1e-6


@pytest.mark.parametrize(("dtype", "held"), [("float32", np.float64), ("float64", np.float32), ("bfloat16", np.float64)])
def test_arrays_of_another_type_are_refused(dtype, held):
    config = LSTMConfig(3, 2, dtype=dtype)
    weights, inputs = make(config)
    want = np.dtype(config.real)
    for name in inputs:
        with pytest.raises(InvalidArgument, match=f"^{name}: dtype {np.dtype(held)}, want {want}$"):
            forward(config, weights, **inputs | {name: inputs[name].astype(held)})
    with pytest.raises(InvalidArgument, match=f"^weight_hh_l0: dtype {np.dtype(held)}, want {want}$"):
        forward(config, weights | {"weight_hh_l0": weights["weight_hh_l0"].astype(held)}, **inputs)


@pytest.mark.parametrize("op", CONFIGS)
def test_dtype_is_the_last_option_of_every_op(op):
    assert CONFIGS[op].options()[-1] == "dtype"
    for wrong in ("float16", "F64", np.float64, None, 32):
        with pytest.raises(InvalidArgument, match=r'^dtype: .*, want "float32", "float64" or "bfloat16"$'):
            CONFIGS[op](3, 2, dtype=wrong)


def test_a_runner_is_asked_for_its_types_only(tmp_path):
    about = numpy_runner.RUNNER.answer(b'{"cmd": "start", "version": 1}')
    assert tuple(about["dtypes"]) == DTYPES
    assert "dtype" not in about["options"]
    config = LSTMConfig(3, 2, dtype="float64")
    assert not_offered(about, config) is None
    assert not_offered({**about, "dtypes": ["float32"]}, config) == "dtype float64"
    with pytest.raises(Skipped, match="dtype float64 is not offered"):
        replace(numpy_runner.RUNNER, dtypes=("float32",))._check_options(config)


def test_distances_and_digests_of_float64():
    a = np.array([1, 1, -0.0, 0, np.nan, np.nan, 5e-324, np.inf, -np.inf])
    b = np.array([1, np.nextafter(1, 2), 0, 5e-324, np.nan, 1, -5e-324, np.finfo(float).max, np.inf])
    assert ulp_distance(a, b).tolist() == [0, 1, 0, 1, 0, NOT_COMPARABLE, 2, 1, NOT_COMPARABLE - 1]
    assert not same_bits(np.array([0.0]), np.array([-0.0]))
    assert not same_bits(np.array([1.0]), np.array([1], np.float32))
    assert same_bits(np.uint64([0x7FF8 << 48]).view(np.float64), np.uint64([0xFFF0000000000001]).view(np.float64))
    assert digest(np.array([1.0])) != digest(np.array([1], np.float32))
