"""The command `lstm-ref`."""

from __future__ import annotations

import math
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from . import __version__
from .errors import InvalidArgument

if TYPE_CHECKING:
    from .conformance.markers import Block

app = typer.Typer(
    help="The reference LSTM: one specification, one arithmetic, the same bits in every language.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(width=None if sys.stdout.isatty() else 150)


def show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lstm-ref {__version__}")
        raise typer.Exit()


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    pass


GoldenOption = Annotated[
    Path | None,
    typer.Option("--golden", metavar="DIR", help="The folder of manifest.json. Default: tests/golden of the checkout."),
]
FilterOption = Annotated[
    list[str] | None,
    typer.Option("--filter", metavar="PATTERN", help="Only cases whose id, family or a flag matches, as 'tail-*'. Repeatable."),
]


@contextmanager
def usage_errors() -> Iterator[None]:
    """Bad arguments end the program with status 2 and one line on standard error, before any work is done."""
    try:
        yield
    except InvalidArgument as error:
        fail(str(error))


def fail(message: str) -> NoReturn:
    typer.echo(f"lstm-ref: {message}", err=True)
    raise typer.Exit(2)


def check_writable(parameter: str, path: Path | None) -> None:
    """An output file that cannot be written is an error before the run, not after it."""
    if path is None:
        return
    folder = path.absolute().parent
    written = path if path.exists() and not path.is_file() else folder  # a device itself; a file is replaced
    if path.is_dir() or not folder.is_dir() or not os.access(written, os.W_OK):
        raise InvalidArgument(parameter, str(path), "a file in a folder that exists and can be written")


def block_to_write(path: Path | None, name: str) -> Block | None:
    """The generated part of a Markdown file; what could keep it from being written is an error before the run."""
    from .conformance.markers import Block

    block = Block(path, name) if path else None
    check_writable("markdown", path)
    return block


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[Progress]:
    """A bar with counts and the time left; nothing when the output is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task(what, total=total)
        yield progress


@app.command()
def verify(
    impl: Annotated[list[str] | None, typer.Option("--impl", metavar="NAME", help="Only this one of ours; repeatable.")] = None,
    runner: Annotated[
        list[str] | None,
        typer.Option("--runner", metavar="COMMAND", help="Also a program of yours that speaks spec/runner.md; repeatable."),
    ] = None,
    patterns: FilterOption = None,
    golden: GoldenOption = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write every result.")] = None,
    markdown_file: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", help="Put the matrix between <!-- matrix --> and <!-- /matrix --> in FILE."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.01, max=86400, metavar="SECONDS", help="For one answer of a runner.")] = 120,
    strict: Annotated[
        bool | None,
        typer.Option(
            "--strict/--no-strict", help="A missing implementation or a skipped case is a failure, too. Default: when CI=true."
        ),
    ] = None,
) -> None:
    """Run every implementation found against all golden vectors, and compare bit for bit.

    Prints the matrix. A difference is named by its first layer, step, gate and unit, with both values in hex and their
    distance in ulp.
    Status 0: all agree. 1: a difference, a failure, or nothing tried. 2: wrong usage.
    """
    from .conformance import registry, report
    from .conformance.results import Row
    from .conformance.verify import select
    from .conformance.verify import verify as run
    from .golden import manifest as manifest_file

    with usage_errors():
        if math.isnan(timeout):  # in every range for some versions of typer
            raise InvalidArgument("timeout", "nan", "a number of seconds from 0.01 to 86400")
        ours = registry.implementations()
        known = [implementation.name for implementation in ours]
        for name in impl or ():
            if name not in known:
                raise InvalidArgument("impl", name, f"one of {', '.join(known)}")
        chosen = [replace(each, optional=each.optional and not impl) for each in ours if not impl or each.name in impl]
        chosen += [registry.foreign(command) for command in runner or ()]
        manifest = select(manifest_file.load(golden), patterns or ())
        check_writable("json", json_file)
        block = block_to_write(markdown_file, "matrix")

    cases = len(manifest.valid) + len(manifest.invalid)
    console.print(f"{len(chosen)} implementations, {len(manifest.valid)} valid and {len(manifest.invalid)} invalid cases")
    with progress_bar("verify", cases * len(chosen)) as bar:

        def advance(row: Row, steps: int, finished: bool) -> None:
            bar.update(bar.task_ids[0], advance=steps, description=row.name)
            if finished:
                bar.console.print(Text(f"  {row.name}: {report.cells(row)[0]}"))

        rows = run(manifest, chosen, timeout=timeout, progress=advance)
    if strict is None:  # who asks for an implementation by name wants it to be there
        strict = os.environ.get("CI") in ("true", "1") or bool(impl and any(row.missing for row in rows))
    report.print_matrix(console, rows, strict)
    if json_file is not None:
        write_file("json", json_file, report.to_json(rows, strict))
    if block:
        with usage_errors():
            block.write(report.markdown(rows))
    raise typer.Exit(0 if report.all_passed(rows, strict) else 1)


def write_file(parameter: str, path: Path, text: str) -> None:
    from .model_file import write_atomic

    try:
        write_atomic(path, text.encode())
    except InvalidArgument as error:
        fail(f"{parameter}: {error.at(path)}")


@app.command()
def accuracy(
    patterns: FilterOption = None,
    golden: GoldenOption = None,
    markdown_file: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", help="Put it between <!-- accuracy --> and <!-- /accuracy --> in FILE."),
    ] = None,
) -> None:
    """Largest and rms error against the float64 oracle, per family of finite cases, beside torch.nn.LSTM's.

    Status 1 when an error of ours is more than 1.1 times that of torch.nn.LSTM.
    """
    from .conformance import accuracy as table
    from .conformance.verify import select
    from .golden import manifest as manifest_file

    with usage_errors():
        cases = table.finite(select(manifest_file.load(golden), patterns or ()).valid)
        if not cases:
            raise InvalidArgument("filter", " ".join(patterns or ()), "a finite case")
        block = block_to_write(markdown_file, "accuracy")
    try:
        with progress_bar("accuracy", len(cases)) as bar:
            families = table.measure(cases, lambda: bar.advance(bar.task_ids[0]))
    except ModuleNotFoundError as error:
        fail(f"accuracy: {error}, want PyTorch installed")
    shown = Table(*table.HEADER)
    for family, line in zip(families, table.table(families), strict=True):
        shown.add_row(*line, style="" if family.passed else "bold red")
    console.print(shown)
    if block:
        with usage_errors():
            block.write(table.markdown(families))
    failed = [family.name for family in families if not family.passed]
    console.print(f"FAILED: {', '.join(failed)}" if failed else f"passed: every ratio is at most {table.LIMIT}")
    raise typer.Exit(1 if failed else 0)


@app.command()
def bench(
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="PATTERN", help="Only works of this name, as 'sequence-*-b32', or group. Repeatable."),
    ] = None,
    peers: Annotated[
        str | None, typer.Option(metavar="LIST", help="Such as torch,jax, or none. Default: all whose packages are installed.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Under a minute: ratios against the stored ones.")] = False,
    seconds: Annotated[float, typer.Option(min=0.01, max=2, metavar="SECONDS", help="Of one turn of one contender.")] = 0.2,
    rounds: Annotated[int, typer.Option(min=2, max=1000, help="Turns of each contender.")] = 5,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write results.json and plots there.")] = None,
    results: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Measure nothing: show these results, and write --out and --markdown.")
    ] = None,
    markdown: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Put tables between <!-- speed --> and <!-- /speed --> in FILE, and so on. Repeatable."
        ),
    ] = None,
    write_ratios: Annotated[bool, typer.Option("--write-ratios", help="With --quick: store this machine's ratios.")] = False,
    write_digests: Annotated[bool, typer.Option("--write-digests", help="Store the digests that are missing. Minutes.")] = False,
) -> None:
    """How fast, beside the peers: every contender is verified, then timed, all in one run and in turns (bench/README.md).

    Status 0: all was measured. 1: wrong bits, a broken worker, a ratio that got worse, or something asked for that was not there.
    2: wrong usage.
    """
    from .bench.command import Command

    with usage_errors():
        command = Command(console, only or [], peers, seconds, rounds, out, markdown or [])
        if write_digests:
            passed = command.write_digests()
        elif results:
            passed = command.show(results)
        elif quick or write_ratios:
            passed = command.quick(write_ratios)
        else:
            passed = command.full()
    raise typer.Exit(0 if passed else 1)


@app.command()
def info() -> None:
    """The version, and which implementations this machine has."""
    from .conformance import registry

    console.print(f"lstm_ref {__version__}")
    shown = Table("implementation", "command")
    for implementation in registry.implementations():
        variables = [f"{key}={value}" for key, value in implementation.environment.items() if value and key != "PYTHONPATH"]
        found = shlex.join([*variables, *implementation.command])
        if implementation.isa and registry.lacks(implementation.isa):
            found = "not on this machine: the processor lacks it"
        shown.add_row(implementation.name, Text(f"missing: {implementation.missing}" if implementation.missing else found))
    console.print(shown)


@app.command()
def golden(
    write: Annotated[bool, typer.Option("--write", help="Write tests/golden anew.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Prove that tests/golden is what --write would write.")] = False,
    mutants: Annotated[bool, typer.Option("--mutants", help="Make each deliberate mistake; some case must notice.")] = False,
    root: GoldenOption = None,
) -> None:
    """The generator of the golden vectors (tests/golden). Give one or more of the options."""
    if not (write or check or mutants):
        fail("golden: no option, want --write, --check or --mutants")
    from .golden import generate
    from .golden import manifest as manifest_file

    with usage_errors():
        root = root or manifest_file.default_root()
    failed = False
    if write:
        with console.status("write") as status:
            console.print(f"wrote {generate.write(root, status.update)} files")
    if check:
        with console.status("check") as status:
            differences = generate.check(root, status.update)
        for difference in differences:
            console.print(Text(difference, "red"))
        console.print("FAILED: run lstm-ref golden --write" if differences else "passed: tests/golden is current")
        failed |= bool(differences)
    if mutants:
        failed |= not kill_mutants(root)
    raise typer.Exit(1 if failed else 0)


def kill_mutants(root: Path) -> bool:
    """Print every mutant with the case that noticed it, and the score; whether all were noticed."""
    from .golden import manifest as manifest_file
    from .golden.mutants import all_mutants, mutation_score

    with usage_errors():
        cases = manifest_file.load(root).valid
    everyone = all_mutants()
    killed = 0
    with progress_bar("mutants", len(everyone)) as bar:
        for mutant, case in mutation_score(cases, everyone):
            killed += case is not None
            bar.advance(bar.task_ids[0])
            bar.console.print(
                Text(f"{mutant.name}: " + (f"noticed by {case}" if case else "SURVIVED"), "" if case else "bold red")
            )
    score = f"mutation score: {killed} of {len(everyone)} noticed, {killed / len(everyone):.1%}"
    console.print(score if killed == len(everyone) else f"FAILED: {score}")
    return killed == len(everyone)


def main() -> None:
    """The entry point of `lstm-ref`."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up as after Ctrl-C
    for stream in (sys.stdout, sys.stderr):  # what cannot be encoded, such as a lone surrogate in a runner's text, is escaped
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    app(prog_name="lstm-ref")
