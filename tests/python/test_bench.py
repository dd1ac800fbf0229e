"""`lstm-ref bench`: it verifies before it times, survives any worker, and judges ratios. Nothing here depends on how fast anything is."""

import importlib
import json
import math
import re
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from lstm_ref import native
from lstm_ref.bench import (
    claims,
    command,
    contenders,
    memory,
    oracle,
    plots,
    process,
    regression,
    report,
    roofline,
    run,
    variants,
)
from lstm_ref.bench import results as results_file
from lstm_ref.bench.contenders import Contender
from lstm_ref.bench.results import Measured, Memory, Peak, Results, Timing
from lstm_ref.bench.session import Session
from lstm_ref.bench.statistics import paired_ratio, slope, summarise
from lstm_ref.bench.work import OURS, PEERS, Entry, Shape, Work, all_works, quick_works, shapes
from lstm_ref.bench.worker import Task, Worker
from lstm_ref.cli import app
from lstm_ref.errors import InvalidArgument
from lstm_ref.golden.compare import digest

SMALL = Shape(2, 3, 4, 1)
STEPS = Shape(2, 3, 6, 1)

# A contender of each kind: argv[1] says how it behaves.
FAKE = """
import os, sys, time
import numpy as np
from lstm_ref import native
from lstm_ref.bench.worker import Worker, serve
from lstm_ref.conformance.protocol import Skipped

kind = sys.argv[1]

class Job:
    def __init__(self, task):
        if kind == "skips":
            raise Skipped("not this one")
        if kind == "fails":
            raise ValueError("cannot")
        self.task, self.lstm = task, native.LSTM.from_tensors(task.config, task.tensors)

    def compute(self):
        y = self.lstm(self.task.x)[0]
        match kind:
            case "wrong": y = np.nextafter(y, np.float32(9))
            case "near": y += np.float32(1e-6)
            case "far": y += np.float32(1e-3)
            case "nan": y[-1, -1, -1] = np.nan
            case "shape": y = y[:-1]
            case "dies": sys.exit(3)
            case "hangs": time.sleep(60)
            case "burst": np.ones(4 * self.task.x.size * 16)
        return y

    def run(self):
        if kind == "dies-later":
            sys.exit(4)
        if kind == "hog":
            self.hoard = np.ones(4 * self.task.x.size * 16)
        time.sleep(0.001)

class Liar(Worker):
    def answer(self, request):
        if kind == "nonsense" and request["request"] == "prepare":
            return {"answer": 42}
        if kind == "no-outputs" and request["request"] == "prepare":
            return {"prepared": True}
        if kind == "tires" and request["request"] == "time":
            self.turns = getattr(self, "turns", 0) + 1
            if self.turns == 2:
                sys.exit(5)
        if kind == "few" and request["request"] == "time":
            return {"samples": [1e-6] * 4}
        strange = {"negative": -1e-6, "endless": 10**400, "instant": 1e-300, "ages": 1e308}
        if kind in strange and request["request"] == "time":
            return {"samples": [1e-6] * 9 + [strange[kind]]}
        if kind in ("pipe", "device") and request["request"] == "prepare":
            os.mkfifo(request["outputs"]) if kind == "pipe" else os.symlink("/dev/zero", request["outputs"])
            return {"prepared": True}
        return super().answer(request)

if kind == "garbage":
    print("<html>", flush=True)
elif kind == "nameless":
    print('{"name": 3}', flush=True)
else:
    serve(Liar(f"fake {kind}", "1.0", Job))
"""


@pytest.fixture
def fake(tmp_path):
    """A contender that behaves as said."""
    script = tmp_path / "fake.py"
    script.write_text(FAKE)
    path = str(Path(native.__file__).resolve().parents[1])

    def make(name, kind="right"):
        return Contender(name, (sys.executable, str(script), kind), {"PYTHONPATH": path})

    return make


@pytest.fixture
def session(fake):
    """A session over fakes: contender name -> kind."""

    def make(kinds, **options):
        everyone = {name: fake(name, kind) for name, kind in kinds.items()}
        settings = {"seconds": 0.005, "rounds": 2, "patience": 30} | options
        return Session(everyone, digests(SMALL, STEPS), **settings)

    return make


def digests(*several):
    ys = {shape: oracle.make_model(shape)(oracle.make_input(shape))[0] for shape in several}
    return {str(shape): {"sha256": digest(y), "oracle": "numpy"} for shape, y in ys.items()}


def measure(session, *entries, shape=SMALL, mode="sequence"):
    """{entry: timing}."""
    measured = session.measure(Work("test", mode, shape, tuple(Entry(e) if isinstance(e, str) else e for e in entries)))
    return {timing.entry: timing for timing in measured.timings}


# Verification -------------------------------------------------------------------------------------------------------


