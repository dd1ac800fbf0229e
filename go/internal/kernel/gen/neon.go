package main

import (
	"fmt"
	"strconv"
	"strings"
)

// Go's assembler has no mnemonics for most of NEON's arithmetic: these are the encodings, four float32 a register.
var neonInstructions = map[string]struct {
	mnemonic string
	word     uint32
}{
	"add":        {"FADD", 0x4e20d400},
	"subtract":   {"FSUB", 0x4ea0d400},
	"multiply":   {"FMUL", 0x6e20dc00},
	"divide":     {"FDIV", 0x6e20fc00},
	"max":        {"FMAX", 0x4e20f400},
	"min":        {"FMIN", 0x4ea0f400},
	"or":         {"ORR", 0x4ea01c00},
	"and":        {"AND", 0x4e201c00},
	"addInteger": {"ADD", 0x4ea08400},
	"fma":        {"FMLA", 0x4e20cc00}, // d += n*m
	"fnma":       {"FMLS", 0x4ea0cc00}, // d -= n*m
	"greater":    {"FCMGT", 0x6ea0e400},
	"select":     {"BSL", 0x6e601c00}, // d = d ? n : m
}

func number(register string) uint32 {
	n, err := strconv.Atoi(register[1:])
	if err != nil {
		panic(err)
	}
	return uint32(n)
}

// neonText writes dst = n op m.
func neonText(name, dst, n, m string) string {
	i := neonInstructions[name]
	word := i.word | number(m)<<16 | number(n)<<5 | number(dst)
	return fmt.Sprintf("\tWORD $%#08x // %s %s.4S, %s.4S, %s.4S", word, i.mnemonic, dst, n, m)
}

// neonByElement writes dst += n * element k of m.
func neonByElement(dst, n, m string, k int) string {
	word := 0x4f801000 | uint32(k&1)<<21 | uint32(k>>1)<<11 | number(m)<<16 | number(n)<<5 | number(dst)
	return fmt.Sprintf("\tWORD $%#08x // FMLA %s.4S, %s.4S, %s.S[%d]", word, dst, n, m, k)
}

// quad is a vector register as Go's moves of 16 bytes name it.
func quad(register string) string { return "F" + register[1:] }

func (a *assembler) compute(name, dst, n, m string) {
	a.lines = append(a.lines, neonText(name, dst, n, m))
}

// inNEON gives v itself or a constant loaded into a register that dies with this operation.
func (a *assembler) inNEON(v *value) *value {
	if v.constant == "" {
		return v
	}
	loaded := &value{register: take(&a.free), last: a.index}
	a.write("FMOVQ", v.constant, quad(loaded.register))
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
	case "shift23":
		a.release(args)
		op.out.register = take(&a.free)
		word := 0x4f375400 | number(args[0].register)<<5 | number(op.out.register)
		a.lines = append(a.lines, fmt.Sprintf("\tWORD $%#08x // SHL %s.4S, %s.4S, #23", word, op.out.register, args[0].register))
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

// neonSums is a = fma(w, x, a) for R5 > 0 terms, the rows of x in R12 to R17 and the panels of w in R20 to R22. Four terms of
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
					l.lines(neonByElement(t.sum(r, v), weight(v), input(r), k))
				}
			}
		}
		for p := range t.panels {
			l.line("ADD $%d, R%d", t.width*t.bytes*terms, 20+p)
		}
		for r := range t.rows {
			l.line("ADD $%d, R%d", 4*terms, 12+r)
		}
	}
	for r := range t.rows {
		for v := range vectors {
			l.line("VEOR %s.B16, %s.B16, %s.B16", t.sum(r, v), t.sum(r, v), t.sum(r, v))
		}
	}
	l.line("LSR $2, R5, R19")
	l.line("CBZ R19, rest")

	l.label("four")
	for r := range t.rows {
		l.line("FMOVQ (R%d), %s", 12+r, quad(input(r)))
	}
	products(4)
	l.line("SUBS $1, R19")
	l.line("BNE four")

	l.label("rest")
	l.line("ANDS $3, R5, R19")
	l.line("BEQ add")

	l.label("one")
	for r := range t.rows {
		l.line("FMOVS (R%d), %s", 12+r, quad(input(r)))
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
	l.lines(neonText("add", sum, scratch, sum))
}

// neonTile is as avxTile, without fetching.
func (t tile) neonTile() string {
	l := &listing{}
	l.function(t.name(), tileArguments, 0, 80)
	for n, argument := range []string{"z", "from", "w", "x", "first", "terms", "tiles", "fromRow"} {
		l.line("MOVD %s+%d(FP), R%d", argument, 8*n, n)
	}
	l.line("LSL $2, R4")

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
	fmt.Fprintf(&b, "\n// func step%s(%s)\n", m.name, stepArguments)
	fmt.Fprintf(&b, "TEXT ·step%s(SB), NOSPLIT, $%d-64\n", m.name, m.bytes)
	for n, argument := range []string{"z", "c", "h", "first", "units", "rows", "zPanel", "cPanel"} {
		line("MOVD %s+%d(FP), R%d", argument, 8*n, n)
	}
	line("LSL $2, R3")

	label("panel") // the units from R3/4 on, R4 of them left
	line("MOVD R0, R8")
	line("MOVD R1, R9")
	line("MOVD R2, R11")
	line("MOVD R5, R12")

	label("row")
	line("MOVD (R11), R13")
	line("ADD R3, R13")
	line("MOVD R13, R10")
	line("CMP $%d, R4", m.bytes/4)
	line("BGE compute")
	line("MOVD $part-%d(SP), R10", m.bytes)

	label("compute")
	for _, instruction := range stepProgram(m, []vectorOfUnits{{z: "(R8)", c: "(R9)", h: "(R10)"}}, true) {
		b.WriteString(instruction + "\n")
	}
	line("CMP $%d, R4", m.bytes/4)
	line("BGE next")
	line("MOVD R4, R14")

	label("copy")
	line("MOVWU (R10), R15")
	line("MOVW R15, (R13)")
	line("ADD $4, R10")
	line("ADD $4, R13")
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
	line("SUBS $%d, R4", m.bytes/4)
	line("BGT panel")
	line("RET")
	return b.String()
}
