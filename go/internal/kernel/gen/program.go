package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A machine is an instruction set and the type of its numbers: its name, the letter, number and size of its vector registers, and
// how many panels of sums (four vectors each) a tile keeps in them.
type machine struct {
	name         string
	registerFile string
	registers    int
	bytes        int
	sums         int
	float
}

// A float is a type of numbers: its size in bytes, the bits of its fraction, the letter it has in instructions, how the names of
// its constants begin in Go, and what its routines and constants have at the end of theirs here.
type float struct {
	goType               string
	size, fraction       int
	letter, prefix, mark string
}

var (
	single = float{"float32", 4, 23, "S", "k", ""}
	double = float{"float64", 8, 52, "D", "k64", "Wide"}

	avx2   = machine{"AVX2", "Y", 16, 32, 3, single}
	avx512 = machine{"AVX512", "Z", 32, 64, 6, single}
	neon   = machine{"NEON", "V", 32, 16, 6, single}
)

// wide is the machine with float64.
func (m machine) wide() machine {
	m.name, m.float = m.name+double.mark, double
	return m
}

// lanes is V.
func (m machine) lanes() int { return m.bytes / m.size }

// place is where a constant stands.
func (m machine) place(v *value) string { return strings.Replace(v.constant, "<>", m.mark+"<>", 1) }

func (m machine) vector(n int) string { return fmt.Sprintf("%s%d", m.registerFile, n) }

// A value is a constant at an address, or the result of an operation: a register from there to its last use.
type value struct {
	constant string
	register string
	last     int
}

type operation struct {
	name string
	args []*value
	out  *value
	at   string // of loads and stores: an address; of shifts: the count
}

// A program is straight-line vector arithmetic, written down by its methods as in the equations and then put into
// registers by assemble.
type program struct {
	machine
	operations []operation
	inputs     []*value // those in registers from the beginning
}

func (p *program) add(name, at string, args ...*value) *value {
	out := &value{}
	p.operations = append(p.operations, operation{name, args, out, at})
	return out
}

// constant is that of either type.
func constant(name string) *value { return &value{constant: name + "<>(SB)"} }

func (p *program) given(register string) *value {
	v := &value{register: register}
	p.inputs = append(p.inputs, v)
	return v
}

func (p *program) load(at string) *value      { return p.add("load", at) }
func (p *program) store(v *value, at string)  { p.add("store", at, v) }
func (p *program) plus(a, b *value) *value    { return p.add("add", "", a, b) }
func (p *program) minus(a, b *value) *value   { return p.add("subtract", "", a, b) }
func (p *program) times(a, b *value) *value   { return p.add("multiply", "", a, b) }
func (p *program) over(a, b *value) *value    { return p.add("divide", "", a, b) }
func (p *program) atLeast(k, x *value) *value { return p.add("max", "", k, x) } // x when either is NaN, as N1 asks
func (p *program) atMost(k, x *value) *value  { return p.add("min", "", k, x) } // as atLeast
func (p *program) or(a, b *value) *value      { return p.add("or", "", a, b) }
func (p *program) and(a, b *value) *value     { return p.add("and", "", a, b) }
func (p *program) fma(a, b, c *value) *value  { return p.add("fma", "", a, b, c) }  // a*b + c
func (p *program) fnma(a, b, c *value) *value { return p.add("fnma", "", a, b, c) } // -a*b + c
func (p *program) below(a, b *value) *value   { return p.add("below", "", a, b) }   // a < b, a mask
func (p *program) pick(m, a, b *value) *value { return p.add("pick", "", m, a, b) } // m ? a : b
func (p *program) shifted(m, bias *value) *value {
	return p.add("addInteger", "", p.add("shift", "", m), bias)
}

// latency is about how many cycles an operation takes.
func (op operation) latency() int {
	switch op.name {
	case "divide":
		return 13
	case "load":
		return 7
	case "multiply", "fma", "fnma":
		return 4
	case "add", "subtract", "below":
		return 3
	}
	return 1
}

// schedule brings the operations into an order in which independent chains run side by side: of the first `window`
// still to come, those whose operands are ready, the one with the longest way to the end goes first, `width` a cycle.
// The window bounds how many registers the assembler will need.
func (p *program) schedule(window, width int) {
	way, ready := map[*value]int{}, map[*value]int{} // cycles from a value's operation to the end; the cycle it is there
	for n := len(p.operations) - 1; n >= 0; n-- {
		op := p.operations[n]
		way[op.out] += op.latency()
		ready[op.out] = math.MaxInt
		for _, v := range op.args {
			way[v] = max(way[v], way[op.out])
		}
	}
	waiting := p.operations
	p.operations = nil
	for cycle := 0; len(waiting) > 0; cycle++ {
		for range width {
			best := -1
			for n, op := range waiting[:min(window, len(waiting))] {
				late := slices.ContainsFunc(op.args, func(v *value) bool { return ready[v] > cycle })
				if !late && (best < 0 || way[op.out] > way[waiting[best].out]) {
					best = n
				}
			}
			if best < 0 {
				break
			}
			op := waiting[best]
			waiting = slices.Concat(waiting[:best], waiting[best+1:])
			ready[op.out] = cycle + op.latency()
			p.operations = append(p.operations, op)
		}
	}
}

// assemble puts the values into registers and writes the instructions. An operand is freed by its last use, so that
// the result may take its place.
func (p *program) assemble() (text []string, ok bool) {
	defer func() {
		if reason := recover(); reason == outOfRegisters {
			text, ok = nil, false
		} else if reason != nil {
			panic(reason)
		}
	}()
	for n, op := range p.operations {
		for _, arg := range op.args {
			arg.last = n
		}
	}
	a := &assembler{machine: p.machine}
	for n := p.registers - 1; n >= 0; n-- {
		register := p.vector(n)
		if !slices.ContainsFunc(p.inputs, func(v *value) bool { return v.register == register }) {
			a.free = append(a.free, register)
		}
	}
	for n := 7; n > 0; n-- {
		a.freeMasks = append(a.freeMasks, fmt.Sprintf("K%d", n))
	}
	for index, op := range p.operations {
		a.index = index
		if p.registerFile == "V" {
			a.translateNEON(op)
		} else {
			a.translateAVX(op)
		}
	}
	return a.lines, true
}

type assembler struct {
	machine
	lines           []string
	free, freeMasks []string
	index           int
}

func (a *assembler) write(name string, operands ...string) {
	a.lines = append(a.lines, "\t"+name+" "+strings.Join(operands, ", "))
}

const outOfRegisters = "out of registers"

func take(free *[]string) string {
	last := len(*free) - 1
	if last < 0 {
		panic(outOfRegisters)
	}
	register := (*free)[last]
	*free = (*free)[:last]
	return register
}

// dies tells whether v is in a register that nothing reads after this operation.
func (a *assembler) dies(v *value) bool { return v.constant == "" && v.last == a.index }

// release frees the registers of the operands that die here; an operand may be named twice.
func (a *assembler) release(args []*value) {
	for n, v := range args {
		if !a.dies(v) || v == args[max(n-1, 0)] && n > 0 {
			continue
		}
		if strings.HasPrefix(v.register, "K") {
			a.freeMasks = append(a.freeMasks, v.register)
		} else {
			a.free = append(a.free, v.register)
		}
	}
}
