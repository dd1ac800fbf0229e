"""What is known to be wrong with the witnesses (docs/witnesses.md): each fault as a fault of the reference.

A case that a witness fails counts as known only if the reference, with the faults that concern the case, gives what the witness
gave. So a fault hides nothing else; and `shown_by` must go on failing, so that the table stays true.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from unittest.mock import patch

import numpy as np

from ..activation import SIGMOID, Activation
from ..config import GRUConfig
from ..golden.manifest import Case
from ..golden.mutants.rewritten import Patch, rewriting
from ..reference import cells, forward, functions

Outputs = dict[str, np.ndarray]
NONE = Activation("")


@dataclass(frozen=True)
class Fault:
    """Of which witness; what it does, in words; the last version that was seen with it; what is known about it."""

    witness: str
    what: str
    version: str
    known: str
    shown_by: str  # the id of a case
    concerns: Callable[[Case], bool]
    patches: Callable[[], Sequence[Patch]] = tuple  # of the reference, after which it has the fault
    change: Callable[[Case, Outputs], Outputs] = lambda case, outputs: outputs  # or what becomes of its outputs
    ends_with: str = ""  # or how the witness ends, without any outputs


def faults_of(witness: str) -> list[Fault]:
    return [fault for fault in FAULTS if fault.witness == witness]


def explain_outputs(witness: str, case: Case, agrees: Callable[[Outputs], bool]) -> str | None:
    """The fewest known faults with which the reference agrees with what the witness gave; None if there are none such."""
    faults = [fault for fault in faults_of(witness) if not fault.ends_with and fault.concerns(case)]
    for count in range(1, len(faults) + 1):
        for some in combinations(faults, count):
            if agrees(outputs_with(some, case)):
                return "; ".join(fault.what for fault in some)
    return None


def explain_end(witness: str, case: Case, how: str) -> str | None:
    """The known fault by which the witness ended in this way."""
    faults = (fault for fault in faults_of(witness) if fault.ends_with and how.startswith(fault.ends_with))
    return next((fault.what for fault in faults if fault.concerns(case)), None)


def outputs_with(faults: Sequence[Fault], case: Case) -> Outputs:
    """Of the reference with these faults. Nobody else may use it meanwhile."""
    weights, inputs = case.tensors()
    patches = [make for fault in faults for make in fault.patches()]  # all before the first one is in place
    with ExitStack() as stack:
        for make in patches:
            stack.enter_context(make())
        outputs = forward(case.config, weights, **inputs).named(case.config)
    for fault in faults:
        outputs = fault.change(case, outputs)
    return outputs


# ONNX Runtime ---------------------------------------------------------------------------------------------------------


def _has_activation(case: Case, name: str) -> bool:
    places = ("gate_activation", "candidate_activation", "output_activation")
    return any(getattr(case.config, place, NONE).name == name for place in places)


def _function(name: str, wrong: Callable[..., Any]) -> Patch:
    return lambda: patch.dict(functions.FUNCTIONS, {name: wrong})


def _is_empty(case: Case) -> np.ndarray:
    """Which rows have no step."""
    return np.full(case.B, case.T == 0) if case.lengths is None else case.lengths == 0


def _without_initial_state(case: Case, outputs: Outputs) -> Outputs:
    states = {name: value.copy() for name, value in outputs.items() if name != "y"}
    for value in states.values():
        value[:, _is_empty(case)] = 0
    return outputs | states


SPLIT = "r, u = np.split(act(a, k.gate_activation, k.clip, z_ru), 2, axis=-1)"
TOO_FAR = "a.dtype(0.5) + np.copysign(a.dtype(0.5 + 2.0**-22), z_ru[:, : h.shape[1]])"  # -2^-22 or 1 + 2^-22
FAULTS = [
    Fault(
        "onnx-runtime",
        "LSTM: c' is not clipped before the output activation",
        "1.32.0",
        "onnxruntime#27224, with a patch in onnxruntime#27239",
        "clip-size-i1-h8",
        lambda case: case.op == "lstm" and case.config.clip > 0,
        patches=lambda: rewriting(
            cells.lstm_pointwise, ("act(a, k.output_activation, k.clip, out)", "act(a, k.output_activation, 0, out)")
        ),
    ),
    Fault(
        "onnx-runtime",
        "the final state of a row of no steps is 0, not its initial state",
        "1.32.0",
        "ONNX leaves it open (onnx#1674); 0 since onnxruntime#749, and tested so (onnxruntime#28189)",
        "no-steps",
        lambda case: bool(_is_empty(case).any()) and case.initial_state,
        change=_without_initial_state,
    ),
    Fault(
        "onnx-runtime",
        "LSTM, GRU: a batch of no rows ends the process",
        "1.32.0",
        "found here: SIGABRT",
        "no-rows",
        lambda case: case.B == 0 and case.op != "rnn",
        ends_with="died of signal SIGABRT",
    ),
    Fault(
        "onnx-runtime",
        "GRU: the reset gate goes from -2^-22 to 1 + 2^-22, not from 0 to 1",
        "1.32.0",
        "found here; other gates do not",
        "gru-wide-around-one-0",
        lambda case: isinstance(case.config, GRUConfig) and case.config.gate_activation == SIGMOID,
        patches=lambda: rewriting(
            cells.gru_step, (SPLIT, f"{SPLIT}; r = np.where(np.abs(z_ru[:, : h.shape[1]]) > 19, {TOO_FAR}, r)")
        ),
    ),
    Fault(
        "onnx-runtime",
        "softplus is log(1 + exp(x)), infinite from x = 88.8 on",
        "1.32.0",
        "found here",
        "activation-rnn-candidate-9-wide",
        lambda case: _has_activation(case, "softplus"),
        patches=lambda: [_function("softplus", lambda a, x: np.where(x > 88.8, a.dtype(np.inf), a.softplus(x)))],
    ),
    Fault(
        "onnx-runtime",
        "thresholded_relu of exactly alpha is 0, not alpha",
        "1.32.0",
        "found here; ONNX: x for x >= alpha",
        "activation-lstm-output-10-wide",
        lambda case: _has_activation(case, "thresholded_relu"),
        patches=lambda: [_function("thresholded_relu", lambda a, x, alpha: np.where(x <= alpha, a.dtype(0), x))],
    ),
    Fault(
        "onnx-runtime",
        "LSTM: a gate takes a NaN for the largest number",
        "1.32.0",
        "found here: the limit of no clip is the largest number",
        "activation-lstm-candidate-9-wide",
        lambda case: case.op == "lstm",
        patches=lambda: rewriting(
            cells.lstm_pointwise,
            ("np.split(z, 4, axis=-1)", "np.split(np.where(np.isnan(z), np.finfo(a.dtype).max, z), 4, axis=-1)"),
        ),
    ),
]


def markdown() -> str:
    """The table of docs/witnesses.md."""
    heading = ("witness", "what it does", "seen up to", "shown by", "what is known")
    rows = [(f"`{f.witness}`", f.what, f.version, f"`{f.shown_by}`", f.known) for f in FAULTS]
    return "".join("| " + " | ".join(row) + " |\n" for row in (heading, ("---",) * len(heading), *rows))
