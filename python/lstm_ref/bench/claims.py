"""What this project promises about speed, and whether a run shows it. Each claim has the number that was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from . import roofline
from .results import Measured, Results, Timing
from .statistics import number, paired_ratio, slope
from .work import (
    CPP,
    GO,
    ONE_ROW,
    PEERS,
    PYTHON_STEPS,
    ROWS_32,
    ROWS_64,
    SCALED_B,
    SCALED_T,
    SMALL_STEPS,
    STREAMED,
    Shape,
)

BINDINGS = ("python-pybind11", "python-nanobind")
# One step of RTNeural (C++, -ffast-math, sizes fixed when it is compiled), measured on this class of machine in another run, in
# seconds: it is not a package that could run beside us.
RTNEURAL = {(1, 16): 0.052e-6, (8, 32): 0.080e-6, (64, 64): 0.78e-6, (128, 128): 2.64e-6}
STEP_RATIO, TORCH_STEP_RATIO, BATCH_RATIO = 8.0, 50.0, 1.1
ONE_ROW_RATIOS = {64: 1.5, 128: 1.4, 256: 1.25, 512: 1.1, 1024: 1.3}
PREACTIVATIONS_SHARE = 1 / 16  # what may remain of all pre-activations: a bounded chunk, and what an allocator keeps
NOISE = 0.05  # of an exponent fitted to measured times


@dataclass(frozen=True)
class Claim:
    """`group` is the line of the promise, `what` the work. `at_most`: smaller is better. low and high as in `Ratio`, if measured."""

    group: str
    what: str
    value: float
    wanted: float
    low: float | None = None
    high: float | None = None
    at_most: bool = False
    note: str = ""

    @property
    def reached(self) -> bool:
        return self.value <= self.wanted if self.at_most else self.value >= self.wanted

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "reached": self.reached}


def judge(results: Results) -> list[Claim]:
    """All claims for which the run has measurements, in the order of the promise."""
    parts = (_python_steps, _streams, _small_steps, _sequences, _batches, _fma_shares, _two_threads, _go, _chunking, _growth,
             _memory)  # fmt: skip
    return [claim for part in parts for claim in part(results)]


def _ratio(group: str, work: Measured, slow: str, fast: str, wanted: float, what: str, note: str = "") -> Iterator[Claim]:
    if ratio := work.ratio(slow, fast):
        yield Claim(group, what, ratio.value, wanted, ratio.low, ratio.high, note=note)


def _ceiling(results: Results, work: Measured, entry: str, value: float = 1.0) -> str:
    """The ratio to an entry's time that the machine itself allows: it must read the weights, and compute. For our own entry: what
    `value`, reached in its time, would be."""
    timing = work.get(entry)
    if results.peak is None or timing is None:
        return ""
    return f"the machine allows {number(value * timing.seconds / roofline.least_seconds(results.peak, work.mode, work.shape))}"


def _note(*parts: str) -> str:
    return "; ".join(filter(None, parts))


def _share(group: str, what: str, timing: Timing, share: float, wanted: float, note: str) -> Claim:
    """Of a constant of the machine: the interval is that of the time alone."""
    ratio = paired_ratio([share * timing.seconds] * len(timing.turns), timing.turns)
    return Claim(group, what, ratio.value, wanted, ratio.low, ratio.high, note=note)


def _python_steps(results: Results) -> Iterator[Claim]:
    for peer, name, wanted in (("onnxruntime", "ONNX Runtime", STEP_RATIO), ("torch", "torch.nn.LSTM", TORCH_STEP_RATIO)):
        for I, H in PYTHON_STEPS:
            if work := results.find("step", Shape(I, H, 100, 1)):
                for binding in BINDINGS:
                    cell = work.ratio("torch-cell", binding) if peer == "torch" else None
                    note = _note(f"torch.nn.LSTMCell: {number(cell.value)}" if cell else "", _ceiling(results, work, peer))
                    what = f"H = {H}, {binding}"
                    yield from _ratio(f"one step per call from Python, against {name}", work, peer, binding, wanted, what, note)


def _streams(results: Results) -> Iterator[Claim]:
    for I, H in STREAMED:
        work = results.find("step", Shape(I, H, 100, 1))
        timing = work and work.get(CPP.name)
        if work and timing and results.peak:
            share = roofline.bandwidth_share(results.peak, work, timing)
            size = work.shape.input_bytes + work.shape.recurrent_bytes
            speed = roofline.bandwidth(results.peak, size) / 1e9
            note = (
                f"{timing.seconds * 1e6:.3g} us; {size // 1024} KiB of weights at {speed:.3g} GB/s: {size / speed / 1e3:.3g} us; "
                + _ceiling(results, work, CPP.name, share)
            )
            yield _share("one step per call in C++, share of the read bandwidth", f"I, H = {I}, {H}", timing, share, 0.8, note)


def _small_steps(results: Results) -> Iterator[Claim]:
    for I, H in SMALL_STEPS:
        work = results.find("step", Shape(I, H, 100, 1))
        if work and (timing := work.get(CPP.name)):
            there = RTNEURAL[I, H]
            yield Claim(
                "one step per call in C++, RTNeural's time in another run / ours",
                f"I, H = {I}, {H}",
                there / timing.seconds,
                0.9,
                note=_note(
                    f"{timing.seconds * 1e6:.3g} us; RTNeural took {there * 1e6:.3g} us",
                    _ceiling(results, work, CPP.name, there / timing.seconds),
                ),
            )


def _against_best_peer(results: Results, group: str, shape: Shape, wanted: float) -> Iterator[Claim]:
    work = results.find("sequence", shape)
    best = work and work.best_peer()
    if work and best:
        note = _note(f"best peer: {best.entry}", _ceiling(results, work, best.entry))
        for entry in (CPP.name, BINDINGS[0]):
            yield from _ratio(group, work, best.entry, entry, wanted, f"{shape}, {entry}", note)


def _sequences(results: Results) -> Iterator[Claim]:
    for I, H, T in ONE_ROW:
        yield from _against_best_peer(results, "sequence, batch 1, best peer / ours", Shape(I, H, T, 1), ONE_ROW_RATIOS[H])


def _batch_shapes() -> Iterator[Shape]:
    for B, shapes in ((32, ROWS_32), (64, ROWS_64)):
        for I, H, T in shapes:
            yield Shape(I, H, T, B)


def _batches(results: Results) -> Iterator[Claim]:
    for shape in _batch_shapes():
        yield from _against_best_peer(results, f"sequence, batch {shape.B}, best peer / ours", shape, BATCH_RATIO)


def _fma_shares(results: Results) -> Iterator[Claim]:
    for shape in _batch_shapes():
        work = results.find("sequence", shape)
        timing = work and work.get(CPP.name)
        if work and timing and results.peak and shape.H >= 256:
            speed = roofline.flops_per_second(shape, timing.seconds)
            share = roofline.fma_share(results.peak, work, timing)
            peak = roofline.fma_peak(results.peak) / 1e9
            note = f"{speed / 1e9:.3g} of {peak:.3g} GFLOP/s; {_ceiling(results, work, CPP.name, share)}"
            yield _share("sequence, batch 32 and 64, share of the fma peak", str(shape), timing, share, 0.85, note)


def _two_threads(results: Results) -> Iterator[Claim]:
    for work in results.works:
        s = work.shape
        if work.mode == "sequence" and (s.B >= 32 or s.H >= 512):
            group, wanted = ("batch 32 and up", 1.8) if s.B >= 32 else ("batch 1, H >= 512", 1.5)
            for name in (CPP.name, GO.name):
                yield from _ratio(f"two threads against one, {group}", work, name, f"{name}-2-threads", wanted, f"{s}, {name}")


def _go(results: Results) -> Iterator[Claim]:
    for work in results.works:
        yield from _ratio("Go against our C++, C++'s time / Go's", work, CPP.name, GO.name, 0.9, str(work))


def _chunking(results: Results) -> Iterator[Claim]:
    for work in results.works:
        yield from _ratio(
            "canonical order against one chunk, time of one chunk / ours", work, "cpp-unchunked", CPP.name, 0.97, str(work)
        )


def _growth(results: Results) -> Iterator[Claim]:
    for series in all_series(results):
        for contender in (CPP.name, GO.name):
            points = series.points(contender)
            if len(points) > 2:
                exponent = slope(*zip(*points, strict=True))
                yield Claim(
                    "growth: time ~ size to the power of", f"{series.title}, {contender}", exponent, series.exponent + NOISE,
                    at_most=True, note=f"{series.axis} {points[0][0]} to {points[-1][0]}",
                )  # fmt: skip


@dataclass(frozen=True)
class Series:
    """Works that differ in one size."""

    axis: str  # T, H or B
    title: str
    exponent: float  # at most, for the claim
    works: tuple[Measured, ...]

    def points(self, entry: str) -> list[tuple[int, float]]:
        """(size, seconds), ascending: of a whole call against T, else of one time step."""
        timed = [(work.shape, work.get(entry)) for work in self.works]
        return sorted((getattr(s, self.axis), timing.seconds * (s.T if self.axis == "T" else 1)) for s, timing in timed if timing)

    def entries(self) -> list[str]:
        """Those of all works that were timed in more than two: ours and the peers, no special forms."""
        names = (CPP.name, GO.name, *BINDINGS, *PEERS)
        return [name for name in names if len(self.points(name)) > 2]


def all_series(results: Results) -> list[Series]:
    """Against T, B and H (one row, then 64)."""
    one = {work.shape: work for work in results.works if work.mode == "sequence" and work.shape.L == work.shape.D == 1}
    chosen = {
        ("T", "T at H = 64, B = 1", 1.0): [work for s, work in one.items() if (s.I, s.H, s.B) == (64, 64, 1) and s.T in SCALED_T],
        ("B", "B at H = 128", 1.0): [work for s, work in one.items() if (s.I, s.H, s.T) == (128, 128, 50) and s.B in SCALED_B],
        ("H", "H at B = 1", 2.0): [work for s, work in one.items() if s.I == s.H and s.B == 1 and s.T in (50, 100)],
        ("H", "H at B = 64", 2.0): [work for s, work in one.items() if s.I == s.H and s.B == 64],
    }
    return [Series(*key, works=tuple(works)) for key, works in chosen.items() if len(works) > 2]


def _memory(results: Results) -> Iterator[Claim]:
    for found in results.memory:
        note = f"{found.beyond / 2**20:.2f} MiB beyond x and y; all pre-activations: {found.preactivations / 2**20:.0f} MiB"
        if found.shape.T >= 1_000_000:
            yield Claim("memory beyond weights, x and y, of that of all pre-activations", f"T = {found.shape.T}, {found.contender}",
                        max(found.beyond, 0) / found.preactivations, PREACTIVATIONS_SHARE, at_most=True, note=note)  # fmt: skip
