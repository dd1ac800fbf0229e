package main

import (
	"fmt"
	"strings"
)

// A list is a pointwise operation on whole lists (lists.go), a vector at a time: d = compute of those of a, b, c, e.
type list struct {
	name    string
	compute func(p *program, in operands) *value
	ofRow   bool // b has parameters of each row
}

func (m machine) listArguments() string {
	return fmt.Sprintf("d, a, b, c, e *%s, n, rows int", m.goType)
}

// operands are where an operation finds what it works on.
type operands struct {
	vectors    []string // of a, b, c, e
	parameters string   // where b begins
	apart      int      // bytes from one of those to the next
}

const mostLanes = 16 // as in lists.go

func (in operands) parameter(n int) *value {
	return &value{constant: address(in.parameters, n*in.apart)}
}

// clipped is (V2) of a list.
func (in operands) clipped(p *program, n int) *value {
	return p.atMost(in.parameter(1), p.atLeast(in.parameter(0), p.load(in.vectors[n])))
}

// lists stand in the order of Kernels.lists.
var lists = []list{
	{"fma", func(p *program, in operands) *value {
		return p.fma(p.load(in.vectors[2]), p.load(in.vectors[1]), p.load(in.vectors[0]))
	}, false},
	{"mix", func(p *program, in operands) *value {
		return p.fma(p.load(in.vectors[0]), p.load(in.vectors[1]), p.times(p.load(in.vectors[2]), p.load(in.vectors[3])))
	}, false},
	{"blend", func(p *program, in operands) *value {
		a := p.load(in.vectors[0])
		return p.fma(a, p.load(in.vectors[1]), p.times(p.minus(one, a), p.load(in.vectors[2])))
	}, false},
	{"times", func(p *program, in operands) *value { return p.times(p.load(in.vectors[0]), p.load(in.vectors[1])) }, false},
	{"rest", func(p *program, in operands) *value { return p.minus(one, p.load(in.vectors[0])) }, false},
	{"plus", func(p *program, in operands) *value { return p.plus(p.load(in.vectors[2]), p.load(in.vectors[0])) }, false},
	{"norm", func(p *program, in operands) *value { // (N13.4), (N13.7)
		d := p.minus(p.load(in.vectors[0]), in.parameter(0))
		return p.fma(p.times(d, in.parameter(1)), p.load(in.vectors[2]), p.load(in.vectors[3]))
	}, true},
	{"gated", func(p *program, in operands) *value { // (2.2) and what it is multiplied with
		return p.times(p.sigmoid(in.clipped(p, 0)), p.tanh(in.clipped(p, 2)))
	}, false},
	{"kept", func(p *program, in operands) *value { // (2.2), (2.3)
		return p.fma(p.sigmoid(in.clipped(p, 0)), p.load(in.vectors[2]), p.load(in.vectors[3]))
	}, false},
	act("sigmoid", func(p *program, x, _, _ *value) *value { return p.sigmoid(x) }), // (V3.1)
	act("tanh", func(p *program, x, _, _ *value) *value { return p.tanh(x) }),       // (V3.2)
	act("relu", func(p *program, x, _, _ *value) *value { return p.relu(x) }),       // (V3.3)
	act("leakyRelu", func(p *program, x, alpha, _ *value) *value { // (V3.4)
		return p.pick(p.below(x, zero), p.times(alpha, x), x)
	}),
	act("elu", func(p *program, x, alpha, _ *value) *value { // (V3.5)
		return p.pick(p.below(x, zero), p.times(alpha, p.expm1(x)), x)
	}),
	act("hardSigmoid", func(p *program, x, alpha, beta *value) *value { // (V3.6)
		return p.atMost(one, p.relu(p.fma(alpha, x, beta)))
	}),
	act("affine", func(p *program, x, alpha, beta *value) *value { return p.fma(alpha, x, beta) }), // (V3.7)
	act("scaledTanh", func(p *program, x, alpha, beta *value) *value { // (V3.8)
		return p.times(alpha, p.tanh(p.times(beta, x)))
	}),
	act("softsign", func(p *program, x, _, _ *value) *value { // (V3.9)
		y := p.atMost(two64, p.atLeast(minusTwo64, x))
		return p.over(y, p.minus(one, p.or(y, signBit)))
	}),
	act("softplus", func(p *program, x, _, _ *value) *value { return p.softplus(x) }), // (V3.10)
	act("thresholdedRelu", func(p *program, x, alpha, _ *value) *value { // (V3.11)
		return p.pick(p.below(x, alpha), zero, x)
	}),
}

// act is (V1): a function of x = clip(a) and of alpha and beta, which stand with the limits of the clip in b.
func act(name string, f func(p *program, x, alpha, beta *value) *value) list {
	return list{name, func(p *program, in operands) *value {
		return f(p, in.clipped(p, 0), in.parameter(2), in.parameter(3))
	}, false}
}

