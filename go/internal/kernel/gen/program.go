package main

import (
	"fmt"
	"strings"
)

// A machine is an instruction set: its name, the letter and number of its vector registers, and their size.
type machine struct {
	name      string
	letter    string
	registers int
	bytes     int
}

var (
	avx2   = machine{"AVX2", "Y", 16, 32}
	avx512 = machine{"AVX512", "Z", 32, 64}
)

func (m machine) vector(n int) string { return fmt.Sprintf("%s%d", m.letter, n) }

// instruction is a bitwise instruction's name: AVX-512 names the size of the elements.
func (m machine) instruction(name string) string {
	if m.letter == "Z" {
		return name + "D"
	}
	return name
}

// A value is a constant in memory, or the result of an operation: a register from there to its last use.
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
}

func (p *program) add(name, at string, args ...*value) *value {
	for _, arg := range args {
		arg.last = len(p.operations)
	}
	out := &value{}
	p.operations = append(p.operations, operation{name, args, out, at})
	return out
}

func constant(name string) *value { return &value{constant: name} }

func (p *program) load(at string) *value      { return p.add("load", at) }
func (p *program) store(v *value, at string)  { p.add("store", at, v) }
func (p *program) plus(a, b *value) *value    { return p.add("VADDPS", "", a, b) }
func (p *program) minus(a, b *value) *value   { return p.add("VSUBPS", "", a, b) }
func (p *program) times(a, b *value) *value   { return p.add("VMULPS", "", a, b) }
func (p *program) over(a, b *value) *value    { return p.add("VDIVPS", "", a, b) }
func (p *program) atLeast(k, x *value) *value { return p.add("VMAXPS", "", k, x) } // x when either is NaN, as N1 asks
func (p *program) or(a, b *value) *value      { return p.add("VPOR", "", a, b) }
func (p *program) and(a, b *value) *value     { return p.add("VPAND", "", a, b) }
func (p *program) fma(a, b, c *value) *value  { return p.add("VFMADD", "", a, b, c) }  // a*b + c
func (p *program) fnma(a, b, c *value) *value { return p.add("VFNMADD", "", a, b, c) } // -a*b + c
func (p *program) below(a, b *value) *value   { return p.add("below", "", a, b) }      // a < b, a mask
func (p *program) pick(m, a, b *value) *value { return p.add("pick", "", m, a, b) }    // m ? a : b
func (p *program) shifted(m, bias *value) *value {
	return p.add("VPADDD", "", p.add("VPSLLD", "$23", m), bias)
}

// assemble puts the values into registers and writes the instructions. An operand is freed by its last use, so that
// the result may take its place.
func (p *program) assemble() []string {
	a := &assembler{machine: p.machine}
	for n := p.registers - 1; n >= 0; n-- {
		a.free = append(a.free, p.vector(n))
	}
	for n := 7; n > 0; n-- {
		a.freeMasks = append(a.freeMasks, fmt.Sprintf("K%d", n))
	}
	for index, op := range p.operations {
		a.index = index
		a.translate(op)
	}
	return a.lines
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

func take(free *[]string) string {
	last := len(*free) - 1
	if last < 0 {
		panic("out of registers")
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

// inRegister gives v itself or a constant loaded into a register that dies with this operation.
func (a *assembler) inRegister(v *value) *value {
	if v.constant == "" {
		return v
	}
	loaded := &value{register: take(&a.free), last: a.index}
	a.write("VBROADCASTSS", v.constant+"<>(SB)", loaded.register)
	return loaded
}

// with writes an instruction whose first operand may be a constant in memory.
func (a *assembler) with(name, prefix string, first *value, rest ...string) {
	operand := first.register
	if first.constant != "" {
		operand = first.constant + "<>(SB)"
		if a.letter == "Z" {
			name += ".BCST"
		}
	}
	operands := append([]string{operand}, rest...)
	if prefix != "" {
		operands = append([]string{prefix}, operands...)
	}
	a.write(name, operands...)
}

func (a *assembler) translate(op operation) {
	args := op.args
	switch op.name {
	case "load":
		op.out.register = take(&a.free)
		a.write("VMOVUPS", op.at, op.out.register)
	case "store":
		a.release(args)
		a.write("VMOVUPS", args[0].register, op.at)
	case "VPSLLD":
		a.release(args)
		op.out.register = take(&a.free)
		a.write("VPSLLD", op.at, args[0].register, op.out.register)
	case "below":
		a.release(args)
		masks := &a.free
		if a.letter == "Z" {
			masks = &a.freeMasks
		}
		op.out.register = take(masks)
		a.with("VCMPPS", "$1", args[1], args[0].register, op.out.register) // 1: less than, ordered
	case "pick":
		mask, yes, no := args[0], args[1], a.inRegister(args[2])
		a.release([]*value{mask, yes, no})
		op.out.register = take(&a.free)
		if a.letter == "Z" {
			a.with("VBLENDMPS", "", yes, no.register, mask.register, op.out.register)
		} else {
			a.with("VBLENDVPS", mask.register, yes, no.register, op.out.register)
		}
	case "VFMADD", "VFNMADD":
		a.fused(op)
	default:
		a.binary(op)
	}
}

// binary writes dst = x op y; only y may be in memory.
func (a *assembler) binary(op operation) {
	name, x, y := op.name, op.args[0], op.args[1]
	if name == "VPOR" || name == "VPAND" {
		name = a.instruction(name)
	}
	x = a.inRegister(x)
	a.release([]*value{x, y})
	op.out.register = take(&a.free)
	a.with(name, "", y, x.register, op.out.register)
}

// fused writes dst = (+-)x*y + z. The instruction overwrites one operand: one that dies here, a freshly loaded
// constant, or else a copy of z. The digits of its name give the order: 231 is dst += src2*src3, 213 is dst = src2*dst
// + src3, 132 is dst = dst*src3 + src2.
func (a *assembler) fused(op operation) {
	x, y, z := op.args[0], op.args[1], op.args[2]
	if x.constant != "" {
		x, y = y, x
	}
	if y.constant != "" && !a.dies(x) && !a.dies(z) || y.constant != "" && z.constant != "" {
		y = a.inRegister(y)
	}
	if !a.dies(x) && a.dies(y) {
		x, y = y, x
	}
	if z.constant != "" && !(a.dies(x) && x != y) {
		z = a.inRegister(z)
	}
	dst := ""
	switch {
	case a.dies(z) && z != x && z != y:
		dst = z.register
		a.with(op.name+"231PS", "", y, x.register, dst)
	case a.dies(x) && x != y && y.constant != "":
		dst = x.register
		a.with(op.name+"132PS", "", y, a.inRegister(z).register, dst)
	case a.dies(x) && x != y:
		dst = x.register
		a.with(op.name+"213PS", "", z, y.register, dst)
	default:
		dst = take(&a.free)
		a.write("VMOVAPS", z.register, dst)
		a.with(op.name+"231PS", "", y, x.register, dst)
	}
	op.out.register = dst
	for n, v := range []*value{x, y, z} {
		if a.dies(v) && v.register != dst && !(n == 1 && v == x) && !(n == 2 && (v == x || v == y)) {
			a.free = append(a.free, v.register)
		}
	}
}
