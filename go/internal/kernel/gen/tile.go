package main

import (
	"fmt"
	"strings"
)

// A tile adds the chunks of (N3) for some rows and one panel: its accumulators, rows x vectors, stay in registers for
// a chunk. Where a panel has more vectors than a tile, passes go over it.
type tile struct {
	machine
	rows, vectors, passes int
}

// tiles gives the tiles of a machine, as many rows as its registers hold beside the weights and one broadcast input.
func tiles(m machine) []tile {
	if m == avx2 {
		return []tile{{m, 1, 8, 1}, {m, 2, 2, 4}, {m, 4, 2, 4}, {m, 6, 2, 4}}
	}
	return []tile{{m, 1, 4, 1}, {m, 2, 4, 1}, {m, 4, 4, 1}, {m, 6, 4, 1}}
}

// rowOf is the address of row r's element: base, stride, 3*stride and 5*stride in bytes are in registers.
func rowOf(r, offset int, base, stride, stride3, stride5 string) string {
	address := []string{"(%s)", "(%s)(" + stride + "*1)", "(%s)(" + stride + "*2)", "(%s)(" + stride3 + "*1)",
		"(%s)(" + stride + "*4)", "(%s)(" + stride5 + "*1)"}[r]
	text := fmt.Sprintf(address, base)
	if offset != 0 {
		text = fmt.Sprintf("%d%s", offset, text)
	}
	return text
}

func (t tile) text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "\t"+format+"\n", args...) }
	label := func(name string) { fmt.Fprintf(&b, "\n%s:\n", name) }
	accumulator := func(r, v int) string { return t.vector(r*t.vectors + v) }
	weight := func(v int) string { return t.vector(t.rows*t.vectors + v) }
	input := t.vector(t.registers - 1)
	z := func(r, v int) string { return rowOf(r, v*t.bytes, "DI", "R8", "R9", "R10") }
	x := func(r int) string { return rowOf(r, 0, "BX", "R11", "R12", "R13") }

	fmt.Fprintf(&b, "\n// func tile%s_%d(z, w, x *float32, k, zStride, xStride int)\n", t.name, t.rows)
	fmt.Fprintf(&b, "TEXT ·tile%s_%d(SB), NOSPLIT, $0-48\n", t.name, t.rows)
	line("MOVQ z+0(FP), DI")
	line("MOVQ w+8(FP), SI")
	if t.rows > 1 { // strides in bytes, times 1, 3 and 5
		line("MOVQ zStride+32(FP), R8")
		line("SHLQ $2, R8")
		line("MOVQ xStride+40(FP), R11")
		line("SHLQ $2, R11")
	}
	if t.rows > 3 {
		line("LEAQ (R8)(R8*2), R9")
		line("LEAQ (R11)(R11*2), R12")
	}
	if t.rows > 5 {
		line("LEAQ (R8)(R8*4), R10")
		line("LEAQ (R11)(R11*4), R13")
	}
	if t.passes > 1 {
		line("MOVQ $%d, AX", t.passes)
		label("pass")
		line("MOVQ SI, DX")
	}
	line("MOVQ x+16(FP), BX")
	line("MOVQ k+24(FP), CX")
	w := "SI"
	if t.passes > 1 {
		w = "DX"
	}

	label("chunk") // R14 terms: CHUNK, or what is left
	line("MOVQ $const_kChunk, R15")
	line("CMPQ CX, R15")
	line("CMOVQLT CX, R15")
	line("SUBQ R15, CX")
	for r := range t.rows {
		for v := range t.vectors {
			line("%s %s, %s, %s", t.instruction("VPXOR"), accumulator(r, v), accumulator(r, v), accumulator(r, v))
		}
	}

	label("term")
	if t.rows > 1 {
		for v := range t.vectors {
			line("VMOVUPS %d(%s), %s", v*t.bytes, w, weight(v))
		}
	}
	for r := range t.rows {
		line("VBROADCASTSS %s, %s", x(r), input)
		for v := range t.vectors {
			from := weight(v)
			if t.rows == 1 {
				from = fmt.Sprintf("%d(%s)", v*t.bytes, w)
			}
			line("VFMADD231PS %s, %s, %s", from, input, accumulator(r, v))
		}
	}
	line("ADDQ $256, %s", w)
	line("ADDQ $4, BX")
	line("DECQ R15")
	line("JNZ term")

	for r := range t.rows { // z = z + a
		for v := range t.vectors {
			line("VADDPS %s, %s, %s", z(r, v), accumulator(r, v), accumulator(r, v))
			line("VMOVUPS %s, %s", accumulator(r, v), z(r, v))
		}
	}
	line("TESTQ CX, CX")
	line("JNZ chunk")
	if t.passes > 1 {
		line("ADDQ $%d, SI", t.vectors*t.bytes)
		line("ADDQ $%d, DI", t.vectors*t.bytes)
		line("DECQ AX")
		line("JNZ pass")
	}
	line("VZEROUPPER")
	line("RET")
	return b.String()
}