def test_what_is_right_is_timed_and_wrong_bits_get_no_time(session):
    with session({"cpp": "right", "go": "wrong", "torch": "near", "jax": "far", "openvino": "nan"}) as one:
        found = measure(one, "cpp", "go", "torch", "jax", "openvino")
    right = found["cpp"]
    assert (right.status, right.difference, len(right.turns)) == ("timed", 0, 2)
    assert right.samples >= 10
    assert 0 < right.minimum <= right.q1 <= right.median <= right.q3
    wrong = found["go"]
    assert wrong.status == "FAIL"
    assert re.fullmatch(r"the bits of y differ from the stored digest \(by up to [0-9.e-]+\)", wrong.detail)
    assert (wrong.median, wrong.q1, wrong.minimum, wrong.samples, wrong.turns) == (None, None, None, 0, [])
    assert found["torch"].status == "timed"
    assert 0 < found["torch"].difference < oracle.TOLERANCE
    assert (found["jax"].status, found["openvino"].status) == ("FAIL", "FAIL")
    assert re.fullmatch(r"y differs by 0.001, want at most 1e-05", found["jax"].detail)


def test_one_step_at_a_time_has_the_digest_of_the_sequence(session):
    with session({"cpp": "right"}) as one:
        assert measure(one, "cpp", shape=STEPS, mode="step")["cpp"].timed


def test_a_variant_of_ours_need_only_come_close(session):
    with session({"cpp": "near"}) as one:
        found = measure(one, "cpp", Entry("cpp", variant="unchunked"))
        assert found["cpp"].status == "FAIL"
        assert found["cpp-unchunked"].status == "skipped"  # nothing canonical to measure it by


def test_peers_wait_for_something_canonical(session):
    with session({"cpp": "wrong", "torch": "right"}) as one:
        found = measure(one, "cpp", "torch")
    assert (found["torch"].status, found["torch"].turns) == ("skipped", [])
    assert "none of ours gave the canonical bits" in found["torch"].detail


def test_a_shape_without_a_digest_gets_no_time(session):
    with session({"cpp": "right"}) as one:
        found = measure(one, "cpp", shape=Shape(2, 3, 5, 1))
    assert (found["cpp"].status, found["cpp"].detail) == (
        "FAIL",
        "no digest of 2/3/5/1 is stored: lstm-ref bench --write-digests",
    )


def test_outputs_of_the_contender_before_do_not_speak_for_the_next(session):
    with session({"cpp": "right", "go": "no-outputs"}) as one:
        found = measure(one, "cpp", "go")
    assert found["go"].status == "FAIL"
    assert "outputs: nothing was written" in found["go"].detail


# Workers that misbehave ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("dies", "error", "died with status 3"),
        ("dies-later", "error", "died with status 4"),
        ("tires", "error", "died with status 5"),
        ("garbage", "error", "answered something that is not a JSON object"),
        ("nameless", "error", "start: answered {'name': 3}, want name and version"),
        ("nonsense", "error", "prepare: answered {'answer': 42}, want prepared: true"),
        ("fails", "error", "error: ValueError: cannot"),
        ("few", "error", "want at least 5 samples"),
        ("negative", "error", "samples, seconds per step"),
        ("endless", "error", "samples, seconds per step"),
        ("instant", "error", "samples, seconds per step"),
        ("ages", "error", "samples, seconds per step"),
        ("pipe", "FAIL", "outputs: 0 bytes of another kind, want a file of y (4, 1, 3)"),
        ("device", "FAIL", "of another kind, want a file of y (4, 1, 3)"),
        ("shape", "FAIL", "outputs: y: float32 (3, 1, 3), want float32 (4, 1, 3)"),
        ("skips", "skipped", "not this one"),
    ],
)
def test_a_worker_that_misbehaves_ends_its_own_entry_only(session, kind, status, words):
    with session({"go": kind, "cpp": "right"}) as one:
        found = measure(one, "go", "cpp")
    assert (found["go"].status, found["go"].median, found["go"].turns) == (status, None, [])
    assert words in found["go"].detail
    assert "\n" not in found["go"].detail
    assert found["cpp"].timed


def test_a_worker_that_hangs_is_ended(session):
    with session({"go": "hangs", "cpp": "right"}, patience=3) as one:
        found = measure(one, "cpp", "go")
    assert found["go"].status == "error"
    assert "no answer within 3 s" in found["go"].detail
    assert found["cpp"].timed


def test_a_worker_that_keeps_breaking_is_left_alone(session):
    with session({"go": "garbage"}) as one:
        states = [measure(one, "go")["go"] for _ in range(4)]
    assert [state.status for state in states] == ["error"] * 3 + ["skipped"]
    assert states[3].detail == "its worker broke 3 times"


def test_what_is_missing_is_skipped_with_its_reason(session):
    with session({"cpp": "right"}) as one:
        one.contenders["go"] = Contender("go", missing="not built")
        found = measure(one, "cpp", "go", Entry("cpp", threads=4096), Entry("cpp", isa="neon" if not on_arm() else "avx2"))
    assert found["go"].detail == "not built"
    assert re.fullmatch(r"4096 threads need as many cores, there are \d+", found["cpp-4096-threads"].detail)
    assert {timing.status for name, timing in found.items() if name != "cpp"} == {"skipped"}


def on_arm():
    return "neon" in native.available_isas()


def test_a_command_that_cannot_be_started(session):
    with session({"cpp": "right"}) as one:
        one.contenders["go"] = Contender("go", ("/nowhere/lstm-ref-bench",))
        found = measure(one, "cpp", "go")
    assert found["go"].detail == "cannot be started: No such file or directory: lstm-ref-bench"


