"""The runner protocol from both sides: what our runners answer, and what `verify` makes of runners that misbehave."""

import io
import json
import re
import shlex
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from lstm_ref import model_file, reference
from lstm_ref.config import GRUConfig, LSTMConfig, RNNConfig
from lstm_ref.conformance import divergence, registry, report, results
from lstm_ref.conformance.client import Broken, RunnerProcess
from lstm_ref.conformance.divergence import first_divergence
from lstm_ref.conformance.protocol import Skipped, answer_lines
from lstm_ref.conformance.runners import numpy_runner
from lstm_ref.conformance.verify import select, verify
from lstm_ref.errors import InvalidArgument
from lstm_ref.golden.compare import digest
from lstm_ref.golden.manifest import Case, InvalidCase, Manifest

SPEC = Path(__file__).parents[2] / "spec"
UNIFORM = {"kind": "uniform", "exponent": 0}
FILLS = dict.fromkeys(("weight", "bias", "x", "state"), UNIFORM)


# The specification ---------------------------------------------------------------------------------------------------


def spec_blocks(kind):
    return re.findall(rf"^```json {kind}\n(.*?)^```", (SPEC / "runner.md").read_text(), re.MULTILINE | re.DOTALL)


def validate(kind, value):
    schema = json.loads((SPEC / "runner.schema.json").read_text())
    jsonschema.validate(value, {"$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]})


@pytest.mark.parametrize(("kind", "at_least"), [("request", 3), ("response", 6)])
def test_messages_in_the_spec_fit_the_schema(kind, at_least):
    blocks = spec_blocks(kind)
    assert len(blocks) >= at_least
    for block in blocks:
        validate(kind, json.loads(block))


def test_the_schema_refuses_what_is_not_a_message():
    for wrong in (
        {},
        {"seq": 1},
        {"seq": 1, "outputs": "relative"},
        {"seq": 1, "outputs": "/a", "error": "b"},
        {"stopped": False},
    ):
        with pytest.raises(jsonschema.ValidationError):
            validate("response", wrong)


# The serving side ----------------------------------------------------------------------------------------------------


def converse(runner, *lines):
    answers = io.BytesIO()
    answer_lines(runner, io.BytesIO(b"".join(lines)), answers)
    return [json.loads(line) for line in answers.getvalue().splitlines()]


@pytest.fixture
def files(tmp_path):
    """model, inputs and outputs paths of a small valid case."""
    config = LSTMConfig(1, 1, bias=False)
    weights = {name: np.ones(e.shape, np.float32) for name, e in config.expected_tensors().items()}
    paths = {key: str(tmp_path / f"{key}.safetensors") for key in ("model", "inputs", "outputs")}
    Path(paths["model"]).write_bytes(model_file.dump_model(config, weights))
    Path(paths["inputs"]).write_bytes(model_file.dump_tensors({"x": np.ones((2, 1, 1), np.float32)}))
    return paths


def run_request(files, **changes):
    request = {"cmd": "run", "seq": 1, "case": "c", "op": "lstm", **files, **changes}
    return json.dumps({key: value for key, value in request.items() if value is not ...}).encode() + b"\n"


def test_start_run_stop(files):
    start, run, stop = converse(
        numpy_runner.RUNNER,
        b'{"cmd": "start", "version": 1}\n',
        run_request(files, trace=True),
        b'{"cmd": "stop"}\n',
        b"unread\n",
    )
    for answer in (start, run, stop):
        validate("response", answer)
    assert (start["implementation"], start["claim"], start["trace"]) == ("numpy", "bit-exact", True)
    assert run == {"seq": 1, "outputs": files["outputs"]}
    assert stop == {"stopped": True}
    names = set(model_file.read_tensors(Path(files["outputs"]).read_bytes()))
    assert names == {"y", "h_n", "c_n", "z_l0", "gates_l0", "c_l0", "h_l0"}


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"", {"error": "request: invalid JSON, want a JSON object"}),
        (b"run", {"error": "request: invalid JSON, want a JSON object"}),
        (b"[1]", {"error": "request: invalid JSON, want a JSON object"}),
        (b"\xff", {"error": "request: invalid JSON, want a JSON object"}),
        (b"[" * 100_000, {"error": "request: invalid JSON, want a JSON object"}),
        (b"{}", {"error": "request.cmd: missing, want start, run or stop"}),
        (b'{"cmd": "halt", "seq": 7}', {"seq": 7, "error": 'request.cmd: "halt", want start, run or stop'}),
        (b'{"cmd": null, "seq": 1.0}', {"error": "request.cmd: null, want start, run or stop"}),
        (b'{"cmd": {}}', {"error": "request.cmd: an object, want start, run or stop"}),
        (b'{"cmd": ["run"]}', {"error": "request.cmd: an array, want start, run or stop"}),
        (b'{"cmd": "start"}', {"error": "request.version: missing, want an integer"}),
        (b'{"cmd": "start", "version": 1.5}', {"error": "request.version: a number, want an integer"}),
        (b'{"cmd": "start", "version": 2}', {"error": "request.version: 2, want 1"}),
        (b'{"cmd": "start", "more": "' + b"x" * 3_000_000 + b'"}', {"error": "request.version: missing, want an integer"}),
        (b'{"cmd": "run"}', {"error": "request.seq: missing, want an integer"}),
        (b'{"cmd": "run", "seq": true}', {"error": "request.seq: true, want an integer"}),
    ],
    ids=lambda value: value[:30].decode(errors="replace") if isinstance(value, bytes) else "",
)
def test_bad_lines_are_answered_and_survived(line, answer):
    got = converse(numpy_runner.RUNNER, line + b"\n", b'{"cmd": "stop"}\n')
    assert got == [answer, {"stopped": True}]
    validate("response", got[0])


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"case": ...}, "request.case: missing, want a string"),
        ({"op": 3}, "request.op: 3, want a string"),
        ({"op": "mlp"}, 'request.op: "mlp", want one of lstm, gru, rnn'),
        ({"op": "gru"}, 'request.op: "gru", want "lstm", the op of the model'),
        ({"model": ...}, "request.model: missing, want a string"),
        ({"inputs": False}, "request.inputs: false, want a string"),
        ({"outputs": None}, "request.outputs: null, want a string"),
        ({"trace": "yes"}, 'request.trace: "yes", want true or false'),
        ({"model": "/nowhere"}, "file: cannot be read (No such file or directory), want a readable file"),
        ({"inputs": "/"}, "file: cannot be read (Is a directory), want a readable file"),
    ],
    ids=str,
)
def test_bad_run_requests(files, change, error):
    assert converse(numpy_runner.RUNNER, run_request(files, **change)) == [{"seq": 1, "error": error}]
    assert not Path(files["outputs"]).exists()


