"""`lstm-ref`: exit statuses, files it writes, and that bad usage is refused before any work is done."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from typer.testing import CliRunner

from lstm_ref.cli import app
from lstm_ref.conformance import accuracy, registry
from lstm_ref.conformance.markers import Block
from lstm_ref.errors import InvalidArgument
from lstm_ref.golden.manifest import load

QUICK = ("--filter", "step")  # a family of small cases
BROKEN = f"{shlex.quote(sys.executable)} -c 'import sys; sys.exit(5)'"
LIAR = f"""{shlex.quote(sys.executable)} -c '
import sys
sys.path.insert(0, {json.dumps(str(registry.PACKAGE.parent))})
from lstm_ref.conformance.runners.numpy_runner import reference, forward, RUNNER, serve
import dataclasses, numpy
def wrong(config, tensors, inputs, trace):
    y, h_n, c_n = forward(config, tensors, inputs, trace)
    return y, numpy.nextafter(h_n, numpy.float32(9)), c_n
serve(dataclasses.replace(RUNNER, implementation="liar", forward=wrong))
'"""


def lstm_ref(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(autouse=True)
def not_ci(monkeypatch):
    monkeypatch.delenv("CI", raising=False)


def test_verify_passes_and_writes_its_results(tmp_path):
    report, readme = tmp_path / "r.json", tmp_path / "README.md"
    readme.write_text("# Head\n<!-- matrix -->\nold\n<!-- /matrix -->\ntail\n")
    result = lstm_ref("verify", "--impl", "numpy", *QUICK, "--json", report, "--markdown", readme)
    assert result.exit_code == 0, result.output
    assert "passed: 1 implementation, 1 bit-exact on every case" in result.output
    data = json.loads(report.read_text())
    assert data["passed"]
    assert {case["status"] for case in data["rows"][0]["valid"]} == {"exact"}
    text = readme.read_text()
    assert text.startswith("# Head\n<!-- matrix -->\n\n| implementation |")
    assert text.endswith("|\n\n<!-- /matrix -->\ntail\n")
    assert "`numpy`" in text
    assert "old" not in text
    lstm_ref("verify", "--impl", "numpy", *QUICK, "--markdown", readme)
    assert readme.read_text() == text


def test_verify_fails_on_a_wrong_and_on_a_broken_runner():
    result = lstm_ref("verify", "--impl", "numpy", "--runner", LIAR, *QUICK)
    assert result.exit_code == 1
    assert re.search(r"FAIL .*h_n\[l0, b=0, unit 0\]: 0x[0-9a-f]{8} want 0x[0-9a-f]{8}, 1 ulp", result.output.replace("\n", " "))
    assert "FAILED: " in result.output
    result = lstm_ref("verify", "--impl", "numpy", "--runner", BROKEN, *QUICK)
    assert result.exit_code == 1
    assert "BROKEN: died with status 5" in result.output.replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--impl", "fortran"), "lstm-ref: impl: fortran, want one of numpy, cpp-baseline, "),
        (("--filter", "no-such-case"), "lstm-ref: filter: no-such-case, want the id, the family or a flag of some case"),
        (("--golden", "/nowhere"), "lstm-ref: /nowhere/manifest.json: file: cannot be read (No such file or directory)"),
        (("--json", "/no/such/folder/r.json"), "lstm-ref: json: /no/such/folder/r.json, want a file in a folder that exists"),
        (("--markdown", "/no/such/file.md"), "lstm-ref: /no/such/file.md: file: cannot be read"),
        (("--runner", "'"), "lstm-ref: runner: ' (No closing quotation), want a command"),
        (("--timeout", "0"), "--timeout"),
        (("--timeout", "86401"), "--timeout"),
        (("--timeout", "inf"), "--timeout"),
        (("--timeout", "nan"), "timeout"),
        (("--markdown", "/dev/null"), "lstm-ref: /dev/null: file: a directory or device, want a regular file"),
        (("--frobnicate",), "--frobnicate"),
    ],
    ids=str,
)
def test_wrong_usage_ends_with_status_2_before_the_run(arguments, words):
    result = lstm_ref("verify", "--impl", "numpy", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "implementations," not in result.stdout


def test_a_missing_implementation_is_loud_and_a_failure_when_strict(monkeypatch):
    numpy = registry.implementations()[0]
    ghost = registry.Implementation("ghost", missing="not built")
    monkeypatch.setattr(registry, "implementations", lambda: [numpy, ghost])
    result = lstm_ref("verify", *QUICK)
    assert result.exit_code == 0
    assert "missing: not built" in result.output
    assert "not tried: ghost" in result.output
    assert lstm_ref("verify", *QUICK, "--strict").exit_code == 1
    assert lstm_ref("verify", *QUICK, "--impl", "numpy", "--impl", "ghost").exit_code == 1
    monkeypatch.setenv("CI", "true")
    result = lstm_ref("verify", *QUICK)
    assert result.exit_code == 1
    assert "FAILED: ghost" in result.output
    assert lstm_ref("verify", *QUICK, "--no-strict").exit_code == 0


def test_markers(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("<!-- /x --> <!-- x -->")
    with pytest.raises(InvalidArgument, match=re.escape("a.md: file: no markers, want <!-- x --> and, after it, <!-- /x -->")):
        Block(path, "x")


def test_markdown_that_cannot_be_written_is_refused_before_the_run(tmp_path, monkeypatch):
    path = tmp_path / "a.md"
    path.write_bytes(b"<!-- matrix --><!-- /matrix -->\xff")
    result = lstm_ref("verify", "--impl", "numpy", "--markdown", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "a.md: file: byte 31 is not UTF-8, want a text file in UTF-8" in result.stderr
    path.write_bytes(b"<!-- matrix --><!-- /matrix -->")
    monkeypatch.setattr("os.access", lambda path, mode, **_: mode != os.W_OK)
    result = lstm_ref("verify", "--impl", "numpy", "--markdown", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "lstm-ref: markdown: " in result.stderr


def program(*arguments, **options):
    """`lstm-ref` as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(registry.PACKAGE.parent), "CI": "", **options}
    command = [sys.executable, "-m", "lstm_ref", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def test_json_to_a_device_is_written_in_place():
    process = program("verify", "--impl", "numpy", *QUICK, "--json", "/dev/stdout")
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert json.loads(output[output.index(b"{") : output.rindex(b"}") + 1])["passed"]


def test_lone_surrogates_in_the_texts_of_a_runner_are_escaped(tmp_path):
    liar = LIAR.replace('implementation="liar"', 'name="li\\udc80ar"')
    path, readme = tmp_path / "r.json", tmp_path / "a.md"
    readme.write_text("<!-- matrix --><!-- /matrix -->")
    process = program("verify", "--impl", "numpy", "--runner", liar, *QUICK, "--json", path, "--markdown", readme)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (1, b"")
    assert rb"li\udc80ar" in output
    assert "`li\\udc80ar`" in readme.read_text()
    assert json.loads(path.read_bytes())["rows"][1]["name"] == "li\udc80ar"


def test_sigterm_cleans_up_as_an_interrupt_does(tmp_path):
    sleeper = f"{shlex.quote(sys.executable)} -c 'import time; time.sleep(60)'"
    process = program("verify", "--impl", "numpy", "--runner", sleeper, *QUICK, TMPDIR=str(tmp_path))
    give_up = time.monotonic() + 30
    while not list(tmp_path.glob("lstm-ref-verify-*/smoke.model.safetensors")) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert list(tmp_path.iterdir())
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode not in (0, -signal.SIGTERM)
    assert not list(tmp_path.iterdir())


def change_id(data):
    data["valid"][0]["id"] = "../up"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(version=2), "version: 2, want 1"),
        (lambda d: d.update(version=True), "version: true, want 1"),
        (lambda d: d["valid"][0].update(op="mlp"), 'one-unit: op: "mlp", want one of lstm, gru, rnn'),
        (lambda d: d["valid"][0]["config"].update(peephole=3), "one-unit: peephole: 3, want true or false"),
        (lambda d: d["valid"].append(d["valid"][0]), "one-unit: duplicate id, want one"),
        (lambda d: d["invalid"].append(d["invalid"][0]), "bad: duplicate id, want one"),
        (change_id, 'id: "../up", want lower-case words and digits'),
        (lambda d: d["valid"][0]["dims"].update(T=1.5), "one-unit: dims.T: a number, want an integer >= 0"),
        (lambda d: d["valid"][0]["dims"].update(B=-1), "one-unit: dims.B: -1, want an integer >= 0"),
        (lambda d: d["valid"][0].update(seed=2**53), "one-unit: seed: a number, want an integer from 0 to 2^53 - 1"),
        (lambda d: d["valid"][0].update(lengths=[10**30]), "one-unit: lengths: an array, want B integers from 0 to T"),
        (lambda d: d["valid"][0].update(fills={"x": {"kind": "normal"}}), "one-unit: fills.x: an object, want a fill of spec N8"),
        (lambda d: d["valid"][0].update(fills={"x": {"kind": "wide", "lo": 1}}), "one-unit: fills.x: an object, want a fill"),
        (lambda d: d["valid"][0]["digest"].update(y="0" * 63), "one-unit: digest.y: "),
        (lambda d: d["valid"][0].update(fills=3), "one-unit: malformed (AttributeError: "),
        (lambda d: d["valid"][0].update(stored=True), "one-unit: model.safetensors: no such file, want a file in "),
        (lambda d: d["invalid"][0].update(model="none"), "bad: none: no such file, want a file in "),
        (lambda d: d["invalid"][0].update(inputs="none"), "bad: none: no such file, want a file in "),
        (lambda d: d.update(valid=[[]]), "malformed (TypeError: "),
    ],
)
def test_a_bad_manifest_is_refused(tmp_path, change, words):
    good = next(case for case in load().valid if case.id == "one-unit")
    (tmp_path / "bad.safetensors").touch()
    invalid = {"id": "bad", "comment": "empty", "model": "bad.safetensors", "inputs": None, "error": "e"}
    data = {"version": 1, "notes": {}, "valid": [good.to_json() | {"stored": False}], "invalid": [invalid]}
    (tmp_path / "manifest.json").write_text(json.dumps(data))
    assert load(tmp_path).valid[0].id == "one-unit"
    data = json.loads(json.dumps(data))
    change(data)
    (tmp_path / "manifest.json").write_text(json.dumps(data))
    with pytest.raises(InvalidArgument, match=re.escape(words)):
        load(tmp_path)


@pytest.mark.parametrize(
    "text", ["[" * 200_000, "3", "{", '{"version": 1, "notes": {}, "valid": 3, "invalid": []}'], ids=lambda t: t[:9]
)
def test_a_manifest_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(InvalidArgument, match=r"manifest\.json: malformed \("):
        load(tmp_path)


def test_info_names_every_implementation():
    result = lstm_ref("info")
    assert result.exit_code == 0
    assert all(name in result.output for name in ("lstm_ref", "numpy", "cpp-avx512", "python", "go-pure", "torch-nn"))


def test_golden_needs_an_option():
    result = lstm_ref("golden")
    assert result.exit_code == 2
    assert "golden: no option, want --write, --check or --mutants" in result.stderr


def test_accuracy_table(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("<!-- accuracy --><!-- /accuracy -->")
    result = lstm_ref("accuracy", *QUICK, "--markdown", path)
    assert result.exit_code == 0, result.output
    assert path.read_text().splitlines()[2].startswith("| family | cases | largest error | of torch.nn.LSTM | ratio |")
    assert lstm_ref("accuracy", "--filter", "invalid").exit_code == 2


def test_every_family_is_as_accurate_as_torch():
    families = accuracy.measure(accuracy.finite(load().valid))
    assert len(families) > 5
    assert sum(family.cases for family in families) > 400
    for family in families:
        assert max(family.ratios) <= accuracy.LIMIT, (family.name, family.ratios)


def test_errors_are_measured_over_all_elements():
    error = accuracy.Error()
    error.add((np.float32([1, 2]),), (np.float64([1, 2.5]),))
    error.add((np.float32([[4]]),), (np.float64([[3]]),))
    assert error.largest == 1
    assert error.rms == pytest.approx((1.25 / 3) ** 0.5)
    error.add((np.float32([np.nan]),), (np.float64([3]),))
    assert np.isnan(error.largest)
    family = accuracy.Family("f", 1, error, accuracy.Error(1, 1, 1))
    assert not family.passed
