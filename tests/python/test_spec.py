"""The examples in spec/, docs/ and the README are executed, and the constants of all languages are the spec's."""

import doctest
import subprocess
import sys

import pytest
from conftest import ROOT

SPECS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "spec").glob("*.md"))]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_examples(path):
    results = doctest.testfile(str(path), module_relative=False, encoding="utf-8")
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


def test_the_matrix_in_the_readme_is_of_these_vectors(golden):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    matrix = text.split("<!-- matrix -->")[1].split("<!-- /matrix -->")[0]
    total, invalid = len(golden.valid), f"{len(golden.invalid)} of {len(golden.invalid)}"
    for name in ("numpy", "cpp-baseline", "cpp-avx2", "cpp-avx512", "python", "go-pure", "go-avx2", "go-avx512"):
        assert f"| `{name}` | {total} of {total} |  | 0 ulp | {invalid} | 0 |" in matrix, (
            "run: lstm-ref verify --markdown README.md"
        )
