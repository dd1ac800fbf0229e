package main

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Go's assembler has no mnemonics for most of NEON's arithmetic: these are the encodings, four float32 a register;
// with the bit `wide`, two float64.
var neonInstructions = map[string]struct {
	mnemonic string
	word     uint32
	wide     uint32
}{
	"add":        {"FADD", 0x4e20d400, 1 << 22},
	"subtract":   {"FSUB", 0x4ea0d400, 1 << 22},
	"multiply":   {"FMUL", 0x6e20dc00, 1 << 22},
	"divide":     {"FDIV", 0x6e20fc00, 1 << 22},
	"max":        {"FMAX", 0x4e20f400, 1 << 22},
	"min":        {"FMIN", 0x4ea0f400, 1 << 22},
	"or":         {"ORR", 0x4ea01c00, 0},
	"and":        {"AND", 0x4e201c00, 0},
	"addInteger": {"ADD", 0x4ea08400, 1 << 22},
	"fma":        {"FMLA", 0x4e20cc00, 1 << 22}, // d += n*m
	"fnma":       {"FMLS", 0x4ea0cc00, 1 << 22}, // d -= n*m
	"greater":    {"FCMGT", 0x6ea0e400, 1 << 22},
	"select":     {"BSL", 0x6e601c00, 0}, // d = d ? n : m
}

// sizeShift is the shift that multiplies by the size of a number.
func (m machine) sizeShift() int { return bits.TrailingZeros(uint(m.size)) }

// moves are the instructions that load and store one number by a register for integers.
func (m machine) moves() [2]string {
	if m.float == double {
		return [2]string{"MOVD", "MOVD"}
	}
	return [2]string{"MOVWU", "MOVW"}
}

func number(register string) uint32 {
	n, err := strconv.Atoi(register[1:])
	if err != nil {
		panic(err)
	}
	return uint32(n)
}

// arrangement is how a register is divided.
func (m machine) arrangement() string { return fmt.Sprint(m.lanes()) + m.letter }

// neonText writes dst = x op y.
func (m machine) neonText(name, dst, x, y string) string {
	i := neonInstructions[name]
	word := i.word | number(y)<<16 | number(x)<<5 | number(dst)
	if m.float == double {
		word |= i.wide
	}
	s := m.arrangement()
	return fmt.Sprintf("\tWORD $%#08x // %s %s.%s, %s.%s, %s.%s", word, i.mnemonic, dst, s, x, s, y, s)
}

// neonByElement writes dst += x * element k of y.
func (m machine) neonByElement(dst, x, y string, k int) string {
	word := 0x4f801000 | uint32(k&1)<<21 | uint32(k>>1)<<11
	if m.float == double {
		word = 0x4fc01000 | uint32(k)<<11
	}
	word |= number(y)<<16 | number(x)<<5 | number(dst)
	s := m.arrangement()
	return fmt.Sprintf("\tWORD $%#08x // FMLA %s.%s, %s.%s, %s.%s[%d]", word, dst, s, x, s, y, m.letter, k)
}

// quad is a vector register as Go's moves of 16 bytes name it.
func quad(register string) string { return "F" + register[1:] }

func (a *assembler) compute(name, dst, n, m string) {
	a.lines = append(a.lines, a.neonText(name, dst, n, m))
}

// inNEON gives v itself or a constant loaded into a register that dies with this operation.
func (a *assembler) inNEON(v *value) *value {
	if v.constant == "" {
		return v
	}
	loaded := &value{register: take(&a.free), last: a.index}
	a.write("FMOVQ", a.place(v), quad(loaded.register))
	return loaded
}

func (a *assembler) translateNEON(op operation) {
	args := make([]*value, len(op.args))
	for n, v := range op.args {
		args[n] = a.inNEON(v)
		if n > 0 && v == op.args[n-1] {
			args[n] = args[n-1]
		}
	}
	switch op.name {
	case "load":
		op.out.register = take(&a.free)
		a.write("FMOVQ", op.at, quad(op.out.register))
	case "store":
		a.release(args)
		a.write("FMOVQ", quad(args[0].register), op.at)
	case "shift":
		a.release(args)
		op.out.register = take(&a.free)
		word := 0x4f005400 | uint32(8*a.size+a.fraction)<<16 | number(args[0].register)<<5 | number(op.out.register)
		s := a.arrangement()
		a.lines = append(a.lines, fmt.Sprintf("\tWORD $%#08x // SHL %s.%s, %s.%s, #%d", word, op.out.register, s, args[0].register, s, a.fraction))
	case "below":
		a.release(args)
		op.out.register = take(&a.free)
		a.compute("greater", op.out.register, args[1].register, args[0].register)
	case "pick", "fma", "fnma":
		name, over, n, m := op.name, args[2], args[0], args[1] // the instruction overwrites an operand
		if name == "pick" {
			name, over, n, m = "select", args[0], args[1], args[2]
		}
		if a.dies(over) && over != n && over != m {
			op.out.register = over.register
		} else {
			op.out.register = take(&a.free)
			a.compute("or", op.out.register, over.register, over.register)
		}
		a.compute(name, op.out.register, n.register, m.register)
		for i, v := range args {
			if a.dies(v) && v.register != op.out.register && (i == 0 || v != args[i-1]) {
				a.free = append(a.free, v.register)
			}
		}
	default:
		a.release(args)
		op.out.register = take(&a.free)
		a.compute(op.name, op.out.register, args[0].register, args[1].register)
	}
}

