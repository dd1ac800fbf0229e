package main

import "fmt"

// A fold goes on with sixteen partial sums of n numbers, some whole sixteens of them (N13.1).
type fold struct {
	name   string
	isMean bool // (N13.3); else (N13.5), whose v is v - mean (N13.4)
}

var folds = []fold{{"sum", true}, {"squares", false}}

const partialSums = 16

func (m machine) foldArguments() string {
	return fmt.Sprintf("s, v *%[1]s, n int, mean %[1]s", m.goType)
}

// foldVectors is how many vectors the partial sums fill.
func (m machine) foldVectors() int { return partialSums / m.lanes() }

// avxFold has the sums in the first registers, the mean in the last, v in SI and CX numbers to come.
func (f fold) avxFold(m machine) string {
	l := &listing{}
	l.function(f.name+m.name, m.foldArguments(), 0, 24+m.size)
	l.line("MOVQ s+0(FP), DI")
	l.line("MOVQ v+8(FP), SI")
	l.line("MOVQ n+16(FP), CX")
	vectors := m.foldVectors()
	mean := m.vector(m.registers - 1)
	if !f.isMean {
		l.line("VBROADCASTS%s mean+24(FP), %s", m.letter, mean)
	}
	for n := range vectors {
		l.line("VMOVUPS %d(DI), %s", n*m.bytes, m.vector(n))
	}

	l.label("sixteen")
	for n := range vectors {
		sum, d, at := m.vector(n), m.vector(vectors+n), address("(SI)", n*m.bytes)
		if f.isMean {
			l.line("%s %s, %s, %s", m.packed("VADD"), at, sum, sum)
			continue
		}
		l.line("VMOVUPS %s, %s", at, d)
		l.line("%s %s, %s, %s", m.packed("VSUB"), mean, d, d)
		l.line("%s %s, %s, %s", m.packed("VFMADD231"), d, d, sum)
	}
	l.line("ADDQ $%d, SI", m.size*partialSums)
	l.line("SUBQ $%d, CX", partialSums)
	l.line("JNE sixteen")
	for n := range vectors {
		l.line("VMOVUPS %s, %d(DI)", m.vector(n), n*m.bytes)
	}
	l.line("VZEROUPPER")
	l.line("RET")
	return l.String()
}

// neonFold has the sums in the first registers, the mean in V31, v in R1 and R2 numbers to come.
func (f fold) neonFold(m machine) string {
	l := &listing{}
	l.function(f.name+m.name, m.foldArguments(), 0, 24+m.size)
	l.line("MOVD s+0(FP), R0")
	l.line("MOVD v+8(FP), R1")
	l.line("MOVD n+16(FP), R2")
	vectors := m.foldVectors()
	mean := m.vector(m.registers - 1)
	if !f.isMean {
		l.line("FMOV%s mean+24(FP), %s", m.letter, quad(mean))
		l.line("VDUP %s.%s[0], %s.%s%d", mean, m.letter, mean, m.letter, m.lanes())
	}
	for n := range vectors {
		l.line("FMOVQ %d(R0), %s", n*m.bytes, quad(m.vector(n)))
	}

	l.label("sixteen")
	for n := range vectors {
		sum, d := m.vector(n), m.vector(vectors+n)
		l.line("FMOVQ %d(R1), %s", n*m.bytes, quad(d))
		if f.isMean {
			l.lines(m.neonText("add", sum, d, sum))
			continue
		}
		l.lines(m.neonText("subtract", d, d, mean), m.neonText("fma", sum, d, d))
	}
	l.line("ADD $%d, R1", m.size*partialSums)
	l.line("SUBS $%d, R2", partialSums)
	l.line("BNE sixteen")
	for n := range vectors {
		l.line("FMOVQ %s, %d(R0)", quad(m.vector(n)), n*m.bytes)
	}
	l.line("RET")
	return l.String()
}
