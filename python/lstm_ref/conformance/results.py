"""What `verify` finds out: one Result a case, one Row an implementation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["exact", "close", "measured", "refused", "skipped", "not offered", "known fault", "FAIL", "error"]


@dataclass
class Result:
    """One case with one runner.

    exact: the canonical bits. close: within the case's tolerance. measured: not the bits, but the case has no tolerance.
    refused: an invalid case, with exactly the right error. FAIL: a wrong answer. error: no proper answer.
    known fault: wrong, or no answer, in a way that is known of this witness (witnesses.py).
    skipped: declined when asked. not offered: never asked, since the runner said at its start that it has no such operation or option.
    """

    case: str
    status: Status
    detail: str = ""  # the first divergence, the reason, the error
    max_ulp: int = 0  # close: the largest distance, and where it is
    max_abs: float = 0.0  # close: the largest absolute difference
    where: str = ""


@dataclass
class Row:
    """One implementation's line of the matrix."""

    name: str
    about: dict[str, Any] = field(default_factory=dict)  # what it answered to start
    missing: str = ""  # why it could not be tried
    absent: bool = False  # ... because this machine's processor lacks the instruction set
    optional: bool = False  # ... and that is no failure, even when strict
    broken: str = ""  # it could not be started, or failed the smoke case
    valid: list[Result] = field(default_factory=list)
    invalid: list[Result] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def results(self) -> list[Result]:
        return self.valid + self.invalid

    def count(self, *statuses: Status) -> int:
        return sum(result.status in statuses for result in self.results)

    @property
    def failures(self) -> list[Result]:
        return [result for result in self.results if result.status in ("FAIL", "error")]

    @property
    def worst(self) -> Result | None:
        """The judged case with the largest distance in ulp."""
        return max((r for r in self.valid if r.status == "close"), key=lambda r: r.max_ulp, default=None)

    @property
    def ran(self) -> bool:
        """Some valid case was compared (some invalid one, when only these were chosen)."""
        return any(result.status not in ("skipped", "not offered") for result in self.valid or self.invalid)

    def passed(self, strict: bool) -> bool:
        """Nothing wrong; strict also wants it to be there and to skip nothing that it offers."""
        if self.absent:
            return True
        if self.missing:
            return self.optional or not strict
        return not self.broken and self.ran and not self.failures and not (strict and self.count("skipped"))
