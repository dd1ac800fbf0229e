"""What is measured: shapes, and who runs each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch

OURS = ("cpp", "go", "python-pybind11", "python-nanobind")
PEERS = ("torch", "onnxruntime", "openvino", "jax")


@dataclass(frozen=True)
class Shape:
    """Letters as in spec/lstm.md: inputs, hidden units, time steps, batch rows, layers, directions."""

    I: int
    H: int
    T: int
    B: int
    L: int = 1
    D: int = 1

    def __str__(self) -> str:
        extra = (f" L={self.L}" if self.L > 1 else "") + (" bidirectional" if self.D > 1 else "")
        return f"{self.I}/{self.H}/{self.T}/{self.B}{extra}"

    @property
    def layer_inputs(self) -> list[int]:
        """I_l of every layer and direction."""
        return [self.I if layer == 0 else self.D * self.H for layer in range(self.L) for _ in range(self.D)]

    @property
    def input_flops(self) -> int:
        """Of the input projections of one time step, a fused multiply-add counted as two."""
        return sum(2 * 4 * self.H * inputs * self.B for inputs in self.layer_inputs)

    @property
    def recurrent_flops(self) -> int:
        return 2 * 4 * self.H * self.H * self.B * self.L * self.D

    @property
    def input_bytes(self) -> int:
        """Of all W_ih."""
        return sum(4 * 4 * self.H * inputs for inputs in self.layer_inputs)

    @property
    def recurrent_bytes(self) -> int:
        """Of all W_hh."""
        return 4 * 4 * self.H * self.H * self.L * self.D

    @property
    def array_bytes(self) -> int:
        """Of x and y."""
        return 4 * self.T * self.B * (self.I + self.D * self.H)


@dataclass(frozen=True)
class Entry:
    """A contender, in the form in which it takes part. No isa and no variant: as a user gets it."""

    contender: str
    threads: int = 1
    isa: str = ""
    variant: str = ""

    @property
    def name(self) -> str:
        threads = f"{self.threads}-threads" if self.threads > 1 else ""
        return "-".join(filter(None, (self.contender, self.isa, self.variant, threads)))


@dataclass(frozen=True)
class Work:
    """mode "step": T calls of one step each, the state carried; "sequence": one call for all T steps. Both from a zero state."""

    group: str
    mode: str
    shape: Shape
    entries: tuple[Entry, ...]

    @property
    def id(self) -> str:
        s = self.shape
        extra = (f"-l{s.L}" if s.L > 1 else "") + ("-bidirectional" if s.D > 1 else "")
        return f"{self.mode}-i{s.I}-h{s.H}-t{s.T}-b{s.B}{extra}"

    def __str__(self) -> str:
        return f"{self.mode} {self.shape}"

    def matches(self, pattern: str) -> bool:
        return fnmatch(self.id, pattern) or self.group == pattern


CPP, GO, PYTHON, NANOBIND = map(Entry, OURS)
AVX2, UNCHUNKED = replace(CPP, isa="avx2"), replace(CPP, variant="unchunked")
TWO_THREADS = (replace(CPP, threads=2), replace(GO, threads=2))
TORCH_CELL = Entry("torch", variant="cell")
EVERYONE = tuple(map(Entry, OURS + PEERS))
SCALING = (CPP, GO, Entry("onnxruntime"))

# I, H of one step per call from Python, against all peers; then those inside C++ only
PYTHON_STEPS = ((10, 20), (32, 32), (64, 64), (96, 96), (128, 128))
SMALL_STEPS = ((1, 16), (8, 32))
STREAMED = ((64, 64), (128, 128))
# I, H, T of sequences of one row, of 32 rows and of 64
ONE_ROW = ((64, 64, 100), (128, 128, 100), (256, 256, 100), (512, 512, 100), (1024, 1024, 50))
ROWS_32 = ((64, 64, 100), (128, 128, 100), (128, 256, 100), (512, 512, 50), (1024, 1024, 25))
ROWS_64 = ((64, 64, 100), (128, 128, 100), (256, 256, 50), (512, 512, 50), (1024, 1024, 25))
SCALED_T = (10, 100, 1000, 10_000)  # at I = H = 64, one row
SCALED_B = (1, 2, 4, 8, 16, 32, 64, 128)  # at I = H = 128, 50 steps
SCALED_H = (16, 32)  # below ONE_ROW
MEMORY = tuple(Shape(4, 16, T, 1) for T in (100, 10_000, 1_000_000))  # the first is what the others are compared with


def all_works() -> list[Work]:
    """The full list; each shape and mode once."""
    merged: dict[tuple[str, Shape], Work] = {}
    for work in _works():
        seen = merged.setdefault((work.mode, work.shape), work)
        merged[work.mode, work.shape] = replace(seen, entries=tuple(dict.fromkeys(seen.entries + work.entries)))
    return list(merged.values())


def _works() -> Iterator[Work]:
    for I, H in SMALL_STEPS:
        yield Work("step", "step", Shape(I, H, 100, 1), (CPP, GO, PYTHON, AVX2, UNCHUNKED))
    for I, H in PYTHON_STEPS:
        special: tuple[Entry, ...] = (AVX2, UNCHUNKED) if (I, H) in STREAMED else ()
        yield Work("step", "step", Shape(I, H, 100, 1), (*EVERYONE, TORCH_CELL, *special))
    for I, H, T in ONE_ROW:
        threads = TWO_THREADS if H >= 512 else ()
        yield Work("sequence", "sequence", Shape(I, H, T, 1), (*EVERYONE, AVX2, UNCHUNKED, *threads))
    for B, shapes in ((32, ROWS_32), (64, ROWS_64)):
        for I, H, T in shapes:
            avx2 = (AVX2,) if H == 256 else ()
            without_nanobind = tuple(entry for entry in EVERYONE if entry != NANOBIND)
            yield Work("batch", "sequence", Shape(I, H, T, B), (*without_nanobind, *avx2, UNCHUNKED, *TWO_THREADS))
    for shape in (Shape(128, 128, 100, 1, L=2), Shape(128, 128, 100, 1, D=2), Shape(128, 128, 50, 32, L=2, D=2)):
        yield Work("layers", "sequence", shape, (*EVERYONE, *TWO_THREADS))
    for T in SCALED_T:
        yield Work("scaling", "sequence", Shape(64, 64, T, 1), SCALING)
    for H in SCALED_H:
        yield Work("scaling", "sequence", Shape(H, H, 100, 1), SCALING)
    for B in SCALED_B:
        yield Work("scaling", "sequence", Shape(128, 128, 50, B), SCALING)


def quick_works() -> list[Work]:
    """For `--quick`: enough to notice a regression of any part."""
    peer = Entry("onnxruntime")
    return [
        Work("quick", "step", Shape(64, 64, 100, 1), (CPP, GO, PYTHON, NANOBIND, AVX2, UNCHUNKED, peer)),
        Work("quick", "sequence", Shape(64, 64, 100, 1), (CPP, GO, PYTHON, AVX2, UNCHUNKED, peer)),
        Work("quick", "sequence", Shape(256, 256, 100, 1), (CPP, GO, AVX2, UNCHUNKED, peer)),
        Work("quick", "sequence", Shape(128, 256, 100, 32), (CPP, GO, AVX2, UNCHUNKED, peer)),
    ]


def shapes(works: Sequence[Work]) -> list[Shape]:
    """Of works, each once, and those of the memory measurement: what needs a stored digest."""
    return list(dict.fromkeys([*(work.shape for work in works), *MEMORY]))
