package main

import "fmt"

// inRegister gives v itself or a constant loaded into a register that dies with this operation.
func (a *assembler) inRegister(v *value) *value {
	if v.constant == "" {
		return v
	}
	loaded := &value{register: take(&a.free), last: a.index}
	a.write("VBROADCASTS"+a.letter, a.place(v), loaded.register)
	return loaded
}

// with writes an instruction whose first operand may be a constant in memory.
func (a *assembler) with(name, prefix string, first *value, rest ...string) {
	operand := first.register
	if first.constant != "" {
		operand = a.place(first)
		if a.registerFile == "Z" {
			name += ".BCST"
		}
	}
	operands := append([]string{operand}, rest...)
	if prefix != "" {
		operands = append([]string{prefix}, operands...)
	}
	a.write(name, operands...)
}

// instruction is a bitwise instruction's name: AVX-512 names the size of the elements.
func (m machine) instruction(name string) string {
	if m.registerFile == "Z" {
		return m.integer(name)
	}
	return name
}

// integer is the name of an instruction for integers of the size of the numbers, packed that for the numbers.
func (m machine) integer(name string) string { return name + map[int]string{4: "D", 8: "Q"}[m.size] }
func (m machine) packed(name string) string  { return name + "P" + m.letter }

func (a *assembler) translateAVX(op operation) {
	args := op.args
	switch op.name {
	case "load":
		op.out.register = take(&a.free)
		a.write("VMOVUPS", op.at, op.out.register)
	case "store":
		a.release(args)
		a.write("VMOVUPS", args[0].register, op.at)
	case "shift":
		a.release(args)
		op.out.register = take(&a.free)
		a.write(a.integer("VPSLL"), fmt.Sprintf("$%d", a.fraction), args[0].register, op.out.register)
	case "below":
		x := a.inRegister(args[0])
		a.release([]*value{x, args[1]})
		masks := &a.free
		if a.registerFile == "Z" {
			masks = &a.freeMasks
		}
		op.out.register = take(masks)
		a.with(a.packed("VCMP"), "$1", args[1], x.register, op.out.register) // 1: less than, ordered
	case "pick":
		mask, yes, no := args[0], args[1], a.inRegister(args[2])
		a.release([]*value{mask, yes, no})
		op.out.register = take(&a.free)
		if a.registerFile == "Z" {
			a.with(a.packed("VBLENDM"), "", yes, no.register, mask.register, op.out.register)
		} else {
			a.with(a.packed("VBLENDV"), mask.register, yes, no.register, op.out.register)
		}
	case "fma", "fnma":
		a.fused(op)
	default:
		a.binary(op)
	}
}

// move is the instruction that loads or stores one number by a register for integers.
func (m machine) move() string { return map[int]string{4: "MOVL", 8: "MOVQ"}[m.size] }

// avxInstructions are those of operations that need no care.
var avxInstructions = map[string]string{
	"add": "VADD", "subtract": "VSUB", "multiply": "VMUL", "divide": "VDIV", "max": "VMAX", "min": "VMIN", "or": "VPOR", "and": "VPAND",
	"addInteger": "VPADD", "fma": "VFMADD", "fnma": "VFNMADD",
}

// binary writes dst = x op y; only y may be in memory.
func (a *assembler) binary(op operation) {
	name, x, y := avxInstructions[op.name], op.args[0], op.args[1]
	switch op.name {
	case "or", "and":
		name = a.instruction(name)
	case "addInteger":
		name = a.integer(name)
	default:
		name = a.packed(name)
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
	name, x, y, z := avxInstructions[op.name], op.args[0], op.args[1], op.args[2]
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
		a.with(a.packed(name+"231"), "", y, x.register, dst)
	case a.dies(x) && x != y && y.constant != "":
		dst = x.register
		a.with(a.packed(name+"132"), "", y, a.inRegister(z).register, dst)
	case a.dies(x) && x != y:
		dst = x.register
		a.with(a.packed(name+"213"), "", z, y.register, dst)
	default:
		dst = take(&a.free)
		a.write("VMOVAPS", z.register, dst)
		a.with(a.packed(name+"231"), "", y, x.register, dst)
	}
	op.out.register = dst
	for n, v := range []*value{x, y, z} {
		if a.dies(v) && v.register != dst && !(n == 1 && v == x) && !(n == 2 && (v == x || v == y)) {
			a.free = append(a.free, v.register)
		}
	}
}
