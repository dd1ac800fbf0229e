"""The results as pictures: how much faster than the best peer, how near to the machine's limits, how time grows."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import matplotlib
import matplotlib.ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import roofline
from .claims import BATCH_RATIO, ONE_ROW_RATIOS, STEP_RATIO, Series, all_series
from .results import Measured, Results
from .work import CPP, PYTHON

COLOURS = {
    "cpp": "#0072B2", "go": "#009E73", "python-pybind11": "#56B4E9", "python-nanobind": "#117799",
    "torch": "#D55E00", "onnxruntime": "#555555", "openvino": "#CC79A7", "jax": "#E69F00",
}  # fmt: skip
GROUPS = {
    "step": "one step a call",
    "sequence": "sequence, one row",
    "batch": "sequence, 32 and 64 rows",
    "layers": "layers and directions",
}
GROUP_COLOURS = {"step": "#56B4E9", "sequence": "#0072B2", "batch": "#009E73", "layers": "#CC79A7"}
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "lstm_ref",  # the same numbers give the same file
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}


def draw(results: Results) -> dict[str, bytes]:
    """File names and contents; a plot for which the run has nothing to show is left out."""
    plots: dict[str, Callable[[Results], Figure | None]] = {"ratios": ratios, "roofline": roof, "scaling": scaling}
    files = {}
    with matplotlib.rc_context(STYLE):
        for name, plot in plots.items():
            if (figure := plot(results)) is not None:
                files[f"{name}.svg"] = _bytes(figure, "svg", {"Date": None})
                files[f"{name}.png"] = _bytes(figure, "png", {"Software": None})
    return files


def _bytes(figure: Figure, kind: str, metadata: dict[str, None]) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format=kind, dpi=130, metadata=metadata, facecolor="white")
    return stream.getvalue()


def our_entry(work: Measured) -> str:
    """Peers are called from Python: that counts when a call is one step. In a sequence it is the C++ that is compared."""
    return PYTHON.name if work.mode == "step" else CPP.name


def wanted_ratio(work: Measured) -> float | None:
    """What is promised against the best peer."""
    if work.group == "sequence":
        return ONE_ROW_RATIOS.get(work.shape.H)
    return {"step": STEP_RATIO, "batch": BATCH_RATIO}.get(work.group)


def ratios(results: Results) -> Figure | None:
    """Bars: the best peer's time over ours, with the interval, and what is promised as a mark."""
    rows = [(work, best, ratio) for work in results.works if work.group in GROUPS and (best := work.best_peer())
            and (ratio := work.ratio(best.entry, our_entry(work)))]  # fmt: skip
    if not rows:
        return None
    figure = Figure(figsize=(8, 1.3 + 0.27 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    for group, title in GROUPS.items():
        members = {y: ratio.value for y, (work, _, ratio) in enumerate(rows) if work.group == group}
        if members:
            axes.barh(list(members), list(members.values()), color=GROUP_COLOURS[group], height=0.7, label=title)
    for y, (work, best, ratio) in enumerate(rows):
        wanted = wanted_ratio(work)
        axes.plot([ratio.low, ratio.high], [y, y], color="black", linewidth=1.2)
        if wanted:
            axes.plot([wanted, wanted], [y - 0.42, y + 0.42], color="#D55E00", linewidth=2)
        axes.annotate(f"{ratio.value:.2f}  {best.entry}", (max(ratio.high, wanted or 0), y), (5, 0), textcoords="offset points",
                      va="center", fontsize=8)  # fmt: skip
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    found = [ratio.value for *_, ratio in rows]
    axes.set_xlim(min(0.8, 0.9 * min(found)), 2.2 * max(found))
    _plain_ticks(axes, "x", [0.5, 1, 1.5, 2, 3, 5, 10, 20, 50])
    axes.set_yticks(range(len(rows)), [str(work.shape) for work, *_ in rows])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.plot([], [], color="#D55E00", linewidth=2, label="promised")
    axes.set(xlabel="time of the best peer / ours, one thread (one step a call: from Python; sequences: C++)", ylabel="I/H/T/B")
    axes.legend(loc="lower right")
    return figure


def roof(results: Results) -> Figure | None:
    """Every work of our C++ and of its best peer: GFLOP/s over the flops for each byte of weights that a step must read."""
    timed = [work for work in results.works if work.group in GROUPS and work.get(CPP.name)]
    if results.peak is None or not timed:
        return None
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    peak = roofline.fma_peak(results.peak) / 1e9
    intensities = [intensity(work) for work in timed]
    xs = [0.7 * min(intensities), 1.4 * max(intensities)]
    axes.plot(xs, [peak, peak], color="black", linewidth=1.2)
    axes.annotate(f"fma peak {peak:.0f} GFLOP/s", (xs[1], peak), (0, 4), textcoords="offset points", ha="right")
    for size in _cache_sizes(results.peak):
        speed = roofline.bandwidth(results.peak, size) / 1e9
        axes.plot([xs[0], peak / speed], [xs[0] * speed, peak], color="#888888", linewidth=0.9)
        axes.annotate(f"{_human(size)}: {speed:.0f} GB/s", (peak / speed, peak), (3, -3), textcoords="offset points", fontsize=7,
                      color="#555555", rotation=-90, va="top")  # fmt: skip
    for group, title in GROUPS.items():
        members = [work for work in timed if work.group == group]
        points = [(intensity(work), _gflops(work, CPP.name)) for work in members]
        peers = [(intensity(work), _gflops(work, best.entry)) for work in members if (best := work.best_peer())]
        if points:
            axes.plot(*zip(*points, strict=True), "o", color=GROUP_COLOURS[group], label=f"{title}: our C++")
        if peers:
            axes.plot(*zip(*peers, strict=True), "o", markerfacecolor="none", color=GROUP_COLOURS[group], label="its best peer")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set(xlabel="flops for each byte of weights read", ylabel="GFLOP/s, one thread", ylim=(None, 1.6 * peak), xlim=xs)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    _plain_ticks(axes, "y", [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000])
    axes.legend(loc="lower right", fontsize=7, ncols=2)
    return figure


def intensity(work: Measured) -> float:
    """Flops for each byte of weights: a step reads all of them; in a sequence W_ih is read once for all steps."""
    s = work.shape
    size = s.recurrent_bytes + s.input_bytes / (1 if work.mode == "step" else s.T)
    return (s.input_flops + s.recurrent_flops) / size


def scaling(results: Results) -> Figure | None:
    """Time against T, B and H, and the slope that is promised."""
    series = all_series(results)
    if not series:
        return None
    figure = Figure(figsize=(4.2 * min(2, len(series)), 3.2 * ((len(series) + 1) // 2)), layout="constrained")
    for n, one in enumerate(series):
        _draw_series(figure.add_subplot((len(series) + 1) // 2, min(2, len(series)), n + 1), one)
    return figure


def _draw_series(axes: Axes, series: Series) -> None:
    for name in series.entries():
        sizes, seconds = zip(*series.points(name), strict=True)
        ours = name in ("cpp", "go")
        style = {"markersize": 4, "linewidth": 1.4} if ours else {"markersize": 3, "linewidth": 0.9, "linestyle": "--"}
        axes.plot(sizes, [1e6 * value for value in seconds], marker="o", color=COLOURS[name], label=name, **style)
    if points := series.points(CPP.name):
        first, (last, end) = points[0][0], points[-1]
        guide = [1e6 * end * (size / last) ** series.exponent for size in (first, last)]
        axes.plot([first, last], guide, ":", color="black", linewidth=0.9, label=f"{series.axis}^{series.exponent:.0f}")
    axes.set_xscale("log", base=10 if series.axis == "T" else 2)
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.set_minor_formatter(matplotlib.ticker.NullFormatter())
    axes.set(title=series.title, xlabel=series.axis, ylabel="us a call" if series.axis == "T" else "us a step")
    axes.legend(fontsize=7)


def _gflops(work: Measured, entry: str) -> float:
    timing = work.get(entry)
    assert timing is not None
    return roofline.flops_per_second(work.shape, timing.seconds) / 1e9


def _cache_sizes(peak: roofline.Peak) -> list[int]:
    """Sizes measured nearest to what fits L1, L2, L3 and nothing."""
    sizes = [size for size, _ in peak.bandwidth]
    return sorted({min(sizes, key=lambda size: abs(size - target)) for target in (2**15, 2**19, 2**23, max(sizes))})


def _human(size: int) -> str:
    return f"{size / 2**20:.0f} MiB" if size >= 2**20 else f"{size / 2**10:.0f} KiB"


def _plain_ticks(axes: Axes, axis: str, values: list[float]) -> None:
    chosen = axes.xaxis if axis == "x" else axes.yaxis
    chosen.set_major_locator(matplotlib.ticker.FixedLocator(values))
    chosen.set_minor_locator(matplotlib.ticker.NullLocator())
    chosen.set_major_formatter(lambda value, _: f"{value:g}")
