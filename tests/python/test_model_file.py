"""Files: what is written reads back, what is not a file of ours is refused, nothing is half-written."""

import contextlib
import json
import os
import pickle
import struct

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_ref import model_file
from lstm_ref.config import LSTMConfig
from lstm_ref.errors import InvalidArgument
from lstm_ref.golden.compare import same_bits

CONFIG = LSTMConfig(3, 2, 2, bidirectional=True)


def weights(config: LSTMConfig = CONFIG) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {name: rng.standard_normal(e.shape, np.float32) for name, e in config.iter_expected()}


GOOD = model_file.dump_model(CONFIG, weights())


@pytest.mark.parametrize("config", [CONFIG, LSTMConfig(1, 1, bias=False), LSTMConfig(5, 7, 3, batch_first=True)])
def test_round_trip(config, tmp_path):
    tensors = weights(config)
    path = tmp_path / "model.safetensors"
    model_file.save(path, config, tensors)
    read_config, read = model_file.load(path)
    assert read_config == config
    assert list(read) != []
    assert all(same_bits(read[name], tensors[name]) for name in tensors)
    assert all(array.flags.writeable and array.flags.aligned and array.dtype.isnative for array in read.values())


def test_the_safetensors_library_reads_it_too(tmp_path):
    model_file.save(tmp_path / "m", CONFIG, weights())
    assert all(same_bits(array, weights()[name]) for name, array in safetensors.numpy.load_file(tmp_path / "m").items())


def test_unaligned_data_is_read():
    length = struct.unpack_from("<Q", GOOD)[0]
    shifted = struct.pack("<Q", length + 1) + GOOD[8 : 8 + length] + b" " + GOOD[8 + length :]
    assert all(same_bits(array, weights()[name]) for name, array in model_file.read_model(shifted)[1].items())


def read_or_refuse(data: bytes) -> None:
    with contextlib.suppress(InvalidArgument):  # any other exception fails the test
        model_file.read_model(data)


@settings(max_examples=1500)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=4), st.integers(0, len(GOOD)))
def test_damaged_files_are_read_or_refused(changes, cut):
    damaged = bytearray(GOOD)
    for at, byte in changes:
        damaged[at] = byte
    read_or_refuse(bytes(damaged))
    read_or_refuse(bytes(damaged[:cut]))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.sampled_from(["dtype", "shape"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=1500)
@given(st.dictionaries(st.sampled_from(["__metadata__", "weight_ih_l0", "x"]), json_values, max_size=3))
def test_any_header_is_read_or_refused(header):
    text = json.dumps(header).encode()
    read_or_refuse(struct.pack("<Q", len(text)) + text)


@settings(max_examples=500)
@given(st.sampled_from(sorted(CONFIG.to_json())), json_values)
def test_any_configuration_is_read_or_refused(key, value):
    text = json.dumps({"__metadata__": {"lstm_ref": json.dumps(CONFIG.to_json() | {key: value})}}).encode()
    read_or_refuse(struct.pack("<Q", len(text)) + text)


def test_errors_name_the_path(tmp_path):
    with pytest.raises(InvalidArgument) as error:
        model_file.load(tmp_path / "none")
    assert str(error.value) == f"{tmp_path / 'none'}: file: cannot be read (No such file or directory), want a readable file"
    (tmp_path / "short").write_bytes(b"1234")
    with pytest.raises(InvalidArgument) as error:
        model_file.load(tmp_path / "short")
    assert str(error.value) == f"{tmp_path / 'short'}: file: 4 bytes, want at least 8 (the header length)"


def test_errors_survive_pickling():
    error = pickle.loads(pickle.dumps(InvalidArgument("x", "rank 2", "3 (T, B, I)")))
    assert (str(error), error.parameter) == ("x: rank 2, want 3 (T, B, I)", "x")


def test_a_wrong_model_is_not_written(tmp_path):
    bad = weights() | {"weight_hh_l0": np.zeros((8, 3), np.float32)}
    with pytest.raises(InvalidArgument, match=r"weight_hh_l0: shape \(8, 3\), want \(4\*H, H\) = \(8, 2\)"):
        model_file.save(tmp_path / "m", CONFIG, bad)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_half_written(tmp_path, monkeypatch):
    path = tmp_path / "m"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InvalidArgument) as error:
        model_file.save(path, CONFIG, weights())
    assert str(error.value) == f"{path}: file: cannot be written (No space left on device), want a writable file"
    assert [p.name for p in tmp_path.iterdir()] == ["m"]
    assert path.read_bytes() == b"old"


def test_written_files_have_ordinary_permissions(tmp_path):
    previous = os.umask(0o022)
    try:
        model_file.save(tmp_path / "m", CONFIG, weights())
    finally:
        os.umask(previous)
    assert (tmp_path / "m").stat().st_mode & 0o777 == 0o644


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to("target")
    model_file.save(tmp_path / "link", CONFIG, weights())
    assert (tmp_path / "link").is_symlink()
    assert model_file.load(tmp_path / "target")[0] == CONFIG


def test_a_device_is_written_to_and_stays():
    model_file.write_atomic(os.devnull, b"1")
    assert not os.path.isfile(os.devnull)


@pytest.mark.parametrize("path", ["a\0b", "/nowhere/m", "."])
def test_what_cannot_be_written_is_said(path):
    with pytest.raises(InvalidArgument, match=r"file: cannot be written \(.*\), want a writable file$"):
        model_file.save(path, CONFIG, weights())
