"""Write each language's tables of constants from those in numerics.md.

python spec/generate_constants.py           write the tables
python spec/generate_constants.py --check   say which differ; exit 1 if any does
"""

import re
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "spec" / "numerics.md"
NOTE = "Generated from spec/numerics.md by spec/generate_constants.py; do not edit."


class Constant(NamedTuple):
    name: str
    value: int  # a bit pattern, or the number itself
    is_int: bool
    remark: str


def read_constants(width: int) -> list[Constant]:
    """The rows of the spec's block for float32 or float64."""
    title = "constants" + suffix(width)
    block = re.search(rf"^```{title}\n(.*?)^```", SPEC.read_text(encoding="utf-8"), re.M | re.S)
    assert block, f"no block {title} in spec/numerics.md"
    rows = []
    for line in block[1].splitlines():
        row = re.fullmatch(rf"(\w+)\s+(int -?\d+|0x[0-9a-f]{{{width // 4}}})\s*(.*)", line)
        assert row, f"not a constant: {line!r}"
        rows.append(Constant(row[1], int(row[2].removeprefix("int "), 0), row[2].startswith("int "), row[3]))
    return rows


def suffix(width: int) -> str:
    """Of the names: float32 came first, and has none."""
    return "" if width == 32 else str(width)


def camel(name: str) -> str:
    """SIGMOID_MIN -> SigmoidMin, the spelling of a Go or C++ constant without its leading k."""
    return "".join(part.capitalize() for part in name.split("_"))


def python_table(width: int) -> str:
    """The coefficients of a polynomial are one dict, by their degrees."""
    rows = read_constants(width)
    lines = [f'"""The constants of the float{width} arithmetic (spec N3-N12). {NOTE}"""', "", "import numpy as np", "", ""]
    lines += [f"def _bits(pattern: int) -> np.float{width}:", f"    return np.uint{width}(pattern).view(np.float{width})", "", ""]
    for name, is_coefficient in dict.fromkeys((re.sub(r"_C\d+$", "", r.name), bool(re.search(r"_C\d+$", r.name))) for r in rows):
        if is_coefficient:
            family = [(r.name.removeprefix(f"{name}_C"), r.value) for r in rows if re.fullmatch(rf"{name}_C\d+", r.name)]
            lines += [f"{name} = {{", *(f"    {degree}: _bits(0x{value:0{width // 4}X})," for degree, value in family), "}"]
        else:
            (row,) = (r for r in rows if r.name == name)
            lines.append(f"{name} = {row.value}" if row.is_int else f"{name} = _bits(0x{row.value:0{width // 4}X})")
    return "\n".join(lines) + "\n"


def cpp_table() -> str:
    lines = [f"// The constants of the arithmetic (spec N3-N12). {NOTE}", "#pragma once", "#include <cstdint>", ""]
    lines += ["// Constants that are no integers are given by their bits; see constant() in the kernel.", "// clang-format off"]
    for width in (32, 64):
        space = f"lstm_ref::constants{suffix(width)}"
        lines += ["", f"namespace {space} {{  // float{width}", ""]
        for name, value, is_int, remark in read_constants(width):
            bits = f"0x{value:0{width // 4}x}" + ("u" if width == 32 else "ull")
            kind, text = ("int", str(value)) if is_int else (f"std::uint{width}_t", bits)
            lines.append(f"constexpr {kind} k{camel(name)} = {text};" + (f"  // {remark}" if remark else ""))
        lines += ["", f"}}  // namespace {space}"]
    return "\n".join([*lines, "", "// clang-format on"]) + "\n"


def go_table(width: int) -> str:
    named = [(f"k{suffix(width)}{camel(name)}", value, is_int) for name, value, is_int, _ in read_constants(width)]  # k64Ln2
    longest = max(len(name) for name, *_ in named)
    lines = ["// Code generated from spec/numerics.md by spec/generate_constants.py. DO NOT EDIT.", "", "package kernel", ""]
    lines += [
        f"// The constants of the float{width} arithmetic (spec N3-N12); those that are no integers are given by their bits."
    ]
    lines += ["const ("]
    lines += [f"\t{name:<{longest}} = {value if is_int else f'0x{value:0{width // 4}x}'}" for name, value, is_int in named]
    return "\n".join([*lines, ")"]) + "\n"


TABLES = {
    "python/lstm_ref/reference/constants.py": partial(python_table, 32),
    "python/lstm_ref/reference/constants64.py": partial(python_table, 64),
    "cpp/src/simd/constants.hpp": cpp_table,
    "go/internal/kernel/constants.go": partial(go_table, 32),
    "go/internal/kernel/constants64.go": partial(go_table, 64),
}


def main() -> int:
    stale = []
    for path, table in TABLES.items():
        target, text = ROOT / path, table()
        if "--check" in sys.argv[1:]:
            if not target.exists() or target.read_text(encoding="utf-8") != text:
                stale.append(path)
        else:
            target.write_text(text, encoding="utf-8")
    for path in stale:
        print(f"{path}: differs from spec/numerics.md; run: python spec/generate_constants.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