def test_the_model_is_checked_before_the_inputs(files):
    Path(files["model"]).write_bytes(b"1234567")
    Path(files["inputs"]).write_bytes(b"")
    assert converse(numpy_runner.RUNNER, run_request(files)) == [
        {"seq": 1, "error": "file: 7 bytes, want at least 8 (the header length)"}
    ]


def test_a_forward_function_may_skip_or_fail(files, tmp_path):
    def runner(error):
        def forward(*arguments):
            raise error

        return replace(numpy_runner.RUNNER, forward=forward)

    assert converse(runner(Skipped("no such thing")), run_request(files)) == [{"seq": 1, "skipped": "no such thing"}]
    assert converse(runner(ZeroDivisionError("oops")), run_request(files)) == [{"seq": 1, "error": "ZeroDivisionError: oops"}]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inputs.safetensors", "model.safetensors"]


def test_prints_of_a_runner_do_not_disturb_its_answers(tmp_path):
    process = RunnerProcess(
        [sys.executable, "-c", f"import lstm_ref.conformance.protocol as p; {CHATTY}"], python_path(), tmp_path
    )
    assert process.ask({"cmd": "start", "version": 1}, 60)["implementation"] == "numpy"
    process.stop(60)


CHATTY = """
from lstm_ref.conformance.runners.numpy_runner import RUNNER, reference
import os
def forward(*a): pass
class Chatty(type(RUNNER)):
    def answer(self, line):
        print('hello')
        os.system('echo more')
        return super().answer(line)
p.serve(Chatty(**vars(RUNNER)))
"""


def python_path():
    return {"PYTHONPATH": str(registry.PACKAGE.parent)}


# Runners that misbehave ----------------------------------------------------------------------------------------------

