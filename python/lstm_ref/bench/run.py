"""What `lstm-ref bench` does: chooses the works, measures them, and writes what it found."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .. import model_file
from ..errors import InvalidArgument
from . import machine, memory, roofline
from .claims import judge
from .contenders import Contender, machine_program
from .oracle import FOLDER
from .results import Measured, Results, to_json
from .session import Session
from .work import CPP, GO, PEERS, PYTHON, Work

SCHEMA = FOLDER / "results.schema.json"
NAME = "results.json"
MEMORY_GROUP = "memory"
STAGES = 3  # beside the turns: the peaks, twice, and memory


@dataclass
class Plan:
    """What will be measured. `complaints`: what was asked for and cannot be done; the rest goes on."""

    works: list[Work]
    memory: bool
    peak_again: bool = True  # the machine's peaks a second time, at the end
    complaints: list[str] = field(default_factory=list)

    def turns(self, rounds: int) -> int:
        return rounds * sum(len(work.entries) for work in self.works)


def plan(works: Sequence[Work], everyone: Mapping[str, Contender], patterns: Sequence[str], peers: str | None) -> Plan:
    """The works that match a pattern, if there are any, with the peers of a list such as "torch,jax" or "none".

    Raises InvalidArgument when nothing is left.
    """
    chosen, complaints = _choose_peers(everyone, peers)
    with_memory = not patterns or MEMORY_GROUP in patterns
    for pattern in patterns:
        if pattern != MEMORY_GROUP and not any(work.matches(pattern) for work in works):
            groups = ", ".join([*dict.fromkeys(work.group for work in works), MEMORY_GROUP])
            complaints.append(f"only: {pattern}, want the name of a work, as sequence-*-b32, or one of {groups}")
    selected = [work for work in works if not patterns or any(map(work.matches, patterns))]
    if not selected and not with_memory:
        raise InvalidArgument("only", " ".join(patterns), "a pattern that some work matches")
    kept = [
        replace(work, entries=tuple(e for e in work.entries if e.contender not in PEERS or e.contender in chosen))
        for work in selected
    ]
    return Plan(kept, with_memory, complaints=complaints)


def _choose_peers(everyone: Mapping[str, Contender], peers: str | None) -> tuple[list[str], list[str]]:
    if peers is None:
        return list(PEERS), []
    names = [name.strip() for name in peers.split(",") if name.strip() and name.strip() != "none"]
    complaints = [f"peers: {name}, want none or some of {', '.join(PEERS)}" for name in names if name not in PEERS]
    chosen = [name for name in names if name in PEERS]
    complaints += [f"peers: {name}: {everyone[name].missing}" for name in chosen if everyone[name].missing]
    return chosen, complaints


@dataclass
class Listener:
    """Who hears how a run goes on."""

    turn: Callable[[str], None] = lambda what: None
    work: Callable[[Measured], None] = lambda measured: None


def measure(chosen: Plan, session: Session, listener: Listener) -> Results:
    """The whole run: the machine's peaks before and after, each work, memory. What goes wrong is noted, and the rest goes on."""
    results = Results(machine.describe(), {}, {"seconds": session.seconds, "rounds": session.rounds}, [])
    results.notes += chosen.complaints
    listener.turn("peaks of the machine")
    results.peak = _peak(results)
    session.progress = listener.turn
    for work in chosen.works:
        measured = session.measure(work)
        results.works.append(measured)
        listener.work(measured)
    if chosen.memory:
        listener.turn("memory")
        _measure_memory(session, results)
    if results.peak and chosen.peak_again:
        listener.turn("peaks of the machine")
        results.peak = roofline.higher(results.peak, _peak(results) or results.peak)
    results.contenders = session.about
    return results


def _peak(results: Results) -> roofline.Peak | None:
    program = machine_program()
    if program is None:
        results.notes.append("no shares of the machine's peaks: lstm-ref-bench-machine is not built (make bench builds it)")
        return None
    try:
        return roofline.measure_peak(program)
    except RuntimeError as error:
        results.notes.append(f"no shares of the machine's peaks: {error}")
        return None


def _measure_memory(session: Session, results: Results) -> None:
    if not memory.supported():
        results.notes.append("memory: this system does not tell a process's peak anew (/proc/PID/clear_refs)")
        return
    for entry in (CPP, GO, PYTHON):
        try:
            results.memory += memory.measure(session, entry)
        except RuntimeError as error:
            results.notes.append(f"memory: {entry.name}: {error}")


# Files --------------------------------------------------------------------------------------------------------------


def check_folder(folder: Path) -> str | None:
    """Makes it if need be; why it cannot be written to, if so."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"out: {folder} ({error.strerror}), want a folder that can be written: nothing will be written"
    if not os.access(folder, os.W_OK):
        return f"out: {folder}, want a folder that can be written: nothing will be written"
    return None


def write(results: Results, folder: Path) -> list[str]:
    """The results and the plots, made first and written then; the names of the files. Raises InvalidArgument."""
    text = to_json(results, [claim.to_json() for claim in judge(results)])
    validate(text)
    files = {NAME: text.encode()}
    if importlib.util.find_spec("matplotlib"):
        from . import plots

        files |= plots.draw(results)
    for name, data in files.items():
        try:
            model_file.write_atomic(folder / name, data)
        except InvalidArgument as error:
            raise error.at(folder / name) from None
    return list(files)


def validate(text: str) -> None:
    """Against bench/results.schema.json, where the package for that is installed."""
    if importlib.util.find_spec("jsonschema"):
        import jsonschema

        jsonschema.validate(json.loads(text), json.loads(SCHEMA.read_text()))
