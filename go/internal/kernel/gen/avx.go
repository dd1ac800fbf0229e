package main

// inRegister gives v itself or a constant loaded into a register that dies with this operation.
func (a *assembler) inRegister(v *value) *value {
	if v.constant == "" {
		return v
	}
	loaded := &value{register: take(&a.free), last: a.index}
	a.write("VBROADCASTSS", v.constant, loaded.register)
	return loaded
}

// with writes an instruction whose first operand may be a constant in memory.
func (a *assembler) with(name, prefix string, first *value, rest ...string) {
	operand := first.register
	if first.constant != "" {
		operand = first.constant
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
		return name + "D"
	}
	return name
}

func (a *assembler) translateAVX(op operation) {
	args := op.args
	switch op.name {
	case "load":
		op.out.register = take(&a.free)
		a.write("VMOVUPS", op.at, op.out.register)
	case "store":
		a.release(args)
		a.write("VMOVUPS", args[0].register, op.at)
	case "shift23":
		a.release(args)
		op.out.register = take(&a.free)
		a.write("VPSLLD", "$23", args[0].register, op.out.register)
	case "below":
		x := a.inRegister(args[0])
		a.release([]*value{x, args[1]})
		masks := &a.free
		if a.registerFile == "Z" {
			masks = &a.freeMasks
		}
		op.out.register = take(masks)
		a.with("VCMPPS", "$1", args[1], x.register, op.out.register) // 1: less than, ordered
	case "pick":
		mask, yes, no := args[0], args[1], a.inRegister(args[2])
		a.release([]*value{mask, yes, no})
		op.out.register = take(&a.free)
		if a.registerFile == "Z" {
			a.with("VBLENDMPS", "", yes, no.register, mask.register, op.out.register)
		} else {
			a.with("VBLENDVPS", mask.register, yes, no.register, op.out.register)
		}
	case "fma", "fnma":
		a.fused(op)
	default:
		a.binary(op)
	}
}

// avxInstructions are those of operations that need no care.
var avxInstructions = map[string]string{
	"add": "VADDPS", "subtract": "VSUBPS", "multiply": "VMULPS", "divide": "VDIVPS", "max": "VMAXPS", "min": "VMINPS", "or": "VPOR", "and": "VPAND",
	"addInteger": "VPADDD", "fma": "VFMADD", "fnma": "VFNMADD",
}

// binary writes dst = x op y; only y may be in memory.
func (a *assembler) binary(op operation) {
	name, x, y := avxInstructions[op.name], op.args[0], op.args[1]
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
		a.with(name+"231PS", "", y, x.register, dst)
	case a.dies(x) && x != y && y.constant != "":
		dst = x.register
		a.with(name+"132PS", "", y, a.inRegister(z).register, dst)
	case a.dies(x) && x != y:
		dst = x.register
		a.with(name+"213PS", "", z, y.register, dst)
	default:
		dst = take(&a.free)
		a.write("VMOVAPS", z.register, dst)
		a.with(name+"231PS", "", y, x.register, dst)
	}
	op.out.register = dst
	for n, v := range []*value{x, y, z} {
		if a.dies(v) && v.register != dst && !(n == 1 && v == x) && !(n == 2 && (v == x || v == y)) {
			a.free = append(a.free, v.register)
		}
	}
}
