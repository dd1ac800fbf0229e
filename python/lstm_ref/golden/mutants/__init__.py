"""Deliberate faults in the reference, and the measure of the vectors: some case must notice each of them.

A mutant is a fault that somebody has made, or will. It is applied to the NumPy reference; its outputs on the cases are
held against the digests. The first case whose outputs differ kills it. The mutation score is killed / all.
"""

from collections.abc import Iterator, Sequence

from ..manifest import Case
from .activations import wrong_activations, wrong_coefficients
from .arithmetic import wrong_arithmetic
from .dtypes import dtypes
from .functions import wrong_functions
from .inputs import gate_orders, wrong_inputs
from .masks import masked
from .mutant import Mutant, Verdict, notices
from .normalised import normalised
from .steps import wrong_sequences, wrong_steps
from .variants import variants

__all__ = ["Mutant", "Verdict", "all_mutants", "mutation_score", "notices"]


def all_mutants() -> list[Mutant]:
    return [
        *gate_orders(),
        *wrong_inputs(),
        *wrong_arithmetic(),
        *wrong_activations(),
        *wrong_steps(),
        *wrong_sequences(),
        *wrong_coefficients(),
        *variants(),
        *wrong_functions(),
        *normalised(),
        *masked(),
        *dtypes(),
    ]


def mutation_score(cases: Sequence[Case], mutants: Sequence[Mutant] | None = None) -> Iterator[Verdict]:
    """One verdict a mutant, as they are reached."""
    ordered = sorted(cases, key=lambda case: (case.cost(), case.id))
    for mutant in all_mutants() if mutants is None else mutants:
        # cases of the mutant's own flag first: they are there for it
        tried = sorted(ordered, key=lambda case: mutant.flag not in case.flags)
        yield Verdict(mutant, next((case.id for case in tried if notices(case, mutant)), None))