// neonSums is a = fma(w, x, a) for R5 > 0 terms, the rows of x in R12 to R17 and the panels of w in R20 to R22. V terms of
// a row are one load; its elements are multiplied one by one.
func (t tile) neonSums(l *listing) {
	vectors := t.width * t.panels
	input := func(r int) string { return t.vector(t.rows*vectors + r) }
	weight := func(v int) string { return t.vector(31 - v%2) }
	products := func(terms int) {
		for k := range terms {
			for v := range vectors {
				l.line("FMOVQ %d(R%d), %s", (t.width*k+v%t.width)*t.bytes, 20+v/t.width, quad(weight(v)))
				for r := range t.rows {
					l.lines(t.neonByElement(t.sum(r, v), weight(v), input(r), k))
				}
			}
		}
		for p := range t.panels {
			l.line("ADD $%d, R%d", t.width*t.bytes*terms, 20+p)
		}
		for r := range t.rows {
			l.line("ADD $%d, R%d", t.size*terms, 12+r)
		}
	}
	for r := range t.rows {
		for v := range vectors {
			l.line("VEOR %s.B16, %s.B16, %s.B16", t.sum(r, v), t.sum(r, v), t.sum(r, v))
		}
	}
	l.line("LSR $%d, R5, R19", bits.TrailingZeros(uint(t.lanes())))
	l.line("CBZ R19, rest")

	l.label("vector")
	for r := range t.rows {
		l.line("FMOVQ (R%d), %s", 12+r, quad(input(r)))
	}
	products(t.lanes())
	l.line("SUBS $1, R19")
	l.line("BNE vector")

	l.label("rest")
	l.line("ANDS $%d, R5, R19", t.lanes()-1)
	l.line("BEQ add")

	l.label("one")
	for r := range t.rows {
		l.line("FMOV"+t.letter+" (R%d), %s", 12+r, quad(input(r)))
	}
	products(1)
	l.line("SUBS $1, R19")
	l.line("BNE one")

	l.label("add")
}

// neonAdd is sum = sum + what stands at an address.
func (t tile) neonAdd(l *listing, sum, at string) {
	scratch := t.vector(31)
	l.line("FMOVQ %s, %s", at, quad(scratch))
	l.lines(t.neonText("add", sum, scratch, sum))
}

// neonTile is as avxTile, without fetching.
func (t tile) neonTile() string {
	l := &listing{}
	l.function(t.name(), t.tileArguments(), 0, 80)
	for n, argument := range []string{"z", "from", "w", "x", "first", "terms", "tiles", "fromRow"} {
		l.line("MOVD %s+%d(FP), R%d", argument, 8*n, n)
	}
	l.line("LSL $%d, R4", t.sizeShift())

	l.label("tile")
	for r := range t.rows {
		l.line("MOVD %d(R3), R%d", 24*r, 12+r)
		l.line("ADD R4, R%d", 12+r)
	}
	l.line("MOVD R2, R20")
	t.neonSums(l)
	for r := range t.rows {
		for v := range t.width {
			t.neonAdd(l, t.sum(r, v), fmt.Sprintf("%d(R1)", v*t.bytes))
			l.line("FMOVQ %s, %d(R0)", quad(t.sum(r, v)), (t.width*r+v)*t.bytes)
		}
		l.line("ADD R7, R1")
	}
	l.line("ADD $%d, R0", t.width*t.bytes*t.rows)
	l.line("ADD $%d, R3", 24*t.rows)
	l.line("SUBS $1, R6")
	l.line("BNE tile")
	l.line("RET")
	return l.String()
}

// neonStep is as avxStep.
func neonStep(m machine) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "\t"+format+"\n", args...) }
	label := func(name string) { fmt.Fprintf(&b, "\n%s:\n", name) }
	fmt.Fprintf(&b, "\n// func step%s(%s)\n", m.name, m.stepArguments())
	fmt.Fprintf(&b, "TEXT ·step%s(SB), NOSPLIT, $%d-64\n", m.name, m.bytes)
	for n, argument := range []string{"z", "c", "h", "first", "units", "rows", "zPanel", "cPanel"} {
		line("MOVD %s+%d(FP), R%d", argument, 8*n, n)
	}
	line("LSL $%d, R3", m.sizeShift())

	label("panel") // the units from R3 bytes on, R4 of them left
	line("MOVD R0, R8")
	line("MOVD R1, R9")
	line("MOVD R2, R11")
	line("MOVD R5, R12")

	label("row")
	line("MOVD (R11), R13")
	line("ADD R3, R13")
	line("MOVD R13, R10")
	line("CMP $%d, R4", m.lanes())
	line("BGE compute")
	line("MOVD $part-%d(SP), R10", m.bytes)

	label("compute")
	for _, instruction := range stepProgram(m, []vectorOfUnits{{z: "(R8)", c: "(R9)", h: "(R10)"}}, true) {
		b.WriteString(instruction + "\n")
	}
	line("CMP $%d, R4", m.lanes())
	line("BGE next")
	line("MOVD R4, R14")

	label("copy")
	line("%s (R10), R15", m.moves()[0])
	line("%s R15, (R13)", m.moves()[1])
	line("ADD $%d, R10", m.size)
	line("ADD $%d, R13", m.size)
	line("SUBS $1, R14")
	line("BNE copy")

	label("next")
	line("ADD $%d, R8", 4*m.bytes)
	line("ADD $%d, R9", m.bytes)
	line("ADD $24, R11")
	line("SUBS $1, R12")
	line("BNE row")
	line("ADD R6, R0")
	line("ADD R7, R1")
	line("ADD $%d, R3", m.bytes)
	line("SUBS $%d, R4", m.lanes())
	line("BGT panel")
	line("RET")
	return b.String()
}
