"""The examples in spec/ are executed, and the constants of all languages are the spec's."""

import doctest
import subprocess
import sys

import pytest
from conftest import ROOT

SPECS = sorted((ROOT / "spec").glob("*.md"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_examples(path):
    results = doctest.testfile(str(path), module_relative=False)
    assert results.failed == 0


def test_there_are_examples():
    parser = doctest.DocTestParser()
    counts = {path.name: len(parser.get_examples(path.read_text(encoding="utf-8"))) for path in SPECS}
    assert counts["numerics.md"] > 5
    assert counts["lstm.md"] > 3
    assert counts["model-file.md"] > 3


def test_constants_are_generated():
    done = subprocess.run(
        [sys.executable, str(ROOT / "spec" / "generate_constants.py"), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
