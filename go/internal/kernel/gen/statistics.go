package main

import "fmt"

// The statistics of some rows, each of some lists of numbers: the mean, in as many places as a vector has, then r (N13.1)-(N13.6).

const partialSums = 16 // of (N13.1)

func (m machine) statisticsArguments() string {
	return fmt.Sprintf("to, z, last *%[1]s, rows, lists, full, rest, zPanel, zList, width int, count, epsilon %[1]s", m.goType)
}

const countAt = 80 // from the arguments on; epsilon follows

// A fold is one of the two sums: the sixteen are some vectors, a panel has four.
type fold struct {
	machine
	isMean bool // (N13.3); else (N13.5), whose v is v - mean (N13.4)
}

// vectors is how many of them the partial sums fill.
func (f fold) vectors() int { return partialSums / f.lanes() }

// panels is how many have to come before the sums begin anew.
func (f fold) panels() int { return max(1, f.vectors()/4) }

// The registers: the sums, v, which numbers there are in the last panel, the mean and r.
func (f fold) sum(n int) string     { return f.vector(n % f.vectors()) }
func (f fold) v(n int) string       { return f.vector(f.vectors() + n) }
func (m machine) rest(n int) string { return m.vector(m.registers - 3 - n) }
func (m machine) mean() string      { return m.vector(m.registers - 1) }
func (m machine) r() string         { return m.vector(m.registers - 2) }

// name is a label of this fold, or of the n-th of its panels.
func (f fold) name(label string) string {
	if f.isMean {
		return label
	}
	return label + "OfSquares"
}
func (f fold) nth(label string, n int) string { return fmt.Sprint(f.name(label), n) }

// avxPanel goes on with the sums, of the panel in SI, of the last one as far as there are numbers; +0 changes none.
func (f fold) avxPanel(l *listing, isLast bool) {
	for n := range 4 {
		if isLast {
			l.line("CMPQ R9, $%d", n*f.lanes())
			l.line("JLE %s", f.name("next"))
		}
		l.line("VMOVUPS %d(SI), %s", n*f.bytes, f.v(n))
		if !f.isMean {
			l.line("%s %s, %s, %s", f.packed("VSUB"), f.mean(), f.v(n), f.v(n))
		}
		if isLast {
			l.line("%s %s, %s, %s", f.instruction("VPAND"), f.rest(n), f.v(n), f.v(n))
		}
		if f.isMean {
			l.line("%s %s, %s, %s", f.packed("VADD"), f.v(n), f.sum(n), f.sum(n))
		} else {
			l.line("%s %s, %s, %s", f.packed("VFMADD231"), f.v(n), f.v(n), f.sum(n))
		}
	}
}

// avxFold leaves the sum in X0. The row is at R10 in the first panel, and at R11 in the last.
func (f fold) avxFold(l *listing) {
	for n := range f.vectors() {
		l.line("%s %s, %s, %s", f.instruction("VPXOR"), f.sum(n), f.sum(n), f.sum(n))
	}
	l.line("MOVQ R10, R12")
	l.line("MOVQ R11, R13")
	l.line("MOVQ lists+32(FP), R8")

	l.label(f.name("list"))
	l.line("MOVQ R12, SI")
	l.line("MOVQ full+40(FP), CX")
	l.line("TESTQ CX, CX")
	l.line("JEQ %s", f.name("last"))

	l.label(f.name("panel"))
	f.avxPanel(l, false)
	l.line("ADDQ DX, SI")
	l.line("DECQ CX")
	l.line("JNE %s", f.name("panel"))

	l.label(f.name("last"))
	l.line("MOVQ R13, SI")
	f.avxPanel(l, true)

	l.label(f.name("next"))
	l.line("ADDQ BX, R12")
	l.line("ADDQ BX, R13")
	l.line("DECQ R8")
	l.line("JNE %s", f.name("list"))

	add := f.packed("VADD") // (N13.2)
	for w := f.vectors() / 2; w > 0; w /= 2 {
		for n := range w {
			l.line("%s %s, %s, %s", add, f.sum(n+w), f.sum(n), f.sum(n))
		}
	}
	if f.registerFile == "Z" {
		l.line("VEXTRACTF64X4 $1, Z0, Y1")
		l.line("%s Y1, Y0, Y0", add)
	}
	l.line("VEXTRACTF128 $1, Y0, X1")
	l.line("%s X1, X0, X0", add)
	l.line("VPERMILPD $1, X0, X1")
	l.line("%s X1, X0, X0", add)
	if f.float == single {
		l.line("VMOVSHDUP X0, X1")
		l.line("VADDSS X1, X0, X0")
	}
}

