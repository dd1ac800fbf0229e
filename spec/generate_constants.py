"""Write each language's table of constants from the one in numerics.md.

python spec/generate_constants.py           write the tables
python spec/generate_constants.py --check   say which differ; exit 1 if any does
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "spec" / "numerics.md"
NOTE = "Generated from spec/numerics.md by spec/generate_constants.py; do not edit."


def read_constants() -> list[tuple[str, int, bool, str]]:
    """The rows of the spec's block: name, value, whether it is an integer (else a float32 bit pattern), remark."""
    block = re.search(r"^```constants\n(.*?)^```", SPEC.read_text(encoding="utf-8"), re.M | re.S)
    assert block, "no constants block in spec/numerics.md"
    rows = []
    for line in block[1].splitlines():
        row = re.fullmatch(r"(\w+)\s+(int -?\d+|0x[0-9a-f]{8})\s*(.*)", line)
        assert row, f"not a constant: {line!r}"
        is_int = row[2].startswith("int ")
        rows.append((row[1], int(row[2].removeprefix("int "), 0), is_int, row[3]))
    return rows


def camel(name: str) -> str:
    """SIGMOID_MIN -> SigmoidMin, the spelling of a Go or C++ constant without its leading k."""
    return "".join(part.capitalize() for part in name.split("_"))


def python_table(rows) -> str:
    lines = [f'"""The constants of the arithmetic (spec N3-N6). {NOTE}"""', "", "import numpy as np", "", ""]
    lines += ["def _bits(pattern: int) -> np.float32:", "    return np.uint32(pattern).view(np.float32)", "", ""]
    lines += [f"{n} = {v}" if i else f"{n} = _bits(0x{v:08X})" for n, v, i, _ in rows]
    return "\n".join(lines) + "\n"


def cpp_table(rows) -> str:
    lines = [f"// The constants of the arithmetic (spec N3-N6). {NOTE}", "#pragma once", "#include <cstdint>", ""]
    lines += ["namespace lstm_ref::constants {", ""]
    lines += ["// Float32 constants are given by their bits; see constant() in the kernel.", "// clang-format off", ""]
    for name, value, is_int, remark in rows:
        kind, text = ("int", str(value)) if is_int else ("std::uint32_t", f"0x{value:08x}u")
        lines.append(f"constexpr {kind} k{camel(name)} = {text};" + (f"  // {remark}" if remark else ""))
    return "\n".join([*lines, "", "// clang-format on", "}  // namespace lstm_ref::constants"]) + "\n"


def go_table(rows) -> str:
    width = max(len(camel(name)) for name, *_ in rows)
    lines = ["// Code generated from spec/numerics.md by spec/generate_constants.py. DO NOT EDIT.", "", "package kernel", ""]
    lines += ["// The constants of the arithmetic (spec N3-N6); float32 constants are given by their bits.", "const ("]
    lines += [f"\t{'k' + camel(n):<{width + 1}} = {v if i else f'0x{v:08x}'}" for n, v, i, _ in rows]
    return "\n".join([*lines, ")"]) + "\n"


TABLES = {
    "python/lstm_ref/reference/constants.py": python_table,
    "cpp/src/simd/constants.hpp": cpp_table,
    "go/internal/kernel/constants.go": go_table,
}


def main() -> int:
    rows = read_constants()
    stale = []
    for path, table in TABLES.items():
        target, text = ROOT / path, table(rows)
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
