"""Dropout, zoneout, and masks from a seed (spec N14; spec/variants.md, section 8)."""

from dataclasses import replace

import numpy as np
import pytest

from lstm_ref.config import GRUConfig, LSTMConfig, RNNConfig
from lstm_ref.errors import InvalidArgument
from lstm_ref.golden.compare import same_bits
from lstm_ref.reference import CANONICAL32, dropout_mask, forward, masks_of_seed
from lstm_ref.reference.masks import zoneout_mask

RATES = {"recurrent_dropout": 0.25, "candidate_dropout": 0.5, "zoneout_h": 0.25, "zoneout_c": 0.125, "dropout": 0.5}
LSTM = LSTMConfig(3, 5, 2, bidirectional=True, proj_size=4, **RATES)
GRU = GRUConfig(3, 5, 2, **{key: rate for key, rate in RATES.items() if key != "zoneout_c"})
RNN = RNNConfig(3, 5, 2, recurrent_dropout=0.25, zoneout_h=0.25, dropout=0.5)
CONFIGS = pytest.mark.parametrize("config", [LSTM, GRU, RNN], ids=lambda config: config.op)


def weights(config):
    rng = np.random.default_rng(1)
    return {name: (rng.standard_normal(e.shape) * 0.5).astype(np.float32) for name, e in config.iter_expected()}


def inputs(config, T=4, B=3):
    rng = np.random.default_rng(2)
    return {"x": rng.standard_normal((T, B, 3)).astype(np.float32)} | {
        f"{name}_0": rng.standard_normal(config.expected_state(B, name).shape).astype(np.float32) for name in config.state
    }


@CONFIGS
def test_a_seed_is_its_masks(config):
    given = inputs(config)
    by_seed = forward(config, weights(config), **given, seed=11)
    by_masks = forward(config, weights(config), **given, masks=masks_of_seed(CANONICAL32, config, 11, 4, 3))
    assert all(a is None or same_bits(a, b) for a, b in zip(by_seed, by_masks, strict=True))
    other = forward(config, weights(config), **given, seed=12)
    assert not same_bits(by_seed.y, other.y)
    assert same_bits(forward(config, weights(config), **given, seed=11).y, by_seed.y)


@CONFIGS
def test_masks_that_change_nothing(config):
    """All of it passes, nothing is kept: the network without these options."""
    given = inputs(config)
    masks = {name: np.full(mask.expected.shape, not mask.keeps, np.float32) for name, mask in config.iter_masks(4, 3)}
    plain = replace(config, **dict.fromkeys(set(RATES) & set(config.options()), 0.0))
    want = forward(plain, weights(config), **given)
    for got in (forward(config, weights(config), **given, masks=masks),):
        assert all(a is None or same_bits(a, b) for a, b in zip(want, got, strict=True))


def test_evaluation_without_zoneout_is_the_plain_network():
    config = replace(LSTM, zoneout_h=0.0, zoneout_c=0.0)
    plain = LSTMConfig(3, 5, 2, bidirectional=True, proj_size=4)
    assert same_bits(forward(config, weights(config), **inputs(config)).y, forward(plain, weights(plain), **inputs(plain)).y)


def test_zoneout_that_keeps_all():
    """keep = 1 keeps a finite state bit for bit; keep = 0 leaves no trace of it."""
    given = inputs(LSTM)
    keep = {name: np.full(mask.expected.shape, 1, np.float32) for name, mask in LSTM.iter_masks(4, 3)}
    result = forward(LSTM, weights(LSTM), **given, masks=keep)
    assert same_bits(result.h_n, given["h_0"])
    assert same_bits(result.c_n, given["c_0"])