FAKE = """
import json, os, sys, time
from pathlib import Path
import numpy as np
from lstm_ref import model_file
from lstm_ref.conformance.protocol import Runner
from lstm_ref.conformance.runners.numpy_runner import forward

mode = sys.argv[1]
claim = "approximate" if "approximate" in mode else "bit-exact"
runner = Runner("fake", "fake", "0", "Python", claim, forward, trace="trace" in mode)


def change(request, edit):
    path = Path(request["outputs"])
    tensors = model_file.read_tensors(path.read_bytes())
    edit(tensors)
    path.write_bytes(model_file.dump_tensors(tensors))


def ulps(tensors, name, index, n):
    if name in tensors:
        tensors[name].view(np.int32)[index] += n


for line in sys.stdin.buffer:
    request = json.loads(line)
    cmd, hit = request["cmd"], request.get("case") in (("target", "bad") if mode != "smoke" else ("smoke",))
    if mode == "dies-at-start":
        sys.exit("no such library")
    if hit and mode == "dies":
        sys.exit("last words")
    if request.get("case") == "target" and mode == "hangs" or cmd == "stop" and mode == "hangs-at-stop":
        time.sleep(60)
    if hit and mode == "shouts":
        print("Segmentation fault", flush=True)
    answer = runner.answer(line)
    if mode == "start-error" and cmd == "start":
        answer = {"error": "no licence"}
    if mode == "no-isa" and cmd == "start":
        answer = {"error": f'LSTM_REF_ISA: "{os.environ["LSTM_REF_ISA"]}", want one of baseline'}
    if mode == "wrong-claim" and cmd == "start":
        answer["claim"] = "perfect"
    if mode == "no-name" and cmd == "start":
        del answer["name"]
    if hit and mode == "wrong-seq":
        answer["seq"] = 99
    if hit and mode == "says-nothing":
        answer = {"seq": request["seq"]}
    if hit and mode == "says-both":
        answer |= {"outputs": request["outputs"], "error": "also"}
    if hit and mode == "elsewhere":
        answer["outputs"] = "/elsewhere"
    if hit and mode == "skips":
        answer = {"seq": request["seq"], "skipped": "not today"}
    if hit and mode in ("fails", "smoke"):
        answer = {"seq": request["seq"], "error": "out of paper"}
    if request.get("case") == "bad" and mode == "accepts":
        answer = {"seq": request["seq"], "outputs": request["outputs"]}
    if request.get("case") == "bad" and mode == "litters":
        Path(request["outputs"]).write_bytes(b"half")
    if mode == "surrogates" and cmd == "start":
        answer["name"] = "fa" + chr(0xDC80) + "ke"
    if mode == "hostile-start" and cmd == "start":
        answer |= {"extra": [[1e999]], "more": float("inf")}
    if mode in ("version-1.0", "version-true") and cmd == "start":
        answer["version"] = {"version-1.0": 1.0, "version-true": True}[mode]
    if hit and mode == "float-seq":
        answer["seq"] = float(answer["seq"])
    if hit and mode == "surrogates":
        answer = {"seq": request["seq"], "error": chr(0xD800)}
    if hit and mode == "deep":
        print("[" * 200_000, flush=True)
    if request.get("case") == "target":
        path = Path(request["outputs"])
        if mode in ("directory", "fifo", "link", "device"):
            path.unlink()
        if mode == "directory":
            path.mkdir()
            (path / "file").touch()
        if mode == "fifo":
            os.mkfifo(path)
        if mode == "link":
            path.symlink_to(request["model"])
        if mode == "device":
            path.symlink_to("/dev/zero")
        if mode == "huge":
            os.truncate(path, 1 << 40)
        if mode == "no-file":
            path.unlink()
        if mode == "half-file":
            path.write_bytes(path.read_bytes()[:-4])
        if mode == "wrong-shape":
            change(request, lambda t: t.update(y=t["y"][:, :-1]))
        if mode == "wrong-dtype":
            change(request, lambda t: t.update(y=t["y"].astype(np.int64)))
        if mode == "no-tensor":
            change(request, lambda t: t.pop("c_n"))
        if mode == "more-tensors":
            change(request, lambda t: t.update(extra=t["y"]))
        if mode in ("bits", "bits-approximate", "bits-trace"):
            change(request, lambda t: ulps(t, "y", (1, 2, 7), 3))
        if mode == "bits-trace":
            for name, index in {"h_l1": (2, 0, 1), "gates_l1_reverse": (2, 1, 17), "c_l1_reverse": (3, 1, 1)}.items():
                change(request, lambda t: ulps(t, name, index, -2))
        if mode == "far-approximate":
            change(request, lambda t: t["y"].__setitem__((1, 2, 7), 2))
        if mode == "nan-approximate":
            change(request, lambda t: t["c_n"].__setitem__((3, 1, 4), np.nan))
    print(json.dumps(answer), flush=True)
    if "stopped" in answer:
        sys.exit(4 if mode == "bad-status" else 0)
"""
TARGET = LSTMConfig(2, 5, num_layers=2, bidirectional=True, batch_first=True)


