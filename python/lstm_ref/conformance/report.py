"""The matrix of a verification: for the terminal, as Markdown, as JSON."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .results import Row

SHOWN = 8  # failures listed for one implementation; --json has all
COLUMNS = ("implementation", "bit-exact", "within tolerance", "worst difference", "invalid refused", "skipped")


def cells(row: Row) -> tuple[str, str, str, str, str]:
    """The columns after the name, without anything that changes from run to run."""
    if row.missing:
        return "not on this machine" if row.absent else f"missing: {row.missing}", "", "", "", ""
    if row.broken and not row.results:
        return f"BROKEN: {row.broken}", "", "", "", ""
    wrong = sum(result.status in ("FAIL", "error") for result in row.valid)
    exact = f"{sum(result.status == 'exact' for result in row.valid)} of {len(row.valid)}"
    if wrong:
        exact += f", {wrong} FAIL"
    refused = f"{sum(result.status == 'refused' for result in row.invalid)} of {len(row.invalid)}"
    return exact, _within(row), _worst(row), refused, str(row.count("skipped", "not offered"))


def _within(row: Row) -> str:
    """Of the cases that have a tolerance, for an implementation that does not claim the bits."""
    if row.about.get("claim") != "approximate":
        return ""
    judged = [result for result in row.valid if result.status not in ("measured", "skipped", "not offered", "known fault")]
    within = f"{sum(result.status in ('exact', 'close') for result in judged)} of {len(judged)}"
    faults = row.count("known fault")
    return within + (f", {faults} known faults" if faults else "")


def _worst(row: Row) -> str:
    """Over the cases that have a tolerance."""
    if row.worst is None:
        return "" if row.failures or not row.ran else "0 ulp"
    judged = [result for result in row.valid if result.status in ("exact", "close")]
    median = statistics.median_high(result.max_ulp for result in judged)
    return f"{row.worst.max_ulp} ulp ({row.worst.case}); median case {median} ulp"


def print_matrix(console: Console, rows: Sequence[Row], strict: bool) -> None:
    """The table, then what is wrong, then one line that says whether all is well."""
    table = Table()
    for column in (*COLUMNS, "time"):
        table.add_column(column, overflow="fold")
    for row in rows:
        style = "dim" if row.missing and row.passed(strict) else "green" if row.passed(strict) else "bold red"
        time = "" if row.missing else f"{row.seconds:.1f} s"
        table.add_row(Text(row.name, style), *map(Text, cells(row)), time)
    console.print(table)
    for row in rows:
        if row.broken and row.results:
            console.print(Text(f"BROKEN {row.name}: {row.broken}", "red"))
        for result in row.failures[:SHOWN]:
            console.print(Text(f"{result.status} {row.name} {result.case}: {result.detail}", "red"))
        if len(row.failures) > SHOWN:
            console.print(Text(f"... and {len(row.failures) - SHOWN} more of {row.name}", "red"))
        for fault, cases in Counter(result.detail for result in row.results if result.status == "known fault").most_common():
            console.print(Text(f"known fault {row.name}: {cases} cases: {fault}", "yellow"))
        for reason, cases in Counter(result.detail for result in row.results if result.status == "skipped").most_common(SHOWN):
            console.print(Text(f"skipped {row.name}: {cases} cases: {reason}", "yellow"))
        if lacking := Counter(result.detail for result in row.valid if result.status == "not offered"):
            reasons = ", ".join(f"{reason} ({cases})" for reason, cases in lacking.most_common())
            console.print(Text(f"skipped {row.name}: {lacking.total()} cases: {reasons}", "yellow"))
    console.print(Text(summary(rows, strict), "bold green" if all_passed(rows, strict) else "bold red"))


def all_passed(rows: Sequence[Row], strict: bool) -> bool:
    """Nothing failed, and something was tried."""
    return all(row.passed(strict) for row in rows) and any(row.ran for row in rows)


def summary(rows: Sequence[Row], strict: bool) -> str:
    failed = [row.name for row in rows if not row.passed(strict)]
    if failed:
        return f"FAILED: {', '.join(failed)}"
    tried = [row for row in rows if row.ran]
    if not tried:
        return "FAILED: nothing was tried"
    exact = sum(all(result.status in ("exact", "not offered") for result in row.valid) for row in tried)
    missing = [row.name for row in rows if row.missing]
    implementations = "1 implementation" if len(tried) == 1 else f"{len(tried)} implementations"
    offered = " that they offer" if any(row.count("not offered") for row in tried) else ""
    return f"passed: {implementations}, {exact} bit-exact on every case{offered}" + (
        f"; not tried: {', '.join(missing)}" if missing else ""
    )


def markdown(rows: Sequence[Row]) -> str:
    """The matrix as a Markdown table, the same in every run on the same machine."""
    lines = [COLUMNS, ("---",) * len(COLUMNS), *((f"`{row.name}`", *cells(row)) for row in rows)]
    return "".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |\n" for line in lines)


def to_json(rows: Sequence[Row], strict: bool) -> str:
    """{"passed": bool, "rows": [...]}, each row with

    name, about (its answer to start), missing, absent, broken, passed, seconds, and valid and invalid: lists of
    {case, status, detail, max_ulp, max_abs, where}; the statuses are those of `results.Result`.
    """
    entries = [{**asdict(row), "passed": row.passed(strict)} for row in rows]
    return json.dumps({"passed": all_passed(rows, strict), "rows": entries}, indent=1, allow_nan=False) + "\n"
