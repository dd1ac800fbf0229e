"""The results for the terminal and as the generated parts of Markdown files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..conformance.markers import Block
from ..errors import InvalidArgument
from . import roofline
from .claims import Claim, judge
from .results import SKIPPED, Measured, Results, Timing
from .statistics import number
from .work import OURS, PEERS

Line = Sequence[str]
SHOWN_SPREAD = 0.05  # of a time: below it says nothing
CLAIMS = ("work", "measured", "95 % interval", "wanted", "", "remark")
SHORT = ("work", "measured", "wanted", "")


def microseconds(timing: Timing) -> str:
    return number(timing.seconds * 1e6)


def wanted(claim: Claim) -> str:
    return f"{'<=' if claim.at_most else '>='} {number(claim.wanted)}"


def verdict(claim: Claim) -> str:
    return "reached" if claim.reached else "**not reached**"


def claim_line(claim: Claim) -> Line:
    interval = "" if claim.low is None or claim.high is None else f"{number(claim.low)} - {number(claim.high)}"
    return claim.what, number(claim.value), interval, wanted(claim), verdict(claim), claim.note


def by_group(claims: Iterable[Claim]) -> list[tuple[str, list[Claim]]]:
    return [(group, list(members)) for group, members in groupby(claims, lambda claim: claim.group)]


def short_lines(claims: Iterable[Claim]) -> list[Line]:
    """One line a group: the range of what was measured, and how many of its works reached what was wanted."""
    lines: list[Line] = []
    for group, members in by_group(claims):
        low, high = (number(chosen(claim.value for claim in members)) for chosen in (min, max))
        asked = sorted({claim.wanted for claim in members})
        sign = "<=" if members[0].at_most else ">="
        want = f"{sign} {number(asked[0])}" + (f" to {number(asked[-1])}" if len(asked) > 1 else "")
        reached = sum(claim.reached for claim in members)
        state = "reached" if reached == len(members) else f"{reached} of {len(members)} reached"
        lines.append((group, low if low == high else f"{low} to {high}", want, state))
    return lines


# Times ------------------------------------------------------------------------------------------------------------


def time_tables(results: Results) -> Iterator[tuple[str, Line, list[Line]]]:
    """Title, header and lines of each mode: us per time step; the best peer over ours; how near to what the machine allows."""
    for mode, title in (("step", "one step a call"), ("sequence", "a sequence a call")):
        works = [work for work in results.works if work.mode == mode]
        found = {timing.entry for work in works for timing in work.timings if timing.timed}
        columns = [name for name in (*OURS, *PEERS, "torch-cell") if name in found]
        header = ("I/H/T/B", *columns, "best peer / cpp", "of the limit")
        lines: list[Line] = [
            (str(work.shape), *(_cell(work, name) for name in columns), *_derived(results, work)) for work in works
        ]
        if works:
            yield f"us per step, {title}", header, lines


def _cell(work: Measured, name: str) -> str:
    timing = next((timing for timing in work.timings if timing.entry == name), None)
    if timing is None:
        return ""
    if timing.timed:
        return microseconds(timing) + (f" ±{timing.spread:.0%}" if timing.spread > SHOWN_SPREAD else "")
    return "-" if timing.status == SKIPPED else timing.status


def _derived(results: Results, work: Measured) -> tuple[str, str]:
    cpp, best = work.get("cpp"), work.best_peer()
    ratio = work.ratio(best.entry, "cpp") if best and cpp else None
    share = f"{100 * roofline.roof_share(results.peak, work, cpp):.0f} %" if results.peak and cpp else ""
    return number(ratio.value) if ratio else "", share


# Terminal -----------------------------------------------------------------------------------------------------------


def print_results(console: Console, results: Results) -> None:
    """The times, the claims by group, and last what failed and what was skipped."""
    for title, header, lines in time_tables(results):
        times = Table(title=title, title_justify="left")
        for n, column in enumerate(header):
            times.add_column(column, no_wrap=n == 0, overflow="fold")
        for line in lines:
            times.add_row(*line)
        console.print(times)
    for group, members in by_group(judge(results)):
        table = Table(*CLAIMS, title=group, title_justify="left")
        for claim in members:
            style = "" if claim.reached else "yellow"
            table.add_row(*(Text(cell.replace("*", ""), style) for cell in claim_line(claim)))
        console.print(table)
    print_problems(console, results)


def print_problems(console: Console, results: Results) -> None:
    for work, timing in results.failures:
        console.print(Text(f"{timing.status} {timing.entry}: {work}: {timing.detail}", "bold red"))
    for note in results.notes:
        console.print(Text(note, "yellow"))
    for line in skipped(results):
        console.print(Text(line, "yellow"))


def skipped(results: Results) -> list[str]:
    """One line for each entry and reason."""
    works: dict[tuple[str, str], int] = {}
    for work in results.works:
        for timing in work.timings:
            if timing.status == SKIPPED:
                works[timing.entry, timing.detail] = works.get((timing.entry, timing.detail), 0) + 1
    return [f"skipped {entry}: {count} works: {reason}" for (entry, reason), count in works.items()]


# Markdown -----------------------------------------------------------------------------------------------------------


def markdown_table(header: Line, lines: Iterable[Line]) -> str:
    rows = [header, ["---"] * len(header), *lines]
    return "".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |\n" for row in rows)


def machine_sentence(results: Results) -> str:
    m = results.machine
    caches = ", ".join(f"{name} {size}" for name, size in m["caches"].items())
    versions = ", ".join(f"{about['name']} {about['version']}" for name, about in results.contenders.items() if name in PEERS)
    peak = f"; fma peak {roofline.fma_peak(results.peak) / 1e9:.0f} GFLOP/s a core" if results.peak else ""
    return (
        f"{m['cpu']}, {m['cores']} cores, {caches}, {m['isa']}{peak}. {m['system']}, {m['compiler'] or 'unknown compiler'}. "
        f"{versions or 'no peers'}. {m['date']}, commit {m['commit'] or 'unknown'}."
    )


def speed_markdown(results: Results) -> str:
    return f"{markdown_table(SHORT, short_lines(judge(results)))}\n{machine_sentence(results)}\n"


def claims_markdown(results: Results) -> str:
    tables = [f"**{group}**\n\n{markdown_table(CLAIMS, map(claim_line, members))}" for group, members in by_group(judge(results))]
    return "\n".join(tables)


def times_markdown(results: Results) -> str:
    tables = [f"**{title}**\n\n{markdown_table(header, lines)}" for title, header, lines in time_tables(results)]
    problems = [f"{timing.status} {timing.entry}: {work}: {timing.detail}" for work, timing in results.failures]
    problems += [*results.notes, *skipped(results)]
    listed = "".join(f"- {line}\n" for line in problems)
    return "\n".join([*tables, *filter(None, [listed])])


BLOCKS: dict[str, Callable[[Results], str]] = {
    "speed": speed_markdown,
    "speed-claims": claims_markdown,
    "speed-times": times_markdown,
    "speed-machine": lambda results: machine_sentence(results) + "\n",
}


def find_blocks(path: Path) -> list[tuple[Block, Callable[[Results], str]]]:
    """The generated parts that the file has, at least one; else InvalidArgument."""
    found, missing = [], None
    for name, text in BLOCKS.items():
        try:
            found.append((Block(path, name), text))
        except InvalidArgument as error:
            missing = missing or error
    if not found and missing:
        raise missing
    return found
