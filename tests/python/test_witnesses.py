"""Known faults of witnesses: what counts as one and what does not, that the table is true, and the translation into ONNX."""

import shlex
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT
from test_conformance import fake, manifest  # noqa: F401  (fixtures)

from lstm_ref import reference
from lstm_ref.config import CONFIGS, LSTMConfig, check_inputs
from lstm_ref.conformance import registry, report, witnesses
from lstm_ref.conformance.verify import select, verify
from lstm_ref.conformance.witnesses import FAULTS, Fault
from lstm_ref.errors import InvalidArgument
from lstm_ref.golden.compare import same_bits


def spoil(case, outputs):
    """What the fake runner does in mode far-approximate; see test_conformance.py. The layout is that of the case: batch first."""
    y = outputs["y"].copy()
    y[1, 2, 7] = 2
    return outputs | {"y": y}


FAR = Fault("fake", "y is 2", "0", "made up", "target", lambda case: case.id == "target", change=spoil)
DEATH = Fault("fake", "it dies", "0", "made up", "target", lambda case: case.id == "target", ends_with="died with status 1")


@pytest.fixture
def row_of(manifest, fake, monkeypatch):  # noqa: F811
    def run(mode, *faults, foreign=False, chosen=manifest):
        monkeypatch.setattr(witnesses, "FAULTS", faults)
        command = tuple(shlex.split(fake(mode)))
        (row,) = verify(chosen, [registry.Implementation("fake", command, foreign=foreign)], timeout=30)
        return row

    return run


def target(row):
    (result,) = [result for result in row.valid if result.case == "target"]
    return result


def test_a_known_fault_is_no_failure(row_of):
    row = row_of("far-approximate", FAR)
    assert (target(row).status, target(row).detail) == ("known fault", "y is 2")
    assert row.passed(strict=True)
    assert report.cells(row)[1] == "1 of 1, 1 known faults"
    assert report.all_passed([row], strict=True)


def test_a_known_end_is_no_failure_however_often(row_of, manifest):  # noqa: F811
    many = [replace(manifest.valid[1], id=name) for name in ("target", "small")]
    everywhere = replace(DEATH, concerns=lambda case: True)
    row = row_of("dies", everywhere, chosen=replace(manifest, valid=many, invalid=[]))
    assert target(row).status == "known fault"
    assert target(row_of("dies")).status == "error"
    assert target(row_of("dies", replace(DEATH, ends_with="died of signal"))).status == "error"
    assert target(row_of("dies", replace(DEATH, concerns=lambda case: False))).status == "error"


def test_a_known_fault_hides_nothing_else(row_of):
    assert target(row_of("nan-approximate", FAR)).status == "FAIL"
    other_unit = replace(FAR, change=lambda case, outputs: spoil(case, outputs) | {"h_n": outputs["h_n"] + 1})
    assert target(row_of("far-approximate", other_unit)).status == "FAIL"
    assert target(row_of("far-approximate", replace(FAR, concerns=lambda case: False))).status == "FAIL"
    assert target(row_of("far-approximate", replace(FAR, witness="torch-nn"))).status == "FAIL"
    assert target(row_of("far-approximate", FAR, foreign=True)).status == "FAIL"


def test_two_faults_in_one_case_are_both_named_and_no_third(row_of):
    half = replace(FAR, what="the half", change=lambda case, outputs: outputs | {"y": spoil(case, outputs)["y"] * 2})
    rest = replace(FAR, what="the rest", change=lambda case, outputs: outputs | {"y": outputs["y"] / 2})
    idle = replace(FAR, what="nothing", change=lambda case, outputs: outputs, shown_by="another")
    assert target(row_of("far-approximate", idle, half, rest)).detail == "the half; the rest"


def test_a_fault_that_no_longer_shows_is_a_failure(row_of):
    for mode, faults in (("good", [FAR]), ("good", [DEATH]), ("far-approximate", [FAR, DEATH])):
        row = row_of(mode, *faults)
        words = f"no longer shows what is known: {faults[-1].what} (seen up to 0; this is 0)"
        assert (target(row).status, target(row).detail) == ("FAIL", words)
        assert not row.passed(strict=False)