def test_workers_are_pinned_to_as_many_cores_as_threads(session):
    with session({"cpp": "right"}) as one:
        worker = one.start(Entry("cpp"))
        status = Path(f"/proc/{worker.process.pid}/status")
        if not status.exists():
            pytest.skip("no /proc")
        allowed = re.search(r"Cpus_allowed_list:\s*(\S+)", status.read_text())[1]
    assert allowed == str(process.available_cores()[-1])


@pytest.mark.skipif(not memory.supported(), reason="no /proc/PID/clear_refs")
def test_memory_beyond_the_arrays_is_noticed(session, monkeypatch):
    lengths = [Shape(4, 16, T, 1) for T in (100, 1000, 40_000)]
    monkeypatch.setattr(memory, "MEMORY", lengths)
    monkeypatch.setattr(memory, "SECONDS", 0.01)
    with session({"cpp": "burst", "go": "hog", "torch": "wrong"}) as one:  # what is freed before the measurement does not count
        one.digests = digests(*lengths)
        right, hog = (memory.measure(one, Entry(name))[-1] for name in ("cpp", "go"))
        with pytest.raises(RuntimeError, match="the bits of y differ"):
            memory.measure(one, Entry("torch"))
    hoarded = 8 * 4 * 40_000 * 4 * 16
    assert hog.beyond > 0.9 * hoarded
    assert right.beyond < 0.1 * hoarded
    assert right.preactivations == 40_000 * 4 * 4 * 16


# The list of work, and what is stored for it ------------------------------------------------------------------------


def test_works_are_distinct_and_name_known_contenders():
    works = all_works()
    assert len({work.id for work in works}) == len({(work.mode, work.shape) for work in works}) == len(works)
    for work in [*works, *quick_works()]:
        names = [entry.name for entry in work.entries]
        assert len(set(names)) == len(names)
        assert {entry.contender for entry in work.entries} <= {*OURS, *PEERS} == set(contenders.contenders())


def test_every_shape_has_a_stored_digest_and_small_ones_are_right():
    stored = oracle.load_digests()
    everything = shapes([*all_works(), *quick_works()])
    assert {str(shape) for shape in everything} == set(stored)
    for shape in everything:
        if shape.T * shape.B * shape.H * (shape.I + shape.H) < 10**6:
            y, by = oracle.compute(shape)
            assert stored[str(shape)] == {"sha256": digest(y), "oracle": by}
        if shape.T * shape.B * shape.H * (shape.I + shape.H) < 10**8:  # the engine is fast enough for these
            y, _ = oracle.make_model(shape)(oracle.make_input(shape))
            assert stored[str(shape)]["sha256"] == digest(y)


def test_digests_that_are_stored_stay(tmp_path, monkeypatch):
    path = tmp_path / "digests.json"
    oracle.write_digests([SMALL], lambda shape, by: None, path)
    before = oracle.load_digests(path)
    assert before == digests(SMALL)
    asked = []
    monkeypatch.setattr(oracle, "compute", lambda shape: asked.append(shape) or (np.zeros(1, np.float32), "numpy"))
    oracle.write_digests([SMALL, STEPS], lambda shape, by: None, path)
    assert asked == [STEPS]
    assert oracle.load_digests(path)[str(SMALL)] == before[str(SMALL)]
    with pytest.raises(InvalidArgument, match=re.escape("bench: no digests.json, want a checkout of the project")):
        oracle.load_digests(tmp_path / "installed" / "digests.json")
    path.write_text("[]")
    with pytest.raises(InvalidArgument, match=re.escape("digests.json: not what --write-digests writes")):
        oracle.load_digests(path)


def test_weights_and_flops():
    s = Shape(3, 5, 7, 11, L=2, D=2)
    assert s.layer_inputs == [3, 3, 10, 10]
    assert s.input_flops == 2 * 11 * 4 * 5 * (3 + 3 + 10 + 10)
    assert s.recurrent_flops == 2 * 11 * 4 * 5 * 5 * 4
    model = native.LSTM(3, 5, 2, bidirectional=True).state_dict()
    assert s.input_bytes == sum(w.nbytes for name, w in model.items() if "weight_ih" in name)
    assert s.recurrent_bytes == sum(w.nbytes for name, w in model.items() if "weight_hh" in name)
    assert s.array_bytes == 4 * 7 * 11 * (3 + 10)


# The contenders in Python -------------------------------------------------------------------------------------------


CONTENDERS = ["ours", "pytorch", "onnx_runtime", "openvino_runtime", "jax_scan"]
WORKS = [("sequence", Shape(3, 5, 7, 2)), ("sequence", Shape(3, 5, 4, 2, L=2, D=2)), ("step", Shape(3, 5, 7, 2))]