// avxStatistics has the place of a row's statistics in DI, R15 rows to come, and R9 numbers in the last panel; DX leads from panel to
// panel, BX from list to list.
func (m machine) avxStatistics() string {
	l := &listing{}
	l.function("statistics"+m.name, m.statisticsArguments(), 0, countAt+2*m.size)
	l.line("MOVQ to+0(FP), DI")
	l.line("MOVQ z+8(FP), R10")
	l.line("MOVQ last+16(FP), R11")
	l.line("MOVQ rows+24(FP), R15")
	l.line("MOVQ rest+48(FP), R9")
	l.line("MOVQ zPanel+56(FP), DX")
	l.line("MOVQ zList+64(FP), BX")
	l.line("LEAQ wholes%s<>+%d(SB), AX", m.mark, 4*m.bytes)
	l.line("MOVQ R9, CX")
	l.line("NEGQ CX")
	for n := range 4 {
		l.line("VMOVUPS %d(AX)(CX*%d), %s", n*m.bytes, m.size, m.rest(n))
	}

	l.label("row")
	fold{m, true}.avxFold(l)
	l.line("VDIVS%s count+%d(FP), X0, X0", m.letter, countAt) // (N13.3)
	l.line("VBROADCASTS%s X0, %s", m.letter, m.mean())
	fold{m, false}.avxFold(l)
	l.line("VDIVS%s count+%d(FP), X0, X0", m.letter, countAt) // (N13.5)
	l.line("VADDS%s epsilon+%d(FP), X0, X0", m.letter, countAt+m.size)
	l.line("VSQRTS%s X0, X0, X0", m.letter)
	l.line("VMOVS%s oneBits%s<>(SB), X1", m.letter, m.mark)
	l.line("VDIVS%s X0, X1, X0", m.letter) // (N13.6)
	l.line("VBROADCASTS%s X0, %s", m.letter, m.r())
	l.line("VMOVUPS %s, (DI)", m.mean())
	l.line("VMOVUPS %s, %d(DI)", m.r(), mostLanes*m.size)
	l.line("ADDQ $%d, DI", 2*mostLanes*m.size)
	l.line("ADDQ $%d, R10", 4*m.bytes)
	l.line("ADDQ width+72(FP), R11")
	l.line("DECQ R15")
	l.line("JNE row")
	l.line("VZEROUPPER")
	l.line("RET")
	return l.String()
}

// neonPanel is as avxPanel, of the panel in R1, with the nth four of the sums.
func (f fold) neonPanel(l *listing, nth int, isLast bool) {
	for n := range 4 {
		if isLast {
			l.line("CMP $%d, R9", n*f.lanes())
			l.line("BLE %s", f.name("next"))
		}
		sum := f.sum(4*nth + n)
		l.line("FMOVQ %d(R1), %s", n*f.bytes, quad(f.v(n)))
		if !f.isMean {
			l.lines(f.neonText("subtract", f.v(n), f.v(n), f.mean()))
		}
		if isLast {
			l.lines(f.neonText("and", f.v(n), f.v(n), f.rest(n)))
		}
		if f.isMean {
			l.lines(f.neonText("add", sum, sum, f.v(n)))
		} else {
			l.lines(f.neonText("fma", sum, f.v(n), f.v(n)))
		}
	}
}

