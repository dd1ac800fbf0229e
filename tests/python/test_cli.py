"""`lstm-ref`: exit statuses, files it writes, and that bad usage is refused before any work is done."""

import json
import re
import shlex
import sys

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


def test_info_names_every_implementation():
    result = lstm_ref("info")
    assert result.exit_code == 0
    assert all(name in result.output for name in ("lstm_ref", "numpy", "cpp-avx512", "python", "go-pure", "torch-nn"))


def test_golden_needs_an_option():
    result = lstm_ref("golden")
    assert result.exit_code == 2
    assert "golden: no option, want --write, --check or --mutants" in result.stderr


def test_accuracy_table(tmp_path):
    pytest.importorskip("torch")
    path = tmp_path / "a.md"
    path.write_text("<!-- accuracy --><!-- /accuracy -->")
    result = lstm_ref("accuracy", *QUICK, "--markdown", path)
    assert result.exit_code == 0, result.output
    assert path.read_text().splitlines()[2].startswith("| family | cases | largest error | of torch.nn.LSTM | ratio |")
    assert lstm_ref("accuracy", "--filter", "invalid").exit_code == 2


def test_every_family_is_as_accurate_as_torch():
    pytest.importorskip("torch")
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