@pytest.mark.parametrize(
    ("module", "mode", "shape", "variant"),
    [(module, *work, "") for module in CONTENDERS for work in WORKS] + [("pytorch", "step", Shape(3, 5, 7, 2), "cell")],
    ids=str,
)
def test_contenders_do_the_same_work(module, mode, shape, variant):
    needs = {"pytorch": "torch", "onnx_runtime": "onnxruntime", "openvino_runtime": "openvino", "jax_scan": "jax"}
    pytest.importorskip(needs.get(module, "numpy"), exc_type=ImportError)
    worker = importlib.import_module(f"lstm_ref.bench.workers.{module}")
    model, x = oracle.make_model(shape), oracle.make_input(shape)
    task = Task(mode, 1, "", variant, model.config, model.state_dict(), x)
    want = model(x)[0]
    job = worker.make(task)
    for _ in range(2):  # what ran in between leaves nothing behind
        y = job.compute()
        assert y.shape == want.shape
        assert np.abs(y - want).max() <= (0 if module == "ours" else oracle.TOLERANCE)
        job.run()


def test_a_worker_answers_whatever_is_asked():
    class Job:
        def compute(self):
            return np.zeros(1, np.float32)

        def run(self):
            pass

    worker = Worker("w", "1", lambda task: Job())
    assert worker.answer({"request": "start"}) == {"name": "w", "version": "1"}
    assert worker.answer({"request": "time", "seconds": 1})["error"] == "RuntimeError: nothing is prepared"
    assert "want start, prepare, time or stop" in worker.answer({"request": "dance"})["error"]
    assert "KeyError" in worker.answer({})["error"]
    assert "cannot be read" in worker.answer({"request": "prepare", "model": "/nowhere"})["error"]


# Numbers ------------------------------------------------------------------------------------------------------------


def test_statistics():
    assert summarise([4, 1, 3, 2, 5]) == (3, 2, 4, 1, 5)
    same = paired_ratio([2, 4, 8, 2], [1, 2, 4, 1])  # a round that is slow for both is no difference
    assert same == (2, 2, 2)
    ratio = paired_ratio([2, 3, 4], [1, 1, 1])
    assert ratio.value == 3
    assert 2 <= ratio.low < 3 < ratio.high <= 4
    assert ratio == paired_ratio([2, 3, 4], [1, 1, 1])
    assert slope([1, 2, 4], [3, 12, 48]) == pytest.approx(2)


PEAK = Peak({"baseline": 10.0, "avx2": 100.0}, [(1000, 200.0), (100_000, 50.0)], unit={"baseline": 40.0, "avx2": 4.0},
            latency={"baseline": 300.0, "avx2": 60.0}, term={"baseline": 5.0, "avx2": 4.0})  # fmt: skip


def test_roofline():
    assert roofline.fma_peak(PEAK) == 100e9
    assert roofline.fma_peak(PEAK, "baseline") == 10e9
    assert roofline.bandwidth(PEAK, 10) == pytest.approx(200e9)
    assert roofline.bandwidth(PEAK, 10_000) == pytest.approx(100e9)
    assert roofline.bandwidth(PEAK, 10**9) == pytest.approx(50e9)
    s = Shape(64, 64, 10, 1)
    size = 2 * 4 * 4 * 64 * 64
    assert roofline.least_seconds(PEAK, "step", s) == pytest.approx(size / 50e9 + 60e-9)
    assert roofline.least_seconds(PEAK, "sequence", s) == pytest.approx(
        s.input_flops / 100e9 + size / 2 / roofline.bandwidth(PEAK, size / 2) + 60e-9
    )
    many = Shape(64, 64, 10, 100, L=2)
    assert roofline.least_seconds(PEAK, "sequence", many) == pytest.approx(
        (many.input_flops + many.recurrent_flops) / 100e9 + 2 * 100 * 64 * 4e-9
    )
    assert roofline.least_seconds(PEAK, "step", many, "baseline") == pytest.approx(
        (many.input_flops + many.recurrent_flops) / 10e9 + 2 * 100 * 64 * 40e-9
    )
    work = results([("step", s, {"cpp": 2 * (size / 50e9 + 60e-9)})]).works[0]
    assert roofline.bandwidth_share(PEAK, work, work.timings[0]) == pytest.approx(size / 50e9 / work.timings[0].seconds)
    assert roofline.roof_share(PEAK, work, work.timings[0]) == pytest.approx(0.5)
    small = Shape(1, 16, 10, 1)  # a chain of 16 terms
    assert roofline.least_seconds(PEAK, "step", small) == pytest.approx(16 * 4e-9 + 60e-9)
    assert roofline.least_seconds(PEAK, "sequence", small) == pytest.approx(small.input_flops / 100e9 + 16 * 4e-9 + 60e-9)
    units, latencies, terms = {"baseline": 39.0, "avx2": 5.0}, {"baseline": 310.0, "avx2": 59.0}, {"baseline": 4.0, "avx2": 5.0}
    second = Peak({"baseline": 11.0, "avx2": 90.0}, [(1000, 210.0), (100_000, 40.0)], units, latencies, terms)
    higher = roofline.higher(PEAK, second)
    assert higher.term == {"baseline": 4.0, "avx2": 4.0}
    assert higher.fma == {"baseline": 11.0, "avx2": 100.0}
    assert higher.bandwidth == [(1000, 210.0), (100_000, 50.0)]
    assert (higher.unit, higher.latency) == ({"baseline": 39.0, "avx2": 4.0}, {"baseline": 300.0, "avx2": 59.0})