def make_case(name, config, T, B, lengths=None, tolerance=1e-5):
    case = Case(name, "tests", ("ONE",), "", config, T, B, lengths, True, None, 3, FILLS, False, tolerance)
    weights, inputs = case.tensors()
    outputs = reference.forward(config, weights, **inputs).named(config)
    return replace(case, digest={key: digest(value) for key, value in outputs.items()})


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    """Two valid cases, of which the one called target is mistreated, and an invalid one."""
    root = tmp_path_factory.mktemp("golden")
    (root / "bad.safetensors").write_bytes(b"1234567")
    target = make_case("target", TARGET, 4, 2, np.array([4, 3], np.int64))
    invalid = InvalidCase("bad", "", "bad.safetensors", None, "file: 7 bytes, want at least 8 (the header length)")
    return Manifest(root, {}, [make_case("small", LSTMConfig(1, 2), 2, 1), target], [invalid])


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    """The command of a runner with one fault."""
    script = tmp_path_factory.mktemp("fake") / "fake.py"
    script.write_text(f"import sys\nsys.path.insert(0, {str(registry.PACKAGE.parent)!r})\n{FAKE}")
    return lambda mode: f"{shlex.quote(sys.executable)} {shlex.quote(str(script))} {mode}"


def row_of(manifest, command, timeout=30):
    (row,) = verify(manifest, [registry.foreign(command)], timeout=timeout)
    return row


def statuses(row):
    return {result.case: result.status for result in row.results}


def test_a_good_runner_passes(manifest, fake):
    row = row_of(manifest, fake("good"))
    assert statuses(row) == {"small": "exact", "target": "exact", "bad": "refused"}
    assert row.passed(strict=True)
    assert report.all_passed([row], strict=True)


@pytest.mark.parametrize(
    ("mode", "status", "detail"),
    [
        ("dies", "error", r"died with status 1; standard error ends: last words"),
        ("shouts", "error", r"answered something that is not a JSON object: 'Segmentation fault'"),
        ("wrong-seq", "error", r"answered seq 99, want \d+"),
        ("says-nothing", "error", r"answered \['seq'\], want one of outputs, skipped, error, a string"),
        ("says-both", "error", r"answered \['error', 'outputs', 'seq'\], want one of outputs, skipped, error, a string"),
        ("elsewhere", "error", r"answered outputs '/elsewhere', want '/.*'"),
        ("fails", "error", r"out of paper"),
        ("float-seq", "error", r"answered seq \d+\.0, want \d+"),
        ("surrogates", "error", "\ud800"),
        ("deep", "error", r"answered something that is not a JSON object: '\[\[.*"),
        ("directory", "FAIL", r"outputs: file: a symbolic link, directory or device, want a regular file"),
        ("fifo", "FAIL", r"outputs: file: a symbolic link, directory or device, want a regular file"),
        ("link", "FAIL", r"outputs: file: a symbolic link, directory or device, want a regular file"),
        ("device", "FAIL", r"outputs: file: a symbolic link, directory or device, want a regular file"),
        ("huge", "FAIL", r"outputs: file: 1099511627776 bytes, want at most 1049216"),
        ("no-file", "FAIL", r"outputs: file: cannot be read \(No such file or directory\), want a readable file"),
        ("half-file", "FAIL", r"outputs: .*data_offsets .*"),
        ("wrong-shape", "FAIL", r"outputs: y: shape \(2, 3, 10\), want \(2, 4, 10\)"),
        ("wrong-dtype", "FAIL", r"outputs: y: dtype int64, want float32"),
        ("no-tensor", "FAIL", r"outputs: c_n: missing, want \(4, 2, 5\)"),
        ("more-tensors", "FAIL", r"outputs: extra: unexpected tensor, want only y, h_n, c_n"),
        (
            "bits",
            "FAIL",
            r"y\[t=2, b=1, unit 7\]: 0x[0-9a-f]{8} want 0x[0-9a-f]{8}, 3 ulp; largest difference \S+ in y\[t=2, b=1, unit 7\]",
        ),
        (
            "bits-trace",
            "FAIL",
            r"h_l1\[t=2, b=0, unit 1\]: 0x[0-9a-f]{8} want 0x[0-9a-f]{8}, 2 ulp; largest difference \S+ in y\[t=2, b=1, unit 7\]",
        ),
        (
            "far-approximate",
            "FAIL",
            r"y\[t=2, b=1, unit 7\]: 0x40000000 want 0x.*, \d+ ulp; largest difference 2.03 in y.*; tolerance 1e-05",
        ),
        (
            "nan-approximate",
            "FAIL",
            r"c_n\[l1_reverse, b=1, unit 4\]: 0x7fc00000 want .*, NaN against a number; largest difference nan in c_n.*; tolerance 1e-05",
        ),
    ],
)
def test_every_fault_is_named_and_the_rest_goes_on(manifest, fake, mode, status, detail):
    row = row_of(manifest, fake(mode))
    target = row.valid[1]
    assert (target.case, target.status) == ("target", status)
    assert re.fullmatch(detail, target.detail), target.detail
    assert statuses(row)["small"] == "exact"
    assert not row.passed(strict=False)
    assert not report.all_passed([row], strict=False)


