package main

import (
	"fmt"
	"strings"
)

// The constants the kernels read, by the names of the package's Go constants without their k.
var constants = []string{
	"signBit", "zero", "oneBits", "log2e", "ln2", "ln2Excess", "rounder", "expC2", "expC3", "expC4", "expC5", "expC6", "expC7",
	"recipC0", "recipC1", "sigmoidMin", "sigmoidLowest", "tanhMin", "tanhLowest", "scaleUp", "scaleDown", "scaleBits",
	"two", "two64", "minusTwo64", "log1pC1", "log1pC2", "log1pC3", "log1pC4", "log1pC5",
}

var (
	signBit, zero, one            = constant("signBit"), constant("zero"), constant("oneBits")
	log2e, ln2, ln2Excess         = constant("log2e"), constant("ln2"), constant("ln2Excess")
	rounder                       = constant("rounder")
	expC2, expC3, expC4           = constant("expC2"), constant("expC3"), constant("expC4")
	expC5, expC6, expC7           = constant("expC5"), constant("expC6"), constant("expC7")
	recipC0, recipC1              = constant("recipC0"), constant("recipC1")
	sigmoidMin, sigmoidLowest     = constant("sigmoidMin"), constant("sigmoidLowest")
	tanhMin, tanhLowest           = constant("tanhMin"), constant("tanhLowest")
	scaleUp, scaleDown, scaleBits = constant("scaleUp"), constant("scaleDown"), constant("scaleBits")
	two, two64, minusTwo64        = constant("two"), constant("two64"), constant("minusTwo64")
	log1pC1, log1pC2, log1pC3     = constant("log1pC1"), constant("log1pC2"), constant("log1pC3")
	log1pC4, log1pC5              = constant("log1pC4"), constant("log1pC5")
)

// constants64 are those of float64 alone.
var constants64 = []string{"expC8", "expC9", "expC10", "expC11", "expC12", "log1pC6", "log1pC7", "log1pC8", "log1pC9", "log1pC10"}

var (
	expC8, expC9, expC10      = constant("expC8"), constant("expC9"), constant("expC10")
	expC11, expC12            = constant("expC11"), constant("expC12")
	log1pC6, log1pC7, log1pC8 = constant("log1pC6"), constant("log1pC7"), constant("log1pC8")
	log1pC9, log1pC10         = constant("log1pC9"), constant("log1pC10")
)

// expParts is (N4.3)-(N4.8).
func (p *program) expParts(y, m *value) (n, t, u *value) {
	n = p.minus(m, rounder) // (N4.3)
	r := p.fnma(n, ln2, y)  // (N4.4)
	q := p.times(r, r)      // (N4.5)
	low := p.fma(r, expC3, expC2)
	middle := p.fma(r, expC5, expC4)
	high := p.fma(r, expC7, expC6)
	if p.float == double {
		higher := p.fma(q, p.fma(q, expC12, p.fma(r, expC11, expC10)), p.fma(r, expC9, expC8))
		high = p.fma(q, higher, high)
	}
	e := p.fma(q, p.fma(q, high, middle), low) // (N4.6)
	t = p.fma(q, e, r)                         // (N4.7)
	u = p.fma(q, e, p.minus(r, t))             // (N4.8)
	return n, t, u
}

// expOfRest is exp(r) in two parts.
func (p *program) expOfRest(n, t, u *value) (v, vLow *value) {
	v = p.plus(t, one)                                                                // (N5.2)
	return v, p.fma(p.times(n, ln2Excess), v, p.plus(p.minus(t, p.minus(v, one)), u)) // (N5.3)
}

// oneMinusExp is 1 - exp(y) = a - s (t + u) in two parts.
func (p *program) oneMinusExp(s, t, u, a *value) (w, wLow *value) {
	w = p.fnma(s, t, a)                                 // (N6.4)
	return w, p.fnma(s, u, p.fnma(s, t, p.minus(a, w))) // (N6.5)
}

// quotient is (N4.9)-(N4.11).
func (p *program) quotient(a, aLow, d, dLow *value) *value {
	q := p.over(a, d)                                   // (N4.9)
	e := p.plus(p.fnma(q, d, a), p.fnma(q, dLow, aLow)) // (N4.10)
	return p.fma(e, p.fma(d, recipC1, recipC0), q)      // (N4.11)
}

// sigmoid is (N5).
func (p *program) sigmoid(x *value) *value {
	y := p.atLeast(sigmoidMin, p.or(x, signBit)) // (N5.1)
	m := p.fma(y, log2e, rounder)                // (N4.1)
	n, t, u := p.expParts(y, m)
	v, vLow := p.expOfRest(n, t, u)
	s := p.shifted(p.atLeast(sigmoidLowest, m), one)     // (N5.4)
	d := p.fma(s, v, one)                                // (N5.5)
	dLow := p.fma(s, vLow, p.fma(s, v, p.minus(one, d))) // (N5.6)
	negative := p.below(x, zero)
	a := p.pick(negative, v, one) // (N5.7), (N5.8)
	aLow := p.pick(negative, vLow, zero)
	scale := p.pick(negative, p.shifted(m, scaleBits), scaleUp)
	w := p.quotient(a, aLow, d, dLow)
	return p.times(p.times(w, scale), scaleDown) // (N5.9)
}