def _machine_says(**changes):
    return json.dumps({"fma_peak_gflops": {"avx2": 100}, "step": {"avx2": {"unit_ns": 2, "latency_ns": 50, "term_ns": 1}},
                       "read_bandwidth": [{"bytes": 1024, "gb_per_s": 9}]} | changes)  # fmt: skip


@pytest.mark.parametrize(
    ("says", "good"),
    [
        (_machine_says(), True),
        (_machine_says(fma_peak_gflops={}, read_bandwidth=[]), False),
        (_machine_says(fma_peak_gflops={"avx2": -1}), False),
        (_machine_says(step={"avx2": {"unit_ns": 0, "latency_ns": 50, "term_ns": 1}}), False),
        (_machine_says(step={}), False),
        ("[]", False),
        ("", False),
    ],
)
def test_peaks_are_read_or_refused(tmp_path, says, good):
    program = tmp_path / "machine"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    if good:
        assert roofline.measure_peak(program) == Peak(
            {"avx2": 100.0}, [(1024, 9.0)], {"avx2": 2.0}, {"avx2": 50.0}, {"avx2": 1.0}
        )
    else:
        with pytest.raises(RuntimeError, match=r"^machine: "):
            roofline.measure_peak(program)
    with pytest.raises(RuntimeError, match="nowhere"):
        roofline.measure_peak(Path("/nowhere"))


# Results, claims, reports -------------------------------------------------------------------------------------------

MACHINE = {
    "cpu": "a processor", "caches": {"L1d": "32K"}, "cores": 2, "isa": "avx2", "isas": ["baseline", "avx2"], "governor": None,
    "system": "Linux", "libc": None, "python": "CPython 3", "compiler": None, "packages": {"numpy": "2.0"},
    "date": "2026-01-01 00:00 UTC", "commit": None,
}  # fmt: skip


def timed(entry, seconds):
    timing = Timing.of(entry)
    timing.status, timing.difference, timing.samples, timing.turns = "timed", 0.0, 15, [seconds] * 3
    timing.median, timing.q1, timing.q3, timing.minimum = seconds, 0.9 * seconds, 1.1 * seconds, 0.8 * seconds
    return timing


def results(works):
    """From (mode, shape, {entry name: seconds a step})."""
    measured = [
        Measured("sequence", mode, shape, [timed(Entry(name), seconds) for name, seconds in times.items()])
        for mode, shape, times in works
    ]
    about = {name: {"name": name, "version": "1"} for name in (*OURS, *PEERS)}
    return Results(MACHINE, about, {"seconds": 0.1, "rounds": 3}, measured, PEAK)


def everything_timed():
    """As if all works had been measured: every contender as fast, peers taking twice as long."""
    works = []
    for work in all_works():
        flops = work.shape.input_flops + work.shape.recurrent_flops
        timings = [timed(entry, flops * (2e-11 if entry.contender in PEERS else 1e-11) / entry.threads) for entry in work.entries]
        works.append(Measured(work.group, work.mode, work.shape, timings))
    found = replace(results([]), works=works)
    found.memory = [Memory("cpp", Shape(4, 16, 10**6, 1), 1000, 80_000_000, 256_000_000)]
    return found


def test_every_claim_finds_its_measurements():
    judged = claims.judge(everything_timed())
    groups = {group: members for group, members in report.by_group(judged)}
    counts = {group: len(members) for group, members in groups.items()}
    unchunked = sum(entry.variant == "unchunked" for work in all_works() for entry in work.entries)
    assert list(counts.values()) == [10, 10, 2, 2, 10, 10, 10, 6, 4, 22, len(all_works()), unchunked, 8, 1]
    by = {(claim.group, claim.what): claim for claim in judged}
    ratio = by["sequence, batch 1, best peer / ours", "64/64/100/1, cpp"]
    assert (ratio.value, ratio.wanted, ratio.reached) == (pytest.approx(2), 1.5, True)
    assert not by["one step per call from Python, against ONNX Runtime", "H = 20, python-pybind11"].reached
    assert by["two threads against one, batch 32 and up", "64/64/100/32, go"].value == pytest.approx(2)
    assert by["growth: time ~ size to the power of", "H at B = 64, cpp"].value == pytest.approx(2)
    assert by["growth: time ~ size to the power of", "T at H = 64, B = 1, go"].value == pytest.approx(1)
    assert by["sequence, batch 32 and 64, share of the fma peak", "512/512/50/64"].value == pytest.approx(1)


def test_claims_are_judged_by_their_numbers():
    good, bad = claims.Claim("g", "w", 1.1, 1.1), claims.Claim("g", "w", 1.09, 1.1)
    assert (good.reached, bad.reached) == (True, False)
    assert not claims.Claim("g", "w", math.nan, 1.1).reached
    assert claims.Claim("g", "w", 1.0, 1.05, at_most=True).reached
    assert not claims.Claim("g", "w", 1.06, 1.05, at_most=True).reached
    assert report.short_lines([good, bad]) == [("g", "1.09 to 1.1", ">= 1.1", "1 of 2 reached")]