def test_whatever_goes_wrong_with_one_answer_is_that_cases_error(manifest, fake, monkeypatch):
    def fault(*arguments):
        raise RecursionError("oops")

    monkeypatch.setattr("lstm_ref.conformance.store.Store.is_right", fault)
    row = row_of(manifest, fake("good"))
    assert statuses(row) == {"small": "error", "target": "error", "bad": "refused"}
    assert row.valid[0].detail == "RecursionError: oops"


def test_a_runner_that_answers_in_advance_and_reads_nothing(tmp_path):
    process = RunnerProcess([sys.executable, "-c", "while True: print('{}', flush=True)"], {}, tmp_path)
    with pytest.raises(Broken, match=r"read nothing within 0\.5 s"):
        [process.ask({"cmd": "run", "model": "m" * 2000}, 0.5) for _ in range(200)]


def test_any_answer_to_start_can_be_reported(manifest, fake):
    row = row_of(manifest, fake("hostile-start"))
    assert row.passed(strict=True)
    assert json.loads(report.to_json([row], strict=True))["rows"][0]["about"]["implementation"] == "fake"


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (GRUConfig(2, 5), "operation gru is not offered"),
        (RNNConfig(2, 5, clip=3), "operation rnn is not offered"),
        (LSTMConfig(2, 5, clip=3, peephole=True), "option peephole is not offered"),
        (LSTMConfig(2, 5, gate_activation="relu"), "option gate_activation is not offered"),
    ],
)
def test_what_a_runner_does_not_offer_is_not_asked(manifest, fake, config, reason):
    """Neither a failure nor, since it was said beforehand, a skip that --strict minds; and never a case that counts as right."""
    row = row_of(replace(manifest, valid=[manifest.valid[0], make_case("target", config, 4, 2)]), fake("plain"))
    assert [(result.status, result.detail) for result in row.valid] == [("exact", ""), ("not offered", reason)]
    assert row.passed(strict=True)
    assert report.cells(row) == ("1 of 2", "", "0 ulp", "1 of 1", "1")
    assert not row_of(replace(manifest, valid=[make_case("target", config, 4, 2)]), fake("plain")).passed(strict=False)


def test_refusals_of_what_a_runner_does_not_offer_are_not_asked_for(golden, fake):
    """Inputs that are wrong for a good model of another op, or with an option; a model that is wrong itself is asked for."""
    ids = ("gru-c-0", "projection-h-0-shape", "tensor-missing")
    chosen = replace(golden, valid=[], invalid=[case for case in golden.invalid if case.id in ids])
    assert [case.op for case in chosen.invalid] == ["lstm", "gru", "lstm"]
    row = row_of(chosen, fake("plain"))
    assert {result.case: result.detail for result in row.invalid if result.status == "not offered"} == {
        "gru-c-0": "operation gru is not offered", "projection-h-0-shape": "option proj_size is not offered",
    }  # fmt: skip


