"""What the machine can do, and how near to it a time is."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path

import numpy as np

from ..reference.constants import CHUNK
from .process import cores_for, pinned
from .results import Measured, Peak, Timing
from .work import Shape

PATIENCE = 120.0


def measure_peak(program: Path) -> Peak:
    """Run the program that measures it, on the core of the single-threaded contenders. RuntimeError says what went wrong."""
    try:
        with pinned(cores_for(1)):
            done = subprocess.run([program], capture_output=True, timeout=PATIENCE, check=True)
        data = json.loads(done.stdout)
        fma = {str(isa): float(speed) for isa, speed in data["fma_peak_gflops"].items()}
        bandwidth = sorted((int(point["bytes"]), float(point["gb_per_s"])) for point in data["read_bandwidth"])
        step = [{isa: float(data["step"][isa][key]) for isa in fma} for key in ("unit_ns", "latency_ns", "term_ns")]
        numbers = (*fma.values(), *dict(bandwidth).values(), *(ns for by_isa in step for ns in by_isa.values()))
        if not fma or not bandwidth or not all(math.isfinite(v) and v > 0 for v in numbers):
            raise ValueError("no numbers, or no positive ones")
        return Peak(fma, bandwidth, *step)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RuntimeError(f"{program.name}: {type(error).__name__}: {error}") from None


def higher(a: Peak, b: Peak) -> Peak:
    """The better of two measurements, before and after the run: a peak is the most that was seen."""
    speeds = dict(b.bandwidth)
    return Peak(
        {isa: max(speed, b.fma.get(isa, 0.0)) for isa, speed in a.fma.items()},
        [(size, max(speed, speeds.get(size, 0.0))) for size, speed in a.bandwidth],
        *(
            {isa: min(ns, second.get(isa, math.inf)) for isa, ns in first.items()}
            for first, second in ((a.unit, b.unit), (a.latency, b.latency), (a.term, b.term))
        ),
    )


def fastest(peak: Peak) -> str:
    """The instruction set of the most FLOP/s."""
    return max(peak.fma, key=peak.fma.__getitem__)


def fma_peak(peak: Peak, isa: str = "") -> float:
    """FLOP/s of one core; of the fastest instruction set unless one is named."""
    return 1e9 * peak.fma[isa or fastest(peak)]


def bandwidth(peak: Peak, size: float) -> float:
    """Bytes/s of reading so many bytes again and again, between the sizes measured by interpolation of the logarithms."""
    sizes, speeds = zip(*peak.bandwidth, strict=True)
    return 1e9 * float(np.exp(np.interp(math.log(size), np.log(sizes), np.log(speeds))))


def least_seconds(peak: Peak, mode: str, s: Shape, isa: str = "") -> float:
    """The time of one step that the machine allows one core.

    A step reads all weights, and computes meanwhile. In a sequence the input projection of all steps is one product, bound by
    arithmetic; then every step reads W_hh. The activations (N5), (N6) come on top: where arithmetic is the limit all of them,
    since they take the same units of the processor; where reading is, only those of the last vector, in each layer and direction.
    A chunk's sum is a chain of terms.
    """
    flops, passes = fma_peak(peak, isa), s.L * s.D
    unit, latency, term = (1e-9 * by_isa[isa or fastest(peak)] for by_isa in (peak.unit, peak.latency, peak.term))
    chain = passes * term * min(s.H, CHUNK)
    activations = passes * s.B * s.H * unit
    if mode == "step":
        size = s.input_bytes + s.recurrent_bytes
        computing, reading = (s.input_flops + s.recurrent_flops) / flops, size / bandwidth(peak, size)
        return max(computing + activations, max(reading, chain) + passes * latency)
    reading = s.recurrent_bytes / bandwidth(peak, s.recurrent_bytes / passes)
    return s.input_flops / flops + max(s.recurrent_flops / flops + activations, max(reading, chain) + passes * latency)


def flops_per_second(s: Shape, seconds: float) -> float:
    """Of the two products alone; activations are not counted."""
    return (s.input_flops + s.recurrent_flops) / seconds


def fma_share(peak: Peak, work: Measured, timing: Timing) -> float:
    return flops_per_second(work.shape, timing.seconds) / (fma_peak(peak, timing.isa) * timing.threads)


def bandwidth_share(peak: Peak, work: Measured, timing: Timing) -> float:
    """Of one step: the weights it must read, at the speed at which so many bytes can be read."""
    size = work.shape.input_bytes + work.shape.recurrent_bytes
    return size / timing.seconds / bandwidth(peak, size)


def roof_share(peak: Peak, work: Measured, timing: Timing) -> float:
    return least_seconds(peak, work.mode, work.shape, timing.isa) / (timing.seconds * timing.threads)
