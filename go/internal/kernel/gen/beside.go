package main

import "fmt"

// sumsBeside keep two units for fma busy, each for four cycles; with more of them the weights come from more places, and later.
const sumsBeside = 8

// besideTiles are those of one row and some columns side by side, each with so many vectors in its panel.
func besideTiles(m machine, width int) []tile {
	var list []tile
	for columns := 1; columns <= min(4, sumsBeside/width); columns++ {
		list = append(list, tile{m, 1, columns, width})
	}
	return list
}

func (t tile) besideName() string {
	return fmt.Sprintf("beside%s_%dx%d", t.machine.name, t.panels, t.width)
}

func (m machine) besideArguments() string {
	return fmt.Sprintf("z0, z1, z2, z3, w0, w1, w2, w3, x *%s, inputs int", m.goType)
}

// avxBeside is (N3) for all chunks. It has the end of the chunk of x in R8, and SI terms after it; the columns' weights from R9 on, and
// AX, how far they are read.
func (t tile) avxBeside() string {
	l := &listing{}
	l.function(t.besideName(), t.besideArguments(), 0, 80)
	l.line("MOVQ x+64(FP), R8")
	l.line("MOVQ inputs+72(FP), SI")
	var weights []string
	for n := range t.panels {
		l.line("MOVQ w%d+%d(FP), R%d", n, 32+8*n, 9+n)
		weights = append(weights, fmt.Sprintf("(R%d)(AX*1)", 9+n))
	}
	l.line("XORQ AX, AX")

	l.label("chunk")
	l.line("MOVQ SI, CX")
	l.line("MOVQ $const_kChunk, DX")
	l.line("CMPQ CX, DX")
	l.line("CMOVQGT DX, CX")
	l.line("SUBQ CX, SI")
	l.line("LEAQ (R8)(CX*%d), R8", t.size)
	t.avxSums(l, weights, false)
	for n := range t.panels {
		l.line("MOVQ z%d+%d(FP), DI", n, 8*n)
		for v := range t.width { // z = z + a
			sum, at := t.sum(0, n*t.width+v), address("(DI)", v*t.bytes)
			l.line(t.packed("VADD")+" %s, %s, %s", at, sum, sum)
			l.line("VMOVUPS %s, %s", sum, at)
		}
	}
	l.line("TESTQ SI, SI")
	l.line("JNE chunk")
	l.line("VZEROUPPER")
	l.line("RET")
	return l.String()
}

// neonBeside has x in R12, and R2 terms after the chunk.
func (t tile) neonBeside() string {
	l := &listing{}
	l.function(t.besideName(), t.besideArguments(), 0, 80)
	l.line("MOVD x+64(FP), R12")
	l.line("MOVD inputs+72(FP), R2")
	for n := range t.panels {
		l.line("MOVD w%d+%d(FP), R%d", n, 32+8*n, 20+n)
	}

	l.label("chunk")
	l.line("MOVD $const_kChunk, R5")
	l.line("CMP R5, R2")
	l.line("CSEL LT, R2, R5, R5")
	l.line("SUB R5, R2")
	t.neonSums(l)
	for n := range t.panels {
		l.line("MOVD z%d+%d(FP), R1", n, 8*n)
		for v := range t.width { // z = z + a
			sum, at := t.sum(0, n*t.width+v), address("(R1)", v*t.bytes)
			t.neonAdd(l, sum, at)
			l.line("FMOVQ %s, %s", quad(sum), at)
		}
	}
	l.line("CBNZ R2, chunk")
	l.line("RET")
	return l.String()
}