def test_a_runner_refuses_what_it_does_not_offer(tmp_path):
    runner = replace(numpy_runner.RUNNER, operations=("lstm",), options=("clip",))
    config = LSTMConfig(1, 2, clip=1, peephole=True, bias=False)
    weights = {name: np.ones(e.shape, np.float32) for name, e in config.iter_expected()}
    model_file.save(tmp_path / "m", config, weights)
    paths = {"model": str(tmp_path / "m"), "inputs": "/none", "outputs": str(tmp_path / "o")}
    assert converse(runner, run_request(paths)) == [{"seq": 1, "skipped": "option peephole is not offered"}]


def test_a_hanging_runner_is_ended(manifest, fake):
    row = row_of(manifest, fake("hangs"), timeout=5)
    assert statuses(row) == {"small": "exact", "target": "error", "bad": "refused"}
    assert row.valid[1].detail == "no answer within 5 s"
    assert "no answer within 5 s" in row_of(manifest, fake("hangs-at-stop"), timeout=5).broken


@pytest.mark.parametrize(
    ("mode", "broken"),
    [
        ("dies-at-start", "died with status 1; standard error ends: no such library"),
        ("start-error", "start: no licence"),
        ("wrong-claim", "start: version 1, claim 'perfect'"),
        ("no-name", "start: name: None, want str"),
        ("version-1.0", "start: version: 1.0, want int"),
        ("version-true", "start: version: True, want int"),
        ("smoke", "smoke case: error: out of paper"),
        ("bad-status", "ended with status 4 after stop"),
    ],
)
def test_a_broken_runner_is_not_a_wrong_one(manifest, fake, mode, broken):
    row = row_of(manifest, fake(mode))
    assert row.broken == broken
    assert bool(row.results) == (mode == "bad-status")
    assert not row.passed(strict=False)


def test_a_command_that_is_none(manifest):
    assert (
        row_of(manifest, "/no/such/program --at-all").broken == "cannot be started: No such file or directory: /no/such/program"
    )
    for command in ("", "'"):
        with pytest.raises(InvalidArgument, match=r"^runner: "):
            registry.foreign(command)


def test_a_runner_that_always_breaks_is_given_up(manifest, fake):
    many = replace(
        manifest, valid=[replace(manifest.valid[1], id=name) for name in ("small", "target")] * 1, invalid=manifest.invalid * 5
    )
    row = row_of(many, fake("dies"))
    assert [result.status for result in row.invalid] == ["error"] * 5
    assert row.invalid[-1].detail == "not tried: the runner broke 3 times in a row"


@pytest.mark.parametrize(
    ("mode", "detail"),
    [
        ("accepts", "accepted; want error: file: 7 bytes, want at least 8 (the header length)"),
        ("fails", "error: out of paper; want error: file: 7 bytes, want at least 8 (the header length)"),
        ("litters", "left an outputs file behind with its error"),
    ],
)
def test_invalid_files_must_be_refused_in_the_right_words(manifest, fake, mode, detail):
    row = row_of(manifest, fake(mode))
    assert (row.invalid[0].status, row.invalid[0].detail) == ("FAIL", detail)


def test_approximate_results_are_measured(manifest, fake):
    row = row_of(manifest, fake("bits-approximate"))
    target = row.valid[1]
    assert (target.status, target.max_ulp, target.where) == ("close", 3, "y[t=2, b=1, unit 7]")
    assert 0 < target.max_abs < 1e-6
    assert row.passed(strict=True)
    assert row.worst is target
    unjudged = replace(manifest, valid=[replace(case, tolerance=None) for case in manifest.valid])
    assert statuses(row_of(unjudged, fake("far-approximate")))["target"] == "measured"


def test_skipping_is_no_failure_unless_strict_or_all_is_skipped(manifest, fake):
    row = row_of(manifest, fake("skips"))
    assert statuses(row) == {"small": "exact", "target": "skipped", "bad": "skipped"}
    assert row.valid[1].detail == "not today"
    assert row.passed(strict=False)
    assert not row.passed(strict=True)
    assert not row_of(replace(manifest, valid=manifest.valid[1:]), fake("skips")).passed(strict=False)


def test_missing_implementations_are_loud(manifest):
    (row,) = verify(manifest, [registry.Implementation("cpp-avx2", missing="the C++ runner is not built")])
    assert report.cells(row)[0].startswith(("missing: ", "not on this machine"))
    assert row.passed(strict=False)
    assert not report.all_passed([row], strict=False)
    row.absent = False
    assert not row.passed(strict=True)