def test_a_claim_needs_both_times():
    shape = Shape(64, 64, 100, 1)
    found = results([("sequence", shape, {"cpp": 1e-6, "go": 1e-6, "torch": 2e-6})])
    assert len(claims.judge(found)) == 2  # against the best peer, and Go against C++
    found.works[0].timings[0].status = "FAIL"
    assert claims.judge(found) == []


def test_results_are_stored_and_read_again(tmp_path):
    found = everything_timed()
    found.notes = ["something"]
    text = results_file.to_json(found, [claim.to_json() for claim in claims.judge(found)])
    run.validate(text)
    (tmp_path / "r.json").write_text(text)
    assert results_file.load(tmp_path / "r.json") == found
    untimed = json.loads(text)
    untimed["works"][0]["timings"][0]["status"] = "FAIL"  # and yet it has a time
    with pytest.raises(jsonschema.ValidationError):
        run.validate(json.dumps(untimed))
    with pytest.raises(InvalidArgument, match="not the results of a run"):
        results_file.load(write(tmp_path / "other.json", "{}"))


def edited(data, path, value):
    *folders, last = path
    inner = data
    for key in folders:
        inner = inner[key]
    inner[last] = value
    return json.dumps(data)


TIMING = ("works", 0, "timings", 0)


@pytest.mark.parametrize(
    ("path", "value"),
    [((*TIMING, "median"), value) for value in (None, "x", 0, -1.0, math.nan, math.inf)]
    + [((*TIMING, "turns"), []), (("works", 0, "shape", "H"), "x"), (("works", 0, "shape", "T"), 0)]
    + [(("peak", "fma"), {"avx512": "x"}), (("peak", "fma"), 5), (("works",), {"a": 1}), (("memory",), [3])],
)
def test_results_that_somebody_edited(tmp_path, path, value):
    data = json.loads(results_file.to_json(everything_timed(), []))
    with pytest.raises(InvalidArgument, match="not the results of a run"):
        results_file.load(write(tmp_path / "r.json", edited(data, path, value)))


@pytest.mark.parametrize("text", ["{", "5", "[]", '{"digests": []}', '{"digests": {"a": 5}}', '{"digests": {"a": {}}}'])
def test_digests_that_somebody_edited(tmp_path, text):
    with pytest.raises(InvalidArgument, match="not what --write-digests writes"):
        oracle.load_digests(write(tmp_path / "digests.json", text))


@pytest.mark.parametrize("ratio", ['"x"', "null", "NaN", "-1", "0", "1e999"])
def test_ratios_that_somebody_edited(tmp_path, ratio):
    with pytest.raises(InvalidArgument, match="not what --write-ratios writes"):
        regression.load("cpu", write(tmp_path / "ratios.json", f'{{"cpu": {{"work": {{"a / b": {ratio}}}}}}}'))


def write(path, text):
    path.write_text(text)
    return path


def test_nothing_private_is_stored(monkeypatch):
    monkeypatch.setattr(results_file.socket, "gethostname", lambda: "babbage")
    text = "cannot be started: /home/ada/lstm ref/build/lstm-ref-bench on babbage: see ../x/y.py (I/H/T/B 64/64/1/1; 3 GB/s) '/tmp/a'"
    shown = results_file.anonymous(text)
    assert "ada" not in shown
    assert "babbage" not in shown
    assert "/home" not in shown
    assert "'a'" in shown
    assert "y.py (I/H/T/B 64/64/1/1; 3 GB/s)" in shown
    assert results_file.one_line("died\n  File 1\n\nKeyError: x\n") == "died ... KeyError: x"


def test_stored_results_hold_no_folders():
    for path in (run.FOLDER / "results").glob("*.json"):
        text = path.read_text()
        run.validate(text)
        assert not re.search(r"(?<![\w/.])/(?:home|root|tmp|work|usr|opt|Users)\b", text)


def test_reports_say_what_failed_and_what_was_skipped(tmp_path):
    found = everything_timed()
    work = found.works[0]
    for timing, status, detail in zip(work.timings, ("FAIL", "error", "skipped"), ("bits", "died", "not built"), strict=False):
        timing.status, timing.detail, timing.median, timing.turns = status, detail, None, []
    found.notes = ["peers: tesnor, want none or some of torch"]
    path = write(tmp_path / "a.md", "".join(f"<!-- {name} -->\n<!-- /{name} -->\n" for name in report.BLOCKS))
    for block, text in report.find_blocks(path):
        block.write(text(found))
    text = path.read_text()
    for line in ("- FAIL cpp: step 1/16/100/1: bits", "- error go: step 1/16/100/1: died", "- peers: tesnor",
                 "- skipped python-pybind11: 1 works: not built", "**not reached**", "a processor, 2 cores, L1d 32K"):  # fmt: skip
        assert line in text
    with pytest.raises(InvalidArgument, match="no markers"):
        report.find_blocks(write(tmp_path / "b.md", "nothing"))


def test_plots_are_small_and_always_the_same():
    first, second = (plots.draw(everything_timed()) for _ in range(2))
    assert set(first) == {f"{name}.{kind}" for name in ("ratios", "roofline", "scaling") for kind in ("svg", "png")}
    assert first == second
    assert max(map(len, first.values())) < 300_000
    assert plots.draw(results([])) == {}