def test_an_optional_witness_may_be_missing(manifest):  # noqa: F811
    for optional in (True, False):
        (row,) = verify(manifest, [registry.Implementation("w", missing="no module w", optional=optional)])
        assert row.passed(strict=True) == optional
        assert report.cells(row)[0] == "missing: no module w"
    assert [each.name for each in registry.implementations() if each.optional] == ["onnx-runtime"]


def test_the_table_is_true_as_far_as_it_can_be_seen_without_the_witness(golden):
    cases = {case.id: case for case in golden.valid}
    ours = {implementation.name for implementation in registry.implementations()}
    for fault in FAULTS:
        case = cases[fault.shown_by]
        assert fault.witness in ours
        assert fault.concerns(case)
        if fault.ends_with:
            continue
        weights, inputs = case.tensors()
        right = reference.forward(case.config, weights, **inputs).named(case.config)
        together = [other for other in FAULTS if other.concerns(case) and not other.ends_with]  # a NaN comes of another fault
        with np.errstate(all="ignore"):
            wrong = [witnesses.outputs_with(some, case) for some in ([fault], together)]
        assert not all(same_bits(outputs[name], right[name]) for outputs in wrong for name in right)
        assert same_bits(reference.forward(case.config, weights, **inputs).y, right["y"])  # the patches are gone


def test_the_document_has_the_table():
    text = (ROOT / "docs" / "witnesses.md").read_text(encoding="utf-8")
    assert f"<!-- faults -->\n\n{witnesses.markdown()}\n<!-- /faults -->" in text


# ONNX -----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def to_onnx():
    pytest.importorskip("onnx")
    from lstm_ref.convert.onnx import make_model

    return make_model


FIRST = ["*first", "stack-*", "combined-lstm-*", "combined-gru-*", "combined-rnn-*", "no-rows", *(f.shown_by for f in FAULTS)]


def test_onnx_runtime_agrees(golden):
    """Of every option some cases; `lstm-ref verify` runs all."""
    pytest.importorskip("onnxruntime")
    (witness,) = [each for each in registry.implementations() if each.name == "onnx-runtime"]
    chosen = select(golden, FIRST)
    (row,) = verify(replace(chosen, invalid=chosen.invalid[:5]), [witness])
    assert not row.failures, row.failures
    assert not row.broken
    assert row.count("exact", "close") > 100
    assert {name for fault in FAULTS for name in [fault.what]} == {
        name for result in row.valid if result.status == "known fault" for name in result.detail.split("; ")
    }


@pytest.mark.parametrize("op", CONFIGS)
@pytest.mark.parametrize("flags", [{}, {"bidirectional": True, "num_layers": 2}, {"bias": False, "num_layers": 3}], ids=str)
@pytest.mark.parametrize("more", [{}, {"has_state": False, "has_lengths": False, "dims": (4, 2)}], ids=str)
def test_the_model_is_valid_onnx(to_onnx, op, flags, more):
    import onnx

    config = CONFIGS[op](3, 5, **flags)
    rng = np.random.default_rng(1)
    tensors = {name: rng.standard_normal(e.shape).astype(np.float32) for name, e in config.iter_expected()}
    model = to_onnx(config, tensors, **more)
    onnx.checker.check_model(model, full_check=True)
    states = [] if more else [f"{name}_0" for name in config.state]
    assert [value.name for value in model.graph.input] == ["x", *states, *([] if more else ["lengths"])]
    assert [value.name for value in model.graph.output] == ["y", *(name.replace("0", "n") for name in states)]
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    inputs = check_inputs(config, rng.standard_normal((4, 2, 3)).astype(np.float32))
    given = dict(zip(states, inputs.states(), strict=False)) | ({} if more else {"lengths": inputs.lengths.astype(np.int32)})
    y, *_ = session.run(None, {"x": inputs.x, **given})
    np.testing.assert_allclose(y, reference.forward(config, tensors, inputs.x).y, atol=1e-5)


def test_what_onnx_cannot_say_is_refused(to_onnx):
    with pytest.raises(InvalidArgument) as error:
        to_onnx(LSTMConfig(3, 4, proj_size=2), {})
    assert str(error.value) == "proj_size: chosen, want its default: ONNX does not have this option"