def test_an_instruction_set_that_is_not_there(manifest, fake, monkeypatch):
    ours = registry.Implementation("fake", tuple(shlex.split(fake("no-isa"))), {"LSTM_REF_ISA": "avx2"})
    for processor_lacks_it in (True, False):
        monkeypatch.setattr("lstm_ref.conformance.session.lacks", lambda isa: processor_lacks_it)  # noqa: B023
        (row,) = verify(manifest, [ours])
        assert row.missing == 'start: LSTM_REF_ISA: "avx2", want one of baseline'
        assert row.absent == row.passed(strict=True) == processor_lacks_it


def test_a_forced_instruction_set_must_not_be_ignored(manifest, fake):
    ours = registry.Implementation("cpp-avx2", tuple(shlex.split(fake("good"))), {"LSTM_REF_ISA": "avx2"})
    (row,) = verify(manifest, [ours])
    assert row.broken == "start: implementation: 'fake', want 'cpp-avx2'"


# Naming the first divergence -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def traced():
    case = make_case("target", replace(TARGET, batch_first=False), 4, 2, np.array([4, 3], np.int64))
    weights, inputs = case.tensors()
    trace = {}
    outputs = reference.forward(case.config, weights, **inputs, trace=trace)
    return case, outputs.named(case.config) | trace