@CONFIGS
def test_ragged_rows_read_only_their_own_part_of_the_masks(config):
    given = inputs(config)
    masks = masks_of_seed(CANONICAL32, config, 3, 4, 3)
    lengths = np.array([4, 0, 2])
    want = forward(config, weights(config), **given, lengths=lengths, masks=masks)
    beyond = np.arange(4)[:, None] >= lengths
    for name, mask in masks.items():
        if not name.startswith("mask_h"):
            mask[beyond] = np.nan
    got = forward(config, weights(config), **given, lengths=lengths, masks=masks)
    assert all(a is None or same_bits(a, b) for a, b in zip(want, got, strict=True))
    alone = {name: mask[2:] if name.startswith("mask_h") else mask[:2, 2:] for name, mask in masks.items()}
    row = {name: value[:2, 2:] if name == "x" else value[:, 2:] for name, value in given.items()}
    assert same_bits(forward(config, weights(config), **row, masks=alone).h_n, want.h_n[:, 2:])


def test_as_many_are_hit_as_the_rate_says():
    for rate in (0.001, 0.25, 0.5, 0.999):
        rate = float(np.float32(rate))
        mask = dropout_mask(CANONICAL32, 1, "mask_y_l0", (100000,), rate)
        assert abs((mask == 0).mean() - rate) < 0.006
        assert set(np.unique(mask)) == {0, CANONICAL32.div(np.float32(1), np.float32(1) - np.float32(rate))}
        assert set(np.unique(zoneout_mask(CANONICAL32, 1, "keep_h_l0", (100000,), rate))) == {0, 1}


def test_each_mask_has_numbers_of_its_own():
    masks = masks_of_seed(CANONICAL32, replace(LSTM, hidden_size=64, proj_size=0), 5, 6, 7)
    patterns = [mask.ravel()[:400] == 0 for mask in masks.values()]
    for n, one in enumerate(patterns):
        assert all((one != other).any() for other in patterns[:n])


def test_the_masks_of_a_configuration():
    assert {name: str(mask.expected) for name, mask in LSTM.iter_masks(4, 3)} == {
        **{f"{name}_{suffix}": text for suffix in ("l0", "l0_reverse", "l1", "l1_reverse") for name, text in (
            ("mask_h", "(B, R) = (3, 4)"), ("mask_candidate", "(T, B, H) = (4, 3, 5)"),
            ("keep_h", "(T, B, R) = (4, 3, 4)"), ("keep_c", "(T, B, H) = (4, 3, 5)"))},
        "mask_y_l0": "(T, B, D*R) = (4, 3, 8)",
    }  # fmt: skip
    assert dict(LSTMConfig(3, 4).iter_masks(1, 1)) == {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"seed": -1}, "seed[0]: -1, want an integer of at least 0"),
        ({"seed": 2**63}, "seed[0]: 9223372036854775808, want an integer below 2^63"),
        ({"seed": np.uint64(2**63)}, "seed[0]: 9223372036854775808, want an integer below 2^63"),
        ({"seed": np.array(2**63, np.uint64)}, "seed[0]: 9223372036854775808, want an integer below 2^63"),
        ({"seed": [1, 2]}, "seed: shape (2,), want (1,) = (1,)"),
        ({"seed": 1.0}, "seed: dtype float64, want int64"),
        ({"masks": {"mask": np.ones(1, np.float32)}}, "mask: unexpected tensor, want only x, h_0, lengths, seed, masks"),
        ({"masks": {"mask_y_l0": np.ones((4, 3, 5), np.float32)}}, "mask_h_l0: missing, want (B, H) = (3, 5)"),
        ({"seed": 1, "masks": {"mask_y_l0": np.ones((4, 3, 5), np.float32)}}, "seed: given with masks, want a seed or masks"),
    ],
)
def test_refusals(given, words):
    with pytest.raises(InvalidArgument) as error:
        forward(RNN, weights(RNN), **inputs(RNN), **given)
    assert str(error.value) == words


def test_a_seed_where_nothing_is_random():
    config = LSTMConfig(3, 4)
    with pytest.raises(InvalidArgument, match=r"^seed: unexpected tensor, want only x, h_0, c_0, lengths$"):
        forward(config, weights(config), **inputs(config), seed=1)