// neonFold leaves the sum in F0. The row is at R10 in the first panel, and at R11 in the last.
func (f fold) neonFold(l *listing) {
	for n := range f.vectors() {
		l.line("VEOR %s.B16, %s.B16, %s.B16", f.sum(n), f.sum(n), f.sum(n))
	}
	l.line("MOVD R10, R12")
	l.line("MOVD R11, R13")
	l.line("MOVD lists+32(FP), R8")

	l.label(f.name("list"))
	l.line("MOVD R12, R1")
	l.line("MOVD full+40(FP), R2")
	for n := range f.panels() { // a jump to where n have come since the sums began anew
		if n == 0 {
			l.label(f.name("panel"))
		}
		l.line("CBZ R2, %s", f.nth("last", n))
		f.neonPanel(l, n, false)
		l.line("ADD R6, R1")
		l.line("SUB $1, R2")
	}
	l.line("B %s", f.name("panel"))
	for n := range f.panels() {
		l.label(f.nth("last", n))
		l.line("MOVD R13, R1")
		f.neonPanel(l, n, true)
		if n < f.panels()-1 {
			l.line("B %s", f.name("next"))
		}
	}

	l.label(f.name("next"))
	l.line("ADD R7, R12")
	l.line("ADD R7, R13")
	l.line("SUBS $1, R8")
	l.line("BNE %s", f.name("list"))

	for w := f.vectors() / 2; w > 0; w /= 2 { // (N13.2)
		for n := range w {
			l.lines(f.neonText("add", f.sum(n), f.sum(n), f.sum(n+w)))
		}
	}
	for bytes := f.bytes / 2; bytes >= f.size; bytes /= 2 {
		l.line("VEXT $%d, V0.B16, V0.B16, V1.B16", bytes)
		l.lines(f.neonText("add", "V0", "V0", "V1"))
	}
}

// neonStatistics has the place of a row's statistics in R0, R5 rows to come, and R9 numbers in the last panel; R6 leads from panel to
// panel, R7 from list to list, R4 from row to row in the last panel.
func (m machine) neonStatistics() string {
	l := &listing{}
	l.function("statistics"+m.name, m.statisticsArguments(), 0, countAt+2*m.size)
	l.line("MOVD to+0(FP), R0")
	l.line("MOVD z+8(FP), R10")
	l.line("MOVD last+16(FP), R11")
	l.line("MOVD rows+24(FP), R5")
	l.line("MOVD rest+48(FP), R9")
	l.line("MOVD zPanel+56(FP), R6")
	l.line("MOVD zList+64(FP), R7")
	l.line("MOVD width+72(FP), R4")
	l.line("MOVD $wholes%s<>+%d(SB), R3", m.mark, 4*m.bytes)
	l.line("SUB R9<<%d, R3", m.sizeShift())
	for n := range 4 {
		l.line("FMOVQ %d(R3), %s", n*m.bytes, quad(m.rest(n)))
	}
	repeat := func(register string) {
		l.line("VDUP V0.%s[0], %s.%s", m.letter, register, fmt.Sprint(m.letter, m.lanes()))
	}
	argument := func(name string, at int) { l.line("FMOV%s %s+%d(FP), F1", m.letter, name, at) }

	l.label("row")
	fold{m, true}.neonFold(l)
	argument("count", countAt)
	l.line("FDIV%s F1, F0", m.letter) // (N13.3)
	repeat(m.mean())
	fold{m, false}.neonFold(l)
	argument("count", countAt)
	l.line("FDIV%s F1, F0", m.letter) // (N13.5)
	argument("epsilon", countAt+m.size)
	l.line("FADD%s F1, F0", m.letter)
	l.line("FSQRT%s F0, F0", m.letter)
	l.line("FMOV%s $1.0, F1", m.letter)
	l.line("FDIV%s F0, F1, F0", m.letter) // (N13.6)
	repeat(m.r())
	l.line("FMOVQ %s, (R0)", quad(m.mean()))
	l.line("FMOVQ %s, %d(R0)", quad(m.r()), mostLanes*m.size)
	l.line("ADD $%d, R0", 2*mostLanes*m.size)
	l.line("ADD $%d, R10", 4*m.bytes)
	l.line("ADD R4, R11")
	l.line("SUBS $1, R5")
	l.line("BNE row")
	l.line("RET")
	return l.String()
}
