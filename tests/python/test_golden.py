"""The vectors themselves: complete, current, discriminating."""

import json
from collections import Counter

import numpy as np
import pytest
from conftest import ROOT
from jsonschema import Draft202012Validator

from lstm_ref import model_file
from lstm_ref.errors import InvalidArgument
from lstm_ref.golden import cases, generate, mutants
from lstm_ref.golden.compare import NOT_COMPARABLE, digest, same_bits, ulp_distance
from lstm_ref.golden.manifest import load
from lstm_ref.reference import forward

SCHEMA = json.loads((ROOT / "tests" / "golden" / "manifest.schema.json").read_text(encoding="utf-8"))


def test_manifest_fits_its_schema():
    Draft202012Validator.check_schema(SCHEMA)
    manifest = json.loads((ROOT / "tests" / "golden" / "manifest.json").read_text(encoding="utf-8"))
    Draft202012Validator(SCHEMA).validate(manifest)


def test_the_example_in_the_spec_fits_the_schema():
    text = (ROOT / "spec" / "vectors.md").read_text(encoding="utf-8")
    Draft202012Validator(SCHEMA).validate(json.loads(text.split("```json manifest\n")[1].split("```")[0]))


def test_enough_cases(golden):
    assert sum(case.stored for case in golden.valid) >= 60
    assert sum(not case.stored for case in golden.valid) >= 400
    assert len(golden.valid) >= 2000
    assert {case.config.hidden_size for case in golden.valid} >= {*cases.SIZES, 1024}
    assert {case.config.input_size for case in golden.valid} >= {*cases.SIZES, 1024}
    assert max(case.T for case in golden.valid) >= 200
    assert max(case.B for case in golden.valid) >= 33
    used = {flag for case in golden.valid for flag in case.flags}
    assert used == set(golden.notes)


def test_stored_files_are_the_generated_case(golden):
    for case in (case for case in golden.valid if case.stored):
        weights, inputs = case.tensors()
        folder = golden.root / "valid" / case.id
        config, stored = model_file.load(folder / "model.safetensors")
        assert config == case.config
        assert all(same_bits(stored[name], value) for name, value in weights.items())
        read = model_file.read_inputs(model_file.read_bytes(folder / "inputs.safetensors"), config)
        assert all(same_bits(getattr(read, name), value) for name, value in inputs.items() if name not in ("lengths", "seed"))
        assert read.seed == inputs.get("seed")
        expected = golden.stored(case)
        assert {name: digest(expected[name]) for name in config.outputs()} == case.digest


def test_reference_gives_the_digests(golden):
    for case in golden.valid:
        weights, inputs = case.tensors()
        outputs = forward(case.config, weights, **inputs).named(case.config)
        assert {name: digest(value) for name, value in outputs.items()} == case.digest, case.id


def test_invalid_files_are_refused_word_for_word(golden):
    def read(case):
        config, _ = model_file.read_model(model_file.read_bytes(golden.root / case.model))
        model_file.read_inputs(model_file.read_bytes(golden.root / case.inputs), config)

    for case in golden.invalid:
        with pytest.raises(InvalidArgument) as error:
            read(case)
        assert str(error.value) == case.error, case.id


def test_every_mutant_is_killed(golden):
    verdicts = list(mutants.mutation_score(golden.valid))
    survivors = [verdict.mutant.name for verdict in verdicts if verdict.killed_by is None]
    assert survivors == []
    assert len(verdicts) >= 120
    killed = Counter(verdict.mutant.flag for verdict in verdicts)
    for flag in ("PROJECTION", "PEEPHOLE", "COUPLED", "CLIP", "RESET_MODE", "PLAIN_RNN", "ACTIVATION"):
        assert killed[flag] >= 5, flag
    assert sum(verdict.mutant.name.startswith("gate order") for verdict in verdicts) == 23


def test_the_right_reference_is_no_mutant(golden):
    right = mutants.Mutant(
        "none", "GATE_ORDER", lambda config, weights, inputs: forward(config, weights, **inputs), lambda c: True
    )
    assert not any(mutants.notices(case, right) for case in golden.valid if case.stored)


def test_a_mutant_is_judged_by_what_it_concerns(golden):
    """A fault of a GRU is not noticed by an LSTM, however wrong its outputs there."""
    wrong = mutants.Mutant("none", "BIAS", lambda c, w, i: [np.float32(7)] * 3, lambda c: c.op == "gru")
    noticed = {case.op for case in golden.valid if mutants.notices(case, wrong)}
    assert noticed == {"gru"}


def test_check_names_what_differs(tmp_path, monkeypatch):
    some = [case for case in cases.all_cases() if case.id in ("one-unit", "size-i1-h1")]
    monkeypatch.setattr(generate, "all_cases", lambda: some)
    generate.write(tmp_path)
    assert generate.check(tmp_path) == []
    (tmp_path / "valid" / "one-unit" / "inputs.safetensors").write_bytes(b"")
    (tmp_path / "valid" / "one-unit" / "model.safetensors").unlink()
    (tmp_path / "stray").write_bytes(b"")
    assert sorted(generate.check(tmp_path)) == [
        "stray: not written by the generator",
        "valid/one-unit/inputs.safetensors: differs",
        "valid/one-unit/model.safetensors: missing",
    ]


def test_missing_manifest(tmp_path):
    with pytest.raises(InvalidArgument, match="want a readable file"):
        load(tmp_path)


def test_ulp_distance():
    f = np.float32
    a = f([1, 1, -0.0, 0, np.nan, np.nan, 1e-45, np.inf])
    b = f([1, np.nextafter(f(1), f(2)), 0, 1e-45, np.nan, 1, -1e-45, np.finfo(f).max])
    assert ulp_distance(a, b).tolist() == [0, 1, 0, 1, 0, NOT_COMPARABLE, 2, 1]
    assert not same_bits(f([0.0]), f([-0.0]))
    assert same_bits(np.uint32([0x7FC00000]).view(f), np.uint32([0xFFC12345]).view(f))
    assert not same_bits(f([1]), f([[1]]))