// relu is (V3.3); adding +0 makes +0 of -0, which is not less.
func (p *program) relu(x *value) *value { return p.plus(p.atLeast(zero, x), zero) }

// expm1 is (N11).
func (p *program) expm1(x *value) *value {
	y := p.atLeast(tanhMin, x)                           // (N11.1)
	m := p.atLeast(tanhLowest, p.fma(y, log2e, rounder)) // (N4.1), (N4.2)
	_, t, u := p.expParts(y, m)
	s := p.shifted(m, one) // (N6.2)
	w, wLow := p.oneMinusExp(s, t, u, p.minus(one, s))
	return p.or(p.plus(w, wLow), signBit) // (N11.2); the sum is not below 0
}

// softplus is (N12).
func (p *program) softplus(x *value) *value {
	y := p.atLeast(sigmoidMin, p.or(x, signBit)) // (N10.1)
	m := p.fma(y, log2e, rounder)                // (N4.1)
	n, t, u := p.expParts(y, m)
	v, vLow := p.expOfRest(n, t, u)
	e := p.times(p.times(p.plus(v, vLow), p.shifted(m, scaleBits)), scaleDown) // (N10.2), (N12.1)
	q := p.over(p.plus(e, e), p.plus(e, two))                                  // (N12.2)
	w := p.times(q, q)                                                         // (N12.3)
	s := p.log1p(w)                                                            // (N12.4)
	l := p.fma(p.times(q, w), s, q)                                            // (N12.5)
	return p.pick(p.below(zero, x), p.plus(l, x), l)                           // (N12.6)
}

// log1p is (N12.4).
func (p *program) log1p(w *value) *value {
	s := log1pC5
	if p.float == double {
		s = p.fma(w, p.fma(w, p.fma(w, p.fma(w, p.fma(w, log1pC10, log1pC9), log1pC8), log1pC7), log1pC6), s)
	}
	return p.fma(w, p.fma(w, p.fma(w, p.fma(w, s, log1pC4), log1pC3), log1pC2), log1pC1)
}

// program is the operation on the vectors at these places.
func (l list) program(m machine, d string, in operands) []string {
	return arranged(m, func(p *program) { p.store(l.compute(p, in), d) })
}

// avxList has the place of a row's vector in R10, seen from c and e in R8 and R9; that in all rows in AX, seen from the other lists in
// DI, SI, DX; n in CX and the rows to come in R11.
func (l list) avxList(m machine) string {
	text := &listing{}
	text.function(l.name+m.name, m.listArguments(), 0, 56)
	var places []string
	for n, list := range []string{"DI AX", "SI AX", "DX AX", "R8 R10", "R9 R10"} {
		register, index, _ := strings.Cut(list, " ")
		text.line("MOVQ %c+%d(FP), %s", "dabce"[n], 8*n, register)
		places = append(places, fmt.Sprintf("(%s)(%s*%d)", register, index, m.size))
	}
	text.line("MOVQ n+40(FP), CX")
	text.line("MOVQ rows+48(FP), R11")
	text.line("XORQ AX, AX")

	text.label("row")
	text.line("XORQ R10, R10")

	text.label("vector")
	text.lines(l.program(m, places[0], operands{places[1:], "(DX)", mostLanes * m.size})...)
	text.line("ADDQ $%d, AX", m.lanes())
	text.line("ADDQ $%d, R10", m.lanes())
	text.line("CMPQ R10, CX")
	text.line("JLT vector")
	if l.ofRow {
		text.line("ADDQ $%d, DX", 2*mostLanes*m.size)
	}
	text.line("DECQ R11")
	text.line("JNE row")
	text.line("VZEROUPPER")
	text.line("RET")
	return text.String()
}

// neonList has the places of the lists' vectors in R0 to R2, R8 and R9, n in R5 and in R10 what is to come of it, the rows to come in
// R7, and the parameters in R6.
func (l list) neonList(m machine) string {
	text := &listing{}
	text.function(l.name+m.name, m.listArguments(), 0, 56)
	for n, argument := range []string{"d", "a", "b", "c", "e", "n"} {
		text.line("MOVD %s+%d(FP), R%d", argument, 8*n, n)
	}
	text.line("MOVD rows+48(FP), R7")
	text.line("MOVD R2, R6")

	text.label("row")
	text.line("MOVD R3, R8")
	text.line("MOVD R4, R9")
	text.line("MOVD R5, R10")

	text.label("vector")
	places := []string{"(R0)", "(R1)", "(R2)", "(R8)", "(R9)"}
	text.lines(l.program(m, places[0], operands{places[1:], "(R6)", mostLanes * m.size})...)
	for _, place := range places {
		text.line("ADD $%d, %s", m.bytes, strings.Trim(place, "()"))
	}
	text.line("SUBS $%d, R10", m.lanes())
	text.line("BGT vector")
	if l.ofRow {
		text.line("ADD $%d, R6", 2*mostLanes*m.size)
	}
	text.line("SUBS $1, R7")
	text.line("BNE row")
	text.line("RET")
	return text.String()
}