@pytest.mark.parametrize(
    ("config", "name", "index", "place"),
    [
        (GRUConfig(2, 5), "z_l0", 15, "z_l0[t=1, b=0, gate n_h, unit 0]"),
        (GRUConfig(2, 5, reset_after=False), "z_l0", 14, "z_l0[t=1, b=0, gate n, unit 4]"),
        (GRUConfig(2, 5), "gates_l0", 6, "gates_l0[t=1, b=0, gate u, unit 1]"),
        (RNNConfig(2, 5), "z_l0", 3, "z_l0[t=1, b=0, gate n, unit 3]"),
        (RNNConfig(2, 5), "h_l0", 3, "h_l0[t=1, b=0, unit 3]"),
        (LSTMConfig(2, 5, proj_size=2), "h_l0", 1, "h_l0[t=1, b=0, unit 1]"),
        (LSTMConfig(2, 5, proj_size=2), "c_l0", 4, "c_l0[t=1, b=0, unit 4]"),
    ],
)
def test_the_first_divergence_of_every_cell_is_named(config, name, index, place):
    case = make_case("target", config, 3, 2)
    weights, inputs = case.tensors()
    trace = {}
    want = reference.forward(config, weights, **inputs, trace=trace).named(config) | trace
    assert {key: value.shape for key, value in trace.items()} == divergence.trace_shapes(config, 3, 2)
    got = {key: value.copy() for key, value in want.items()}
    got[name][1, 0, index] += 1
    got["y"][2] += 1
    assert first_divergence(config, None, got, want).startswith(place)
    assert first_divergence(config, None, want, want) is None


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ([("c_l0", (1, 0, 2)), ("z_l0", (2, 0, 1))], "c_l0[t=1, b=0, unit 2]"),
        ([("gates_l0", (1, 0, 2)), ("z_l0", (1, 1, 13))], "z_l0[t=1, b=1, gate g, unit 3]"),
        ([("gates_l0", (1, 0, 19)), ("gates_l0", (1, 1, 5))], "gates_l0[t=1, b=1, gate f, unit 0]"),
        ([("h_l0", (3, 0, 1)), ("c_l1", (0, 0, 0))], "h_l0[t=3, b=0, unit 1]"),
        ([("z_l0_reverse", (3, 0, 4)), ("z_l0_reverse", (2, 1, 4))], "z_l0_reverse[t=3, b=0, gate i, unit 4]"),
        ([("z_l0_reverse", (2, 0, 4)), ("z_l0_reverse", (2, 1, 4))], "z_l0_reverse[t=2, b=1, gate i, unit 4]"),
        ([("z_l0_reverse", (3, 1, 0)), ("h_l0_reverse", (0, 0, 0))], "h_l0_reverse[t=0, b=0, unit 0]"),
        ([("h_n", (2, 1, 3)), ("y", (3, 0, 9))], "y[t=3, b=0, unit 9]"),
        ([("h_n", (2, 1, 3)), ("c_n", (0, 0, 0))], "h_n[l1, b=1, unit 3]"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_first_difference_in_the_order_of_computation_is_named(traced, changes, place):
    case, want = traced
    got = {name: value.copy() for name, value in want.items()}
    assert first_divergence(case.config, case.lengths, got, want) is None
    for name, index in changes:
        got[name].view(np.int32)[index] += 1
    found = first_divergence(case.config, case.lengths, got, want)
    assert found is not None
    assert found.startswith(f"{place}: 0x")
    assert found.endswith(", 1 ulp")


def test_equal_nans_do_not_differ_and_signed_zeros_do(traced):
    case, want = traced
    got = {name: value.copy() for name, value in want.items()}
    want = {name: value.copy() for name, value in want.items()}
    got["y"].view(np.uint32)[0, 0, 0], want["y"].view(np.uint32)[0, 0, 0] = 0xFFC00001, 0x7FC00000
    assert first_divergence(case.config, case.lengths, got, want) is None
    got["y"][0, 0, 1], want["y"][0, 0, 1] = -0.0, 0.0
    assert first_divergence(case.config, case.lengths, got, want) == "y[t=0, b=0, unit 1]: 0x80000000 want 0x00000000, 0 ulp"


# The parts around it -------------------------------------------------------------------------------------------------


def test_select(manifest):
    assert [case.id for case in select(manifest, ["tar*"]).valid] == ["target"]
    assert len(select(manifest, ["ONE"]).valid) == 2
    assert len(select(manifest, ["tests"]).valid) == 2
    only = select(manifest, ["invalid"])
    assert (len(only.valid), len(only.invalid)) == (0, 1)
    with pytest.raises(InvalidArgument, match=re.escape("filter: nothing*, want ")):
        select(manifest, ["nothing*"])


def test_registry_names_each_implementation_once(monkeypatch):
    monkeypatch.setenv("LSTM_REF_CPP_RUNNER", "/some/runner")
    ours = registry.implementations()
    names = [implementation.name for implementation in ours]
    assert len(set(names)) == len(names)
    assert {"numpy", "cpp-baseline", "python", "python-nanobind", "go-pure", "torch", "torch-nn"} <= set(names)
    avx2 = next(implementation for implementation in ours if implementation.name == "cpp-avx2")
    assert avx2.command == ("/some/runner",)
    assert avx2.isa == "avx2"


def test_no_process_or_folder_is_left_behind(manifest, fake, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    row_of(manifest, fake("hangs"), timeout=1)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="the interrupt is sent as a signal")
def test_an_interrupt_ends_the_run(manifest, fake, tmp_path, monkeypatch):
    """Ctrl-C while the worker waits for an answer that does not come."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt(row, steps, finished):
        if len(row.valid) == 1:  # the next case is the one that hangs
            threading.Timer(1, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)).start()

    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            verify(manifest, [registry.foreign(fake("hangs"))], timeout=50, progress=interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - started < 30
    assert not list(tmp_path.iterdir())


def test_a_fault_of_ours_is_told(manifest, fake):
    def fault(row, steps, finished):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        verify(manifest, [registry.foreign(fake("good"))], progress=fault)


def test_the_client_bounds_what_it_reads(tmp_path):
    process = RunnerProcess([sys.executable, "-c", "while True: print('x' * 1000000)"], {}, tmp_path)
    with pytest.raises(Broken, match="not a JSON object"):
        process.ask({"cmd": "start"}, 30)


def test_json_report_holds_every_result(manifest, fake):
    row = row_of(manifest, fake("nan-approximate"))
    data = json.loads(report.to_json([row], strict=False))
    assert data["passed"] is False
    assert data["rows"][0]["about"]["implementation"] == "fake"
    assert [result["status"] for result in data["rows"][0]["valid"]] == ["exact", "FAIL"]


def test_markdown_matrix_is_a_table(manifest, fake):
    lines = report.markdown([row_of(manifest, fake("good"))]).splitlines()
    assert lines[0] == "| implementation | bit-exact | within tolerance | worst difference | invalid refused | skipped |"
    assert len(lines) == 3
    assert lines[2].endswith(" | 2 of 2 |  | 0 ulp | 1 of 1 | 0 |")


def test_refusals_alone_are_no_pass():
    row = results.Row("r", valid=[results.Result("a", "skipped", "not today")], invalid=[results.Result("b", "refused")])
    assert not row.passed(strict=False)
    assert report.cells(row) == ("0 of 1", "", "", "1 of 1", "1")
    row.valid.append(results.Result("c", "exact"))
    assert row.passed(strict=False)
    assert not row.passed(strict=True)
