"""`lstm-ref bench` as the user sees it: progress, tables, files."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ..errors import InvalidArgument
from . import oracle, regression, report, run
from . import results as results_file
from .contenders import contenders
from .machine import cpu_model
from .results import ERROR, WRONG, Measured, Results
from .session import Session
from .statistics import number
from .work import Shape, Work, all_works, quick_works, shapes

QUICK_SECONDS, QUICK_ROUNDS = 0.12, 5


@dataclass
class Command:
    """One call of the command; each method says whether all went well. Raises InvalidArgument for wrong usage."""

    console: Console
    only: Sequence[str]
    peers: str | None
    seconds: float
    rounds: int
    out: Path | None
    markdown: Sequence[Path]

    def __post_init__(self) -> None:
        if math.isnan(self.seconds):  # in every range for some versions of typer
            raise InvalidArgument("seconds", "nan", "a number of seconds from 0.01 to 2")
        self.blocks = [block for path in self.markdown for block in report.find_blocks(path)]

    def full(self) -> bool:
        """All works, or those of --only; then tables, files and what was skipped."""
        complaint = run.check_folder(self.out) if self.out else None
        found = self._measure(all_works(), self.seconds, self.rounds, complaint)
        report.print_results(self.console, found.results)
        return self._write(found.results, complaint) and found.complete

    def show(self, path: Path) -> bool:
        """Stored results once more."""
        results = results_file.load(path)
        complaint = run.check_folder(self.out) if self.out else None
        report.print_results(self.console, results)
        if complaint:
            self._say(complaint, "bold red")
        return self._write(results, complaint) and not complaint and not results.failures

    def quick(self, write_ratios: bool) -> bool:
        """Ratios against the stored ones of this processor, the suspicious ones measured a second time."""
        for name, given in (("out", self.out), ("markdown", self.markdown)):
            if given:
                raise InvalidArgument(name, "with --quick", "it with a full run or --results")
        cpu = cpu_model()
        stored = regression.load(cpu)
        works = quick_works()
        again: list[regression.Verdict] = []

        def compare(results: Results, session: Session) -> None:
            again.extend(regression.confirm(results, stored, works, session.measure))

        found = self._measure(works, QUICK_SECONDS, QUICK_ROUNDS, None, compare)
        self._print_verdicts(again)
        report.print_problems(self.console, found.results)
        if write_ratios and not found.complete:
            self._say(f"{regression.RATIOS.name} is as it was: not all ratios were measured", "bold red")
            return False
        if write_ratios:
            regression.store(cpu, found.results)
            self._say(f"stored: {regression.RATIOS.name}, {cpu}")
            return True
        worse = [verdict for verdict in again if verdict.worse]
        if worse:
            self._say(f"FAILED: {len(worse)} ratios are worse than stored by more than {regression.TOLERANCE:.0%}", "bold red")
        elif not stored:
            self._say(f"not compared: no ratios are stored for {cpu}; --write-ratios stores them", "yellow")
        else:
            self._say(f"passed: no ratio is worse than stored by more than {regression.TOLERANCE:.0%}", "green")
        compared = {(verdict.work, verdict.ratio) for verdict in again}
        unmeasured = [f"{work}: {name}" for work, names in stored.items() for name in names if (work, name) not in compared]
        if unmeasured:
            self._say(f"not compared, since not measured: {len(unmeasured)} stored ratios, as {unmeasured[0]}", "yellow")
        strict = os.environ.get("CI") in ("true", "1")
        return found.complete and not worse and not (strict and (unmeasured or not stored))

    def write_digests(self) -> bool:
        """Those that bench/digests.json lacks."""
        with self.console.status("digests") as status:

            def progress(shape: Shape, by: str) -> None:
                status.update(f"{shape} done")
                self._say(f"{shape}: {by}")

            oracle.write_digests(shapes([*all_works(), *quick_works()]), progress)
        return True

    def _measure(self, works: Sequence[Work], seconds: float, rounds: int, complaint: str | None,
                 then: Callable[[Results, Session], None] | None = None) -> Found:  # fmt: skip
        digests = oracle.load_digests()
        everyone = contenders()
        plan = run.plan(works, everyone, self.only, self.peers)
        if then:  # a quick run
            plan.memory = plan.peak_again = False
        plan.complaints += [complaint] if complaint else []
        for line in plan.complaints:
            self._say(line, "bold red")
        with (
            self._bar(plan.turns(rounds) + run.STAGES) as bar,
            Session(everyone, digests, seconds=seconds, rounds=rounds) as session,
        ):

            def turn(what: str) -> None:
                bar.update(bar.task_ids[0], description=what, advance=1)

            def work(measured: Measured) -> None:
                bar.console.print(Text(work_line(measured)))
                for timing in measured.timings:
                    if timing.status in (WRONG, ERROR):
                        bar.console.print(Text(f"{timing.status} {timing.entry}: {measured}: {timing.detail}", "bold red"))

            results = run.measure(plan, session, run.Listener(turn, work))
            if then:
                then(results, session)
        return Found(results, not plan.complaints and not results.failures)

    def _print_verdicts(self, verdicts: Sequence[regression.Verdict]) -> None:
        table = Table("work", "ratio", "now", "stored", "")
        for v in verdicts:
            stored = "" if v.stored is None else number(v.stored)
            table.add_row(v.work, v.ratio, number(v.value), stored, Text("WORSE" if v.worse else "", "bold red"))
        self.console.print(table)

    def _write(self, results: Results, complaint: str | None) -> bool:
        if self.out and not complaint:
            self._say(f"wrote {', '.join(run.write(results, self.out))}")
        for block, text in self.blocks:
            block.write(text(results))
        return True

    @contextmanager
    def _bar(self, turns: int) -> Iterator[Progress]:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as progress:
            progress.add_task("bench", total=turns)
            yield progress

    def _say(self, text: str, style: str = "") -> None:
        self.console.print(Text(text, style))


@dataclass
class Found:
    """Results, and whether all that was asked for is in them."""

    results: Results
    complete: bool


def work_line(measured: Measured) -> str:
    """What a work's measurement says, in one line."""
    times = ", ".join(f"{t.entry} {report.microseconds(t)}" for t in measured.timings if t.timed)
    return f"{measured}: {times or 'nothing'} us"
