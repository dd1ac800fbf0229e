"""What a run found, as it is stored: bench/results.schema.json describes the file."""

from __future__ import annotations

import json
import math
import re
import socket
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Any

from .. import model_file
from ..errors import InvalidArgument
from .statistics import Ratio, paired_ratio
from .work import PEERS, Entry, Shape, Work

FORMAT = 1
TIMED, WRONG, ERROR, SKIPPED = "timed", "FAIL", "error", "skipped"


@dataclass
class Timing:
    """One entry of one work. Times are seconds per time step; there are none unless the status is `timed`."""

    entry: str
    contender: str
    threads: int
    isa: str
    variant: str
    status: str = SKIPPED
    detail: str = ""
    difference: float | None = None  # largest, from the canonical y
    median: float | None = None
    q1: float | None = None
    q3: float | None = None
    minimum: float | None = None
    samples: int = 0
    turns: list[float] = field(default_factory=list)  # the median of each round

    @classmethod
    def of(cls, entry: Entry) -> Timing:
        return cls(entry.name, entry.contender, entry.threads, entry.isa, entry.variant)

    @property
    def timed(self) -> bool:
        return self.status == TIMED

    @property
    def seconds(self) -> float:
        """The median; only of what was timed."""
        assert self.median is not None
        return self.median

    @property
    def spread(self) -> float:
        """Half the distance of the quartiles, of the median."""
        assert self.q1 is not None
        assert self.q3 is not None
        return (self.q3 - self.q1) / 2 / self.seconds


@dataclass
class Measured:
    """A work and the results of its entries."""

    group: str
    mode: str
    shape: Shape
    timings: list[Timing]

    @classmethod
    def of(cls, work: Work) -> Measured:
        return cls(work.group, work.mode, work.shape, [Timing.of(entry) for entry in work.entries])

    def __str__(self) -> str:
        return f"{self.mode} {self.shape}"

    def get(self, entry: str) -> Timing | None:
        """The entry's timing if it was timed."""
        return next((timing for timing in self.timings if timing.entry == entry and timing.timed), None)

    def best_peer(self) -> Timing | None:
        peers = [timing for timing in self.timings if timing.contender in PEERS and timing.timed]
        return min(peers, key=lambda timing: timing.seconds, default=None)

    def ratio(self, slow: str, fast: str) -> Ratio | None:
        """The time of `slow` over that of `fast`; None unless both were timed."""
        a, b = self.get(slow), self.get(fast)
        return paired_ratio(a.turns, b.turns) if a and b else None


@dataclass
class Memory:
    """Resident bytes of a worker while it computes a sequence again and again, beyond x, y and those of the short sequence."""

    contender: str
    shape: Shape
    beyond: int
    arrays: int  # x and y
    preactivations: int  # what keeping all of them would take


@dataclass
class Peak:
    """What the machine can do, measured in this run: by instruction set GFLOP/s of fma, and the ns of a step's activations,
    those of one unit among many (`unit`) and from z to h of a vector alone (`latency`), and of a term of a sum that waits for the
    one before it (`term`); GB/s of reading n bytes again and again."""

    fma: dict[str, float]
    bandwidth: list[tuple[int, float]]
    unit: dict[str, float]
    latency: dict[str, float]
    term: dict[str, float]


@dataclass
class Results:
    machine: dict[str, Any]
    contenders: dict[str, dict[str, str]]  # name -> what it says of itself: name, version
    settings: dict[str, float]
    works: list[Measured]
    peak: Peak | None = None
    memory: list[Memory] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was skipped or failed, one line each

    def find(self, mode: str, shape: Shape) -> Measured | None:
        return next((work for work in self.works if (work.mode, work.shape) == (mode, shape)), None)

    @property
    def failures(self) -> list[tuple[Measured, Timing]]:
        return [(work, timing) for work in self.works for timing in work.timings if timing.status in (WRONG, ERROR)]


def to_json(results: Results, claims: list[dict[str, Any]]) -> str:
    """With the claims that were judged, for readers; they are derived, and judged anew when it is read."""
    return json.dumps({"format": FORMAT, **asdict(results), "claims": claims}, indent=1, allow_nan=False) + "\n"


def load(path: Path) -> Results:
    """Raises InvalidArgument when the file is none of ours."""
    try:
        data = json.loads(model_file.read_bytes(path))
        if data["format"] != FORMAT:
            raise ValueError
        return _from_json(data)
    except InvalidArgument as error:
        raise error.at(path) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidArgument(f"{path}: file", "not the results of a run", f"JSON of format {FORMAT}") from None


def positive(value: Any) -> float:
    """A number of a file that somebody may have edited. ValueError for anything that no time, speed or ratio can be."""
    if type(value) not in (int, float) or not 0 < value < math.inf:
        raise ValueError
    return float(value)


def _checked(timing: Timing) -> Timing:
    if timing.timed:
        for value in (timing.median, timing.q1, timing.q3, timing.minimum, *timing.turns):
            positive(value)
        if not timing.turns:
            raise ValueError
    return timing


def _shape(data: Mapping[str, Any]) -> Shape:
    shape = Shape(**data)
    if not all(type(size) is int and size > 0 for size in astuple(shape)):
        raise ValueError
    return shape


def _from_json(data: Mapping[str, Any]) -> Results:
    works = [
        Measured(work["group"], work["mode"], _shape(work["shape"]), [_checked(Timing(**timing)) for timing in work["timings"]])
        for work in data["works"]
    ]
    memory = [Memory(**{**entry, "shape": _shape(entry["shape"])}) for entry in data["memory"]]
    peak = data["peak"] and Peak(
        {isa: positive(speed) for isa, speed in data["peak"]["fma"].items()},
        [(int(positive(size)), positive(speed)) for size, speed in data["peak"]["bandwidth"]],
        *({isa: positive(data["peak"][key][isa]) for isa in data["peak"]["fma"]} for key in ("unit", "latency", "term")),
    )
    plain = {key: data[key] for key in ("machine", "contenders", "settings", "notes")}
    return Results(**plain, works=works, memory=memory, peak=peak)


def anonymous(text: str) -> str:
    """Without folders and without this machine's name: results are published."""
    text = re.sub(r"(?<![\w.])(?:~|\.{0,2})(?:/[^\s/:'\",;()\[\]]+)*/(?=[^\s/:'\",;()\[\]])", "", text)
    host = socket.gethostname()
    return text.replace(host, "HOST") if len(host) > 2 else text


def one_line(error: str) -> str:
    """Of a worker's last words the first and the last line, `anonymous`."""
    lines = [line.strip() for line in error.splitlines() if line.strip()] or [""]
    return anonymous(lines[0] if len(lines) == 1 else f"{lines[0]} ... {lines[-1]}")