# The regression check -----------------------------------------------------------------------------------------------


def quick_results(go=1e-6):
    return results([("step", SMALL, {"cpp": 1e-6, "go": go}), ("sequence", SMALL, {"cpp": 1e-6, "go": 1e-6})])


def test_a_ratio_that_got_worse_is_confirmed_by_a_second_measurement():
    stored = regression.ratios(quick_results())
    works = [Work("quick", mode, SMALL, (Entry("cpp"), Entry("go"))) for mode in ("step", "sequence")]
    again = []

    def remeasure(go):
        def measure(work):
            again.append(work.mode)
            return quick_results(go).works[0]

        return measure

    def worse(verdicts):
        return [(verdict.work, verdict.ratio) for verdict in verdicts if verdict.worse]

    assert worse(regression.confirm(quick_results(1.1e-6), stored, works, remeasure(9))) == []
    assert again == []  # within the tolerance
    slower = quick_results(1.5e-6)
    assert worse(regression.confirm(slower, stored, works, remeasure(1e-6))) == []
    assert again == ["step"]  # only the suspicious work
    assert worse(regression.confirm(slower, stored, works, remeasure(1.4e-6))) == [("step 2/3/4/1", "cpp / go")]
    assert worse(regression.confirm(slower, {}, works, remeasure(9))) == []  # nothing stored, nothing worse


def test_ratios_are_stored_by_processor(tmp_path):
    path = tmp_path / "ratios.json"
    assert regression.load("one", path) == {}
    regression.store("one", quick_results(), path)
    regression.store("two", quick_results(2e-6), path)
    assert regression.load("one", path)["step 2/3/4/1"]["cpp / go"] == 1
    assert regression.load("two", path)["step 2/3/4/1"]["cpp / go"] == 0.5
    with pytest.raises(InvalidArgument, match=re.escape("ratios.json: not what --write-ratios writes")):
        regression.load("one", write(path, "[1]"))


# The command --------------------------------------------------------------------------------------------------------


