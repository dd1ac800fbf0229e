"""Training runs of the C++ engine as Python asks for them (spec/variants.md, section 8): a seed or masks by keyword."""

import numpy as np
import pytest
from engine_arrays import assert_same_bits
from test_variants import inputs, weights

import lstm_ref
from lstm_ref import native
from lstm_ref.config import GRUConfig, LSTMConfig, RNNConfig
from lstm_ref.errors import InvalidArgument
from lstm_ref.reference import CANONICAL32, forward
from lstm_ref.reference.masks import masks_of_seed

pytestmark = pytest.mark.usefixtures("binding")

RATES = {"recurrent_dropout": 0.25, "zoneout_h": 0.125, "dropout": 0.5}
CONFIGS = [
    LSTMConfig(3, 19, 2, candidate_dropout=0.5, zoneout_c=0.25, layer_norm="gate", cell_norm="state", **RATES),
    LSTMConfig(3, 19, 3, True, True, True, proj_size=7, hidden_norm=True, **RATES),
    GRUConfig(3, 19, 2, reset_after=False, layer_norm="separate", **RATES),
    RNNConfig(3, 19, 2, False, False, True, **RATES),
]


def arrays(y, state):
    return [y, *(state if isinstance(state, tuple) else (state,))]


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("lengths", [None, [4, 0, 2]])
def test_a_training_run_has_the_bits_of_the_reference(config, lengths):
    network = native.CLASSES[config.op].from_tensors(config, weights(config), num_threads=2)
    x, *states = inputs(config)
    state = tuple(states) if "c" in config.state else states[0]
    masks = masks_of_seed(CANONICAL32, config, 5, 4, 3)
    spread = {name: np.repeat(value, 2, axis=-1)[..., ::2] for name, value in reversed(masks.items())}  # in any order and layout
    given = {} if lengths is None else {"lengths": np.array(lengths)}
    wanted_trace = {}
    wanted = [a for a in forward(config, weights(config), x, *states, **given, seed=5, trace=wanted_trace) if a is not None]
    for training in ({"seed": 5}, {"seed": np.int64(5)}, {"masks": masks}, {"masks": spread}):
        trace = {}
        for got in (network(x, state, lengths, **training), network(x, state, lengths, **training, trace=trace)):
            for a, b in zip(arrays(*got), wanted, strict=True):
                assert_same_bits(a, b)
        for name, value in wanted_trace.items():
            assert_same_bits(trace[name], value)
    assert not np.array_equal(network(x, state, lengths)[0], wanted[0])  # evaluation
    assert not np.array_equal(network(x, state, lengths, seed=6)[0], wanted[0])


def test_what_a_training_run_refuses():
    config = CONFIGS[0]
    network, x = native.LSTM.from_tensors(config, weights(config)), inputs(config)[0]
    masks = masks_of_seed(CANONICAL32, config, 5, 4, 3)
    y = np.empty((4, 3, 19), np.float32)

    def error(*, on=network, **arguments):
        with pytest.raises(InvalidArgument) as caught:
            on(x, **arguments)
        return str(caught.value)

    assert error(seed=-1) == "seed[0]: -1, want an integer of at least 0"
    assert error(seed=0.5) == "seed: dtype float64, want int64"
    assert error(seed=5, masks=masks) == "seed: given with masks, want a seed or masks"
    assert error(masks=[]) == "masks: an array, want a mapping of names to arrays"
    assert error(masks={**masks, "keep_c_l1": None}).startswith("keep_c_l1: ")
    part = {name: value for name, value in masks.items() if name != "mask_candidate_l1"}
    assert error(masks=part) == "mask_candidate_l1: missing, want (T, B, H) = (4, 3, 19)"
    assert error(masks={**masks, "keep_c_l1": y.astype(float)}) == "keep_c_l1: dtype float64, want float32"
    assert error(masks={**masks, "keep_c_l1": y[1:]}) == "keep_c_l1: shape (3, 3, 19), want (T, B, H) = (4, 3, 19)"
    assert error(masks={**masks, "extra": y}) == "extra: unexpected tensor, want only x, h_0, c_0, lengths, seed, masks"
    assert error(masks={**masks, "mask_y_l0": y}, out=y) == "out: overlaps mask_y_l0, want memory of its own"
    plain = lstm_ref.LSTM(3, 4)
    assert error(on=plain, seed=1) == "seed: unexpected tensor, want only x, h_0, c_0, lengths"
    assert error(on=plain, masks=masks).endswith(": unexpected tensor, want only x, h_0, c_0, lengths")


def test_a_stream_evaluates():
    config = CONFIGS[0]
    network, (x, *state) = native.LSTM.from_tensors(config, weights(config)), inputs(config)
    y, final = network(x, tuple(state))
    stream = network.stream(3, tuple(state))
    assert_same_bits(np.stack([stream.step(x_t).copy() for x_t in x]), y)
    for got, wanted in zip(stream.state, final, strict=True):
        assert_same_bits(got, wanted)


def test_a_new_network_normalises_with_gains_of_1_and_shifts_of_0():
    network = lstm_ref.LSTM(3, 5, layer_norm="separate", cell_norm="output", hidden_norm=True)
    norms = {name: set(value) for name, value in network.state_dict().items() if "_norm_" in name}
    assert len(norms) == 8
    assert all(values == {1.0 if name.startswith("weight") else 0.0} for name, values in norms.items())
