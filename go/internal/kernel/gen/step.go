package main

import (
	"fmt"
	"strings"
)

// The constants the kernels read, by the names of the package's Go constants without their k.
var constants = []string{
	"signBit", "zero", "oneBits", "log2e", "ln2", "ln2Excess", "rounder", "expC2", "expC3", "expC4", "expC5", "expC6", "expC7",
	"recipC0", "recipC1", "sigmoidMin", "sigmoidLowest", "tanhMin", "tanhLowest", "two32", "twoM32", "scaleBits",
}

var (
	signBit, zero, one        = constant("signBit"), constant("zero"), constant("oneBits")
	log2e, ln2, ln2Excess     = constant("log2e"), constant("ln2"), constant("ln2Excess")
	rounder                   = constant("rounder")
	expC2, expC3, expC4       = constant("expC2"), constant("expC3"), constant("expC4")
	expC5, expC6, expC7       = constant("expC5"), constant("expC6"), constant("expC7")
	recipC0, recipC1          = constant("recipC0"), constant("recipC1")
	sigmoidMin, sigmoidLowest = constant("sigmoidMin"), constant("sigmoidLowest")
	tanhMin, tanhLowest       = constant("tanhMin"), constant("tanhLowest")
	two32, twoM32, scaleBits  = constant("two32"), constant("twoM32"), constant("scaleBits")
)

// expParts is (N4.3)-(N4.8).
func (p *program) expParts(y, m *value) (n, t, u *value) {
	n = p.minus(m, rounder) // (N4.3)
	r := p.fnma(n, ln2, y)  // (N4.4)
	q := p.times(r, r)      // (N4.5)
	low := p.fma(r, expC3, expC2)
	middle := p.fma(r, expC5, expC4)
	high := p.fma(r, expC7, expC6)
	e := p.fma(q, p.fma(q, high, middle), low) // (N4.6)
	t = p.fma(q, e, r)                         // (N4.7)
	u = p.fma(q, e, p.minus(r, t))             // (N4.8)
	return n, t, u
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
	v := p.plus(t, one)                                                             // (N5.2)
	vLow := p.fma(p.times(n, ln2Excess), v, p.plus(p.minus(t, p.minus(v, one)), u)) // (N5.3)
	s := p.shifted(p.atLeast(sigmoidLowest, m), one)                                // (N5.4)
	d := p.fma(s, v, one)                                                           // (N5.5)
	dLow := p.fma(s, vLow, p.fma(s, v, p.minus(one, d)))                            // (N5.6)
	negative := p.below(x, zero)
	a := p.pick(negative, v, one) // (N5.7), (N5.8)
	aLow := p.pick(negative, vLow, zero)
	scale := p.pick(negative, p.shifted(m, scaleBits), two32)
	w := p.quotient(a, aLow, d, dLow)
	return p.times(p.times(w, scale), twoM32) // (N5.9)
}

// tanh is (N6).
func (p *program) tanh(x *value) *value {
	negAbs := p.or(x, signBit)
	y := p.atLeast(tanhMin, p.plus(negAbs, negAbs))      // (N6.1)
	m := p.atLeast(tanhLowest, p.fma(y, log2e, rounder)) // (N4.1), (N4.2)
	_, t, u := p.expParts(y, m)
	s := p.shifted(m, one)                                       // (N6.2)
	a, b := p.minus(one, s), p.plus(s, one)                      // (N6.3)
	w := p.fnma(s, t, a)                                         // (N6.4)
	wLow := p.fnma(s, u, p.fnma(s, t, p.minus(a, w)))            // (N6.5)
	d := p.fma(s, t, b)                                          // (N6.6)
	dLow := p.fma(s, u, p.fma(s, t, p.minus(b, d)))              // (N6.7)
	return p.or(p.quotient(w, wLow, d, dLow), p.and(x, signBit)) // (N6.8)
}

// step is (2.2)-(2.4) for one vector of units: gates at DI, c at SI, h at DX.
func (p *program) step() {
	gate := func(n int) string { return fmt.Sprintf("%d(DI)", 64*n) }
	i := p.sigmoid(p.load(gate(0))) // (2.2)
	p.store(i, gate(0))
	g := p.tanh(p.load(gate(2)))
	p.store(g, gate(2))
	product := p.times(i, g)
	f := p.sigmoid(p.load(gate(1)))
	p.store(f, gate(1))
	c := p.fma(f, p.load("(SI)"), product) // (2.3)
	p.store(c, "(SI)")
	o := p.sigmoid(p.load(gate(3)))
	p.store(o, gate(3))
	h := p.times(o, p.tanh(c)) // (2.4)
	p.store(h, "(DX)")
}

// stepText is the function that runs step over panels.
func stepText(m machine) string {
	p := &program{machine: m}
	p.step()
	var b strings.Builder
	fmt.Fprintf(&b, "\n// func step%s(z, c, h *float32, panels int)\n", m.name)
	fmt.Fprintf(&b, "TEXT ·step%s(SB), NOSPLIT, $0-32\n", m.name)
	fmt.Fprint(&b, "\tMOVQ z+0(FP), DI\n\tMOVQ c+8(FP), SI\n\tMOVQ h+16(FP), DX\n\tMOVQ panels+24(FP), CX\n\npanel:\n")
	if m.bytes < 64 {
		fmt.Fprintf(&b, "\tMOVQ $%d, BX\n\nvector:\n", 64/m.bytes)
	}
	b.WriteString(strings.Join(p.assemble(), "\n"))
	fmt.Fprintf(&b, "\n\tADDQ $%d, DI\n\tADDQ $%d, SI\n\tADDQ $%d, DX\n", m.bytes, m.bytes, m.bytes)
	if m.bytes < 64 {
		fmt.Fprint(&b, "\tDECQ BX\n\tJNZ vector\n")
	}
	fmt.Fprint(&b, "\tADDQ $192, DI\n\tDECQ CX\n\tJNZ panel\n\tVZEROUPPER\n\tRET\n")
	return b.String()
}