// tanh is (N6).
func (p *program) tanh(x *value) *value {
	negAbs := p.or(x, signBit)
	y := p.atLeast(tanhMin, p.plus(negAbs, negAbs))      // (N6.1)
	m := p.atLeast(tanhLowest, p.fma(y, log2e, rounder)) // (N4.1), (N4.2)
	_, t, u := p.expParts(y, m)
	s := p.shifted(m, one)                  // (N6.2)
	a, b := p.minus(one, s), p.plus(s, one) // (N6.3)
	w, wLow := p.oneMinusExp(s, t, u, a)
	d := p.fma(s, t, b)                                          // (N6.6)
	dLow := p.fma(s, u, p.fma(s, t, p.minus(b, d)))              // (N6.7)
	return p.or(p.quotient(w, wLow, d, dLow), p.and(x, signBit)) // (N6.8)
}

// A vectorOfUnits is where a step finds the pre-activations (4, V) of some units, at so many bytes after z or in registers,
// and their c; and where it leaves h.
type vectorOfUnits struct {
	z, c, h   string
	at        int
	registers []string
}

// step is (2.2)-(2.4) for some vectors of units in lockstep. With keep the gates take the place of z.
func (p *program) step(vectors []vectorOfUnits, keep bool) {
	each := func(f func(n int, v vectorOfUnits) *value) []*value {
		var list []*value
		for n, v := range vectors {
			list = append(list, f(n, v))
		}
		return list
	}
	gate := func(index int, activation func(x *value) *value) []*value {
		return each(func(_ int, v vectorOfUnits) *value {
			at := address(v.z, v.at+index*p.bytes)
			var z *value
			if v.registers != nil {
				z = p.given(v.registers[index])
			} else {
				z = p.load(at)
			}
			value := activation(z)
			if keep {
				p.store(value, at)
			}
			return value
		})
	}
	i := gate(0, p.sigmoid) // (2.2)
	g := gate(2, p.tanh)
	ig := each(func(n int, _ vectorOfUnits) *value { return p.times(i[n], g[n]) })
	f := gate(1, p.sigmoid)
	c := each(func(n int, v vectorOfUnits) *value { return p.fma(f[n], p.load(v.c), ig[n]) }) // (2.3)
	each(func(n int, v vectorOfUnits) *value { p.store(c[n], v.c); return nil })
	o := gate(3, p.sigmoid)
	h := each(func(n int, _ vectorOfUnits) *value { return p.times(o[n], p.tanh(c[n])) }) // (2.4)
	each(func(n int, v vectorOfUnits) *value { p.store(h[n], v.h); return nil })
}

// address is so many bytes after one like (AX) or (AX)(BX*1).
func address(at string, bytes int) string { return fmt.Sprintf("%d%s", bytes, at) }

func (m machine) stepArguments() string {
	return fmt.Sprintf("z, c *%s, h *[]%s, first, units, rows, zPanel, cPanel int", m.goType, m.goType)
}

const widestWindow = 160 // beyond which nothing is gained

func stepProgram(m machine, vectors []vectorOfUnits, keep bool) []string {
	return arranged(m, func(p *program) { p.step(vectors, keep) })
}

// arranged is a program in the order that it is computed in: about the widest window of schedule for which the registers suffice.
func arranged(m machine, write func(p *program)) []string {
	for window := widestWindow; window > 0; window = window * 7 / 8 {
		p := &program{machine: m}
		write(p)
		p.schedule(window, 2)
		if text, ok := p.assemble(); ok {
			return text
		}
	}
	panic(outOfRegisters)
}

// avxStep is the function that runs step over panels and rows. Of a panel that is not full, h goes through the
// stack.
func avxStep(m machine) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "\t"+format+"\n", args...) }
	label := func(name string) { fmt.Fprintf(&b, "\n%s:\n", name) }
	fmt.Fprintf(&b, "\n// func step%s(%s)\n", m.name, m.stepArguments())
	fmt.Fprintf(&b, "TEXT ·step%s(SB), NOSPLIT, $%d-64\n", m.name, m.bytes)
	line("MOVQ z+0(FP), R8")
	line("MOVQ c+8(FP), R9")
	line("MOVQ first+24(FP), R10")
	line("MOVQ units+32(FP), R11")

	label("panel") // the units from R10 on, R11 of them left
	line("MOVQ R8, DI")
	line("MOVQ R9, SI")
	line("MOVQ h+16(FP), BX")
	line("MOVQ rows+40(FP), CX")

	label("row")
	line("LEAQ part-%d(SP), DX", m.bytes)
	line("CMPQ R11, $%d", m.lanes())
	line("JLT compute")
	line("MOVQ (BX), DX")
	line("LEAQ (DX)(R10*%d), DX", m.size)

	label("compute")
	for _, instruction := range stepProgram(m, []vectorOfUnits{{z: "(DI)", c: "(SI)", h: "(DX)"}}, true) {
		b.WriteString(instruction + "\n")
	}
	line("CMPQ R11, $%d", m.lanes())
	line("JGE next")
	line("MOVQ (BX), AX")
	line("LEAQ (AX)(R10*%d), AX", m.size)
	line("XORQ R12, R12")

	label("copy")
	line("%s (DX)(R12*%d), R13", m.move(), m.size)
	line("%s R13, (AX)(R12*%d)", m.move(), m.size)
	line("INCQ R12")
	line("CMPQ R12, R11")
	line("JLT copy")

	label("next")
	line("ADDQ $%d, DI", 4*m.bytes)
	line("ADDQ $%d, SI", m.bytes)
	line("ADDQ $24, BX")
	line("DECQ CX")
	line("JNZ row")
	line("ADDQ zPanel+48(FP), R8")
	line("ADDQ cPanel+56(FP), R9")
	line("ADDQ $%d, R10", m.lanes())
	line("SUBQ $%d, R11", m.lanes())
	line("JGT panel")
	line("VZEROUPPER")
	line("RET")
	return b.String()
}