@pytest.fixture
def bench(fake, monkeypatch):
    """`lstm-ref bench` over fakes and one small work: contender name -> kind."""

    def call(*arguments, **kinds):
        everyone = {name: Contender(name, missing=f"no package {name}") for name in (*OURS, *PEERS)}
        everyone |= {name: fake(name, kind) for name, kind in ({"cpp": "right", "torch": "near"} | kinds).items()}
        small = [Work("sequence", "sequence", SMALL, tuple(map(Entry, ("cpp", "go", "torch", "jax"))))]
        monkeypatch.setattr(command, "contenders", lambda: everyone)
        monkeypatch.setattr(command, "all_works", lambda: small)
        monkeypatch.setattr(command, "quick_works", lambda: small)
        monkeypatch.setattr(command.oracle, "load_digests", lambda: digests(SMALL))
        monkeypatch.setattr(command, "QUICK_SECONDS", 0.01)
        monkeypatch.setattr(run, "machine_program", lambda: None)
        monkeypatch.setattr(run, "_measure_memory", lambda session, results: None)
        options = [] if "--quick" in arguments or "--results" in arguments else ["--seconds", "0.01", "--rounds", "2"]
        result = CliRunner().invoke(app, ["bench", *options, *map(str, arguments)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return call


@pytest.fixture(autouse=True)
def not_ci(monkeypatch):
    monkeypatch.delenv("CI", raising=False)


def test_bench_writes_results_and_tables(bench, tmp_path):
    readme = write(tmp_path / "README.md", "<!-- speed -->\n<!-- /speed -->\n")
    out = tmp_path / "new" / "folder"
    result = bench("--out", out, "--markdown", readme)
    assert result.exit_code == 0, result.output
    assert "skipped go: 1 works: no package go" in result.output
    stored = json.loads((out / "results.json").read_text())
    assert [timing["status"] for timing in stored["works"][0]["timings"]] == ["timed", "skipped", "timed", "skipped"]
    assert stored["contenders"]["cpp"] == {"name": "fake right", "version": "1.0"}
    text = readme.read_text()
    assert text.startswith("<!-- speed -->\n\n| work |")
    result = bench("--results", out / "results.json", "--markdown", readme)
    assert result.exit_code == 0
    assert readme.read_text() == text


def test_wrong_bits_are_loud_and_fail(bench):
    result = bench(cpp="right", go="wrong")
    assert result.exit_code == 1
    assert "FAIL go: sequence 2/3/4/1: the bits of y differ from the stored digest" in result.output.replace("\n", " ")


def test_what_cannot_be_done_is_said_and_the_rest_goes_on(bench, tmp_path):
    blocked = write(tmp_path / "file", "") / "folder"
    for arguments, words in (
        (("--peers", "tesnor,torch"), "peers: tesnor, want none or some of torch, onnxruntime, openvino, jax"),
        (("--peers", "jax"), "peers: jax: no package jax"),
        (("--out", blocked), "(Not a directory), want a folder that can be written: nothing will be written"),
        (("--only", "nothing-*", "--only", "sequence"), "only: nothing-*, want the name of a work"),
    ):
        result = bench(*arguments)
        assert result.exit_code == 1
        assert words in re.sub(r"\s+", " ", result.output)
        assert "sequence 2/3/4/1: cpp" in result.output
    result = bench("--peers", "none")
    assert result.exit_code == 0
    assert "torch" not in result.output.split("microseconds")[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--only", "nothing-*"), "lstm-ref: only: nothing-*, want a pattern that some work matches"),
        (("--results", "/nowhere/r.json"), "lstm-ref: /nowhere/r.json: file: cannot be read (No such file or directory)"),
        (("--markdown", "/nowhere/r.md"), "lstm-ref: /nowhere/r.md: file: cannot be read"),
        (("--seconds", "nan"), "seconds"),
        (("--seconds", "0"), "--seconds"),
        (("--rounds", "1"), "--rounds"),
    ],
    ids=str,
)
def test_wrong_usage_ends_with_status_2_before_the_run(bench, arguments, words):
    result = bench(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "us" not in result.stdout


def test_quick_compares_ratios_and_fails_when_one_is_worse(bench, tmp_path, monkeypatch):
    path = tmp_path / "ratios.json"
    monkeypatch.setattr(regression, "load", lambda cpu: regression._load_all(path).get(cpu, {}))
    monkeypatch.setattr(command.regression, "RATIOS", path)
    store = regression.store
    monkeypatch.setattr(regression, "store", lambda cpu, results: store(cpu, results, path))
    result = bench("--quick", go="right")
    assert result.exit_code == 0
    assert "not compared: no ratios are stored for" in result.output
    monkeypatch.setenv("CI", "true")
    assert bench("--quick", go="right").exit_code == 1  # nothing compared is no success there
    assert bench("--quick", "--write-ratios", go="right").exit_code == 0
    everything = json.loads(path.read_text())
    (found,) = everything.values()
    found["sequence 2/3/4/1"]["cpp / go"] = 0.1
    write(path, json.dumps(everything))
    result = bench("--quick", go="right")
    assert result.exit_code == 0, result.output
    assert "passed: no ratio is worse than stored by more than 15%" in result.output
    result = bench("--quick")  # go is not there
    assert result.exit_code == 1  # CI is still set
    assert "not compared, since not measured: 1 stored ratios, as sequence 2/3/4/1: cpp / go" in re.sub(
        r"\s+", " ", result.output
    )
    found["sequence 2/3/4/1"]["cpp / go"] = 50
    write(path, json.dumps(everything))
    result = bench("--quick", go="right")
    assert result.exit_code == 1
    assert "FAILED: 1 ratios are worse than stored by more than 15%" in result.output
    assert "WORSE" in result.output


def test_ratios_are_stored_only_when_all_were_measured(bench, tmp_path, monkeypatch):
    path = tmp_path / "ratios.json"
    monkeypatch.setattr(regression, "load", lambda cpu: {})
    monkeypatch.setattr(regression, "store", lambda cpu, results: path.write_text("stored"))
    result = bench("--quick", "--write-ratios", go="wrong")
    assert result.exit_code == 1
    assert "ratios.json is as it was" in result.output
    assert not path.exists()
    result = bench("--quick", "--out", tmp_path)
    assert result.exit_code == 2
    assert "lstm-ref: out: with --quick, want it with a full run or --results" in result.stderr


def test_programs_that_are_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("LSTM_REF_CPP_BENCH", "/nowhere/lstm-ref-bench")
    assert contenders.contenders()["cpp"].missing == "LSTM_REF_CPP_BENCH: /nowhere/lstm-ref-bench, want a program that can be run"
    monkeypatch.delenv("LSTM_REF_CPP_BENCH")
    monkeypatch.setattr(contenders, "CHECKOUT", tmp_path)
    assert contenders.contenders()["cpp"].missing.startswith("lstm-ref-bench for cpp is not built")
    monkeypatch.setattr(contenders.importlib.util, "find_spec", lambda name: None)
    assert contenders.contenders()["jax"].missing == "no package jax: pip install 'lstm_ref[peers]'"


def test_a_variant_is_in_bold_when_it_is_slower_than_its_own_arithmetic_explains():
    def size(hidden_size, batch, clip):
        variant = {"seconds": 1e-6, "products": 1, "pointwise": 0}
        own = {"name": "clip", "ratio": clip, "products": 1.25, "pointwise": 0.1}
        return {"hidden_size": hidden_size, "batch": batch, "variants": [{"name": "plain LSTM", "ratio": 1, **variant},
                own, {"name": "float64", "ratio": 2.5, **variant}]}  # fmt: skip

    lines = variants.table([size(16, 1, 1.5), size(64, 32, 1.51)]).splitlines()
    assert lines[0] == "|  | H = 16 | H = 64, batch 32 |"
    assert lines[2:] == ["| plain LSTM | 1 us | 1 us |", "| clip | 1.50 (1.50) | **1.51** (1.50) |", "| float64 | 2.50 | 2.50 |"]
    assert variants.allowed({"products": 0.75, "pointwise": -0.1}) == 1.15  # less of either is no reason to be slower
